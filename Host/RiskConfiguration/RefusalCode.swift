package import Engine

/// The stable codes of refusals (RISK.md §6.1): what API clients may compare with, and nothing is renamed once published.
package struct RefusalCode: Hashable, Sendable {
    package let control: ControlID
    package let cause: Rejection.Cause
    /// When it comes, in one line.
    package let meaning: String

    /// `price_collar_no_reference`.
    package var code: String {
        switch cause {
        case .limit: control.code
        case .noReference: control.code + "_no_reference"
        case .noInput: control.code + "_no_input"
        case .stale: control.code + "_stale"
        }
    }

    /// Every code that a leg can be refused with, in evaluation order.
    package static let all: [RefusalCode] = table.flatMap { control, causes in
        causes.map { RefusalCode(control: control, cause: $0.0, meaning: $0.1) }
    }

    private static let table: [(ControlID, [(Rejection.Cause, String)])] = [
        (.requestShape, [(.limit, "the leg lacks a quantity or a price that its type needs, or is too large to hold")]),
        (.authority, [(.limit, "the caller may not trade the account")]),
        (
            .instrument,
            [
                (
                    .limit,
                    "not tradable, expired, renamed, off tick or lot, outside the day's range, or adapters differ on it"
                ),
                (.noInput, "a figure of the instrument is missing, its lot_size say: an overlay can state it"),
                (.stale, "the adapter's instruments are not of today's session"),
            ]
        ),
        (
            .allowList,
            [
                (.limit, "no row of the account's allow-list holds this kind of order"),
                (.noInput, "the document makes no limits for the account: an amount in its currency is missing"),
            ]
        ),
        (
            .tradingHours,
            [
                (.limit, "no session, too near its opening or close, or an after-market order that may not be placed"),
                (.noInput, "no calendar of the venue is known for the day"),
            ]
        ),
        (.tradingState, [(.limit, "a scope is halted, reducing or cooling off, or a reduce-only order would open")]),
        (.unknownOutstanding, [(.limit, "an order of the account and instrument has an unknown outcome")]),
        (
            .repeatedExecution,
            [
                (.limit, "the strategy has used its runs; a person must enable it again"),
                (.noInput, "more strategies trade than can be counted"),
            ]
        ),
        (
            .marketProtection,
            [
                (.limit, "market orders are refused here, or the price does not fit"),
                (.noReference, "no price to protect with"),
            ]
        ),
        (
            .priceCollar,
            [
                (.limit, "a price is outside the collar"), (.noReference, "no reference price is known"),
                (.stale, "the reference price is too old"),
            ]
        ),
        (.quantityLimits, [(.limit, "the quantity of the order or of its parent is outside the limits")]),
        (
            .notionalLimits,
            [
                (.limit, "the value of the order or of its parent is outside the limits"),
                (.noReference, "no price to value the order with"),
                (.noInput, "the instrument is in a currency for which there is no rate"),
            ]
        ),
        (.freezeSlicing, [(.limit, "the order needs too many slices, or the freeze quantity is below a lot")]),
        (.messageRate, [(.limit, "too many messages in a window, and no wait that is short enough")]),
        (.modificationCap, [(.limit, "the order has been modified too often")]),
        (
            .duplicateOrder,
            [
                (.limit, "the same order was taken a moment ago"),
                (.noInput, "too many orders in the window to tell a duplicate"),
            ]
        ),
        (.maxOpenOrders, [(.limit, "too many orders are open")]),
        (.dailyCounts, [(.limit, "too many orders, modifications or lots today")]),
        (.maxPosition, [(.limit, "the position could grow beyond the limit")]),
        (
            .grossExposure,
            [
                (.limit, "the gross exposure could grow beyond the limit"),
                (.noReference, "an instrument of the scope has no reference price"),
                (.noInput, "the scope has no limit in the instrument's currency"),
            ]
        ),
        (
            .netExposure,
            [
                (.limit, "the net exposure could grow beyond the limit"),
                (.noReference, "an instrument of the scope has no reference price"),
                (.noInput, "the scope has no limit in the instrument's currency"),
            ]
        ),
        (
            .concentration,
            [
                (.limit, "the instrument's share of the equity could grow beyond the limit"),
                (.noReference, "no price to value the position with"),
                (.noInput, "no funds are known, or the instrument is in another currency"),
                (.stale, "the account's funds are too old"),
            ]
        ),
        (
            .leverage,
            [
                (.limit, "the gross exposure could grow beyond its multiple of the equity"),
                (.noReference, "an instrument of the account has no reference price"),
                (.noInput, "no funds are known, or a position is in another currency"),
                (.stale, "the account's funds are too old"),
            ]
        ),
        (
            .shortRules,
            [
                (.limit, "more would be sold than is held, or an option short"),
                (.noInput, "no holdings of the account are known"), (.stale, "the account's holdings are too old"),
            ]
        ),
        (
            .marginBuffer,
            [
                (.limit, "the free margin would fall below the buffer"),
                (.noReference, "no price to value the order with"),
                (.noInput, "no funds are known, or no rate matches the instrument"),
                (.stale, "the account's funds are too old"),
            ]
        ),
        (
            .dailyLoss,
            [
                (.limit, "the day's loss limit is reached"),
                (.noReference, "no reference price is known to value the attached stop"),
                (.noInput, "a held instrument has no price to value it"),
            ]
        ),
        (
            .drawdown,
            [
                (.limit, "the drawdown limit is reached"), (.noInput, "no funds of the account are known"),
                (.stale, "the account's funds are too old"),
            ]
        ),
        (
            .groupLoss,
            [
                (.limit, "the group's loss limit is reached"),
                (.noInput, "a held instrument has no price, or the group has no limit in the account's currency"),
            ]
        ),
        (.lossStreak, [(.limit, "too many losing round trips in a row")]),
        (.selfTrade, [(.limit, "the order would trade against a live order of the same owner")]),
        (
            .groupAggregate,
            [
                (.limit, "all legs together are beyond a limit of the group"),
                (.noReference, "an instrument of the group has no reference price"),
                (.noInput, "the group has no limit in the currency, or its result is unknown"),
            ]
        ),
        (.notReady, [(.limit, "the account's session takes no orders")]),
        (.unsupported, [(.limit, "the account's adapter does not offer what is asked")]),
        (.deadline, [(.limit, "the leg was not sent before the parent's deadline")]),
        (.modeNotMet, [(.limit, "other legs of the parent did not pass and its mode does not allow that")]),
    ]
}
