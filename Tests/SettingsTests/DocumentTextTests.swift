import Settings
import Testing

@Suite("Edits in a document's text") struct DocumentTextTests {
    typealias Step = DocumentText.Step

    @Test("A value is put in its place and everything else stays as it is written")
    func set() throws {
        var text = try DocumentText("# a\nhttp:   # b\n  port: 80 # c\nlist:\n- { id: x }\n", file: "t")
        try text.set([.key("http"), .key("port")], to: "81")
        try text.set([.key("http"), .key("host")], to: "\"::1\"")
        try text.set([.key("list"), .item(key: "id", value: "y"), .key("a"), .key("b")], to: "1")
        #expect(
            text.text
                == "# a\nhttp:   # b\n  port: 81 # c\n  host: \"::1\"\nlist:\n- { id: x }\n- { id: y, a: { b: 1 } }\n")
        #expect(text.kind(at: [.key("http")]) == .mapping && text.kind(at: [.key("none")]) == nil)
    }

    @Test("What is taken out leaves no empty mapping behind, up to the steps that are to stay")
    func remove() throws {
        var text = try DocumentText("a:\n  b:\n    c: 1\nd: 2\n", file: "t")
        let path: [Step] = [.key("a"), .key("b"), .key("c")]
        var kept = text
        try kept.remove(path, keeping: 1)
        #expect(kept.text == "a: {}\nd: 2\n")
        try text.remove(path, keeping: 0)
        #expect(text.text == "d: 2\n")
        try text.remove(path, keeping: 0)
        #expect(text.text == "d: 2\n")
    }

    @Test("An edit that leaves no document throws and changes nothing")
    func broken() throws {
        var text = try DocumentText("a: 1\n", file: "t")
        #expect(throws: ConfigurationErrors.self) { try text.set([.key("a")], to: "{ b: ") }
        #expect(text.text == "a: 1\n")
    }

    @Test(
        "A quoted text reads back as itself",
        arguments: [
            "plain", "two words", "true", "1.5", "", "a\"b\\c", "tab\tand\nline", "-", "#", "null", "*", "é 😀",
            "\u{2028}",
        ])
    func quoted(word: String) throws {
        let read = try DocumentReader.read(text: "v: \(DocumentText.quoted(word))\n", file: "t") { reader in
            reader.required("v", .text)
        }
        #expect(read == word)
    }
}
