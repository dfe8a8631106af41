import NIOSSL

/// Authorities that an operator trusts for an endpoint, in the place of the system's: a company's own, a sandbox's.
/// Chain and name are verified as ever.
package struct CertificateAuthorities: Hashable, Sendable {
    let certificates: [NIOSSLCertificate]
    /// Of the file: what two of them are told apart by, so that a look-up hashes no certificates.
    private let digest: [UInt8]

    /// Why a file names no authority.
    package struct Unusable: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter pem: One or more certificates in PEM.
    package init(pem: [UInt8]) throws(Unusable) {
        do {
            certificates = try NIOSSLCertificate.fromPEMBytes(pem)
        } catch {
            throw Unusable(description: "it holds no certificate in PEM that can be read (\(error))")
        }
        guard !certificates.isEmpty else { throw Unusable(description: "it holds no certificate in PEM") }
        guard let digest = SHA2.sha256(pem) else { throw Unusable(description: "libcrypto has no SHA-256") }
        self.digest = digest
    }

    package static func == (left: Self, right: Self) -> Bool { left.digest == right.digest }
    package func hash(into hasher: inout Hasher) { hasher.combine(digest) }
}
