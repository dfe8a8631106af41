import AdapterKit
import Exact

/// The broker's number of an order, counted from 1 within an account. Its text `P12` is the broker order id.
struct OrderNumber: Hashable, Comparable, Sendable {
    var rawValue: UInt64

    /// At most 15 bytes, so that the text needs no memory of its own: a count beyond 14 digits is never reached.
    var text: String { "P\(rawValue)" }

    /// Returns `nil` for a text that this broker never gave.
    init?(_ text: String) {
        guard text.utf8.first == UInt8(ascii: "P"), text.utf8.count <= 15,
            let value = UInt64(text.dropFirst()), value > 0, text == "P\(value)"
        else { return nil }
        rawValue = value
    }

    init(_ rawValue: UInt64) {
        self.rawValue = rawValue
    }

    static func < (left: OrderNumber, right: OrderNumber) -> Bool { left.rawValue < right.rawValue }
}

/// One fill of an order. Quantity, price and fee never change once made.
struct Execution: Hashable, Sendable {
    /// Counted from 1 within an account; the text `E7` is the execution id.
    var number: UInt64
    var quantity: Int64
    var price: Int64
    var fee: Money
    var time: Timestamp
    /// Whether the order had rested in the book before it was filled.
    var isMaker: Bool

    var text: String { "E\(number)" }

    /// Whether quantity, price and fee are ones that a broker could have made.
    var isPlausible: Bool {
        quantity > 0 && quantity < PaperInstrument.largestSteps && price > 0
            && price < 2 * PaperInstrument.largestSteps && fee.isStorable
    }

    /// Multiplies onto a finer grid, where that fits.
    mutating func scale(price: Int64, quantity: Int64) -> Bool {
        self.price.scale(by: price) && self.quantity.scale(by: quantity)
    }
}

extension Int64 {
    /// Multiplies steps onto a finer grid, where the result is below the largest number of steps.
    mutating func scale(by factor: Int64) -> Bool {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        guard !overflow, product.magnitude < 2 * PaperInstrument.largestSteps.magnitude else { return false }
        self = product
        return true
    }
}

/// Why an accepted order ended without being filled.
enum EndReason: UInt8, Sendable {
    case none, canceledByClient
    /// The rest of an IOC order, or a FOK order that could not be filled whole.
    case notFilledAtOnce
    case expired
    /// The first price showed that the order is not covered.
    case funds
    /// The first price showed that the order lies outside the price band.
    case priceBand
    /// The amount would not fit the account's books.
    case amountTooLarge
    /// `PaperOrder.mostExecutions` is reached.
    case tooManyExecutions
    /// A scenario had the broker turn down what it had accepted.
    case refusedLate
}

/// An order as the simulated broker holds it. Prices and quantities are steps of its instrument's grid.
struct PaperOrder: Sendable, Equatable {
    let number: OrderNumber
    /// Index of the instrument within the account.
    let instrument: Int
    let side: Side
    var orderType: OrderType
    let product: Product
    var timeInForce: TimeInForce
    /// Place in time: the lower goes first. Lost, that is renewed, by a modify of anything but the quantity, or to a
    /// larger one, and by a trigger.
    var sequence: UInt64
    var quantity: Int64
    var price: Int64
    var triggerPrice: Int64
    /// The price at which the leaves are counted against the account's funds.
    var blockPrice: Int64 = 0
    let acceptedAt: Timestamp
    /// Since when the order works under its present terms: a bar that began earlier and ended later shows it only its close.
    var workingSince: Timestamp
    /// When the order ends by itself; `nil` for GTC.
    var expiresAt: Timestamp?
    /// When the order may meet the market (fill delay).
    var activeAt: Timestamp

