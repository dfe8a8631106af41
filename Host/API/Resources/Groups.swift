import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

/// `/api/execution-groups`: what parent orders are fanned out to.
extension Backend {
    func listGroups(_ call: Call) async throws -> Answer {
        var query = call.query
        let groups = gateway.groups(for: try call.caller().authority)
            .sorted { ($0.createdAt, $0.id.rawValue) > ($1.createdAt, $1.id.rawValue) }
        let page = try page(groups, &query) { $0.id.rawValue }
        return .list(page.items, next: page.next) { $0.group($1) }
    }

    func showGroup(_ call: Call) async throws -> Answer {
        var query = call.query
        let carries = query.word("carry", ["true", "false"]) == "true"
        try query.check()
        let group = try group(try call.group(), for: try call.caller())
        let carried = carries ? gateway.carry(of: group.id) : nil
        return .json(headers: [.eTag: "\"\(group.version)\""]) { $0.group(group, carried: carried) }
    }

    func createGroup(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let group = try decoding.group(try await call.object(), id: nil)
        try checkMayWrite(group, principal)
        let result = await store(group, 0, principal.caller.actor)
        if case .failure(.versionMismatch) = result {
            throw Problem(
                .conflict, "group_exists", path: "/id", value: group.id.rawValue,
                "there is a group \(group.id) already",
                remedy: "choose another id, or PUT /api/execution-groups/\(group.id) to change it")
        }
        return answer(try result.get(), .created)
    }

    func replaceGroup(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let id = try call.group()
        let version = try call.expectedVersion()
        let group = try decoding.group(try await call.object(), id: id)
        try checkMayWrite(group, principal)
        let stored = try await gateway.put(group, expectedVersion: version, by: principal.caller.actor)
        return answer(stored, stored.version == 1 ? .created : .ok)
    }

    func removeGroup(_ call: Call) async throws -> Answer {
        let id = try call.group()
        let group = try group(id, for: try call.caller())
        if let version = try call.expectedVersion(), version != group.version {
            throw GatewayError.versionMismatch(current: group.version)
        }
        try await gateway.removeGroup(id, by: try call.caller().caller.actor)
        return .noContent
    }

    // MARK: Accounts of a group

    func addGroupAccount(_ call: Call) async throws -> Answer {
        let object = try await call.object()
        return try await changeGroup(call, status: .created) { group throws(Problem) in
            let member = try decoding.member(object, policy: group.policy)
            guard !group.members.contains(where: { $0.account == member.account }) else {
                throw Problem(
                    .conflict, "account_in_group", path: "/account_id", value: member.account.rawValue,
                    "the account is in the group already", remedy: "PATCH it to change its parameters")
            }
            group.members.append(member)
        }
    }

    func changeGroupAccount(_ call: Call) async throws -> Answer {
        let object = try await call.object()
        return try await changeGroup(call) { group throws(Problem) in
            let index = try index(of: call.parameter(1), in: group)
            group.members[index] = try decoding.change(group.members[index], object, policy: group.policy)
        }
    }

    func removeGroupAccount(_ call: Call) async throws -> Answer {
        try await changeGroup(call) { group throws(Problem) in
            group.members.remove(at: try index(of: call.parameter(1), in: group))
        }
    }

    private func index(of account: String, in group: ExecutionGroup) throws(Problem) -> Int {
        guard let index = group.members.firstIndex(where: { $0.account.rawValue == account }) else {
            throw .notFound(
                "account", account, remedy: "GET /api/execution-groups/\(group.id) lists the group's accounts")
        }
        return index
    }

    /// Reads, changes, and stores a group if nobody changed it in between; else once more, a few times.
    private func changeGroup(
        _ call: Call, status: HTTPResponse.Status = .ok, _ change: (inout ExecutionGroup) throws(Problem) -> Void
    ) async throws -> Answer {
        let principal = try call.caller()
        let id = try call.group()
        let wanted = try call.expectedVersion()
        let attempts = 5
        for attempt in 1...attempts {
            var group = try group(id, for: principal)
            if let wanted, wanted != group.version { throw GatewayError.versionMismatch(current: group.version) }
            let version = group.version
            try change(&group)
            try checkMayWrite(group, principal)
            let result = await store(group, version, principal.caller.actor)
            if case .failure(.versionMismatch) = result, wanted == nil, attempt < attempts { continue }
            return answer(try result.get(), status)
        }
        throw GatewayError.overloaded
    }

    private func store(
        _ group: ExecutionGroup, _ version: Int64, _ actor: Actor
    ) async -> Result<ExecutionGroup, GatewayError> {
        do throws(GatewayError) {
            return .success(try await gateway.put(group, expectedVersion: version, by: actor))
        } catch {
            return .failure(error)
        }
    }

    // MARK: Helpers

    var decoding: GroupDecoding {
        let accounts = Dictionary(
            gateway.accounts().map { ($0.id, $0.currency) }, uniquingKeysWith: { first, _ in first })
        return GroupDecoding(now: gateway.clock.wall()) { accounts[$0] }
    }

    /// A key that is bound to groups may change those only, and may not bring accounts in that it could not trade before.
    private func checkMayWrite(_ group: ExecutionGroup, _ principal: Principal) throws(Problem) {
        guard principal.isBoundToGroups else { return }
        guard principal.authority.covers(group.id) else {
            throw Problem(
                .forbidden, "group_not_allowed", path: "/id", value: group.id.rawValue,
                "the key is not bound to this group",
                remedy: "use a key of this group, or one that is not bound to groups")
        }
        let covered = coveredAccounts(principal) ?? []
        let foreign = group.members.enumerated().filter { !covered.contains($1.account) }
        guard foreign.isEmpty else {
            throw Problem(
                .forbidden, "account_not_allowed", "the key may not bring accounts into its groups",
                foreign.map { index, member in
                    Problem.Entry(
                        path: "/accounts/\(index)/account_id", value: member.account.rawValue,
                        message: "the account is in none of the key's groups",
                        remedy: "use a key that is not bound to groups")
                })
        }
    }

    private func answer(_ group: ExecutionGroup, _ status: HTTPResponse.Status = .ok) -> Answer {
        .json(status, headers: [.eTag: "\"\(group.version)\""]) { $0.group(group) }
    }
}
