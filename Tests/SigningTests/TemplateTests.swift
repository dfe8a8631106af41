import CSluice
import Signing
import Testing

struct DigestTests {
    @Test(
        "A digest is that of the published vectors (RFC 1321, RFC 6234)",
        arguments: [
            (SLUICE_HASH_MD5, "900150983cd24fb0d6963f7d28e17f72"),
            (SLUICE_HASH_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (SLUICE_HASH_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                SLUICE_HASH_SHA384,
                "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
            ),
            (
                SLUICE_HASH_SHA512,
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                    + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
            ),
        ])
    func digest(hash: UInt32, expected: String) throws {
        let made = try make([
            literal("abc"), TestNode(kind: SLUICE_NODE_DIGEST, format: hash, operands: [0]), hex(of: 1),
        ])
        #expect(text(made) == expected)
    }

    @Test(
        "An HMAC is that of RFC 2202 and RFC 4231, also when its keyed state is used again",
        arguments: [
            (SLUICE_HASH_SHA1, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (SLUICE_HASH_SHA256, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
            (
                SLUICE_HASH_SHA384,
                "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649"
            ),
            (
                SLUICE_HASH_SHA512,
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
                    + "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737"
            ),
        ])
    func hmac(hash: UInt32, expected: String) throws {
        let key = Secret("Jefe")
        for _ in 0..<3 {
            let made = try make(
                [
                    literal("what do ya want for nothing?"),
                    TestNode(kind: SLUICE_NODE_HMAC, format: hash, secret: 1, operands: [0]), hex(of: 1),
                ], secrets: [1: key])
            #expect(text(made) == expected)
        }
    }

    @Test("A key that is made signs like the same key as a secret")
    func madeKey() throws {
        let made = try make(
            [
                literal("what do ya want for nothing?"), TestNode(kind: SLUICE_NODE_SECRET, secret: 1),
                TestNode(kind: SLUICE_NODE_DECODE, format: SLUICE_ENCODE_BASE64, operands: [1]),
                TestNode(kind: SLUICE_NODE_HMAC, format: SLUICE_HASH_SHA256, operands: [0, 2]), hex(of: 3),
            ], secrets: [1: Secret("SmVmZQ==")])
        #expect(text(made) == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    }

    @Test(
        "A one-time code is that of RFC 6238",
        arguments: [
            (59, "94287082"), (1_111_111_109, "07081804"), (1_111_111_111, "14050471"), (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
        ] as [(Int64, String)])
    func oneTimeCode(seconds: Int64, expected: String) throws {
        var environment = TestEnvironment(secrets: [1: Secret("12345678901234567890")])
        environment.nowNanoseconds = seconds * 1_000_000_000
        let made = try make([TestNode(kind: SLUICE_NODE_TOTP, secret: 1, number: 8)], in: &environment)
        #expect(text(made) == expected)
    }
}

struct SignatureTests {
    @Test("An Ed25519 signature is that of RFC 8032, test 2")
    func ed25519() throws {
        let made = try make(
            [
                literal([0x72]),
                TestNode(kind: SLUICE_NODE_SIGN, format: SLUICE_SIGN_ED25519, secret: 1, operands: [0]),
                hex(of: 1),
            ], secrets: [1: Secret(bytes("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"))])
        #expect(
            text(made) == "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")
    }

    @Test("A JSON Web Token with an HMAC is that of RFC 7515, A.1")
    func token() throws {
        let key = "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
        let raw = try make([
            literal(key), TestNode(kind: SLUICE_NODE_DECODE, format: SLUICE_ENCODE_BASE64URL, operands: [0]),
        ])
        let made = try make(
            [
                literal("{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"),
                literal("{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"),
                TestNode(kind: SLUICE_NODE_JWT, format: SLUICE_HASH_SHA256, secret: 1, operands: [0, 1]),
            ], secrets: [1: Secret(raw)])
        #expect(
            text(made) == "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
                + "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
                + "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    }

    @Test("Both sides of a key agreement come to the same number")
    func agreement() throws {
        func power(_ base: String, _ exponent: String) throws -> String {
            text(
                try make([
                    literal(bytes(base)), literal(bytes(exponent)), literal(bytes("ffffffffffffffc5")),
                    TestNode(kind: SLUICE_NODE_MOD_POWER, operands: [0, 1, 2]), hex(of: 3),
                ]))
        }
        let (mine, theirs) = ("0123456789", "00fedcba98")
        #expect(try power(power("02", mine), theirs) == power(power("02", theirs), mine))
    }
}

struct EncodingTests {
    @Test(
        "An encoding is that of RFC 4648 or RFC 3986",
        arguments: [
            (SLUICE_ENCODE_HEX, "foob", "666f6f62"), (SLUICE_ENCODE_HEX_UPPER, "jk", "6A6B"),
            (SLUICE_ENCODE_BASE64, "foob", "Zm9vYg=="), (SLUICE_ENCODE_BASE64URL, "foob", "Zm9vYg"),
            (SLUICE_ENCODE_BASE32, "foob", "MZXW6YQ="), (SLUICE_ENCODE_PERCENT, "a b+c~/é", "a%20b%2Bc~%2F%C3%A9"),
            (SLUICE_ENCODE_FORM, "a b+c~", "a+b%2Bc~"), (SLUICE_ENCODE_JSON, "a\"\n", "a\\\"\\n"),
            (SLUICE_ENCODE_LOWER, "AbÉ", "abÉ"), (SLUICE_ENCODE_UPPER, "aB", "AB"),
            (SLUICE_ENCODE_HEX_NUMBER, "\u{1}\u{2}", "102"),
        ])
    func encode(encoding: UInt32, plain: String, expected: String) throws {
        let made = try make([
            literal(plain), TestNode(kind: SLUICE_NODE_ENCODE, format: encoding, operands: [0]),
        ])
        #expect(text(made) == expected)
    }

    @Test(
        "What an encoding wrote is read back",
        arguments: [
            SLUICE_ENCODE_HEX, SLUICE_ENCODE_BASE64, SLUICE_ENCODE_BASE64URL, SLUICE_ENCODE_BASE32,
        ], 0..<40)
    func roundTrip(encoding: UInt32, count: Int) throws {
        let plain = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
        let made = try make([
            literal(plain), TestNode(kind: SLUICE_NODE_ENCODE, format: encoding, operands: [0]),
            TestNode(kind: SLUICE_NODE_DECODE, format: encoding, operands: [1]),
        ])
        #expect(made == plain)
    }
}

struct TemplateTests {
    @Test(
        "The moment is written as the format says",
        arguments: [
            (SLUICE_NOW_SECONDS, "1700000000"), (SLUICE_NOW_MILLISECONDS, "1700000000123"),
            (SLUICE_NOW_MICROSECONDS, "1700000000123456"), (SLUICE_NOW_NANOSECONDS, "1700000000123456789"),
            (SLUICE_NOW_RFC3339, "2023-11-14T22:13:20Z"), (SLUICE_NOW_RFC3339_MS, "2023-11-14T22:13:20.123Z"),
            (SLUICE_NOW_ISO_BASIC, "20231114T221320Z"), (SLUICE_NOW_SECONDS_MS, "1700000000.123"),
        ])
    func moment(format: UInt32, expected: String) throws {
        #expect(text(try make([TestNode(kind: SLUICE_NODE_NOW, format: format)])) == expected)
    }

    @Test("A nonce only rises, however often it is asked for within one moment")
    func nonce() throws {
        var environment = TestEnvironment()
        var last: Int64 = 0
        for _ in 0..<100 {
            let made = try make(
                [TestNode(kind: SLUICE_NODE_NONCE, format: SLUICE_NOW_MILLISECONDS)], in: &environment)
            let number = try #require(Int64(text(made)))
            #expect(number > last)
            last = number
        }
    }

    @Test("A part of the request that is made later cannot be referred to")
    func order() throws {
        var template = Template()
        try template.add(SLUICE_NODE_SLOT, format: SLUICE_SLOT_TARGET)
        #expect(throws: TemplateError.self) { try template.checkSlots(in: .body, values: 0) }
        try template.checkSlots(in: .header, values: 0)
    }

    @Test("What goes back to the adapter shows no byte of a secret", arguments: [false, true])
    func reveals(isBelowDigest: Bool) throws {
        var template = Template()
        try template.add(SLUICE_NODE_SECRET, secret: 1)
        if isBelowDigest { try template.add(SLUICE_NODE_DIGEST, format: SLUICE_HASH_SHA256, operands: [0]) }
        if isBelowDigest {
            try template.checkRevealsNothing()
        } else {
            #expect(throws: TemplateError.self) { try template.checkRevealsNothing() }
        }
    }

    @Test("A secret that is gone is an error, never an empty text")
    func goneSecret() throws {
        #expect(throws: TemplateError(node: 0, .noSuchSecret)) {
            try make([TestNode(kind: SLUICE_NODE_SECRET, secret: 7)])
        }
    }

    @Test("A secret prints as stars")
    func printed() {
        let secret = Secret("hunter2")
        #expect("\(secret)" == "***")
        #expect(!String(reflecting: secret).contains("hunter2"))
    }
}
