package import Domain

/// One (account, instrument) of a square-off's scope, and what is next to do there.
package struct SquareOffTask: Hashable, Sendable {
    package enum Next: Hashable, Sendable {
        /// Nothing is held and nothing of the scope is live.
        case flat
        /// Live orders go first: what the gateway has to emit for it.
        case cancel([Event])
        /// Orders that are to go, or the gateway's own closing order, are still live.
        case wait
        case close(ParentOrder)
        /// No order can be made now; it is tried again.
        case blocked(String)
        /// What is left is less than a lot.
        case remainder
    }
    package var account: Int32
    package var instrument: Int32
    /// What the scope holds here, signed steps.
    package var quantity: Int64
    package var next: Next
}

extension Engine {
    /// How long a closing order may rest before it is canceled and sent anew at the price of then, nanoseconds.
    package static let closingPatience: Int64 = 5_000_000_000

    /// What is left to do for a square-off, by account and instrument in the order of the books.
    ///
    /// A closing order is strictly closing (RISK.md §2): with everything else that may still sell (buy), it cannot pass
    /// zero, whatever fills. Live orders of the scope go first; those of others stay and count.
    package func tasks(of squareOff: SquareOff, now: Timestamp) -> [SquareOffTask] {
        let scope = squareOff.scope
        var cancels: [Int64: [Event]] = [:]
        var closing: Set<Int64> = []
        var waiting: Set<Int64> = []
        var pairs: [Int64] = []
        func key(_ account: Int32, _ instrument: Int32) -> Int64 { Int64(account) << 32 | Int64(instrument) }
        for run in runs.live {
            for (index, order) in run.orders.enumerated() where !order.status.isTerminal {
                let leg = run.admission(of: order)
                guard concerns(scope, run, order) || run.admission.isGatewayClosing else { continue }
                let pair = key(leg.account, run.instrument(of: order))
                let isOld = now.since(run.admission.admittedAt) > Self.closingPatience
                if run.admission.isGatewayClosing {
                    closing.insert(pair)
                    guard isOld, order.isAtBroker, !order.isCancelWanted else { continue }
                    cancels[pair, default: []].append(
                        .cancelRequested(run: run.id, order: Int32(index), by: "rule:square-off"))
                    continue
                }
                pairs.append(pair)
                if order.isWaiting {
                    cancels[pair, default: []].append(
                        .ordersCanceledLocally(run: run.id, orders: [Int32(index)], reason: .requested))
                } else if order.isAtBroker, !order.isCancelWanted {
                    cancels[pair, default: []].append(
                        .cancelRequested(run: run.id, order: Int32(index), by: "rule:square-off"))
                } else {
                    waiting.insert(pair)
                }
            }
        }
        var held: [Int64: Int64] = [:]
        for (account, instrument, quantity) in holdings(of: scope) {
            held[key(account, instrument)] = quantity
            pairs.append(key(account, instrument))
        }
        var seen: Set<Int64> = []
        return pairs.filter { seen.insert($0).inserted }.map { pair in
            let (account, instrument) = (Int32(pair >> 32), Int32(truncatingIfNeeded: pair & 0xffff_ffff))
            let quantity = held[pair] ?? 0
            let next: SquareOffTask.Next =
                if let events = cancels[pair] {
                    .cancel(events)
                } else if closing.contains(pair) {
                    .wait
                } else if quantity == 0 {
                    waiting.contains(pair) ? .wait : .flat
                } else {
                    close(account, instrument, quantity, squareOff, now: now)
                }
            return SquareOffTask(account: account, instrument: instrument, quantity: quantity, next: next)
        }
    }

