package import Domain
package import Engine
import Faults

extension Gateway {
    // MARK: Accounts

    package func accounts() -> [Account] { state.withLockedValue { $0.engine.liveAccounts } }

    package func account(_ id: AccountID) -> Account? { accounts().first { $0.id == id } }

    /// Adds an account or changes one; durable on return. Sessions are opened by `connect`.
    package func put(_ account: Account, by actor: Actor) async throws(GatewayError) {
        do {
            try step { state throws in
                try checkServing(state)
                if let known = state.engine.account(account.id)?.account,
                    known.adapter != account.adapter || known.currency != account.currency
                {
                    // Its orders and executions are recorded under them, and late news of them may still come.
                    throw GatewayError.inUse(
                        "account \(account.id) is known at adapter \(known.adapter) in \(known.currency), which stay; "
                            + "add an account with another id")
                }
                emit(
                    .accountPut, account.id.rawValue,
                    "adapter \(account.adapter), \(account.environment.rawName), \(account.currency)"
                        + (account.isEnabled ? "" : ", disabled"), by: actor, &state)
                emit(.accountDefined(account), &state)
                FaultPoint.hit(.accountEmitted)
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        FaultPoint.hit(.accountDurable)
    }

    /// Removes an account that no group names, that holds nothing and has no live order.
    package func removeAccount(_ id: AccountID, by actor: Actor) async throws(GatewayError) {
        do {
            try step { state throws in
                try checkServing(state)
                guard let number = state.engine.accountNumber(id) else {
                    throw GatewayError.refused(.unknownAccount(id))
                }
                if let group = state.engine.liveGroups.first(where: { $0.members.contains { $0.account == id } }) {
                    throw GatewayError.inUse("group \(group.id) names the account")
                }
                guard state.engine.openOrders(number) == 0 else {
                    throw GatewayError.inUse("the account has live orders")
                }
                guard state.engine.book.positions(of: number).allSatisfy({ $0.quantity == 0 }) else {
                    throw GatewayError.inUse("the account holds positions")
                }
                emit(.accountRemoved, id.rawValue, "", by: actor, &state)
                emit(.accountRemoved(id), &state)
            }
        } catch {
            throw translated(error)
        }
        try await settle()
    }

    // MARK: Groups

    package func groups(for authority: TradingAuthority) -> [ExecutionGroup] {
        state.withLockedValue { $0.engine.liveGroups.filter { authority.covers($0.id) } }
    }

    package func group(_ id: GroupID) -> ExecutionGroup? { state.withLockedValue { $0.engine.group(id) } }

    /// Stores a group. `expectedVersion`: `nil` = whatever is there, 0 = only if there is none.
    /// - Returns: the group with its new version and times.
    package func put(
        _ group: ExecutionGroup, expectedVersion: Int64?, by actor: Actor
    ) async throws(GatewayError) -> ExecutionGroup {
        let stored: ExecutionGroup
        do {
            stored = try step { state throws -> ExecutionGroup in
                try checkServing(state)
                let known = state.engine.group(group.id)
                if let expectedVersion, expectedVersion != (known?.version ?? 0) {
                    throw GatewayError.versionMismatch(current: known?.version ?? 0)
                }
                for (index, member) in group.members.enumerated()
                where state.engine.accountNumber(member.account) == nil {
                    throw GatewayError.refused(
                        ParentRefusal(
                            code: "unknown_account", path: "/accounts/\(index)/account_id",
                            value: member.account.rawValue,
                            message: "there is no account \(member.account)",
                            remedy: "add the account first; GET /api/accounts lists them"))
                }
                var stored = group
                let now = clock.wall()
                stored.version = (known?.version ?? 0) + 1
                stored.createdAt = known?.createdAt ?? now
                stored.updatedAt = now
                emit(
                    .groupPut, stored.id.rawValue,
                    "version \(stored.version), \(stored.policy.rawName), \(stored.members.count) accounts", by: actor,
                    &state)
                emit(.groupDefined(stored), &state)
                FaultPoint.hit(.groupEmitted)
                return stored
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        FaultPoint.hit(.groupDurable)
        return stored
    }

    package func removeGroup(_ id: GroupID, by actor: Actor) async throws(GatewayError) {
        do {
            try step { state throws in
                try checkServing(state)
                guard state.engine.group(id) != nil else {
                    throw GatewayError.refused(
                        ParentRefusal(
                            .notFound, code: "unknown_group", path: "", value: id.rawValue,
                            message: "there is no group \(id)",
                            remedy: "GET /api/execution-groups lists groups"))
                }
                if state.engine.runs.live.contains(where: { $0.admission.group == id }) {
                    throw GatewayError.inUse("runs of the group are live")
                }
                emit(.groupRemoved, id.rawValue, "", by: actor, &state)
                emit(.groupRemoved(id), &state)
            }
        } catch {
            throw translated(error)
        }
        try await settle()
    }

    /// Remainders that the group carries, by underlying, in units of 2^-32 lot by account.
    package func carry(of id: GroupID) -> [(underlying: String, isClosing: Bool, carry: [(AccountID, Int64)])] {
        state.withLockedValue { state in
            guard let number = state.engine.groupNumber(id) else { return [] }
            let entry = state.engine.groups[Int(number)]
            let enabled = entry.group.members.filter(\.isEnabled).map(\.account)
            return entry.carry.sorted {
                ($0.key.underlying, $0.key.isClosing ? 1 : 0) < ($1.key.underlying, $1.key.isClosing ? 1 : 0)
            }
            .map { ($0.key.underlying, $0.key.isClosing, Array(zip(enabled, $0.value))) }
        }
    }

    // MARK: Risk document

    /// Puts a version of the risk document into force, for the next admission.
    package func apply(_ limits: RiskLimits, _ version: RiskVersion) async throws(GatewayError) {
        do {
            try step { state throws in
                try checkServing(state)
                emit(.riskConfigured(version), &state)
                state.engine.setLimits(limits)
                FaultPoint.hit(.documentEmitted)
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        FaultPoint.hit(.documentDurable)
    }
}

extension ParentRefusal {
    package static func unknownAccount(_ id: AccountID) -> ParentRefusal {
        ParentRefusal(
            .notFound, code: "unknown_account", path: "", value: id.rawValue, message: "there is no account \(id)",
            remedy: "GET /api/accounts lists accounts")
    }
}

extension Gateway {
    /// The same version of the document, resolved anew after accounts changed.
    func refresh(_ limits: RiskLimits) { state.withLockedValue { $0.engine.setLimits(limits) } }
}
