import Domain
import Exports
import Gateway
import Glibc

/// Exports of many legs out of a gateway that runs: rows a second, the first byte, and what memory they take beside it.
func measureExports(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let legs = 100
    let rows = bench.size(1_000_000, quick: 2_000)
    let rig = try GatewayRig(directory: scratch.path, accounts: legs, compared: "1h")
    try await rig.start()
    let placing = Clock.now()
    for round in 0..<(rows / legs) {
        try await rig.place(
            rig.parent(legs: legs, side: round % 2 == 0 ? .buy : .sell), wait: round % 16 == 15 ? .done : .durable)
    }
    // What is exported is the past; what is not kept yet, or was lost on the way, comes from memory and the journal.
    rig.runtime.telemetry.flush()
    let lost = rig.runtime.telemetry.recorder?.metrics.figures.lostRows ?? 0
    bench.note("placed in \((Clock.now() - placing) / 1_000_000_000) s; \(lost) runs were not kept by telemetry")
    let desk = ExportDesk(ExportSources(rig.runtime) { _ in nil })
    for format in [ExportFormat.csv, .ndjson] {
        var request = ExportRequest(.legs)
        request.format = format
        guard var export = desk.begin(request, authority: .everything) else { throw BenchFailure("no place") }
        let before = Machine.residentKiB(getpid()) ?? 0
        let begin = Clock.now()
        var (first, bytes, most): (Int64, Int64, Int64) = (0, 0, before)
        var pieces = 0
        while let piece = try await export.next() {
            if first == 0 { first = Clock.now() - begin }
            bytes += Int64(piece.count)
            pieces += 1
            if pieces % 64 == 0 { most = max(most, Machine.residentKiB(getpid()) ?? 0) }
        }
        let time = max(1, Clock.now() - begin)
        bench.expect(export.rows == rows, "\(export.rows) rows were exported of \(rows)")
        bench.report(
            Row(
                "legs as \(format.rawValue), \(rows) rows", .perSecond,
                thousandths: Int64(rows) * 1_000_000_000_000 / time, budget: bench.isQuick ? nil : 200_000_000,
                note: "\(bytes >> 20) MiB in \(time / 1_000_000) ms"))
        bench.report(
            Row(
                "  first byte", .nanoseconds, thousandths: first * 1_000,
                budget: bench.isQuick ? nil : 100_000_000_000))
        bench.report(
            Row(
                "  memory beside the gateway's", .mebibytes, thousandths: max(0, most - before) * 1_000 / 1_024,
                budget: bench.isQuick ? nil : 20_000))
    }
    await rig.stop()
}
