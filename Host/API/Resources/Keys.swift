import Domain
import Engine
import HTTPTypes
import Hummingbird
import Store

/// `/api/keys`. A key that is bound to groups is refused on all of them: it could make itself one that is not.
extension Backend {
    func listKeys(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = try page(keys.rows, &query) { $0.id }
        return .list(page.items, next: page.next) { $0.apiKey($1, text: nil) }
    }

    /// The only answer that ever holds the key's text.
    func createKey(_ call: Call) async throws -> Answer {
        var reader = ObjectReader(try await call.object())
        let person = reader.required("person", "say whose key it is") { $0.text("person") }
        let scopeRule = "one of \(AccessScope.allCases.map(\.rawValue).joined(separator: ", "))"
        let scopes = reader.required("scopes", "list at least one; \(scopeRule)") { reader in
            reader.list("scopes", maximum: 16) { Self.item(&$0, $1, $2, scopeRule) { AccessScope(rawValue: $0) } }
        }
        if let scopes, scopes.isEmpty, reader.entries.isEmpty {
            reader.refuse("scopes", [], "names no scope", remedy: "list at least one; \(scopeRule)")
        }
        let groups = reader.list("groups", maximum: 1_000) { reader, value, path in
            Self.item(&reader, value, path, "an existing group; GET /api/execution-groups lists them") { text in
                GroupID(text).flatMap { gateway.group($0)?.id }
            }
        }
        let addresses = reader.list("addresses", maximum: 1_000) {
            Self.item(&$0, $1, $2, "an address or a prefix, like 203.0.113.7 or 10.0.0.0/8") {
                AddressRule($0) == nil ? nil : $0
            }
        }
        let expiresAt = reader.time("expires_at")
        if let expiresAt, expiresAt <= call.receivedAt {
            reader.refuse("expires_at", .string(expiresAt.rfc3339), "is in the past", remedy: "name a later instant")
        }
        reader.finish(Schema.keyRequest)
        guard let person, let scopes, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let (keys, actor) = (keys, try call.caller().caller.actor)
        let made = try await offLoop {
            try keys.create(
                person: person, scopes: AccessScopes(Set(scopes)), groups: groups, addresses: addresses,
                expiresAt: expiresAt, by: actor)
        }
        return .json(.created, headers: [.cacheControl: "no-store"]) { $0.apiKey(made.row, text: made.text) }
    }

    /// Holds for the next request already.
    func revokeKey(_ call: Call) async throws -> Answer {
        let (keys, id, actor) = (keys, call.parameter(0), try call.caller().caller.actor)
        guard try await offLoop({ try keys.revoke(id, by: actor) }) else {
            throw Problem.notFound("key", id, remedy: "GET /api/keys lists keys")
        }
        return .noContent
    }

    private static func item<Value>(
        _ reader: inout ObjectReader, _ value: JSONValue, _ path: String, _ rule: String, _ read: (String) -> Value?
    ) -> Value? {
        guard let made = value.string.flatMap(read) else {
            reader.refuse([
                Problem.Entry(
                    path: path, value: ObjectReader.shown(value), message: "is not valid here",
                    remedy: "expected \(rule)")
            ])
            return nil
        }
        return made
    }
}

extension JSONWriter {
    fileprivate mutating func apiKey(_ row: KeyRow, text: String?) {
        object {
            $0.member("id", row.id)
            if let text { $0.member("key", text) }
            $0.member("person", row.name)
            $0.list("scopes", AccessScopes(text: row.scopes).names)
            if let groups = row.groups { $0.list("groups", groups.map(\.rawValue)) } else { $0.member("groups", .null) }
            if let addresses = row.addresses { $0.list("addresses", addresses) } else { $0.member("addresses", .null) }
            $0.member("created_at", row.createdAt)
            $0.member("expires_at", row.expiresAt)
            $0.member("revoked_at", row.revokedAt)
            $0.member("last_used_at", row.lastUsedAt)
        }
    }
}
