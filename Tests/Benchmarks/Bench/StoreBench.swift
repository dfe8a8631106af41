import Domain
import Glibc
import Store

/// The store's own commit of what one admission writes: between the bare commit and the whole pipeline.
func measureStore(_ bench: Bench, _ directory: String, legs: Int, name: String, floor: String) throws {
    let store = try Store(directory: directory + "/store\(legs)")
    guard let adapter = AdapterID("paper") else { throw BenchFailure("names") }
    var samples = Samples()
    var sequence: UInt64 = 0
    let record = [UInt8](repeating: 0x5a, count: 200 + legs * 40)
    for round in 1...bench.size(legs == 1 ? 1_500 : 500, quick: 20) {
        let now = Timestamp(nanoseconds: 1_764_000_000_000_000_000 + Int64(round))
        let run = RunID(number: UInt64(round))
        var batch = CommitBatch(
            record: JournalRecord(sequence: UInt64(round), recordedAt: now, formatVersion: 1, bytes: record))
        batch.runs = [
            RunRow(
                run: run, groupID: GroupID(unchecked: "bench"), accountID: nil, status: "ADMITTED", createdAt: now,
                updatedAt: now, body: [])
        ]
        for index in 0..<legs {
            sequence += 1
            batch.legs.append(
                LegRow(
                    leg: LegID(run: run, index: index), clientOrderID: ClientOrderID(prefix: 7, sequence: sequence),
                    accountID: AccountID(unchecked: "P\(index)"), adapterID: adapter, symbol: "US:EQ:ACME", side: "BUY",
                    status: "RESERVED", updatedAt: now, body: []))
        }
        batch.touchedRuns = [run]
        batch.idempotency = [
            IdempotencyRow(
                caller: "bench", key: "k\(round)", fingerprint: [1], subject: run.description, createdAt: now)
        ]
        usleep(1_000)
        let start = Clock.now()
        try store.commit(batch)
        samples.add(Clock.now() - start)
    }
    try store.close()
    bench.report(Row(name, samples, floor: floor))
}
