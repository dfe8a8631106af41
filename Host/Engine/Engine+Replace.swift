package import Domain

/// What an adapter takes of a modify, as its capability document says.
package struct ModifyOffer: Hashable, Sendable {
    /// Words that hold together in one order.
    package struct Combination: Hashable, Sendable {
        package var orderTypes: Set<OrderType>
        package var timesInForce: Set<TimeInForce>
        package var products: Set<Product>
        package var orderClasses: Set<OrderClass>
        package init(
            orderTypes: Set<OrderType>, timesInForce: Set<TimeInForce>, products: Set<Product>,
            orderClasses: Set<OrderClass>
        ) {
            (self.orderTypes, self.timesInForce) = (orderTypes, timesInForce)
            (self.products, self.orderClasses) = (products, orderClasses)
        }
    }
    package var fields: Set<OrderChanges.Field>
    /// Empty: the adapter refuses what does not hold together.
    package var combinations: [Combination]

    package init(fields: Set<OrderChanges.Field>, combinations: [Combination] = []) {
        (self.fields, self.combinations) = (fields, combinations)
    }

    /// What every adapter that modifies at all takes, where its document does not say.
    package static let common = ModifyOffer(fields: [.quantity, .price, .triggerPrice])
}

extension Engine {
    /// Asks to change a live order: quantity is the new total.
    ///
    /// The order is checked as one of its new terms would be, in the place of the old one; what only takes risk away is
    /// asked for authority alone.
    /// - Parameter offer: what the order's adapter takes of a modify.
    /// - Returns: the event; or the rejection of a risk control.
    package mutating func requestReplace(
        _ id: LegID, _ changes: OrderChanges, offer: ModifyOffer = .common, authority: TradingAuthority, by: String,
        now: Timestamp
    ) throws(ParentRefusal) -> Result<Event, RiskRefusal> {
        let (run, index) = try modifiable(id)
        let (admission, order) = (run.admission.legs[id.index], run.orders[index])
        let instrument = instruments[Int(run.instrument(of: order))].instrument
        let changed = try restated(run, order, changes, instrument)
        let request = AdmissionRequest(
            order: changed, origin: Origin(caller: by, idempotencyKey: ""), authority: authority, receivedAt: now)
        let parent = try ParentTerms(request, engine: self)
        var terms = order.terms
        terms.quantity = parent.quantity ?? order.quantity
        (terms.limitPrice, terms.stopPrice) = (parent.limitPrice, parent.stopPrice)
        terms.words = Order.Words(
            orderType: changed.orderType, timeInForce: changed.timeInForce,
            disclosedQuantity: changes.disclosedQuantity ?? terms.words.disclosedQuantity)
        guard terms.quantity > order.cumulativeQuantity else {
            throw ParentRefusal(
                code: "quantity_below_filled", path: "/quantity",
                value: instrument.quantity(terms.quantity).description,
                message: "\(instrument.quantity(order.cumulativeQuantity)) is filled already",
                remedy: "give a total above what is filled, or cancel the rest")
        }
        let adapter = accounts[Int(admission.account)].account.adapter
        try check(changed, changes, order, offer, adapter)
        let addedMargin: Int64
        switch try judge(&terms, parent, request, run, index, hasOptions: changes.options != nil, now: now) {
        case .success(let margin): addedMargin = margin
        case .failure(let rejection): return .failure(rejection)
        }
        let words = terms.words.differing(from: order.terms.words)
        try check(terms, of: order, changes, offer, adapter, instrument)
        return .success(
            .replaceRequested(
                run: id.run, order: Int32(index),
                replacement: Order.Replacement(
                    clientSequence: nextClientSequence, quantity: terms.quantity, limitPrice: terms.limitPrice,
                    stopPrice: terms.stopPrice, words: words, options: changes.options, addedMargin: addedMargin),
                by: by))
    }

    /// A risk control's refusal as an error.
    package struct RiskRefusal: Error, Hashable, Sendable {
        package var rejection: Rejection
        init(_ rejection: Rejection) { self.rejection = rejection }
        init(_ order: Order) {
            rejection = Rejection(.requestShape, .unknownField, scope: .order, projected: order.quantity)
        }
    }

