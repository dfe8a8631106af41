import Exact
import Testing

@Suite("JSON: reading")
struct JSONParserTests {
    @Test("A document is read as it was written")
    func reads() throws {
        let document = try JSONValue.parse(
            #" { "price" : 2500.050, "n":null,"yes":true,"no":false, "list":[1,"two",[],{}],"#
                + #" "é":"\u00e9\ud83d\ude00\n\/" } "#
        )
        #expect(document["price"] == .number("2500.050"))
        #expect(document["price"]?.decimal == ExactDecimal("2500.05"))
        #expect(document["n"]?.isNull == true)
        #expect(document["yes"]?.bool == true)
        #expect(document["no"]?.bool == false)
        #expect(document["list"]?.array?.count == 4)
        #expect(document["list"]?[1]?.string == "two")
        #expect(document["list"]?[4] == nil)
        #expect(document["list"]?[-1] == nil)
        #expect(document["é"]?.string == "é😀\n/")
        #expect(document["absent"] == nil)
        #expect(document.object?.keys == ["price", "n", "yes", "no", "list", "é"])
    }

    @Test("Numbers keep their token and are exact or absent")
    func numbers() throws {
        let document = try JSONValue.parse(
            #"[1.0, 1.5, 1e3, 9223372036854775808, "7", 1e400, "x", -0, 12345678901234567890123.5]"#)
        #expect(document[0]?.int64 == 1)
        #expect(document[1]?.int64 == nil)
        #expect(document[2]?.int64 == 1000)
        #expect(document[3]?.int64 == nil)
        #expect(document[4]?.int64 == nil && document[4]?.decimal == nil && document[4]?.decimalOrText == 7)
        #expect(document[5] == .number("1e400") && document[5]?.decimal == nil)
        #expect(document[6]?.decimalOrText == nil)
        #expect(document[7]?.int64 == 0)
        #expect(document[8]?.decimal?.description == "12345678901234567890123.5")
    }

    @Test(
        "Bad documents are refused for the right reason, at the right byte",
        arguments: [
            ("", .unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("{", .unexpectedEnd, 1), ("[1,", .unexpectedEnd, 3),
            ("[1", .unexpectedEnd, 2), ("\"abc", .unexpectedEnd, 4), ("{\"a\"", .unexpectedEnd, 4),
            ("tru", .unexpectedEnd, 3),
            ("{\"a\":}", .unexpectedCharacter, 5), ("{a:1}", .unexpectedCharacter, 1),
            ("{'a':1}", .unexpectedCharacter, 1),
            ("[1,]", .unexpectedCharacter, 3), ("{\"a\":1,}", .unexpectedCharacter, 7),
            ("[1 2]", .unexpectedCharacter, 3),
            ("{\"a\" 1}", .unexpectedCharacter, 5), ("[}", .unexpectedCharacter, 1), ("True", .unexpectedCharacter, 0),
            ("nulL", .unexpectedCharacter, 3), ("nullx", .unexpectedCharacter, 4), ("NaN", .unexpectedCharacter, 0),
            ("Infinity", .unexpectedCharacter, 0), ("+1", .unexpectedCharacter, 0), (".5", .unexpectedCharacter, 0),
            ("\u{FEFF}1", .unexpectedCharacter, 0), ("[1]//", .trailingCharacters, 3), ("1 2", .trailingCharacters, 2),
            ("{}{}", .trailingCharacters, 2), ("[\u{0}]", .unexpectedCharacter, 1),
            ("[\u{A0}1]", .unexpectedCharacter, 1),
            ("01", .invalidNumber, 0), ("[-]", .invalidNumber, 1), ("-Infinity", .invalidNumber, 0),
            ("1.", .invalidNumber, 0),
            ("1e", .invalidNumber, 0), ("1.2.3", .invalidNumber, 0), ("0x10", .invalidNumber, 0),
            ("[1_0]", .invalidNumber, 1),
            ("\"\t\"", .invalidString, 1), ("\"a\nb\"", .invalidString, 2), ("\"\\x\"", .invalidString, 1),
            ("\"\\u12g4\"", .invalidString, 1), ("\"\\ud800\"", .invalidString, 1),
            ("\"\\ud800\\n\"", .invalidString, 1),
            ("\"\\ud800\\u0041\"", .invalidString, 1), ("\"\\udc00\"", .invalidString, 1),
            ("\"\\ud83d", .unexpectedEnd, 7),
            ("\"\\u00", .unexpectedEnd, 5), ("\"\\", .unexpectedEnd, 2),
            ("{\"a\":1,\"a\":2}", .duplicateKey, 7), ("{\"a\":1,\"\\u0061\":2}", .duplicateKey, 7),
        ] as [(String, JSONError.Kind, Int)])
    func refused(text: String, kind: JSONError.Kind, offset: Int) throws {
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error.kind == kind)
        #expect(error.byteOffset == offset)
    }

    @Test(
        "Only valid UTF-8 passes, and the failure points at the first bad byte",
        arguments: [
            ([0xFF], 0), ([0x61, 0xC3], 1), ([0xC3, 0x28], 0), ([0xC0, 0xAF], 0), ([0xE0, 0x80, 0xAF], 0),
            ([0xC3, 0xA9, 0xED, 0xA0, 0x80], 2), ([0xF4, 0x90, 0x80, 0x80], 0), ([0x80], 0), ([0xF0, 0x9F, 0x98], 0),
        ] as [([UInt8], Int)])
    func invalidUTF8(bytes: [UInt8], offset: Int) throws {
        for (prefix, suffix) in [("[\"", "\"]"), ("[\"\\n", "\"]"), ("[\"", "\\n\"]")] {
            let document = Array(prefix.utf8) + bytes + Array(suffix.utf8)
            let error = try #require(throws: JSONError.self) { try JSONValue.parse(document) }
            #expect(error.kind == .invalidString)
            #expect(error.byteOffset == prefix.utf8.count + offset)
            #expect(error.path == "/0")
        }
    }

    @Test("An error names the line, the column and the way to the place")
    func place() throws {
        let text = "{\n  \"accounts\": [1, 2, 3, {\"a/b~\": \"é\", \"capital\": 01}]}"
        let error = try #require(throws: JSONError.self) { try JSONValue.parse(text) }
        #expect(error.kind == .invalidNumber)
        #expect(error.path == "/accounts/3/capital")
        #expect(error.line == 2)
        #expect(error.column == 50)
        #expect(
            error.description == "Invalid JSON at line 2, column 50 in /accounts/3/capital: this is not a JSON number.")
        let escaped = try #require(throws: JSONError.self) { try JSONValue.parse(#"{"a/b~\n":x}"#) }
        #expect(escaped.path == "/a~1b~0\n")
        #expect(!escaped.description.contains("\n"))
        let long = #"{""# + String(repeating: "k", count: 1000) + #"":x}"#
        #expect(try #require(throws: JSONError.self) { try JSONValue.parse(long) }.path.count == 66)
    }

