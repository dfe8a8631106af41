import Domain
import Engine
import NIOConcurrencyHelpers
import Store

/// One caller that waits for a commit. Resumed once, from the journal's thread.
final class DurableWaiter: Sendable {
    private enum State {
        case idle
        case waiting(CheckedContinuation<StoreFailure?, Never>)
        case finished(StoreFailure?)
    }
    private let state = NIOLockedValueBox(State.idle)

    var resume: @Sendable (StoreFailure?) -> Void {
        { failure in
            let continuation = self.state.withLockedValue { state -> CheckedContinuation<StoreFailure?, Never>? in
                defer { state = .finished(failure) }
                if case .waiting(let continuation) = state { return continuation }
                return nil
            }
            continuation?.resume(returning: failure)
        }
    }

    func wait() async -> StoreFailure? {
        await withCheckedContinuation { continuation in
            let finished = state.withLockedValue { state -> StoreFailure?? in
                if case .finished(let failure) = state { return .some(failure) }
                state = .waiting(continuation)
                return nil
            }
            if let finished { continuation.resume(returning: finished) }
        }
    }
}

extension Gateway {
    /// Waits until everything decided so far is durable.
    func settle() async throws(GatewayError) {
        let waiter = DurableWaiter()
        let mustWait = step { state -> Bool in
            if state.pending.isEmpty, state.durableSequence + 1 == state.pendingSequence { return false }
            state.pending.waiters.append(waiter.resume)
            state.pending.isUrgent = true
            return true
        }
        if mustWait, let failure = await waiter.wait() { throw .store(failure) }
    }

    /// Waits until a run has reached a level; `false` when the time ran out before.
    func waitFor(_ id: RunID, _ level: WaitLevel, _ timeoutMilliseconds: Int64) async throws(GatewayError) -> Bool {
        guard level != .durable else { return true }
        let deadline = clock.wall().advanced(by: timeoutMilliseconds.multipliedSaturating(by: 1_000_000))
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            let isReached = state.withLockedValue { state -> Bool in
                guard case .running = state.serving, let run = state.engine.runs[id], !Self.has(run, reached: level)
                else { return true }
                state.runWaiters[id, default: []].append(
                    RunWaiter(level: level, deadline: deadline) { continuation.resume() })
                return false
            }
            if isReached { continuation.resume() }
        }
        return state.withLockedValue { state in
            state.engine.runs[id].map { Self.has($0, reached: level) } ?? true
        }
    }

    static func has(_ run: Run, reached level: WaitLevel) -> Bool {
        switch level {
        case .durable: true
        case .acked:
            run.orders.allSatisfy { order in
                switch order.status {
                case .reserved, .held, .sent: false
                default: true
                }
            }
        case .done: run.liveLegs == 0
        }
    }

    /// Callers whose runs have come far enough, or whose time is over.
    func takeSatisfied(_ runs: some Collection<RunID>, _ state: inout State, now: Timestamp) -> [@Sendable () -> Void] {
        guard !state.runWaiters.isEmpty else { return [] }
        var resumes: [@Sendable () -> Void] = []
        for id in runs.sorted() {
            guard let waiters = state.runWaiters[id] else { continue }
            var kept: [RunWaiter] = []
            for waiter in waiters {
                let reached = state.engine.runs[id].map { Self.has($0, reached: waiter.level) } ?? true
                if reached || waiter.deadline <= now { resumes.append(waiter.resume) } else { kept.append(waiter) }
            }
            state.runWaiters[id] = kept.isEmpty ? nil : kept
        }
        return resumes
    }
}

extension Int64 {
    func multipliedSaturating(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

/// What a commit came to, for a thread that waits for it.
final class CommitOutcome: Sendable {
    private let value = NIOLockedValueBox<StoreFailure?>(nil)
    var failure: StoreFailure? { value.withLockedValue { $0 } }
    func set(_ failure: StoreFailure?) { value.withLockedValue { $0 = failure } }
}
