import Domain
import Engine
import Exact
import Foundation
import Gateway
import Glibc
import Logging
import Store

/// Memory of a gateway that knows many accounts and instruments and has settled.
func measureMemory(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let (accounts, instruments) = (bench.size(1_000, quick: 20), bench.size(100_000, quick: 1_000))
    let child = try Child(scratch.path, accounts: accounts, instruments: instruments)
    usleep(bench.isQuick ? 10_000 : 2_000_000)
    guard let resident = Machine.residentKiB(child.id), let peak = Machine.residentKiB(child.id, peak: true) else {
        throw BenchFailure("no memory figures")
    }
    bench.report(
        Row(
            "resident memory, \(accounts) paper accounts, \(instruments) instruments", .mebibytes,
            thousandths: resident * 1_000 / 1_024, budget: 150_000, note: "peak \(peak / 1_024) MiB"))
    bench.expect(child.stop(), "the gateway's process did not end well")
    if bench.isQuick { return }
    let other = try Scratch()
    let empty = try Child(other.path, accounts: 1)
    bench.report(
        Row(
            "resident memory, one paper account, one instrument", .mebibytes,
            thousandths: (Machine.residentKiB(empty.id) ?? 0) * 1_000 / 1_024))
    bench.expect(empty.stop(), "the gateway's process did not end well")
}

/// A restart over a journal of many orders, a tenth of them open.
func measureRecovery(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let legs = 100
    let (filled, open) = (bench.size(90_000, quick: 900), bench.size(10_000, quick: 100))
    let rig = try GatewayRig(directory: scratch.path, accounts: legs)
    try await rig.start()
    for round in 0..<(filled / legs) {
        try await rig.place(
            rig.parent(legs: legs, side: round % 2 == 0 ? .buy : .sell), wait: round % 16 == 15 ? .done : .durable)
    }
    for _ in 0..<(open / legs) { try await rig.place(rig.parent(legs: legs, price: 80), wait: .acked) }
    try await Task.sleep(for: .milliseconds(200))
    await rig.stop()
    let (all, ended) = (
        try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM leg"),
        try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM leg WHERE status = 'FILLED'")
    )
    bench.expect(all == filled + open && ended == filled, "\(all) legs are on disk, \(ended) of them filled")
    try await measureAudit(bench, scratch.path + "/data", legs: all)
    try measureCheck(bench, scratch.path + "/data", orders: all, open: open)
    for (round, way) in (1...bench.size(4, quick: 2)).map({ ($0, $0 % 2 == 1 ? "a snapshot" : "the whole journal") }) {
        if round % 2 == 0 { try FileManager.default.removeItem(atPath: scratch.path + "/data/snapshots") }
        let child = try Child(scratch.path, accounts: legs)
        bench.report(
            Row(
                "restart with \(all) orders, \(open) open, from \(way), until every account is ready", .nanoseconds,
                thousandths: child.ready.readyNanoseconds * 1_000, budget: 2_000_000_000_000,
                note: "serving after \(child.ready.servingNanoseconds / 1_000_000) ms, resident "
                    + "\((Machine.residentKiB(child.id) ?? 0) / 1_024) MiB"))
        bench.expect(child.stop(), "the gateway's process did not end well")
    }
    let working = try GatewayRig.rowsOnDisk(scratch.path, "SELECT count(*) FROM leg WHERE status = 'WORKING'")
    bench.expect(working == open, "\(working) legs work after the restarts, \(open) did before")
}

/// `sluice check` as an operator calls it, over what the gateway left: the whole journal read and replayed, and all that is
/// made of it compared.
private func measureCheck(_ bench: Bench, _ directory: String, orders: Int, open: Int) throws {
    let program = Process()
    program.executableURL = URL(fileURLWithPath: Files.executableDirectory + "/sluice")
    program.arguments = ["check", "--json", directory]
    let output = Pipe()
    program.standardOutput = output
    let start = Clock.now()
    try program.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    program.waitUntilExit()
    let taken = Clock.now() - start
    let report = try JSONValue.parse(text, limits: .large)
    bench.expect(program.terminationStatus == 0, "sluice check found: \(text.prefix(2_000))")
    let (seen, alive) = (report["orders"]?.int64, report["open_orders"]?.int64)
    bench.expect(
        seen == Int64(orders) && alive == Int64(open), "sluice check saw \(seen ?? -1) orders, \(alive ?? -1) open")
    let parts = (report["checks"]?.array ?? []).compactMap { item -> String? in
        guard let name = item["name"]?.string, let time = item["milliseconds"]?.int64, time > 0 else { return nil }
        return "\(name) \(time) ms"
    }
    bench.report(
        Row(
            "sluice check of \(orders) orders, \(open) open", .nanoseconds, thousandths: taken * 1_000,
            budget: 10_000_000_000_000, note: parts.joined(separator: ", ")))
}

/// What the background auditor takes of a processor for a leg, over a journal that is there already. A hundredth of a core
/// at 1,000 legs a second is 10 µs a leg.
private func measureAudit(_ bench: Bench, _ directory: String, legs: Int) async throws {
    let store = try Store(directory: directory)
    defer { try? store.close() }
    let auditor = BackgroundAuditor(
        store: store, fold: JournalFold(clientOrderIDPrefix: 0), anchor: .beginning, logger: .quiet)
    while auditor.state.behind > 0, auditor.state.findings.isEmpty { _ = auditor.step() }
    let state = auditor.state
    bench.expect(state.findings.isEmpty, "the audit found \(state.findings)")
    bench.report(
        Row(
            "audit, processor time a leg", .nanoseconds,
            thousandths: state.processorNanoseconds * 1_000 / Int64(max(1, legs)), budget: 10_000_000,
            note: "\(state.records) records, \(state.events) events, \(state.processorNanoseconds / 1_000_000) ms"))
}