    var state: OrderState = .open
    var cumulativeQuantity: Int64 = 0
    /// The sum of quantity × price over all executions, in steps of both.
    var filledProduct: Int128 = 0
    var fees = Money.zero
    var isTriggered = false
    /// Whether the order has been seen by a market that did not fill it whole while a better price was not on offer.
    var hasRested = false
    /// Whether a price was known when the order was checked; if not, the first price may still reject it.
    var isPriced = false
    /// Whether the fill delay still keeps the order from the market.
    var isDelayed = false
    var endReason = EndReason.none
    /// When the order last changed.
    var updatedAt: Timestamp
    /// Which end within the account this was, counted from 1: the order in which ended orders are forgotten.
    var endSequence: UInt64 = 0

    /// The reference the order now carries, and the ones it carried before its replacing modifies, oldest first.
    var reference: ClientReference?
    var earlierReferences: [ClientReference] = []
    /// All executions, oldest first.
    var executions: [Execution] = []
    /// Executions that stand in sealed records and need not be written again.
    var sealedExecutions = 0
    /// Whether the order has changed since it was last written.
    var isDirty = false

    /// At this many executions the rest of an order is canceled.
    static let mostExecutions = 4_096
    /// A modify beyond this many is refused.
    static let mostModifications = 250

    var leavesQuantity: Int64 { quantity - cumulativeQuantity }

    var isWorking: Bool {
        switch state {
        case .open, .partiallyFilled, .triggerPending: true
        default: false
        }
    }

    var isStop: Bool { orderType == .stop || orderType == .stopLimit }

    /// Whether the order waits for its trigger price.
    var awaitsTrigger: Bool { isStop && !isTriggered }

    /// Whether the order takes any price: a market order, or a stop once triggered.
    var takesAnyPrice: Bool { orderType == .market || orderType == .stop }

    /// Executions in one sealed record.
    static let sealedRecordSize = 16

    /// How many sealed records the order has.
    var sealedRecords: Int { sealedExecutions / Self.sealedRecordSize }

    /// Multiplies prices and quantities onto a finer grid. Where one would not fit the order is left as it is.
    mutating func scale(price: Int64, quantity: Int64) -> Bool {
        var finer = self
        guard self.price.scale(by: price), triggerPrice.scale(by: price), blockPrice.scale(by: price),
            self.quantity.scale(by: quantity), cumulativeQuantity.scale(by: quantity)
        else {
            swap(&self, &finer)
            return false
        }
        filledProduct = 0
        for index in executions.indices {
            guard executions[index].scale(price: price, quantity: quantity) else {
                swap(&self, &finer)
                return false
            }
            filledProduct += Int128(executions[index].quantity) * Int128(executions[index].price)
        }
        return true
    }

    /// What all executions together were worth.
    func value(on instrument: PaperInstrument) -> Money {
        Money(atoms: filledProduct * instrument.unit)  // at most 4,096 × Money.largestExecution
    }

    /// The mean price of all executions, to four digits more than the instrument's prices have; `nil` without one.
    func averagePrice(on instrument: PaperInstrument) -> ExactDecimal? {
        guard let first = executions.first else { return nil }
        if executions.count == 1 { return instrument.price(first.price) }
        return ExactDecimal(mantissa: filledProduct, exponent: 0).flatMap {
            instrument.averagePrice(of: $0, over: ExactDecimal(cumulativeQuantity))
        }
    }
}

extension PaperInstrument {
    /// The price at which a signed quantity cost what it did, to four digits more than the grid, half to even.
    func averagePrice(of cost: Money, over quantity: Int64) -> ExactDecimal? {
        guard quantity != 0, let atoms = ExactDecimal(mantissa: cost.atoms, exponent: 0),
            let worth = ExactDecimal(mantissa: unit, exponent: 0)?.multiplied(by: ExactDecimal(quantity))
        else { return nil }
        return averagePrice(of: atoms, over: worth)
    }

    fileprivate func averagePrice(of total: ExactDecimal, over divisor: ExactDecimal) -> ExactDecimal? {
        guard let finer = total.multiplied(by: 10_000), let steps = finer.divided(by: divisor, rounding: .halfEven)
        else { return nil }
        return ExactDecimal(mantissa: steps, exponent: priceExponent - 4)
    }
}
