package import Adapters
package import Domain
import Engine

// Calls of an adapter's own: what they do at the broker passes by the risk controls, so a halt stops them here.

extension Gateway {
    /// Lets a call of an adapter's own be made, and says so in the audit. Returns once that is durable: nothing is sent
    /// that no record tells of.
    ///
    /// A call that may change something at the broker is refused (`stopped`) unless the firm, the adapter, the account
    /// and the caller's key are all active; one that its adapter declares as reducing passes, as risk can always be
    /// reduced. A call that reads passes without a record.
    package func admit(
        _ call: AdapterConnections.VendorCall, account: Account, by actor: Actor
    ) async throws(GatewayError) {
        guard call.effect != .read else { return }
        let effect = call.isReducing ? "reducing" : call.effect.rawName
        do {
            try step { state throws -> Void in
                try checkServing(state)
                try checkActive(call, account, actor, state)
                emit(.brokerCalled, account.id.rawValue, "\(call.name) (\(effect))", by: actor, &state)
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        do {
            // Somebody may have stopped it while the record was written.
            try step { state throws -> Void in try checkActive(call, account, actor, state) }
        } catch {
            throw translated(error)
        }
    }

    private func checkActive(
        _ call: AdapterConnections.VendorCall, _ account: Account, _ actor: Actor, _ state: borrowing State
    ) throws(GatewayError) {
        guard call.effect.isMutation, !call.isReducing, !state.engine.tradingStates.isEmpty else { return }
        let now = clock.wall()
        let scopes = [
            Scope.firm, Scope(kind: .adapter, id: account.adapter.rawValue),
            Scope(kind: .account, id: account.id.rawValue), Scope(kind: .key, id: actor.keyID),
        ]
        let stopped = scopes.compactMap { state.engine.tradingStates[$0] }.filter { $0.status(at: now) != .active }
        // The most severe one tells most; of two alike, the wider scope.
        guard let worst = stopped.map({ $0.status(at: now) }).max(),
            let change = stopped.first(where: { $0.status(at: now) == worst })
        else { return }
        throw .stopped(change, call: call.name)
    }
}
