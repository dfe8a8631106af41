import Adapters
package import Domain
import Engine

/// A running gateway at a glance: what metrics and a terminal's overview are made of. Nothing in it is money.
package struct GatewayFigures: Sendable {
    package struct Adapter: Sendable {
        package var adapter: AdapterID
        package var accounts = 0
        package var accountsReady = 0
        /// Sessions by state, in the interface's words.
        package var sessions: [String: Int] = [:]
        /// Commands in lanes' queues, not yet given to the adapter.
        package var queuedCommands = 0
        /// Commands that the adapter holds without having completed them.
        package var openCommands = 0
        /// Sessions whose adapter is inside a call right now, and since when the longest is, nanoseconds.
        package var busyLanes = 0
        package var longestCall: Int64 = 0
    }

    package var isServing: Bool
    /// Requests that wait for the disk.
    package var waitingRequests: Int
    /// Durable orders that wait for their turn: held, out of rate, without a session.
    package var waitingOrders: Int
    package var liveRuns: Int
    /// Scopes that are not active, by state.
    package var stoppedScopes: [String: Int]
    /// By id.
    package var adapters: [Adapter]
    package var liveSubscribers: Int
    /// Journal records that are durable.
    package var durableSequence: UInt64
}

extension Gateway {
    /// Looks at everything once: some hundred microseconds with many sessions. Any thread.
    package func figures() -> GatewayFigures {
        let statuses = accountStatuses()
        let now = clock.monotonic()
        var (figures, sessions) = state.withLockedValue { state -> (GatewayFigures, [AdapterSession]) in
            var live = 0
            state.engine.runs.forEachLive { _ in live += 1 }
            var stopped: [String: Int] = [:]
            for change in state.engine.tradingStates.values { stopped[change.status.rawName, default: 0] += 1 }
            let isServing = if case .running = state.serving { true } else { false }
            var seen: Set<ObjectIdentifier> = []
            let sessions = state.sessions.values.map(\.session).filter { seen.insert(ObjectIdentifier($0)).inserted }
            return (
                GatewayFigures(
                    isServing: isServing, waitingRequests: state.waiting, waitingOrders: state.outbound.entries.count,
                    liveRuns: live, stoppedScopes: stopped, adapters: [], liveSubscribers: 0,
                    durableSequence: state.durableSequence), sessions
            )
        }
        figures.liveSubscribers = hub.count
        var adapters: [AdapterID: GatewayFigures.Adapter] = [:]
        for status in statuses {
            let id = status.account.adapter
            adapters[id, default: GatewayFigures.Adapter(adapter: id)].accounts += 1
            if status.isReady { adapters[id]?.accountsReady += 1 }
        }
        for session in sessions {
            let id = session.id.adapter
            let health = session.health
            var entry = adapters[id] ?? GatewayFigures.Adapter(adapter: id)
            entry.sessions[session.status.state.rawName, default: 0] += 1
            entry.queuedCommands += health.queuedCommands
            entry.openCommands += health.openCommands
            if let call = health.currentCall {
                entry.busyLanes += 1
                entry.longestCall = max(entry.longestCall, now - call.since)
            }
            adapters[id] = entry
        }
        figures.adapters = adapters.values.sorted { $0.adapter.rawValue < $1.adapter.rawValue }
        return figures
    }
}
