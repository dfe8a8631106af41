import Domain
import Glibc
import Instruments

/// A day's dump of a hundred thousand instruments: read in calls of a thousand rows, stored, published, searched; the same
/// again as the next day brings it; and read back after a restart.
func measureInstruments(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let count = bench.size(100_000, quick: 2_000)
    let now = Timestamp(nanoseconds: 1_764_000_000_000_000_000)
    let idle = Machine.residentKiB(getpid()) ?? 0
    resetPeak()
    let master = try InstrumentMaster(
        directory: scratch.path, overlay: [], freshness: InstrumentFreshness(), now: now)
    for (name, day) in [("first", Int64(0)), ("next day's", 1)] {
        var start = Clock.now()
        let load = InstrumentLoad(source: "bench")
        var rows: [InstrumentFields] = []
        var generating: Int64 = 0
        for first in stride(from: 0, to: count, by: 1_000) {
            let begin = Clock.now()
            rows = try (first..<min(first + 1_000, count)).map { try row($0, day: day) }
            generating += Clock.now() - begin
            load.append(rows)
        }
        start += generating
        let merge = try master.finish(load, at: now.advanced(by: day * 86_400_000_000_000))
        let found = master.search("nifty 20007").found.count
        bench.report(
            Row(
                "\(name) dump of \(count), loaded, stored, searchable", .nanoseconds,
                thousandths: (Clock.now() - start) * 1_000, budget: 3_000_000_000_000,
                note: "\(merge.addedCount) added, \(merge.changedCount) changed"))
        bench.expect(merge.rowCount == count && found > 0, "\(merge.rowCount) rows taken, \(found) found")
        if !bench.hasReserve {  // what is reserved is resident already: it would hide the figure
            let peak = (Machine.residentKiB(getpid(), peak: true) ?? 0) - idle
            bench.report(
                Row(
                    day == 0 ? "peak memory above idle" : "the same after the next day's", .mebibytes,
                    thousandths: peak * 1_000 / 1_024, budget: day == 0 ? 100_000 : nil))
        }
    }

    var searches = Samples()
    let snapshot = master.table.snapshot
    for round in 0..<bench.size(2_000, quick: 20) {
        let query = ["n", "nifty", "NFO:OPT:BANK", "call 2", "nse", "s\(round % 500)", "nifty ce 29DEC26", "20261231"][
            round % 8]
        let start = Clock.now()
        let found = snapshot.search(query, limit: 20)
        searches.add(Clock.now() - start)
        _ = found
    }
    bench.report(Row("a search that is not remembered", searches, budget: 10_000_000))
    var aliases = Samples()
    for round in 0..<bench.size(5_000, quick: 50) {
        let start = Clock.now()
        let found = master.instrument(alias: "A:\(round * 13 % count)", of: "bench")
        aliases.add(Clock.now() - start)
        if found == nil { bench.fail("an alias is not found") }
    }
    bench.report(Row("an instrument by its alias", aliases))
    try master.close()

    let start = Clock.now()
    let again = try InstrumentMaster(
        directory: scratch.path, overlay: [], freshness: InstrumentFreshness(), now: now)
    bench.report(
        Row("restart with \(count)", .nanoseconds, thousandths: (Clock.now() - start) * 1_000))
    bench.expect(again.table.snapshot.count == count, "\(again.table.snapshot.count) are known after a restart")
    try again.close()
}

/// A share in ten, the others options of a few hundred underlyings, with the names and tokens that brokers' lists have.
private func row(_ number: Int, day: Int64) throws -> InstrumentFields {
    let isShare = number % 10 == 0
    let root = ["NIFTY", "BANKNIFTY", "RELIANCE"].first { _ in number % 300 < 60 } ?? "S\(number % 300)"
    let text =
        isShare ? "NSE:EQ:S\(number)" : "NFO:OPT:\(root):20261231:\(20_000 + number):\(number % 2 == 0 ? "C" : "P")"
    var row = InstrumentFields(id: InstrumentID(canonical: text))
    row.currency = Currency("INR")
    row.tickSize = ExactDecimal("0.05")
    row.lotSize = isShare ? 1 : 75
    row.multiplier = 1
    row.freezeQuantity = isShare ? nil : 1_800
    row.name = isShare ? "Share number \(number) limited" : "\(root) 31 Dec 2026 \(20_000 + number) call"
    row.priceLow = ExactDecimal(Int64(100 + number % 50) + day)
    row.priceHigh = ExactDecimal(Int64(300 + number % 50) + day)
    row.alias = "A:\(number)"
    row.brokerData = Array("\(1_000_000 + number)".utf8)
    return row
}

/// Makes the kernel count the peak of resident memory anew.
private func resetPeak() {
    let descriptor = open("/proc/self/clear_refs", O_WRONLY)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, "5", 1)
    close(descriptor)
}
