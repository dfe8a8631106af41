import AdapterKit
import AdapterTesting
import Exact
import Testing

/// A recording that nobody can run, and what its error must name.
struct MalformedCase: CustomTestStringConvertible {
    var testDescription: String
    var file: String
    var content: String
    var names: [String]

    init(_ description: String, _ file: String, _ content: String, _ names: String...) {
        (testDescription, self.file, self.content, self.names) = (description, file, content, names)
    }

    private static let request = #""case":"r","intent":{"op":"read"}"#
    private static let answer = #""id":"a","request":{"method":"GET","path":"/read"}"#

    static let all = [
        MalformedCase(
            "a method that is a number", "requests.json", "[{\(request),\"method\":5,\"path\":\"/read\"}]",
            "requests.json", "entry 0 (r)", "method", "5"),
        MalformedCase("no path", "requests.json", "[{\(request),\"method\":\"GET\"}]", "entry 0 (r)", "path", "absent"),
        MalformedCase(
            "a path that is none", "requests.json", "[{\(request),\"method\":\"GET\",\"path\":\"read\"}]", "path"),
        MalformedCase(
            "no intent", "requests.json", #"[{"case":"r","method":"GET","path":"/x"}]"#, "entry 0 (r)", "intent"),
        MalformedCase(
            "an intent without op", "requests.json", #"[{"intent":{},"method":"GET","path":"/x"}]"#,
            "entry 0", "intent.op"),
        MalformedCase(
            "a header that is no text", "requests.json",
            "[{\(request),\"method\":\"GET\",\"path\":\"/read\",\"headers\":{\"A\":1}}]", "headers.A", "1"),
        MalformedCase("no list", "requests.json", #"{"a":1}"#, "requests.json", "`cases`"),
        MalformedCase("an entry that is no object", "requests.json", "[1]", "entry 0"),
        MalformedCase("no JSON", "requests.json", "[{", "requests.json", "line 1"),
        MalformedCase(
            "a status that is text", "responses.json", "[{\(answer),\"http_status\":\"500\"}]",
            "responses.json", "entry 0 (a)", "http_status", "500"),
        MalformedCase("no status", "responses.json", "[{\(answer)}]", "http_status", "absent"),
        MalformedCase("a status that is none", "errors.json", "[{\(answer),\"http_status\":42}]", "http_status", "42"),
        MalformedCase(
            "an expectation that is a list", "responses.json",
            "[{\(answer),\"http_status\":200,\"expect\":[]}]", "expect", "object"),
        MalformedCase(
            "a verdict that is a number", "errors.json",
            "[{\(answer),\"http_status\":500,\"for_order_placement\":1}]", "for_order_placement"),
        MalformedCase(
            "a body that is not there", "responses/index.json",
            #"[{"file":"none.json","http_status":200}]"#, "responses/none.json", "file"),
        MalformedCase("a body outside the folder", "responses.json", #"[{"file":"../x","http_status":200}]"#, "file"),
        MalformedCase(
            "no method in a nested answer", "responses.json",
            #"[{"case":"n","request":{"path":"/x"},"response":{"status":200}}]"#, "entry 0 (n)", "request.method"),
        MalformedCase(
            "a nested status that is text", "responses.json",
            #"[{"case":"n","response":{"status":"200"}}]"#, "entry 0 (n)", "status"),
        MalformedCase(
            "letters that are no hexadecimal digits", "ticks/t.json",
            #"[{"id":"f","frame_hex":"zz","packets":[]}]"#, "ticks/t.json", "entry 0 (f)", "frame_hex", "zz"),
        MalformedCase("half a byte", "ticks/t.json", #"[{"id":"f","packet_hex":"abc","decoded":{}}]"#, "packet_hex"),
        MalformedCase("no frame", "ticks/t.json", #"[{"id":"f","packets":[]}]"#, "frame_hex", "packet_hex"),
        MalformedCase(
            "a frame without meaning", "ticks/t.json", #"[{"id":"f","frame_hex":"00"}]"#, "packets", "decoded"),
        MalformedCase(
            "packets that are no list", "ticks/t.json", #"[{"id":"f","frame_hex":"00","packets":"no"}]"#,
            "packets", "no"),
        MalformedCase(
            "a packet that is no object", "ticks/t.json", #"[{"id":"f","frame_hex":"00","packets":[1]}]"#,
            "packets[0]"),
        MalformedCase(
            "a wrong number of bytes", "ticks/t.json",
            #"[{"id":"f","frame_hex":"00","frame_bytes":2,"packets":[]}]"#, "frame_bytes", "1"),
        MalformedCase(
            "a record without its topic", "ticks/t.json",
            #"[{"id":"f","frame_hex":"00","decoded":{"records":[{}]}}]"#, "decoded.records[0]", "topic"),
        MalformedCase(
            "a message without content", "order_updates.json", #"[{"id":"u"}]"#, "order_updates.json", "frame"),
    ]
}

@Suite("Recordings that cannot be run")
struct MalformedCaseTests {
    @Test("A malformed entry is an error that names file, entry, member and value", arguments: MalformedCase.all)
    func malformed(item: MalformedCase) throws {
        let recording = CaseRecording(bytes: [item.file: Array(item.content.utf8)])
        let error = try #require(throws: CaseError.self) { try recording.run() }
        for name in item.names { #expect(error.description.contains(name), "\(name): \(error)") }
    }

    @Test("An answer of a case that is not there is an error, not another case's answer")
    func answersNothing() throws {
        var answer = try #require(CaseRecording.answer("GET", "/read", 1).object)
        answer["answers_case"] = "typo"
        let request: JSONValue = ["case": "r", "intent": ["op": "read"], "method": "GET", "path": "/read"]
        let recording = CaseRecording(files: ["requests.json": [request], "responses.json": [.object(answer)]])
        let error = try #require(throws: CaseError.self) { try recording.run() }
        #expect(error.description.contains("answers_case") && error.description.contains("typo"))
    }

    @Test("A folder that is not there, a file and an empty folder are errors in words of their own")
    func noFolder() throws {
        func words(_ path: String) throws -> String {
            try #require(throws: CaseError.self) {
                try CaseRunner.run({ adapterEntry(Mirror.self, $0, $1) }, path: path)
            }.description
        }
        #expect(try words("/nowhere/at/all").contains("no such folder"))
        #expect(try words("\(#filePath)").contains("is a file"))
        let error = try #require(throws: CaseError.self) { try CaseRecording(files: ["else.json": []]).run() }
        #expect(error.description.contains("it holds else.json"))
    }

    @Test("A stored frame that is not the one written beside it is an error")
    func otherBytes() throws {
        let frame: JSONValue = ["id": "f", "file": "f.bin", "frame_hex": "0102", "packets": []]
        let right = CaseRecording(files: ["ticks/t.json": [frame]], bytes: ["ticks/f.bin": [1, 2]])
        #expect(try right.run().isClean)
        let wrong = CaseRecording(files: ["ticks/t.json": [frame]], bytes: ["ticks/f.bin": [1, 3]])
        let error = try #require(throws: CaseError.self) { try wrong.run() }
        #expect(error.description.contains("f.bin"))
    }
}
