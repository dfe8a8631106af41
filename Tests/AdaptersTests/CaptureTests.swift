import Testing
import Transport

@testable import Adapters

@Suite("Captures: a secret is found by its place and leaves stars")
struct CaptureTests {
    private func find(_ pointer: String, _ text: String) -> String? {
        JSONPointerScan.find(pointer, in: Array(text.utf8)).map {
            String(decoding: Array(text.utf8)[$0], as: UTF8.self)
        }
    }

    @Test(
        "A pointer finds the value's own bytes",
        arguments: [
            ("/a", #"{"a":1}"#, "1"), ("/data/token", #"{"x":{"token":"no"},"data":{"token":"yes"}}"#, #""yes""#),
            ("/list/2", #"{"list":["a",{"b":[1,2]},"c"]}"#, #""c""#), ("/a~1b", #"{"a/b":true}"#, "true"),
            ("/m~0n", #"{ "m~n" : { "k" : null } }"#, #"{ "k" : null }"#), ("", #" [1] "#, "[1]"),
            ("/q", #"{"s":"with \"quotes\" and } , ]","q":"x"}"#, #""x""#),
            ("/k\u{00E9}y", #"{"k\u00e9y":"v"}"#, #""v""#),
        ])
    func found(pointer: String, text: String, value: String) { #expect(find(pointer, text) == value) }

    @Test(
        "What is not there, or no JSON, is not found",
        arguments: [
            ("/b", #"{"a":1}"#), ("/a/b", #"{"a":1}"#), ("/3", "[1,2]"), ("/0", "[]"), ("a", #"{"a":1}"#),
            ("/a", "<html>"), ("/a", ""), ("/a", #"{"a":"#), ("/b", #"{"a":"unterminated"#), ("/-1", "[1]"),
        ])
    func missing(pointer: String, text: String) { #expect(find(pointer, text) == nil) }

    @Test("A text of a thousand levels is refused, not followed")
    func deep() {
        let text = String(repeating: #"{"a":"#, count: 1_000) + "1" + String(repeating: "}", count: 1_000)
        #expect(find("/b", text) == nil)
        #expect(find("/a", text) == nil)
    }

    @Test("A captured text is unescaped; an object is no secret")
    func texts() {
        func text(_ value: String) -> String? {
            JSONPointerScan.text(of: Array(value.utf8)[...]).map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(text(#""a\/b\u0041\n""#) == "a/bA\n")
        #expect(text("12.5") == "12.5")
        #expect(text("{}") == nil && text("null") == nil && text(#""\ud800""#) == nil)
    }

    @Test("Wherever else the same token stands in the answer, stars stand too")
    func everywhere() throws {
        var outcome = HTTPOutcome(.done, done: Moment(monotonic: 0, wall: 0))
        outcome.status = 200
        outcome.headers = [("set-cookie", "sid=0123456789ab; Path=/; HttpOnly"), ("x-echo", "<0123456789ab>")]
        outcome.body = Array(#"{"token":"0123456789ab","also":"0123456789ab"}"#.utf8)
        let json = Capture(source: .json, isOptional: false, pointer: "/token", secret: "t")
        #expect(json.take(from: &outcome) == Array("0123456789ab".utf8))
        #expect(String(decoding: outcome.body, as: UTF8.self) == #"{"token":"***","also":"***"}"#)
        #expect(outcome.headers.map(\.value) == ["sid=***; Path=/; HttpOnly", "<***>"])
        outcome.headers[0].value = "sid=zzzzzzzzz; Path=/"
        let cookie = Capture(source: .cookie, isOptional: false, pointer: "sid", secret: "c")
        #expect(cookie.take(from: &outcome) == Array("zzzzzzzzz".utf8))
        #expect(outcome.headers[0].value == "sid=***; Path=/")
        let header = Capture(source: .header, isOptional: true, pointer: "X-None", secret: "h")
        #expect(header.take(from: &outcome) == nil)
    }
}
