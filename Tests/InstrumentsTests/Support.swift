import Domain
import Glibc
import Instruments
import Settings

/// A small generator whose whole state is its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// Files in a directory of their own, removed afterwards.
func withFiles<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/sluice-instruments-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw Failed() }
    let directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        for name in files.keys { unlink("\(directory)/\(name)") }
        rmdir(directory)
    }
    for (name, content) in files {
        let descriptor = open("\(directory)/\(name)", O_CREAT | O_WRONLY, 0o600)
        let bytes = Array(content.utf8)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                write(descriptor, $0.baseAddress?.advanced(by: written), bytes.count - written)
            }
            guard count > 0 else { throw Failed() }
            written += count
        }
        close(descriptor)
    }
    return try body(directory)
}

struct Failed: Error {}

func id(_ text: String) -> InstrumentID { InstrumentID(canonical: text) }

/// A table of dollar instruments with a tick of a cent.
func table(_ ids: [String]) -> InstrumentTable {
    let table = InstrumentTable()
    table.merge(ids.map { fields($0) }, from: "test")
    return table
}

func fields(_ text: String, tick: ExactDecimal? = nil, lot: ExactDecimal? = 1) -> InstrumentFields {
    var fields = InstrumentFields(id: id(text))
    fields.currency = Currency("USD")
    fields.tickSize = tick ?? ExactDecimal("0.01")
    fields.lotSize = lot
    fields.multiplier = 1
    return fields
}

/// The errors of `body`, as text.
func failures(_ body: () throws -> Void) -> [String] {
    do {
        try body()
        return []
    } catch let failure as ConfigurationErrors {
        return failure.errors.map { error in
            let name = error.file.split(separator: "/").last.map(String.init) ?? ""
            return "\(name):\(error.line):\(error.column): \(error.path): \(error.message)"
        }
    } catch {
        return ["\(error)"]
    }
}

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
