import Telemetry
import Testing

@Suite("Latency histograms")
struct HistogramTests {
    private static func values(_ random: inout SeededGenerator) -> [UInt64] {
        let shape = Int.random(in: 0..<3, using: &random)
        return (0..<Int.random(in: 1...4_000, using: &random)).map { _ in
            switch shape {
            case 0: UInt64.random(in: 0...500, using: &random)
            case 1: UInt64.random(in: 10_000...90_000_000, using: &random)
            // A long tail over nine decades.
            default: UInt64(1) << UInt64.random(in: 0...31, using: &random) + UInt64.random(in: 0...999, using: &random)
            }
        }
    }

    /// The value at or below which so many of ten thousand lie.
    private static func exact(_ sorted: [UInt64], _ share: Int) -> UInt64 {
        let rank = max(1, (sorted.count * share + 9_999) / 10_000)
        return sorted[min(rank, sorted.count) - 1]
    }

    @Test("A percentile is within 1 % of the exact value, also after histograms were merged", arguments: 0..<60)
    func percentiles(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let parts = (0..<Int.random(in: 1...6, using: &random)).map { _ in Self.values(&random) }
        var merged = LatencyHistogram()
        for part in parts {
            var histogram = LatencyHistogram()
            for value in part { histogram.record(microseconds: value) }
            merged.merge(histogram)
        }
        let sorted = parts.flatMap { $0 }.map { min($0, LatencyHistogram.maximum) }.sorted()
        let summary = merged.summary
        #expect(summary.count == UInt64(sorted.count))
        for (found, share) in [(summary.p50, 5_000), (summary.p90, 9_000), (summary.p99, 9_900), (summary.p999, 9_990)]
        {
            let wanted = Self.exact(sorted, share)
            let error = found > wanted ? found - wanted : wanted - found
            #expect(error * 100 <= wanted, "p\(share): \(found) instead of \(wanted)")
        }
        let last = sorted.last ?? 0
        #expect((summary.maximum > last ? summary.maximum - last : last - summary.maximum) * 100 <= last)
    }

    @Test("Merging parts is recording everything in one: percentiles are never averaged", arguments: 0..<20)
    func merging(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let (left, right) = (Self.values(&random), Self.values(&random))
        var (first, second, whole) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in left { first.record(microseconds: value) }
        for value in right { second.record(microseconds: value) }
        for value in left + right { whole.record(microseconds: value) }
        first.merge(second)
        #expect(first == whole && first.summary == whole.summary)
    }
}
