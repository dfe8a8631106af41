package import Store

/// Looks at a data directory that no gateway runs on, without changing it.
package enum DirectoryCheck {
    /// Why a directory cannot be looked at.
    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Opens the store of a directory to look at it.
    static func open(_ directory: String) throws -> Store {
        let store: Store
        do throws(StoreFailure) {
            store = try Store(inspecting: directory)
        } catch {
            throw Failure(description: "\(directory) cannot be looked at: \(error)")
        }
        return store
    }

    /// Compares every record with its hash.
    ///
    /// - Parameter anchor: what an earlier verification answered.
    package static func verifyChain(_ directory: String, against anchor: ChainAnchor?) throws -> ChainReport {
        let store = try open(directory)
        defer { try? store.close() }
        let pending = try store.pendingMigrations()
        guard pending.isEmpty else {
            throw Failure(
                description: "\(directory) was written by an older build whose records have no hashes; "
                    + "the next start of a gateway upgrades it (\(pending.joined(separator: ", ")))")
        }
        return try store.verifyChain(against: anchor)
    }
}
