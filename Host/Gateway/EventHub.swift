package import Adapters
package import Domain
import NIOConcurrencyHelpers

/// Passes durable events on to live subscribers.
///
/// A subscriber has a bounded queue; one that falls behind is ended, and goes on from the last id it saw, which the journal
/// still knows: nothing is lost. At most `maximumSubscribers` at once.
package final class EventHub: Sendable {
    package static let maximumSubscribers = 1_000
    package static let queueLength = 4_096

    package enum Item: Sendable {
        case event(EventView)
        /// A session's state: not in the journal, so without an id.
        case session(SessionID, SessionStatus, accounts: [AccountID], at: Timestamp)
    }

    private struct Subscriber {
        let id: UInt64
        let continuation: AsyncStream<Item>.Continuation
    }

    private let state = NIOLockedValueBox((next: UInt64(1), subscribers: [Subscriber]()))

    package init() {}

    package var count: Int { state.withLockedValue { $0.subscribers.count } }

    package var hasSubscribers: Bool { state.withLockedValue { !$0.subscribers.isEmpty } }

    /// Items from now on; ends when the subscriber falls behind or is cancelled. `nil` where there are too many already.
    package func subscribe() -> AsyncStream<Item>? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Item.self, bufferingPolicy: .bufferingOldest(Self.queueLength))
        let id = state.withLockedValue { state -> UInt64? in
            guard state.subscribers.count < Self.maximumSubscribers else { return nil }
            let id = state.next
            state.next += 1
            state.subscribers.append(Subscriber(id: id, continuation: continuation))
            return id
        }
        guard let id else { return nil }
        continuation.onTermination = { [state] _ in
            state.withLockedValue { $0.subscribers.removeAll { $0.id == id } }
        }
        return stream
    }

    func publish(_ item: Item) { publish([item]) }

    func publish(_ items: [Item]) {
        let subscribers = state.withLockedValue { $0.subscribers }
        for subscriber in subscribers {
            for item in items {
                if case .dropped = subscriber.continuation.yield(item) {
                    subscriber.continuation.finish()
                    break
                }
            }
        }
    }

    func finish() {
        let subscribers = state.withLockedValue { state in
            defer { state.subscribers = [] }
            return state.subscribers
        }
        for subscriber in subscribers { subscriber.continuation.finish() }
    }
}
