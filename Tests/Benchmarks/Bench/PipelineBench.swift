import Domain
import Engine
import Gateway
import Glibc

/// One leg while nothing else goes on: from the decoded request to the disk, and on to the adapter.
func measureIdleLeg(_ bench: Bench) async throws {
    try await measurePlacements(bench, legs: 1, rounds: bench.size(1_500, quick: 30)) {
        durable, dispatched, answered, floors in
        let budget = (floors.commit1 / 1_000) + 100_000
        bench.report(Row("one leg, idle: decoded to durable", durable, budget: budget, floor: Floor.commit1))
        bench.report(Row("one leg, idle: decoded to place() returned", answered, floor: Floor.commit1))
        bench.report(Row("one leg, idle: decoded to the adapter's submit", dispatched, floor: Floor.commit1))
    }
}

/// A parent of a hundred legs while nothing else goes on.
func measureFanOut(_ bench: Bench) async throws {
    try await measurePlacements(bench, legs: 100, rounds: bench.size(400, quick: 10)) {
        durable, dispatched, answered, floors in
        let budget = (floors.commit100 / 1_000) + 500_000
        bench.report(
            Row(
                "100 legs, idle: decoded to the last leg durable and dispatched", dispatched, budget: budget,
                floor: Floor.commit100))
        bench.report(Row("100 legs, idle: decoded to durable", durable, floor: Floor.commit100))
        bench.report(Row("100 legs, idle: decoded to place() returned", answered, floor: Floor.commit100))
    }
}

private func measurePlacements(
    _ bench: Bench, legs: Int, rounds: Int,
    report: (
        _ durable: Samples, _ dispatched: Samples, _ answered: Samples, _ floors: (commit1: Int64, commit100: Int64)
    ) -> Void
) async throws {
    let scratch = try Scratch()
    try measureStore(
        bench, scratch.path, legs: legs,
        name: "the store's commit of one admission, \(legs == 1 ? "1 leg" : "\(legs) legs")",
        floor: legs == 1 ? Floor.commit1 : Floor.commit100)
    let rig = try GatewayRig(directory: scratch.path, accounts: legs)
    try await rig.start()
    var (durable, dispatched, answered, done) = (Samples(), Samples(), Samples(), Samples())
    var filled = 0
    for round in 0..<(rounds + 20) {
        usleep(2_000)  // every thread is parked again
        let order = rig.parent(legs: legs, side: round % 2 == 0 ? .buy : .sell)
        let start = Clock.now()
        let placement = try await rig.place(order)
        let returned = Clock.now()
        guard let id = placement.run.id else { throw BenchFailure("a run without an id") }
        let run = try await rig.ended(id)
        filled += run.legs.count { $0.status == .filled }
        guard round >= 20 else { continue }
        let received = run.receivedAt.nanoseconds
        answered.add(returned - start)
        durable.add((run.legs.map(\.times.durable).max() ?? 0) - received)
        dispatched.add((run.legs.map(\.times.dispatched).max() ?? 0) - received)
        done.add((run.legs.map(\.times.done).max() ?? 0) - received)
    }
    bench.expect(filled == (rounds + 20) * legs, "\(filled) legs were filled, \((rounds + 20) * legs) were placed")
    let floors = (commit1: bench.median(Floor.commit1) ?? 0, commit100: bench.median(Floor.commit100) ?? 0)
    report(durable, dispatched, answered, floors)
    bench.report(Row("\(legs == 1 ? "one leg" : "\(legs) legs"), idle: decoded to the last fill booked", done))
    await rig.stop()
    let rows = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM leg WHERE status = 'FILLED'")
    bench.expect(rows == filled, "\(rows) filled legs are on disk, \(filled) were filled")
}

extension GatewayRig {
    /// A run once every leg of it has ended; looks seldom, so that it does not meet what is measured.
    func ended(_ id: RunID) async throws -> RunSnapshot {
        for _ in 0..<10_000 {
            try await Task.sleep(for: .milliseconds(2))
            if let run = try await gateway.settledRun(id), run.status.isTerminal { return run }
        }
        throw BenchFailure("run \(id) did not end")
    }
}
