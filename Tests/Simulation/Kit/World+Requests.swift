import Domain
import Engine
import Gateway

/// What clients asked, and what they were told.
struct RequestLog {
    struct Placed {
        let key: String
        let order: ParentOrder
        /// The run that an answer named. Durable by promise: every later answer names it too.
        var run: RunID?
        var isInFlight = true
    }
    var placed: [Placed] = []
    var runs: [RunID] = []
    var nextKey = 0

    mutating func key() -> String {
        nextKey += 1
        return "k\(nextKey)"
    }
}

extension World {
    static let caller = Caller(keyID: "client", person: "client", authority: .everything)

    /// Starts a request as a task of the executor; what it says counts only while the gateway that was asked lives.
    func ask(_ name: @autoclosure () -> String, _ body: @escaping @Sendable (Gateway) async -> Void) {
        guard let life else { return }
        trace.note("ask \(name())")
        let gateway = life.gateway
        Task(executorPreference: executor) { await body(gateway) }
    }

    func isAlive(_ gateway: Gateway) -> Bool { life?.gateway === gateway }

    // MARK: Orders

    func placeSomething() {
        let order = someOrder()
        let key = requests.key()
        requests.placed.append(RequestLog.Placed(key: key, order: order))
        send(requests.placed.count - 1, order)
    }

    /// Repeats an earlier request: with its body, or with another one under its key.
    func repeatSomething() {
        guard !requests.placed.isEmpty else { return }
        let index = dice.index(below: requests.placed.count)
        var order = requests.placed[index].order
        if dice.chance(300) {
            guard requests.placed[index].run != nil else { return }
            order.tag = "another"
        }
        requests.placed[index].isInFlight = true
        send(index, order)
    }

    private func send(_ index: Int, _ order: ParentOrder) {
        let key = requests.placed[index].key
        let isSame = order == requests.placed[index].order
        let idempotency = Idempotency(key: key, fingerprint: Array("\(order)".utf8))
        let wait = dice.weighted([(WaitLevel.durable, 6), (.acked, 2), (.done, 2)])
        let receivedAt = clock.now()
        ask("\(key): \(order.side?.rawName ?? "") \(order.quantity?.description ?? "") \(order.symbol) \(order.target)")
        {
            [unowned self] gateway in
            do throws(GatewayError) {
                let answer = try await gateway.place(
                    order, by: World.caller, idempotency: idempotency, receivedAt: receivedAt, wait: wait,
                    timeoutMilliseconds: 5_000)
                if isAlive(gateway) { answered(index, answer, isSame: isSame) }
            } catch {
                if isAlive(gateway) { refused(index, error, isSame: isSame) }
            }
        }
    }

    private func answered(_ index: Int, _ answer: Gateway.Placement, isSame: Bool) {
        let key = requests.placed[index].key
        requests.placed[index].isInFlight = false
        trace.note("answer \(key): \(answer.run.id?.description ?? "-") \(answer.run.status)")
        guard let run = answer.run.id else { return violate("V13: \(key) was answered without a run") }
        if !isSame { violate("V13: \(key) with another body was answered \(run)") }
        if let known = requests.placed[index].run, known != run {
            violate("V13: \(key) was answered \(known) before and \(run) now")
        }
        if auditor.engine.runs[run] == nil { violate("V13: \(key) was answered \(run), which is not durable") }
        requests.placed[index].run = run
        if !requests.runs.contains(run) { requests.runs.append(run) }
    }

    private func refused(_ index: Int, _ error: GatewayError, isSame: Bool) {
        trace.note("answer \(requests.placed[index].key): \(error)".prefix(160).description)
        requests.placed[index].isInFlight = false
        if case .keyReused = error, isSame {
            violate("V13: \(requests.placed[index].key) with the same body was called another request")
        }
    }

    private func someOrder() -> ParentOrder {
        let symbol = World.symbols[dice.index(below: World.symbols.count)]
        let isGroup = dice.chance(500)
        let account = plan.accounts[dice.index(below: plan.accounts.count)].id
        let isLimit = dice.chance(700)
        var order = ParentOrder(
            target: isGroup ? .group(GroupID(unchecked: WorldPlan.group)) : .account(AccountID(unchecked: account)),
            symbol: InstrumentID(canonical: symbol), side: dice.chance(500) ? .buy : .sell,
            orderType: isLimit ? .limit : .market, product: .intraday)
        let most = isGroup ? Int64(plan.accounts.count) * plan.positionLimit : plan.positionLimit
        order.quantity = ExactDecimal(dice.number(1...max(2, most * 2 / 3)))
        let price = (exchange.prices[symbol] ?? 10_000) + dice.number(-40...40)
        if isLimit { order.limitPrice = ExactDecimal(mantissa: Int128(price), exponent: -2) }
        order.deadlineMilliseconds = dice.weighted([(10_000, 6), (500, 1), (60_000, 1)])
        if isGroup { order.onLegFailure = dice.weighted([(.leave, 4), (.cancelRest, 2), (.unwind, 2)]) }
        if dice.chance(150) { order.mode = .allOrNone }
        order.isReduceOnly = false
        return order
    }

