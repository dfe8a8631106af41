import Glibc

/// A library, found, judged and copied to a place of the host's own, where nobody else can change it between check and
/// load (ABI.md rule 33).
struct LibraryFile {
    /// Where it was found, links resolved.
    let sourcePath: String
    /// The host's copy, `<data>/adapters/<id>-<sha256 prefix>.so`.
    let copyPath: String
    let sha256: String
    let image: ELFImage

    static let largest: Int64 = 268_435_456

    /// The first of `directories` that has `name` decides; a file that escapes all of them through a link is refused.
    static func find(_ name: String, in directories: [String]) throws(AdapterRefusal) -> String {
        let real = directories.compactMap { PathSafety.realPath($0) }
        for directory in real {
            let candidate = directory == "/" ? "/\(name)" : "\(directory)/\(name)"
            var status = stat()
            guard lstat(candidate, &status) == 0 else { continue }
            guard let path = PathSafety.realPath(candidate) else {
                throw AdapterRefusal(.libraryMissing, "\(candidate) is a link to nothing")
            }
            guard real.contains(where: { PathSafety.isInside(path, $0) }) else {
                throw AdapterRefusal(
                    .libraryEscapes,
                    "\(candidate) leads to \(path), outside the allowed directories \(real.joined(separator: ", ")): copy the file instead of linking to it"
                )
            }
            return path
        }
        throw AdapterRefusal(
            .libraryMissing,
            "there is no \(name) in \(directories.isEmpty ? "any directory" : directories.joined(separator: ", "))")
    }

    /// Opens once, checks, copies and hashes in one pass, and inspects the copy.
    ///
    /// - Parameters:
    ///   - path: real path of the library.
    ///   - copies: the host's directory, made 0700 where missing.
    ///   - pin: the digest that it must have.
    static func secure(
        _ path: String, id: String, copies: String, pin: String?, requiresPin: Bool
    ) throws(AdapterRefusal) -> LibraryFile {
        try PathSafety.check(path)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw AdapterRefusal(.libraryUnreadable, "\(path) cannot be opened: \(errorText(errno))")
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw AdapterRefusal(.libraryUnreadable, "\(path) cannot be examined: \(errorText(errno))")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw AdapterRefusal(.libraryNotRegular, "\(path) is not a regular file")
        }
        try PathSafety.check(status, path: path, isFile: true)
        guard status.st_size <= largest else {
            throw AdapterRefusal(
                .libraryTooLarge, "\(path) has \(status.st_size) bytes; an adapter has at most \(largest)")
        }
        if requiresPin, pin == nil {
            throw AdapterRefusal(
                .pinMissing,
                "the manifest has no sha256, which require_pins demands; state the one that `sha256sum \(path)` prints")
        }
        try makePrivateDirectory(copies)
        if let known = try existingCopy(descriptor, path: path, id: id, copies: copies, pin: pin) { return known }
        // One process owns the directory (its lock file): a leftover of one that died has this name and is overwritten.
        let temporary = "\(copies)/.\(id).part"
        var isKept = false
        defer { if !isKept { unlink(temporary) } }
        let sha256 = try copy(descriptor, path: path, to: temporary)
        if let pin, pin != sha256 {
            throw AdapterRefusal(
                .pinMismatch,
                "\(path) has the SHA-256 \(sha256), the manifest pins \(pin); if the new file is meant, state its sum there"
            )
        }
        let image = try ELFImage.read(temporary, shownAs: path)
        let final = "\(copies)/\(id)-\(sha256.prefix(32)).so"
        // Replacing an earlier copy is right: its content has the same digest, or somebody has damaged it.
        guard rename(temporary, final) == 0 else {
            throw AdapterRefusal(.copyFailed, "\(final) cannot be written: \(errorText(errno))")
        }
        isKept = true
        return LibraryFile(sourcePath: path, copyPath: final, sha256: sha256, image: image)
    }

    /// The copy of an earlier start, if it is there and is the same to the bit: a full disk does not keep it from loading.
    private static func existingCopy(
        _ source: Int32, path: String, id: String, copies: String, pin: String?
    ) throws(AdapterRefusal) -> LibraryFile? {
        guard let sha256 = FileDigest.digest(of: source), lseek(source, 0, SEEK_SET) == 0, pin == nil || pin == sha256
        else { return nil }
        let copy = "\(copies)/\(id)-\(sha256.prefix(32)).so"
        let descriptor = open(copy, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard FileDigest.digest(of: descriptor) == sha256 else { return nil }
        return LibraryFile(
            sourcePath: path, copyPath: copy, sha256: sha256, image: try ELFImage.read(copy, shownAs: path))
    }

    private static func makePrivateDirectory(_ path: String) throws(AdapterRefusal) {
        if mkdir(path, 0o700) != 0, errno != EEXIST {
            throw AdapterRefusal(.copyFailed, "the directory \(path) cannot be made: \(errorText(errno))")
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw AdapterRefusal(.copyFailed, "\(path) is not a directory")
        }
        guard status.st_uid == geteuid() else {
            throw AdapterRefusal(
                .copyFailed, "\(path) belongs to user \(status.st_uid), not to the service's user \(geteuid())")
        }
        if status.st_mode & 0o077 != 0, chmod(path, 0o700) != 0 {
            throw AdapterRefusal(.copyFailed, "\(path) is open to others and cannot be closed: \(errorText(errno))")
        }
    }

    /// Copies what the descriptor reads and returns its digest: what is hashed is what is loaded.
    private static func copy(_ source: Int32, path: String, to destination: String) throws(AdapterRefusal) -> String {
        unlink(destination)  // a leftover of a process that died
        let target = open(destination, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o500)
        guard target >= 0 else {
            throw AdapterRefusal(.copyFailed, "\(destination) cannot be made: \(errorText(errno))")
        }
        defer { close(target) }
        guard let digest = FileDigest() else {
            throw AdapterRefusal(.copyFailed, "libcrypto offers no SHA-256")
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1_048_576, alignment: 16)
        defer { buffer.deallocate() }
        var total: Int64 = 0
        while true {
            let count = read(source, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw AdapterRefusal(.libraryUnreadable, "\(path) cannot be read: \(errorText(errno))")
            }
            if count == 0 { break }
            total += Int64(count)
            guard total <= largest else {
                throw AdapterRefusal(.libraryTooLarge, "\(path) grew beyond \(largest) bytes while it was read")
            }
            let chunk = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            guard digest.update(chunk) else { throw AdapterRefusal(.copyFailed, "libcrypto failed to hash \(path)") }
            var written = 0
            while written < count {
                let step = write(target, chunk.baseAddress.map { $0 + written }, count - written)
                if step < 0, errno == EINTR { continue }
                guard step > 0 else {
                    throw AdapterRefusal(.copyFailed, "\(destination) cannot be written: \(errorText(errno))")
                }
                written += step
            }
        }
        guard let text = digest.finish() else {
            throw AdapterRefusal(.copyFailed, "libcrypto failed to hash \(path)")
        }
        return text
    }
}
