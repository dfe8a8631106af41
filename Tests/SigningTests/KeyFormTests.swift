import COpenSSL
import CSluice
import Foundation
import Signing
import Testing

@Suite("Private keys in every form that they come in")
struct KeyFormTests {
    enum Kind: String, CaseIterable { case ed25519, p256, secp256k1, rsa }
    struct Form: CustomTestStringConvertible {
        let kind: Kind
        let name: String
        let bytes: [UInt8]
        var testDescription: String { "\(kind.rawValue) as \(name)" }
    }

    private static func decoded(_ text: String) -> [UInt8] { Data(base64Encoded: text).map(Array.init) ?? [] }

    private static func inLines(_ text: String, _ end: String = "\n") -> String {
        stride(from: 0, to: text.count, by: 64).map { String(text.dropFirst($0).prefix(64)) }.joined(separator: end)
    }

    private static func pem(_ text: String, _ label: String, _ end: String = "\n") -> String {
        "-----BEGIN \(label)-----\(end)\(inLines(text, end))\(end)-----END \(label)-----\(end)"
    }

    private static func forms(_ kind: Kind, _ base64: String, _ label: String, _ standard: String) -> [Form] {
        let der = decoded(base64)
        let texts = [
            ("PEM", pem(base64, label)), ("PEM with \\n written out", pem(base64, label, "\\n")),
            ("PEM with CR LF", pem(base64, label, "\r\n")), ("base64 of DER", base64),
            ("base64 of DER and a line feed", base64 + "\n"), ("base64 of DER in lines", inLines(base64)),
        ]
        return texts.map { Form(kind: kind, name: "\(standard), \($0.0)", bytes: Array($0.1.utf8)) } + [
            Form(kind: kind, name: "\(standard), DER", bytes: der),
            Form(kind: kind, name: "\(standard), DER and a line feed", bytes: der + [0x0A]),
        ]
    }

    private static func forms(_ kind: Kind, number: [UInt8], publicKey: [UInt8] = []) -> [Form] {
        func hex(_ bytes: [UInt8]) -> String { bytes.map { String(format: "%02x", $0) }.joined() }
        var forms: [Form] = []
        for (name, bytes) in [("number", number), ("number and public key", number + publicKey)]
        where name == "number" || !publicKey.isEmpty {
            let base64 = Data(bytes).base64EncodedString()
            forms += [
                Form(kind: kind, name: "raw \(name)", bytes: bytes),
                Form(kind: kind, name: "hex of \(name)", bytes: Array(hex(bytes).utf8)),
                Form(kind: kind, name: "0x and hex of \(name)", bytes: Array("0x\(hex(bytes).uppercased())\n".utf8)),
                Form(kind: kind, name: "base64 of \(name)", bytes: Array(base64.utf8)),
                Form(
                    kind: kind, name: "base64 of \(name), not padded",
                    bytes: Array(base64.replacing("=", with: "").utf8)),
            ]
        }
        return forms
    }

    static let all: [Form] =
        forms(.ed25519, OpenSSLKeys.ed25519, "PRIVATE KEY", "PKCS#8")
        + forms(
            .ed25519, number: Array(decoded(OpenSSLKeys.ed25519).suffix(32)),
            publicKey: Array(decoded(OpenSSLKeys.ed25519Public).suffix(32)))
        + forms(.p256, OpenSSLKeys.p256, "PRIVATE KEY", "PKCS#8")
        + forms(.p256, OpenSSLKeys.p256SEC1, "EC PRIVATE KEY", "SEC 1")
        + forms(.p256, number: Array(decoded(OpenSSLKeys.p256SEC1)[7..<39]))
        + forms(.secp256k1, OpenSSLKeys.secp256k1, "PRIVATE KEY", "PKCS#8")
        + forms(.secp256k1, OpenSSLKeys.secp256k1SEC1, "EC PRIVATE KEY", "SEC 1")
        + forms(.secp256k1, number: Array(decoded(OpenSSLKeys.secp256k1SEC1)[7..<39]))
        + forms(.rsa, OpenSSLKeys.rsa, "PRIVATE KEY", "PKCS#8")
        + forms(
            .rsa, Data(decoded(OpenSSLKeys.rsa).dropFirst(26)).base64EncodedString(), "RSA PRIVATE KEY", "PKCS#1")

    private func sign(_ format: UInt32, _ key: [UInt8], _ text: String = OpenSSLKeys.message) throws -> [UInt8] {
        var nodes = [literal(text)]
        if format == SLUICE_SIGN_ECDSA_SECP256K1 {
            nodes.append(TestNode(kind: SLUICE_NODE_DIGEST, format: SLUICE_HASH_SHA256, operands: [0]))
        }
        nodes.append(TestNode(kind: SLUICE_NODE_SIGN, format: format, secret: 1, operands: [nodes.count - 1]))
        return try make(nodes, secrets: [1: Secret(key)])
    }

