import Adapters
import Domain
import Foundation
import Store
import Testing

@testable import API

@Suite("API keys")
struct KeyTests {
    private func withRing(_ body: (KeyRing, Store, ManualClock) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(
            "sluice-keys-\(UUID().uuidString)")
        let store = try Store(directory: directory.path)
        let clock = ManualClock()
        try body(try makeRing(store, clock), store, clock)
        try store.close()
        try FileManager.default.removeItem(at: directory)
    }

    /// One whose changes go straight to the store.
    private func makeRing(_ store: Store, _ clock: ManualClock) throws -> KeyRing {
        try KeyRing(store: store, clock: clock) { write, act in
            #expect(act.subject.utf8.count == 12 && act.by == "gateway")
            switch write {
            case .insert(let row): try store.insertKey(row)
            case .revoke(let id, let time): try store.revokeKey(id, at: time)
            }
        }
    }

    private func code(_ ring: KeyRing, _ text: String, from address: String? = nil) -> String {
        do throws(Problem) {
            _ = try ring.authenticate("Bearer \(text)", from: address)
            return "ok"
        } catch {
            return error.code
        }
    }

    @Test("Any other character in a key is noticed by its checksum", arguments: 0..<50)
    func checksum(seed: Int) throws {
        let secret = (0..<32).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ seed &* 101) }
        let made = try #require(APIKeyText.make(environment: "live", id: "0123456789ab", secret: secret))
        #expect(throws: Never.self) { _ = try APIKeyText(made.text[...]) }
        var bytes = Array(made.text.utf8)
        let place = seed * 2 % (bytes.count - 4) + 4
        guard bytes[place] != UInt8(ascii: "_") else { return }
        bytes[place] = bytes[place] == UInt8(ascii: "a") ? UInt8(ascii: "b") : UInt8(ascii: "a")
        #expect(throws: APIKeyText.Flaw.self) { _ = try APIKeyText(String(decoding: bytes, as: UTF8.self)[...]) }
    }

    @Test("The secret itself is nowhere in the store")
    func onlyTheHashIsStored() throws {
        try withRing { ring, store, _ in
            let (row, text) = try ring.create(person: "p", scopes: AccessScopes([.read]), by: .gateway)
            let secret = String(text.split(separator: "_")[3])
            #expect(row.secretSHA256 == SHA256.digest(secret.utf8) && secret.utf8.count == 64)
            for name in ["sluice.db", "sluice.db-wal"] {
                let bytes = FileManager.default.contents(atPath: store.directory + "/" + name) ?? Data()
                #expect(bytes.range(of: Data(secret.utf8)) == nil, "\(name)")
            }
        }
    }

    @Test("A revocation holds for the next request and after a restart; expiry holds from its instant")
    func revocationAndExpiry() throws {
        try withRing { ring, store, clock in
            let (row, text) = try ring.create(
                person: "p", scopes: AccessScopes([.read]), expiresAt: clock.wall().advanced(by: 1_000), by: .gateway)
            #expect(code(ring, text) == "ok")
            clock.advance(by: 999)
            #expect(code(ring, text) == "ok")
            clock.advance(by: 1)
            #expect(code(ring, text) == "key_expired")
            #expect(try ring.revoke(row.id, by: .gateway) && code(ring, text) == "key_revoked")
            #expect(try code(makeRing(store, clock), text) == "key_revoked")
            #expect(try !ring.revoke("nobody", by: .gateway))
        }
    }

    @Test("The last use is stored in one batch, and shown before it is")
    func lastUse() throws {
        try withRing { ring, store, clock in
            let (row, text) = try ring.create(person: "p", scopes: AccessScopes([.read]), by: .gateway)
            clock.advance(by: 5)
            #expect(code(ring, text) == "ok")
            #expect(ring.rows.first?.lastUsedAt == clock.wall())
            #expect(try store.key(row.id)?.lastUsedAt == nil)
            try ring.storeUses()
            #expect(try store.key(row.id)?.lastUsedAt == clock.wall())
        }
    }

    @Test("The first start writes one admin key that only its owner can read; no later start does")
    func adminKey() throws {
        try withRing { ring, store, clock in
            let path = try #require(try ring.writeFirstAdminKey(in: store.directory))
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            #expect(attributes[.posixPermissions] as? Int == 0o600)
            let text = try String(contentsOfFile: path, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
            let principal = try ring.authenticate("Bearer \(text)", from: nil)
            #expect(AccessScope.allCases.allSatisfy(principal.scopes.allows) && principal.authority == .everything)
            #expect(try ring.writeFirstAdminKey(in: store.directory) == nil)
            #expect(try makeRing(store, clock).writeFirstAdminKey(in: store.directory) == nil)
        }
    }

    @Test(
        "An address rule admits its prefix and nothing else",
        arguments: [
            ("203.0.113.7", "203.0.113.7", true), ("203.0.113.7", "203.0.113.8", false),
            ("203.0.113.7", "::ffff:203.0.113.7", true), ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("10.128.0.0/9", "10.127.0.1", false), ("0.0.0.0/0", "1.2.3.4", true), ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true), ("2001:db8::/32", "2001:db9::1", false), ("::1", "::1", true),
            ("10.0.0.0/8", "nonsense", false),
        ])
    func addresses(rule: String, address: String, isAllowed: Bool) throws {
        #expect(try #require(AddressRule(rule)).contains(address) == isAllowed)
    }

    @Test(
        "What is no address rule is refused",
        arguments: ["", "10.0.0.1/8", "10.0.0.0/33", "1.2.3", "::/129", "a/1", "10.0.0.0/", "10.0.0.0/8/8"])
    func badRules(text: String) { #expect(AddressRule(text) == nil) }

    @Test("A key is made by people who see it once, and its scopes, groups and addresses are checked")
    func routes() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let bad = try await client.send(
                .post, "/api/keys",
                [
                    "scopes": ["read", "root"], "groups": ["nowhere"], "addresses": ["10.0.0.1/8"],
                    "expires_at": "2001-01-01T00:00:00Z", "secret": "mine",
                ])
            #expect(bad.status == 400)
            #expect(
                Set(bad.paths) == ["/person", "/scopes/1", "/groups/0", "/addresses/0", "/expires_at", "/secret"])
            let made = try await client.send(
                .post, "/api/keys", ["person": "alice", "scopes": ["read"], "groups": ["family"]])
            #expect(made.status == 201 && made.headers[.cacheControl] == "no-store")
            let (key, id) = (try #require(made.body["key"]?.string), try #require(made.body["id"]?.string))
            #expect(try await client.send(.get, "/api/runs", key: key).status == 200)
            let listed = try await client.send(.get, "/api/keys")
            #expect(listed.text.contains(id) && !listed.text.contains(key.split(separator: "_")[3]))
            #expect(try await client.send(.delete, "/api/keys/\(id)").status == 204)
            #expect(try await client.send(.get, "/api/runs", key: key).problem == "key_revoked")
            #expect(try await client.send(.delete, "/api/keys/\(id)x").status == 404)
        }
    }
}