    @Test("Limits hold exactly")
    func limits() throws {
        let nested = { (depth: Int) in String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(throws: Never.self) { try JSONValue.parse(nested(32)) }
        #expect(try #require(throws: JSONError.self) { try JSONValue.parse(nested(33)) }.kind == .tooDeep)
        let five = JSONLimits(maximumBytes: 20, maximumDepth: 2, maximumElements: 5)
        #expect(throws: Never.self) { try JSONValue.parse("[1,2,3,[4]]", limits: five) }
        #expect(
            try #require(throws: JSONError.self) { try JSONValue.parse("[1,2,3,[4,5]]", limits: five) }.kind
                == .tooManyElements)
        #expect(
            try #require(throws: JSONError.self) { try JSONValue.parse(#"{"a":[1,2,3,4,5]}"#, limits: five) }.path
                == "/a/4")
        let long = "\"" + String(repeating: "x", count: 19) + "\""
        #expect(try #require(throws: JSONError.self) { try JSONValue.parse(long, limits: five) }.kind == .tooLarge)
        let absurd = JSONLimits(maximumBytes: .min, maximumDepth: .min, maximumElements: .min)
        #expect(try #require(throws: JSONError.self) { try JSONValue.parse("1", limits: absurd) }.kind == .tooLarge)
    }

    @Test("A million brackets are refused, whatever the limits say")
    func deepNesting() throws {
        let limits = JSONLimits(maximumBytes: .max, maximumDepth: .max, maximumElements: .max)
        for unit in ["[", "{\"a\":", "[[{\"b\":["] {
            let bytes = Array(String(repeating: unit, count: 1_000_000).utf8)
            let error = try #require(throws: JSONError.self) { try JSONValue.parse(bytes, limits: limits) }
            #expect(error.kind == .tooDeep)
        }
        let depth = JSONLimits.depthCeiling
        let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        #expect(try JSONValue.parse(text, limits: limits).serializedText() == text)
    }

    @Test("Duplicates are found among thousands of keys, in linear time")
    func manyKeys() throws {
        let members = (0..<9_000).map { "\"k\($0)\":\($0)" }
        let good = try JSONValue.parse("{" + members.joined(separator: ",") + "}", limits: .large)
        #expect(good["k8999"]?.int64 == 8999)
        #expect(good.object?.count == 9_000)
        let bad = "{" + (members + ["\"k4500\":0"]).joined(separator: ",") + "}"
        #expect(try #require(throws: JSONError.self) { try JSONValue.parse(bad, limits: .large) }.kind == .duplicateKey)
    }

    @Test("Bytes at random and damaged documents never crash", arguments: UInt64(0)..<200)
    func fuzz(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet =
            Array("{}[]\",:\\u00dDeE8cC-+.0123456789truefalsn \n\u{e9}\u{1F600}".utf8) + [0x00, 0x1F, 0xFF, 0xC0, 0x80]
        for _ in 0..<200 {
            let count = Int.random(in: 0...80, using: &random)
            let noise = (0..<count).map { _ in alphabet.randomElement(using: &random) ?? 0 }
            checkAccepted(noise)
            var damaged = JSONValue.random(depth: 4, using: &random).serialized(pretty: Bool.random(using: &random))
            for _ in 0..<Int.random(in: 1...3, using: &random) where !damaged.isEmpty {
                let place = Int.random(in: 0..<damaged.count, using: &random)
                switch Int.random(in: 0..<3, using: &random) {
                case 0: damaged[place] = UInt8.random(in: 0...255, using: &random)
                case 1: damaged.removeSubrange(place...)
                default: damaged.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
                }
            }
            checkAccepted(damaged)
        }
    }

    /// Whatever is accepted means the same when written and read again; whatever is refused has a place inside.
    private func checkAccepted(_ bytes: [UInt8]) {
        do {
            let value = try JSONValue.parse(bytes)
            #expect((try? JSONValue.parse(value.serialized())) == value)
        } catch {
            #expect((0...bytes.count).contains(error.byteOffset))
            #expect(error.line >= 1 && error.column >= 1)
            #expect(!error.description.isEmpty)
        }
    }
}
