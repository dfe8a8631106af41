import Dispatch
package import Domain
import Glibc
package import Logging
import NIOConcurrencyHelpers
import Settings

/// Secrets kept in the data directory, encrypted: a file an account, sealed with a data key of its own that is sealed with
/// the master key, which lies outside the data directory. A copy of the data directory shows nothing. Any thread.
///
/// A file that does not open under the key is an error that names it, never an empty store: it is left as it is.
package final class SealedSecrets: SecretKeeper {
    private struct Place: Hashable {
        var adapter: AdapterID
        var account: AccountID
        var context: [UInt8] { Array("sluice secrets 1\0\(adapter)\0\(account.rawValue)".utf8) }
    }
    private let directory: String
    private let makeKey: @Sendable () throws -> [UInt8]
    private let logger: Logger
    /// Changes one after another, as they were asked for: of two tokens the later one is what stays.
    private let queue = DispatchQueue(label: "sluice-secrets")
    /// The content of each place.
    private let state = NIOLockedValueBox<[Place: [KeptSecret]]>([:])
    private let knownKey = NIOLockedValueBox<[UInt8]?>(nil)
    private static let magic = Array("SLUICE-SECRETS-1".utf8)
    private static let maximumBytes = 32 << 20

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
        init(_ description: String) { self.description = description }
    }

    /// - Parameters:
    ///   - directory: made with mode 0700 when the first secret is kept.
    ///   - key: the master key, 32 bytes; asked for when there is something to open or to seal.
    package init(directory: String, logger: Logger, key: @escaping @Sendable () throws -> [UInt8]) {
        (self.directory, makeKey, self.logger) = (directory, key, logger)
    }

    private func key() throws(Failure) -> [UInt8] {
        if let known = knownKey.withLockedValue({ $0 }) { return known }
        let made: [UInt8]
        do { made = try makeKey() } catch { throw Failure("\(error)") }
        guard made.count == Sealing.keyBytes else {
            throw Failure("the master key has \(made.count) bytes; 32 are needed")
        }
        knownKey.withLockedValue { $0 = made }
        return made
    }

    // MARK: - SecretKeeper

    package func kept(_ adapter: AdapterID, _ account: AccountID, now: Timestamp) throws -> [KeptSecret] {
        let place = Place(adapter: adapter, account: account)
        let result: Result<[KeptSecret], Failure> = state.withLockedValue { state in
            do throws(Failure) {
                return .success(try load(place, &state))
            } catch {
                return .failure(error)
            }
        }
        return try result.get().filter { $0.expiresAt.map { $0 > now } ?? true }
    }

    package func keep(_ secret: KeptSecret, _ adapter: AdapterID, _ account: AccountID) {
        change(Place(adapter: adapter, account: account)) { secrets in
            secrets.removeAll { $0.name == secret.name }
            secrets.append(secret)
        }
    }

    package func erase(_ name: String, _ adapter: AdapterID, _ account: AccountID) {
        change(Place(adapter: adapter, account: account)) { $0.removeAll { $0.name == name } }
    }

    /// Waits until what was asked for before is on disk.
    package func flush() async {
        await withCheckedContinuation { done in queue.async { done.resume() } }
    }

    private func change(_ place: Place, _ body: @escaping @Sendable (inout [KeptSecret]) -> Void) {
        queue.async { [self] in
            state.withLockedValue { state in
                do throws(Failure) {
                    var secrets = try load(place, &state)
                    body(&secrets)
                    state[place] = secrets
                    try write(secrets, place)
                } catch {
                    logger.error(
                        "A secret could not be kept",
                        metadata: ["account": "\(place.account)", "reason": "\(error.description)"])
                }
            }
        }
    }

    // MARK: - Files

    private func path(_ place: Place) throws(Failure) -> String {
        guard let digest = FileDigest(), place.context.withUnsafeBytes({ digest.update($0) }),
            let name = digest.finish()?.prefix(32)
        else { throw Failure("the name of the file of \(place.account) cannot be made: libcrypto has no SHA-256") }
        return "\(directory)/\(name).sealed"
    }

    private func load(_ place: Place, _ state: inout [Place: [KeptSecret]]) throws(Failure) -> [KeptSecret] {
        if let known = state[place] { return known }
        let path = try path(place)
        guard let bytes = try Self.read(path) else {
            state[place] = []
            return []
        }
        guard bytes.starts(with: Self.magic), bytes.count > Self.magic.count + 60 else {
            throw Failure("\(path) is no file of secrets")
        }
        let rest = Array(bytes.dropFirst(Self.magic.count))
        guard var dataKey = Sealing.open(Array(rest.prefix(60)), key: try key(), context: place.context) else {
            throw Failure(
                "\(path) does not open under this master key; give the key that it was made with, or remove it")
        }
        defer { Redaction.wipe(&dataKey) }
        guard var plain = Sealing.open(Array(rest.dropFirst(60)), key: dataKey, context: place.context) else {
            throw Failure("\(path) was changed or damaged")
        }
        defer { Redaction.wipe(&plain) }
        guard let secrets = SecretRecord.decode(plain) else { throw Failure("\(path) is damaged") }
        state[place] = secrets
        return secrets
    }

    private func write(_ secrets: [KeptSecret], _ place: Place) throws(Failure) {
        let path = try path(place)
        if secrets.isEmpty {
            guard unlink(path) == 0 || errno == ENOENT else { throw Failure("\(path) cannot be removed") }
            return
        }
        if mkdir(directory, 0o700) != 0, errno != EEXIST {
            throw Failure("\(directory) cannot be made: \(String(cString: strerror(errno)))")
        }
        let key = try key()
        guard var dataKey = Sealing.random(Sealing.keyBytes) else { throw Failure("there is no randomness") }
        var plain = SecretRecord.encode(secrets)
        defer {
            Redaction.wipe(&dataKey)
            Redaction.wipe(&plain)
        }
        guard let wrapped = Sealing.seal(dataKey, key: key, context: place.context),
            let sealed = Sealing.seal(plain, key: dataKey, context: place.context)
        else { throw Failure("\(path) cannot be sealed") }
        try Self.replace(path, with: Self.magic + wrapped + sealed)
    }

    private static func read(_ path: String) throws(Failure) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw Failure("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size <= maximumBytes else { throw Failure("\(path) is too large") }
        var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
        var count = 0
        while count < bytes.count {
            let taken = bytes.withUnsafeMutableBytes {
                Glibc.read(file, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            guard taken > 0 else { throw Failure("\(path) cannot be read whole") }
            count += taken
        }
        return bytes
    }

    /// In full or not at all: a new file, synchronised, in the place of the old one.
    private static func replace(_ path: String, with bytes: [UInt8]) throws(Failure) {
        let draft = "\(path).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw Failure("\(draft) cannot be written: \(String(cString: strerror(errno)))") }
        var count = 0
        while count < bytes.count {
            let written = bytes.withUnsafeBytes {
                Glibc.write(file, $0.baseAddress.map { $0 + count }, $0.count - count)
            }
            if written <= 0 { break }
            count += written
        }
        let isWhole = count == bytes.count && fsync(file) == 0
        close(file)
        guard isWhole, rename(draft, path) == 0 else {
            unlink(draft)
            throw Failure("\(path) cannot be written: \(String(cString: strerror(errno)))")
        }
        try synchronise(directoryOf: path)
    }

    /// Without it a loss of power may bring the old file back, or none.
    private static func synchronise(directoryOf path: String) throws(Failure) {
        let directory = path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex)
        let folder = open(directory.isEmpty ? "." : String(directory), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard folder >= 0 else { throw Failure("\(directory) cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(folder) }
        guard fsync(folder) == 0 else {
            throw Failure("\(directory) cannot be synchronised: \(String(cString: strerror(errno)))")
        }
    }
}

/// Secrets as bytes: count, then name, expiry and value of each, lengths before them.
enum SecretRecord {
    static func encode(_ secrets: [KeptSecret]) -> [UInt8] {
        var bytes: [UInt8] = []
        func number(_ value: Int64) {
            for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: value >> (8 * shift))) }
        }
        number(Int64(secrets.count))
        for secret in secrets {
            number(Int64(secret.name.utf8.count))
            bytes.append(contentsOf: secret.name.utf8)
            number(secret.expiresAt?.nanoseconds ?? .max)
            number(Int64(secret.secret.count))
            secret.secret.withBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    static func decode(_ bytes: [UInt8]) -> [KeptSecret]? {
        var at = 0
        func number() -> Int64? {
            guard at + 8 <= bytes.count else { return nil }
            defer { at += 8 }
            return (0..<8).reduce(0) { $0 | Int64(bytes[at + $1]) << (8 * $1) }
        }
        func part() -> ArraySlice<UInt8>? {
            guard let count = number(), count >= 0, count <= Int64(bytes.count - at) else { return nil }
            defer { at += Int(count) }
            return bytes[at..<(at + Int(count))]
        }
        guard let count = number(), (0...Int64(ServiceBounds.secrets)).contains(count) else { return nil }
        var secrets: [KeptSecret] = []
        for _ in 0..<count {
            guard let name = part(), let expiry = number(), let value = part() else { return nil }
            secrets.append(
                KeptSecret(
                    name: String(decoding: name, as: UTF8.self), secret: Secret(Array(value)),
                    expiresAt: expiry == .max ? nil : Timestamp(nanoseconds: expiry)))
        }
        return at == bytes.count ? secrets : nil
    }
}
