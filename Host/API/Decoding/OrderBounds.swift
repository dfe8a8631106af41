import Domain
import Instruments
import Prices

/// Refuses an order whose whole value no book could hold: a fact about the parent, so nothing of it is stored.
///
/// Legs are smaller than their parent and the engine checks each of them again, by whatever price it goes out.
enum OrderBounds {
    static func check(_ order: ParentOrder, _ instruments: InstrumentSnapshot) throws(Problem) {
        // An unknown instrument is the engine's to refuse.
        guard let instrument = instruments.index(of: order.symbol).flatMap(instruments.instrument) else { return }
        let steps: Int64
        if let quantity = order.quantity {
            guard let counted = instrument.steps(quantity) else {
                // No whole number of steps, or too many of them.
                guard quantity.scaled(to: 0, rounding: .floor).flatMap(Int64.init(exactly:)) == nil else { return }
                throw overflow("/quantity", quantity)
            }
            steps = counted
        } else if let lots = order.lots {
            let (counted, isTooLarge) = lots.multipliedReportingOverflow(by: instrument.lot)
            guard !isTooLarge else { throw overflow("/lots", ExactDecimal(lots)) }
            steps = counted
        } else {
            return
        }
        for (name, price) in [("/price", order.limitPrice), ("/trigger_price", order.stopPrice)] {
            guard let price, let points = instrument.points(price) else { continue }
            guard instrument.notional(quantity: steps, price: points) != nil else {
                throw overflow(
                    order.quantity == nil ? "/lots" : "/quantity", order.quantity ?? ExactDecimal(order.lots ?? 0), name
                )
            }
        }
    }

    private static func overflow(_ path: String, _ value: ExactDecimal, _ price: String? = nil) -> Problem {
        Problem(
            .badRequest, "overflow", path: path, value: value.description,
            price.map { "the quantity times \($0.dropFirst()) does not fit the books" }
                ?? "the quantity does not fit the books",
            remedy: "give a quantity whose value has at most 18 digits in the smallest unit of the currency")
    }
}
