import Exact
import Testing

@testable import CLI

@Suite("sluice accounts login")
struct LoginTests {
    private let asking = """
        {"account_id":"A1","state":"challenge","since":"2026-11-25T16:10:00Z","expires_at":null,"renew_at":null,\
        "reason":null,"how":null,"challenge":{"id":"login","kind":"redirect","url":"https://login.example/connect?k=1",\
        "prompt":"Log in at the broker","deadline":null,"fields":[{"name":"request_token","label":"Request token",\
        "secret":true,"pattern":null}]}}
        """
    private let ready = """
        {"account_id":"A1","state":"ready","since":"2026-11-25T16:10:00Z","expires_at":"2026-11-26T00:30:00Z",\
        "renew_at":null,"reason":null,"how":null,"challenge":null}
        """

    @Test("Without an answer it begins a login and shows where to go and what is asked for")
    func begins() async {
        let harness = Harness(json: [asking])
        #expect(await harness.run("accounts", "login", "A1") == 0)
        #expect(harness.request?.path == "/api/accounts/A1/login")
        #expect(harness.out.contains("open https://login.example/connect?k=1"))
        #expect(harness.out.contains("it asks for request_token: Request token"))
    }

    @Test(
        "An answer is a line, a bare value, or the address that the broker sent the browser to",
        arguments: [
            "request_token=ab+c\n", "ab+c\n",
            "https://me.example/cb?action=login&request_token=ab%2Bc&status=success#x\n",
            "myapp://cb?request_token=ab%2Bc\n", "127.0.0.1/?status=success&request_token=ab%2Bc", "ab+c \t\n",
            "  request_token=ab+c  \n",
        ])
    func answers(text: String) async throws {
        let harness = Harness(json: [asking, ready], files: ["answer": text])
        #expect(await harness.run("accounts", "login", "A1", "--answer", "answer") == 0)
        let body = try JSONValue.parse(try #require(harness.request?.body))
        #expect(body["challenge"]?.string == "login")
        #expect(body["fields"]?["request_token"]?.string == "ab+c")
        #expect(harness.out.contains("A1: ready") && harness.out.contains("2026-11-26T00:30:00Z"))
        #expect(!harness.out.contains("ab+c"))
    }

    @Test("A value that looks like an address of something else is a value")
    func bare() async throws {
        let harness = Harness(json: [asking, ready], files: ["answer": "what?is=this\n"])
        #expect(await harness.run("accounts", "login", "A1", "--answer", "answer") == 0)
        let body = try JSONValue.parse(try #require(harness.request?.body))
        #expect(body["fields"]?["request_token"]?.string == "what?is=this")
    }

    @Test("Until when the login waits is shown")
    func deadline() async {
        let until = asking.replacing("\"deadline\":null", with: "\"deadline\":\"2026-11-25T16:15:00Z\"")
        let harness = Harness(json: [until])
        #expect(await harness.run("accounts", "login", "A1") == 0)
        #expect(harness.out.contains("it waits until 2026-11-25T16:15:00Z"))
    }

    @Test("The list of accounts says when each login ends")
    func expiry() async {
        let row =
            #"{"id":"A1","adapter":"zerodha","currency":"INR","state":"ready","expires_at":"2026-11-26T00:30:00Z"}"#
        let harness = Harness(json: ["{\"items\":[\(row)]}"])
        #expect(await harness.run("accounts", "list") == 0)
        #expect(harness.out.contains("EXPIRES") && harness.out.contains("2026-11-26T00:30:00Z"))
    }

    @Test("An answer to nothing, and one without what is asked for, are refused before they are sent")
    func refusals() async {
        let none = Harness(json: [ready], files: ["answer": "x"])
        #expect(await none.run("accounts", "login", "A1", "--answer", "answer") == 1)
        #expect(none.requests.count == 1 && none.error.contains("asks for nothing"))
        let other = Harness(json: [asking], files: ["answer": "https://me.example/cb?status=cancelled"])
        #expect(await other.run("accounts", "login", "A1", "--answer", "answer") == 1)
        #expect(other.requests.count == 1 && other.error.contains("request_token"))
    }
}
