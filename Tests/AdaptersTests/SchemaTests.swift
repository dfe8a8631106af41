import Domain
import Testing

@testable import Adapters

@Suite("Values against an adapter's schema") struct SchemaTests {
    private static func findings(_ schema: String, _ value: String) throws -> [String] {
        try JSONSchema(schema).findings(JSONValue.parse(value)).map(\.description)
    }

    @Test(
        "What does not fit is named with its place, its value and what would be right",
        arguments: [
            (#"{"type":"object"}"#, "[]", "it [] is of another type; expected object"),
            (#"{"type":["string","integer"]}"#, "1.5", "it 1.5 is of another type; expected string or integer"),
            (#"{"enum":["BUY","SELL"]}"#, #""buy""#, #"it "buy" is none of them; expected "BUY", "SELL""#),
            (#"{"minimum":1,"maximum":3}"#, "4", "it 4 is too large; expected at most 3"),
            (#"{"exclusiveMinimum":0}"#, "0.0", "it 0.0 is too small; expected more than 0"),
            (#"{"minLength":2}"#, #""a""#, #"it "a" has 1 characters; expected at least 2"#),
            (#"{"pattern":"^[0-9]+$"}"#, #""1a""#, #"it "1a" does not fit; expected what matches ^[0-9]+$"#),
            (#"{"items":{"type":"integer"},"maxItems":2}"#, "[1,2,3]", "it [1,2,3] has 3 elements; expected at most 2"),
            (#"{"items":{"type":"integer"}}"#, #"[1,"x"]"#, #"/1 "x" is of another type; expected integer"#),
            (#"{"required":["a"],"properties":{"a":{"type":"string"}}}"#, "{}", #"/a is missing; expected "string""#),
            (#"{"additionalProperties":false}"#, #"{"a/b":1}"#, "/a~1b 1 is not known; nothing is expected here"),
            (#"{"oneOf":[{"const":1},{"type":"integer"}]}"#, "1", "it 1 fits 2 forms; expected exactly one"),
            (#"{"not":{"type":"null"}}"#, "null", "it null is what it must not be; expected something else"),
            (#"{"uniqueItems":true}"#, "[1,1.0]", "it [1,1.0] holds one element twice; expected each once"),
        ])
    func refused(schema: String, value: String, words: String) throws {
        #expect(try Self.findings(schema, value) == [words])
    }

    @Test(
        "What fits is taken",
        arguments: [
            (#"{"type":"integer"}"#, "1.0"), (#"{"const":1}"#, "1.00"),
            (#"{"anyOf":[{"type":"null"},{"minimum":5}]}"#, "5"),
            (#"{"properties":{"a":true},"additionalProperties":{"type":"string"}}"#, #"{"a":1,"b":"x"}"#),
            (#"{"oneOf":[{"type":"string"},{"type":"number"}]}"#, "2"), ("true", "[]"),
        ])
    func taken(schema: String, value: String) throws {
        #expect(try Self.findings(schema, value) == [])
    }

    @Test(
        "A schema with what this host does not check is unusable: a check that is skipped is none",
        arguments: [
            (##"{"$ref":"#/x"}"##, "/$ref is a keyword that this host does not check"),
            (#"{"properties":{"a":{"type":"text"}}}"#, "/properties/a/type names no type"),
            (#"{"pattern":"["}"#, "/pattern is no regular expression"), ("[]", " is no schema"),
            ("{", "the schema is no JSON"),
        ])
    func unusable(schema: String, words: String) {
        let error = #expect(throws: JSONSchema.Unusable.self) { _ = try JSONSchema(schema) }
        #expect(error?.description.hasPrefix(words) == true, "\(error?.description ?? "")")
    }

    @Test("Defaults stand where an object lacks a member, within those that are there")
    func defaults() throws {
        let schema = try JSONSchema(
            #"{"properties":{"a":{"default":1},"b":{"default":{},"properties":{"c":{"default":"x"}}},"d":{}}}"#)
        let value = schema.defaulted(try JSONValue.parse(#"{"a":2}"#))
        #expect(value.serializedText() == #"{"a":2,"b":{"c":"x"}}"#)
    }
}
