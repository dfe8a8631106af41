import Histogram

/// A distribution of latencies in the buckets of an HDR histogram of three significant digits, kept sparse.
///
/// Values are microseconds up to an hour; longer ones count as an hour. A bucket is at most a thousandth of its value wide, so
/// that a percentile is off by 0.1 % at most. Two of them merge into what one histogram over all values would be:
/// percentiles are never averaged.
package struct LatencyHistogram: Hashable, Sendable {
    package static let maximum: UInt64 = 3_600_000_000

    /// Counts by the least value of the bucket.
    private var counts: [UInt64: UInt64] = [:]
    package private(set) var count: UInt64 = 0
    /// Of all values, microseconds, as they were recorded; saturates.
    package private(set) var sum: UInt64 = 0

    package init() {}

    package var isEmpty: Bool { count == 0 }

    package mutating func record(microseconds: UInt64) {
        let value = min(microseconds, Self.maximum)
        counts[Self.bucket(of: value), default: 0] += 1
        count += 1
        sum = Self.saturating(sum, value)
    }

    package mutating func merge(_ other: LatencyHistogram) {
        counts.merge(other.counts) { Self.saturating($0, $1) }
        count = Self.saturating(count, other.count)
        sum = Self.saturating(sum, other.sum)
    }

    /// Mean of the values, microseconds, rounded down; `nil` of nothing.
    package var mean: UInt64? { count == 0 ? nil : sum / count }

    /// What a report says of the distribution, microseconds.
    package struct Summary: Hashable, Sendable {
        package var count: UInt64
        package var mean: UInt64
        package var p50: UInt64
        package var p90: UInt64
        package var p99: UInt64
        package var p999: UInt64
        package var maximum: UInt64
    }

    package var summary: Summary {
        var histogram = Histogram<UInt64>(
            highestTrackableValue: Self.maximum, numberOfSignificantValueDigits: .three)
        for (value, count) in counts { histogram.record(value, count: count) }
        return Summary(
            count: count, mean: mean ?? 0, p50: histogram.valueAtPercentile(50), p90: histogram.valueAtPercentile(90),
            p99: histogram.valueAtPercentile(99), p999: histogram.valueAtPercentile(99.9),
            maximum: histogram.maxRecorded)
    }

    /// The least value that shares a bucket with `value`: eleven significant bits.
    private static func bucket(of value: UInt64) -> UInt64 {
        let spare = UInt64.bitWidth - value.leadingZeroBitCount - 11
        return spare > 0 ? (value >> UInt64(spare)) << UInt64(spare) : value
    }

    private static func saturating(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let (sum, overflow) = left.addingReportingOverflow(right)
        return overflow ? .max : sum
    }
}

// MARK: - Bytes

extension LatencyHistogram {
    /// Sum, then pairs of distance to the bucket before and count, as variable-length numbers.
    func encode(into bytes: inout [UInt8]) {
        Self.append(sum, to: &bytes)
        Self.append(UInt64(counts.count), to: &bytes)
        var last: UInt64 = 0
        for (value, count) in counts.sorted(by: { $0.key < $1.key }) {
            Self.append(value - last, to: &bytes)
            Self.append(count, to: &bytes)
            last = value
        }
    }

    /// Takes one off the front; `nil` for bytes that `encode` did not make.
    init?(decoding bytes: inout ArraySlice<UInt8>) {
        guard let sum = Self.number(&bytes), let buckets = Self.number(&bytes), buckets <= 65_536 else { return nil }
        var value: UInt64 = 0
        for _ in 0..<buckets {
            guard let step = Self.number(&bytes), let count = Self.number(&bytes), step <= Self.maximum else {
                return nil
            }
            value += step
            guard value <= Self.maximum else { return nil }
            counts[value, default: 0] = count
            self.count = Self.saturating(self.count, count)
        }
        self.sum = sum
    }

    static func append(_ value: UInt64, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    static func number(_ bytes: inout ArraySlice<UInt8>) -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            guard let byte = bytes.popFirst() else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte & 0x80 == 0 { return value }
        }
        return nil
    }
}

/// One histogram for each stage after the receipt.
package struct StageHistograms: Hashable, Sendable {
    package private(set) var byStage: [Stage: LatencyHistogram] = [:]

    package init() {}

    /// - Parameter nanoseconds: from the receipt of the request; a negative distance (a clock that was set back) is not
    ///   counted.
    package mutating func record(_ stage: Stage, nanoseconds: Int64) {
        guard nanoseconds >= 0 else { return }
        byStage[stage, default: LatencyHistogram()].record(microseconds: UInt64(nanoseconds) / 1_000)
    }

    package mutating func merge(_ other: StageHistograms) {
        for (stage, histogram) in other.byStage { byStage[stage, default: LatencyHistogram()].merge(histogram) }
    }

    var encoded: [UInt8] {
        var bytes: [UInt8] = []
        for stage in Stage.allCases {
            guard let histogram = byStage[stage] else { continue }
            bytes.append(stage.rawValue)
            histogram.encode(into: &bytes)
        }
        return bytes
    }

    init?(decoding bytes: [UInt8]) {
        var rest = bytes[...]
        while let code = rest.popFirst() {
            guard let stage = Stage(rawValue: code), let histogram = LatencyHistogram(decoding: &rest) else {
                return nil
            }
            byStage[stage] = histogram
        }
    }
}
