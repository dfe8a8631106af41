import CSluice

/// Another part of the same request (`SLUICE_SLOT_*`).
public enum Slot: UInt32, Hashable, Sendable {
    case value = 1
    case body, target, path, query, method, url
}

/// A digest (`SLUICE_HASH_*`).
public enum Hash: UInt32, Hashable, Sendable {
    case md5 = 1
    case sha1, sha256, sha384, sha512

    /// libcrypto's name of it.
    var name: StaticString {
        switch self {
        case .md5: "MD5"
        case .sha1: "SHA1"
        case .sha256: "SHA256"
        case .sha384: "SHA384"
        case .sha512: "SHA512"
        }
    }

    /// Bytes of a digest.
    var size: Int {
        switch self {
        case .md5: 16
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    /// Whether JSON Web Tokens know an HMAC of it.
    var isForTokens: Bool { self == .sha256 || self == .sha384 || self == .sha512 }
}

/// A signature (`SLUICE_SIGN_*`).
public enum Signature: UInt32, Hashable, Sendable {
    case rsaPKCS1SHA256 = 101
    case rsaPKCS1SHA512, rsaPSSSHA256, ecdsaP256SHA256, ecdsaP256SHA256DER, ecdsaSecp256k1, ed25519

    /// Whether JSON Web Tokens know it.
    var isForTokens: Bool { self != .ecdsaP256SHA256DER && self != .ecdsaSecp256k1 }
}

/// A way to write bytes (`SLUICE_ENCODE_*`).
public enum Encoding: UInt32, Hashable, Sendable {
    case hex = 1
    case hexUpper, base64, base64URL, base32, percent, form, json, twosComplement, lower, hexNumber, upper

    /// Whether it can be read back.
    var canDecode: Bool {
        switch self {
        case .hex, .hexUpper, .hexNumber, .base64, .base64URL, .base32: true
        default: false
        }
    }
}

/// The part of a request that a template makes, which decides what slots it may refer to.
public enum RequestPart: Hashable, Sendable {
    /// `request.values[index]`.
    case value(Int)
    case body, target, header
    /// A frame, a challenge's URL, `crypto` and `crypto_derive`: there is no request around them.
    case alone
}
