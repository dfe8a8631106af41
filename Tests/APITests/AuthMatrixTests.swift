import Domain
import Foundation
import HTTPTypes
import Store
import Testing

@testable import API

@Suite("Keys open exactly the routes they are for")
struct AuthMatrixTests {
    /// A path of the route that names things that exist, or could.
    static func path(_ route: Route) -> String {
        route.path.replacingOccurrences(of: "/api/execution-groups/{id}", with: "/api/execution-groups/family")
            .replacingOccurrences(of: "/api/accounts/{id}", with: "/api/accounts/P1")
            .replacingOccurrences(of: "/api/orders/{id}", with: "/api/orders/r1-1")
            .replacingOccurrences(of: "/api/symbols/{id}", with: "/api/symbols/US:EQ:AAPL")
            .replacingOccurrences(of: "{account}", with: "P1").replacingOccurrences(of: "{run}", with: "r1")
            .replacingOccurrences(of: "{id}", with: "none")
    }

    private func flipped(_ key: String, at offset: Int) -> String {
        var bytes = Array(key.utf8)
        bytes[bytes.count - 1 - offset] =
            bytes[bytes.count - 1 - offset] == UInt8(ascii: "0") ? UInt8(ascii: "1") : UInt8(ascii: "0")
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test("Every route refuses every key that is not valid for it, before anything else")
    func matrix() async throws {
        let fixture = try await APIFixture()
        let past = Timestamp(nanoseconds: 1)
        let expired = try fixture.key(.admin, expiresAt: past)
        let revoked = try fixture.keys.create(person: "gone", scopes: AccessScopes([.admin]), by: .gateway)
        #expect(try fixture.keys.revoke(revoked.row.id, by: .gateway))
        let foreign = try fixture.key(.admin, addresses: ["203.0.113.0/24"])
        let made = try #require(
            APIKeyText.make(environment: "test", id: "000000000000", secret: [UInt8](repeating: 7, count: 32)))
        // The right id with another secret and a checksum that fits.
        let tampered = try #require(
            APIKeyText.make(environment: "test", id: revoked.row.id, secret: [UInt8](repeating: 9, count: 32)))
        let cells: [(name: String, key: String, status: Int, code: String)] = [
            ("no key", "", 401, "key_required"), ("malformed", "slc_nonsense", 401, "key_invalid"),
            ("bad checksum", flipped(fixture.admin, at: 0), 401, "key_invalid"),
            ("bad secret", flipped(fixture.admin, at: 20), 401, "key_invalid"),
            ("unknown", made.text, 401, "key_invalid"), ("tampered", tampered.text, 401, "key_invalid"),
            ("revoked", revoked.text, 401, "key_revoked"), ("expired", expired, 401, "key_expired"),
            ("wrong address", foreign, 403, "address_not_allowed"),
        ]
        let byScope = try AccessScope.allCases.map { ($0, try fixture.key($0)) }
        let bound = try fixture.key(.admin, groups: ["others"])
        try await APIFixture.router(fixture) { client in
            var count = 0
            for route in Routes.all {
                let path = Self.path(route)
                for cell in cells {
                    let answer = try await client.send(route.method, path, key: cell.key)
                    count += 1
                    if route.access == .open, cell.name == "no key" {
                        #expect(answer.status != 401 && answer.status != 403, "\(route.path)")
                        continue
                    }
                    let what = "\(route.method) \(route.path): \(cell.name)"
                    #expect(answer.status == cell.status && answer.problem == cell.code, "\(what) \(answer.text)")
                    #expect((answer.headers[.wwwAuthenticate] != nil) == (cell.status == 401), "\(what)")
                    for secret in [fixture.admin, revoked.text, expired] {
                        #expect(!answer.text.contains(secret.split(separator: "_")[3]), "\(what) tells a secret")
                    }
                }
                guard case .scope(let wanted) = route.access else { continue }
                for (scope, key) in byScope where route.answer != "EventStream" {
                    let answer = try await client.send(route.method, path, key: key)
                    count += 1
                    let isAllowed = scope == wanted || scope == .admin
                    #expect(
                        (answer.status == 403 && answer.problem == "scope_missing") != isAllowed,
                        "\(route.method) \(route.path) with \(scope): \(answer.text)")
                }
                if route.isFirmWide {
                    let answer = try await client.send(route.method, path, key: bound)
                    #expect(answer.problem == "key_bound_to_groups", "\(route.method) \(route.path): \(answer.text)")
                } else if route.path.hasPrefix("/api/execution-groups/{id}") {
                    let answer = try await client.send(
                        route.method, path, Self.body(route), key: bound, idempotency: "bound-\(count)")
                    let isWrite = route.method == .put
                    #expect(
                        isWrite ? answer.problem == "group_not_allowed" : answer.status == 404,
                        "\(route.method) \(route.path): \(answer.text)")
                }
            }
            #expect(count > 600)
        }
    }

    private static func body(_ route: Route) -> JSONObject {
        switch route.body?.name {
        case "ParentOrder": APIFixture.order()
        case "Group": ["policy": "equal", "accounts": []]
        case "GroupAccount": ["account_id": "P1", "capital": "1"]
        default: [:]
        }
    }

    @Test("A key that is bound to a group sees nothing of another one")
    func boundKeysSeeTheirGroupOnly() async throws {
        let fixture = try await APIFixture()
        let bound = try fixture.key(.read, .trade, .risk, groups: ["others"])
        try await APIFixture.router(fixture) { client in
            let run = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "a")
            let id = try #require(run.body["run_id"]?.string)
            for path in ["/api/runs/\(id)", "/api/runs/\(id)/events", "/api/orders/\(id)-1"] {
                let answer = try await client.send(.get, path, key: bound)
                #expect(answer.status == 404, "\(path): \(answer.text)")
            }
            let cancel = try await client.send(.post, "/api/runs/\(id)/cancel", key: bound, idempotency: "b")
            #expect(cancel.status == 404)
            for path in ["/api/runs", "/api/orders"] {
                #expect(try await client.send(.get, path, key: bound).body["items"]?.array?.isEmpty == true, "\(path)")
            }
            #expect(try await client.send(.get, "/api/runs").body["items"]?.array?.count == 1)
            let accounts = try await client.send(.get, "/api/accounts", key: bound).body["items"]?.array
            #expect(accounts?.map { $0["id"]?.string } == ["P3"])
            #expect(try await client.send(.get, "/api/accounts/P1", key: bound).status == 404)
            let order = APIFixture.order(["account_id": "P1"])
            #expect(try await client.send(.post, "/api/orders", order, key: bound, idempotency: "c").status == 404)
            let halt: JSONObject = ["scope": "firm", "reason": "test"]
            #expect(try await client.send(.post, "/api/rms/halt", halt, key: bound).problem == "scope_not_allowed")
            let own: JSONObject = ["scope": "group:others", "reason": "test"]
            #expect(try await client.send(.post, "/api/rms/halt", own, key: bound).status == 200)
            let other: JSONObject = ["scope": "group:family", "reason": "hidden"]
            #expect(try await client.send(.post, "/api/rms/halt", other).status == 200)
            let states = try await client.send(.get, "/api/rms/status", key: bound).body["states"]?.array
            #expect(states?.map { $0["scope"]?.string } == ["group:others"])
            let ready = try await client.send(.get, "/ready", key: bound).body["accounts"]?.array
            #expect(ready?.map { $0["account_id"]?.string } == ["P3"])
            #expect(try await client.send(.get, "/ready", key: "").body["accounts"] == nil)
        }
    }

    @Test("A key that is bound to a group cannot draw a foreign account into it")
    func boundKeysCannotWiden() async throws {
        let fixture = try await APIFixture()
        let bound = try fixture.key(.admin, groups: ["others"])
        try await APIFixture.router(fixture) { client in
            let add = try await client.send(
                .post, "/api/execution-groups/others/accounts", ["account_id": "P1"], key: bound)
            #expect(add.problem == "account_not_allowed" && add.paths == ["/accounts/1/account_id"])
            let put = try await client.send(
                .put, "/api/execution-groups/others", ["policy": "equal", "accounts": [["account_id": "P2"]]],
                key: bound)
            #expect(put.problem == "account_not_allowed")
            let create = try await client.send(
                .post, "/api/execution-groups", ["id": "new", "policy": "equal", "accounts": []], key: bound)
            #expect(create.problem == "group_not_allowed")
        }
    }
}
