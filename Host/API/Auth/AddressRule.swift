import Glibc

/// An address, or all addresses with a prefix, that a key may be used from: `203.0.113.7`, `10.0.0.0/8`, `2001:db8::/32`.
///
/// An IPv4 address counts as the IPv6 address that maps it, so that a listener on both sees one address.
struct AddressRule: Hashable, Sendable {
    private let bytes: [UInt8]
    private let prefixLength: Int

    /// `nil` for anything else than the forms above, and for a prefix that has bits beyond its length.
    init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = Self.address(String(parts[0])) else { return nil }
        guard parts.count == 2 else {
            (bytes, prefixLength) = (address.bytes, 128)
            return
        }
        let width = address.isIPv4 ? 32 : 128
        guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let length = Int(parts[1]), length <= width
        else { return nil }
        let total = length + 128 - width
        guard Self.bits(of: address.bytes, from: total).allSatisfy({ $0 == 0 }) else { return nil }
        (bytes, prefixLength) = (address.bytes, total)
    }

    /// `false` for text that is no address.
    func contains(_ text: String) -> Bool {
        guard let address = Self.address(text) else { return false }
        for index in 0..<16 {
            let rest = prefixLength - index * 8
            guard rest > 0 else { return true }
            let mask: UInt8 = rest >= 8 ? 0xFF : ~(0xFF >> UInt8(rest))
            if bytes[index] & mask != address.bytes[index] & mask { return false }
        }
        return true
    }

    private static func bits(of bytes: [UInt8], from first: Int) -> [UInt8] {
        (first..<128).map { bytes[$0 / 8] >> UInt8(7 - $0 % 8) & 1 }
    }

    private static func address(_ text: String) -> (bytes: [UInt8], isIPv4: Bool)? {
        guard text.utf8.count <= 45 else { return nil }
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            let octets = withUnsafeBytes(of: &four) { Array($0) }
            return ([UInt8](repeating: 0, count: 10) + [0xFF, 0xFF] + octets, true)
        }
        var six = in6_addr()
        guard inet_pton(AF_INET6, text, &six) == 1 else { return nil }
        return (withUnsafeBytes(of: &six) { Array($0) }, false)
    }
}
