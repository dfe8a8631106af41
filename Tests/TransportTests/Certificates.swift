import COpenSSL
import NIOSSL

@testable import Transport

/// A certificate made for one test, in memory alone: its own root, or issued by one.
struct TestCertificate {
    let certificate: NIOSSLCertificate
    let key: NIOSSLPrivateKey
    /// SHA-256 over its DER form.
    let digest: [UInt8]
    fileprivate let pair: Pair

    /// The library's own forms, freed with the test.
    fileprivate final class Pair {
        let x509: OpaquePointer
        let key: OpaquePointer
        init(_ x509: OpaquePointer, _ key: OpaquePointer) { (self.x509, self.key) = (x509, key) }
        deinit {
            X509_free(x509)
            EVP_PKEY_free(key)
        }
    }

    struct Failure: Error {}

    /// - Parameters:
    ///   - name: a subject alternative name as the library writes it, `IP:127.0.0.1` or `DNS:broker.example`.
    ///   - issuer: `nil`: it signs itself.
    init(name: String, isAuthority: Bool = false, issuer: TestCertificate? = nil) throws {
        guard let key = Self.makeKey(), let made = X509_new() else { throw Failure() }
        pair = Pair(made, key)
        X509_set_version(made, 2)
        ASN1_INTEGER_set(X509_get_serialNumber(made), issuer == nil ? 1 : 2)
        X509_gmtime_adj(X509_getm_notBefore(made), -3_600)
        X509_gmtime_adj(X509_getm_notAfter(made), 86_400)
        X509_set_pubkey(made, key)
        let subject = X509_get_subject_name(made)
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, isAuthority ? "test root" : "test", -1, -1, 0)
        X509_set_issuer_name(made, issuer.map { X509_get_subject_name($0.pair.x509) } ?? subject)
        try Self.add(NID_subject_alt_name, name, to: made)
        if isAuthority { try Self.add(NID_basic_constraints, "critical,CA:TRUE", to: made) }
        guard X509_sign(made, issuer?.pair.key ?? key, EVP_sha256()) > 0 else { throw Failure() }
        let der = try Self.bytes { i2d_X509(made, $0) }
        certificate = try NIOSSLCertificate(bytes: der, format: .der)
        self.key = try NIOSSLPrivateKey(bytes: try Self.bytes { i2d_PrivateKey(key, $0) }, format: .der)
        guard let digest = SHA2.sha256(der) else { throw Failure() }
        self.digest = digest
    }

    private static func makeKey() -> OpaquePointer? {
        guard let context = EVP_PKEY_CTX_new_from_name(nil, "EC", nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        var key: OpaquePointer?
        guard EVP_PKEY_keygen_init(context) > 0, EVP_PKEY_CTX_set_group_name(context, "P-256") > 0,
            EVP_PKEY_generate(context, &key) > 0
        else { return nil }
        return key
    }

    private static func add(_ kind: Int32, _ value: String, to certificate: OpaquePointer) throws {
        guard let made = X509V3_EXT_conf_nid(nil, nil, kind, value) else { throw Failure() }
        defer { X509_EXTENSION_free(made) }
        guard X509_add_ext(certificate, made, -1) == 1 else { throw Failure() }
    }

    private static func bytes(_ write: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) throws -> [UInt8]
    {
        let length = write(nil)
        guard length > 0 else { throw Failure() }
        var bytes = [UInt8](repeating: 0, count: Int(length))
        let written = bytes.withUnsafeMutableBufferPointer { buffer in
            var place = buffer.baseAddress
            return write(&place)
        }
        guard written == length else { throw Failure() }
        return bytes
    }
}
