import Domain

/// The results of an account's last round trips (C28), in minor units net of fees.
///
/// What a streak is depends on limits, which are no part of the state: so the results are kept, and the streak is counted
/// when it is asked for. The newest `longest` results are kept; a streak further back is not seen.
package struct RoundTrips: Hashable, Sendable {
    package static let longest = 256

    /// A ring once it is full.
    private var results: [Int64] = []
    private var next = 0

    package init() {}

    mutating func append(_ result: Int64) {
        if results.count < Self.longest {
            results.append(result)
        } else {
            results[next] = result
            next = (next + 1) % Self.longest
        }
    }

    /// Losses beyond `epsilon` since the last profit beyond it; results between the two are neither.
    package func streak(epsilon: Int64) -> Int64 {
        if results.isEmpty { return 0 }
        var count: Int64 = 0
        for back in 0..<results.count {
            let place = (next + results.count - 1 - back) % results.count
            if results[place] > epsilon { return count }
            if results[place] < -epsilon { count += 1 }
        }
        return count
    }
}

// MARK: - As bytes

extension RoundTrips {
    func write(to writer: inout EventWriter) {
        writer.write(count: next)
        writer.write(results)
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        next = Int(clamping: try reader.readUnsigned()) % Self.longest
        results = try reader.readNumbers()
    }
}
