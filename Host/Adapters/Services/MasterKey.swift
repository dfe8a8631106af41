import Glibc
import Settings

/// The key that kept secrets are sealed with: 64 hexadecimal digits in a file outside the data directory.
package enum MasterKey {
    /// Names the file in place of the default one.
    package static let variable = "SLUICE_SECRETS_KEY_FILE"

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        package init(description: String) { self.description = description }
    }

    /// Where the key lies: the variable's file, else `sluice/secrets.key` in the user's configuration directory.
    package static func path(environment: [String: String]) -> String? {
        if let path = environment[variable], !path.isEmpty { return path }
        if let home = environment["XDG_CONFIG_HOME"], home.hasPrefix("/") { return "\(home)/sluice/secrets.key" }
        guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
        return "\(home)/.config/sluice/secrets.key"
    }

    /// Reads the key; makes one, 0600, where there is none yet.
    ///
    /// - Throws: where the file lies in the data directory, others have access to it, or it holds no key.
    package static func load(_ path: String, dataDirectory: String) throws(Failure) -> [UInt8] {
        guard path.hasPrefix("/") else { throw Failure(description: "the key file \(path) is no absolute path") }
        let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "/"
        try makeDirectories(parent)
        if let real = resolved(parent), let data = resolved(dataDirectory), real == data || real.hasPrefix(data + "/") {
            throw Failure(
                description: "the key file \(path) lies in the data directory it protects; name another in \(variable)")
        }
        let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if file >= 0 { return try make(file, path) }
        guard errno == EEXIST else {
            throw Failure(description: "the key file \(path) cannot be made: \(String(cString: strerror(errno)))")
        }
        return try read(path)
    }

    private static func make(_ file: Int32, _ path: String) throws(Failure) -> [UInt8] {
        defer { close(file) }
        guard let key = Sealing.random(Sealing.keyBytes) else { throw Failure(description: "there is no randomness") }
        var text: [UInt8] = []
        for byte in key {
            for digit in [byte >> 4, byte & 15] { text.append(digit < 10 ? digit + 48 : digit + 87) }
        }
        text.append(10)
        defer { Redaction.wipe(&text) }
        guard Glibc.write(file, text, text.count) == text.count, fsync(file) == 0 else {
            unlink(path)
            throw Failure(description: "the key file \(path) cannot be written")
        }
        return key
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8] {
        guard let reference = SecretReference("file:\(path)") else {
            throw Failure(description: "the key file \(path) cannot be named")
        }
        let secret: Secret
        do throws(SecretReference.Failure) {
            secret = try reference.load(environment: [:])
        } catch {
            throw Failure(description: "the key file: \(error)")
        }
        let key: [UInt8]? = secret.withBytes { Self.key(in: $0) }
        guard let key else { throw Failure(description: "the key file \(path) is not 64 hexadecimal digits") }
        return key
    }

    private static func key(in text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count == 2 * Sealing.keyBytes else { return nil }
        var key: [UInt8] = []
        for place in stride(from: 0, to: text.count, by: 2) {
            let digits = [text[place], text[place + 1]].compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            guard digits.count == 2 else { return nil }
            key.append(UInt8(digits[0] << 4 | digits[1]))
        }
        return key
    }

    private static func makeDirectories(_ path: String) throws(Failure) {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            if mkdir(made, 0o700) != 0, errno != EEXIST, errno != EISDIR, errno != EROFS {
                throw Failure(description: "\(made) cannot be made: \(String(cString: strerror(errno)))")
            }
        }
    }

    private static func resolved(_ path: String) -> String? {
        guard let real = realpath(path, nil) else { return nil }
        defer { free(real) }
        return String(cString: real)
    }
}
