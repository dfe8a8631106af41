import COpenSSL
import Domain

/// What binds a journal record to all before it: SHA-256 over the hash of the record before (32 bytes, zeros before the
/// first), the record's number, time and format version as little-endian 64-bit integers, and its bytes.
///
/// Whoever changes, takes out or moves a record must make every later hash anew, and then the head no longer is the one
/// that an operator has written down elsewhere (`ChainAnchor`).
final class ChainHash {
    static let length = SHA256.length
    static let beginning = [UInt8](repeating: 0, count: length)

    private let context: OpaquePointer
    private let algorithm: OpaquePointer

    /// Fails where libcrypto has no memory or no SHA-256.
    init() throws(StoreFailure) {
        guard let context = EVP_MD_CTX_new(), let algorithm = EVP_sha256() else { throw Self.unavailable }
        (self.context, self.algorithm) = (context, algorithm)
    }

    deinit { EVP_MD_CTX_free(context) }

    /// The hash of one record. `previous` is of 32 bytes.
    func of(
        previous: [UInt8], sequence: Int64, recordedAt: Int64, formatVersion: Int64, bytes: UnsafeRawBufferPointer
    ) throws(StoreFailure) -> [UInt8] {
        var numbers = (sequence.littleEndian, recordedAt.littleEndian, formatVersion.littleEndian)
        var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
        var length: UInt32 = 0
        let isDone =
            EVP_DigestInit_ex(context, algorithm, nil) == 1
            && EVP_DigestUpdate(context, previous, previous.count) == 1
            && withUnsafeBytes(of: &numbers) { EVP_DigestUpdate(context, $0.baseAddress, $0.count) == 1 }
            && EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1
            && EVP_DigestFinal_ex(context, &digest, &length) == 1
        guard isDone, Int(length) == Self.length else { throw Self.unavailable }
        digest.removeSubrange(Self.length...)
        return digest
    }

    func of(_ record: JournalRecord, previous: [UInt8]) throws(StoreFailure) -> [UInt8] {
        try record.bytes.withUnsafeBytes { bytes in
            Result { () throws(StoreFailure) in
                try of(
                    previous: previous, sequence: Int64(clamping: record.sequence),
                    recordedAt: record.recordedAt.nanoseconds, formatVersion: Int64(record.formatVersion), bytes: bytes)
            }
        }.get()
    }

    /// The plain SHA-256 of some bytes.
    static func of(_ bytes: [UInt8]) throws(StoreFailure) -> [UInt8] {
        guard let digest = SHA256.digest(bytes) else { throw unavailable }
        return digest
    }

    private static var unavailable: StoreFailure {
        .setting(name: "SHA-256 of libcrypto", expected: "a hash", found: "nothing")
    }
}

/// Where the chain of records stands: the last record's number and hash.
///
/// Its text, `12345:ab12…`, kept outside of the machine, finds what nothing inside of it can: a journal that was cut at its
/// end, or written anew as a whole.
package struct ChainAnchor: Hashable, Sendable, CustomStringConvertible {
    /// 0 for an empty journal.
    package let sequence: UInt64
    /// 32 bytes.
    package let hash: [UInt8]

    package init(sequence: UInt64, hash: [UInt8]) { (self.sequence, self.hash) = (sequence, hash) }

    package static let beginning = ChainAnchor(sequence: 0, hash: ChainHash.beginning)

    package static let rule = "a record's number, a colon and 64 hexadecimal digits, as verify prints it"

    package init?(_ text: String) {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = UInt64(Substring(parts[0])), parts[0].first != UInt8(ascii: "+"),
            parts[1].count == 2 * ChainHash.length
        else { return nil }
        var hash: [UInt8] = []
        var digits = parts[1].makeIterator()
        while let high = digits.next(), let low = digits.next() {
            guard let upper = Self.value(high), let lower = Self.value(low) else { return nil }
            hash.append(upper << 4 | lower)
        }
        self.init(sequence: sequence, hash: hash)
    }

    private static func value(_ digit: UInt8) -> UInt8? {
        switch digit {
        case 48...57: digit - 48
        case 97...102: digit - 87
        case 65...70: digit - 55
        default: nil
        }
    }

    package var description: String { "\(sequence):\(hash.hexadecimal)" }
}
