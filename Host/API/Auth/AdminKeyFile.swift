import Glibc

extension KeyRing {
    /// Writes the first key of a new data directory, with scope `admin`, to `<directory>/admin.key` (0600).
    ///
    /// Does nothing once any key exists, a revoked one included. The file is durable before the key is stored: a crash in
    /// between leaves a file whose key is unknown, and the next start replaces it.
    ///
    /// - Returns: the file's path; `nil` where nothing was to be done.
    /// - Throws: `AdminKeyFailure`, or the store's failure.
    package func writeFirstAdminKey(in directory: String) throws -> String? {
        guard isEmpty else { return nil }
        let path = directory + "/admin.key"
        _ = try create(person: "admin", scopes: AccessScopes([.admin]), by: .gateway) { text in
            try PrivateFile.replace(path, with: Array("\(text)\n".utf8), in: directory)
        }
        return path
    }
}

/// The key file could not be written.
package struct AdminKeyFailure: Error, CustomStringConvertible {
    package let path: String
    package let reason: String
    package var description: String { "\(path) cannot be written: \(reason)" }
}

private enum PrivateFile {
    /// Puts a file of mode 0600 in place of whatever is there, as a whole and durably.
    static func replace(_ path: String, with bytes: [UInt8], in directory: String) throws(AdminKeyFailure) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure(temporary) }
        var isOpen = true
        defer { if isOpen { close(descriptor) } }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw failure(temporary) }
            rest = rest.dropFirst(count)
        }
        guard fsync(descriptor) == 0 else { throw failure(temporary) }
        isOpen = false
        close(descriptor)
        guard rename(temporary, path) == 0 else { throw failure(path) }
        let parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard parent >= 0 else { throw failure(directory) }
        defer { close(parent) }
        guard fsync(parent) == 0 else { throw failure(directory) }
    }

    private static func failure(_ path: String) -> AdminKeyFailure {
        AdminKeyFailure(path: path, reason: String(cString: strerror(errno)))
    }
}
