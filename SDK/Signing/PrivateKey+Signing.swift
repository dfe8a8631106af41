import COpenSSL

extension Signature {
    var keyKind: PrivateKey.Kind {
        switch self {
        case .rsaPKCS1SHA256, .rsaPKCS1SHA512, .rsaPSSSHA256: .rsa
        case .ecdsaP256SHA256, .ecdsaP256SHA256DER: .p256
        case .ecdsaSecp256k1: .secp256k1
        case .ed25519: .ed25519
        }
    }
}

extension PrivateKey {
    /// The signature of a text; `nil`: libcrypto failed, or a text to sign as a digest is none.
    func sign(_ signature: Signature, _ text: UnsafeRawBufferPointer) -> [UInt8]? {
        defer { ERR_clear_error() }
        switch signature {
        case .rsaPKCS1SHA256: return sign(text, digest: Hash.sha256.algorithm)
        case .rsaPKCS1SHA512: return sign(text, digest: Hash.sha512.algorithm)
        case .rsaPSSSHA256: return sign(text, digest: Hash.sha256.algorithm, isPSS: true)
        case .ed25519: return sign(text, digest: nil)
        case .ecdsaP256SHA256DER: return sign(text, digest: Hash.sha256.algorithm)
        case .ecdsaP256SHA256:
            guard let encoded = sign(text, digest: Hash.sha256.algorithm) else { return nil }
            return PrivateKey.plain(encoded)
        case .ecdsaSecp256k1: return signRecoverably(text)
        }
    }

    private func sign(_ text: UnsafeRawBufferPointer, digest: OpaquePointer?, isPSS: Bool = false) -> [UInt8]? {
        guard let context = EVP_MD_CTX_new() else { return nil }
        defer { EVP_MD_CTX_free(context) }
        var details: OpaquePointer?
        guard EVP_DigestSignInit(context, &details, digest, nil, key) == 1 else { return nil }
        if isPSS {
            // The salt is as long as the digest, as JWS and the exchanges ask.
            guard EVP_PKEY_CTX_set_rsa_padding(details, RSA_PKCS1_PSS_PADDING) == 1,
                EVP_PKEY_CTX_set_rsa_pss_saltlen(details, RSA_PSS_SALTLEN_DIGEST) == 1
            else { return nil }
        }
        let start = text.bindMemory(to: UInt8.self).baseAddress
        var size = 0
        guard EVP_DigestSign(context, nil, &size, start, text.count) == 1 else { return nil }
        var signature = [UInt8](repeating: 0, count: size)
        guard EVP_DigestSign(context, &signature, &size, start, text.count) == 1 else { return nil }
        return Array(signature.prefix(size))
    }

    /// A signature's two numbers, 32 bytes each, out of its DER form.
    private static func plain(_ encoded: [UInt8]) -> [UInt8]? {
        guard let pair = pair(encoded) else { return nil }
        defer { ECDSA_SIG_free(pair) }
        return plain(ECDSA_SIG_get0_r(pair), ECDSA_SIG_get0_s(pair))
    }

    private static func pair(_ encoded: [UInt8]) -> OpaquePointer? {
        encoded.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            return d2i_ECDSA_SIG(nil, &start, bytes.count)
        }
    }

    private static func plain(_ r: OpaquePointer?, _ s: OpaquePointer?) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let isWhole = bytes.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return false }
            return BN_bn2binpad(r, start, 32) == 32 && BN_bn2binpad(s, start + 32, 32) == 32
        }
        return isWhole ? bytes : nil
    }

    /// r, s (the lower of its two values) and which of the possible public keys is ours.
    private func signRecoverably(_ digest: UnsafeRawBufferPointer) -> [UInt8]? {
        guard digest.count == 32, let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        let start = digest.bindMemory(to: UInt8.self).baseAddress
        var size = 0
        guard EVP_PKEY_sign_init(context) == 1, EVP_PKEY_sign(context, nil, &size, start, 32) == 1 else { return nil }
        var encoded = [UInt8](repeating: 0, count: size)
        guard EVP_PKEY_sign(context, &encoded, &size, start, 32) == 1,
            let pair = PrivateKey.pair(Array(encoded.prefix(size)))
        else { return nil }
        defer { ECDSA_SIG_free(pair) }
        return Recovery(key)?.finish(ECDSA_SIG_get0_r(pair), ECDSA_SIG_get0_s(pair), digest)
    }

    /// RSA PKCS#1 v1.5 decryption; `nil`: libcrypto refused.
    func decrypt(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        defer { ERR_clear_error() }
        guard let context = EVP_PKEY_CTX_new(key, nil) else { return nil }
        defer { EVP_PKEY_CTX_free(context) }
        guard EVP_PKEY_decrypt_init(context) == 1, EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 else {
            return nil
        }
        let start = text.bindMemory(to: UInt8.self).baseAddress
        var size = 0
        guard EVP_PKEY_decrypt(context, nil, &size, start, text.count) == 1 else { return nil }
        var plain = [UInt8](repeating: 0, count: size)
        defer { plain.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        guard EVP_PKEY_decrypt(context, &plain, &size, start, text.count) == 1 else { return nil }
        return Array(plain.prefix(size))
    }
}

