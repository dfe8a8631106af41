package import Domain
package import Engine

extension Gateway {
    /// Longest time an override may hold, nanoseconds: a day.
    package static let longestOverride: Int64 = 86_400_000_000_000
    /// Most legs one override may let pass.
    package static let mostOverrideUses: Int64 = 10_000

    /// Lets a control pass orders of a scope. Durable on return.
    package func grantOverride(
        _ control: ControlID, scope: Scope, until: Timestamp, maximumUses: Int64, reason: String, by person: String
    ) async throws(GatewayError) -> OverrideTable.Entry {
        let id: Int64
        do {
            id = try step { state throws -> Int64 in
                try checkServing(state)
                try state.engine.check(scope)
                let now = clock.wall()
                guard !RiskOverride.fixedControls.contains(control) else {
                    throw GatewayError.refused(
                        ParentRefusal(
                            .forbidden, code: "not_overridable", path: "/control", value: control.name,
                            message: "\(control.name) is no limit and cannot be overridden",
                            remedy: "name a control that compares with a limit"))
                }
                guard until > now, until.since(now) <= Self.longestOverride else {
                    throw GatewayError.refused(
                        ParentRefusal(
                            code: "invalid_request", path: "/until", value: until.rfc3339,
                            message: "the time is not within the next 24 hours",
                            remedy: "give a time after \(now.rfc3339) and at most 24 hours later"))
                }
                guard (1...Self.mostOverrideUses).contains(maximumUses) else {
                    throw GatewayError.refused(
                        ParentRefusal(
                            code: "invalid_request", path: "/max_uses", value: "\(maximumUses)",
                            message: "the number of uses is out of range",
                            remedy: "give 1 to \(Self.mostOverrideUses)"))
                }
                guard
                    state.engine.overrides.entries.count(where: { $0.isActive(at: now) })
                        < OverrideTable.maximumActive
                else {
                    throw GatewayError.inUse(
                        "\(OverrideTable.maximumActive) overrides hold already; revoke one first")
                }
                let id = state.engine.overrides.nextID
                emit(
                    .overrideGranted(
                        RiskOverride(
                            id: id, control: control, scope: scope, until: until, maximumUses: maximumUses,
                            reason: reason, by: person, at: now)), &state)
                return id
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        logger.notice(
            "Override granted",
            metadata: [
                "override": "o\(id)", "control": "\(control.name)", "scope": "\(scope)", "by": "\(person)",
                "reason": "\(reason)",
            ])
        guard let entry = state.withLockedValue({ $0.engine.overrides[id] }) else {
            throw .notServing("the override is not in memory")
        }
        return entry
    }

    /// Takes an override back. Durable on return.
    package func revokeOverride(
        _ id: String, reason: String, by person: String
    ) async throws(GatewayError) -> OverrideTable.Entry {
        let number: Int64
        do {
            number = try step { state throws -> Int64 in
                try checkServing(state)
                let now = clock.wall()
                guard
                    let entry = state.engine.overrides.entries.first(where: {
                        "o\($0.override.id)" == id && $0.isActive(at: now)
                    })
                else {
                    throw GatewayError.refused(
                        ParentRefusal(
                            .notFound, code: "unknown_override", path: "{id}", value: id,
                            message: "no override \(id) holds",
                            remedy: "GET /api/rms/overrides lists them"))
                }
                emit(
                    .overrideRevoked(
                        id: entry.override.id, OverrideTable.Revocation(by: person, reason: reason, at: now)), &state)
                return entry.override.id
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        guard let entry = state.withLockedValue({ $0.engine.overrides[number] }) else {
            throw .notServing("the override is not in memory")
        }
        return entry
    }

    /// Newest first; those that ended are kept for a while.
    package func overrides() -> [OverrideTable.Entry] {
        state.withLockedValue { $0.engine.overrides.entries.reversed() }
    }
}
