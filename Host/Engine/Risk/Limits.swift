package import Domain

/// What the controls compare with, for one account, resolved from the risk document (RISK.md §6.1).
///
/// "Unlimited" is `Int64.max` and always written out by the document or the shipped default profile: a value that
/// nobody set does not exist here. Money is in minor units of the account's currency.
package struct AccountLimits: Hashable, Sendable {
    package static let unlimited = Int64.max

    /// What money limits are in: the account's currency. `nil` until the limits are laid out for an account.
    package internal(set) var currency: Currency?
    /// Rows of the allow-list; empty = nothing is allowed.
    package var allowList: [AllowRule] = []
    package var marketProtection = MarketProtectionLimit()
    package var collar = CollarLimit()
    package var quantity = QuantityLimit()
    package var notional = NotionalLimit()
    package var maximumSlices: Int64 = 10
    /// Messages per window.
    package var rates: [RateWindow] = []
    /// Nanoseconds a leg may be held for a window to open; 0 = refuse at once.
    package var maximumHold: Int64 = 0
    package var openOrders = Self.unlimited
    package var openOrdersPerInstrument = Self.unlimited
    /// In units; see `positionUnit`.
    package var position = ExactLimit.unlimited
    package var positionUnit = PositionUnit.units
    package var grossExposure = Self.unlimited
    package var margin = MarginLimit()
    package var dailyLoss = DailyLossLimit()
    package var hours = TradingHoursLimit()
    /// C7: runs of one strategy since a person enabled it last.
    package var strategyRuns = Self.unlimited
    /// C14: modifications of one order.
    package var modifications = Self.unlimited
    package var duplicates = DuplicateLimit()
    package var dailyCounts = DailyCountLimit()
    package var dailyCountsPerInstrument = DailyCountLimit()
    package var netExposure = NetExposureLimit()
    /// C21: basis points of the equity in one instrument.
    package var concentration = Self.unlimited
    /// C22: gross exposure in basis points of the equity; 20,000 is twice the equity.
    package var leverage = Self.unlimited
    package var shortRules = ShortRules()
    package var drawdown = DrawdownLimit()
    package var lossStreak = LossStreakLimit()
    package var selfTrade = SelfTradeLimit()
    /// Controls that only observe: their refusals are recorded as alerts and do not refuse.
    package var observed: Set<ControlID> = []
    /// What a control does beside the usual when it fires, where the document says so. Looked at only then.
    package var rules: [ControlID: ControlRule] = [:]

    package init() {}

    package enum PositionUnit: UInt8, Hashable, Sendable {
        case units = 1
        case lots = 2
    }
}

/// A limit in units of quantity that becomes steps once the instrument is known.
package enum ExactLimit: Hashable, Sendable {
    case unlimited
    case value(ExactDecimal)

    /// In steps, rounded down: never looser than written.
    func steps(_ instrument: Instrument) -> Int64 {
        guard case .value(let value) = self else { return .max }
        if instrument.stepMantissa == 1, instrument.stepExponent == 0 {
            return value.scaled(to: 0, rounding: .floor).flatMap(Int64.init(exactly:)) ?? .max
        }
        guard let scaled = value.scaled(to: instrument.stepExponent, rounding: .floor) else { return .max }
        return Int64(exactly: scaled / Int128(instrument.stepMantissa)) ?? .max
    }
}

/// One row of the allow-list: a conjunction; a word that is not listed is not allowed. Bits by raw value.
package struct AllowRule: Hashable, Sendable {
    package let segments: Set<String>
    package let products: Set<Product>
    package let orderTypes: Set<OrderType>
    package let timesInForce: Set<TimeInForce>
    package let sides: Set<Side>
    package let orderClasses: Set<OrderClass>
    package let allowsShortSelling: Bool
    package let allowsOptionSelling: Bool
    /// All words but the segments, one bit a word, eight a kind: a hash for each would cost more than all other controls.
    let mask: UInt64

    package init(
        segments: Set<String>, products: Set<Product>, orderTypes: Set<OrderType>, timesInForce: Set<TimeInForce>,
        sides: Set<Side>, orderClasses: Set<OrderClass>, allowsShortSelling: Bool, allowsOptionSelling: Bool
    ) {
        mask =
            Self.bits(products) | Self.bits(orderTypes) << 8 | Self.bits(timesInForce) << 16 | Self.bits(sides) << 24
            | Self.bits(orderClasses) << 32
        (self.segments, self.products, self.orderTypes) = (segments, products, orderTypes)
        (self.timesInForce, self.sides, self.orderClasses) = (timesInForce, sides, orderClasses)
        (self.allowsShortSelling, self.allowsOptionSelling) = (allowsShortSelling, allowsOptionSelling)
    }

    private static func bits(_ words: Set<some VocabularyWord>) -> UInt64 {
        words.reduce(0) { $0 | bit($1) }
    }

    /// Words of an order as bits of `mask`; its side and its segment come beside them.
    static func words(
        product: Product, orderType: OrderType, timeInForce: TimeInForce, orderClass: OrderClass
    ) -> UInt64 {
        bit(product) | bit(orderType) << 8 | bit(timeInForce) << 16 | bit(orderClass) << 32
    }

    @inline(__always)
    static func words(side: Side) -> UInt64 {
        side.isBuy ? 1 << 25 : 1 << 26
    }

    private static func bit(_ word: some VocabularyWord) -> UInt64 { 1 << UInt64(word.rawValue) }
}