    /// Whether libcrypto takes a signature of SHA-256 in DER for that of the public key.
    private func isGood(_ signature: [UInt8], _ publicKey: String, isPSS: Bool = false) -> Bool {
        let encoded = Self.decoded(publicKey)
        let text = Array(OpenSSLKeys.message.utf8)
        return encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            guard let key = d2i_PUBKEY(nil, &start, bytes.count), let context = EVP_MD_CTX_new() else { return false }
            defer {
                EVP_MD_CTX_free(context)
                EVP_PKEY_free(key)
            }
            var details: OpaquePointer?
            guard EVP_DigestVerifyInit(context, &details, EVP_sha256(), nil, key) == 1 else { return false }
            if isPSS { EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) }
            return EVP_DigestVerify(context, signature, signature.count, text, text.count) == 1
        }
    }

    /// Two numbers of 32 bytes each, as DER.
    private func der(_ plain: [UInt8]) -> [UInt8] {
        func number(_ bytes: some Sequence<UInt8>) -> [UInt8] {
            var digits = Array(bytes.drop { $0 == 0 })
            if digits.first ?? 0x80 >= 0x80 { digits.insert(0, at: 0) }
            return [2, UInt8(digits.count)] + digits
        }
        let numbers = number(plain[0..<32]) + number(plain[32..<64])
        return [0x30, UInt8(numbers.count)] + numbers
    }

    @Test("A key signs what openssl signs with it, in whatever form it comes", arguments: all)
    func form(form: Form) throws {
        switch form.kind {
        case .ed25519:
            let signature = try sign(SLUICE_SIGN_ED25519, form.bytes)
            #expect(signature == Self.decoded(OpenSSLKeys.ed25519Signature))
        case .p256:
            let signature = try sign(SLUICE_SIGN_ECDSA_P256_SHA256_DER, form.bytes)
            #expect(isGood(signature, OpenSSLKeys.p256Public))
            let plain = try sign(SLUICE_SIGN_ECDSA_P256_SHA256, form.bytes)
            #expect(plain.count == 64 && isGood(der(plain), OpenSSLKeys.p256Public))
        case .secp256k1:
            let signature = try sign(SLUICE_SIGN_ECDSA_SECP256K1, form.bytes)
            #expect(signature.count == 65 && isGood(der(signature), OpenSSLKeys.secp256k1Public))
        case .rsa:
            let (short, long) = (SLUICE_SIGN_RSA_PKCS1_SHA256, SLUICE_SIGN_RSA_PKCS1_SHA512)
            #expect(try sign(short, form.bytes) == Self.decoded(OpenSSLKeys.rsaSHA256Signature))
            #expect(try sign(long, form.bytes) == Self.decoded(OpenSSLKeys.rsaSHA512Signature))
            let salted = try sign(SLUICE_SIGN_RSA_PSS_SHA256, form.bytes)
            #expect(isGood(salted, OpenSSLKeys.rsaPublic, isPSS: true))
        }
    }

    @Test("A key in DER whose last byte is a blank's is read whole", arguments: [0x0A, 0x0D, 0x20] as [UInt8])
    func lastByte(last: UInt8) throws {
        let seed = Array(Self.decoded(OpenSSLKeys.ed25519).suffix(32).dropLast()) + [last]
        let der = Array(Self.decoded(OpenSSLKeys.ed25519).prefix(16)) + seed
        #expect(try sign(SLUICE_SIGN_ED25519, der) == sign(SLUICE_SIGN_ED25519, seed))
    }

    @Test("What is no key of the kind is refused, and never taken for a number that it is not")
    func refused() throws {
        let seed = Array(Self.decoded(OpenSSLKeys.ed25519).suffix(32))
        let wrong: [(String, UInt32, [UInt8])] = [
            ("64 letters of nothing", SLUICE_SIGN_ED25519, Array(String(repeating: "Zq8/", count: 16).utf8)),
            ("a seed and another's public key", SLUICE_SIGN_ED25519, seed + seed),
            ("DER cut short", SLUICE_SIGN_ED25519, Array(Self.decoded(OpenSSLKeys.ed25519).dropLast())),
            ("base64 of DER cut short", SLUICE_SIGN_ED25519, Array(OpenSSLKeys.ed25519.dropLast(4).utf8)),
            ("DER and more", SLUICE_SIGN_ED25519, Self.decoded(OpenSSLKeys.ed25519) + Array("more".utf8)),
            ("an RSA key", SLUICE_SIGN_ED25519, Array(OpenSSLKeys.rsa.utf8)),
            ("a key of another curve", SLUICE_SIGN_ECDSA_P256_SHA256, Array(OpenSSLKeys.secp256k1.utf8)),
            ("an Ed25519 key in base64 of DER", SLUICE_SIGN_ECDSA_SECP256K1, Array(OpenSSLKeys.ed25519.utf8)),
            ("64 bytes", SLUICE_SIGN_ECDSA_P256_SHA256, seed + seed),
            ("31 bytes", SLUICE_SIGN_ED25519, Array(seed.dropLast())), ("nothing", SLUICE_SIGN_ED25519, []),
        ]
        for (name, format, key) in wrong {
            #expect(throws: TemplateError.self, "\(name)") { try sign(format, key) }
        }
    }
}
