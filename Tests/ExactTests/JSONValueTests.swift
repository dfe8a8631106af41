import Exact
import Testing

extension JSONValue {
    /// Any document up to a depth.
    static func random(depth: Int, using random: inout SeededGenerator) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 7 : 5), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return JSONValue(ExactDecimal.random(using: &random))
        case 3: return JSONValue(Int64(truncatingIfNeeded: random.next()))
        case 4: return .string(text(using: &random))
        case 5:
            let count = Int.random(in: 0...5, using: &random)
            return .array((0..<count).map { _ in .random(depth: depth - 1, using: &random) })
        default:
            var object = JSONObject()
            for _ in 0..<Int.random(in: 0...(depth == 4 ? 50 : 5), using: &random) {
                object.append(text(using: &random), .random(depth: depth - 1, using: &random))
            }
            return .object(object)
        }
    }

    private static func text(using random: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 0...20, using: &random) {
            let limit: UInt32 = [0x20, 0x80, 0x80, 0x80, 0x3000, 0x11_0000].randomElement(using: &random) ?? 0x80
            if let scalar = Unicode.Scalar(UInt32.random(in: 0..<limit, using: &random)) { text.append(scalar) }
        }
        return String(text)
    }
}

@Suite("JSON: values and writing")
struct JSONValueTests {
    @Test("What is written is read back the same", arguments: UInt64(0)..<200)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<5 {
            let value = JSONValue.random(depth: 4, using: &random)
            #expect(try JSONValue.parse(value.serialized()) == value)
            #expect(try JSONValue.parse(value.serializedText(pretty: true)) == value)
            #expect(try JSONValue.parse(value.serialized()).hashValue == value.hashValue)
        }
    }

    @Test("Only what must be escaped is escaped")
    func escapes() {
        let text = JSONValue.string("\"\\/\u{8}\u{C}\n\r\t\u{0}\u{1F}\u{7F}é\u{2028}\u{2029}😀")
        #expect(text.serializedText() == "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\u{7F}é\u{2028}\u{2029}😀\"")
    }

    @Test("A number made by hand that is none is written as a string")
    func forgedNumber() {
        for token in ["NaN", "1,\"admin\":true", "", "01"] {
            #expect(JSONValue.number(token).serialized() == JSONValue.string(token).serialized())
        }
        #expect(JSONValue.number("1.50").serializedText() == "1.50")
    }

    @Test("Pretty output")
    func pretty() {
        let value: JSONValue = ["a": [1, [:], []], "b": ["c": true]]
        #expect(
            value.serializedText(pretty: true) == """
                {
                  "a": [
                    1,
                    {},
                    []
                  ],
                  "b": {
                    "c": true
                  }
                }
                """)
        #expect(value.serializedText() == #"{"a":[1,{},[]],"b":{"c":true}}"#)
    }

    @Test("A pointer leads to its value or nowhere")
    func pointers() throws {
        let document = try JSONValue.parse(#"{"a":[{"b":1},2],"":3,"x/y":4,"m~n":5,"~1":6,"0":{"00":7}}"#)
        #expect(document.value(at: "") == document)
        #expect(document.value(at: "/a/0/b")?.int64 == 1)
        #expect(document.value(at: "/a/1")?.int64 == 2)
        #expect(document.value(at: "/")?.int64 == 3)
        #expect(document.value(at: "/x~1y")?.int64 == 4)
        #expect(document.value(at: "/m~0n")?.int64 == 5)
        #expect(document.value(at: "/~01")?.int64 == 6)
        #expect(document.value(at: "/0/00")?.int64 == 7)
        for pointer in [
            "a", "/a/2", "/a/-1", "/a/-", "/a/01", "/a/+1", "/a/", "/a/0/b/c", "/m~2n", "/m~", "/b",
            "/a/99999999999999999999999", "/a/999999999999999999",
        ] {
            #expect(document.value(at: pointer) == nil, "\(pointer)")
        }
    }

    @Test("An object keeps its order and never has a key twice")
    func objects() {
        var object: JSONObject = ["b": 1, "a": 2, "b": 3]
        #expect(object.keys == ["b", "a"])
        #expect(object["b"] == 3)
        #expect(object.append("a", "new") == 2)
        object["c"] = true
        object["b"] = nil
        #expect(object.map(\.key) == ["a", "c"])
        #expect(object.count == 2 && !object.isEmpty && object.contains(key: "c"))
        for index in 0..<100 { object["k\(index)"] = .null }
        object["a"] = nil
        object["k50"] = 50
        #expect(object["k99"] == .null && object["a"] == nil && object["k50"] == 50)
        #expect(object.count == 101)
        #expect(object != JSONObject() && object == JSONObject(object.map { ($0.key, $0.value) }))
    }

    @Test("The streaming writer writes what the value would")
    func writer() throws {
        var json = JSONWriter(reserving: 64)
        for _ in 0..<2 {
            json.removeAll(keepingCapacity: true)
            json.beginObject()
            json.member("symbol", "INFY")
            json.member("tag", String?.none)
            json.member("price", try #require(ExactDecimal("2500.050")))
            json.member("stop", ExactDecimal?.none)
            json.member("limit", text: ExactDecimal("0.05"))
            json.member("quantity", 25)
            json.member("token", Int64.min)
            json.member("closing", false)
            json.member("extra", ["x": [1]] as JSONValue)
            json.key("legs")
            json.beginArray()
            json.int(1)
            json.decimal(-2)
            json.decimalText(3)
            json.string("four")
            json.bool(true)
            json.null()
            json.raw("{ }")
            json.raw(Array("[]".utf8))
            json.beginObject()
            json.endObject()
            json.endArray()
            #expect(!json.isComplete)
            json.endObject()
            #expect(json.isComplete)
        }
        let expected =
            #"{"symbol":"INFY","tag":null,"price":2500.05,"stop":null,"limit":"0.05","quantity":25,"#
            + #""token":-9223372036854775808,"closing":false,"extra":{"x":[1]},"#
            + #""legs":[1,-2,"3","four",true,null,{ },[],{}]}"#
        #expect(String(decoding: json.bytes, as: UTF8.self) == expected)
        #expect(throws: Never.self) { try JSONValue.parse(json.bytes) }
    }

    @Test("Calls that make no JSON stop the program")
    func invalidNesting() async {
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginObject()
            json.int(1)
        }
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.beginArray()
            json.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var json = JSONWriter()
            json.null()
            json.null()
        }
    }
}
