package import Domain
package import Engine

// What follows a limit that was reached, besides refusing: states, cancels, square-offs. All of it in the step that saw it.

extension Gateway {
    /// Puts a breach into force, with everything that follows.
    func act(on breach: Breach, _ state: inout State) {
        let change = breach.change
        logger.warning(
            "Trading state changed by a rule",
            metadata: [
                "scope": "\(change.scope)", "state": "\(change.status.rawName)", "by": "\(change.by)",
                "reason": "\(change.reason)",
            ])
        enforce(change, cancelWorking: breach.cancelsWorking, &state)
        if change.status != .coolOff { state.stopped.append((change.scope, change.status)) }
        if breach.squaresOff { startSquareOff(change.scope, reason: change.reason, by: change.by, change.at, &state) }
    }

    /// Stops what reached a loss limit, and warns of what comes near one.
    /// - Parameter cause: Id of the API key whose order's execution was the last news, where it was.
    func checkLosses(_ now: Timestamp, _ state: inout State, only account: Int32? = nil, cause: String? = nil) {
        for warning in state.engine.warnings(now: now, only: account) { emit(.limitWarned(warning), &state) }
        for var breach in state.engine.lossEvents(now: now, only: account) {
            breach.change.cause = cause
            act(on: breach, &state)
        }
    }

    /// What becomes due by time: breaches that nobody resumed from, heartbeats that did not come.
    func checkDue(_ now: Timestamp, _ state: inout State) {
        if !state.engine.tradingStates.isEmpty {
            for breach in state.engine.escalations(now: now) { act(on: breach, &state) }
        }
        guard !state.engine.heartbeats.isEmpty else { return }
        for heartbeat in state.engine.heartbeats.values.sorted(by: { $0.key < $1.key }) {
            let heard = state.heard[heartbeat.key] ?? state.startedAt
            guard now.since(heard) > heartbeat.ttl else { continue }
            // Disarmed: after a person resumed, it is the key's to promise anew.
            var gone = heartbeat
            (gone.ttl, gone.at) = (0, now)
            emit(.heartbeatSet(gone), &state)
            guard state.engine.tradingStates[heartbeat.scope]?.status(at: now) ?? .active < .reducing else { continue }
            act(
                on: Breach(
                    TradingStateChange(
                        scope: heartbeat.scope, status: .reducing,
                        reason: "no heartbeat of key \(heartbeat.key) for \(now.since(heard) / 1_000_000) ms",
                        by: "rule:heartbeat", at: now), .reducing), &state)
        }
    }

    /// Takes back what the dispatcher had in its hands when a rule stopped a scope, and has given to lanes since.
    func withdrawStopped() {
        guard state.withLockedValue({ !$0.stopped.isEmpty }) else { return }
        dispatchLock.withLock {
            step { state in
                for (scope, status) in state.stopped { book(takeBack(scope, status, state), reason: .halted, &state) }
                state.stopped = []
            }
        }
    }

    // MARK: Heartbeats

    /// An armed heartbeat, and until when it is good.
    package struct HeartbeatStatus: Sendable {
        package var heartbeat: Heartbeat
        package var expiresAt: Timestamp
    }

    /// Renews, arms (another `ttl` or scope) or, with 0, disarms the heartbeat of a key. Arming and disarming are durable on
    /// return; a renewal is kept in memory alone.
    package func beat(
        _ caller: Caller, scope: Scope, ttl: Int64
    ) async throws(GatewayError) -> HeartbeatStatus? {
        let (status, isNews): (HeartbeatStatus?, Bool)
        do {
            (status, isNews) = try step { state throws -> (HeartbeatStatus?, Bool) in
                try checkServing(state)
                try state.engine.check(scope)
                let now = clock.wall()
                let known = state.engine.heartbeats[caller.keyID]
                if known == nil, ttl > 0, state.engine.heartbeats.count >= Heartbeat.maximumCount {
                    throw GatewayError.inUse("\(Heartbeat.maximumCount) heartbeats are armed already")
                }
                let wanted = Heartbeat(key: caller.keyID, person: caller.person, scope: scope, ttl: ttl, at: now)
                state.heard[caller.keyID] = ttl > 0 ? now : nil
                let isNews = ttl > 0 ? known?.ttl != ttl || known?.scope != scope : known != nil
                if isNews { emit(.heartbeatSet(wanted), &state) }
                guard ttl > 0 else { return (nil, isNews) }
                return (
                    HeartbeatStatus(heartbeat: isNews ? wanted : known ?? wanted, expiresAt: now.advanced(by: ttl)),
                    isNews
                )
            }
        } catch {
            throw translated(error)
        }
        if isNews { try await settle() }
        return status
    }

    package func heartbeats() -> [HeartbeatStatus] {
        state.withLockedValue { state in
            state.engine.heartbeats.values.sorted { $0.key < $1.key }.map { heartbeat in
                HeartbeatStatus(
                    heartbeat: heartbeat,
                    expiresAt: (state.heard[heartbeat.key] ?? state.startedAt).advanced(by: heartbeat.ttl))
            }
        }
    }
}