    // MARK: What may be changed

    /// The one order of a leg, where it can be modified as it stands.
    private func modifiable(_ id: LegID) throws(ParentRefusal) -> (Run, Int) {
        guard let run = runs[id.run], run.legs.indices.contains(id.index) else {
            throw ParentRefusal(
                .notFound, code: "unknown_order", path: "", value: id.description,
                message: "there is no live order \(id)",
                remedy: "GET /api/orders lists orders")
        }
        let leg = run.legs[id.index]
        let status = run.legStatus(id.index)
        func refusal(_ remedy: String) -> ParentRefusal {
            ParentRefusal(
                code: "not_modifiable", path: "", value: status.rawName,
                message: "an order that is \(status.rawName) cannot be modified", remedy: remedy)
        }
        guard leg.orderCount > 0 else { throw refusal("place a new order") }
        guard leg.orderCount == 1 else {
            throw ParentRefusal(
                code: "sliced_order", path: "", value: id.description,
                message: "the order was sent in \(leg.orderCount) slices and cannot be modified",
                remedy: "cancel it and place a new one")
        }
        let order = run.orders[Int(leg.firstOrder)]
        if order.isWaiting {
            throw refusal(
                "nothing of it is at its broker yet: cancel it and place a new one, or modify it once it is WORKING")
        }
        guard order.replacement == nil else {
            throw refusal("an earlier change of it is open: modify it once the outcome of that one is known")
        }
        guard order.status == .working || order.status == .partiallyFilled else {
            throw refusal("modify orders that are WORKING or PARTIALLY_FILLED")
        }
        return (run, Int(leg.firstOrder))
    }

    /// The order that a modify would make, as somebody would place it. A price that the new type does not have goes, and
    /// one that it has and nobody gave is the old one's.
    private func restated(
        _ run: Run, _ order: Order, _ changes: OrderChanges, _ instrument: Instrument
    ) throws(ParentRefusal) -> ParentOrder {
        var changed = run.admission.order
        // The order is of its own instrument, also where its parent names the account's venue.
        changed.symbol = instruments[Int(run.instrument(of: order))].id
        changed.orderType = changes.orderType ?? order.orderType
        changed.timeInForce = changes.timeInForce ?? order.timeInForce
        if changed.timeInForce != .goodTillDate { changed.validUntil = nil }
        func kept(_ points: Int64, _ isNeeded: Bool) -> ExactDecimal? {
            isNeeded && points != 0 ? instrument.price(points) : nil
        }
        changed.limitPrice = changes.limitPrice ?? kept(order.limitPrice, changed.orderType.hasLimitPrice)
        changed.stopPrice =
            changes.stopPrice ?? kept(order.stopPrice, changed.orderType.hasStopPrice || changed.carriesStop)
        changed.quantity = changes.quantity ?? instrument.quantity(order.quantity)
        changed.lots = nil
        // What shows of an order that got smaller is all of it: only what is asked for has to fit.
        changed.disclosedQuantity = changes.disclosedQuantity.flatMap { $0.isZero ? nil : $0 }
        changed.onLegFailure = .leave
        // States and totals of the group hold for a change as they did for the order.
        if run.admission.group.flatMap({ groupNumber($0) }) == nil {
            changed.target = .account(accounts[Int(run.admission(of: order).account)].account.id)
        }
        guard changed.timeInForce != .goodTillDate || order.timeInForce == .goodTillDate || changes.options != nil
        else {
            throw ParentRefusal(
                code: "missing_field", path: "/broker_options", value: "null",
                message: "a change to GTD names no date: its broker has to count the life by an option of its own",
                remedy:
                    "give that option in broker_options, or use \(Self.dateless), or cancel it and place a GTD order")
        }
        return changed
    }

    private static let dateless = TimeInForce.allCases.filter { $0 != .goodTillDate }.map(\.rawName)
        .joined(separator: ", ")

    // MARK: What the adapter takes

