package import Domain

// Limits of single controls. As everywhere in limits, `Int64.max` is "unlimited" and written out by the document.

/// C5.
package struct TradingHoursLimit: Hashable, Sendable {
    /// `false` = the document says `calendar: none`.
    package var isLimited = false
    /// Nanoseconds after a session's opening in which nothing is opened.
    package var openGuard: Int64 = 0
    /// Nanoseconds before a session's close in which nothing is opened.
    package var closeGuard: Int64 = 0
    package var allowsAfterMarket = false
    /// The venue whose local date is the account's trading day; `nil` = UTC's date is. Without an offset of the venue in
    /// the calendar it is UTC's, too.
    package var dayVenue: String?

    package init() {}
}

/// C15: at most `maximum` equal orders in any half-open window.
package struct DuplicateLimit: Hashable, Sendable {
    package var maximum = AccountLimits.unlimited
    /// Nanoseconds: what was admitted longer ago is not remembered.
    package static let longestWindow: Int64 = 60_000_000_000
    /// Nanoseconds, at most `longestWindow`.
    package var window: Int64 = 2_000_000_000

    package init() {}
}

/// C17, counts of a trading day.
package struct DailyCountLimit: Hashable, Sendable {
    /// Each slice is an order.
    package var orders = AccountLimits.unlimited
    package var modifications = AccountLimits.unlimited
    /// Traded and live together, so that fills cannot pass it.
    package var lots = AccountLimits.unlimited
    /// Only alerts.
    package var cancels = AccountLimits.unlimited

    package init() {}
}

/// C20, in minor units.
package struct NetExposureLimit: Hashable, Sendable {
    package var maximum = AccountLimits.unlimited
    /// `false` = all instruments of one underlying count together.
    package var isByInstrument = false

    package init() {}
}

/// C23.
package struct ShortRules: Hashable, Sendable {
    package enum Delivery: UInt8, Hashable, Sendable {
        case unlimited = 0
        /// Everything that is held, pledged or not.
        case holdings = 1
        /// What is held and free of pledge.
        case free = 2
    }
    package var delivery = Delivery.unlimited
    package var allowsNakedOptions = true

    package init() {}
}

/// C26.
package struct DrawdownLimit: Hashable, Sendable {
    package enum Epoch: UInt8, Hashable, Sendable {
        /// The account's trading day.
        case session = 1
        case allTime = 2
    }
    /// Minor units.
    package var maximum = AccountLimits.unlimited
    /// Of the high-water mark.
    package var basisPoints = AccountLimits.unlimited
    package var epoch = Epoch.session
    package var response = BreachResponse()

    package var isLimited: Bool { maximum != AccountLimits.unlimited || basisPoints != AccountLimits.unlimited }

    package init() {}
}

/// C27.
package struct GroupLossLimit: Hashable, Sendable {
    /// Minor units by currency; empty = unlimited. With any entry, opening orders of accounts in another currency are
    /// refused.
    package var maximum: [Currency: Int64] = [:]
    /// `true` = the whole results of the member accounts instead of what the group's own runs traded.
    package var countsAccounts = false
    package var response = BreachResponse()

    package init() {}
}

/// C28.
package struct LossStreakLimit: Hashable, Sendable {
    /// At most `LossStreak.longest`, or unlimited.
    package var count = AccountLimits.unlimited
    /// Minor units; results between -epsilon and +epsilon neither count nor end a streak.
    package var epsilon: Int64 = 0
    /// Nanoseconds.
    package var coolOff: Int64 = 0

    package init() {}
}

/// C29.
package struct SelfTradeLimit: Hashable, Sendable {
    package enum Owners: UInt8, Hashable, Sendable {
        /// The control is off.
        case none = 0
        /// Accounts that share a group with this one, and those of its owner.
        case group = 1
        /// Accounts with the same owner ID; an account without one is its own owner.
        case owner = 2
        case firm = 3
    }
    package enum Action: UInt8, Hashable, Sendable {
        case reject = 1
        /// The live orders are canceled and the leg is refused: it is to be sent again.
        case cancelResting = 2
        /// The leg goes, with an alert on its record.
        case tag = 3
    }
    package var owners = Owners.none
    package var action = Action.reject

    package init() {}
}

/// C30: limits on what all admitted legs of one parent make together, with every live parent of the group.
package struct AggregateLimit: Hashable, Sendable {
    /// Value of all admitted legs, minor units by currency; empty = unlimited, a currency without entry refuses.
    package var notional: [Currency: Int64] = [:]
    /// Windows over all messages of the group. What is more than a window's limit at once is refused, never paced.
    package var rates: [RateWindow] = []
    package var openOrders = AccountLimits.unlimited
    package var position = ExactLimit.unlimited
    package var positionUnit = AccountLimits.PositionUnit.units
    package var grossExposure: [Currency: Int64] = [:]
    package var netExposure: [Currency: Int64] = [:]
    package var netByInstrument = false
    package var loss = GroupLossLimit()

    package init() {}
}