/// Works out which public key a secp256k1 signature gives back.
private struct Recovery {
    let group: OpaquePointer
    let order: OpaquePointer
    let own: [UInt8]

    init?(_ key: OpaquePointer) {
        guard let group = EC_GROUP_new_by_curve_name(NID_secp256k1) else { return nil }
        self.group = group
        guard let order = EC_GROUP_get0_order(group) else {
            EC_GROUP_free(group)
            return nil
        }
        self.order = order
        var point = [UInt8](repeating: 0, count: 65)
        var size = 0
        guard EVP_PKEY_get_octet_string_param(key, "encoded-pub-key", &point, 65, &size) == 1, size == 65, point[0] == 4
        else {
            EC_GROUP_free(group)
            return nil
        }
        own = point
    }

    /// r || s || id, and frees what this value holds.
    func finish(_ r: OpaquePointer?, _ s: OpaquePointer?, _ digest: UnsafeRawBufferPointer) -> [UInt8]? {
        let context = BN_CTX_new()
        defer {
            BN_CTX_free(context)
            EC_GROUP_free(group)
        }
        guard let context else { return nil }
        BN_CTX_start(context)
        defer { BN_CTX_end(context) }
        guard let low = BN_dup(s), let half = BN_dup(order) else { return nil }
        defer {
            BN_free(low)
            BN_free(half)
        }
        guard BN_rshift1(half, half) == 1 else { return nil }
        if BN_cmp(low, half) > 0, BN_sub(low, order, low) != 1 { return nil }
        var signature = [UInt8](repeating: 0, count: 65)
        let isWhole = signature.withUnsafeMutableBufferPointer { bytes in
            guard let start = bytes.baseAddress else { return false }
            return BN_bn2binpad(r, start, 32) == 32 && BN_bn2binpad(low, start + 32, 32) == 32
        }
        guard isWhole else { return nil }
        for id in 0..<UInt8(4) where recovers(r, low, digest, id, context) {
            signature[64] = id
            return signature
        }
        return nil
    }

    /// Whether Q = r^-1 (sR - zG) is our public key, R being the point that `id` says.
    private func recovers(
        _ r: OpaquePointer?, _ s: OpaquePointer?, _ digest: UnsafeRawBufferPointer, _ id: UInt8,
        _ context: OpaquePointer
    ) -> Bool {
        guard let x = BN_dup(r), let z = BN_bin2bn(digest.bindMemory(to: UInt8.self).baseAddress, 32, nil),
            let inverse = BN_mod_inverse(nil, r, order, context), let point = EC_POINT_new(group),
            let found = EC_POINT_new(group)
        else { return false }
        defer {
            for number in [x, z, inverse] { BN_free(number) }
            EC_POINT_free(point)
            EC_POINT_free(found)
        }
        if id >= 2, BN_add(x, x, order) != 1 { return false }
        guard EC_POINT_set_compressed_coordinates(group, point, x, Int32(id & 1), context) == 1 else {
            ERR_clear_error()
            return false
        }
        guard let u1 = BN_new(), let u2 = BN_new() else { return false }
        defer {
            BN_free(u1)
            BN_free(u2)
        }
        guard BN_mod_mul(u1, z, inverse, order, context) == 1, BN_sub(u1, order, u1) == 1,
            BN_mod_mul(u2, s, inverse, order, context) == 1,
            EC_POINT_mul(group, found, u1, point, u2, context) == 1
        else { return false }
        var bytes = [UInt8](repeating: 0, count: 65)
        let size = EC_POINT_point2oct(group, found, POINT_CONVERSION_UNCOMPRESSED, &bytes, 65, context)
        return size == 65 && bytes == own
    }
}
