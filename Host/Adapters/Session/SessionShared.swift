import CHost
import CSluice

/// The words of a session that other threads may read or raise at any time, and the host table beside them.
///
/// The memory is never freed: an adapter that calls late, from a thread of its own or after `destroy`, must find a table
/// that refuses. A session costs some 300 bytes of it.
///
/// `@unchecked Sendable`: the table is written in `init` alone; the words are only accessed atomically.
final class SessionShared: @unchecked Sendable {
    let table: UnsafeMutablePointer<sluice_host>
    private let words: UnsafeMutablePointer<UInt64>

    enum Word: Int, CaseIterable {
        case wrongLane, reentrant, callEntered, callFunction
        /// How many submits of those in the lane's hands are the adapter's; frozen by a withdrawal.
        case claimed
    }

    init() {
        table = .allocate(capacity: 1)
        words = .allocate(capacity: Word.allCases.count)
        words.initialize(repeating: 0, count: Word.allCases.count)
        table.initialize(to: HostTable.make(hostData: UnsafeMutableRawPointer(words)))
    }

    @inline(__always)
    func load(_ word: Word) -> UInt64 { chost_load_relaxed(words + word.rawValue) }
    @inline(__always)
    func store(_ word: Word, _ value: UInt64) { chost_store_relaxed(words + word.rawValue, value) }
    /// Counts one up; `false` where it is frozen.
    @inline(__always)
    func claim(_ word: Word) -> Bool { chost_claim(words + word.rawValue) == 1 }
    /// Where a count stands, from now on counted up by `increment` alone.
    func freeze(_ word: Word) -> UInt64 { chost_freeze(words + word.rawValue) }
    func increment(_ word: Word) { chost_add(words + word.rawValue, 1) }

    /// Counts a call from outside a lane call, or from inside a callback that may call nothing. `host` must be one of our
    /// tables, as every adapter was given.
    static func countRefused(_ host: UnsafePointer<sluice_host>?, isReentrant: Bool) {
        guard let words = host?.pointee.host_data?.assumingMemoryBound(to: UInt64.self) else { return }
        chost_add(words + (isReentrant ? Word.reentrant : Word.wrongLane).rawValue, 1)
    }
}

/// The adapter's functions that a lane calls, for health reports and budgets.
package enum LaneFunction: UInt8, CaseIterable, Hashable, Sendable {
    case open = 1
    case close, destroy, submit, submitBatch, modify, cancel, cancelAll, preview, query, reconcile
    case onTimer, onQuote, onCandle, onCancelled
    case modifyBatch, cancelBatch, commandReply, onConfig
    case authReply, vendorCall, subscribe, onHTTP, onHTTPChunk, onSent, onWebSocket, onStream, onStreamState, onWebhook
}

/// A session's condition, from any thread.
package struct LaneHealth: Sendable {
    package var counters: AdapterCounters
    /// Commands in the queue, not yet given to the adapter.
    package var queuedCommands: Int
    package var queuedPrices: Int
    /// Commands that the adapter holds without having completed them.
    package var openCommands: Int
    /// The call the lane is in right now and its monotonic entry time: a hung adapter stands here.
    package var currentCall: (function: LaneFunction, since: Int64)?
    /// The circuit breaker; `state(now:)` with the session's clock.
    package var circuit: CircuitBreaker
    /// Rate limits that this lane counts, as they are now.
    package var limits: [RateBucketStatus]
    /// Numbers the adapter reported by `metric`.
    package var metrics: [String: AdapterMetric]
}

/// A number that an adapter reports about itself.
package struct AdapterMetric: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        case counter = 1
        case gauge = 2
        case durationNanoseconds = 3
    }
    package var kind: Kind
    /// The sum of a counter, the last gauge, or the sum of durations; saturating.
    package var value: Int64
    /// How often it was reported.
    package var count: UInt64
    package var largest: Int64
}