    /// Words that hold together for the adapter, where the modify changes one.
    private func check(
        _ changed: ParentOrder, _ changes: OrderChanges, _ order: Order, _ offer: ModifyOffer, _ adapter: AdapterID
    ) throws(ParentRefusal) {
        guard !offer.combinations.isEmpty,
            changed.orderType != order.orderType || changed.timeInForce != order.timeInForce
        else { return }
        let rows = offer.combinations.filter {
            $0.products.contains(changed.product) && $0.orderClasses.contains(changed.orderClass)
        }
        let fitting = rows.filter { $0.orderTypes.contains(changed.orderType) }
        guard !fitting.isEmpty else {
            throw ParentRefusal(
                code: "unsupported", path: "/order_type", value: changed.orderType.rawName,
                message:
                    "adapter \(adapter) has no \(changed.orderType.rawName) orders of class "
                    + "\(changed.orderClass.rawName) and product \(changed.product.rawName)",
                remedy: "it has \(Self.words(rows) { $0.orderTypes })")
        }
        guard fitting.contains(where: { $0.timesInForce.contains(changed.timeInForce) }) else {
            throw ParentRefusal(
                code: "unsupported", path: changes.timeInForce == nil ? "/order_type" : "/time_in_force",
                value: (changes.timeInForce?.rawName ?? changed.orderType.rawName),
                message:
                    "adapter \(adapter) takes no \(changed.orderType.rawName) order that is "
                    + changed.timeInForce.rawName,
                remedy: "with \(changed.orderType.rawName), use \(Self.words(fitting) { $0.timesInForce })")
        }
    }

    private static func words<Word: VocabularyWord>(
        _ rows: [ModifyOffer.Combination], _ words: (ModifyOffer.Combination) -> Set<Word>
    ) -> String {
        let offered = rows.reduce(into: Set<Word>()) { $0.formUnion(words($1)) }
        return Word.allCases.filter(offered.contains).map(\.rawName).joined(separator: ", ")
    }

    /// Every field that changes is one that the adapter changes of a live order. Nothing at all is no change.
    private func check(
        _ terms: Order.Terms, of order: Order, _ changes: OrderChanges, _ offer: ModifyOffer, _ adapter: AdapterID,
        _ instrument: Instrument
    ) throws(ParentRefusal) {
        let sent = order.changes(to: terms, options: changes.options, instrument)
        guard !sent.isEmpty || terms != order.terms else {
            throw ParentRefusal(
                code: "nothing_changed", path: "", value: "", message: "the order has these terms already",
                remedy: "give a field another value")
        }
        for field in OrderChanges.Field.allCases where !offer.fields.contains(field) {
            guard let value = sent.text(field) else { continue }
            let others = OrderChanges.Field.allCases.filter(offer.fields.contains).map(\.requestName)
            throw ParentRefusal(
                code: "unsupported", path: "/\(field.requestName)", value: value,
                message: offer.fields.isEmpty
                    ? "adapter \(adapter) modifies no live order"
                    : "adapter \(adapter) cannot change \(field.requestName) of a live order",
                remedy: offer.fields.isEmpty
                    ? "cancel the order and place a new one"
                    : "change \(others.joined(separator: ", ")) alone, or cancel the order and place a new one")
        }
    }

    // MARK: What the controls say

