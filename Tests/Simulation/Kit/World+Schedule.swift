import Domain

extension World {
    private enum Step {
        case job, commit, dispatch, tick, lane
        case moment, pause, long
        case place, again, cancel, modify, halt, reduce, resume, squareOff, cancelSquareOff
        case preview, reconnect, price, crash, stop, diskFault, diskCrash, clockJump
    }

    private static let steps: [(Step, Int)] = [
        (.job, 220), (.commit, 160), (.dispatch, 40), (.tick, 120), (.lane, 280), (.moment, 120), (.pause, 60),
        (.long, 6), (.place, 70), (.again, 12), (.cancel, 16), (.modify, 20), (.halt, 3), (.reduce, 3), (.resume, 6),
        (.squareOff, 3), (.cancelSquareOff, 1), (.preview, 4), (.reconnect, 2), (.price, 60),
    ]

    /// Everything: the storm, then the calm, then the checks.
    /// - Returns: what was violated, named by the invariant; empty = all held.
    package func run() -> [String] {
        boot()
        let odds =
            World.steps + [(.crash, plan.crashes), (.diskFault, plan.diskFaults), (.diskCrash, plan.crashes / 2)]
            + [(.stop, plan.crashes / 4), (.clockJump, plan.clockJumps)]
        while stepCount < plan.steps, violations.isEmpty {
            stepCount += 1
            if life == nil { boot() }
            take(dice.weighted(odds))
            if stepCount % 16 == 0 { checkReplay() }
        }
        if violations.isEmpty { calmDown() }
        if violations.isEmpty { checkAgainstExchange() }
        close()
        return violations
    }

    private func take(_ step: Step) {
        guard let life else { return }
        switch step {
        case .job: _ = executor.step()
        case .commit: life.gateway.commitStep()
        case .dispatch: life.gateway.dispatchStep()
        case .tick: life.gateway.tick()
        case .lane: laneStep()
        case .moment: advance(by: dice.number(10_000...20_000_000))
        case .pause: advance(by: dice.number(20_000_000...900_000_000))
        case .long:
            auditor.isDisturbed = true
            advance(by: dice.number(1_000_000_000...25_000_000_000))
        case .place: placeSomething()
        case .again: repeatSomething()
        case .cancel: cancelSomething()
        case .modify: modifySomething()
        case .halt: setSomeState(.halted)
        case .reduce: setSomeState(.reducing)
        case .resume: resumeAll()
        case .squareOff: squareSomethingOff()
        case .cancelSquareOff: cancelSomeSquareOff()
        case .preview: previewSomething()
        case .reconnect: reconnectSomething()
        case .clockJump: clock.jump(to: dice.number(-3_000_000_000...3_000_000_000))
        case .stop: stop()
        case .price: movePrice()
        case .crash: crash()
        case .diskFault: disk.fate = dice.chance(500) ? .fails : .failsLate
        case .diskCrash:
            // The power goes while the batch is written: it is there or not, and nobody was told.
            disk.fate = dice.chance(500) ? .fails : .failsLate
            life.gateway.commitStep()
            crash()
        }
        // An operator sees that the disk failed, sooner or later.
        if disk.hasFailed, self.life != nil, dice.chance(60) { crash() }
    }

    private func movePrice() {
        let symbol = World.symbols[dice.index(below: World.symbols.count)]
        let price = max(100, (exchange.prices[symbol] ?? 10_000) + dice.number(-25...25))
        exchange.move(symbol, to: price)
        publish(symbol)
    }

    @discardableResult
    func laneStep() -> Bool {
        guard let life else { return false }
        let first = dice.index(below: life.lanes.count)
        for offset in life.lanes.indices where life.lanes[(first + offset) % life.lanes.count].step() { return true }
        return false
    }

    // MARK: The calm

    /// Nothing goes wrong any more and nobody asks for anything: time passes until everything has come to its end.
    private func calmDown() {
        trace.note("calm")
        isQuiet = true
        exchange.rates = [:]
        disk.fate = .works
        if disk.hasFailed { crash() }
        if life == nil { boot() }
        let start = clock.nanoseconds
        var rested = 0
        for round in 0..<1_000 where violations.isEmpty {
            settleDown()
            rested = round > 50 && isAtRest ? rested + 1 : 0
            if rested > 8 { break }
            // An operator connects what another has disconnected.
            if round % 20 == 0, let life { life.gateway.connect(life.gateway.accounts(), adapters: life.adapters) }
            advance(by: round < 20 ? 50_000_000 : 1_000_000_000)
            if round % 5 == 0 { movePrice() }
            // The day ends: what still rests at the brokers goes.
            if round == 50 || round % 200 == 199 {
                for number in exchange.orders.indices { exchange.end(number, .expired) }
            }
        }
        trace.note("calm for \((clock.nanoseconds - start) / 1_000_000_000) s")
    }

    /// Everything that can be done at this instant.
    private func settleDown() {
        guard let life else { return }
        var left = 2_000
        life.gateway.tick()
        repeat {
            left -= 1
        } while left > 0 && (executor.step() || life.gateway.commitStep() || laneStep())
        if left == 0 { violate("V10: the gateway never rests") }
    }

    /// Nothing is live but what a person has to settle.
    private var isAtRest: Bool {
        let engine = auditor.engine
        return engine.runs.live.allSatisfy { run in
            run.orders.indices.allSatisfy { index in
                let status = run.orders[index].status
                let adapter = engine.account(of: run, order: Int32(index))?.adapter.rawValue
                return status.isTerminal || (status == .unknown && adapter == TagBroker.id)
            }
        }
    }
}