    func previewSomething() {
        guard let life else { return }
        _ = try? life.gateway.preview(someOrder(), by: World.caller, receivedAt: clock.now())
    }

    func cancelSomething() {
        guard let run = dice.pick(requests.runs) else { return }
        let leg = dice.chance(300) ? 0 : nil
        let idempotency = Idempotency(key: requests.key(), fingerprint: [1])
        ask("cancel \(run) \(leg.map(String.init) ?? "")") { gateway in
            _ = try? await gateway.cancel(run, leg: leg, by: World.caller, idempotency: idempotency)
        }
    }

    func modifySomething() {
        guard let run = dice.pick(requests.runs), let known = auditor.engine.runs[run], !known.legs.isEmpty else {
            return
        }
        let leg = dice.index(below: known.legs.count)
        let quantity = dice.chance(800) ? ExactDecimal(dice.number(1...plan.positionLimit)) : nil
        let price =
            dice.chance(500) ? ExactDecimal(mantissa: Int128(10_000 + dice.number(-60...60)), exponent: -2) : nil
        guard quantity != nil || price != nil else { return }
        let idempotency = Idempotency(key: requests.key(), fingerprint: [2])
        ask("modify \(run) \(leg) to \(quantity?.description ?? "-") \(price?.description ?? "-")") { gateway in
            _ = try? await gateway.modify(
                LegID(run: run, index: leg), OrderChanges(quantity: quantity, limitPrice: price), by: World.caller,
                idempotency: idempotency)
        }
    }

    // MARK: Persons

    /// An operator closes a session and opens another for its accounts, perhaps at once.
    func reconnectSomething() {
        guard let life else { return }
        let name = plan.accounts[dice.index(below: plan.accounts.count)].id
        trace.note("reconnect \(name)")
        if dice.chance(500) { life.gateway.disconnect(AccountID(unchecked: name)) }
        life.gateway.connect(life.gateway.accounts(), adapters: life.adapters)
    }

    /// A graceful stop: what was not handed over is withdrawn, and the last batch is written.
    func stop() {
        guard let life else { return }
        ask("stop") { gateway in await gateway.drain() }
        var left = 100
        repeat { left -= 1 } while left > 0 && (executor.step() || life.gateway.commitStep())
        if left == 0 { violate("V10: a graceful stop never ends") }
        crash()
    }

    private func someScope() -> Scope {
        switch dice.index(below: 4) {
        case 0: .firm
        case 1: Scope(kind: .group, id: WorldPlan.group)
        case 2: Scope(kind: .instrument, id: World.symbols[dice.index(below: World.symbols.count)])
        default: Scope(kind: .account, id: plan.accounts[dice.index(below: plan.accounts.count)].id)
        }
    }

    func setSomeState(_ status: TradingStatus) {
        let scope = someScope()
        let cancels = dice.chance(500)
        ask("\(status.rawName) \(scope)") { gateway in
            _ = try? await gateway.setTradingState(
                scope, status, reason: "simulation", by: "ann", cancelWorking: cancels)
        }
    }

    func resumeAll() {
        guard let life else { return }
        for change in life.gateway.tradingStates() {
            let scope = change.scope
            ask("resume \(scope)") { gateway in
                _ = try? await gateway.setTradingState(
                    scope, .active, reason: "simulation", by: "ann", cancelWorking: false)
            }
        }
    }

    func squareSomethingOff() {
        let scope = someScope()
        let idempotency = Idempotency(key: requests.key(), fingerprint: [3])
        ask("square off \(scope)") { gateway in
            _ = try? await gateway.squareOff(
                scope, reason: "simulation", by: World.caller, idempotency: idempotency)
        }
    }

    func cancelSomeSquareOff() {
        guard let id = dice.pick(auditor.engine.squareOffs.active)?.id else { return }
        ask("cancel square-off q\(id)") { gateway in
            _ = try? await gateway.cancelSquareOff("q\(id)", reason: "simulation", by: "ann")
        }
    }
}
