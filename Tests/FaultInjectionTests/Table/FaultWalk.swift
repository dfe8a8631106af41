import CBrokerBook
import Domain
import Engine
import Foundation
import Gateway
import Store
import Testing

/// The walk of one cell: two orders on two accounts, one at the market and one that rests, a comparison, a session that ends
/// and comes again, a cancel; then, after a restart over an honest adapter, everything against the broker's books.
struct FaultWalk {
    let workplace: Workplace
    let fixture: FaultFixture
    let cell: FaultCell

    init(_ fixture: FaultFixture, _ cell: FaultCell) throws {
        workplace = try Workplace()
        (self.fixture, self.cell) = (fixture, cell)
    }

    func run() async throws {
        if cell.fault == .crash { return try await runCrash() }
        let store = try Store(directory: workplace.directory("data"))
        try FaultWorld.prepare(store, workplace.path)
        let world = try FaultWorld(workplace.path, store, fixture, cell: cell)
        let (first, second) = walk(world)
        #expect(end(world, first, second) == cell.end)
        expectSteady(world, first, second)
        #expect(world.book.pointee.strikes == 1, "the fault must strike")
        world.stop()
        #expect(world.takeFailures().isEmpty)
        if cell.fault == .callbackAfterEnd {
            #expect(world.book.pointee.late_refused >= 2 && world.book.pointee.late_taken == 0)
        }
        _ = try restart(store, at: world.clock.wall())
        try store.close()
        try check()
    }

    /// The library crashes in the host's own process: the host is gone, and a restart knows what was sent.
    private func runCrash() async throws {
        let signals: [CInt] = [SIGSEGV, SIGABRT, SIGILL]
        await #expect(processExitsWith: .signal(signals[Int(cell.phase.rawValue % 3)])) {
            [
                phase = cell.phase.rawValue as UInt32, path = workplace.path as String,
                adapters = fixture.adapters as String, data = fixture.data as String
            ] in
            let store = try Store(directory: "\(path)/data")
            try FaultWorld.prepare(store, path)
            let cell = FaultCell(fault: .crash, phase: try #require(Phase(rawValue: phase)), end: "")
            let fixture = FaultFixture(adapters: adapters, data: data)
            let world = try FaultWorld(path, store, fixture, cell: cell)
            _ = FaultWalk.walk(world, cell)
        }
        let store = try Store(directory: workplace.directory("data"))
        let found = try restart(store, at: Timestamp(nanoseconds: 1_767_225_700_000_000_000))
        #expect(found == cell.end)
        try store.close()
        try check()
    }

    private func walk(_ world: FaultWorld) -> (RunID?, RunID?) { Self.walk(world, cell) }

    static func walk(_ world: FaultWorld, _ cell: FaultCell) -> (RunID?, RunID?) {
        world.pass(3, milliseconds: 1)
        for phase in [Phase.submit, .ack, .fill] { world.arm(phase) }
        let first = world.place("100", key: "first")
        if cell.fault == .cancelFillRace, cell.phase.rawValue <= Phase.fill.rawValue {
            for _ in 0..<5 where world.book.pointee.strikes == 0 { world.pass(1, milliseconds: 1) }
            world.cancel(first, leg: 0, key: "race")
        }
        pass(world, cell)
        let second = world.place("90", key: "second")
        world.pass(5, milliseconds: 1)
        world.arm(.query)
        _ = world.ask { gateway in
            try? await gateway.reconcile([FaultWorld.faulty], authority: .everything, timeoutMilliseconds: 100)
        }
        if cell.fault == .cancelFillRace, cell.phase == .query { world.cancel(second, leg: 0, key: "race") }
        pass(world, cell)
        world.arm(.disconnect)
        world.gateway.disconnect(FaultWorld.faulty)
        pass(world, cell)
        world.pass(6, milliseconds: 1_000)
        world.arm(.connect)
        world.gateway.connect(world.gateway.accounts(), adapters: world.adapters)
        pass(world, cell)
        world.arm(.cancel)
        world.cancel(second, key: "cancel")
        pass(world, cell)
        world.pass(80, milliseconds: 1_000)
        return (first, second)
    }

    /// Lets what began come to its end; a call that hangs is let go after its time.
    private static func pass(_ world: FaultWorld, _ cell: FaultCell) {
        world.pass(10, milliseconds: 1)
        guard world.hangs, cell.fault != .hang else { return }
        if cell.fault == .slow { world.clock.advance(by: 60_000_000) } else { world.pass(25, milliseconds: 1_000) }
        world.release()
        world.pass(10, milliseconds: 1)
    }

