import Domain

/// A parent order in the engine's integers, with everything that is a fact about the whole checked.
///
/// A reference: it goes through every step of an admission, and a copy would count the references of all its texts.
final class ParentTerms: Sendable {
    let order: ParentOrder
    let groupNumber: Int32?
    let accountNumber: Int32?
    let instrumentNumber: Int32
    let instrument: Instrument
    /// Steps; `nil` where the policy makes the quantity.
    let quantity: Int64?
    let limitPrice: Int64
    let stopPrice: Int64
    /// A sell is to be met from holdings (RISK.md C23).
    let isDelivery: Bool
    let mode: ExecutionMode
    /// Whether its mode lets controls lower a leg's quantity.
    let mayClip: Bool
    let onLegFailure: LegFailurePolicy
    let redistributes: Bool
    let minimumLegs: Int
    let minimumQuantityBasisPoints: Int

    init(_ order: ParentOrder, engine: borrowing Engine) throws(ParentRefusal) {
        self.order = order
        let group: ExecutionGroup?
        switch order.target {
        case .group(let id):
            guard let number = engine.groupNumber(id), let known = engine.group(id) else {
                throw ParentRefusal(
                    .notFound, code: "unknown_group", path: "", value: id.rawValue, message: "there is no group \(id)",
                    remedy: "name an existing group; GET /api/execution-groups lists them")
            }
            (groupNumber, accountNumber, group) = (number, nil, known)
        case .account(let id):
            guard let number = engine.accountNumber(id) else {
                throw ParentRefusal(
                    .notFound, code: "unknown_account", path: "/account_id", value: id.rawValue,
                    message: "there is no account \(id)",
                    remedy: "name an existing account; GET /api/accounts lists them")
            }
            (groupNumber, accountNumber, group) = (nil, number, nil)
        }
        guard let instrumentNumber = engine.instrumentNumber(order.symbol) else {
            throw ParentRefusal(
                code: "unknown_instrument", path: "/symbol", value: order.symbol.text,
                message: "the instrument is not in today's master",
                remedy: "name a known instrument; GET /api/symbols/search finds one")
        }
        self.instrumentNumber = instrumentNumber
        let instrument = engine.instruments[Int(instrumentNumber)].instrument
        self.instrument = instrument
        limitPrice = try Self.price(
            order.limitPrice, "price", needed: order.orderType.hasLimitPrice, order.orderType.rawName, instrument)
        // A cover order says by it where its second leg stops the loss, whatever the type of its first.
        stopPrice = try Self.price(
            order.stopPrice, "trigger_price", needed: order.orderType.hasStopPrice || order.carriesStop,
            order.carriesStop ? OrderClass.cover.rawName : order.orderType.rawName, instrument)
        if order.carriesStop, limitPrice > 0, let side = order.side {
            try Self.checkStop(stopPrice, side, limitPrice, instrument)
        }
        isDelivery = order.product == .delivery
        mode = order.mode ?? group?.mode ?? .bestEffort
        mayClip = mode == .clip
        onLegFailure = order.onLegFailure ?? group?.onLegFailure ?? .leave
        if onLegFailure == .unwind, group?.allowsUnwind != true {
            throw ParentRefusal(
                code: "unwind_not_allowed", path: "/on_leg_failure", value: "unwind",
                message: "the group does not allow unwind",
                remedy: "set allow_unwind: true on the group, or use leave or cancel_rest")
        }
        redistributes = order.redistributes ?? group?.redistributes ?? false
        minimumLegs = order.minimumLegs ?? 0
        minimumQuantityBasisPoints = order.minimumQuantityBasisPoints ?? 0
        quantity = try Self.quantity(order, instrument)
        if let shown = order.disclosedQuantity { try Self.checkDisclosed(shown, of: quantity, instrument) }
    }

