import Domain
import Foundation
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

@Suite("Lanes on threads")
struct LaneTests {
    private func host(_ workshop: Workshop, _ ids: [String]) throws -> AdapterHost {
        for id in ids {
            try workshop.install(id)
            try workshop.manifest(id)
        }
        let host = workshop.host()
        try host.load()
        return host
    }

    private func account(_ name: String, _ adapter: String, login: String? = nil) throws -> Account {
        Account(
            id: AccountID(unchecked: name), adapter: try #require(AdapterID(adapter)), login: login ?? name,
            currency: Currency(packed: 0x494E52))
    }

    @Test("Orders given from many threads come back exactly once each")
    func manyThreads() async throws {
        let workshop = try Workshop()
        let host = try host(workshop, ["scripted"])
        let (stream, finished) = AsyncStream.makeStream(of: Void.self)
        let count = NIOLockedValueBox(0)
        let recorder = Recorder { _, events in
            let now = count.withLockedValue { count in
                for case .submitted in events { count += 1 }
                return count
            }
            if now == 8_000 { finished.yield() }
        }
        let made = host.makeSessions(
            for: try (0..<4).map { try account("A\($0)", "scripted") }, services: SessionServices(), delegate: recorder)
        for session in made.sessions { _ = session.open() }
        let stage = try Stage()
        let orders = (0..<8_000).map { _ in stage.order("accept") }
        DispatchQueue.concurrentPerform(iterations: 8) { worker in
            for index in stride(from: worker, to: orders.count, by: 8) {
                _ = made.sessions[index % 4].submit(orders[index])
            }
        }
        for await _ in stream { break }
        #expect(Set(recorder.submitted.map(\.id)).count == 8_000)
        #expect(recorder.submitted.allSatisfy { $0.outcome == .accepted })
    }

    @Test("A hung adapter delays nobody else, shows where it hangs, and does not hold up the end")
    func hungAdapter() async throws {
        let workshop = try Workshop()
        let host = try host(workshop, ["stuck", "quick"])
        let gate = "\(workshop.root)/gate"
        let (stream, finished) = AsyncStream.makeStream(of: Void.self)
        let recorder = Recorder { session, events in
            for case .submitted in events where session.adapter.id.rawValue == "quick" { finished.yield() }
        }
        let made = host.makeSessions(
            for: [try account("S", "stuck"), try account("Q", "quick")], services: SessionServices(), delegate: recorder
        )
        for session in made.sessions { _ = session.open() }
        let (stuck, quick) = (made.sessions[0], made.sessions[1])
        let stage = try Stage()
        _ = stuck.submit(stage.order("hang:\(gate)"))
        while stuck.health.currentCall?.function != .submit {}
        _ = quick.submit(stage.order("accept"))
        for await _ in stream { break }
        let call = try #require(stuck.health.currentCall)
        #expect(SystemLaneClock.shared.monotonic() >= call.since)
        let missing = await host.shutdown(grace: .milliseconds(200))
        #expect(missing.map(\.adapter.rawValue) == ["stuck"])
        try workshop.write("", to: gate)
    }

    @Test("A parked worker wakes for a timer that is due")
    func timerWakes() async throws {
        let workshop = try Workshop()
        let host = try host(workshop, ["scripted"])
        let (stream, finished) = AsyncStream.makeStream(of: Void.self)
        let recorder = Recorder { _, events in
            for case .submitted in events { finished.yield() }
        }
        let made = host.makeSessions(
            for: [try account("A", "scripted")], services: SessionServices(), delegate: recorder)
        let session = try #require(made.sessions.first)
        _ = session.open()
        let stage = try Stage()
        _ = session.submit(stage.order("later"))
        for await _ in stream { break }
        #expect(recorder.submitted.first?.brokerOrderID == "later")
        let times = try #require(recorder.submitted.first?.times)
        #expect(times.acked - times.dispatched >= 1_000_000)
    }

    @Test("shutdown closes every session and stops the threads")
    func shutdown() async throws {
        let workshop = try Workshop()
        let host = try host(workshop, ["one", "two"])
        let recorder = Recorder()
        let made = host.makeSessions(
            for: try (0..<6).map { try account("A\($0)", $0 % 2 == 0 ? "one" : "two") }, services: SessionServices(),
            delegate: recorder)
        for session in made.sessions { _ = session.open() }
        #expect(await host.shutdown() == [])
        #expect(host.sessions.isEmpty)
        #expect(made.sessions.allSatisfy { $0.status.state == .closed })
        let late = host.makeSessions(for: [try account("L", "one")], services: SessionServices(), delegate: recorder)
        #expect(late.refusals.first?.code == "session.closed")
    }

    @Test("A seed of wakes and times gives the same turns in every run", arguments: 0..<20 as Range<UInt64>)
    func deterministic(seed: UInt64) throws {
        func run() throws -> [String] {
            let stage = try Stage()
            let random = SeededLaneRandom(seed: seed)
            var log: [String] = []
            for _ in 0..<40 {
                var byte: [UInt8] = [0]
                byte.withUnsafeMutableBytes { random.fill($0) }
                switch byte[0] % 4 {
                case 0: _ = stage.session.submit(stage.order("accept"))
                case 1: _ = stage.session.submit(stage.order("fill"))
                case 2: _ = stage.session.submit(stage.order("reject", deadline: stage.clock.monotonic() + 500))
                default:
                    stage.clock.advance(by: Int64(byte[0]) * 10)
                    stage.lanes.runUntilIdle()
                }
            }
            stage.lanes.runUntilIdle()
            for event in stage.recorder.events { log.append("\(event)") }
            return log
        }
        let first = try run()
        #expect(try run() == first)
        #expect(!first.isEmpty)
    }
}