    // MARK: What is found

    private func end(_ world: FaultWorld, _ first: RunID?, _ second: RunID?) -> String {
        let legs = [first, second].map { id -> String in
            guard let leg = leg(world, id, FaultWorld.faulty) else { return "none" }
            let over = leg.overfilledQuantity == 0 ? "" : "+\(leg.overfilledQuantity)"
            if leg.status == .refused { return "REFUSED \(leg.reject?.code ?? "")" }
            return "\(leg.status.rawName) \(leg.cumulativeQuantity)\(over)\(leg.hasAnomaly ? "!" : "")"
        }
        var words = [legs.joined(separator: ", ")]
        let session = world.gateway.session(of: FaultWorld.faulty)?.session
        let state =
            session.map { "\($0.status.state.rawName)\($0.status.isPoisoned ? " poisoned" : "")" } ?? "no session"
        words.append(world.hangs ? "hangs" : state)
        if let noticed = noticed(world) { words.append(noticed) }
        return words.joined(separator: "; ")
    }

    /// What the host counted against the adapter.
    private func noticed(_ world: FaultWorld) -> String? {
        guard let counters = world.adapters.statuses.first(where: { $0.id == "faulty" })?.counters else { return nil }
        let words = [
            ("breach", counters.breaches), ("wrong lane", counters.wrongLaneCalls), ("stray", counters.unknownTokens),
            ("late", counters.lateCompletions), ("deadline", counters.deadlines), ("overrun", counters.overrunCalls),
        ].filter { $0.1 > 0 }.map(\.0)
        return words.isEmpty ? nil : words.joined(separator: " ")
    }

    private func leg(_ world: FaultWorld, _ id: RunID?, _ account: AccountID) -> RunSnapshot.Leg? {
        guard let id else { return nil }
        return world.gateway.inspect { engine, _ in
            engine.snapshot(of: id)?.legs.first { $0.account == account }
        }
    }

    /// V19: the account beside it has not noticed. A clock that jumps is everyone's: what is told of it is the same here.
    private func expectSteady(_ world: FaultWorld, _ first: RunID?, _ second: RunID?) {
        let legs = [first, second].compactMap { leg(world, $0, FaultWorld.steady) }
        let beside = [first, second].compactMap { leg(world, $0, FaultWorld.faulty)?.status }
        #expect(legs.map(\.status) == (cell.fault == .clockJump ? beside : [.filled, .canceled]))
        #expect(legs.allSatisfy { !$0.hasAnomaly && $0.times.acknowledged - $0.times.queued <= 2_000_000 })
        #expect(world.gateway.session(of: FaultWorld.steady)?.session.status.state == .ready)
    }

    /// The operator puts an honest adapter in its place: nothing stays open, nothing was doubled, the position is the
    /// broker's.
    /// - Returns: how the first two runs stand.
    private func restart(_ store: Store, at time: Timestamp) throws -> String {
        let world = try FaultWorld(workplace.path, store, fixture, cell: nil, at: time.advanced(by: 1_000_000_000))
        world.pass(10, milliseconds: 1)
        world.pass(20, milliseconds: 1_000)
        let live = world.gateway.inspect { engine, _ in engine.runs.live.map(\.id) }
        for run in live { world.cancel(run, key: "after \(run)") }
        world.pass(8, milliseconds: 500)
        let book = world.book.pointee
        let truth = withUnsafeBytes(of: book.trades) { bytes in
            bytes.bindMemory(to: book_trade.self).prefix(Int(book.trade_count)).reduce(Int64(0)) { $0 + $1.quantity }
        }
        let copies = withUnsafeBytes(of: book.orders) { bytes in
            bytes.bindMemory(to: book_order.self).prefix(Int(book.order_count)).map(\.copies)
        }
        #expect(copies.allSatisfy { $0 == 1 }, "V8: \(copies)")
        world.gateway.inspect { engine, _ in
            for run in engine.runs.live { Issue.record("V10: \(run.id) is open: \(run.orders.map(\.status))") }
            let number = engine.accountNumber(FaultWorld.faulty).flatMap { account in
                engine.instrumentNumber(FaultWorld.symbol).flatMap { engine.book.position(account, $0) }
            }
            #expect(number?.quantity ?? 0 == truth, "V5")
        }
        let found = end(world, RunID(number: 1), RunID(number: 2))
        world.stop()
        #expect(world.takeFailures().isEmpty)
        return found
    }

    private func check() throws {
        let report = try DirectoryCheck.run(workplace.directory("data"))
        #expect(report.isSound, "\(report.items.filter { $0.verdict == .failed })")
    }
}
