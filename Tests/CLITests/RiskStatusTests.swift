import Exact
import Testing

@testable import CLI

@Suite("Risk states on the command line")
struct RiskStatusTests {
    @Test("Away from a terminal the status is tables that other programs can cut")
    func plain() async {
        let harness = Harness(json: [RiskSample.status])
        #expect(await harness.run("rms", "status") == 0)
        #expect(
            harness.out == """
                limits version 12
                SCOPE    STATE   SINCE         BY   REASON
                group:g  halted  16:00:00.000  ada  x

                SCOPE       STATE     CONTROL                USED          LIMIT   SHARE
                firm                  gross-exposure        5 USD          5 USD   100 %
                account:P1  reducing  max-position            600           1000    60 %
                account:P1  reducing  gross-exposure  1200.00 USD  500000.00 USD  0.24 %
                account:P1  reducing  daily-loss          unknown      20000 USD       -

                OVERRIDE  CONTROL       SCOPE       STATE   USES  OF  UNTIL         BY   REASON
                o1        max-position  account:P1  active     1   3  16:40:00.000  ana  hedge

                SQUARE-OFF  SCOPE       STATUS   FLAT  OF  SINCE         BY   REASON
                q1          account:P1  WORKING     0   1  16:05:00.000  ana  end of day

                HEARTBEAT OF  PERSON  SCOPE   EVERY  NEXT BY
                k1            ana     key:k1   30 s  16:10:30.000

                """)
    }

    @Test("On a terminal the use of limits is drawn, and what is missing is not drawn as nothing")
    func bars() async {
        let harness = Harness(json: [RiskSample.status], style: Style(hasColour: false, width: 100))
        #expect(await harness.run("rms", "status") == 0)
        let drawn = """
            firm
              gross-exposure  ##########   100 %  5 USD of 5 USD
            account:P1  reducing
              max-position    ######----    60 %  600 of 1000
              gross-exposure  #---------  0.24 %  1200.00 USD of 500000.00 USD
              daily-loss      ??????????       -  unknown of 20000 USD

            """
        #expect(harness.out.contains(drawn), "\(harness.out)")
        #expect(harness.out.split(separator: "\n").allSatisfy { $0.count <= 100 })
    }

    @Test("A bar is full only at its limit and empty only at nothing", arguments: Array(0...20) as [Int64])
    func bar(step: Int64) {
        for points in [step * 1_000 - 1, step * 1_000, step * 1_000 + 1] {
            let bar = RiskStatusReport.bar(basisPoints: points)
            #expect(bar.count == 10)
            #expect(bar.contains("-") == (points < 10_000))
            #expect(bar.contains("#") == (points > 0))
        }
    }

    @Test("Nothing halted is said, not left out")
    func quiet() async {
        let harness = Harness(json: [#"{"config_version":1,"state":"active","states":[],"accounts":[]}"#])
        #expect(await harness.run("rms", "status") == 0)
        #expect(harness.out == "limits version 1\ntrading: ACTIVE everywhere\n")
    }

    @Test("A change of state says the state, since and until when; a second person is asked for by a refusal")
    func states() async {
        let harness = Harness(json: [
            #"{"scope":"account:P1","state":"cool_off","at":"2026-11-25T16:00:00.000000Z","until":"2026-11-25T17:00:00.000000Z"}"#
        ])
        #expect(await harness.run("rms", "reduce", "account:P1", "--reason", "x") == 0)
        #expect(harness.out == "account:P1 is cool_off since 16:00:00.000 until 17:00:00.000\n")
        let refused = Harness(json: [
            #"{"type":"urn:x","title":"The key does not permit this","status":403,"detail":"ana halted it","code":"second_person_required","errors":[],"request_id":"q1"}"#
        ])
        #expect(await refused.run("rms", "resume", "firm", "--reason", "x") == 1)
        #expect(refused.error.contains("403 second_person_required") && refused.error.contains("ana halted it"))
    }

    @Test("Overrides name their person, their end and their use; making and ending one say so")
    func overrides() async {
        let harness = Harness(json: [#"{"items":[\#(RiskSample.override)]}"#])
        #expect(await harness.run("rms", "overrides") == 0)
        #expect(harness.out.contains("o1        max-position  account:P1  active     1   3  16:40:00.000  ana  hedge"))
        let made = Harness(json: [RiskSample.override])
        let line = "rms override max-position --scope account:P1 --until 30m --max-uses 3 --reason hedge"
        #expect(await made.run(line.split(separator: " ").map(String.init)) == 0)
        #expect(made.out == "override o1: max-position of account:P1 lets 3 orders pass until 16:40:00.000\n")
        let ended = Harness(json: [RiskSample.override])
        #expect(await ended.run("rms", "revoke", "o1", "--reason", "x") == 0)
        #expect(ended.out == "override o1 has ended; it was used 1 of 3 times\n")
        let bare = Harness([APIResponse(status: 204, body: [])])
        #expect(await bare.run("rms", "revoke", "o1", "--reason", "x") == 0)
        #expect(bare.out == "override o1 has ended\n")
    }

    @Test("A heartbeat says until when the next one must come, and when nobody watches any more")
    func heartbeat() async {
        let answer = #"{"key_id":"k1","scope":"key:k1","ttl_ms":30000,"expires_at":"2026-11-25T16:10:30.000000Z"}"#
        let harness = Harness(json: [answer])
        #expect(await harness.run("rms", "heartbeat", "--ttl", "30s") == 0)
        #expect(harness.out == "key:k1 is watched: the next heartbeat must come by 16:10:30.000\n")
        let off = Harness(json: [answer])
        #expect(await off.run("rms", "heartbeat", "--off") == 0)
        #expect(off.out == "key:k1 is no longer watched\n")
    }

    // MARK: Square-off

    private static let line = ["rms", "square-off", "account:P1", "--reason", "end of day", "--idempotency-key", "k1"]

    private static func answers(_ end: String, _ position: String) -> [String] {
        [
            RiskSample.squareOff("WORKING", position: "WORKING", quantity: "120"),
            RiskSample.squareOff("WORKING", position: "WORKING", quantity: "120"),
            RiskSample.squareOff("WORKING", position: "WORKING", quantity: "40"),
            RiskSample.squareOff(end, position: position, quantity: position == "FLAT" ? "0" : "40"),
        ]
    }

    @Test("A square-off that is followed says each change once and is 0 when everything is flat")
    func wait() async {
        let harness = Harness(json: Self.answers("DONE", "FLAT"))
        #expect(await harness.run(Self.line + ["--wait"]) == 0)
        #expect(
            harness.out == """
                square-off q1  account:P1  WORKING  16:05:00.000  by ana: end of day
                ACCOUNT  SYMBOL      HELD  STATUS   RUN
                P1       US:EQ:MSFT   120  WORKING  r9
                idempotency key: k1
                16:10:00.000  P1  US:EQ:MSFT  holds 40  WORKING
                16:10:00.000  P1  US:EQ:MSFT  holds 0  FLAT
                16:10:00.000  square-off q1 is DONE

                """)
        #expect(harness.requests.map(\.method) == [.post, .get, .get, .get])
        #expect(harness.requests.dropFirst().allSatisfy { $0.path == "/api/rms/square-off/q1" })
    }

    @Test("Followed, one that is blocked or canceled is 1", arguments: ["BLOCKED", "CANCELED"])
    func blocked(end: String) async {
        let harness = Harness(json: Self.answers(end, "BLOCKED"))
        #expect(await harness.run(Self.line + ["--wait"]) == 1)
        #expect(harness.out.contains("holds 40  BLOCKED  no reference price"))
        #expect(harness.out.hasSuffix("square-off q1 is \(end)\n"))
    }

    @Test("Following has an end: then it is 1 and says that the square-off goes on")
    func bounded() async {
        let harness = Harness(json: [Self.answers("DONE", "FLAT")[0]])
        #expect(await harness.run(Self.line + ["--wait", "--timeout-ms", "1200"]) == 1)
        #expect(harness.requests.count == 4)
        #expect(harness.error.contains("square-off q1 is WORKING after 1200 ms; it goes on"))
    }

    @Test("Where following breaks off, the square-off is not said to have failed")
    func lostSight() async {
        let harness = Harness(
            [APIResponse(status: 202, body: Array(Self.answers("DONE", "FLAT")[0].utf8))], answersBeforeFailure: 1,
            failure: TransportFailure(isCertainlyNotSent: true, message: "nobody there"))
        #expect(await harness.run(Self.line + ["--wait"]) == 1)
        #expect(harness.error.contains("square-off q1 goes on, but cannot be followed: nobody there"))
    }

    @Test("Followed with --json, each state that differs is one document")
    func waitJSON() async {
        let harness = Harness(json: Self.answers("DONE", "FLAT"))
        #expect(await harness.run(Self.line + ["--wait", "--json"]) == 0)
        let begun = Self.answers("DONE", "FLAT")[0]
        #expect(harness.out.hasPrefix(begun + "\n"))
        let rest = harness.out.dropFirst(begun.count + 1).split(separator: "\n")
        #expect(rest.count == 2)
        #expect(rest.last.flatMap { try? JSONValue.parse(String($0)) }?["status"] == "DONE")
    }

    @Test("A square-off that has begun, or that is ended on request, is 0; one that is blocked already is 1")
    func begun() async {
        for (status, exit) in [("WORKING", 0), ("DONE", 0), ("BLOCKED", 1)] as [(String, Int32)] {
            let harness = Harness(json: [RiskSample.squareOff(status, position: "WORKING", quantity: "1")])
            #expect(await harness.run(Self.line) == exit)
        }
        let canceled = Harness(json: [RiskSample.squareOff("CANCELED", position: "WAITING", quantity: "1")])
        #expect(await canceled.run("rms", "square-off", "--cancel", "q1", "--reason", "x", "--wait") == 0)
        let list = Harness(json: [#"{"items":[\#(RiskSample.squareOff("DONE", position: "FLAT", quantity: "0"))]}"#])
        #expect(await list.run("rms", "square-offs") == 0)
        #expect(list.out.contains("q1          account:P1  DONE       1   1"))
    }

    @Test("A lost answer of a square-off is unknown, and the key repeats it")
    func unknown() async {
        let harness = Harness(failure: TransportFailure(isCertainlyNotSent: false, message: "the line broke"))
        #expect(await harness.run(Self.line) == 1)
        #expect(harness.error.contains("not known") && harness.error.contains("--idempotency-key k1"))
    }
}
