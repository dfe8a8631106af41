import Glibc

/// Where a secret is kept: configuration names the place and never holds the secret.
package enum SecretReference: Hashable, Sendable, CustomStringConvertible {
    /// `env:NAME`.
    case environment(String)
    /// `file:/path`, absolute.
    case file(String)

    /// `nil` for any other text, a literal secret among them.
    package init?(_ text: String) {
        if text.hasPrefix("env:") {
            let name = String(text.dropFirst(4))
            let isName = (1...255).contains(name.utf8.count) && name.utf8.first.map { $0 &- 48 > 9 } == true
            guard isName, name.utf8.allSatisfy({ ($0 | 0x20) &- 97 <= 25 || $0 &- 48 <= 9 || $0 == 95 }) else {
                return nil
            }
            self = .environment(name)
        } else if text.hasPrefix("file:/") {
            let path = String(text.dropFirst(5))
            guard path.utf8.count <= 4096, !path.utf8.contains(0) else { return nil }
            self = .file(path)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .environment(let name): "env:\(name)"
        case .file(let path): "file:\(path)"
        }
    }

    /// Why a secret could not be had. Says where it was looked for, never what was found.
    package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        package let reference: SecretReference
        package let reason: String
        package var description: String { "\(reference.description.printable): \(reason)" }
    }

    /// The longest secret, in bytes.
    package static let maximumBytes = 65_536

    /// Refuses a file that is there and that its group or others may read or write; everything else is `load`'s to say.
    package func checkAccess() throws(Failure) {
        guard case .file(let path) = self else { return }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o077 != 0 else { return }
        throw failure(Self.isOpenToOthers)
    }
    private static let isOpenToOthers = "its group or others have access to it; run chmod 600 on it"

    /// Fetches the secret. One line feed (or CR LF) at the end of a file is not part of it.
    ///
    /// A file that its group or others may read or write is refused, and so is an empty secret. Blocks for one small read.
    package func load(environment: [String: String]) throws(Failure) -> Secret {
        switch self {
        case .environment(let name):
            guard let value = environment[name] else { throw failure("the variable is not set") }
            guard !value.isEmpty else { throw failure("the variable is empty") }
            guard value.utf8.count <= Self.maximumBytes else { throw failure("longer than \(Self.maximumBytes) bytes") }
            return Secret(Array(value.utf8))
        case .file(let path): return try load(file: path)
        }
    }

    private func load(file path: String) throws(Failure) -> Secret {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot be examined") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure("is not a regular file") }
        guard status.st_mode & 0o077 == 0 else {
            throw failure(Self.isOpenToOthers)
        }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.maximumBytes + 1, alignment: 1)
        defer {
            if let start = buffer.baseAddress { explicit_bzero(start, buffer.count) }
            buffer.deallocate()
        }
        var count = 0
        while count < buffer.count {
            let taken = Glibc.read(descriptor, buffer.baseAddress?.advanced(by: count), buffer.count - count)
            if taken < 0 && errno == EINTR { continue }
            guard taken >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
            if taken == 0 { break }
            count += taken
        }
        guard count <= Self.maximumBytes else { throw failure("longer than \(Self.maximumBytes) bytes") }
        if count > 0, buffer[count - 1] == UInt8(ascii: "\n") {
            count -= 1
            if count > 0, buffer[count - 1] == UInt8(ascii: "\r") { count -= 1 }
        }
        guard count > 0 else { throw failure("is empty") }
        return Secret(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
    }

    private func failure(_ reason: String) -> Failure { Failure(reference: self, reason: reason) }
}

extension FieldType where Value == SecretReference {
    /// A reference to a secret. A secret written into the file is an error that does not repeat it.
    package static var secretReference: FieldType<SecretReference> {
        FieldType<SecretReference>("a reference, env:NAME or file:/path") { value in
            if let reference = value.text.flatMap({ SecretReference($0) }) { return reference }
            value.reportWithoutValue(
                "this is not a reference to a secret",
                remedy: "expected env:NAME or file:/path; a secret itself never stands in a configuration file")
            return nil
        }
    }
}
