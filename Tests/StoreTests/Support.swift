import Domain
import GRDB
import Glibc
import Testing

@testable import Store

/// A directory of its own for one test, removed with this value.
final class TemporaryDirectory: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/sluice-store-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    var data: String { path + "/data" }

    deinit { removeTree(path) }
}

private func removeTree(_ path: String) {
    if let directory = opendir(path) {
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { removeTree(path + "/" + name) }
        }
        closedir(directory)
        rmdir(path)
    } else {
        unlink(path)
    }
}

func permissions(_ path: String) -> mode_t? {
    var facts = stat()
    return stat(path, &facts) == 0 ? facts.st_mode & 0o777 : nil
}

func contents(_ path: String) -> [UInt8]? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
        let count = fread(&buffer, 1, buffer.count, file)
        if count == 0 { return bytes }
        bytes += buffer.prefix(count)
    }
}

func put(_ bytes: [UInt8], into path: String) throws {
    let file = try #require(fopen(path, "w"))
    defer { fclose(file) }
    #expect(fwrite(bytes, 1, bytes.count, file) == bytes.count)
}

extension Store {
    /// Runs a statement on the writer connection behind the store's back.
    func tamper(_ sql: String) throws {
        try pool.writeWithoutTransaction { try $0.execute(sql: sql) }
    }
}

/// Small and repeatable: a seed replays a test.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state &* 0x2545_F491_4F6C_DD1D
    }
}

enum Sample {
    static let adapter = AdapterID("paper")!
    static let group = GroupID("family")!
    static let start = Timestamp(nanoseconds: 1_790_000_000_000_000_000)

    static func account(_ number: Int) -> AccountID { AccountID(unchecked: "AC\(number)") }

    static func time(_ sequence: UInt64) -> Timestamp { start.advanced(by: Int64(sequence) * 1_000_000) }

    static func leg(_ run: UInt64, _ index: Int, status: String = "RESERVED") -> LegRow {
        LegRow(
            leg: LegID(run: RunID(number: run), index: index),
            clientOrderID: ClientOrderID(prefix: 4_711, sequence: run * 100_000 + UInt64(index)),
            accountID: account(index % 7), adapterID: adapter, symbol: index % 2 == 0 ? "NSE:EQ:SBIN" : "NSE:EQ:TCS",
            side: "BUY", status: status, updatedAt: time(run), body: [UInt8(index & 255), 1, 2, 3])
    }

    static func execution(_ run: UInt64, _ index: Int) -> ExecutionRow {
        ExecutionRow(
            adapterID: adapter, accountID: account(index % 7), executionID: "T\(run)-\(index)",
            leg: LegID(run: RunID(number: run), index: index), symbol: "NSE:EQ:SBIN", side: "BUY",
            lastQuantity: "10", lastPrice: "812.35", fees: "0.5", transactTime: index % 3 == 0 ? nil : time(run),
            recordedAt: time(run))
    }

    static func run(_ number: UInt64, status: String = "ADMITTED") -> RunRow {
        RunRow(
            run: RunID(number: number), groupID: number % 5 == 0 ? nil : group,
            accountID: number % 5 == 0 ? account(1) : nil, status: status, createdAt: time(number),
            updatedAt: time(number), body: [9, 9])
    }

    /// Batch `sequence` with one run of the same number: its legs, an execution a leg and an idempotency key.
    static func batch(_ sequence: UInt64, legs: Int, bytes: Int = 100) -> CommitBatch {
        var batch = CommitBatch(
            record: JournalRecord(
                sequence: sequence, recordedAt: time(sequence), formatVersion: 3,
                bytes: (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ Int(sequence)) }))
        batch.runs = [run(sequence)]
        batch.legs = (0..<legs).map { leg(sequence, $0) }
        batch.executions = (0..<legs).map { execution(sequence, $0) }
        batch.touchedRuns = [RunID(number: sequence)]
        batch.idempotency = [
            IdempotencyRow(
                caller: "asha", key: "key-\(sequence)", fingerprint: [1, 2, 3], subject: "r\(sequence)",
                createdAt: time(sequence))
        ]
        return batch
    }
}
