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
