import Domain
import Glibc
import Instruments
import NIOConcurrencyHelpers
import Prices
import Settings
import Testing

/// A clock that stands still until told otherwise.
final class ManualClock: WallClock {
    private let time = NIOLockedValueBox(Timestamp(nanoseconds: 1_000_000_000_000))
    func now() -> Timestamp { time.withLockedValue(\.self) }
    func advance(_ nanoseconds: Int64) { time.withLockedValue { $0 = $0.advanced(by: nanoseconds) } }
}

/// Keeps what a hub delivers.
final class Recorder: Sendable {
    private let batches = NIOLockedValueBox<[PriceBatch]>([])
    var all: [PriceBatch] { batches.withLockedValue(\.self) }
    var quotes: [Quote] { all.flatMap { $0.quotes.map(\.quote) } }
    var candles: [Candle] { all.flatMap { $0.candles.map(\.candle) } }
    func record(_ batch: PriceBatch) { batches.withLockedValue { $0.append(batch) } }
}

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

/// Market data that is read in place and not part of the project.
enum ReferenceData {
    static let skipped: Comment = "skipped: reference data absent"

    static let directory: String? = {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let shared = getenv("SLUICE_SHARED").map { String(cString: $0) } ?? "/\(root)/../shared"
        return access("\(shared)/market/US_EQ_AAPL.minute.csv", R_OK) == 0 ? "\(shared)/market" : nil
    }()

    static var isPresent: Bool { directory != nil }
    static var files: [String] { directory.flatMap { try? MarketDirectory.files([$0]) } ?? [] }
}

/// Files in a directory of their own, removed afterwards.
func withFiles<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/sluice-prices-XXXXXX".utf8CString)
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
