import Domain
import Foundation
import GRDB
import Testing

@testable import Store

/// A directory of its own for one test, removed with this value.
final class Workplace: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sluice-faults-XXXXXX".utf8CString)
        path = String(cString: try #require(mkdtemp(&template)))
    }

    func directory(_ name: String) -> String { "\(path)/\(name)" }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What the gateway commits: an admission brings a run, its legs and its key, an outcome new states of the legs and
/// executions.
enum Batches {
    static let legs = 9
    private static let adapter = AdapterID("paper")!
    private static let start = Timestamp(nanoseconds: 1_790_000_000_000_000_000)

    private static func record(_ sequence: UInt64, bytes: Int) -> JournalRecord {
        JournalRecord(
            sequence: sequence, recordedAt: start.advanced(by: Int64(sequence)), formatVersion: 1,
            bytes: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(sequence)) })
    }

    private static func leg(_ run: UInt64, _ index: Int, _ status: String) -> LegRow {
        LegRow(
            leg: LegID(run: RunID(number: run), index: index),
            clientOrderID: ClientOrderID(prefix: 7, sequence: run * 1_000 + UInt64(index)),
            accountID: AccountID(unchecked: "A\(index)"), adapterID: adapter, symbol: "NSE:EQ:SBIN", side: "BUY",
            status: status, updatedAt: start, body: [1, 2, 3])
    }

    static func admission(_ sequence: UInt64, bytes: Int = 600) -> CommitBatch {
        var batch = CommitBatch(record: record(sequence, bytes: bytes))
        batch.runs = [
            RunRow(
                run: RunID(number: sequence), groupID: nil, accountID: AccountID(unchecked: "A1"), status: "ADMITTED",
                createdAt: start, updatedAt: start, body: [9])
        ]
        batch.legs = (0..<legs).map { leg(sequence, $0, "RESERVED") }
        batch.touchedRuns = [RunID(number: sequence)]
        batch.idempotency = [
            IdempotencyRow(
                caller: "asha", key: "key-\(sequence)", fingerprint: [1], subject: "r\(sequence)", createdAt: start)
        ]
        return batch
    }

    /// What became of the run that record `admitted` brought.
    static func outcome(_ sequence: UInt64, of admitted: UInt64) -> CommitBatch {
        var batch = CommitBatch(record: record(sequence, bytes: 400))
        batch.legs = (0..<legs).map { leg(admitted, $0, "FILLED") }
        batch.executions = (0..<legs).map { index in
            ExecutionRow(
                adapterID: adapter, accountID: AccountID(unchecked: "A\(index)"), executionID: "T\(sequence)-\(index)",
                leg: LegID(run: RunID(number: admitted), index: index), symbol: "NSE:EQ:SBIN", side: "BUY",
                lastQuantity: "10", lastPrice: "812.35", fees: "0.5", transactTime: nil, recordedAt: start)
        }
        batch.touchedRuns = [RunID(number: admitted)]
        batch.keyValues = [
            KeyValueWrite(
                adapterID: adapter, accountID: AccountID(unchecked: "A1"), key: "memory-\(sequence)", value: [1, 2])
        ]
        return batch
    }

    /// Record `sequence`: odd ones admit, even ones tell what became of the one before.
    static func batch(_ sequence: UInt64) -> CommitBatch {
        sequence % 2 == 1 ? admission(sequence) : outcome(sequence, of: sequence - 1)
    }

    /// What is wrong with a store that should hold records 1 to its last, whole and nothing else.
    static func flaws(_ store: Store) throws -> [String] {
        let last = Int(store.lastSequence)
        let admissions = (last + 1) / 2
        let counts = try store.counts()
        let wanted = StoreCounts(
            records: last, runs: admissions, legs: admissions * legs, executions: last / 2 * legs,
            idempotencyKeys: admissions, keyValues: last / 2)
        var flaws: [String] = counts == wanted ? [] : ["\(counts) instead of \(wanted)"]
        var next: UInt64 = 1
        try store.forEachRecord(from: 1) { record in
            if record != batch(next).record { flaws.append("record \(record.sequence) is not what was written") }
            next += 1
        }
        if next != store.lastSequence + 1 { flaws.append("the journal has \(next - 1) records of \(last)") }
        let chain = try store.verifyChain()
        if !chain.isWhole { flaws.append("the chain: \(chain.findings)") }
        return flaws + (try store.integrityFindings(limit: 5))
    }
}

extension Store {
    /// Runs a statement on the writer connection behind the store's back.
    func tamper(_ sql: String) throws {
        try pool.writeWithoutTransaction { try $0.execute(sql: sql) }
    }
}
