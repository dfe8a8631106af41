import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

// `/api/rms`: square-offs, overrides, heartbeats.

extension Backend {
    static let scopeRule = "firm, or kind:id with group, account, instrument, adapter, strategy or key"

    private func scope(_ reader: inout ObjectReader) -> Scope? {
        guard let text = reader.required("scope", Self.scopeRule, { $0.text("scope", maximum: 160) }) else {
            return nil
        }
        let scope = Scope(text)
        if scope == nil { reader.refuse("scope", .string(text), "is no scope", remedy: Self.scopeRule) }
        return scope
    }

    private func reason(_ reader: inout ObjectReader) -> String? {
        reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
    }

    // MARK: Square-off

    func startSquareOff(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let key = try call.idempotencyKey()
        var reader = ObjectReader(try await call.object())
        let scope = scope(&reader)
        let reason = reason(&reader)
        reader.finish(Schema.squareOffRequest)
        guard let scope, let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        try checkMaySet(scope, principal)
        let status = try await gateway.squareOff(
            scope, reason: reason, by: principal.caller,
            idempotency: Idempotency(
                key: key, fingerprint: Array("POST /api/rms/square-off \(scope) \(reason)".utf8)))
        return .json(.accepted) { $0.squareOff(status) }
    }

    func listSquareOffs(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let covered = coveredAccounts(principal)
        var query = call.query
        let visible = gateway.squareOffs().filter { isVisible($0.squareOff.scope, principal, covered) }
        let (items, next) = try page(visible, &query) { "q\($0.squareOff.id)" }
        return .list(items, next: next) { $0.squareOff($1) }
    }

    func showSquareOff(_ call: Call) async throws -> Answer {
        let status = try squareOff(call)
        return .json { $0.squareOff(status) }
    }

    func cancelSquareOff(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var reader = ObjectReader(try await call.object())
        let reason = reason(&reader)
        reader.finish(Schema.reasonRequest)
        guard let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        try checkMaySet(try squareOff(call).squareOff.scope, principal)
        let status = try await gateway.cancelSquareOff(call.parameter(0), reason: reason, by: principal.person)
        return .json { $0.squareOff(status) }
    }

    private func squareOff(_ call: Call) throws -> Gateway.SquareOffStatus {
        let principal = try call.caller()
        guard let status = gateway.squareOff(call.parameter(0)),
            isVisible(status.squareOff.scope, principal, coveredAccounts(principal))
        else {
            throw Problem.notFound("square_off", call.parameter(0), remedy: "GET /api/rms/square-off lists them")
        }
        return status
    }

    // MARK: Overrides

    func listOverrides(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let covered = coveredAccounts(principal)
        let now = gateway.clock.wall()
        let visible = gateway.overrides().filter { isVisible($0.override.scope, principal, covered) }
        return .json {
            $0.object { $0.list("items", visible) { $0.riskOverride($1, now: now) } }
        }
    }

    func grantOverride(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var reader = ObjectReader(try await call.object())
        let names = "the name of a control, like max-position"
        let name = reader.required("control", names) { $0.text("control") }
        let control = name.flatMap { name in ControlID.allCases.first { $0.name == name } }
        if let name, control == nil { reader.refuse("control", .string(name), "is no control", remedy: names) }
        let scope = scope(&reader)
        let until = reader.required("until", "a time, like 2026-01-31T15:30:00Z") { $0.time("until") }
        let uses = reader.required("max_uses", "how many legs may pass") {
            $0.integer("max_uses", 1...Gateway.mostOverrideUses)
        }
        let reason = reason(&reader)
        reader.finish(Schema.overrideRequest)
        guard let control, let scope, let until, let uses, let reason, reader.entries.isEmpty else {
            throw Problem.invalid(reader.entries)
        }
        try checkMaySet(scope, principal)
        let entry = try await gateway.grantOverride(
            control, scope: scope, until: until, maximumUses: uses, reason: reason, by: principal.person)
        let now = gateway.clock.wall()
        return .json(.created) { $0.riskOverride(entry, now: now) }
    }

    func revokeOverride(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let reason = query.text("reason")
        if reason == nil { query.refuse("reason", "", "is missing", remedy: "say why: ?reason=...") }
        try query.check()
        guard let known = gateway.overrides().first(where: { "o\($0.override.id)" == call.parameter(0) }) else {
            throw Problem.notFound("override", call.parameter(0), remedy: "GET /api/rms/overrides lists them")
        }
        try checkMaySet(known.override.scope, principal)
        let entry = try await gateway.revokeOverride(
            call.parameter(0), reason: reason ?? "", by: principal.person)
        let now = gateway.clock.wall()
        return .json { $0.riskOverride(entry, now: now) }
    }

    // MARK: Heartbeats

    /// Any key may watch over its own orders; another scope takes a key of risk.
    func beat(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var reader = ObjectReader(try await call.object())
        let longest = Heartbeat.longest / 1_000_000
        let ttl = reader.required("ttl_ms", "milliseconds from 1000 to \(longest), or 0 to end the watch") {
            $0.integer("ttl_ms", 0...longest)
        }
        if let ttl, ttl > 0, ttl < Heartbeat.shortest / 1_000_000 {
            reader.refuse(
                "ttl_ms", .number("\(ttl)"), "is too short",
                remedy: "give at least \(Heartbeat.shortest / 1_000_000), or 0 to end the watch")
        }
        let text = reader.text("scope", maximum: 160)
        let own = Scope(kind: .key, id: principal.keyID)
        let scope = text.map { Scope($0) } ?? own
        if let text, scope == nil { reader.refuse("scope", .string(text), "is no scope", remedy: Self.scopeRule) }
        reader.finish(Schema.heartbeatRequest)
        guard let ttl, let scope, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        if scope != own {
            guard principal.scopes.allows(.risk) else {
                throw Problem(
                    .forbidden, "scope_not_allowed", path: "/scope", value: scope.description,
                    "the key may watch over its own orders only",
                    remedy: "leave scope out, or use a key with scope risk")
            }
            try checkMaySet(scope, principal)
        }
        let status = try await gateway.beat(principal.caller, scope: scope, ttl: ttl * 1_000_000)
        return .json {
            guard let status else {
                $0.object {
                    $0.member("key_id", principal.keyID)
                    $0.member("scope", scope.description)
                    $0.member("ttl_ms", Int64(0))
                }
                return
            }
            $0.heartbeat(status)
        }
    }
}
