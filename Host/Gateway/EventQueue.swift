import NIOConcurrencyHelpers
package import NIOCore

/// An event on its way to many clients, each of which wants the same bytes: they are made once.
package final class LiveEvent: Sendable {
    package let view: EventView
    private let encoded = NIOLockedValueBox<[UInt8]?>(nil)

    package init(_ view: EventView) { self.view = view }

    /// The event's bytes, made by the first who asks.
    package func bytes(_ encode: (EventView) -> [UInt8]) -> [UInt8] {
        encoded.withLockedValue { encoded in
            if let encoded { return encoded }
            let made = encode(view)
            encoded = made
            return made
        }
    }
}

/// What was dealt out together: one for all clients, who differ in nothing but what they want to see of it.
package final class LiveBatch: Sendable {
    /// Clients that want the same bytes.
    package struct Form: Hashable, Sendable {
        package var topics: Set<EventView.Topic>
        /// WebSocket frames; else server-sent events.
        package var isFramed: Bool
        package init(topics: Set<EventView.Topic>, isFramed: Bool) { (self.topics, self.isFramed) = (topics, isFramed) }
    }

    package let items: [EventHub.Item]
    /// Of its first and of its last event; `nil` where none of it is in the journal.
    package let first: Gateway.AuditPlace?
    package let last: Gateway.AuditPlace?
    private let forms = NIOLockedValueBox<[Form: ByteBuffer]>([:])

    package init(_ items: [EventHub.Item]) {
        self.items = items
        func place(_ item: EventHub.Item?) -> Gateway.AuditPlace? {
            if case .event(let event)? = item { Gateway.AuditPlace(event.view.id) } else { nil }
        }
        (first, last) = (place(items.first), place(items.last))
    }

    /// The batch's bytes in a form, made by the first client who asks; each gets a view of the same memory.
    package func bytes(_ form: Form, _ make: () -> ByteBuffer) -> ByteBuffer {
        forms.withLockedValue { forms in
            if let known = forms[form] { return known }
            let made = make()
            forms[form] = made
            return made
        }
    }
}

/// One subscriber's queue: many put in, one takes out. What it holds is batches that all subscribers share, so that a
/// thousand of them cost a thousand references each time something is dealt out, however many events that is.
///
/// A full queue is emptied instead of growing or making anybody wait, and its reader hears `fellBehind` before what comes
/// after.
package final class EventQueue: Sendable {
    /// Events that wait at most: what a reader that stands still for a second is behind at 16,000 events a second.
    package static let capacity = 16_384

    package enum Delivery: Sendable {
        case batches([LiveBatch])
        /// What was queued is lost; what follows is complete from here on.
        case fellBehind
        /// Nothing happened; it is time for a sign of life.
        case idle
        case ended
    }

    private struct State {
        var batches: [LiveBatch] = []
        /// Events in them.
        var count = 0
        var isBehind = false
        var isIdle = false
        var isFinished = false
        var reader: CheckedContinuation<Delivery, Never>?
    }

    let id: UInt64
    private let limit: Int
    private let state = NIOLockedValueBox(State())

    init(id: UInt64, capacity: Int = EventQueue.capacity) { (self.id, limit) = (id, capacity) }

    func post(_ batch: LiveBatch) {
        change { state in
            guard !state.isFinished else { return }
            if state.isBehind || state.count + batch.items.count > limit {
                (state.batches, state.count, state.isBehind) = ([], 0, true)
            } else {
                state.batches.append(batch)
                state.count += batch.items.count
            }
        }
    }

    func fallBehind() { change { ($0.batches, $0.count, $0.isBehind) = ([], 0, true) } }

    /// Wakes the reader though nothing happened.
    package func nudge() { change { $0.isIdle = true } }

    /// Lets the reader have what is queued, and no more.
    package func finish() { change { $0.isFinished = true } }

    /// What there is, or what comes next. One reader.
    package func next() async -> Delivery {
        await withCheckedContinuation { continuation in
            let ready = state.withLockedValue { state -> Delivery? in
                if let ready = Self.take(&state) { return ready }
                state.reader = continuation
                return nil
            }
            if let ready { continuation.resume(returning: ready) }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        let (reader, ready) = state.withLockedValue { state -> (CheckedContinuation<Delivery, Never>?, Delivery?) in
            body(&state)
            guard state.reader != nil, let ready = Self.take(&state) else { return (nil, nil) }
            defer { state.reader = nil }
            return (state.reader, ready)
        }
        if let reader, let ready { reader.resume(returning: ready) }
    }

    private static func take(_ state: inout State) -> Delivery? {
        if state.isBehind {
            state.isBehind = false
            return .fellBehind
        }
        if !state.batches.isEmpty {
            defer { (state.batches, state.count) = ([], 0) }
            return .batches(state.batches)
        }
        if state.isFinished { return .ended }
        if state.isIdle {
            state.isIdle = false
            return .idle
        }
        return nil
    }
}
