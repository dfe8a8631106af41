import Domain
import Settings
import Testing

@Suite("Document reader")
struct DocumentReaderTests {
    @Test("An error names file, line, column, path, value and what would be right")
    func errorNamesEverything() throws {
        let error = try #require(
            errors("accounts:\n  - currency: INR\n  - currency: rupees\n") { root in
                for account in root.sections("accounts") {
                    _ = account.required("currency", .currency)
                    account.finish()
                }
            }.first)
        #expect(error.path == "accounts[1].currency")
        #expect((error.line, error.column) == (3, 15))
        #expect(error.value == "rupees")
        #expect(
            error.description
                == "test.yaml:3:15: accounts[1].currency: 'rupees' is not accepted; "
                + "expected a currency of 1 to 8 characters A-Z 0-9, like INR")
    }

    @Test("All errors of a document are reported together, by position, whatever the order of reading")
    func allErrorsByPosition() {
        let found = errors("a: x\nb: y\nc: z\nunknown: 1\na: again\n") { root in
            _ = root.required("c", .integer())
            _ = root.required("b", .boolean)
            _ = root.required("a", .decimal)
            _ = root.required("missing", .text)
        }
        #expect(found.map(\.path) == ["missing", "a", "b", "c", "unknown", "a"])
        #expect(found.map(\.line) == [1, 1, 2, 3, 4, 5])
    }

    @Test("An unknown key is an error with the nearest known key, or with all of them")
    func unknownKeys() {
        let found = errors("prot: 1\nsomething: 2\n") { root in
            _ = root.optional("port", .integer())
            _ = root.optional("host", .text)
        }
        #expect(found.map(\.remedy) == ["did you mean 'port'?", "known keys are port, host"])
        #expect(found.map(\.message) == ["the key 'prot' is not known", "the key 'something' is not known"])
    }

    @Test("A duplicate key is an error at its second place that names the first, in every mapping")
    func duplicateKeys() {
        let found = errors("a: { x: 1, x: 2 }\nb: 1\n\"b\": 2\n") { root in
            _ = root.section("a").value(of: "x")
            _ = root.value(of: "b")
        }
        #expect(found.map { "\($0.line):\($0.column) \($0.path)" } == ["1:12 a.x", "3:1 b"])
        #expect(found.last?.message == "the key 'b' was given already at line 2, column 1")
    }

    @Test(
        "A value of another type is an error",
        arguments: [
            ("5", "text"), ("true", "text"), ("null x", "number"), ("'5'", "integer"), ("yes", "boolean"),
            ("1", "boolean"),
            ("[1]", "number"), ("{ a: 1 }", "text"), ("1.5", "integer"), ("abc", "number"), ("007", "number"),
            ("0x1F", "number"), (".5", "number"), ("5.", "number"), ("+5", "number"), (".inf", "number"),
            (".nan", "number"),
            ("1_000", "number"), ("007", "text"), ("1:30", "number"), ("12,5", "number"), ("''", "number"),
        ])
    func wrongTypes(value: String, type: String) {
        let found = errors("key: \(value)\n") { root in
            switch type {
            case "text": _ = root.required("key", .text)
            case "number": _ = root.required("key", .decimal)
            case "integer": _ = root.required("key", .integer())
            default: _ = root.required("key", .boolean)
            }
        }
        #expect(found.map(\.path) == ["key"])
        #expect(found.first?.remedy?.hasPrefix("expected ") == true)
    }

    @Test(
        "An empty value is absent: nothing for an optional field, an error for a required one",
        arguments: ["", "~", "null"])
    func emptyValues(text: String) throws {
        let pair = try DocumentReader.read(text: "a: \(text)\n", file: "test.yaml") { root in
            (root.optional("a", .text), root.value("a", .text, default: "default"))
        }
        #expect(pair.0 == nil && pair.1 == "default")
        #expect(errors("a: \(text)\n") { _ = $0.required("a", .text) }.map(\.message) == ["there is no value"])
    }

    @Test(
        "Numbers keep every digit that was written",
        arguments: ["33.35399601000002", "0.1", "-1e-30", "12345678901234567890123456789"])
    func exactNumbers(text: String) throws {
        for spelling in [text, "\"\(text)\""] {
            let read = try DocumentReader.read(text: "n: \(spelling)\n", file: "test.yaml") {
                $0.required("n", .decimal)
            }
            #expect(read == ExactDecimal(text))
        }
    }

    @Test(
        "A number beyond what is held exactly is refused, never rounded",
        arguments: ["1e400", "-1e-400", "0." + String(repeating: "3", count: 60)])
    func hugeNumbers(text: String) {
        let found = errors("n: \(text)\n") { _ = $0.required("n", .decimal) }
        #expect(found.map(\.path) == ["n"])
        #expect(found.first?.message.contains("cannot be held exactly") == true)
    }

    @Test("JSON is read by the same rules")
    func jsonDocuments() throws {
        let text = "{\"a\":{\"b\":[1,2.50,\"x\\u0041\"]},\n\t\"c\":true,\"d\":null}"
        let read = try DocumentReader.read(text: text, file: "test.json") { root -> String? in
            let list = root.section("a")
            let items = list.required("b", .list(of: FieldType<String>.textOrNumber))
            list.finish()
            _ = root.required("c", .boolean)
            _ = root.optional("d", .text)
            return items?.joined(separator: " ")
        }
        #expect(read == "1 2.50 xA")
    }

    @Test("A list is read whole, and every wrong item is named")
    func listItems() {
        let found = errors("l: [1, x, 3, y]\n") { _ = $0.required("l", .list(of: .integer())) }
        #expect(found.map(\.path) == ["l[1]", "l[3]"])
    }

    @Test("Words are spelt exactly and the nearest is suggested")
    func words() {
        let found = errors("p: proportionl\ns: buy\n") { root in
            _ = root.required("p", FieldType<AllocationPolicy>.word())
            _ = root.required("s", FieldType<Side>.word())
        }
        #expect(found.first?.remedy?.hasSuffix("did you mean 'proportional'?") == true)
        #expect(found.last?.remedy == "expected one of BUY, SELL; did you mean 'BUY'?")
    }

    @Test("A limit without bound is written out")
    func allowances() throws {
        let read = try DocumentReader.read(text: "a: unlimited\nb: 5\n", file: "test.yaml") { root in
            [root.required("a", .allowance(.integer())), root.required("b", .allowance(.integer()))]
        }
        #expect(read == [.unlimited, .limited(5)])
    }
}

/// The errors of reading `text` with `body`; empty when there are none.
func errors(_ text: String, _ body: @escaping (MappingReader) -> Void) -> [ConfigurationError] {
    do throws(ConfigurationErrors) {
        try DocumentReader.read(text: text, file: "test.yaml") { body($0) }
        return []
    } catch {
        return error.errors
    }
}
