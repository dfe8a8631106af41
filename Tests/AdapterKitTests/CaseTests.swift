import AdapterKit
import AdapterTesting
import Exact
import Testing

private func run(_ folder: String) throws -> CaseReport {
    let fixtures = "\(#filePath)".split(separator: "/").dropLast().joined(separator: "/")
    return try CaseRunner.run({ adapterEntry(Acme.self, $0, $1) }, path: "/\(fixtures)/Fixtures/\(folder)")
}

struct CaseTests {
    @Test("Cases that are as recorded pass; what no request asks for is named as skipped and reads as no pass")
    func clean() throws {
        let report = try run("acme")
        #expect(report.differences.map(\.description) == [])
        #expect(report.passed == 17 && report.failed == 0)
        #expect(report.skipped.map(\.caseName) == ["nowhere"])
        #expect(!report.isClean && report.text.hasSuffix("not everything was run; 17 passed, 0 failed, 1 skipped"))
    }

    @Test("Every part of a request, a verdict and an id that differ are told by their place")
    func changed() throws {
        let report = try run("changed")
        let places = Set(report.differences.map { "\($0.caseName) \($0.place)" })
        #expect(
            places == [
                "place_tagged path", "place_tagged body.quantity", "header header Authorization", "field body.side",
                "field body.extra", "word intent.product", "funds outcome", "placed expect.order_id",
                // What is signed differs with what is sent.
                "place_tagged header X-Sign", "header header X-Sign", "field header X-Sign",
            ])
        #expect(!report.isClean && report.passed == 0)
    }

    @Test("A folder without recordings is an error, never a success")
    func empty() throws {
        #expect(throws: CaseError.self) { try run("nothing") }
    }

    @Test("A path that is as good as the recorded one passes, another does not")
    func alternatives() throws {
        func report(_ path: JSONValue, _ others: JSONValue) throws -> CaseReport {
            let request: JSONValue = [
                "case": "r", "intent": ["op": "read"], "method": "GET", "path": path, "path_alternatives": others,
            ]
            let answer = CaseRecording.answer("GET", "/old/read", ["x": 1], expect: ["x": 1])
            return try CaseRecording(files: ["requests.json": [request], "responses.json": [answer]]).run()
        }
        #expect(try report("/old/read", ["/read/"]).isClean)
        #expect(try report("/old/read", ["/other"]).failed == 1)
    }
}
