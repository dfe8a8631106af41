package import Adapters
package import Domain
import Engine
import NIOConcurrencyHelpers

/// Passes durable events on to live subscribers.
///
/// Whoever has something to tell leaves it here and goes on; a thread of its own describes it and deals it out
/// (`Gateway.distribute`). Each subscriber has a bounded queue. One that falls behind loses what is queued and is told so;
/// the journal still knows it. At most `maximumSubscribers` at once.
package final class EventHub: Sendable {
    package static let maximumSubscribers = 2_000
    /// Records that wait to be described; beyond it all subscribers have fallen behind.
    static let maximumRecords = 8_192
    /// Two states of one session are told no closer together than this, nanoseconds; of those in between only the last is.
    static let stateInterval: Int64 = 250_000_000

    package enum Item: Sendable {
        case event(LiveEvent)
        /// A session's state: not in the journal, so without an id.
        case session(SessionID, SessionStatus, accounts: [AccountID], at: Timestamp)
    }

    struct Record {
        var events: [Event]
        var sequence: UInt64
        var at: Timestamp
    }

    private struct State {
        var next: UInt64 = 1
        var queues: [UInt64: EventQueue] = [:]
        var records: [Record] = []
        var isOverflown = false
        var sessions: [SessionID: Item] = [:]
        var sessionsDue: Int64 = .min
        var isFinished = false
    }

    private let state = NIOLockedValueBox(State())
    /// Raised when there is something to deal out.
    let signal = WakeSignal()

    package init() {}

    package var count: Int { state.withLockedValue { $0.queues.count } }

    package var hasSubscribers: Bool { state.withLockedValue { !$0.queues.isEmpty } }

    /// A queue of what happens from now on; to be given back by `unsubscribe`. `nil` where there are too many already, and
    /// when the gateway stops.
    package func subscribe(capacity: Int = EventQueue.capacity) -> EventQueue? {
        state.withLockedValue { state in
            guard state.queues.count < Self.maximumSubscribers, !state.isFinished else { return nil }
            let queue = EventQueue(id: state.next, capacity: capacity)
            state.next += 1
            state.queues[queue.id] = queue
            return queue
        }
    }

    package func unsubscribe(_ queue: EventQueue) {
        state.withLockedValue { _ = $0.queues.removeValue(forKey: queue.id) }
        queue.finish()
    }

    func publish(_ record: Record) {
        let isNews = state.withLockedValue { state in
            guard !state.queues.isEmpty else { return false }
            guard state.records.count < Self.maximumRecords else {
                state.isOverflown = true
                return false
            }
            state.records.append(record)
            return true
        }
        if isNews { signal.raise() }
    }

    func publish(session: SessionID, _ item: Item) {
        state.withLockedValue { state in
            if !state.queues.isEmpty { state.sessions[session] = item }
        }
    }

    /// What is to be dealt out now, and to whom.
    func take(now: Int64) -> (records: [Record], sessions: [Item], queues: [EventQueue], isOverflown: Bool) {
        state.withLockedValue { state in
            var sessions: [Item] = []
            if !state.sessions.isEmpty, state.sessionsDue <= now {
                state.sessionsDue = now + Self.stateInterval
                sessions = state.sessions.sorted { $0.key.description < $1.key.description }.map(\.value)
                state.sessions = [:]
            }
            defer { (state.records, state.isOverflown) = ([], false) }
            return (state.records, sessions, Array(state.queues.values), state.isOverflown)
        }
    }

    func finish() {
        let queues = state.withLockedValue { state in
            state.isFinished = true
            defer { state.queues = [:] }
            return Array(state.queues.values)
        }
        for queue in queues { queue.finish() }
    }
}

extension Gateway {
    /// Records described in one go under the lock at most.
    private static let recordsPerStep = 64

    /// Describes what was published since and deals it out. A thread of its own calls it; nothing waits for it.
    ///
    /// - Returns: whether there was anything.
    @discardableResult
    package func distribute() -> Bool {
        let (records, sessions, queues, isOverflown) = hub.take(now: clock.monotonic())
        guard !queues.isEmpty else { return false }
        if isOverflown { for queue in queues { queue.fallBehind() } }
        for start in stride(from: 0, to: records.count, by: Self.recordsPerStep) {
            // Under the lock: a copy of the engine that lives on would make the next step copy its tables.
            let views = state.withLockedValue { state in
                records[start..<min(start + Self.recordsPerStep, records.count)].flatMap { record in
                    EventDescriber(engine: state.engine).describe(
                        record.events, sequence: record.sequence, at: record.at)
                }
            }
            let batch = LiveBatch(views.map { .event(LiveEvent($0)) })
            for queue in queues { queue.post(batch) }
        }
        if !sessions.isEmpty {
            let batch = LiveBatch(sessions)
            for queue in queues { queue.post(batch) }
        }
        return !records.isEmpty
    }

    func publish(_ batch: Batch, sequence: UInt64) {
        guard hub.hasSubscribers else { return }
        hub.publish(EventHub.Record(events: batch.events, sequence: sequence, at: clock.wall()))
    }
}
