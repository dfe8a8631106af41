package import Adapters
package import Domain
package import Engine
package import Gateway
import HTTPTypes
import NIOConcurrencyHelpers
package import Store

/// Every API key of the gateway, in memory: at most `Store.maximumKeys`, a few hundred bytes each.
///
/// The store holds the same rows and is written first, so that a revocation survives a crash; it then holds for the very
/// next request. There is no cache of verified keys that could outlive one: hashing a presented secret costs less than a
/// microsecond. Any thread; what writes blocks on the disk and does not belong on an event loop.
package final class KeyRing: Sendable {
    private struct Entry {
        var row: KeyRow
        let scopes: AccessScopes
        /// `nil` = from anywhere.
        let addresses: [AddressRule]?

        init(_ row: KeyRow) {
            self.row = row
            scopes = AccessScopes(text: row.scopes)
            // A rule that cannot be read allows nothing.
            addresses = row.addresses.map { $0.compactMap(AddressRule.init) }
        }
    }

    private struct State {
        var entries: [String: Entry] = [:]
        /// Last uses that are not stored yet.
        var uses: [String: Timestamp] = [:]
    }

    /// Makes a change durable together with the record of who made it.
    package typealias Commit = @Sendable (KeyWrite, AdminAct) throws -> Void

    private let store: Store
    private let commit: Commit
    private let clock: any LaneClock
    private let random: any LaneRandom
    /// The `<env>` of keys made here.
    private let environment: String
    private let state: NIOLockedValueBox<State>

    /// Reads all keys of a gateway; what changes them goes through its journal.
    package convenience init(_ runtime: GatewayRuntime, environment: String = "live") throws(StoreFailure) {
        let gateway = runtime.gateway
        try self.init(store: runtime.store, environment: environment) { try gateway.commit($0, $1) }
    }

    /// Reads all keys.
    ///
    /// - Parameter environment: 1 to 16 of `a-z 0-9`; written into new keys, so that one of a demo is known for what it is.
    package init(
        store: Store, environment: String = "live", clock: any LaneClock = SystemLaneClock.shared,
        random: any LaneRandom = SystemLaneRandom.shared, commit: @escaping Commit
    ) throws(StoreFailure) {
        precondition(APIKeyText.isWord(environment.utf8, 1...16), "the environment of keys is 1 to 16 of a-z 0-9")
        (self.store, self.environment, self.clock, self.random) = (store, environment, clock, random)
        self.commit = commit
        var state = State()
        for row in try store.keys() { state.entries[row.id] = Entry(row) }
        self.state = NIOLockedValueBox(state)
    }

    package var isEmpty: Bool { state.withLockedValue { $0.entries.isEmpty } }

    /// All keys, newest first.
    package var rows: [KeyRow] {
        state.withLockedValue { state in
            state.entries.values.map { entry in
                var row = entry.row
                row.lastUsedAt = state.uses[row.id] ?? row.lastUsedAt
                return row
            }
        }.sorted { ($0.createdAt, $0.id) > ($1.createdAt, $1.id) }
    }

    /// The person that a key names, revoked ones included; `nil` = there is no such key.
    package func person(of id: String) -> String? { state.withLockedValue { $0.entries[id]?.row.name } }

    // MARK: Authentication

    private static let nobody = [UInt8](repeating: 0, count: 32)

    /// Finds who presents a key.
    ///
    /// - Parameters:
    ///   - header: the value of `Authorization`.
    ///   - address: the peer's, without a port; `nil` = not known, which no list of addresses allows.
    /// - Throws: 401 for a key that is missing or not valid, 403 for a valid one from an address it may not be used from.
    func authenticate(_ header: String?, from address: String?) throws(Problem) -> Principal {
        guard let header else {
            throw .unauthenticated("key_required", "the request has no key", remedy: "send Authorization: Bearer <key>")
        }
        let scheme = "bearer ".utf8
        guard header.utf8.count > scheme.count,
            zip(header.utf8, scheme).allSatisfy({ $0 == $1 || ($0 | 0x20 == $1 && (65...90).contains($0)) })
        else {
            throw .unauthenticated(
                "key_invalid", "the Authorization header is not of the form 'Bearer <key>'",
                remedy: "send Authorization: Bearer <key>")
        }
        let key: APIKeyText
        do throws(APIKeyText.Flaw) {
            key = try APIKeyText(header[header.utf8.index(header.startIndex, offsetBy: scheme.count)...])
        } catch {
            throw .unauthenticated(
                "key_invalid",
                error == .checksum
                    ? "the key's checksum does not match: it was mistyped or cut" : "the key is malformed",
                remedy: "copy the whole key, slc_<env>_<id>_<secret>_<crc>")
        }
        guard let digest = SHA256.digest(key.secret) else {
            throw Problem(.internalServerError, "internal", "the key could not be checked")
        }
        let now = clock.wall()
        let entry = state.withLockedValue { $0.entries[key.id] }
        guard Self.areEqual(digest, entry?.row.secretSHA256 ?? Self.nobody), let entry else {
            throw .unauthenticated("key_invalid", "the key is not known", remedy: "ask an administrator for a new key")
        }
        guard entry.row.revokedAt == nil else {
            throw .unauthenticated("key_revoked", "the key was revoked", remedy: "ask an administrator for a new key")
        }
        if let expiresAt = entry.row.expiresAt, expiresAt <= now {
            throw .unauthenticated("key_expired", "the key has expired", remedy: "ask an administrator for a new key")
        }
        if let addresses = entry.addresses,
            !(address.map { address in addresses.contains { $0.contains(address) } } ?? false)
        {
            throw Problem(
                .forbidden, "address_not_allowed", path: "Authorization", value: nil,
                "the key may not be used from this address", remedy: "use it from an address of its list")
        }
        state.withLockedValue { $0.uses[key.id] = now }
        return Principal(
            keyID: entry.row.id, person: entry.row.name, scopes: entry.scopes,
            authority: entry.row.groups.map { .groups(Set($0)) } ?? .everything)
    }

    /// Takes the same time wherever two digests differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }

    // MARK: Changes

    /// Makes a key; its text is never to be had again.
    ///
    /// - Parameters:
    ///   - groups: `nil` = every group.
    ///   - addresses: `nil` = from anywhere; else texts that `AddressRule` reads.
    ///   - save: called with the text before the key is stored, for a caller that must not lose it.
    package func create(
        person: String, scopes: AccessScopes, groups: [GroupID]? = nil, addresses: [String]? = nil,
        expiresAt: Timestamp? = nil, by actor: Actor, save: (String) throws -> Void = { _ in }
    ) throws -> (row: KeyRow, text: String) {
        var bytes = [UInt8](repeating: 0, count: 32 + 6)
        bytes.withUnsafeMutableBytes { random.fill($0) }
        let id = bytes[32...].hexadecimal
        guard let (text, digest) = APIKeyText.make(environment: environment, id: id, secret: Array(bytes[..<32])) else {
            throw Problem(.internalServerError, "internal", "the key could not be hashed")
        }
        let row = KeyRow(
            id: id, name: person, secretSHA256: digest, scopes: scopes.text, groups: groups, addresses: addresses,
            createdAt: clock.wall(), expiresAt: expiresAt)
        try Store.check(row)
        guard state.withLockedValue({ $0.entries[id] == nil && $0.entries.count < Store.maximumKeys }) else {
            throw StoreFailure.invalidValue(
                field: "key", value: "one more than \(Store.maximumKeys)", expected: "at most \(Store.maximumKeys) keys"
            )
        }
        try save(text)
        try commit(.insert(row), actor.act(.keyCreated, id, detail: try row.auditDetail, at: row.createdAt))
        state.withLockedValue { $0.entries[id] = Entry(row) }
        return (row, text)
    }

    /// Revokes a key for good. `false` where there is none.
    package func revoke(_ id: String, by actor: Actor) throws -> Bool {
        guard let known = state.withLockedValue({ $0.entries[id]?.row }) else { return false }
        guard known.revokedAt == nil else { return true }
        let now = clock.wall()
        try commit(
            .revoke(id: id, at: now), actor.act(.keyRevoked, id, detail: "person \(known.name)", at: now))
        state.withLockedValue { $0.entries[id]?.row.revokedAt = now }
        return true
    }

    /// Stores when keys were last used, all since the last call in one transaction. A few seconds apart is enough.
    package func storeUses() throws(StoreFailure) {
        let uses = state.withLockedValue { state in
            let uses = state.uses
            for (id, at) in uses { state.entries[id]?.row.lastUsedAt = at }
            state.uses.removeAll(keepingCapacity: true)
            return uses
        }
        try store.touchKeys(uses.sorted { $0.key < $1.key }.map { (id: $0.key, lastUsedAt: $0.value) })
    }
}

extension Problem {
    static func unauthenticated(_ code: String, _ message: String, remedy: String) -> Problem {
        var problem = Problem(.unauthorized, code, path: "Authorization", value: nil, message, remedy: remedy)
        problem.headers[.wwwAuthenticate] =
            code == "key_required" ? "Bearer realm=\"sluice\"" : "Bearer realm=\"sluice\", error=\"invalid_token\""
        return problem
    }
}
