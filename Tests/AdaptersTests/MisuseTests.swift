import CHost
import CSluice
import Domain
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

@Suite("An adapter that breaks the contract is told so, counted, and harms nobody")
struct MisuseTests {
    @Test("The second completion of a token is refused and counted; the first stands")
    func doubleCompletion() throws {
        let stage = try Stage()
        try stage.submit("double")
        #expect(stage.said("status") == -6)
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
        #expect(stage.session.health.counters.unknownTokens == 1)
    }

    @Test("A token that was never issued is refused and counted")
    func strayCompletion() throws {
        let stage = try Stage()
        try stage.submit("stray")
        #expect(stage.said("status") == -6)
        #expect(stage.recorder.submitted.count == 1)
        #expect(stage.session.health.counters.unknownTokens == 1)
    }

    @Test("A call from another thread does nothing and poisons the session; what reduces risk goes on")
    func wrongLane() throws {
        let stage = try Stage()
        try stage.submit("thread")
        #expect(stage.said("status") == -4)
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
        #expect(stage.session.health.counters.wrongLaneCalls == 1)
        #expect(stage.recorder.poisons.count == 1)
        #expect(stage.session.status.isPoisoned)
        stage.recorder.clear()
        try stage.submit("accept")
        try stage.submit("accept", flags: .closing)
        _ = stage.session.cancel(CancelCommand(id: 1, reference: OrderReference(accountIndex: 0, brokerOrderID: "x")))
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.map(\.outcome) == [.notSent, .accepted])
        #expect(stage.recorder.submitted.first?.cause == .poisoned)
        #expect(stage.recorder.canceled.map(\.outcome) == [.accepted])
    }

    @Test("A function that fails poisons the session at once")
    func internalFailure() throws {
        let stage = try Stage()
        try stage.submit("internal")
        #expect(stage.recorder.submitted.first?.outcome == .notSent)
        #expect(stage.session.status.isPoisoned)
    }

    @Test("A thousand breaches poison the session, once")
    func manyBreaches() throws {
        let stage = try Stage()
        for _ in 0..<400 { try stage.submit("bad-span") }  // five refusals each
        #expect(stage.recorder.poisons.count == 1)
        #expect(stage.session.health.counters.breaches >= 1000)
    }

    @Test("Spans are refused for their stride, size, pointer and alignment; an empty one is nothing")
    func spans() throws {
        let stage = try Stage()
        try stage.submit("bad-span")
        for name in ["stride", "huge", "null", "odd", "zero"] { #expect(stage.said(name) == -2, "\(name)") }
        #expect(stage.said("empty") == 0)
        #expect(stage.recorder.orders.isEmpty)
    }

    @Test("A report with a broken field is refused whole, with everything of its call")
    func brokenReports() throws {
        let stage = try Stage()
        try stage.submit("bad-decimal")
        #expect(stage.said("order") == -2)
        try stage.submit("bad-side")
        #expect(stage.said("trade") == -2)
        #expect(stage.said("negative") == -2)
        try stage.submit("half")
        #expect(stage.said("order") == -2)
        #expect(stage.recorder.orders.isEmpty)
        #expect(stage.recorder.executions.isEmpty)
        #expect(stage.recorder.submitted.count == 3)
    }

    @Test("A state that this host does not know is other, and nothing is concluded from it")
    func oddState() throws {
        let stage = try Stage()
        try stage.submit("odd-state")
        #expect(stage.recorder.orders.first?.state == .other)
        #expect(stage.recorder.orders.first?.reason?.text?.contains("99") == true)
    }

    @Test("Timers have a bound, and cancelled ones leave no trace")
    func timerFlood() throws {
        let stage = try Stage()
        try stage.submit("timers")
        #expect(stage.said("count") == 4096)
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
        #expect(stage.session.health.counters.quotaRefusals == 1)
    }

    @Test("Durable bytes have a quota by account; what is over it changes nothing")
    func keyValueQuota() throws {
        let stage = try Stage(manifest: "limits: { kv_mb: 1 }\n")
        try stage.submit("kv-quota")
        #expect(stage.said("status") == -5)
        #expect(stage.said("count") == 15)  // of 65,538 bytes each in one MiB
        #expect(stage.recorder.writes.count == 15)
    }

    @Test("Log lines over the rate are dropped and counted, and no line can be forged")
    func logFlood() throws {
        let lines = NIOLockedValueBox<[String]>([])
        let logger = Logger(label: "test") { _ in Collector(lines: lines) }
        let stage = try Stage(manifest: "limits: { log_lines_per_s: 5 }\n", logger: logger)
        try stage.submit("log")
        let said = lines.withLockedValue { $0 }.filter { $0.hasPrefix("Adapter says") }
        #expect(said.count == 10)
        #expect(said.allSatisfy { !$0.contains("\n") && $0.contains("adapter.id") })
        #expect(stage.session.health.counters.droppedLogLines == 990)
    }

    @Test(
        "Slow calls are counted by both budgets",
        arguments: [("slow", 1, 0), ("overrun", 1, 1)] as [(String, UInt64, UInt64)])
    func slowCalls(run: String, slow: UInt64, overrun: UInt64) throws {
        // Time in a call is the machine's own: the session runs by the system's clock.
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest()
        let lanes = SteppedLanes(clock: SystemLaneClock.shared)
        let host = workshop.host(
            environment: LaneEnvironment(clock: SystemLaneClock.shared, random: SeededLaneRandom(seed: 1)) { _ in lanes
            })
        try host.load()
        let session = try #require(
            host.makeSessions(
                for: [Stage.account("A0", login: "l")], services: SessionServices(), delegate: Recorder()
            ).sessions.first)
        _ = session.open()
        let stage = try Stage()
        _ = session.submit(stage.order(run))
        lanes.runUntilIdle()
        #expect(session.health.counters.slowCalls >= slow)
        #expect(session.health.counters.overrunCalls >= overrun)
        #expect(session.health.counters.longestCallNanoseconds >= 3_000_000)
    }

    @Test("destroy emits nothing: the host is closed to it, and to every later call")
    func destroyIsSilent() throws {
        let stage = try Stage()
        let before = stage.session.health.metrics["destroyed"]
        stage.host.close(stage.session)
        stage.lanes.runUntilIdle()
        #expect(before == nil)
        #expect(stage.session.health.metrics["destroyed"] == nil)
        #expect(stage.recorder.states.last == .closed)
    }

    @Test("A host table answers wrong lane to whoever calls without a lane call, also after the session")
    func tableOutlivesSession() throws {
        var table: UnsafeMutablePointer<sluice_host>?
        do {
            let shared = SessionShared()
            table = shared.table
        }
        let host = try #require(table)
        var timer: UInt64 = 0
        #expect(host.pointee.now(host) == .min)
        #expect(host.pointee.timer_after(host, 1, 1, &timer) == SLUICE_ERR_WRONG_LANE)
        #expect(host.pointee.complete(host, 1, nil) == SLUICE_ERR_WRONG_LANE)
        #expect(host.pointee.get_extension(host, sluice_str()) == nil)
        #expect(timer == 0)
    }

    @Test("session_create may call no host function, and its refusal says why")
    func creation() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest()
        let host = workshop.host()
        try host.load()
        let made = host.makeSessions(
            for: [Stage.account("A", login: "refused"), Stage.account("B", login: "eager")],
            services: SessionServices(), delegate: Recorder())
        #expect(made.sessions.isEmpty)
        #expect(made.refusals.map(\.code) == ["session.refused", "session.create_called_host"])
        #expect(made.refusals.first?.reason.contains("no such login") == true)
    }
}

struct Collector: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        lines.withLockedValue { $0.append("\(event.message) \(all.map { "\($0.key)=\($0.value)" }.sorted())") }
    }
}
