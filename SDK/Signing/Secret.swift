import COpenSSL

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// The bytes of one secret, and what was made ready with them: keyed HMAC states and parsed private keys.
///
/// Made once and never changed; a renewed token is another `Secret`, so whatever was ready dies with the old value. The
/// bytes are wiped when the last user lets go. Prints as `***`.
///
/// `@unchecked Sendable`: the bytes never change, and everything else is touched only while `lock` is held.
public final class Secret: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
    /// Keyed states that one secret keeps. A secret is used with one or two digests in practice; of more, those later than
    /// these are made each time.
    static let mostStates = 8

    private let bytes: UnsafeMutableRawBufferPointer
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private var states: [(hash: Hash, decoding: UInt32, mac: KeyedHash)] = []
    private var keys: [(kind: PrivateKey.Kind, key: PrivateKey)] = []

    /// A secret of these bytes.
    public init(_ bytes: some Collection<UInt8>) {
        self.bytes = .allocate(byteCount: max(bytes.count, 1), alignment: 1)
        self.bytes.copyBytes(from: bytes)
        count = bytes.count
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
    }

    /// A secret of a text.
    public convenience init(_ text: String) { self.init(Array(text.utf8)) }

    deinit {
        OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        bytes.deallocate()
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    /// How many bytes it has.
    public let count: Int

    /// Lends the bytes for one call. Copy nothing of them into what is kept, logged or returned to an adapter.
    public func withBytes<Value, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Value
    ) throws(Failure) -> Value {
        try body(UnsafeRawBufferPointer(start: bytes.baseAddress, count: count))
    }

    public var description: String { "***" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return body()
    }

    /// An HMAC with this secret as the key, keyed once and kept.
    ///
    /// - Parameters:
    ///   - decoding: `SLUICE_ENCODE_*` that the key was read out of, 0: the bytes themselves.
    ///   - key: the key's bytes after decoding.
    /// - Returns: whether the digest was made.
    func hmac(
        _ hash: Hash, decoding: UInt32, key: UnsafeRawBufferPointer, over text: UnsafeRawBufferPointer,
        into digest: UnsafeMutableRawPointer
    ) -> Bool {
        locked {
            if let kept = states.first(where: { $0.hash == hash && $0.decoding == decoding }) {
                return kept.mac.digest(text, into: digest)
            }
            guard let mac = KeyedHash(hash, key: key) else { return false }
            if states.count < Secret.mostStates { states.append((hash, decoding, mac)) }
            return mac.digest(text, into: digest)
        }
    }

    /// The private key that the secret's text holds, parsed once; `nil`: it holds none of this kind.
    func privateKey(_ kind: PrivateKey.Kind) -> PrivateKey? {
        locked {
            if let kept = keys.first(where: { $0.kind == kind }) { return kept.key }
            guard let key = PrivateKey(kind, UnsafeRawBufferPointer(start: bytes.baseAddress, count: count)) else {
                return nil
            }
            keys.append((kind, key))  // at most one a kind
            return key
        }
    }

    /// Runs `body` with the parsed key while nobody else uses it.
    func withPrivateKey<Value>(_ kind: PrivateKey.Kind, _ body: (PrivateKey) -> Value?) -> Value?? {
        guard let key = privateKey(kind) else { return nil }
        return .some(locked { body(key) })
    }
}
