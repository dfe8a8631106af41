import Exact
import Testing

@testable import CLI

@Suite("Changing one limit")
struct RiskSetTests {
    private static let document = """
        rms: 1
        # for everybody
        profiles:
          cautious:
            daily-loss: { max: "20000 INR" }   # a day
        firm: { profile: cautious }
        accounts:
          - { id: P1, limits: { daily-loss: { max: "15000 INR" } } }

        """

    private static func config(_ document: String = document) -> String {
        JSONValue.object(["version": 12, "document": .string(document)]).serializedText()
    }

    private func sent(_ line: String, _ words: String...) async throws -> (document: String, request: APIRequest) {
        let harness = Harness(json: [Self.config(), RiskSample.applied()])
        let status = await harness.run(["rms"] + line.split(separator: " ").map(String.init) + words)
        #expect(status == 0, "\(harness.error)")
        #expect(harness.requests.map(\.method) == [.get, .put])
        let request = try #require(harness.request)
        let body = try JSONValue.parse(request.body ?? [])
        #expect(body["reason"] == "why")
        return (try #require(body["document"]?.string), request)
    }

    @Test("One limit changes in the text that was read, and only that; it is written over the version that was read")
    func set() async throws {
        let (document, request) = try await sent(
            "set daily-loss.max --scope account:P1 --reason why", "10000 INR")
        #expect(document == Self.document.replacing("15000 INR", with: "10000 INR"))
        #expect(request.path == "/api/rms/config")
        #expect(request.headers.contains { $0 == ("If-Match", "\"12\"") })
    }

    @Test("A profile's limit, and the profile of an account, are settings like any other; a dry run stays one")
    func profiles() async throws {
        let (inProfile, request) = try await sent(
            "set daily-loss.max --profile cautious --reason why --dry-run --expected-version 12", "5000 INR")
        #expect(inProfile == Self.document.replacing("20000 INR", with: "5000 INR"))
        #expect(request.path == "/api/rms/config?dry_run=true")
        let (ofAccount, _) = try await sent("set profile cautious --scope account:P1 --reason why")
        #expect(ofAccount.contains("profile: cautious") && ofAccount.contains("# for everybody"))
        #expect(ofAccount != Self.document)
    }

    @Test("The demo's limits can be changed as the README does it")
    func demo() throws {
        let edit = try RiskEdit(place: "account:P5", setting: "notional-limits.max", value: "12000 USD")
        let document = try edit.applied(to: DemoFiles.rms)
        #expect(document == DemoFiles.rms.replacing("15000 USD", with: "12000 USD"))
        #expect(document != DemoFiles.rms && document.contains("max-position: { max: 1000 }"))
    }

    @Test("Taking a limit out leaves the rest")
    func unset() async throws {
        let (document, _) = try await sent("unset daily-loss --scope account:P1 --reason why")
        #expect(!document.contains("15000 INR") && document.contains("20000 INR"))
        let (same, _) = try await sent("unset daily-loss.max --scope account:P1 --reason why")
        #expect(!same.contains("15000 INR") && same.contains("id: P1"))
    }

    @Test(
        "A control, key or value that is none is refused with what would be right, and nothing is sent",
        arguments: [
            (["set", "daily-los.max", "1 INR"], "daily-loss"), (["set", "daily-loss.maximum", "1 INR"], "max"),
            (["set", "daily-loss.max", "much"], "much"), (["set", "group-loss.max", "1 INR"], "group"),
            (["unset", "max-position"], "not set"),
        ] as [([String], String)])
    func refused(words: [String], mentions: String) async {
        let harness = Harness(json: [Self.config()])
        #expect(await harness.run(["rms"] + words + ["--scope", "account:P1", "--reason", "x"]) == 1)
        #expect(harness.requests.map(\.method) == [.get])
        #expect(harness.error.contains(mentions), "\(harness.error)")
        #expect(harness.out.isEmpty)
    }

    @Test("Another version than the expected one is not edited")
    func expectation() async {
        let harness = Harness(json: [Self.config()])
        #expect(
            await harness.run(
                "rms", "set", "daily-loss.max", "1 INR", "--scope", "account:P1", "--reason", "x", "--expected-version",
                "11") == 1)
        #expect(harness.requests.map(\.method) == [.get])
        #expect(harness.error.contains("the stored version is 12, not 11; nothing was changed"))
    }

    @Test(
        "Wrong use is 2 and asks nothing",
        arguments: [
            ["set", "daily-loss.max", "1 INR", "--reason", "x"], ["set", "daily-loss.max", "--scope", "firm"],
            ["set", "daily-loss.max", "1 INR", "--scope", "firm", "--profile", "p", "--reason", "x"],
            ["set", "daily-loss", "1 INR", "--scope", "firm", "--reason", "x"],
            ["set", "daily-loss.", "1 INR", "--scope", "firm", "--reason", "x"],
            ["set", "daily-loss.max", "1 INR", "--scope", "P1", "--reason", "x"],
            ["set", "daily-loss.max", "1 INR", "--scope", "key:k1", "--reason", "x"],
            ["set", "daily-loss.max", "1 INR", "--scope", "firm"], ["unset", "--scope", "firm", "--reason", "x"],
            ["unset", "daily-loss", "--profile", "", "--reason", "x"],
        ])
    func usage(words: [String]) async {
        let harness = Harness(json: [Self.config()])
        #expect(await harness.run(["rms"] + words) == 2)
        #expect(harness.requests.isEmpty && !harness.error.isEmpty)
    }
}