    /// What a scope holds. Of a group or strategy: what its own runs made, as far as the account still holds it.
    private func holdings(of scope: Scope) -> [(account: Int32, instrument: Int32, quantity: Int64)] {
        func attributed(_ owner: Int32?) -> [(Int32, Int32, Int64)] {
            guard let owner else { return [] }
            return attribution.positions(of: owner).compactMap { own in
                guard let whole = book.position(own.account, own.instrument)?.quantity, own.quantity != 0,
                    whole != 0, (whole > 0) == (own.quantity > 0)
                else { return nil }
                let size = min(whole.magnitude, own.quantity.magnitude)
                return (own.account, own.instrument, whole > 0 ? Int64(size) : -Int64(size))
            }
        }
        switch scope.kind {
        case .group: return attributed(GroupID(scope.id).flatMap { groupNumbers[$0] }.map(AttributionBook.group))
        case .strategy: return attributed(attribution.strategyNumber(scope.id).map(AttributionBook.strategy))
        case .firm, .account, .adapter, .instrument:
            let pattern = scope.kind == .instrument ? InstrumentPattern(scope.id) : nil
            return book.positions.compactMap { position in
                let account = accounts[Int(position.account)].account
                let isIn =
                    switch scope.kind {
                    case .account: account.id.rawValue == scope.id
                    case .adapter: account.adapter.rawValue == scope.id
                    case .instrument: pattern?.matches(instruments[Int(position.instrument)].id) ?? false
                    default: true
                    }
                guard isIn, position.quantity != 0 else { return nil }
                return (position.account, position.instrument, position.quantity)
            }
        case .key, .order: return []
        }
    }

    private func close(
        _ account: Int32, _ number: Int32, _ quantity: Int64, _ squareOff: SquareOff, now: Timestamp
    ) -> SquareOffTask.Next {
        guard let position = book.position(account, number) else { return .flat }
        let instrument = instruments[Int(number)].instrument
        let side = quantity > 0 ? Side.sell : .buy
        let whole = Int64(clamping: position.quantity.magnitude)
        let room = saturatingDifference(whole, side == .sell ? position.openSell : position.openBuy)
        let size = min(Int64(clamping: quantity.magnitude), room) / instrument.lot * instrument.lot
        guard size > 0 else {
            return Int64(clamping: quantity.magnitude) < instrument.lot ? .remainder : .wait
        }
        guard let product = position.product else {
            return .blocked("the product of the position is not known: close it by an order that names its product")
        }
        let reference = inputs.reference(number)
        if let collar = collar(account, number), collar.basisPoints != AccountLimits.unlimited {
            guard reference.points > 0, now.since(reference.at) <= collar.maximumAge else {
                return .blocked(
                    reference.points > 0
                        ? "the reference price is too old" : "no reference price is known")
            }
        }
        var order = closingOrder(account, number, side, size, product)
        if squareOff.scope.kind == .strategy { order.strategy = squareOff.scope.id }
        order.tag = "square-off q\(squareOff.id)"
        return .close(order)
    }

    /// An order that closes: limited at the far side of the account's collar where there is a reference price, within the
    /// day's range, else at market.
    func closingOrder(
        _ account: Int32, _ number: Int32, _ side: Side, _ quantity: Int64, _ product: Product
    ) -> ParentOrder {
        let entry = instruments[Int(number)]
        let instrument = entry.instrument
        var order = ParentOrder(
            target: .account(accounts[Int(account)].account.id), symbol: entry.id, side: side, orderType: .market,
            product: product)
        order.quantity = instrument.quantity(quantity)
        order.timeInForce = .day
        let reference = inputs.reference(number).points
        guard reference > 0, let collar = collar(account, number) else { return order }
        guard collar.basisPoints != AccountLimits.unlimited,
            let band = scaled(reference, collar.basisPoints, over: 10_000)
        else { return order }
        let far =
            side.isBuy
            ? min(saturatingSum(reference, band), instrument.priceHigh) : max(reference - band, instrument.priceLow)
        order.orderType = .limit
        order.limitPrice = instrument.price(
            max(entry.tick(at: 0), side.isBuy ? entry.roundedDown(far) : entry.roundedUp(max(0, far))))
        return order
    }
}
