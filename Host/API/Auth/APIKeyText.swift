import Store

/// The text of an API key: `slc_<env>_<id>_<secret>_<crc>` (RELIABILITY.md §5.1).
///
/// The id finds the key, the secret proves it, and the checksum lets typing errors and secret scanners be recognised
/// without a look-up. Env and id are `a-z 0-9`; the secret is 256 random bits in 64 hexadecimal digits; the checksum is
/// the CRC-32 of everything before it in 8.
struct APIKeyText: Sendable {
    let id: String
    /// The hexadecimal digits: what is hashed.
    let secret: Substring.UTF8View

    enum Flaw: Error { case malformed, checksum }

    init(_ text: Substring) throws(Flaw) {
        let bytes = text.utf8
        guard bytes.count <= 160 else { throw .malformed }
        let parts = bytes.split(separator: UInt8(ascii: "_"), omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].elementsEqual("slc".utf8), Self.isWord(parts[1], 1...16),
            Self.isWord(parts[2], 1...24), Self.isHexadecimal(parts[3], 64), Self.isHexadecimal(parts[4], 8)
        else { throw .malformed }
        guard Self.checksum(bytes[..<parts[3].endIndex]).utf8.elementsEqual(parts[4]) else { throw .checksum }
        (id, secret) = (String(Substring(parts[2])), parts[3])
    }

    /// A new key's text and the digest of its secret; `nil` where libcrypto refuses.
    static func make(environment: String, id: String, secret: [UInt8]) -> (text: String, digest: [UInt8])? {
        let digits = secret.hexadecimal
        guard let digest = SHA256.digest(digits.utf8) else { return nil }
        let body = "slc_\(environment)_\(id)_\(digits)"
        return ("\(body)_\(checksum(body.utf8))", digest)
    }

    static func isWord(_ text: some Collection<UInt8>, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.count) && text.allSatisfy { (97...122).contains($0) || (48...57).contains($0) }
    }

    private static func isHexadecimal(_ text: Substring.UTF8View, _ length: Int) -> Bool {
        text.count == length && text.allSatisfy { (97...102).contains($0) || (48...57).contains($0) }
    }

    private static let table: [UInt32] = (0..<256).map { byte in
        (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// CRC-32 as zlib computes it, in 8 hexadecimal digits.
    static func checksum(_ bytes: some Sequence<UInt8>) -> String {
        var crc = UInt32.max
        for byte in bytes { crc = crc >> 8 ^ table[Int((crc ^ UInt32(byte)) & 0xFF)] }
        let value = ~crc
        return [24, 16, 8, 0].map { UInt8(value >> UInt32($0) & 0xFF) }.hexadecimal
    }
}
