package import Domain
import NIOConcurrencyHelpers

/// Counters and histograms since the start of the process, as a scraper wants them. Any thread.
///
/// Label sets are bounded: `maximumAdapters`, `maximumGroups`, `maximumStrategies`, `maximumCodes`, with `other` for the rest.
package final class MetricsBook: Sendable {
    package static let maximumAdapters = 32
    package static let maximumGroups = 100
    package static let maximumStrategies = 50
    package static let maximumCodes = 64

    /// Upper bounds of the buckets of latency histograms, microseconds.
    package static let bounds: [Int64] = [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000,
        5_000_000, 10_000_000, 60_000_000,
    ]

    package struct LatencyKey: Hashable, Sendable {
        package var adapter: String
        package var stage: Stage
    }

    package struct LegKey: Hashable, Sendable {
        package var adapter: String
        /// `accepted`, `rejected`, `not_sent`, `unknown`, `refused`.
        package var outcome: String
    }

    package struct Buckets: Hashable, Sendable {
        /// Not cumulative; the last one is beyond every bound.
        package var counts = [UInt64](repeating: 0, count: MetricsBook.bounds.count + 1)
        /// Nanoseconds; saturates.
        package var sum: UInt64 = 0
        /// The newest of each bucket.
        package var exemplars = [Exemplar?](repeating: nil, count: MetricsBook.bounds.count + 1)
    }

    /// A run that shows what a bucket is made of.
    package struct Exemplar: Hashable, Sendable {
        package var run: RunID
        package var nanoseconds: Int64
        package var at: Timestamp
    }

    package struct Figures: Sendable {
        package var runs: [String: UInt64] = [:]
        package var strategies: [String: UInt64] = [:]
        package var legs: [LegKey: UInt64] = [:]
        package var refusals: [String: UInt64] = [:]
        package var fills: [String: UInt64] = [:]
        package var retries: [String: UInt64] = [:]
        package var waits: [String: UInt64] = [:]
        package var latencies: [LatencyKey: Buckets] = [:]
        /// Rows that were not kept because too many waited, or their run had left memory.
        package var lostRows: UInt64 = 0
        package var keptRuns: UInt64 = 0
        package var failedWrites: UInt64 = 0
        /// Runs for a collector by what became of them; empty where there is none.
        package var traces: [String: UInt64] = [:]

        var adapterLabels = BoundedLabels(bound: MetricsBook.maximumAdapters)
        var groupLabels = BoundedLabels(bound: MetricsBook.maximumGroups)
        var strategyLabels = BoundedLabels(bound: MetricsBook.maximumStrategies)
        var codeLabels = BoundedLabels(bound: MetricsBook.maximumCodes)

        mutating func count(run group: GroupID?, strategy: String?) {
            runs[groupLabels.label(group?.rawValue ?? "none"), default: 0] += 1
            if let strategy { strategies[strategyLabels.label(strategy), default: 0] += 1 }
        }

        mutating func count(refusal code: String, adapter: AdapterID) {
            refusals[codeLabels.label(code), default: 0] += 1
            count(leg: "refused", adapter)
        }

        mutating func count(leg outcome: String, _ adapter: AdapterID) {
            legs[LegKey(adapter: adapterLabels.label(adapter.rawValue), outcome: outcome), default: 0] += 1
        }

        mutating func count(fillAt adapter: AdapterID) {
            fills[adapterLabels.label(adapter.rawValue), default: 0] += 1
        }

        mutating func record(_ stage: Stage, nanoseconds: Int64, adapter: AdapterID, run: RunID, at: Timestamp) {
            guard nanoseconds >= 0 else { return }
            let key = LatencyKey(adapter: adapterLabels.label(adapter.rawValue), stage: stage)
            let place = MetricsBook.bounds.firstIndex { nanoseconds <= $0 * 1_000 } ?? MetricsBook.bounds.count
            latencies[key, default: Buckets()].counts[place] += 1
            let (sum, overflow) = (latencies[key]?.sum ?? 0).addingReportingOverflow(UInt64(nanoseconds))
            latencies[key]?.sum = overflow ? .max : sum
            latencies[key]?.exemplars[place] = Exemplar(run: run, nanoseconds: nanoseconds, at: at)
        }
    }

    private let box = NIOLockedValueBox(Figures())

    package init() {}

    package var figures: Figures { box.withLockedValue { $0 } }

    /// What the push to a collector has counted since the start.
    package func note(traces: [String: Int]) {
        update { $0.traces = traces.mapValues { UInt64(clamping: $0) } }
    }

    func update(_ body: (inout Figures) -> Void) { box.withLockedValue { body(&$0) } }
}
