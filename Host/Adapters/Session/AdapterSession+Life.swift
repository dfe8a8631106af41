extension AdapterSession {
    /// Begins the login. `completion` hears how the adapter ended the call; the state itself comes by `.session` events.
    package func open(
        deadline: Int64? = nil, completion: (@Sendable (Result<Void, QueryFailure>) -> Void)? = nil
    ) -> QueueVerdict {
        enqueue(.open(LifecycleRequest(deadline: deadline ?? .max, completion: completion)))
    }

    /// Ends the session: what waits is ended as not sent, the adapter gets five seconds to complete what it holds, then
    /// the host completes it (mutations as unknown) and destroys the session. The last event is `.session(closed)`.
    package func close(ended: (@Sendable () -> Void)? = nil) {
        if let ended {
            let isOver = published.withLockedValue { published in
                if !published.hasEnded { published.endWaiters.append(ended) }
                return published.hasEnded
            }
            if isOver { return ended() }
        }
        _ = enqueue(.close)
    }

    /// Whether `close` was asked for; it may have ended since.
    package var isClosing: Bool { inbox.withLock { $0.isClosing } }

    /// Has the lane look at what waits. Any thread.
    func wake() {
        let mustWake = inbox.withLock { inbox in
            guard !inbox.isOver else { return false }
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustWake { scheduler.wake(self) }
    }

    func publish(counters: AdapterCounters, openCommands: Int, metrics: [String: AdapterMetric]) {
        published.withLockedValue { published in
            (published.counters, published.openCommands, published.metrics) = (counters, openCommands, metrics)
        }
    }

    func publish(circuit: CircuitBreaker) { published.withLockedValue { $0.circuit = circuit } }

    /// The instant of the session's clock, monotonic nanoseconds.
    package var now: Int64 { clock.monotonic() }

    /// Where the circuit breaker stands at this instant.
    package var circuitState: CircuitBreaker.State {
        published.withLockedValue { $0.circuit }.state(now: clock.monotonic())
    }

    func deliverUp(_ batch: inout LaneBatch) { delegate?.lane(self, delivers: &batch) }
}

extension AdapterSession: Lane {
    package func turn() -> LaneTurn {
        guard let core else { return .ended }
        let result = core.turn()
        if result == .ended {
            self.core = nil
            delegate = nil
            let waiters = published.withLockedValue { published in
                published.hasEnded = true
                defer { published.endWaiters = [] }
                return published.endWaiters
            }
            for waiter in waiters { waiter() }
        }
        return result
    }
}
