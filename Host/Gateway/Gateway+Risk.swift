import Adapters
package import Domain
package import Engine
import Faults

extension Gateway {
    /// Halts, reduces or resumes a scope. Returns once it is durable; from the step on nothing more of the scope is handed
    /// over, and what a lane had not begun is taken back.
    ///
    /// - Parameter isSecondPerson: Where resuming takes two persons: whether the one who asks is another than the one who
    ///   stopped the scope and than the one whose order led to it. `nil` = one person may do both.
    package func setTradingState(
        _ scope: Scope, _ status: TradingStatus, reason: String, by person: String, cancelWorking: Bool,
        isSecondPerson: (@Sendable (TradingStateChange) -> Bool)? = nil
    ) async throws(GatewayError) -> TradingStateChange {
        let change: TradingStateChange
        do {
            change = try dispatchLock.withLock {
                try step { state throws -> TradingStateChange in
                    try checkServing(state)
                    try state.engine.check(scope)
                    if status == .active, let known = state.engine.tradingStates[scope], let isSecondPerson,
                        !isSecondPerson(known)
                    {
                        throw GatewayError.secondPersonRequired(known)
                    }
                    let change = TradingStateChange(
                        scope: scope, status: status, reason: reason, by: person, at: clock.wall())
                    emit(.stateChanged(change), &state)
                    let events = state.engine.consequences(of: change, cancelWorking: cancelWorking)
                    for event in events { emit(event, &state) }
                    FaultPoint.hit(.haltEmitted)
                    return change
                }
            }
        } catch {
            throw translated(error)
        }
        if status != .active { withdrawQueued(scope, status) }
        FaultPoint.hit(.haltWithdrawn)
        try await settle()
        FaultPoint.hit(.haltDurable)
        logger.notice(
            "Trading state changed",
            metadata: ["scope": "\(scope)", "state": "\(status.rawName)", "by": "\(person)", "reason": "\(reason)"])
        return change
    }

    /// Takes back what lies in lanes' queues and must not go any more: certain not to have been sent.
    func withdrawQueued(_ scope: Scope, _ status: TradingStatus) {
        var bySession: [ObjectIdentifier: (seat: SessionPlace, ids: Set<UInt64>)] = [:]
        state.withLockedValue { state in
            for run in state.engine.runs.live where !run.admission.isGatewayClosing {
                for order in run.orders where order.isUnanswered {
                    let leg = run.admission(of: order)
                    guard state.engine.concerns(scope, run, leg), !(status == .reducing && leg.isClosing),
                        let seat = state.sessions[state.engine.accounts[Int(leg.account)].account.id]
                    else { continue }
                    bySession[ObjectIdentifier(seat.session), default: (seat, [])].ids.insert(order.clientSequence)
                }
            }
        }
        for (seat, ids) in bySession.values.sorted(by: { $0.seat.session.isBefore($1.seat.session) }) {
            withdraw(ids, from: seat.session, reason: .halted)
        }
    }

    /// Takes submits back that a lane has not begun, and books them as withdrawn. `nil` = all of the session.
    func withdraw(_ ids: Set<UInt64>?, from session: AdapterSession, reason: LocalCancelReason) {
        let withdrawn = session.withdrawSubmits(ids)
        guard !withdrawn.isEmpty else { return }
        step { state in
            for id in withdrawn {
                guard let place = state.engine.runs.place(ofClientSequence: id) else { continue }
                emit(.ordersCanceledLocally(run: place.run, orders: [place.order], reason: reason), &state)
            }
        }
    }

    /// States other than active, most severe first.
    package func tradingStates() -> [TradingStateChange] {
        state.withLockedValue { state in
            state.engine.tradingStates.values.sorted {
                ($0.status.rawValue, $1.scope.description) > ($1.status.rawValue, $0.scope.description)
            }
        }
    }

    /// A scope's state, and how much of its limits is used.
    package struct ScopeUsage: Sendable {
        package var scope: Scope
        /// Its own, not that of the scopes above it.
        package var state: TradingStatus
        /// Of an account.
        package var currency: Currency?
        package var usage: [LimitUsage]
    }

    /// The firm, groups in order of creation, accounts.
    package func usage() -> (firm: ScopeUsage, groups: [ScopeUsage], accounts: [ScopeUsage]) {
        let now = clock.wall()
        return state.withLockedValue { state in
            let engine = state.engine
            func scope(_ scope: Scope, _ usage: [LimitUsage], _ currency: Currency? = nil) -> ScopeUsage {
                ScopeUsage(
                    scope: scope, state: engine.tradingStates[scope]?.status(at: now) ?? .active, currency: currency,
                    usage: usage)
            }
            return (
                scope(.firm, engine.usage(group: nil, now: now)),
                engine.liveGroups.compactMap { group in
                    engine.groupNumber(group.id).map {
                        scope(Scope(kind: .group, id: group.id.rawValue), engine.usage(group: $0, now: now))
                    }
                },
                engine.liveAccounts.compactMap { account in
                    engine.accountNumber(account.id).map {
                        scope(
                            Scope(kind: .account, id: account.id.rawValue), engine.usage(account: $0, now: now),
                            account.currency)
                    }
                }
            )
        }
    }

    /// The version of the risk document in force, and its text.
    package var riskConfiguration: (version: Int64, document: String) {
        state.withLockedValue { ($0.engine.riskHistory.current, $0.engine.riskHistory.document) }
    }
}

extension AdapterSession {
    /// A fixed order of sessions: what is done for several at one time is done in it, so that a seed replays it.
    func isBefore(_ other: AdapterSession) -> Bool { id.description < other.id.description }
}