/// C8.
package struct MarketProtectionLimit: Hashable, Sendable {
    package enum Conversion: UInt8, Hashable, Sendable {
        /// Market orders stay market orders.
        case none = 0
        case limit = 1
        case reject = 2
    }
    package var conversion = Conversion.none
    package var basisPoints: Int64 = 0
    package var absolute = ExactDecimal.zero

    package init() {}
}

/// C9. The larger of basis points and absolute counts; `basisPoints` `Int64.max` = unlimited.
package struct CollarLimit: Hashable, Sendable {
    package var basisPoints: Int64 = AccountLimits.unlimited
    package var absolute = ExactDecimal.zero
    /// `nil` = no inner side.
    package var innerBasisPoints: Int64?
    package var innerAbsolute = ExactDecimal.zero
    /// Nanoseconds.
    package var maximumAge: Int64 = 30_000_000_000

    package init() {}
}

/// C10, in units and lots.
package struct QuantityLimit: Hashable, Sendable {
    package var minimum = ExactDecimal(1)
    package var maximum = ExactLimit.unlimited
    package var maximumLots: Int64 = AccountLimits.unlimited
    package var parentMaximum = ExactLimit.unlimited

    package init() {}
}

/// C11, in minor units.
package struct NotionalLimit: Hashable, Sendable {
    package var minimum: Int64 = 0
    package var maximum: Int64 = AccountLimits.unlimited
    package var parentMaximum: Int64 = AccountLimits.unlimited

    package init() {}
}

package struct RateWindow: Hashable, Sendable {
    package var limit: Int
    /// Nanoseconds.
    package var window: Int64
    package init(limit: Int, window: Int64) { (self.limit, self.window) = (limit, window) }
}

/// C24.
package struct MarginLimit: Hashable, Sendable {
    package struct Rate: Hashable, Sendable {
        package var match: InstrumentPattern
        package var basisPoints: Int64
        package init(match: InstrumentPattern, basisPoints: Int64) {
            (self.match, self.basisPoints) = (match, basisPoints)
        }
    }
    /// `false` = the document says `unlimited`: no buffer is asked for.
    package var isLimited = true
    package var absolute: Int64 = 0
    package var basisPoints: Int64 = 0
    /// Nanoseconds.
    package var maximumAge: Int64 = 60_000_000_000
    /// First match counts.
    package var rates: [Rate] = []

    package init() {}
}

/// C25.
package struct DailyLossLimit: Hashable, Sendable {
    package var maximum: Int64 = AccountLimits.unlimited
    /// An alert at this part of `maximum`.
    package var warnBasisPoints: Int64 = 8_000
    package var response = BreachResponse()
    /// Opening orders with an attached stop also need `D - stopRisk > -maximum`.
    package var projectsStop = false

    package init() {}
}

/// What follows a breach of a loss limit (RISK.md §1, C25-C27).
package struct BreachResponse: Hashable, Sendable {
    /// What `then` and `escalate` name, weakest first.
    package enum Action: UInt8, Hashable, Comparable, Sendable {
        /// Only strict closing orders; live orders that are not closing are canceled.
        case reducing = 1
        /// Reducing, and every live order of the scope is canceled.
        case cancelAll = 2
        /// Reducing, and the scope's positions are closed.
        case squareOff = 3
        /// Nothing but cancels and the gateway's own closing orders.
        case halted = 4

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
        /// The state that the scope is put into.
        package var status: TradingStatus { self == .halted ? .halted : .reducing }
    }
    /// At the breach.
    package var action = Action.reducing
    /// `grace` after the breach, unless a person resumed the scope until then; `nil` = nothing more.
    package var escalation: Action?
    /// Nanoseconds.
    package var grace: Int64 = 0

    package init() {}
}

