import Exact
import Testing

@testable import CLI

@Suite("Answers")
struct AnswerTests {
    @Test(
        "With --json the gateway's bytes are printed as they came, whatever the status",
        arguments: [
            (200, "{ \"price\" : 1.10 ,\n\"big\":1e400}", 0), (200, "{\"items\":[]}\n", 0), (422, Sample.run, 1),
            (400, Sample.problem, 1),
        ] as [(Int, String, Int32)])
    func passthrough(status: Int, body: String, exit: Int32) async {
        let harness = Harness(status, body)
        #expect(await harness.run("runs", "show", "r7", "--json") == exit)
        #expect(harness.outBytes == Array((body.hasSuffix("\n") ? body : body + "\n").utf8))
    }

    @Test("With --json the key of a change goes to standard error, so that the answer stays whole")
    func keyBesideJSON() async {
        let harness = Harness(200, Sample.run)
        #expect(await harness.run("runs", "cancel", "r7", "--json", "--idempotency-key", "k3") == 0)
        #expect(harness.out == Sample.run + "\n")
        #expect(harness.error == "idempotency key: k3\n")
    }

    @Test("An answer that is no JSON is an error that says so")
    func noJSON() async {
        let harness = Harness(200, "<html>")
        #expect(await harness.run("runs", "list") == 1)
        #expect(harness.error.contains("no JSON"))
    }

    @Test("A run shows its header, a row a leg with its stages, and every refusal with its numbers")
    func runReport() async {
        let harness = Harness(200, Sample.run)
        #expect(await harness.run("runs", "show", "r7") == 0)
        #expect(
            harness.out.hasPrefix(
                """
                run r7  PARTIAL  16:09:58.123
                  BUY 60 US:EQ:AAPL · group family version 3 · limits version 12
                  since received: admitted 41 µs · durable 260 µs · last dispatched 410 µs · done 21.1 ms

                ACCOUNT  STATUS   QUANTITY  FILLED  AVG PRICE  DURABLE    SENT    ACKED     FILL    DONE
                P1       FILLED         10      10     329.57   260 µs  330 µs  21.1 ms  21.1 ms  2.40 s
                P5       REFUSED        50       0

                P5 refused: notional_limits (account:P5): limit 15000, observed 0, projected 17302.42 USD
                  the order's value would exceed the limit

                """))
        #expect(harness.out.split(separator: "\n").allSatisfy { $0.count <= 120 })
    }

    @Test("An order that may be at its broker is not called refused, and what to do about it is said")
    func unknownOutcome() throws {
        let reject = try JSONValue.parse(
            """
            {"code":"unknown_outcome","scope":"account:P3","message":"the reply did not come in time", \
            "broker":{"code":"TIMEOUT","text":"the reply did not come in time"}}
            """)
        #expect(
            RunReport.refusal(reject, of: "P3", order: "r1-3", .plain) == [
                "P3 may be at the broker: unknown_outcome (account:P3)", "  TIMEOUT: the reply did not come in time",
                "  it is being looked up; where its broker cannot tell: "
                    + "sluice orders resolve r1-3 --outcome ... --reason ...",
            ])
    }

    @Test("A refused change shows the numbers of the control that refused it")
    func problemWithReject() {
        let text =
            Sample.problem.dropLast()
            + #","reject":{"code":"price_collar","scope":"account:P1","limit":"110","projected":"120","unit":"USD","message":"too far"}}"#
        let value = try? JSONValue.parse(String(text))
        let lines = Problem(value ?? .null, status: 422).lines(.plain)
        #expect(lines.contains("  price_collar (account:P1): limit 110, projected 120 USD"))
    }

    @Test("A long list says how to see more")
    func pages() async {
        let harness = Harness(200, #"{"items":[{"run_id":"r1","status":"DONE"}],"next_cursor":"c77"}"#)
        #expect(await harness.run("runs", "list", "--limit", "1") == 0)
        #expect(harness.request?.path == "/api/runs?limit=1")
        #expect(harness.out.contains("more: --cursor c77"))
    }

    @Test("What is carried is shown account by account")
    func carried() async {
        let harness = Harness(
            200,
            #"{"id":"g","policy":"equal","mode":"clip","carry":"on","on_leg_failure":"leave","version":2,"accounts":[{"account_id":"P1","enabled":true}],"carried":[{"underlying":"US:EQ:X","closing":false,"accounts":[{"account_id":"P1","lots":"0.5"}]}]}"#
        )
        #expect(await harness.run("groups", "show", "g", "--carry") == 0)
        #expect(
            harness.out == """
                g  equal, mode clip, carry on, on leg failure leave, version 2
                ACCOUNT  ENABLED
                P1       yes

                CARRIED FOR  ORDERS THAT  ACCOUNT  LOTS
                US:EQ:X      open         P1        0.5

                """)
    }

    @Test("What was filled is added exactly")
    func filled() throws {
        let run = try JSONValue.parse(#"{"legs":[{"cumulative_quantity":"0.1"},{"cumulative_quantity":"0.2"}]}"#)
        #expect(RunReport.filled(run) == "0.3")
    }
}
