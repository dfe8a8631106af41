import Domain
import Glibc
import Store

/// The directory of one period while it is written: under a name with a dot in front until it is whole.
struct PeriodDirectory {
    /// What the system said, with the path it said it of.
    struct Failure: Error, CustomStringConvertible {
        var path: String
        var code: Int32
        var description: String { "\(path): \(String(cString: strerror(code)))" }
        init(_ path: String, _ code: Int32 = errno) { (self.path, self.code) = (path, code) }
    }

    private let parent: String
    private let name: String
    private var partial: String { "\(parent)/.\(name).partial" }
    var path: String { "\(parent)/\(name)" }

    /// `nil` where the period is there already. What an export that was cut off left is removed.
    ///
    /// Directories are made 0700: what they hold is for whoever the gateway runs as.
    init?(in parent: String, from: Timestamp) throws {
        self.parent = parent
        // `2026-11-25T00:00:00.000000Z` as a name: `20261125T000000Z`.
        let digits = from.rfc3339.prefix(19).filter { $0 != "-" && $0 != ":" }
        name = "\(digits)Z"
        if mkdir(parent, 0o700) != 0, errno != EEXIST { throw Failure(parent) }
        guard access(path, F_OK) != 0 else { return nil }
        abandon()
        if mkdir(partial, 0o700) != 0 { throw Failure(partial) }
    }

    /// When the oldest period that a directory holds begins; `nil` where it holds none.
    static func oldest(in parent: String) -> Timestamp? {
        guard let directory = opendir(parent) else { return nil }
        defer { closedir(directory) }
        var oldest: String?
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name.utf8.count == 16, beginning(of: name) != nil else { continue }
            oldest = min(oldest ?? name, name)
        }
        return oldest.flatMap { beginning(of: $0) }
    }

    /// Of `20261125T000000Z`; `nil` for any other name.
    private static func beginning(of name: String) -> Timestamp? {
        let digits = Array(name)
        guard digits.count == 16 else { return nil }
        func part(_ range: Range<Int>) -> String { String(digits[range]) }
        let text =
            "\(part(0..<4))-\(part(4..<6))-\(part(6..<11)):\(part(11..<13)):\(part(13..<16))"
        return Timestamp(rfc3339: text)
    }

    func file(_ name: String) throws -> File { try File("\(partial)/\(name)") }

    /// Writes the manifest and gives the directory its name.
    func finish(_ manifest: ExportManifest) throws {
        let file = try file("manifest.json")
        try file.write(manifest.json())
        _ = try file.finish()
        try Self.sync(partial)
        guard rename(partial, path) == 0 else { throw Failure(path) }
        try Self.sync(parent)
    }

    /// Removes what was written. Only plain files are in it: nobody else writes here.
    func abandon() {
        if let directory = opendir(partial) {
            while let entry = readdir(directory) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                    String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != ".", name != ".." { unlink("\(partial)/\(name)") }
            }
            closedir(directory)
        }
        rmdir(partial)
    }

    private static func sync(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Failure(path) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw Failure(path) }
    }

    /// A file on its way to the disk, with the hash of what was written. One owner, one task.
    final class File {
        private let path: String
        private var descriptor: Int32
        private let digest: RunningSHA256
        private var count: Int64 = 0

        fileprivate init(_ path: String) throws {
            self.path = path
            guard let digest = RunningSHA256() else { throw Failure(path, ENOMEM) }
            self.digest = digest
            descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw Failure(path) }
        }

        deinit { if descriptor >= 0 { close(descriptor) } }

        func write(_ bytes: [UInt8]) throws {
            guard digest.update(bytes) else { throw Failure(path, EIO) }
            var rest = bytes[...]
            while !rest.isEmpty {
                let written = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { throw Failure(path) }
                rest = rest.dropFirst(written)
            }
            count += Int64(bytes.count)
        }

        /// Brings it to the disk.
        ///
        /// - Returns: its length, and SHA-256 in hexadecimal.
        func finish() throws -> (bytes: Int64, sha256: String) {
            guard fsync(descriptor) == 0 else { throw Failure(path) }
            close(descriptor)
            descriptor = -1
            guard let digest = digest.finish() else { throw Failure(path, EIO) }
            return (count, digest.hexadecimal)
        }
    }
}
