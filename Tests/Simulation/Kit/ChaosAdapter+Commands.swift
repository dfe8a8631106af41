import AdapterKit
import Exact

extension ChaosAdapter {
    /// What becomes of one request.
    enum Fate {
        case plain, lostRequest, lostReply, slow, refused, throttled, notSent, disconnect, lateReject, race
    }

    private func fate(isSubmit: Bool) -> Fate {
        let rates = rates
        var odds: [(Fate, Int)] = [
            (.lostRequest, rates.lostRequest), (.lostReply, rates.lostReply), (.slow, rates.slow),
            (.refused, rates.refused), (.throttled, rates.throttled), (.notSent, rates.notSent),
            (.disconnect, rates.disconnect), (isSubmit ? .lateReject : .race, isSubmit ? rates.lateReject : rates.race),
        ]
        odds.append((.plain, max(100, 1000 - odds.reduce(0) { $0 + $1.1 })))
        return exchange.dice.weighted(odds)
    }

    /// Runs `act` at the exchange and `reply` with what it said, as fate will have it.
    private func request(
        _ name: String, _ fate: Fate, _ command: Command, refusal: AdapterError,
        act: @escaping () -> Bool, reply: @escaping (Bool) -> Void
    ) {
        guard !isDead else { return }
        exchange.trace.note("  \(Kind.id): \(name) \(fate)")
        // Answers need the connection that they were asked over.
        let answer: (Int64, @escaping () -> Void) -> Void = { [unowned self] delay, body in
            if delay == 0 { body() } else { later(delay, body) }
        }
        let hangs = exchange.dice.chance(500)
        let pause = exchange.dice.time(upTo: 15_000_000_000)
        switch fate {
        case .plain, .lateReject, .race: reply(act())
        case .refused: command.reject(refusal)
        case .throttled: command.reject(AdapterError(.rateLimited, "too many requests"))
        case .notSent: command.notSent(AdapterError(.network, "no connection"))
        case .lostRequest:
            if !hangs { answer(pause) { command.unknown(AdapterError(.timeout, "no answer")) } }
        case .lostReply:
            _ = act()
            if !hangs { answer(pause) { command.unknown(AdapterError(.timeout, "no answer")) } }
        case .slow:
            // A look-up that comes after the visibility delay finds it: it is there by then.
            let travel = exchange.dice.number(0...max(1, Kind.visibilityDelay / 2))
            exchange.send(after: travel) { [weak self] in
                let answered = act()
                guard let self, !isDead, isConnected else { return }
                later(pause / 4) { reply(answered) }
            }
        case .disconnect:
            exchange.send(after: exchange.dice.number(0...max(1, Kind.visibilityDelay / 2))) { _ = act() }
            disconnect()
            if !hangs { command.unknown(AdapterError(.network, "connection reset", certainty: .unknown)) }
        }
    }

    func submit(_ order: Order, _ command: Command) {
        guard !isDead else { return }
        let (account, reference) = (accounts[order.account], order.clientReference.description)
        exchange.onSubmit(account, reference)
        let (isBuy, symbol) = (order.side == .buy, order.instrument.id)
        guard let quantity = order.quantity.scaled(to: 0, rounding: .floor).flatMap(Int64.init(exactly:)) else {
            return exchange.onViolation("a quantity of \(order.quantity) was sent")
        }
        let limit = order.price.flatMap { $0.scaled(to: -2, rounding: .floor) }.flatMap(Int64.init(exactly:))
        let fate = fate(isSubmit: true)
        let hidden = exchange.dice.number(0...max(1, Kind.visibilityDelay / 2))
        if ![.lostRequest, .refused, .throttled, .notSent].contains(fate) { exchange.expect(account, reference) }
        var number: Int?
        request(
            "submit \(account) \(reference)", fate, command, refusal: AdapterError(.funds, "not enough money"),
            act: { [exchange] in
                number = exchange.place(
                    account: account, symbol: symbol, isBuy: isBuy, quantity: quantity, limit: limit,
                    reference: reference, hiddenFor: Kind.visibilityDelay == 0 ? 0 : hidden)
                return number != nil
            },
            reply: { [exchange] isTaken in
                guard isTaken, let number else {
                    _ = command.unknown(AdapterError(.duplicate, "known already"))
                    return
                }
                command.accept(brokerOrderID: exchange.orders[number].brokerID)
            })
        if fate == .lateReject, let number {
            exchange.send(after: exchange.dice.number(1...2_000_000_000)) { [exchange] in
                exchange.end(number, .rejected)
            }
        }
    }

