import Adapters
package import Domain
package import Engine
import Faults

extension Gateway {
    /// Halts, reduces or resumes a scope. Returns once it is durable; what a lane has not begun is taken back at once, and
    /// nothing more of the scope is handed over.
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
                    enforce(change, cancelWorking: cancelWorking, &state)
                    FaultPoint.hit(.haltEmitted)
                    return change
                }
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        FaultPoint.hit(.haltDurable)
        logger.notice(
            "Trading state changed",
            metadata: ["scope": "\(scope)", "state": "\(status.rawName)", "by": "\(person)", "reason": "\(reason)"])
        return change
    }

    /// Puts a trading state into force, with all that follows from it. The lanes give back first what they have not begun
    /// of a stopped scope: nothing of it leaves while the consequences are worked out.
    func enforce(_ change: TradingStateChange, cancelWorking: Bool, _ state: inout State) {
        let isStop = change.status != .active && change.status != .coolOff
        let unsent = isStop ? takeBack(change.scope, change.status, state) : []
        if isStop { FaultPoint.hit(.haltWithdrawn) }
        emit(.stateChanged(change), &state)
        book(unsent, reason: .halted, &state)
        for event in state.engine.consequences(of: change, cancelWorking: cancelWorking) { emit(event, &state) }
    }

    /// Takes a stopped scope's orders back, oldest first. Orders of a square-off and, where the scope may still reduce, orders
    /// that close go on.
    func takeBack(_ scope: Scope, _ status: TradingStatus, _ state: borrowing State) -> [OrderPlace] {
        let engine = state.engine
        return takeBack(
            unanswered(state) { run, order in
                !run.admission.isGatewayClosing && engine.concerns(scope, run, order)
                    && !(status == .reducing && run.admission(of: order).isClosing)
            }, state)
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
