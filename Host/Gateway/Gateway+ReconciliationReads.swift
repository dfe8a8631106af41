package import Domain
package import Engine

extension Gateway {
    /// What the last comparisons came to, accounts in order of definition.
    /// - Parameter accounts: `nil` = all.
    package func reconciliations(of accounts: [AccountID]?, authority: TradingAuthority) -> [ReconciliationReport] {
        state.withLockedValue { state in
            state.engine.liveAccounts.map(\.id).filter { id in
                (accounts?.contains(id) ?? true) && state.engine.covers(authority, account: id)
            }.map { state.reconciliations[$0]?.report ?? ReconciliationReport(account: $0) }
        }
    }

    /// Compares accounts now, and waits until it is done or the time is over: an account that is not connected stays as it
    /// was.
    package func reconcile(
        _ accounts: [AccountID]?, authority: TradingAuthority, timeoutMilliseconds: Int64
    ) async throws(GatewayError) -> [ReconciliationReport] {
        let deadline = clock.wall().advanced(by: timeoutMilliseconds.multipliedSaturating(by: 1_000_000))
        let asked: [AccountID]
        do {
            asked = try step { state throws -> [AccountID] in
                try checkServing(state)
                let now = clock.wall()
                return state.engine.liveAccounts.map(\.id).filter { id in
                    guard accounts?.contains(id) ?? true, state.engine.covers(authority, account: id),
                        let seat = state.sessions[id], seat.session.status.state == .ready
                    else { return false }
                    var entry =
                        state.reconciliations[id]
                        ?? AccountReconciliation(dueAt: now, cause: .request, report: ReconciliationReport(account: id))
                    (entry.dueAt, entry.looks) = (now, 0)
                    if entry.askedAt == nil { entry.cause = .request }
                    state.reconciliations[id] = entry
                    state.reconciliationsDue = now
                    return true
                }
            }
        } catch {
            throw translated(error)
        }
        for account in asked {
            await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
                let mustWait = state.withLockedValue { state -> Bool in
                    guard case .running = state.serving, let entry = state.reconciliations[account],
                        entry.askedAt != nil || entry.dueAt <= clock.wall(), clock.wall() < deadline
                    else { return false }
                    state.reconciliations[account]?.waiters.append(
                        ReconciliationWaiter(deadline: deadline) { continuation.resume() })
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        }
        try await settle()
        return reconciliations(of: accounts, authority: authority)
    }

    /// Callers whose time is over, or all of them while the gateway stops.
    func takeLateReconciliationWaiters(_ now: Timestamp, all: Bool, _ state: inout State) -> [@Sendable () -> Void] {
        var resumes: [@Sendable () -> Void] = []
        for (account, entry) in state.reconciliations where !entry.waiters.isEmpty {
            let late = entry.waiters.filter { all || $0.deadline <= now }
            guard !late.isEmpty else { continue }
            state.reconciliations[account]?.waiters.removeAll { all || $0.deadline <= now }
            resumes += late.map(\.resume)
        }
        return resumes
    }
}

/// A caller that waits for a comparison. Resumed once.
struct ReconciliationWaiter: Sendable {
    let deadline: Timestamp
    let resume: @Sendable () -> Void
}