    /// Puts the new terms before the controls in the place of the old ones, and gives them back as they would be sent: a
    /// market order may have become a limit order (C8).
    ///
    /// - Returns: Margin that they need beyond what was reserved for the order.
    private mutating func judge(
        _ terms: inout Order.Terms, _ parent: ParentTerms, _ request: AdmissionRequest, _ run: Run, _ index: Int,
        hasOptions: Bool, now: Timestamp
    ) throws(ParentRefusal) -> Result<Int64, RiskRefusal> {
        let order = run.orders[index]
        let admission = run.admission(of: order)
        let (account, number) = (admission.account, run.instrument(of: run.orders[index]))
        var context = LegContext(parent, request, engine: self, now: now)
        let old = order.reservedQuantity
        // The candidate takes the old order's place: it is checked as if that one were gone from every sum, too. All is put
        // back before this returns.
        book.reserve(account, number, admission.side, -old, orders: 0, isDelivery: parent.isDelivery)
        let heldMargin = inputs.reservedMargin[Int(account)]
        // Of what is reserved for it the filled part stays.
        func unfilled(_ margin: Int64) -> Int64 {
            scaled(margin, order.leavesQuantity, over: max(1, order.quantity)) ?? 0
        }
        if let margin = inputs.unsettled.margin(of: OrderPlace(run: run.id, order: Int32(index)), of: account) {
            inputs.reservedMargin[Int(account)] -= unfilled(margin)
        }
        defer {
            book.reserve(account, number, admission.side, old, orders: 0, isDelivery: parent.isDelivery)
            inputs.reservedMargin[Int(account)] = heldMargin
        }
        guard let position = book.position(account, number) else { return .failure(RiskRefusal(order)) }
        context.fill(
            account, admission.side, terms.quantity - order.cumulativeQuantity, position: PositionFacts(position),
            funds: inputs.funds[Int(account)], adapter: accounts[Int(account)].adapterNumber,
            pending: PendingMessages())
        var candidate = context.candidate
        candidate.countsAsNewOrder = false
        candidate.modifications = order.modifications
        if !hasOptions, terms.onlyTakesRiskAway(from: order.terms, side: admission.side, held: position.quantity) {
            guard candidate.isAuthorised else {
                return .failure(RiskRefusal(Rejection(.authority, .notAuthorised, scope: .key)))
            }
            var silent = NoTrace()
            guard terms.limitPrice != order.limitPrice else { return .success(0) }
            // The exchange takes no price beyond its day range, whatever it would come to.
            let rejection = InstrumentCheck.check(terms.limitPrice, isOnTick: true, &candidate, self, &silent)
            return rejection.map { .failure(RiskRefusal($0)) } ?? .success(0)
        }
        var (trace, none) = (NoTrace(), ParentOverrides())
        var evaluation = Evaluation(mayClip: false)
        assess(&candidate, legLimits(account, number), &evaluation, &trace, &none)
        if let rejection = evaluation.rejection ?? selfTrade(candidate) { return .failure(RiskRefusal(rejection)) }
        guard evaluation.slices <= 1 else {
            throw ParentRefusal(
                code: "above_freeze", path: "/quantity", value: parent.instrument.quantity(terms.quantity).description,
                message: "the quantity is more than the exchange takes in one order",
                remedy: "leave this order and place another one for the rest")
        }
        (terms.words.orderType, terms.limitPrice) = (candidate.orderType, candidate.limitPrice)
        let before = unfilled(run.margin(ofLeg: Int(order.legIndex)))
        return .success(max(0, saturatingSum(candidate.margin, -before)))
    }
}

extension Order.Terms {
    /// Whether all that can come of these terms could have come of the old ones: no more of it, at the same words, at no
    /// price that is nearer to the market.
    ///
    /// - Parameter held: The position, signed. An order against it is how risk is taken away: further from the market it
    ///   would take away less.
    fileprivate func onlyTakesRiskAway(from old: Order.Terms, side: Side, held: Int64) -> Bool {
        guard quantity <= old.quantity, stopPrice == old.stopPrice, words.orderType == old.words.orderType,
            words.timeInForce == old.words.timeInForce
        else { return false }
        guard limitPrice != old.limitPrice else { return true }
        let isFurther = side == .buy ? limitPrice < old.limitPrice : limitPrice > old.limitPrice
        return isFurther && held.signum() != -side.sign
    }
}

extension Order {
    /// What a modify to `terms` tells the broker: the fields that differ, and no price that the new type has not.
    package func changes(to terms: Terms, options: String?, _ instrument: Instrument) -> OrderChanges {
        let words = terms.words.differing(from: self.terms.words)
        func price(_ points: Int64, _ known: Int64) -> ExactDecimal? {
            points == known || points == 0 ? nil : instrument.price(points)
        }
        return OrderChanges(
            quantity: terms.quantity == quantity ? nil : instrument.quantity(terms.quantity),
            limitPrice: price(terms.limitPrice, limitPrice), stopPrice: price(terms.stopPrice, stopPrice),
            orderType: words.orderType, timeInForce: words.timeInForce, disclosedQuantity: words.disclosedQuantity,
            options: options)
    }
}
