import Domain

/// What controls look at of an account's position in one instrument: a third of what is kept of it. Trivial.
struct PositionFacts: Sendable {
    /// `P`, signed steps; `B` and `S`, and the part of `S` for delivery.
    let quantity: Int64
    let openBuy: Int64
    let openSell: Int64
    let openDeliverySell: Int64
    /// Steps ever sold for delivery.
    let deliverySold: Int64
    /// Steps traded today and live ones.
    let busySteps: Int64
    let openOrders: Int32
    let unknownOrders: Int32
    let dayOrders: Int32
    let dayModifications: Int32
    let dayCancels: Int32

    /// Nothing was ever held or ordered.
    init() {
        (quantity, openBuy, openSell, openDeliverySell, deliverySold, busySteps) = (0, 0, 0, 0, 0, 0)
        (openOrders, unknownOrders, dayOrders, dayModifications, dayCancels) = (0, 0, 0, 0, 0)
    }

    @inline(__always)
    init(_ position: borrowing Position) {
        (quantity, openBuy, openSell) = (position.quantity, position.openBuy, position.openSell)
        (openDeliverySell, deliverySold) = (position.openDeliverySell, position.deliverySold)
        busySteps = position.busySteps
        (openOrders, unknownOrders) = (position.openOrders, position.unknownOrders)
        (dayOrders, dayModifications, dayCancels) = (
            position.dayOrders, position.dayModifications, position.dayCancels
        )
    }

    /// `P + B`: what the position is if every live buy fills and no sell does.
    @inline(__always)
    var longest: Int64 { saturatingSum(quantity, openBuy) }

    /// `S - P`: the other way round.
    @inline(__always)
    var shortest: Int64 { saturatingSum(openSell, quantity == .min ? .max : -quantity) }

    /// Strict closing (RISK.md §2): with everything already closing, the order cannot pass zero.
    @inline(__always)
    func isClosing(_ added: Int64, side: Side) -> Bool {
        side.isBuy
            ? quantity < 0 && saturatingSum(openBuy, added) <= -quantity
            : quantity > 0 && saturatingSum(openSell, added) <= quantity
    }

    /// `W'` with a candidate of `added` on `side`. Saturates.
    @inline(__always)
    func worstCase(adding added: Int64, side: Side) -> Int64 {
        side.isBuy
            ? max(saturatingSum(quantity, saturatingSum(openBuy, added)), shortest)
            : max(longest, saturatingSum(saturatingSum(openSell, added), quantity == .min ? .max : -quantity))
    }
}
