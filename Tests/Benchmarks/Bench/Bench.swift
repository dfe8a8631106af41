import Glibc
import Histogram

/// One run of the program: its size, what it measured, what was wrong.
///
/// `@unchecked Sendable`: benchmarks run one after the other, and only the one that runs touches it.
final class Bench: @unchecked Sendable {
    let isQuick: Bool
    let isJSON: Bool
    /// How many times a loop that can be counted runs (`--count`); `nil`: as it sees fit.
    let count: Int?
    /// Whether memory was reserved before, as a gateway does.
    let hasReserve: Bool
    private(set) var rows: [Row] = []
    private(set) var faults: [String] = []
    private var current = ""
    private let started = Clock.now()

    init(isQuick: Bool, isJSON: Bool, count: Int? = nil, hasReserve: Bool = false) {
        (self.isQuick, self.isJSON, self.count, self.hasReserve) = (isQuick, isJSON, count, hasReserve)
    }

    /// A size for the full run and one for the smoke run.
    func size(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

    func begin(_ name: String) {
        current = name
        if !isJSON { print("\n\(name)  [load \(Machine.load)]") }
    }

    /// Adds a row and shows it.
    @discardableResult
    func report(_ row: Row) -> Row {
        var row = row
        row.benchmark = current
        rows.append(row)
        if !isJSON { print(row.line(self)) }
        return row
    }

    func note(_ text: String) { if !isJSON { print("    \(text)") } }

    /// Something that was counted is not what it must be.
    func expect(_ isRight: Bool, _ what: @autoclosure () -> String) { if !isRight { fail(what()) } }

    func fail(_ what: String) {
        faults.append(what)
        print("    WRONG: \(what)")
    }

    /// The median of a row measured before; `nil` where it was not.
    func median(_ name: String) -> Int64? { rows.first { $0.name == name }?.middle }

    func printHeader(_ arguments: [String], reserved: UInt64) {
        guard !isJSON else { return }
        print(
            "sluice-bench \(arguments.joined(separator: " "))\(isQuick ? "   (a smoke run: the figures mean nothing)" : "")"
        )
        print(
            "\(Machine.description), load \(Machine.load); \(reserved >> 20) MiB of memory reserved; threads are not pinned unless a "
                + "line says so")
        print(Row.heading)
    }

    func finish() -> Int32 {
        let missed = rows.filter { $0.isMissed == true }
        if isJSON {
            print("[" + rows.map(\.json).joined(separator: ",\n ") + "]")
        } else {
            print(
                "\n\(rows.count) figures in \((Clock.now() - started) / 1_000_000_000) s, "
                    + "\(missed.count) over budget, \(faults.count) wrong counts")
            for row in missed { print("  \(row.verdict)  \(row.name)") }
        }
        return faults.isEmpty ? 0 : 1
    }
}

enum Clock {
    /// Monotonic nanoseconds.
    @inline(__always)
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}

/// Durations in nanoseconds, three digits exact.
struct Samples {
    private var histogram = Histogram<UInt64>(
        lowestDiscernibleValue: 1, highestTrackableValue: 600_000_000_000, numberOfSignificantValueDigits: .three)
    /// Tenths of nanoseconds are kept for what is measured in batches.
    private let scale: Int64

    init(tenths: Bool = false) { scale = tenths ? 10 : 1 }

    var count: Int { Int(histogram.totalCount) }
    mutating func add(_ nanoseconds: Int64) { histogram.record(UInt64(max(0, nanoseconds * scale))) }
    /// The duration of each of `calls` calls that took `nanoseconds` together.
    mutating func add(_ nanoseconds: Int64, over calls: Int) {
        histogram.record(UInt64(max(0, nanoseconds * scale / Int64(calls))))
    }
    /// In picoseconds, so that nothing is lost below a nanosecond.
    func percentile(_ percent: Int) -> Int64 { Int64(histogram.valueAtPercentile(Double(percent))) * 1_000 / scale }
}

extension Bench {
    /// Times batches of `calls` calls of a short operation: as many as fit the time, after a warm-up.
    func sample(calls: Int, milliseconds: Int = 600, _ body: (Int) throws -> Void) rethrows -> Samples {
        var samples = Samples(tenths: true)
        for _ in 0..<20 { try body(calls) }
        let end = Clock.now() + Int64(isQuick ? 15 : milliseconds) * 1_000_000
        repeat {
            let start = Clock.now()
            try body(calls)
            samples.add(Clock.now() - start, over: calls)
        } while Clock.now() < end
        return samples
    }
}
