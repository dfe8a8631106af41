import Testing
import Transport

@testable import Adapters

@Suite("Captures: a secret is found by its place and leaves stars")
struct CaptureTests {
    /// What a pointer leads to; `nil`: the text is no JSON.
    private func all(_ pointer: String, _ text: String) -> [String]? {
        JSONPointerScan.find(pointer, in: Array(text.utf8))?.map {
            String(decoding: Array(text.utf8)[$0], as: UTF8.self)
        }
    }

    private func find(_ pointer: String, _ text: String) -> String? { all(pointer, text)?.first }

    private func answer(_ body: String, headers: [(name: String, value: String)] = []) -> HTTPOutcome {
        var outcome = HTTPOutcome(.done, done: Moment(monotonic: 0, wall: 0))
        (outcome.status, outcome.headers, outcome.body) = (200, headers, Array(body.utf8))
        return outcome
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

    @Test("A member that stands twice is found twice; a byte order mark is no part of the text")
    func several() {
        #expect(all("/a", #"{"a":1,"b":2,"a":3}"#) == ["1", "3"])
        #expect(all("/d/a", #"{"d":{"a":1},"d":{"\u0061":2}}"#) == ["1", "2"])
        #expect(all("/a", "\u{FEFF}{\"a\":1}") == ["1"])
    }

    @Test(
        "That a secret is not there is said of a whole text alone",
        arguments: [
            #"{"a":1"#, #"{"a":1}x"#, #"{"b":1,}"#, #"{"b":tru}"#, "<html>", "", "{", #"{"b":1}{"a":2}"#, "a=1",
        ])
    func whole(text: String) {
        #expect(all("/a", text) == nil)
        #expect(all("/a", #"{"b":1}"#) == [])
    }

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
        var outcome = answer(
            #"{"token":"0123456789ab","also":"0123456789ab"}"#,
            headers: [("set-cookie", "sid=0123456789ab; Path=/; HttpOnly"), ("x-echo", "<0123456789ab>")])
        let json = Capture(source: .json, isOptional: false, pointer: "/token", secret: "t")
        #expect(Capture.take([json], from: &outcome) == [.taken(Array("0123456789ab".utf8))])
        #expect(String(decoding: outcome.body, as: UTF8.self) == #"{"token":"***","also":"***"}"#)
        #expect(outcome.headers.map(\.value) == ["sid=***; Path=/; HttpOnly", "<***>"])
        outcome.headers[0].value = "sid=zzzzzzzzz; Path=/"
        let cookie = Capture(source: .cookie, isOptional: false, pointer: "sid", secret: "c")
        let header = Capture(source: .header, isOptional: true, pointer: "X-None", secret: "h")
        #expect(Capture.take([cookie, header], from: &outcome) == [.taken(Array("zzzzzzzzz".utf8)), .absent])
        #expect(outcome.headers[0].value == "sid=***; Path=/")
    }

    @Test("Two captures of the same text both get it, and neither the other's stars")
    func alike() {
        var outcome = answer(#"{"a":"same-token","b":"same-token","c":"\/same-token"}"#)
        let captures = ["/a", "/b", "/c"].map {
            Capture(source: .json, isOptional: false, pointer: $0, secret: "s")
        }
        let same = Capture.Finding.taken(Array("same-token".utf8))
        #expect(
            Capture.take(captures, from: &outcome) == [same, same, .taken(Array("/same-token".utf8))])
        #expect(String(decoding: outcome.body, as: UTF8.self) == #"{"a":"***","b":"***","c":"***"}"#)
    }

    @Test("Every place of a secret is hidden: doubled members, headers and cookies, and its spelling in JSON")
    func places() {
        var outcome = answer(
            #"{"t":"first\/token","t":"second+token","also":"first\/token second+token first/token"}"#,
            headers: [("x-t", "one-token"), ("x-t", "other-token"), ("set-cookie", " s = c-token ; Path=/")])
        let captures = [
            Capture(source: .json, isOptional: false, pointer: "/t", secret: "t"),
            Capture(source: .header, isOptional: false, pointer: "X-T", secret: "h"),
            Capture(source: .cookie, isOptional: false, pointer: "s", secret: "c"),
        ]
        #expect(
            Capture.take(captures, from: &outcome)
                == ["second+token", "other-token", "c-token"].map { .taken(Array($0.utf8)) })
        #expect(String(decoding: outcome.body, as: UTF8.self) == #"{"t":"***","t":"***","also":"*** *** ***"}"#)
        #expect(!outcome.headers.contains { $0.value.contains("token") })
    }

    @Test(
        "An answer of which it is not certain what it holds is doubtful",
        arguments: [
            #"{"t":"cut-off-tok"#, #"{"t":{"in":"side"}}"#, #"{"t":"\ud800"}"#, "t=token", #"{"t":"token"}}"#,
        ])
    func doubtful(text: String) {
        var outcome = answer(text)
        let json = Capture(source: .json, isOptional: true, pointer: "/t", secret: "t")
        #expect(Capture.take([json], from: &outcome) == [.doubtful])
        var none = answer(#"{"t":null,"u":""}"#)
        let empty = Capture(source: .json, isOptional: true, pointer: "/u", secret: "u")
        #expect(Capture.take([json, empty], from: &none) == [.absent, .absent])
    }
}
