import Testing

@testable import CLI

@Suite("Exit status")
struct ExitStatusTests {
    @Test("Done is 0")
    func done() async {
        #expect(await Harness(200, #"{"items":[]}"#).run("accounts", "list") == 0)
    }

    @Test("A problem is 1: field, value and remedy on standard error, nothing on standard output")
    func problem() async {
        let harness = Harness(400, Sample.problem)
        #expect(await harness.run("runs", "show", "r7") == 1)
        #expect(harness.out.isEmpty)
        #expect(
            harness.error == """
                refused: The request is not valid (400 invalid_request)
                  one field is wrong
                  /quantity = 0: must be above 0
                    remedy: give at least one lot, 1
                  request q7

                """)
    }

    @Test("An order of which every leg is refused is 1, and the run with the numbers is the answer")
    func refusedRun() async {
        let harness = Harness(422, Sample.refusedRun(status: "REFUSED"))
        #expect(
            await harness.run(
                "orders", "place", "--group", "family", "--symbol", "US:EQ:AAPL", "--idempotency-key", "k1") == 1)
        #expect(
            harness.out.contains(
                "P5 refused: notional_limits (account:P5): limit 15000, observed 0, projected 17302.42 USD"))
        #expect(harness.error.isEmpty)
    }

    @Test("An order that some leg takes is 0")
    func partialRun() async {
        #expect(
            await Harness(200, Sample.run).run("orders", "place", "--group", "family", "--symbol", "US:EQ:AAPL") == 0)
    }

    @Test(
        "Wrong use is 2, and the gateway is not asked",
        arguments: [
            [], ["groups"], ["nonsense"], ["runs", "show"], ["orders", "place", "--symbol", "X"],
            ["orders", "place", "--group", "g", "--account", "a", "--symbol", "X"],
            ["orders", "place", "--account", "a", "--symbol", "X", "--mode", "clip"],
            ["orders", "place", "--group", "g", "--symbol", "X", "--side", "HOLD"],
            ["orders", "place", "--group", "g", "--side", "BUY"],
            ["orders", "place", "--group", "g", "--symbol", "X", "--timeout-ms", "0"],
            ["orders", "place", "--group", "g", "--symbol", "X", "--idempotency-key", "a b"],
            ["orders", "modify", "o1", "--broker-options", "[]"], ["orders", "modify", "o1", "--type", "SL"],
            ["orders", "modify", "o1"], ["rms", "halt", "firm"], ["rms", "halt", "firm", "--reason", " "],
            ["rms", "halt", "family", "--reason", "x"], ["rms", "resume", "group:", "--reason", "x"],
            ["groups", "create", "g", "--policy", "proportional", "--account", "P1,capital"], ["groups", "edit", "g"],
            ["keys", "create", "--person", "ada"], ["accounts", "list", "--url", "localhost:8080"],
            ["accounts", "add", "P6", "--adapter", "paper", "--currency", "USD", "--config", "{"],
        ] as [[String]])
    func usage(arguments: [String]) async {
        let harness = Harness()
        #expect(await harness.run(arguments) == 2)
        #expect(harness.requests.isEmpty)
        #expect(!harness.error.isEmpty)
        #expect(harness.out.isEmpty)
    }

    @Test(
        "Help and the version are 0, on standard output",
        arguments: [["--help"], ["help", "runs"], ["runs", "show", "--help"], ["--version"]])
    func help(arguments: [String]) async {
        let harness = Harness()
        #expect(await harness.run(arguments) == 0)
        #expect(!harness.out.isEmpty)
        #expect(harness.error.isEmpty)
    }

    @Test("Every command's help has an example, and the example is a line that can be used")
    func examples() async throws {
        for noun in SluiceCommand.configuration.subcommands where noun != ServeCommand.self {
            let verbs = noun.configuration.subcommands
            for command in verbs.isEmpty ? [noun] : verbs {
                let isNoun = verbs.isEmpty
                let text = command.configuration.discussion
                let path = isNoun ? noun._commandName : "\(noun._commandName) \(command._commandName)"
                #expect(text.contains("Example: sluice \(path)"), "\(path)")
                guard !isNoun, let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Example: sluice ") })
                else { continue }
                // Words as a shell takes them; what stands in single quotes is one.
                let words = line.dropFirst("Example: sluice ".count).split(
                    separator: "'", omittingEmptySubsequences: false
                )
                .enumerated().flatMap { $0 % 2 == 1 ? [String($1)] : $1.split(separator: " ").map(String.init) }
                let harness = Harness()
                #expect(await harness.run(words) != 2, "\(line): \(harness.error)")
            }
        }
    }

    @Test("A completion script is made for each shell", arguments: ["bash", "fish"])
    func completion(shell: String) async {
        let harness = Harness()
        #expect(await harness.run("--generate-completion-script", shell) == 0)
        #expect(harness.out.contains("rms") && harness.out.contains("cancel-working"))
    }

    @Test("No connection is 1 and says that nothing was sent")
    func unreachable() async {
        let harness = Harness(failure: TransportFailure(isCertainlyNotSent: true, message: "nobody there"))
        #expect(await harness.run("orders", "place", "--account", "P1", "--symbol", "X") == 1)
        #expect(harness.error.contains("nobody there") && harness.error.contains("nothing was sent"))
    }

    @Test("A lost answer of a change is never called a failure of it: it is unknown, and the key repeats it")
    func unknown() async {
        let harness = Harness(failure: TransportFailure(isCertainlyNotSent: false, message: "the line broke"))
        #expect(
            await harness.run("orders", "place", "--account", "P1", "--symbol", "X", "--idempotency-key", "k9") == 1)
        #expect(harness.error.contains("it is not known whether the gateway did it"))
        #expect(harness.error.contains("--idempotency-key k9"))
        let reading = Harness(failure: TransportFailure(isCertainlyNotSent: false, message: "the line broke"))
        #expect(await reading.run("runs", "list") == 1)
        #expect(!reading.error.contains("not known"))
    }

    @Test("Watching ends with 0 when the run has ended, with 1 when it has not in time")
    func watching() async {
        let answers = ["WORKING", "WORKING", "PARTIAL"].map {
            APIResponse(status: 200, body: Array(Sample.refusedRun(status: $0).utf8))
        }
        let snapshot = "id: 4-9\nevent: snapshot\ndata: {\"runs\":[]}\n\n"
        func event(_ id: String, _ run: String) -> String {
            ": heartbeat\n\nid: \(id)\nevent: legs\ndata: {\"run_id\":\"\(run)\"}\n\n"
        }
        let streams = [snapshot, event("5-0", "r7"), event("6-0", "r8") + event("7-0", "r7")]
        let harness = Harness(answers, streams: streams)
        #expect(await harness.run("runs", "watch", "r7") == 0)
        let paths = harness.requests.map(\.path)
        #expect(paths.count { $0 == "/api/runs/r7" } == 3, "once for the snapshot and for each event of it")
        #expect(
            paths.filter { $0.hasPrefix("/api/stream") }.prefix(3) == [
                "/api/stream?topics=runs,legs", "/api/stream?topics=runs,legs&last_event_id=4-9",
                "/api/stream?topics=runs,legs&last_event_id=5-0",
            ], "each connection goes on after the last event")
        #expect(harness.out.contains("P1  FILLED 10 of 10"))
        let stuck = Harness([answers[0]], streams: [snapshot])
        #expect(await stuck.run("runs", "watch", "r7", "--timeout-ms", "1000") == 1)
        let absent = Harness(failure: TransportFailure(isCertainlyNotSent: true, message: "nobody is there"))
        #expect(await absent.run("runs", "watch", "r7") == 1)
        #expect(absent.error.contains("nobody is there"))
        #expect(stuck.error.contains("is WORKING after 1000 ms"))
    }
}
