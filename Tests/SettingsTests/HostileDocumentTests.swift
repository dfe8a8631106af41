import Domain
import Settings
import Testing

@Suite("Hostile documents")
struct HostileDocumentTests {
    /// Everything in the document as JSON, or what is wrong with it.
    private func load(_ bytes: [UInt8]) -> Result<String, ConfigurationErrors> {
        Result { () throws(ConfigurationErrors) in
            try DocumentReader.read(bytes, file: "test.yaml", as: FieldType<String>.jsonObject)
        }
    }

    private func failures(_ text: String) -> [ConfigurationError] {
        if case .failure(let failure) = load(Array(text.utf8)) { return failure.errors }
        return []
    }

    @Test("Anchors, aliases, merge keys and tags are refused, each at its place")
    func refusedFeatures() {
        let found = failures("a: &base { x: 1 }\nb: *base\nc:\n  <<: *base\nd: !!str 5\n")
        #expect(
            found.map { "\($0.line):\($0.column) \($0.path)" } == [
                "1:4 a", "2:4 b", "4:3 c[\"<<\"]", "4:7 c[\"<<\"]", "5:4 d",
            ])
        #expect(
            found.map(\.message) == [
                "anchors are not accepted", "aliases are not accepted", "merge keys are not accepted",
                "aliases are not accepted", "tags are not accepted",
            ])
    }

    @Test("An ampersand or asterisk inside a value is no anchor or alias")
    func plainAmpersand() throws {
        #expect(
            try load(Array("a: NSE:EQ:M&M\nb: \"&x\"\nc: NIFTY*\n".utf8)).get()
                == #"{"a":"NSE:EQ:M&M","b":"&x","c":"NIFTY*"}"#)
    }

    @Test("A bomb of aliases costs no more than its text, also as a key")
    func aliasBomb() {
        var text = "l0: &l0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...60 {
            text +=
                "l\(level): &l\(level) [" + Array(repeating: "*l\(level - 1)", count: 9).joined(separator: ", ") + "]\n"
        }
        let found = failures(text + "? *l60\n: x\n")
        #expect(found.count == 61 + 60 * 9 + 1)
    }

    @Test("Nesting beyond the limit is refused where it begins", arguments: [33, 1_000, 200_000])
    func deepNesting(depth: Int) {
        let found = failures("a: " + String(repeating: "[", count: depth))
        #expect(found.map(\.message) == ["mappings and lists are nested too deeply"])
        #expect(found.map(\.remedy) == ["at most 32 levels are read"])
    }

    @Test("Nesting up to the limit is read")
    func deepestNesting() throws {
        let text = "{\"a\":" + String(repeating: "[", count: 31) + String(repeating: "]", count: 31) + "}"
        #expect(try load(Array(text.utf8)).get() == text)
    }

    @Test("A document beyond its size is refused, one of exactly that size is read")
    func size() throws {
        let longest = "a: \"" + String(repeating: "x", count: (1 << 20) - 5) + "\""
        #expect(try load(Array(longest.utf8)).get().utf8.count > 1 << 20)
        #expect(failures(longest + " ").map(\.remedy) == ["at most 1048576 are read"])
    }

    @Test("A thousand errors are kept, the others are counted")
    func manyErrors() throws {
        let text = (0..<1_500).map { "k\($0): x\n" }.joined()
        let failure = try #require(throws: ConfigurationErrors.self) {
            try DocumentReader.read(text: text, file: "test.yaml") { root in
                for key in root.keys { _ = root.optional(key, .integer()) }
            }
        }
        #expect(failure.errors.count == 1_000)
        #expect(failure.omittedCount == 500)
        #expect(failure.description.hasSuffix("\nand 500 more errors"))
    }

    @Test("A mark of byte order and Windows line ends are read, places still count")
    func markAndLineEnds() throws {
        #expect(try load([0xEF, 0xBB, 0xBF] + Array("a: 1\r\nb: 2\r\n".utf8)).get() == #"{"a":1,"b":2}"#)
        #expect(failures("a: 1\r\nb: 0x2\r\n").map { "\($0.line):\($0.column)" } == ["2:4"])
    }

    @Test("A tab as indentation is a syntax error at its line")
    func tabs() {
        let found = failures("a:\n\tb: 1\n")
        #expect(found.map(\.line) == [2])
        #expect(found.first?.message.hasPrefix("not YAML: ") == true)
    }

    @Test(
        "Text that is not UTF-8 and control characters are refused at their place",
        arguments: [
            [0x61, 0x3A, 0x20, 0xFF], [0x61, 0x3A, 0x20, 0xC3, 0x28], [0x61, 0x3A, 0x20, 0x00],
            [0x61, 0x3A, 0x20, 0x1B],
        ] as [[UInt8]])
    func badBytes(bytes: [UInt8]) throws {
        guard case .failure(let failure) = load([0x23, 0x0A] + bytes) else {
            Issue.record("the document was read")
            return
        }
        #expect(failure.errors.map { "\($0.line):\($0.column)" } == ["2:4"])
    }

    @Test("A second document, an empty one and one that is no mapping are refused")
    func otherShapes() {
        #expect(failures("a: 1\n---\nb: 2\n").map(\.message) == ["a second document begins here"])
        #expect(failures("").map(\.message) == ["the document is empty"])
        #expect(failures("# nothing\n").map(\.message) == ["the document is empty"])
        #expect(failures("- a\n").map(\.message) == ["this is a list"])
        #expect(failures("? [a]\n: b\n").map(\.message) == ["a mapping or list is used as a key"])
    }

    @Test("Control characters of a document never reach an error's text")
    func noForgedLines() throws {
        let error = try #require(errors("\"bad\\nkey\\e[2J\": 1\n") { _ in }.first)
        #expect(error.description.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F })
    }

    @Test("JSON of any shape comes back as it was written", arguments: 0..<200)
    func jsonRoundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let text = JSONValue.object(object(depth: 0, using: &random)).serializedText(pretty: seed % 2 == 0)
        let read = try load(Array(text.utf8)).get()
        #expect(try JSONValue.parse(read) == JSONValue.parse(text))
    }

    @Test("Damaged documents are read or refused with places inside them", arguments: 0..<300)
    func damagedDocuments(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var bytes = Array(sample.utf8)
        for _ in 0..<Int.random(in: 1...6, using: &random) {
            let index = Int.random(in: 0..<bytes.count, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0: bytes[index] = UInt8.random(in: 0...255, using: &random)
            case 1: bytes.remove(at: index)
            default: bytes.insert(Array("[]{}:,&*!|>'\"%@`#-?\n\t ".utf8).randomElement(using: &random) ?? 0, at: index)
            }
        }
        guard case .failure(let failure) = load(bytes) else { return }
        // Line breaks of YAML are more than line feeds (U+0085, U+2028 ...), so only a bound is sure.
        #expect(failure.errors.allSatisfy { (1...(bytes.count + 1)).contains($0.line) && $0.column >= 1 })
    }

    private let sample = """
        data: ./x
        list: [1, 2.5, "three", { four: 4 }]
        text: |
          some
          text
        nested:
          - a: true
            b: 'it''s'
          - c: null
        """

    private func object(depth: Int, using random: inout SeededGenerator) -> JSONObject {
        var object = JSONObject()
        for index in 0..<Int.random(in: 0...4, using: &random) {
            object.append("k\(index)" + text(using: &random), value(depth: depth + 1, using: &random))
        }
        return object
    }

    private func value(depth: Int, using random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth < 5 ? 7 : 5), using: &random) {
        case 0: .null
        case 1: .bool(Bool.random(using: &random))
        case 2: JSONValue(Int64.random(in: .min ... .max, using: &random))
        case 3:
            .number("\(Int64.random(in: -99...99, using: &random)).\(UInt32.random(in: 0...999, using: &random))e-7")
        case 4: .string(text(using: &random))
        case 5: .array((0..<Int.random(in: 0...3, using: &random)).map { _ in value(depth: depth + 1, using: &random) })
        default: .object(object(depth: depth, using: &random))
        }
    }

    private func text(using random: inout SeededGenerator) -> String {
        let pieces = [
            "true", "null", "12", "- ", ": ", "#", "&a", "*a", "é", "日本", "\"", "\\", "/", "\n", "\t", " ", "'", "😀",
            "<<",
        ]
        return (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }
            .joined()
    }
}

/// A small generator whose whole state is its seed (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
