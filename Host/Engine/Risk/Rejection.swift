import Domain

/// Every control of the RMS, in evaluation order (RISK.md §4), and the facts about an account that refuse its leg.
///
/// The raw value is stored in the journal and never renumbered.
package enum ControlID: UInt8, CaseIterable, Hashable, Sendable {
    case requestShape = 1
    case authority = 2
    case instrument = 3
    case allowList = 4
    case tradingHours = 5
    case tradingState = 6
    case repeatedExecution = 7
    case marketProtection = 8
    case priceCollar = 9
    case quantityLimits = 10
    case notionalLimits = 11
    case freezeSlicing = 12
    case messageRate = 13
    case modificationCap = 14
    case duplicateOrder = 15
    case maxOpenOrders = 16
    case dailyCounts = 17
    case maxPosition = 18
    case grossExposure = 19
    case netExposure = 20
    case concentration = 21
    case leverage = 22
    case shortRules = 23
    case marginBuffer = 24
    case dailyLoss = 25
    case drawdown = 26
    case groupLoss = 27
    case lossStreak = 28
    case selfTrade = 29
    case groupAggregate = 30
    case unknownOutstanding = 31
    /// Not a control: the account's session does not take orders.
    case notReady = 101
    /// Not a control: the account's adapter does not offer what is asked.
    case unsupported = 102
    /// Not a control: the leg was not sent before the parent's deadline.
    case deadline = 103
    /// Not a control: the leg's mates did not pass (all or none, quorum).
    case modeNotMet = 104

    /// `price-collar`, as configuration and people write it.
    package var name: String { code.map { $0 == "_" ? "-" : String($0) }.joined() }

    /// `price_collar`, the code of a plain refusal.
    package var code: String {
        switch self {
        case .requestShape: "request_shape"
        case .authority: "authority"
        case .instrument: "instrument"
        case .allowList: "allow_list"
        case .tradingHours: "trading_hours"
        case .tradingState: "trading_state"
        case .repeatedExecution: "repeated_execution"
        case .marketProtection: "market_protection"
        case .priceCollar: "price_collar"
        case .quantityLimits: "quantity_limits"
        case .notionalLimits: "notional_limits"
        case .freezeSlicing: "freeze_slicing"
        case .messageRate: "message_rate"
        case .modificationCap: "modification_cap"
        case .duplicateOrder: "duplicate_order"
        case .maxOpenOrders: "max_open_orders"
        case .dailyCounts: "daily_counts"
        case .maxPosition: "max_position"
        case .grossExposure: "gross_exposure"
        case .netExposure: "net_exposure"
        case .concentration: "concentration"
        case .leverage: "leverage"
        case .shortRules: "short_rules"
        case .marginBuffer: "margin_buffer"
        case .dailyLoss: "daily_loss"
        case .drawdown: "drawdown"
        case .groupLoss: "group_loss"
        case .lossStreak: "loss_streak"
        case .selfTrade: "self_trade"
        case .groupAggregate: "group_aggregate"
        case .unknownOutstanding: "unknown_outstanding"
        case .notReady: "not_ready"
        case .unsupported: "unsupported"
        case .deadline: "deadline"
        case .modeNotMet: "mode_not_met"
        }
    }
}

/// What a scope is, for limits, states and refusals: `firm`, `account:AB1234`.
package enum ScopeKind: UInt8, Hashable, Sendable {
    case order = 0
    case firm = 1
    case group = 2
    case account = 3
    case instrument = 4
    case adapter = 5
    case strategy = 6
    case key = 7

    package var name: String {
        switch self {
        case .order: "order"
        case .firm: "firm"
        case .group: "group"
        case .account: "account"
        case .instrument: "instrument"
        case .adapter: "adapter"
        case .strategy: "strategy"
        case .key: "key"
        }
    }
}