    private func find(_ reference: OrderReference) -> Int? {
        exchange.find(
            accounts[reference.account], reference: reference.clientReference?.description,
            brokerID: reference.brokerOrderID)
    }

    /// The name that an order has at the exchange: what the closures of a request keep of a reference.
    private func finder(_ reference: OrderReference) -> () -> Int? {
        let (account, name) = (accounts[reference.account], reference.clientReference?.description)
        let id = reference.brokerOrderID
        return { [exchange] in exchange.find(account, reference: name, brokerID: id) }
    }

    private static func final(_ isKnown: Bool) -> AdapterError {
        isKnown ? AdapterError(.alreadyFinal, "it has ended") : AdapterError(.notFound, "no such order")
    }

    func cancel(_ reference: OrderReference, _ command: Command) {
        guard !isDead else { return }
        let (find, fate) = (finder(reference), fate(isSubmit: false))
        let raced = exchange.dice.number(1...20)
        request(
            "cancel \(find().map { "X\($0)" } ?? "?")", fate, command, refusal: AdapterError(.brokerRisk, "not now"),
            act: { [exchange] in
                guard let number = find() else { return false }
                if fate == .race, let price = exchange.prices[exchange.orders[number].symbol] {
                    exchange.fill(number, raced, at: price)
                }
                return exchange.end(number, .canceled)
            },
            reply: { isDone in
                if isDone { command.accept() } else { command.reject(Self.final(find() != nil)) }
            })
    }

    func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        guard !isDead else { return }
        let (find, fate) = (finder(reference), fate(isSubmit: false))
        let name = changes.clientReference?.description ?? ""
        let wanted = changes.quantity.flatMap { $0.scaled(to: 0, rounding: .floor) }.flatMap(Int64.init(exactly:))
        let limit = changes.price.flatMap { $0.scaled(to: -2, rounding: .floor) }.flatMap(Int64.init(exactly:))
        request(
            "modify \(find().map { "X\($0)" } ?? "?") to \(wanted.map(String.init) ?? "-")", fate, command,
            refusal: AdapterError(.brokerRisk, "not now"),
            act: { [exchange] in
                guard let number = find() else { return false }
                return exchange.modify(
                    number, quantity: wanted ?? exchange.orders[number].quantity, limit: limit, reference: name)
            },
            reply: { isDone in
                if isDone {
                    command.accept(clientReference: ClientReference(name))
                } else {
                    command.reject(Self.final(find() != nil))
                }
            })
    }

    func reconcile(_ items: ReconcileItems) {
        guard !isDead else { return }
        items.each { item, command in
            let found = finder(item.reference)()
            if exchange.dice.chance(rates.hungLookup) { return }
            if exchange.dice.chance(rates.indeterminate) {
                command.indeterminate(AdapterError(.brokerUnavailable, "try again"))
                return
            }
            guard let found, exchange.orders[found].visibleAt <= now else {
                exchange.trace.note("  \(Kind.id): look-up: absent")
                command.provenAbsent()
                return
            }
            let order = exchange.orders[found]
            exchange.trace.note("  \(Kind.id): look-up: \(exchange.describe(found)) \(order.state.rawValue)")
            host.tradeUpdate(exchange.trades.filter { $0.order == found }.map(update))
            command.found(identity(order), state(order))
        }
    }

    func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) {
        guard !isDead else { return }
        guard !exchange.dice.chance(rates.hungLookup) else { return }
        command.send(funds: [
            Funds(
                account: filter.account, currency: "USD", cash: 1_000_000, available: 1_000_000, used: 0,
                equity: 1_000_000, asOf: host.now)
        ])
        command.ok()
    }
}

/// The entries, as a library would export them.
enum ChaosEntries {
    static let all: [(id: String, entry: @convention(c) (UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Int32)] = [
        (PromptBroker.id, { adapterEntry(ChaosAdapter<PromptBroker>.self, $0, $1) }),
        (TardyBroker.id, { adapterEntry(ChaosAdapter<TardyBroker>.self, $0, $1) }),
        (TagBroker.id, { adapterEntry(ChaosAdapter<TagBroker>.self, $0, $1) }),
    ]
}