    /// What shows in the book is a part of the order.
    private static func checkDisclosed(
        _ shown: ExactDecimal, of quantity: Int64?, _ instrument: Instrument
    ) throws(ParentRefusal) {
        let step = instrument.quantity(1)
        guard let steps = instrument.steps(shown), steps > 0 else {
            throw ParentRefusal(
                code: "disclosed_off_step", path: "/disclosed_quantity", value: shown.description,
                message: "disclosed_quantity is not a positive multiple of \(step)",
                remedy: "give a multiple of \(step)")
        }
        guard let quantity, steps > quantity else { return }
        throw ParentRefusal(
            code: "disclosed_above_quantity", path: "/disclosed_quantity", value: shown.description,
            message: "more would show than the order has, \(instrument.quantity(quantity))",
            remedy: "give at most \(instrument.quantity(quantity))")
    }

    private static func price(
        _ price: ExactDecimal?, _ field: String, needed: Bool, _ what: @autoclosure () -> String,
        _ instrument: Instrument
    ) throws(ParentRefusal) -> Int64 {
        guard let price else {
            guard !needed else {
                throw ParentRefusal(
                    code: "missing_field", path: "/\(field)", value: "null",
                    message: "a \(what()) order needs \(field)", remedy: "give \(field) as a positive decimal")
            }
            return 0
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
        let tick = instrument.price(instrument.tick)
        guard let points = instrument.points(price), points % instrument.tick == 0 else {
            let below = price.dividedFloor(by: tick)
            let remedy =
                below.flatMap { below in
                    ExactDecimal(mantissa: below, exponent: 0)?.multiplied(by: tick).flatMap { low in
                        low.adding(tick).map { "use \(low) or \($0), multiples of the tick \(tick)" }
                    }
                } ?? "use a multiple of the tick \(tick)"
            throw ParentRefusal(
                code: "price_off_tick", path: "/\(field)", value: price.description,
                message: "\(field) is not a multiple of the tick \(tick)", remedy: remedy)
        }
        return points
    }

    /// A stop on the wrong side of the price would be hit as soon as the first leg has filled.
    private static func checkStop(
        _ stop: Int64, _ side: Side, _ limit: Int64, _ instrument: Instrument
    ) throws(ParentRefusal) {
        guard side == .buy ? stop >= limit : stop <= limit else { return }
        let right = side == .buy ? "below" : "above"
        throw ParentRefusal(
            code: "stop_beyond_price", path: "/trigger_price", value: instrument.price(stop).description,
            message:
                "the stop of a \(side.rawName) COVER order has to be \(right) its price, \(instrument.price(limit))",
            remedy: "give a trigger_price \(right) the price")
    }

    private static func quantity(_ order: ParentOrder, _ instrument: Instrument) throws(ParentRefusal) -> Int64? {
        let lot = instrument.quantity(instrument.lot)
        if let quantity = order.quantity {
            guard order.lots == nil else {
                throw ParentRefusal(
                    code: "conflicting_fields", path: "/lots", value: "\(order.lots ?? 0)",
                    message: "quantity and lots are both given", remedy: "give one of quantity and lots")
            }
            guard quantity > .zero else {
                throw ParentRefusal(
                    code: "quantity_not_positive", path: "/quantity", value: quantity.description,
                    message: "quantity must be positive", remedy: "give a multiple of the lot \(lot)")
            }
            guard let steps = instrument.steps(quantity), steps % instrument.lot == 0 else {
                throw ParentRefusal(
                    code: "quantity_off_lot", path: "/quantity", value: quantity.description,
                    message: "quantity is not a multiple of the lot \(lot)", remedy: "give a multiple of \(lot)")
            }
            return steps
        }
        guard let lots = order.lots else { return nil }
        guard lots > 0 else {
            throw ParentRefusal(
                code: "quantity_not_positive", path: "/lots", value: "\(lots)", message: "lots must be positive",
                remedy: "give at least 1")
        }
        let (steps, overflow) = lots.multipliedReportingOverflow(by: instrument.lot)
        guard !overflow else {
            throw ParentRefusal(
                code: "overflow", path: "/lots", value: "\(lots)", message: "the quantity does not fit 63 bits",
                remedy: "give fewer lots")
        }
        return steps
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
