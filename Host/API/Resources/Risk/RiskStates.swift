import Domain
import Engine
import Gateway
import Hummingbird

/// `/api/rms`: trading states.
extension Backend {
    func halt(_ call: Call) async throws -> Answer { try await setState(call, .halted) }
    func reduce(_ call: Call) async throws -> Answer { try await setState(call, .reducing) }
    func resume(_ call: Call) async throws -> Answer { try await setState(call, .active) }

    private func setState(_ call: Call, _ status: TradingStatus) async throws -> Answer {
        let principal = try call.caller()
        var reader = ObjectReader(try await call.object())
        let rule = "firm, or kind:id with group, account, instrument, adapter, strategy or key"
        let text = reader.required("scope", rule) { $0.text("scope", maximum: 160) }
        let scope = text.flatMap { Scope($0) }
        if let text, scope == nil { reader.refuse("scope", .string(text), "is no scope", remedy: rule) }
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        let cancels = reader.boolean("cancel_working")
        if cancels == true, status != .halted {
            reader.refuse("cancel_working", true, "is for a halt only", remedy: "leave it out")
        }
        reader.finish(Schema.stateRequest)
        guard let scope, let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        try checkMaySet(scope, principal)
        let change = try await setState(scope, status, reason: reason, principal, cancelWorking: cancels ?? false)
        return .json { $0.tradingState(change) }
    }

    /// Changes a state; where two persons are asked for, resuming takes another than the one who stopped the scope and the
    /// one whose order led to it.
    func setState(
        _ scope: Scope, _ status: TradingStatus, reason: String, _ principal: Principal, cancelWorking: Bool
    ) async throws -> TradingStateChange {
        let (person, ring) = (principal.person, keys)
        let isSecond: @Sendable (TradingStateChange) -> Bool = { change in
            change.by != person && change.cause.flatMap { ring.person(of: $0) } != person
        }
        return try await gateway.setTradingState(
            scope, status, reason: reason, by: person, cancelWorking: cancelWorking,
            isSecondPerson: runtime.configuration.needsSecondPerson ? isSecond : nil)
    }

    /// A key that is bound to groups acts on those groups and their accounts.
    func checkMaySet(_ scope: Scope, _ principal: Principal) throws(Problem) {
        guard principal.isBoundToGroups else { return }
        let isCovered =
            switch scope.kind {
            case .group: GroupID(scope.id).map(principal.authority.covers) ?? false
            case .account: AccountID(scope.id).map { coveredAccounts(principal)?.contains($0) ?? true } ?? false
            default: false
            }
        guard isCovered else {
            throw Problem(
                .forbidden, "scope_not_allowed", path: "/scope", value: scope.description,
                "the key is bound to groups that do not make up this scope",
                remedy: "name one of its groups or their accounts, or use a key that is not bound to groups")
        }
    }

    /// What concerns everybody is seen by everybody; a group's or an account's state by those who may see that.
    func isVisible(_ scope: Scope, _ principal: Principal, _ covered: Set<AccountID>?) -> Bool {
        guard principal.isBoundToGroups else { return true }
        return switch scope.kind {
        case .group: GroupID(scope.id).map(principal.authority.covers) ?? false
        case .account: AccountID(scope.id).map { covered?.contains($0) ?? true } ?? false
        case .key: scope.id == principal.keyID
        default: true
        }
    }
}
