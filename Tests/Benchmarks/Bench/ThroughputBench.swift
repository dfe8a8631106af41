import Domain
import Engine
import Gateway
import Glibc
import Synchronization

/// Many parents of a hundred legs at once, each placed when an earlier one has been filled: durable, and verified on disk.
func measureSustained(_ bench: Bench) async throws {
    for margin in bench.isQuick ? [BenchLimits.Margin.unlimited] : [.unlimited, .limited] {
        try await measureSustained(bench, margin: margin)
    }
}

private func measureSustained(_ bench: Bench, margin: BenchLimits.Margin) async throws {
    let legs = 100
    let window = 32
    let scratch = try Scratch()
    let rig = try GatewayRig(directory: scratch.path, accounts: legs, margin: margin)
    try await rig.start()
    let seconds = margin == .unlimited ? bench.size(15, quick: 1) : bench.size(5, quick: 1)
    let before = Machine.threads()
    let start = Clock.now()
    let end = start + Int64(seconds) * 1_000_000_000
    let counts = Counts()
    await withTaskGroup(of: Void.self) { group in
        for _ in 0..<window {
            group.addTask {
                while Clock.now() < end {
                    do {
                        let placement = try await rig.place(
                            rig.parent(legs: legs), wait: .done)
                        counts.placed.value.add(legs, ordering: .relaxed)
                        counts.filled.value.add(placement.run.legs.count { $0.status == .filled }, ordering: .relaxed)
                    } catch {
                        counts.failed.value.add(1, ordering: .relaxed)
                        return
                    }
                }
            }
        }
    }
    let took = Clock.now() - start
    let shares = Machine.shares(since: before, over: took)
    let processor = Machine.milliseconds(since: before)
    let (legsPlaced, legsFilled) = (
        counts.placed.value.load(ordering: .relaxed), counts.filled.value.load(ordering: .relaxed)
    )
    bench.expect(counts.failed.value.load(ordering: .relaxed) == 0, "placing failed")
    bench.expect(legsFilled == legsPlaced, "\(legsFilled) of \(legsPlaced) legs were filled")
    let resident = Machine.residentKiB(getpid()) ?? 0
    await rig.stop()
    let rows = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM leg WHERE status = 'FILLED'")
    let executions = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM execution")
    let records = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM journal")
    let size = try GatewayRig.rowsOnDisk(scratch.path, "SELECT sum(length(bytes)) FROM journal")
    bench.expect(rows == legsFilled, "\(rows) filled legs are on disk, \(legsFilled) were filled")
    bench.expect(executions == legsFilled, "\(executions) executions are on disk, \(legsFilled) legs were filled")
    bench.report(
        Row(
            "durable legs a second through paper, filled, margin \(margin.rawValue)", .perSecond,
            thousandths: Int64(legsFilled) * 1_000_000_000_000 / took, budget: margin == .unlimited ? 100_000_000 : nil,
            note:
                "\(legsFilled) legs in \(took / 1_000_000) ms, \(window) parents of \(legs) in flight, \(records) commits"
        ))
    bench.note(
        "processor by thread, of one core: \(shares); together \(processor * 1_000 / Int64(max(1, legsFilled))) µs a leg"
    )
    bench.note(
        "journal \(size / max(1, legsFilled)) bytes a leg, \(legsFilled / max(1, records)) legs a commit, resident \(resident / 1_024) MiB"
    )
}

/// Boxes of counters that tasks share.
private struct Counts: Sendable {
    final class Box: Sendable {
        let value = Atomic<Int>(0)
    }
    let placed = Box()
    let filled = Box()
    let failed = Box()
}
