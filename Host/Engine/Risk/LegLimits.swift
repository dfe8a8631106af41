import Domain

/// What the controls compare a leg with: the limits of one account on one instrument, in the instrument's own integers
/// (steps, points, minor units), so that a control is a few comparisons.
///
/// Made when a leg of that pair is first looked at and kept until limits or the instrument change (`ResolvedLimits.legs`);
/// accounts with equal limits share one. A reference, so that handing it from control to control copies nothing.
final class LegLimits: Sendable {
    /// One row of the allow-list that holds the instrument's segment.
    struct AllowedWords: Sendable {
        /// One bit a word (`AllowRule.words`).
        let mask: UInt64
        /// Whether the rule lets this kind of instrument be sold short.
        let allowsShort: Bool
    }

    /// Band and age of C9.
    struct Collar: Sendable {
        let basisPoints: Int64
        /// Points.
        let absolute: Int64
        /// -1 = no inner side.
        let innerBasisPoints: Int64
        /// Points.
        let innerAbsolute: Int64
        /// Nanoseconds.
        let maximumAge: Int64
    }

    /// `false` = the document knows none for the account's currency, and nothing is allowed.
    let isKnown: Bool
    /// Everything that is not a comparison: what a control does when it fires.
    let account: AccountLimits
    /// Money of the instrument in the account's currency, in which the limits are; `nil` = there is no rate.
    let money: MoneyScale?
    let allowed: [AllowedWords]
    let hours: TradingHoursLimit
    let strategyRuns: Int64
    let conversion: MarketProtectionLimit.Conversion
    let protectionBasisPoints: Int64
    /// Points.
    let protectionAbsolute: Int64
    let collar: Collar
    /// Steps: the account's minimum or the instrument's.
    let minimum: Int64
    /// Steps and lots: the account's, the instrument's and its entry's.
    let maximum: Int64
    let maximumLots: Int64
    /// Steps.
    let parentMaximum: Int64
    let notional: NotionalLimit
    let maximumSlices: Int64
    /// Nanoseconds.
    let maximumHold: Int64
    let modifications: Int64
    let duplicates: DuplicateLimit
    let openOrders: Int64
    let openOrdersPerInstrument: Int64
    let dailyCounts: DailyCountLimit
    let dailyCountsPerInstrument: DailyCountLimit
    /// Steps.
    let position: Int64
    let grossExposure: Int64
    let netExposure: NetExposureLimit
    let concentration: Int64
    let leverage: Int64
    let shortRules: ShortRules
    let margin: Margin
    let dailyLoss: Int64
    let projectsStop: Bool
    let drawdown: DrawdownLimit
    let lossStreak: LossStreakLimit

    /// C24 with the rate of the instrument.
    struct Margin: Sendable {
        let isLimited: Bool
        /// Minor units.
        let absolute: Int64
        let basisPoints: Int64
        /// Nanoseconds.
        let maximumAge: Int64
        /// Basis points; -1 = no rate matches the instrument.
        let rate: Int64
    }

    /// - Parameters:
    ///   - known: of the account; `nil` = there are none.
    ///   - money: of the instrument in the account's currency; `nil` = there is no rate.
    ///   - entries: those of the document's instruments that match.
    init(
        _ known: AccountLimits?, _ entry: InstrumentEntry, money: MoneyScale?,
        entries: some Sequence<InstrumentLimits>
    ) {
        let (account, instrument) = (known ?? AccountLimits(), entry.instrument)
        isKnown = known != nil
        (self.account, self.money) = (account, money)
        let segment = String(entry.id.venue)
        allowed = account.allowList.filter { $0.segments.contains(segment) }.map { rule in
            AllowedWords(
                mask: rule.mask,
                allowsShort: instrument.kind == .option ? rule.allowsOptionSelling : rule.allowsShortSelling)
        }
        (hours, strategyRuns) = (account.hours, account.strategyRuns)
        conversion = account.marketProtection.conversion
        protectionBasisPoints = account.marketProtection.basisPoints
        protectionAbsolute = account.marketProtection.absolute.points(instrument)
        var band = account.collar
        var position = account.position.steps(instrument, in: account.positionUnit)
        var maximum = min(account.quantity.maximum.steps(instrument), instrument.maximumQuantity)
        var maximumLots = account.quantity.maximumLots
        for other in entries {
            if let collar = other.collar, collar.basisPoints < band.basisPoints { band = collar }
            if let limit = other.position { position = min(position, limit.steps(instrument)) }
            if let quantity = other.quantity {
                maximum = min(maximum, quantity.maximum.steps(instrument))
                maximumLots = min(maximumLots, quantity.maximumLots)
            }
        }
        collar = Collar(
            basisPoints: band.basisPoints, absolute: band.absolute.points(instrument),
            innerBasisPoints: band.innerBasisPoints ?? -1, innerAbsolute: band.innerAbsolute.points(instrument),
            maximumAge: band.maximumAge)
        let own = ExactLimit.value(account.quantity.minimum).steps(instrument)
        // A minimum of one unit means one lot where the lot is a fraction of a unit.
        minimum = max(own == 0 || instrument.stepExponent < 0 ? instrument.lot : own, instrument.minimumQuantity)
        (self.maximum, self.maximumLots, self.position) = (maximum, maximumLots, position)
        parentMaximum = account.quantity.parentMaximum.steps(instrument)
        (notional, maximumSlices, maximumHold) = (account.notional, account.maximumSlices, account.maximumHold)
        (modifications, duplicates) = (account.modifications, account.duplicates)
        (openOrders, openOrdersPerInstrument) = (account.openOrders, account.openOrdersPerInstrument)
        (dailyCounts, dailyCountsPerInstrument) = (account.dailyCounts, account.dailyCountsPerInstrument)
        (grossExposure, netExposure) = (account.grossExposure, account.netExposure)
        (concentration, leverage) = (account.concentration, account.leverage)
        shortRules = account.shortRules
        margin = Margin(
            isLimited: account.margin.isLimited, absolute: account.margin.absolute,
            basisPoints: account.margin.basisPoints, maximumAge: account.margin.maximumAge,
            rate: account.margin.rates.first { $0.match.matches(entry.id) }?.basisPoints ?? -1)
        (dailyLoss, projectsStop) = (account.dailyLoss.maximum, account.dailyLoss.projectsStop)
        (drawdown, lossStreak) = (account.drawdown, account.lossStreak)
    }
}

/// Leg limits by number of the account's limits and instrument: at most `capacity`; one more and they are made anew.
struct LegLimitsTable: Sendable {
    static let capacity = 16_384

    private var table = PairTable()
    private var entries: [LegLimits] = []

    @inline(__always)
    subscript(limits: Int32, instrument: Int32) -> LegLimits? {
        let place = table[limits, instrument]
        return place < 0 ? nil : entries[Int(place)]
    }

    mutating func insert(_ legLimits: LegLimits, limits: Int32, instrument: Int32) {
        if entries.count >= Self.capacity { self = Self() }
        table.insert(limits, instrument, slot: Int32(entries.count))
        entries.append(legLimits)
    }
}
