import Gateway
import NIOConcurrencyHelpers
import NIOCore

/// Every live client that is connected, so that each hears a sign of life and a stop can end them.
final class LiveStreams: Sendable {
    private let heartbeat: TimeAmount
    private let state = NIOLockedValueBox((streams: [ObjectIdentifier: EventQueue](), isFinished: false))

    init(heartbeatMilliseconds: Int64) { heartbeat = .milliseconds(heartbeatMilliseconds) }

    var count: Int { state.withLockedValue { $0.streams.count } }

    /// Takes in a stream that lives as long as its connection. A client that takes nothing loses its connection by
    /// `RequestDeadline`.
    ///
    /// - Returns: `false` once the server stops.
    func open(_ queue: EventQueue, channel: any Channel, hub: EventHub) -> Bool {
        let id = ObjectIdentifier(queue)
        let isOpen = state.withLockedValue { state in
            guard !state.isFinished else { return false }
            state.streams[id] = queue
            return true
        }
        guard isOpen else { return false }
        let timer = channel.eventLoop.scheduleRepeatedTask(initialDelay: heartbeat, delay: heartbeat) { _ in
            queue.nudge()
        }
        // However it ends, also where the answer's head already found nobody.
        channel.closeFuture.whenComplete { [state] _ in
            timer.cancel()
            hub.unsubscribe(queue)
            state.withLockedValue { _ = $0.streams.removeValue(forKey: id) }
        }
        return true
    }

    /// Ends all, and lets no new one begin.
    func finish() {
        let queues = state.withLockedValue { state in
            state.isFinished = true
            return Array(state.streams.values)
        }
        for queue in queues { queue.finish() }
    }
}
