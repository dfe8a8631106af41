import Domain
import Glibc
import NIOConcurrencyHelpers

/// Answers of searches, remembered as long as instruments do not change.
///
/// At most `maximumEntries` answers of at most 500 indexes: at the bound all are forgotten, which costs each query one
/// search.
final class InstrumentSearchCache: Sendable {
    static let maximumEntries = 512

    private struct Key: Hashable {
        let query: String
        let venue: String?
        let kind: InstrumentKind?
        let limit: Int
    }

    private struct State {
        var version: Int64 = -1
        var answers: [Key: [InstrumentIndex]] = [:]
        var counts = InstrumentStatistics.Searches()
    }

    private let state = NIOLockedValueBox(State())

    var counts: InstrumentStatistics.Searches {
        state.withLockedValue { state in
            var counts = state.counts
            counts.entries = state.answers.count
            return counts
        }
    }

    func search(
        _ snapshot: InstrumentSnapshot, _ query: String, venue: String?, kind: InstrumentKind?, limit: Int
    ) -> [InstrumentIndex] {
        let start = Self.monotonic()
        // A longer query finds nothing and is not worth a place.
        let key = Key(query: String(query.prefix(128)), venue: venue, kind: kind, limit: limit)
        let isShort = query.utf8.count <= 128
        let known = state.withLockedValue { state -> [InstrumentIndex]? in
            state.counts.asked += 1
            guard isShort, state.version == snapshot.version, let answer = state.answers[key] else { return nil }
            state.counts.remembered += 1
            return answer
        }
        if let known { return known }
        let found = snapshot.search(query, venue: venue, kind: kind, limit: limit)
        let took = Self.monotonic() - start
        state.withLockedValue { state in
            state.counts.totalNanoseconds += took
            state.counts.longestNanoseconds = max(state.counts.longestNanoseconds, took)
            guard isShort, snapshot.version >= state.version else { return }
            if snapshot.version > state.version || state.answers.count >= Self.maximumEntries {
                state.answers.removeAll()
                state.version = snapshot.version
            }
            state.answers[key] = found
        }
        return found
    }

    private static func monotonic() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
