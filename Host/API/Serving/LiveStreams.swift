import Gateway
import NIOConcurrencyHelpers
import NIOCore

/// Every event stream that is open, so that a stop can end them.
final class LiveStreams: Sendable {
    private let heartbeat: TimeAmount
    private let state = NIOLockedValueBox((next: UInt64(1), streams: [UInt64: LiveStream](), isFinished: false))

    init(heartbeatMilliseconds: Int64) { heartbeat = .milliseconds(heartbeatMilliseconds) }

    var count: Int { state.withLockedValue { $0.streams.count } }

    /// Opens a stream that lives as long as its connection. `nil` once the server stops.
    func open(_ items: AsyncStream<EventHub.Item>, channel: any Channel) -> LiveStream? {
        let stream = LiveStream(items)
        let id = state.withLockedValue { state -> UInt64? in
            guard !state.isFinished else { return nil }
            let id = state.next
            state.next += 1
            state.streams[id] = stream
            return id
        }
        guard let id else {
            stream.close()
            return nil
        }
        let timer = channel.eventLoop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { _ in
            stream.beat()
        }
        // However it ends, also where the answer's head already found nobody.
        channel.closeFuture.whenComplete { [state] _ in
            timer.cancel()
            stream.close()
            state.withLockedValue { _ = $0.streams.removeValue(forKey: id) }
        }
        return stream
    }

    /// Ends all, and lets no new one begin.
    func finish() {
        let streams = state.withLockedValue { state in
            state.isFinished = true
            return Array(state.streams.values)
        }
        for stream in streams { stream.end() }
    }
}

/// One client's stream: events and heartbeats in one bounded queue. A client for which it overflows is ended; one that
/// takes nothing at all loses its connection by `RequestDeadline`.
final class LiveStream: Sendable {
    enum Frame: Sendable {
        case item(EventHub.Item)
        case heartbeat
    }

    let frames: AsyncStream<Frame>
    private let continuation: AsyncStream<Frame>.Continuation
    private let pump: Task<Void, Never>

    init(_ items: AsyncStream<EventHub.Item>) {
        let (frames, continuation) = AsyncStream.makeStream(
            of: Frame.self, bufferingPolicy: .bufferingOldest(EventHub.queueLength))
        (self.frames, self.continuation) = (frames, continuation)
        pump = Task {
            for await item in items {
                if case .dropped = continuation.yield(.item(item)) { break }
            }
            continuation.finish()
        }
    }

    /// A heartbeat that finds the queue full is not needed.
    func beat() { continuation.yield(.heartbeat) }

    /// Lets the client have what is queued, and no more.
    func end() { continuation.finish() }

    /// The client is gone or served.
    func close() {
        pump.cancel()
        continuation.finish()
    }
}
