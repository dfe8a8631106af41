import Testing

@testable import CLI

@Suite("sluice reconcile")
struct ReconcileTests {
    private static func answer(_ status: String, orders: String = "answered", differences: String = "") -> String {
        let part =
            #"{"state":"STATE","reason":REASON,"rows":3,"matched":2,"local_only":0,"broker_only":1,"differs":0,"booked":0}"#
        func made(_ state: String) -> String {
            part.replacing("STATE", with: state).replacing(
                "REASON", with: state == "failed" ? #""deadline: no answer""# : "null")
        }
        return """
            {"items":[{"account_id":"P1","status":"\(status)","cause":"request","asked_at":null,"finished_at":null,
            "orders":\(made(orders)),"executions":\(made("answered")),"positions":\(made("answered")),
            "holdings":\(made("unsupported")),"funds_as_of":null,"open_orders":0,"differences":[\(differences)]}],
            "next_cursor":null}
            """
    }

    @Test("Equal books are 0, a difference or a failed question is 1 and is shown with its numbers")
    func statuses() async {
        let matched = Harness(200, Self.answer("matched"))
        #expect(await matched.run("reconcile") == 0, "\(matched.error)")
        #expect(matched.out.contains("3 read, 1 there alone"), "\(matched.out)")
        let differs = Harness(
            200,
            Self.answer(
                "differs",
                differences:
                    #"{"cause":"position","action":"reduce","subject":"NSE:EQ:X","ours":"5","theirs":"-7","order_id":null,"since":"2026-11-25T10:00:00.000000Z"}"#
            ))
        #expect(await differs.run("reconcile", "--account", "P1") == 1)
        for word in ["position", "NSE:EQ:X", "-7", "reduce"] {
            #expect(differs.out.contains(word), "\(word) in \(differs.out)")
        }
        let failed = Harness(200, Self.answer("incomplete", orders: "failed"))
        #expect(await failed.run("reconcile") == 1)
        #expect(failed.out.contains("P1: orders: deadline: no answer"), "\(failed.out)")
    }

    @Test(
        "Wrong use is 2 and asks the gateway nothing",
        arguments: [
            ["reconcile", "--timeout-ms", "70000"], ["reconcile", "--last", "--timeout-ms", "5"],
            ["orders", "resolve", "r1-1", "--outcome", "lost", "--reason", "x"],
            ["orders", "resolve", "r1-1", "--outcome", "filled", "--reason", "x"],
            ["orders", "resolve", "r1-1", "--outcome", "absent", "--price", "1", "--reason", "x"],
            ["orders", "resolve", "r1-1", "--outcome", "absent"], ["orders", "release", "r1-1"],
        ])
    func misuse(line: [String]) async {
        let harness = Harness()
        #expect(await harness.run(line) == 2)
        #expect(harness.requests.isEmpty)
    }
}
