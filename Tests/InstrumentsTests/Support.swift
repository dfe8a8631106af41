import Domain
import Glibc
import InstrumentKit
import Instruments
import Settings

/// A directory of its own, removed with all that is in it.
func withDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/sluice-instruments-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failed() }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        for name in ["instruments.db", "instruments.db-wal", "instruments.db-shm"] { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
    return try body(directory)
}

/// A row of an adapter's dump, in dollars.
func row(_ text: String, alias: String? = nil, token: String? = nil, isin: String? = nil, lot: ExactDecimal = 1)
    -> InstrumentFields
{
    var row = fields(text, lot: lot)
    (row.alias, row.brokerData, row.isin) = (alias, token.map { Array($0.utf8) }, isin.flatMap { ISIN($0) })
    return row
}

let day: Int64 = 86_400_000_000_000
/// Noon of a day, counted from one in 2026.
func noon(_ number: Int64) -> Timestamp { Timestamp(nanoseconds: 20_500 * day + number * day + day / 2) }

extension InstrumentMaster {
    /// A master in a directory, without an overlay.
    convenience init(directory: String, at now: Timestamp = noon(0)) throws {
        try self.init(directory: directory, overlay: [], freshness: InstrumentFreshness(), now: now)
    }

    /// Takes a dump in calls of `chunk` rows.
    @discardableResult
    func take(
        _ rows: [InstrumentFields], from source: String, at now: Timestamp, chunk: Int = 1_000, accepts: Bool = false
    ) throws -> InstrumentMerge {
        let load = InstrumentLoad(source: source)
        for start in stride(from: 0, to: rows.count, by: chunk) {
            load.append(rows[start..<min(start + chunk, rows.count)])
        }
        return try finish(load, at: now, acceptsShrinking: accepts)
    }

    func index(_ text: String) throws -> InstrumentIndex {
        guard let index = table.snapshot.index(of: id(text)) else { throw Failed() }
        return index
    }
}
