import Domain

/// The prices of a parent order in the points of one instrument, with what is wrong about them.
struct ParentPrices {
    /// Points; 0 = the order has none.
    let limit: Int64
    let stop: Int64
    let isLimitOnTick: Bool
    let isStopOnTick: Bool
    var isOnTick: Bool { isLimitOnTick && isStopOnTick }

    /// - Parameter isLenient: A price that is off the tick is said, not thrown: other legs may have other ticks. It is
    ///   rounded where it lies between two points.
    init(
        _ order: ParentOrder, _ number: Int32, _ engine: borrowing Engine, isLenient: Bool
    ) throws(ParentRefusal) {
        (limit, isLimitOnTick) = try Self.price(
            order.limitPrice, "price", needed: order.orderType.hasLimitPrice, order.orderType.rawName, number, engine,
            isLenient: isLenient)
        // A cover order says by it where its second leg stops the loss, whatever the type of its first.
        (stop, isStopOnTick) = try Self.price(
            order.stopPrice, "trigger_price", needed: order.orderType.hasStopPrice || order.carriesStop,
            order.carriesStop ? OrderClass.cover.rawName : order.orderType.rawName, number, engine, isLenient: isLenient
        )
    }

    private static func price(
        _ price: ExactDecimal?, _ field: String, needed: Bool, _ what: @autoclosure () -> String,
        _ number: Int32, _ engine: borrowing Engine, isLenient: Bool
    ) throws(ParentRefusal) -> (points: Int64, isOnTick: Bool) {
        guard let price else {
            guard !needed else {
                throw ParentRefusal(
                    code: "missing_field", path: "/\(field)", value: "null",
                    message: "a \(what()) order needs \(field)", remedy: "give \(field) as a positive decimal")
            }
            return (0, true)
        }
        guard needed else {
            throw ParentRefusal(
                code: "unexpected_field", path: "/\(field)", value: price.description,
                message: "a \(what()) order takes no \(field)",
                remedy: "leave \(field) out or use another order_type")
        }
        guard price > .zero else {
            throw ParentRefusal(
                code: "price_not_positive", path: "/\(field)", value: price.description,
                message: "\(field) must be positive",
                remedy: "give \(field) above 0")
        }
        let instrument = engine.instruments[Int(number)].instrument
        if let points = instrument.points(price), engine.instruments[Int(number)].isOnTick(points) {
            return (points, true)
        }
        if isLenient, let points = instrument.pointsRounded(price), points > 0 { return (points, false) }
        let record = engine.instruments[Int(number)].record
        let table = record.tickTable
        let tick = table?.tick(at: price) ?? record.tickSize
        let remedy =
            neighbours(of: price, record).map { "use \($0) or \($1), multiples of the tick \(tick)" }
            ?? "use a multiple of the tick \(tick)"
        throw ParentRefusal(
            code: "price_off_tick", path: "/\(field)", value: price.description,
            message: "\(field) is not a multiple of the tick \(tick)\(table == nil ? "" : " at this price")",
            remedy: remedy)
    }

    private static func neighbours(
        of price: ExactDecimal, _ record: InstrumentRecord
    ) -> (below: ExactDecimal, above: ExactDecimal)? {
        if let table = record.tickTable { return table.neighbours(of: price) }
        guard let ticks = price.dividedFloor(by: record.tickSize),
            let below = ExactDecimal(mantissa: ticks, exponent: 0)?.multiplied(by: record.tickSize),
            let above = below.adding(record.tickSize)
        else { return nil }
        return (below, above)
    }
}

extension ExactDecimal {
    /// `floor(self / divisor)` for positive values; `nil` on overflow.
    func dividedFloor(by divisor: ExactDecimal) -> Int128? {
        let exponent = min(self.exponent, divisor.exponent)
        guard let numerator = scaled(to: exponent), let denominator = divisor.scaled(to: exponent), denominator > 0
        else {
            return nil
        }
        return numerator / denominator
    }
}
