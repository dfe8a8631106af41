package import Domain

/// A change of the API keys.
package enum KeyWrite: Hashable, Sendable {
    /// A new key. One whose id is taken, or one more than `Store.maximumKeys`, fails the batch.
    case insert(KeyRow)
    /// Ends a key for good; the time of a first revocation stays. An unknown one fails the batch.
    case revoke(id: String, at: Timestamp)
}

/// One API key as it is stored: its secret only as a hash. What scopes and addresses mean is decided above.
package struct KeyRow: Hashable, Sendable {
    package var id: String
    /// The person it belongs to.
    package var name: String
    /// 32 bytes.
    package var secretSHA256: [UInt8]
    package var scopes: String
    /// `nil`: every group; empty: none.
    package var groups: [GroupID]?
    /// `nil`: from anywhere; empty: from nowhere.
    package var addresses: [String]?
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?
    package var revokedAt: Timestamp?
    package var lastUsedAt: Timestamp?

    package init(
        id: String, name: String, secretSHA256: [UInt8], scopes: String, groups: [GroupID]?, addresses: [String]?,
        createdAt: Timestamp, expiresAt: Timestamp? = nil, revokedAt: Timestamp? = nil, lastUsedAt: Timestamp? = nil
    ) {
        (self.id, self.name, self.secretSHA256, self.scopes) = (id, name, secretSHA256, scopes)
        (self.groups, self.addresses, self.createdAt) = (groups, addresses, createdAt)
        (self.expiresAt, self.revokedAt, self.lastUsedAt) = (expiresAt, revokedAt, lastUsedAt)
    }
}

extension KeyRow {
    /// What the key may do, in one line for the journal, with a print of its hash, so that a key put in its place is noticed.
    package var auditDetail: String {
        get throws(StoreFailure) {
            let print = try ChainHash.of(secretSHA256).prefix(8).hexadecimal
            return [
                "person \(name)", "scopes \(scopes)",
                "groups \(groups.map { $0.map(\.rawValue).joined(separator: " ") } ?? "all")",
                "addresses \(addresses.map { $0.joined(separator: " ") } ?? "any")",
                "expires \(expiresAt?.rfc3339 ?? "never")", "print \(print)",
            ].joined(separator: ", ")
        }
    }
}
