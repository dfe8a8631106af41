import Glibc

/// Who may have written a file, checked along the whole way to it (RELIABILITY.md §5.6).
enum PathSafety {
    /// The real, absolute path, links resolved; `nil` where there is no such file.
    static func realPath(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Whether `path` lies in `directory`; both real paths.
    static func isInside(_ path: String, _ directory: String) -> Bool {
        path.hasPrefix(directory == "/" ? "/" : directory + "/")
    }

    /// Refuses a file or one of its parents that somebody else could write. `path` is a real path.
    static func check(_ path: String) throws(AdapterRefusal) {
        var current = path
        while true {
            try checkOne(current, isFile: current == path)
            guard current != "/" else { return }
            let parent = current[..<(current.lastIndex(of: "/") ?? current.startIndex)]
            current = parent.isEmpty ? "/" : String(parent)
        }
    }

    private static func checkOne(_ path: String, isFile: Bool) throws(AdapterRefusal) {
        var status = stat()
        guard lstat(path, &status) == 0 else {
            throw AdapterRefusal(.libraryUnreadable, "\(path) cannot be examined: \(errorText(errno))")
        }
        try check(status, path: path, isFile: isFile)
    }

    /// The same for a status that is at hand, as `fstat` gives it for an open file.
    static func check(_ status: stat, path: String, isFile: Bool) throws(AdapterRefusal) {
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw AdapterRefusal(
                .libraryOwner,
                "\(path) belongs to user \(status.st_uid), who could change it; expected root or the service's user: chown \(geteuid()) \(quoted(path))"
            )
        }
        // In a sticky directory (a temporary one) nobody replaces what belongs to another.
        if !isFile, status.st_mode & S_ISVTX != 0 { return }
        if status.st_mode & S_IWOTH != 0 {
            throw AdapterRefusal(.libraryMode, "\(path) can be written by everybody: chmod o-w \(quoted(path))")
        }
        if status.st_mode & S_IWGRP != 0, !isPrivateGroup(status.st_gid, of: status.st_uid) {
            throw AdapterRefusal(
                .libraryMode, "\(path) can be written by group \(status.st_gid): chmod g-w \(quoted(path))")
        }
    }

    /// Whether a group is a user's own: its primary group, with the user's name and no other members.
    private static func isPrivateGroup(_ group: gid_t, of user: uid_t) -> Bool {
        if group == 0 && user == 0 { return true }
        var userEntry = passwd()
        var groupEntry = Glibc.group()
        var userBuffer = [CChar](repeating: 0, count: 16_384)
        var groupBuffer = [CChar](repeating: 0, count: 65_536)
        var userResult: UnsafeMutablePointer<passwd>?
        var groupResult: UnsafeMutablePointer<Glibc.group>?
        return userBuffer.withUnsafeMutableBufferPointer { userBytes in
            groupBuffer.withUnsafeMutableBufferPointer { groupBytes in
                guard let userMemory = userBytes.baseAddress, let groupMemory = groupBytes.baseAddress,
                    getpwuid_r(user, &userEntry, userMemory, userBytes.count, &userResult) == 0, userResult != nil,
                    getgrgid_r(group, &groupEntry, groupMemory, groupBytes.count, &groupResult) == 0,
                    groupResult != nil, userEntry.pw_gid == group, let userName = userEntry.pw_name,
                    let groupName = groupEntry.gr_name
                else { return false }
                guard strcmp(userName, groupName) == 0 else { return false }
                var member = groupEntry.gr_mem
                while let name = member?.pointee {
                    if strcmp(name, userName) != 0 { return false }
                    member = member?.advanced(by: 1)
                }
                return true
            }
        }
    }

    private static func quoted(_ path: String) -> String {
        "'" + path.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

/// The system's words for an error number.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
