import NIOConcurrencyHelpers

/// Runs lanes without threads, one turn a step, in the order in which they were woken: simulations and tests.
///
/// One thread at a time drives it. A simulation steps until nothing is left, moves its clock to `nextWake`, and goes on.
package final class SteppedLanes: LaneScheduler {
    private struct State {
        var ready: [any Lane] = []
        var sleeping: [(lane: any Lane, wake: Int64)] = []
        var isStopped = false
    }
    private let state = NIOLockedValueBox(State())
    private let clock: any LaneClock

    package init(clock: any LaneClock) { self.clock = clock }

    package func wake(_ lane: any Lane) {
        state.withLockedValue { state in
            guard !state.isStopped, !state.ready.contains(where: { $0 === lane }) else { return }
            state.ready.append(lane)
        }
    }

    package func stop() {
        state.withLockedValue { $0 = State(isStopped: true) }
    }

    /// When the earliest sleeping lane wants its turn; `nil` where none sleeps.
    package var nextWake: Int64? { state.withLockedValue { $0.sleeping.map(\.wake).min() } }

    /// One turn of the lane woken first, or of a sleeping one that is due. `false`: nothing to do at this instant.
    @discardableResult
    package func step() -> Bool {
        let next: (any Lane)? = state.withLockedValue { state in
            guard !state.isStopped else { return nil }
            if !state.ready.isEmpty { return state.ready.removeFirst() }
            guard !state.sleeping.isEmpty else { return nil }
            let now = clock.monotonic()
            let due = state.sleeping.indices.filter { state.sleeping[$0].wake <= now }
            guard let index = due.min(by: { state.sleeping[$0].wake < state.sleeping[$1].wake }) else { return nil }
            return state.sleeping[index].lane
        }
        guard let lane = next else { return false }
        let result = lane.turn()
        state.withLockedValue { state in
            state.sleeping.removeAll { $0.lane === lane }
            switch result {
            case .more: if !state.ready.contains(where: { $0 === lane }) { state.ready.append(lane) }
            case .idle(let wake?): state.sleeping.append((lane, wake))
            case .idle(nil), .ended: break
            }
        }
        return true
    }

    /// Steps until nothing is left at this instant; `limit` bounds a lane that never rests. Returns the steps taken.
    @discardableResult
    package func runUntilIdle(limit: Int = 1_000_000) -> Int {
        var steps = 0
        while steps < limit, step() { steps += 1 }
        return steps
    }
}