/// Why risk refused a leg, as numbers. Trivial, so that refusing costs no heap either.
package struct Rejection: Hashable, Sendable {
    /// What distinguishes the codes of one control.
    package enum Cause: UInt8, Hashable, Sendable {
        /// `max_position`
        case limit = 0
        /// `price_collar_no_reference`
        case noReference = 1
        /// `margin_buffer_no_input`
        case noInput = 2
        /// `margin_buffer_stale`
        case stale = 3
    }

    /// What `limit`, `observed` and `projected` count.
    package enum Unit: UInt8, Hashable, Sendable {
        case none = 0
        /// Quantity steps of the leg's instrument.
        case quantity = 1
        case lots = 2
        /// Price points of the leg's instrument.
        case price = 3
        /// Minor units of the leg's currency.
        case money = 4
        case basisPoints = 5
        case count = 6
        case milliseconds = 7

        /// As answers of the interface name it.
        package var name: String {
            switch self {
            case .none: "none"
            case .quantity: "quantity"
            case .lots: "lots"
            case .price: "price"
            case .money: "money"
            case .basisPoints: "bps"
            case .count: "count"
            case .milliseconds: "ms"
            }
        }
    }

    package var control: ControlID
    package var cause: Cause
    package var scope: ScopeKind
    /// Which part of the control: "quantity above the maximum" and the like; a number into `Rejection.sentences`.
    package var sentence: Sentence
    package var unit: Unit
    package var limit: Int64
    package var observed: Int64
    package var projected: Int64
    /// Age of the oldest input used, in nanoseconds; -1 = none was needed.
    package var inputAge: Int64 = -1

    init(
        _ control: ControlID, _ sentence: Sentence, cause: Cause = .limit, scope: ScopeKind = .account,
        unit: Unit = .none, limit: Int64 = 0, observed: Int64 = 0, projected: Int64 = 0, inputAge: Int64 = -1
    ) {
        (self.control, self.sentence, self.cause, self.scope, self.unit) = (control, sentence, cause, scope, unit)
        (self.limit, self.observed, self.projected, self.inputAge) = (limit, observed, projected, inputAge)
    }

    /// A refusal by a limit, with the numbers that were compared.
    init(_ control: ControlID, _ sentence: Sentence, _ measure: Measure) {
        self.init(
            control, sentence, scope: measure.scope, unit: measure.unit, limit: measure.limit ?? 0,
            observed: measure.observed ?? 0, projected: measure.projected ?? 0, inputAge: measure.inputAge)
    }

    /// The stable code that API clients see (RISK.md §6.1).
    package var code: String {
        switch cause {
        case .limit: control.code
        case .noReference: control.code + "_no_reference"
        case .noInput: control.code + "_no_input"
        case .stale: control.code + "_stale"
        }
    }

    /// The sentence a person reads; the numbers follow it in fields of their own.
    package enum Sentence: UInt8, Hashable, Sendable {
        case notAuthorised = 1
        case notTradable, expired, offTick, offLot, outsideDayRange, unknownField
        case notAllowed, shortNotAllowed
        case halted, reducing, coolingOff
        case marketOrdersRefused
        case aboveCollar, belowCollar, aboveInnerCollar, belowInnerCollar, stopOutsideCollar, noReference,
            staleReference
        case belowMinimum, aboveMaximum, aboveMaximumLots
        case belowMinimumNotional, aboveMaximumNotional, parentQuantity, parentNotional, overflow
        case freezeBelowLot, tooManySlices
        case rateExceeded, rateHoldTooLong
        case tooManyOpenOrders
        case positionExceeded
        case exposureExceeded, exposureNoPrice, exposureNoLimit
        case marginShort, noFunds, staleFunds, noMarginRate
        case lossReached, lossNoPrice
        case unknownOutstanding
        case notReady, unsupported, deadlinePassed, othersFailed
        case zeroAfterClip
        case outsideSession, afterMarketNotAllowed, noCalendar
        case strategyRunsUsed, strategiesUncounted
        case tooManyModifications
        case duplicateOrder, duplicatesUncounted
        case tooManyOrdersToday, tooManyModificationsToday, tooManyLotsToday, tooManyCancelsToday
        case netExposureExceeded, concentrationExceeded, leverageExceeded, noEquity, currencyNotConvertible
        case notHeld, noHoldings, nakedOption
        case drawdownReached, groupLossReached, losingStreak
        case selfTrade, selfTradeCanceling
        case aggregateNotional, aggregateRate, aggregateOpenOrders, aggregatePosition, aggregateExposure, aggregateLoss
        case stopRiskExceeded
        case instrumentRenamed, instrumentStale
        case tickDiffers, lotDiffers, freezeDiffers, multiplierDiffers, expiryDiffers, currencyDiffers
        case instrumentWithdrawn, tickMissing, lotMissing, multiplierMissing, currencyMissing
        case noOwnVenue, severalOwnVenues

        package var text: String {
            switch self {
            case .notAuthorised: "the caller may not trade this account"
            case .notTradable: "the instrument is not tradable"
            case .expired: "the instrument has expired"
            case .offTick: "the price is not a multiple of the tick"
            case .offLot: "the quantity is not a multiple of the lot"
            case .outsideDayRange: "the price is outside the day's range"
            case .unknownField: "a field of the instrument that the check needs is unknown"
            case .notAllowed: "the account's allow-list does not hold this kind of order"
            case .shortNotAllowed: "the account's allow-list does not permit selling short"
            case .halted: "trading is halted"
            case .reducing: "only orders that reduce the position are taken"
            case .coolingOff: "trading is cooling off, only orders that reduce the position are taken"
            case .marketOrdersRefused: "market orders are refused here"
            case .aboveCollar: "the price is above the collar"
            case .belowCollar: "the price is below the collar"
            case .aboveInnerCollar: "the price is further above the reference than the inner collar allows a sell"
            case .belowInnerCollar: "the price is further below the reference than the inner collar allows a buy"
            case .stopOutsideCollar: "the trigger price is outside the collar"
            case .noReference: "no reference price is known"
            case .staleReference: "the reference price is too old"
            case .belowMinimum: "the quantity is below the minimum"
            case .aboveMaximum: "the quantity is above the maximum"
            case .aboveMaximumLots: "the quantity is above the maximum number of lots"
            case .belowMinimumNotional: "the order's value is below the minimum"
            case .aboveMaximumNotional: "the order's value is above the maximum"
            case .parentQuantity: "the parent's quantity is above the maximum"
            case .parentNotional: "the parent's value is above the maximum"
            case .overflow: "the order's value does not fit the books"
            case .freezeBelowLot: "the freeze quantity is smaller than a lot"
            case .tooManySlices: "the quantity needs too many slices"
            case .rateExceeded: "too many messages in the window"
            case .rateHoldTooLong: "the wait for a free window is longer than allowed"
            case .tooManyOpenOrders: "too many orders are open"
            case .positionExceeded: "the position could grow beyond the limit"
            case .exposureExceeded: "the gross exposure could grow beyond the limit"
            case .exposureNoPrice: "an instrument of the scope has no reference price"
            case .exposureNoLimit: "the scope has no limit in the instrument's currency"
            case .marginShort: "the free margin would fall below the buffer"
            case .noFunds: "no funds of the account are known"
            case .staleFunds: "the account's funds are too old"
            case .noMarginRate: "no margin rate matches the instrument"
            case .lossReached: "the day's loss limit is reached"
            case .lossNoPrice: "a held instrument has no price to value it"
            case .unknownOutstanding: "an order of this account and instrument has an unknown outcome"
            case .notReady: "the account is not ready"
            case .unsupported: "the account's adapter does not offer this"
            case .deadlinePassed: "the parent's deadline passed before the leg was sent"
            case .othersFailed: "other legs of the parent failed and its mode does not allow that"
            case .zeroAfterClip: "nothing is left after clipping"
            case .outsideSession: "the venue takes no such order at this time"
            case .afterMarketNotAllowed: "the account may not place after-market orders"
            case .noCalendar: "no trading calendar of the venue is known"
            case .strategyRunsUsed: "the strategy has used its runs; a person must enable it again"
            case .strategiesUncounted: "more strategies trade than can be counted"
            case .tooManyModifications: "the order has been modified too often"
            case .duplicateOrder: "the same order was taken a moment ago"
            case .duplicatesUncounted: "too many orders in the window to tell a duplicate"
            case .tooManyOrdersToday: "too many orders today"
            case .tooManyModificationsToday: "too many modifications today"
            case .tooManyLotsToday: "too many lots today, traded and live ones together"
            case .tooManyCancelsToday: "many cancels today"
            case .netExposureExceeded: "the net exposure could grow beyond the limit"
            case .concentrationExceeded: "the instrument's share of the equity could grow beyond the limit"
            case .leverageExceeded: "the gross exposure could grow beyond its multiple of the equity"
            case .noEquity: "the account's equity is not positive"
            case .currencyNotConvertible: "a position is in a currency for which there is no rate"
            case .notHeld: "more would be sold than is held"
            case .noHoldings: "no holdings of the account are known"
            case .nakedOption: "the account may not sell options short"
            case .drawdownReached: "the drawdown limit is reached"
            case .groupLossReached: "the group's loss limit is reached"
            case .losingStreak: "too many losing round trips in a row"
            case .selfTrade: "the order would trade against a live order of the same owner"
            case .selfTradeCanceling:
                "live orders of the same owner on the other side are being canceled: send the order again when they are gone"
            case .aggregateNotional: "the value of all legs together is above the maximum"
            case .aggregateRate: "all legs together are too many messages in the window"
            case .aggregateOpenOrders: "all legs together would leave too many orders open in the group"
            case .aggregatePosition: "the group's positions together could grow beyond the limit"
            case .aggregateExposure: "the group's exposure could grow beyond the limit"
            case .aggregateLoss: "the group's loss limit is reached"
            case .stopRiskExceeded: "the day's loss limit would be reached if the attached stop is hit"
            case .instrumentRenamed:
                "the instrument goes by another name now; only closing orders are taken on the old one"
            case .instrumentStale: "the adapter's figures of the instrument are not of today's session"
            case .tickDiffers: "the adapter says another tick than the one in force; a person must acknowledge it"
            case .lotDiffers: "the adapter says another lot_size than the one in force; a person must acknowledge it"
            case .freezeDiffers:
                "the adapter says another freeze_quantity than the one in force; a person must acknowledge it"
            case .multiplierDiffers:
                "the adapter says another multiplier than the one in force; a person must acknowledge it"
            case .expiryDiffers: "the adapter says another expiry than the one in force; a person must acknowledge it"
            case .currencyDiffers:
                "the adapter says another currency than the one in force; a person must acknowledge it"
            case .instrumentWithdrawn: "no adapter lists the instrument any more; only closing orders are taken"
            case .tickMissing: Self.missing("tick")
            case .lotMissing: Self.missing("lot_size")
            case .multiplierMissing: Self.missing("multiplier")
            case .currencyMissing: Self.missing("currency")
            case .noOwnVenue: "the account's adapter lists no such instrument at a venue of its own"
            case .severalOwnVenues: "the account's adapter lists such an instrument at several venues: name one of them"
            }
        }

        private static func missing(_ field: String) -> String {
            "the instrument's \(field) is missing: no source and no overlay says it; only closing orders are taken"
        }
    }
}

/// What a control says of a candidate.
package enum Verdict: Hashable, Sendable {
    case pass
    /// `clipTo`: the largest lot multiple that would pass this control, 0 = none.
    case reject(Rejection, clipTo: Int64)

    static func reject(_ rejection: Rejection) -> Verdict { .reject(rejection, clipTo: 0) }
}
