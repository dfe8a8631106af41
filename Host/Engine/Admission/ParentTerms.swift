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
    /// Units of the allocation, which are steps where the parent has one instrument; `nil` where the policy makes it.
    let quantity: Int64?
    /// The lot that is shared out, in units of the allocation: the instrument's, or one that each leg's instrument takes.
    let lot: Int64
    /// Units of the allocation in one step of `instrument`.
    let unitsPerStep: Int64
    let limitPrice: Int64
    let stopPrice: Int64
    /// Whether they are multiples of the tick, of which 0 is one. Of a parent with one instrument they always are.
    let isLimitOnTick: Bool
    let isStopOnTick: Bool
    /// A sell is to be met from holdings (RISK.md C23).
    let isDelivery: Bool
    let mode: ExecutionMode
    /// Whether its mode lets controls lower a leg's quantity.
    let mayClip: Bool
    let onLegFailure: LegFailurePolicy
    let redistributes: Bool
    let minimumLegs: Int
    let minimumQuantityBasisPoints: Int
    /// What each account trades, where the order names the accounts' own venues; `nil` = `instrument`.
    let own: LegInstruments?
    /// The same order in the integers of the other instruments that its accounts trade.
    let others: [ParentTerms]

    convenience init(_ request: AdmissionRequest, engine: borrowing Engine) throws(ParentRefusal) {
        let order = request.order
        let own = order.symbol.isOfAnyVenue ? request.instruments : nil
        let (target, group) = try Self.target(order, engine)
        guard let number = own?.scale ?? engine.instrumentNumber(order.symbol) else {
            if order.symbol.isOfAnyVenue {
                throw ParentRefusal(
                    code: "unknown_instrument", path: "/symbol", value: order.symbol.text,
                    message: "what the accounts trade for it is not looked up here",
                    remedy: "name an instrument of a venue; GET /api/symbols/search finds one")
            }
            throw ParentRefusal(
                code: "unknown_instrument", path: "/symbol", value: order.symbol.text,
                message: "the instrument is not in today's master",
                remedy: "name a known instrument; GET /api/symbols/search finds one")
        }
        // Not the entry, which would be a copy of the record's texts.
        let instrument = engine.instruments[Int(number)].instrument
        let prices = try ParentPrices(order, number, engine, isLenient: own != nil)
        if order.carriesStop, let limit = order.limitPrice, let stop = order.stopPrice, let side = order.side {
            try Self.checkStop(stop, side, limit)
        }
        let onLegFailure = order.onLegFailure ?? group?.onLegFailure ?? .leave
        if onLegFailure == .unwind, group?.allowsUnwind != true {
            throw ParentRefusal(
                code: "unwind_not_allowed", path: "/on_leg_failure", value: "unwind",
                message: "the group does not allow unwind",
                remedy: "set allow_unwind: true on the group, or use leave or cancel_rest")
        }
        guard let own else {
            let unit = instrument.quantity(1)
            let quantity = try Self.quantity(order, unit: unit, lot: instrument.lot)
            if let shown = order.disclosedQuantity {
                try Self.checkDisclosed(shown, of: quantity, unit: unit, [instrument])
            }
            self.init(
                order, target, group, onLegFailure, instrument, prices, quantity: quantity, lot: instrument.lot,
                unitsPerStep: 1)
            return
        }
        let common = try Self.commonUnits(own, order, engine)
        let quantity = try Self.quantity(order, unit: common.unit, lot: common.lot)
        if let shown = order.disclosedQuantity {
            let instruments = own.numbers.map { engine.instruments[Int($0)].instrument }
            try Self.checkDisclosed(shown, of: quantity, unit: common.unit, instruments)
        }
        var others: [ParentTerms] = []
        for (number, units) in zip(own.numbers, common.unitsPerStep).dropFirst() {
            let prices = try ParentPrices(order, number, engine, isLenient: true)
            others.append(
                ParentTerms(
                    order, target, group, onLegFailure, engine.instruments[Int(number)].instrument, prices,
                    quantity: quantity, lot: common.lot, unitsPerStep: units, own: own))
        }
        if !prices.isOnTick, !others.contains(where: { $0.isLimitOnTick && $0.isStopOnTick }) {
            // No account takes these prices: that is a fact about the order.
            _ = try ParentPrices(order, number, engine, isLenient: false)
        }
        self.init(
            order, target, group, onLegFailure, instrument, prices, quantity: quantity, lot: common.lot,
            unitsPerStep: common.unitsPerStep[0], own: own, others: others)
    }

    /// Group and account by number; one of them is there.
    private typealias Target = (group: Int32?, account: Int32?)

    private init(
        _ order: ParentOrder, _ target: Target, _ group: ExecutionGroup?, _ onLegFailure: LegFailurePolicy,
        _ instrument: Instrument, _ prices: ParentPrices, quantity: Int64?, lot: Int64, unitsPerStep: Int64,
        own: LegInstruments? = nil, others: [ParentTerms] = []
    ) {
        (self.order, groupNumber, accountNumber) = (order, target.group, target.account)
        (self.instrument, instrumentNumber) = (instrument, instrument.index.rawValue)
        (self.quantity, self.lot, self.unitsPerStep) = (quantity, lot, unitsPerStep)
        (limitPrice, stopPrice) = (prices.limit, prices.stop)
        (isLimitOnTick, isStopOnTick) = (prices.isLimitOnTick, prices.isStopOnTick)
        isDelivery = order.product == .delivery
        mode = order.mode ?? group?.mode ?? .bestEffort
        mayClip = mode == .clip
        self.onLegFailure = onLegFailure
        redistributes = order.redistributes ?? group?.redistributes ?? false
        minimumLegs = order.minimumLegs ?? 0
        minimumQuantityBasisPoints = order.minimumQuantityBasisPoints ?? 0
        (self.own, self.others) = (own, others)
    }

    private static func target(
        _ order: ParentOrder, _ engine: borrowing Engine
    ) throws(ParentRefusal) -> (Target, ExecutionGroup?) {
        switch order.target {
        case .group(let id):
            guard let number = engine.groupNumber(id), let known = engine.group(id) else {
                throw ParentRefusal(
                    .notFound, code: "unknown_group", path: "", value: id.rawValue, message: "there is no group \(id)",
                    remedy: "name an existing group; GET /api/execution-groups lists them")
            }
            return ((number, nil), known)
        case .account(let id):
            guard let number = engine.accountNumber(id) else {
                throw ParentRefusal(
                    .notFound, code: "unknown_account", path: "/account_id", value: id.rawValue,
                    message: "there is no account \(id)",
                    remedy: "name an existing account; GET /api/accounts lists them")
            }
            return ((nil, number), nil)
        }
    }

    /// What shows in the book is a part of the order.
    ///
    /// - Parameter unit: What `quantity` counts; the order's only step where its legs have one instrument.
    private static func checkDisclosed(
        _ shown: ExactDecimal, of quantity: Int64?, unit: ExactDecimal, _ instruments: [Instrument]
    ) throws(ParentRefusal) {
        let step = instruments.lazy.filter { $0.steps(shown) == nil }.first?.quantity(1) ?? unit
        guard let units = shown.dividedExactly(by: unit), units > 0, instruments.allSatisfy({ $0.steps(shown) != nil })
        else {
            throw ParentRefusal(
                code: "disclosed_off_step", path: "/disclosed_quantity", value: shown.description,
                message: "disclosed_quantity is not a positive multiple of \(step)",
                remedy: "give a multiple of \(step)")
        }
        guard let quantity, units > Int128(quantity) else { return }
        let whole = unit.multiplied(by: ExactDecimal(quantity)) ?? unit
        throw ParentRefusal(
            code: "disclosed_above_quantity", path: "/disclosed_quantity", value: shown.description,
            message: "more would show than the order has, \(whole)", remedy: "give at most \(whole)")
    }

    /// The terms in the integers of an instrument that an account of the order trades.
    @inline(__always)
    func terms(of number: Int32) -> ParentTerms {
        number == instrumentNumber ? self : others.first { $0.instrumentNumber == number } ?? self
    }

    /// What an account trades; `nil` = it is not known, and its leg is refused.
    @inline(__always)
    func instrument(of account: Int32) -> Int32? { own == nil ? instrumentNumber : own?.instrument(of: account) }

    /// How the instruments of the legs are counted together. What a unit of them is worth has to be the same, else a quantity
    /// of the parent would not say how much of each is meant.
    private static func commonUnits(
        _ own: LegInstruments, _ order: ParentOrder, _ engine: borrowing Engine
    ) throws(ParentRefusal) -> CommonUnits {
        let entries = own.numbers.map { engine.instruments[Int($0)] }
        // A unit of spot is one of the base currency, wherever it is.
        func size(_ entry: InstrumentEntry) -> ExactDecimal? {
            entry.instrument.kind == .spot ? nil : entry.record.contractSize
        }
        func worth(_ entry: InstrumentEntry) -> String {
            let size = size(entry).map { ", contract_size \($0)" } ?? ""
            return "\(entry.id) has currency \(entry.record.currency), multiplier \(entry.record.multiplier)\(size)"
        }
        func isLike(_ entry: InstrumentEntry) -> Bool {
            entry.record.currency == entries[0].record.currency
                && entry.record.multiplier == entries[0].record.multiplier
                && size(entry) == size(entries[0])
        }
        guard entries.allSatisfy(isLike) else {
            throw ParentRefusal(
                code: "units_differ", path: "/symbol", value: order.symbol.text,
                message: "one unit is not the same at the accounts' venues: "
                    + entries.map(worth).joined(separator: "; "),
                remedy: "send an order for each of these instruments by its own id")
        }
        guard let common = CommonUnits(entries.map(\.instrument)) else {
            throw ParentRefusal(
                code: "overflow", path: "/symbol", value: order.symbol.text,
                message: "the lots of the accounts' instruments have no common multiple that fits 63 bits",
                remedy: "send an order for each of the instruments by its own id")
        }
        return common
    }

    /// A stop on the wrong side of the price would be hit as soon as the first leg has filled.
    private static func checkStop(
        _ stop: ExactDecimal, _ side: Side, _ limit: ExactDecimal
    ) throws(ParentRefusal) {
        guard side == .buy ? stop >= limit : stop <= limit else { return }
        let right = side == .buy ? "below" : "above"
        throw ParentRefusal(
            code: "stop_beyond_price", path: "/trigger_price", value: stop.description,
            message: "the stop of a \(side.rawName) COVER order has to be \(right) its price, \(limit)",
            remedy: "give a trigger_price \(right) the price")
    }

    /// - Parameters:
    ///   - unit: What is counted.
    ///   - lotUnits: The lot in it.
    private static func quantity(
        _ order: ParentOrder, unit: ExactDecimal, lot lotUnits: Int64
    ) throws(ParentRefusal) -> Int64? {
        var lot: ExactDecimal { unit.multiplied(by: ExactDecimal(lotUnits)) ?? unit }
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
            guard let steps = quantity.dividedExactly(by: unit).flatMap(Int64.init(exactly:)), steps % lotUnits == 0
            else {
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
        let (steps, overflow) = lots.multipliedReportingOverflow(by: lotUnits)
        guard !overflow else {
            throw ParentRefusal(
                code: "overflow", path: "/lots", value: "\(lots)", message: "the quantity does not fit 63 bits",
                remedy: "give fewer lots")
        }
        return steps
    }
}
