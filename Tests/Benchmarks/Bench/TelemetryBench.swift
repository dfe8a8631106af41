import Adapters
import CBench
import Domain
import Gateway
import Glibc
import NIOConcurrencyHelpers
import Synchronization
import Telemetry

/// What telemetry costs the path that it looks at: one event, a fan-out, a thousand live clients of which one is stuck.
func measureTelemetry(_ bench: Bench) async throws {
    measureCapture(bench)
    try await measureTelemetryOfFanOut(bench)
    try await measureLiveClients(bench)
}

/// An event with capture off, and on: a ring that has room, drained between the batches.
private func measureCapture(_ bench: Bench) {
    let capture = Capture()
    func record(_ calls: Int) {
        for number in 0..<calls {
            capture.record(
                {
                    var event = CaptureEvent(.answered, run: UInt64(truncatingIfNeeded: number), leg: 1)
                    (event.first, event.second) = (Int64(number), 2)
                    return event
                }())
        }
    }
    bench.report(Row("an event, capture off", bench.sample(calls: 10_000, record), budget: 10))
    capture.isOn = true
    record(1)
    _ = capture.drain { _ in }
    let batch = Capture.ringCapacity / 2
    var samples = Samples(tenths: true)
    var allocations: UInt64 = 0
    for _ in 0..<bench.size(2_000, quick: 20) {
        let before = cbench_allocations()
        let start = Clock.now()
        record(batch)
        samples.add(Clock.now() - start, over: batch)
        allocations += cbench_allocations() - before
        _ = capture.drain { _ in }
    }
    bench.report(Row("an event, capture on", samples, budget: 60))
    bench.expect(capture.dropped == 0, "\(capture.dropped) events were dropped by a ring with room")
    // Reading the clock and the samples allocate nothing either.
    bench.expect(allocations == 0, "recording allocated \(allocations) times")
}

/// The same fan-out with capture on and off by turns, so that both meet the same machine.
private func measureTelemetryOfFanOut(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let legs = 100
    let rig = try GatewayRig(directory: scratch.path, accounts: legs)
    try await rig.start()
    var (off, on) = (Samples(), Samples())
    let rounds = bench.size(600, quick: 10)
    for round in 0..<(rounds + 20) {
        usleep(2_000)
        let isOn = round % 2 == 0
        rig.runtime.telemetry.capture.isOn = isOn
        let placement = try await rig.place(rig.parent(legs: legs, side: round % 4 < 2 ? .buy : .sell))
        guard let id = placement.run.id else { throw BenchFailure("a run without an id") }
        let run = try await rig.ended(id)
        guard round >= 20 else { continue }
        let sent = (run.legs.map(\.times.dispatched).max() ?? 0) - run.receivedAt.nanoseconds
        if isOn { on.add(sent) } else { off.add(sent) }
    }
    bench.report(Row("100 legs, idle: decoded to dispatched, telemetry off", off))
    bench.report(Row("100 legs, idle: decoded to dispatched, telemetry on", on))
    let lost = (on.percentile(50) - off.percentile(50)) * 100 / max(1, off.percentile(50) / 1_000)
    bench.report(
        Row("what a fan-out loses by telemetry, per cent of its median", .count, thousandths: lost, budget: 3_000))
    let dropped = rig.runtime.telemetry.capture.dropped
    bench.expect(dropped == 0, "\(dropped) events were dropped")
    await rig.stop()
}

/// What live clients heard.
private final class Tally: Sendable {
    let heard = Atomic<Int>(0)
    let fellBehind = Atomic<Int>(0)
    /// Nanoseconds from an event's time.
    let delays = NIOLockedValueBox<[Int64]>([])
}

/// A thousand subscribers, one of which never reads: what the others, and a fan-out, notice of it.
private func measureLiveClients(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let legs = 50
    let rig = try GatewayRig(directory: scratch.path, accounts: legs)
    try await rig.start()
    func dispatched(_ rounds: Int) async throws -> Samples {
        var samples = Samples()
        for round in 0..<rounds {
            usleep(2_000)
            let placement = try await rig.place(rig.parent(legs: legs, side: round % 2 == 0 ? .buy : .sell))
            guard let id = placement.run.id else { throw BenchFailure("a run without an id") }
            let run = try await rig.ended(id)
            samples.add((run.legs.map(\.times.dispatched).max() ?? 0) - run.receivedAt.nanoseconds)
        }
        return samples
    }
    let rounds = bench.size(200, quick: 6)
    _ = try await dispatched(10)
    let alone = try await dispatched(rounds)
    let clients = bench.size(1_000, quick: 50)
    let stalled = rig.gateway.hub.subscribe()
    let tally = Tally()
    var readers: [(EventQueue, Task<Void, Never>)] = []
    for number in 1..<clients {
        guard let queue = rig.gateway.hub.subscribe() else { throw BenchFailure("client \(number) was refused") }
        let reader = Task {
            while true {
                switch await queue.next() {
                case .batches(let batches):
                    tally.heard.add(batches.reduce(0) { $0 + $1.items.count }, ordering: .relaxed)
                    guard number % 50 == 1, case .event(let event)? = batches.last?.items.last else { continue }
                    let delay = SystemLaneClock.shared.wall().since(event.view.at)
                    tally.delays.withLockedValue { $0.append(delay) }
                case .fellBehind: tally.fellBehind.add(1, ordering: .relaxed)
                case .idle: continue
                case .ended: return
                }
            }
        }
        readers.append((queue, reader))
    }
    let together = try await dispatched(rounds)
    bench.report(Row("50 legs, idle: decoded to dispatched, nobody listens", alone))
    bench.report(Row("50 legs, idle: decoded to dispatched, \(clients) listen, one is stuck", together))
    var delays = Samples()
    for delay in tally.delays.withLockedValue({ $0 }) { delays.add(delay) }
    bench.report(Row("an event: from its time to a listener's hands", delays))
    for (queue, _) in readers { rig.gateway.hub.unsubscribe(queue) }
    for (_, reader) in readers { await reader.value }
    if let stalled { rig.gateway.hub.unsubscribe(stalled) }
    let (count, behind) = (tally.heard.load(ordering: .relaxed), tally.fellBehind.load(ordering: .relaxed))
    bench.expect(count > 0 && behind == 0, "\(behind) of \(clients - 1) reading clients fell behind, \(count) heard")
    await rig.stop()
}
