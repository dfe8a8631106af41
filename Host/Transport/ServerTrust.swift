import COpenSSL
import NIOConcurrencyHelpers
import NIOCore
import NIOSSL

/// TLS for routes. Contexts are made once per kind of trust; building one reads the system's roots.
final class ServerTrust: Sendable {
    private struct Kind: Hashable {
        var verification: CertificateVerification
        var authorities: CertificateAuthorities?
    }
    private let contexts = NIOLockedValueBox<[Kind: NIOSSLContext]>([:])
    private let roots: NIOSSLTrustRoots

    /// - Parameter roots: whom a chain must lead to; the system's but in tests.
    init(roots: NIOSSLTrustRoots = .default) { self.roots = roots }

    /// - Throws: where the host's name cannot stand in TLS or the system's roots cannot be read.
    func handler(for route: NetworkRoute, _ trust: CertificateTrust) throws -> NIOSSLClientHandler {
        // A pinned certificate is taken whatever name it bears: the callback below stands in the chain's place, and a
        // context that checked names would refuse it after.
        let kind =
            switch trust {
            case .full: Kind(verification: .fullVerification)
            case .authorities(let authorities): Kind(verification: .fullVerification, authorities: authorities)
            case .pinned: Kind(verification: .noHostnameVerification)
            case .loopbackOnly: Kind(verification: .none)
            }
        let context = try contexts.withLockedValue { contexts in
            if let known = contexts[kind] { return known }
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.applicationProtocols = ["http/1.1"]
            configuration.minimumTLSVersion = .tlsv12
            configuration.trustRoots = kind.authorities.map { .certificates($0.certificates) } ?? roots
            configuration.certificateVerification = kind.verification
            let made = try NIOSSLContext(configuration: configuration)
            contexts[kind] = made
            return made
        }
        let name = IPText.isAddress(route.host) ? nil : route.host
        guard case .pinned(let digest) = trust else {
            return try NIOSSLClientHandler(context: context, serverHostname: name)
        }
        return try NIOSSLClientHandler(
            context: context, serverHostname: name,
            customVerificationCallback: { certificates, promise in
                let found = certificates.first.flatMap { try? $0.toDERBytes() }.flatMap(SHA2.sha256)
                promise.succeed(found == digest ? .certificateVerified : .failed)
            })
    }
}

enum SHA2 {
    static func sha256(_ bytes: [UInt8]) -> [UInt8]? { digest(bytes, EVP_sha256(), 32) }
    static func sha1(_ bytes: [UInt8]) -> [UInt8]? { digest(bytes, EVP_sha1(), 20) }

    private static func digest(_ bytes: [UInt8], _ kind: OpaquePointer?, _ size: Int) -> [UInt8]? {
        var result = [UInt8](repeating: 0, count: size)
        var length: UInt32 = 0
        let done = EVP_Digest(bytes, bytes.count, &result, &length, kind, nil)
        return done == 1 && Int(length) == size ? result : nil
    }
}

/// IP addresses as text.
package enum IPText {
    package static func isAddress(_ text: String) -> Bool { (try? SocketAddress(ipAddress: text, port: 0)) != nil }

    /// Whether the other end is this machine: 127.0.0.0/8 or ::1, the former also where IPv6 carries it.
    static func isLoopback(_ address: SocketAddress?) -> Bool {
        switch address {
        case .v4(let address): return UInt32(bigEndian: address.address.sin_addr.s_addr) >> 24 == 127
        case .v6(let address):
            return withUnsafeBytes(of: address.address.sin6_addr) { bytes in
                let isPlain = bytes.prefix(15).allSatisfy { $0 == 0 } && bytes[15] == 1
                let isMapped =
                    bytes.prefix(10).allSatisfy { $0 == 0 } && bytes[10] == 0xFF && bytes[11] == 0xFF
                    && bytes[12] == 127
                return isPlain || isMapped
            }
        default: return false
        }
    }
}
