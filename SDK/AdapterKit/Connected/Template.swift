/// A value that the host makes when a request leaves: so a wait never makes it stale, and no key enters the adapter.
///
/// ```swift
/// request.header("Authorization", "token \(secret: apiKey):\(secret: accessToken)")
/// request.header("X-Sign", .encode(.hex, .hmac(.sha256, key: .secret(apiSecret), .slot(.body))))
/// ```
/// A template that stays the same between requests is prepared once (`PreparedTemplate`), and costs nothing after.
public indirect enum Template: Hashable, Sendable {
    case literal([UInt8])
    case secret(SecretHandle)
    /// The moment of egress, the learned offset of the broker's clock included; the same in all parts of one request.
    case now(TimeFormat, plusNanoseconds: Int64 = 0)
    /// A number that only rises for one account, in the order in which requests leave: at least the clock in this unit.
    case nonce(TimeFormat)
    /// `count` characters; bytes for `.raw`. At most 4,096.
    case random(RandomFormat, count: Int)
    /// The raw digest.
    case digest(HashFunction, Template)
    /// The raw HMAC. The keyed state is kept per secret.
    case hmac(HashFunction, key: TemplateKey, Template)
    /// The raw signature with the private key that a secret holds.
    case sign(SignatureFunction, key: SecretHandle, Template)
    case encode(TextEncoding, Template)
    case decode(TextEncoding, Template)
    /// The number of bytes, in decimal.
    case length(Template)
    case joined([Template], separator: String = "")
    /// Another part of the same request, made before this one.
    case slot(RequestSlot)
    /// RFC 6238, 30 s, SHA-1.
    case totp(SecretHandle, digits: Int = 6, isBase32: Bool = true)
    case jwt(header: Template, claims: Template, with: TokenSignature, key: SecretHandle)
    /// `base` ^ `exponent` mod `modulus`, big-endian without leading zeros: Diffie-Hellman.
    case modularPower(base: Template, exponent: Template, modulus: Template)
    /// RSA PKCS#1 v1.5 decryption.
    case decrypt(key: SecretHandle, Template)

    /// Text as it is.
    public static func text(_ text: String) -> Template { .literal(Array(text.utf8)) }
}

/// Names a secret without showing it. Its latest value is used whenever a template is made, so a renewed token needs no
/// new handle. Good within the session.
public struct SecretHandle: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// What an HMAC is keyed with.
public enum TemplateKey: Hashable, Sendable {
    case secret(SecretHandle)
    /// A key that is made: `.decode(.base64, .secret(handle))` keeps its keyed state too.
    case made(Template)
}

/// How a moment is written.
public enum TimeFormat: UInt32, Sendable {
    case seconds = 1
    case milliseconds, microseconds, nanoseconds
    /// 2026-12-31T09:15:00Z
    case rfc3339
    /// 2026-12-31T09:15:00.123Z
    case rfc3339Milliseconds
    /// 20261231T091500Z
    case isoBasic
    /// Seconds with three decimals.
    case secondsWithMilliseconds
}

/// What random text is made of.
public enum RandomFormat: UInt32, Sendable {
    case raw = 0
    case hex, alphanumeric, digits
    /// Version 4, lower case.
    case uuid
}

/// A digest.
public enum HashFunction: UInt32, Sendable {
    case md5 = 1
    case sha1, sha256, sha384, sha512
}

/// A signature.
public enum SignatureFunction: UInt32, Sendable {
    case rsaPKCS1SHA256 = 101
    case rsaPKCS1SHA512, rsaPSSSHA256
    /// r and s, 64 bytes.
    case ecdsaP256SHA256
    case ecdsaP256SHA256DER
    /// Over a 32-byte digest: r, s, recovery id.
    case ecdsaSecp256k1
    case ed25519
}

/// What a JWT is signed with.
public enum TokenSignature: Hashable, Sendable {
    case hmac(HashFunction)
    case signature(SignatureFunction)

    var format: UInt32 {
        switch self {
        case .hmac(let hash): hash.rawValue
        case .signature(let signature): signature.rawValue
        }
    }
}

/// How bytes become text.
public enum TextEncoding: UInt32, Sendable {
    case hex = 1
    case hexUpper, base64
    /// Without padding.
    case base64URL
    case base32
    /// RFC 3986: everything but letters, digits and - . _ ~
    case percent
    /// As percent, and a space is +
    case form
    /// The inside of a JSON string.
    case json
    case twosComplement, lower, hexNumber, upper
}

/// A part of a request that a template of the same request may refer to. They are made in this order.
public enum RequestSlot: Hashable, Sendable {
    /// What `Request.value(_:)` returned.
    case value(Int)
    case body
    /// Path and query as they will be sent.
    case target
    case path, query, method
    /// Base URL and target.
    case url

    var format: UInt32 {
        switch self {
        case .value: 1
        case .body: 2
        case .target: 3
        case .path: 4
        case .query: 5
        case .method: 6
        case .url: 7
        }
    }
}

// MARK: - Writing templates as text

extension Template: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) { self = .text(value) }

    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.parts.count == 1 ? stringInterpolation.parts[0] : .joined(stringInterpolation.parts)
    }

    /// Text with secrets and templates in it.
    public struct StringInterpolation: StringInterpolationProtocol {
        var parts: [Template] = []

        public init(literalCapacity: Int, interpolationCount: Int) {
            parts.reserveCapacity(2 * interpolationCount + 1)
        }

        public mutating func appendLiteral(_ literal: String) {
            if !literal.isEmpty { parts.append(.text(literal)) }
        }

        public mutating func appendInterpolation(_ text: String) { parts.append(.text(text)) }
        public mutating func appendInterpolation(_ template: Template) { parts.append(template) }
        public mutating func appendInterpolation(secret: SecretHandle) { parts.append(.secret(secret)) }
    }
}