/// What a control does when it fires, and how loud it is.
package struct ControlRule: Hashable, Sendable {
    /// RISK.md §1; `reject` refuses the leg, what comes after it refuses the leg and changes the account's state.
    package enum Action: UInt8, Hashable, Sendable {
        /// The leg goes, with an alert on its record.
        case alert = 1
        /// The leg's quantity is lowered to what passes, whatever the parent's mode.
        case clip = 2
        case reject = 3
        /// For `coolOff` nanoseconds.
        case coolOff = 4
        case reducing = 5
        case cancelAll = 6
        case squareOff = 7
        case halted = 8
    }
    /// For those who are told; decides nothing.
    package enum Severity: UInt8, Hashable, Sendable {
        case info = 1
        case warning = 2
        case critical = 3

        package var rawName: String {
            switch self {
            case .info: "info"
            case .warning: "warning"
            case .critical: "critical"
            }
        }
    }
    package var action = Action.reject
    package var severity = Severity.warning
    /// Nanoseconds; for `coolOff` alone.
    package var coolOff: Int64 = 0

    package init() {}
}

/// Limits of one strategy, over all its accounts and groups.
package struct StrategyLimits: Hashable, Sendable {
    /// C7.
    package var runs = AccountLimits.unlimited
    /// C13.
    package var rates: [RateWindow] = []
    /// C16.
    package var openOrders = AccountLimits.unlimited
    /// C25 over the fills of the strategy's runs.
    package var loss = GroupLossLimit()

    package init() {}
}

/// Totals of a scope above accounts: `firm`, a group.
package struct TotalLimits: Hashable, Sendable {
    /// By currency; a scope with any entry refuses opening orders in a currency that has none.
    package var grossExposure: [Currency: Int64] = [:]
    /// As `grossExposure`.
    package var netExposure: [Currency: Int64] = [:]
    package var netByInstrument = false
    package var openOrders: Int64 = AccountLimits.unlimited
    package var rates: [RateWindow] = []
    /// C18 for a group: the sum of its accounts' worst cases in one instrument, in `positionUnit`.
    package var position = ExactLimit.unlimited
    package var positionUnit = AccountLimits.PositionUnit.units
    /// C27, groups only.
    package var loss = GroupLossLimit()
    /// C30, groups only; `nil` = the document has no such section for it.
    package var aggregate: AggregateLimit?

    package init() {}
}

/// Tighter values for the instruments that a pattern matches.
package struct InstrumentLimits: Hashable, Sendable {
    package var match: InstrumentPattern
    package var quantity: QuantityLimit?
    package var position: ExactLimit?
    package var collar: CollarLimit?

    package init(match: InstrumentPattern) { self.match = match }
}

/// An instrument id, or a prefix that ends in `*`: `NFO:OPT:*`.
package struct InstrumentPattern: Hashable, Sendable, CustomStringConvertible {
    private let prefix: String
    private let isPrefix: Bool

    /// `nil` where a `*` stands elsewhere than at the end, and for what is of no venue: legs are of instruments of venues, so
    /// a limit or a halt on `ANY:SPOT:BTC-USDT` would hold nothing back.
    package init?(_ text: String) {
        guard !text.hasPrefix(InstrumentID.anyVenue + ":") else { return nil }
        isPrefix = text.last == "*"
        prefix = isPrefix ? String(text.dropLast()) : text
        guard !prefix.contains("*"), isPrefix || !prefix.isEmpty else { return nil }
    }

    package func matches(_ id: InstrumentID) -> Bool { isPrefix ? id.text.hasPrefix(prefix) : id.text == prefix }
    package var description: String { isPrefix ? prefix + "*" : prefix }
}

/// All limits of one version of the risk document. Applied as a whole: a verdict names one version.
package struct RiskLimits: Hashable, Sendable {
    package var version: Int64
    /// Limits of an account that has none of its own, by currency.
    package var defaults: [Currency: AccountLimits]
    package var accounts: [AccountID: AccountLimits]
    package var groups: [GroupID: TotalLimits]
    package var firm: TotalLimits
    package var adapters: [AdapterID: TotalLimits]
    package var instruments: [InstrumentLimits]
    package var strategies: [String: StrategyLimits] = [:]

    package init(version: Int64) {
        self.version = version
        (defaults, accounts, groups, adapters, instruments) = ([:], [:], [:], [:], [])
        firm = TotalLimits()
    }
}
