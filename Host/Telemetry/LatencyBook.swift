package import Domain
import Histogram
import NIOConcurrencyHelpers

/// Latencies of legs, from the receipt of the request to each stage, as HDR histograms by adapter and stage.
///
/// Values are microseconds, kept within 1 % up to an hour; longer ones count as an hour. Any thread; recording takes a
/// lock for some tens of nanoseconds. Bounded: adapters × stages.
package final class LatencyBook: Sendable {
    private struct Key: Hashable {
        var adapter: AdapterID
        var stage: Stage
    }

    /// One row of a report, microseconds.
    package struct Row: Sendable {
        package var adapter: AdapterID
        package var stage: Stage
        package var count: UInt64
        package var p50: UInt64
        package var p90: UInt64
        package var p99: UInt64
        package var maximum: UInt64
    }

    private static let maximumMicroseconds: UInt64 = 3_600_000_000
    private let histograms = NIOLockedValueBox<[Key: Histogram<UInt32>]>([:])

    package init() {}

    /// Counts one leg at one stage. A negative distance (a clock that was set back) is not counted.
    package func record(adapter: AdapterID, stage: Stage, nanoseconds: Int64) {
        guard nanoseconds >= 0 else { return }
        let microseconds = min(UInt64(nanoseconds) / 1000, Self.maximumMicroseconds)
        histograms.withLockedValue { histograms in
            _ = histograms[Key(adapter: adapter, stage: stage), default: Self.empty()].record(microseconds)
        }
    }

    private static func empty() -> Histogram<UInt32> {
        Histogram(highestTrackableValue: maximumMicroseconds, numberOfSignificantValueDigits: .two)
    }

    /// Percentiles by adapter and stage, adapters in order of name, stages in order of time.
    package func rows() -> [Row] {
        histograms.withLockedValue { histograms in
            histograms.map { key, histogram in
                Row(
                    adapter: key.adapter, stage: key.stage, count: histogram.totalCount,
                    p50: histogram.valueAtPercentile(50), p90: histogram.valueAtPercentile(90),
                    p99: histogram.valueAtPercentile(99), maximum: histogram.maxRecorded)
            }
        }.sorted { ($0.adapter.rawValue, $0.stage.rawValue) < ($1.adapter.rawValue, $1.stage.rawValue) }
    }
}
