import AdapterKit
import Exact

/// A new order as a client hands it in.
struct Ticket: Sendable {
    var reference: ClientReference?
    /// Index of the instrument, as `SimulatedBroker.resolve` gave it.
    var instrument: Int
    var side: Side
    var orderType: OrderType
    var product: Product
    var timeInForce: TimeInForce
    /// Units.
    var quantity: ExactDecimal
    var price: ExactDecimal?
    var triggerPrice: ExactDecimal?
    var validUntil: Timestamp?
    /// A scenario keeps the order from the market until it is turned down; after a restart nothing keeps it any more.
    var isHeld = false
}

/// What a modify changes; `nil` leaves a field as it is.
struct Revision: Sendable {
    /// The new total, executed part included.
    var quantity: ExactDecimal?
    var price: ExactDecimal?
    var triggerPrice: ExactDecimal?
    var orderType: OrderType?
    var timeInForce: TimeInForce?
    /// The reference that the order carries from then on.
    var reference: ClientReference?
}

/// A ticket on the grid of its instrument, checked as far as that needs no account and no price.
struct GridTicket {
    var quantity: Int64
    var price: Int64 = 0
    var triggerPrice: Int64 = 0

    init(_ ticket: Ticket, on instrument: PaperInstrument) throws(AdapterError) {
        quantity = try instrument.checked(quantity: ticket.quantity, "quantity")
        switch ticket.orderType {
        case .market, .stop:
            guard ticket.price == nil else {
                throw .init(.invalid, "a \(ticket.orderType) order has no price", field: "price", certainty: .notSent)
            }
        case .limit, .stopLimit:
            price = try instrument.checked(price: ticket.price, "price")
        }
        switch ticket.orderType {
        case .market, .limit:
            guard ticket.triggerPrice == nil else {
                throw .init(
                    .invalid, "a \(ticket.orderType) order has no trigger price", field: "trigger_price",
                    certainty: .notSent)
            }
        case .stop, .stopLimit:
            triggerPrice = try instrument.checked(price: ticket.triggerPrice, "trigger_price")
            guard ticket.timeInForce.mayWait else { throw .stopMustWait }
        }
    }
}

extension PaperInstrument {
    /// A positive multiple of the lot, in steps.
    func checked(quantity: ExactDecimal, _ field: String) throws(AdapterError) -> Int64 {
        guard let steps = quantitySteps(quantity), steps > 0, steps % lot == 0 else {
            throw .init(
                .invalid, "\(quantity) is not a positive multiple of the lot \(terms.lot)", field: field,
                certainty: .notSent)
        }
        return steps
    }

    /// A positive multiple of the tick, in steps.
    func checked(price: ExactDecimal?, _ field: String) throws(AdapterError) -> Int64 {
        guard let price, let steps = priceSteps(price), steps > 0, steps % tick == 0 else {
            let shown = price.map { "\($0)" } ?? "an absent price"
            throw .init(
                .invalid, "\(shown) is not a positive multiple of the tick \(terms.tick)", field: field,
                certainty: .notSent)
        }
        return steps
    }
}

extension TimeInForce {
    /// Whether an order of it may stay in the book.
    var mayWait: Bool { self != .immediateOrCancel && self != .fillOrKill }
}

extension AdapterError {
    static var stopMustWait: AdapterError {
        AdapterError(
            .unsupported, "a stop waits for its trigger, so it is DAY, GTC or GTD", field: "time_in_force",
            certainty: .notSent)
    }
}
