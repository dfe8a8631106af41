import AdapterKit
import AdapterTesting
import Exact
import Testing

/// An answer of the Mirror's broker, and what a right recording expects of it.
struct ExpectedAnswer: CustomTestStringConvertible {
    var testDescription: String
    var method = "GET"
    var path: String
    var body: String
    var expect: String

    static let all = [
        ExpectedAnswer(
            testDescription: "orders", path: "/orders",
            body: """
                [{"id":"1","state":3,"filled":0,"left":10,"tag":"gw01"},
                 {"id":"2","state":5,"filled":10,"left":0,"average":825.5,"text":"done"}]
                """,
            expect: """
                {"orders":[
                  {"order_id":"1","ord_status":"NEW","order_quantity":10,"cumulative_quantity":0,"leaves_quantity":10,
                   "average_price":null,"client_tag":"gw01"},
                  {"order_id":"2","ord_status":"FILLED","order_quantity":10,"cumulative_quantity":10,"leaves_quantity":0,
                   "average_price":825.5,"client_tag":null,"text":"done"}]}
                """),
        ExpectedAnswer(testDescription: "no orders", path: "/orders", body: "[]", expect: #"{"orders":[]}"#),
        ExpectedAnswer(
            testDescription: "trades", path: "/trades",
            body: #"[{"execution":"t1","order":"1","quantity":40,"price":3345.8}]"#,
            expect: #"{"trades":[{"trade_id":"t1","order_id":"1","quantity":40,"price":3345.8,"side":"BUY"}]}"#),
        ExpectedAnswer(
            testDescription: "positions", path: "/positions",
            body: """
                [{"of":"NFO:A","quantity":-40,"average":71856,"realised":400},{"of":"NFO:B","quantity":1}]
                """,
            expect: """
                {"positions":[
                  {"symbol":"B","product":"CARRY","net_quantity":1},
                  {"symbol":"A","exchange":"NFO","product":"CARRYFORWARD","net_quantity":-40,"net_average":71856.0,
                   "realized_pnl":400.0,"unrealized_pnl":461.0}]}
                """),
        ExpectedAnswer(
            testDescription: "holdings", path: "/holdings",
            body: #"[{"of":"NSE:TCS","quantity":1000,"free":900,"average":2655}]"#,
            expect: """
                {"holdings":[{"symbol":"TCS","quantity":1000,"available_quantity":900,"t1_quantity":0,
                "average_price":2655.0}]}
                """),
        ExpectedAnswer(
            testDescription: "funds", path: "/funds", body: #"[{"available":98440,"used":15202.5}]"#,
            expect: #"{"available":98440.0,"utilized":15202.5,"currency":"INR","collateral":0.0,"withdrawable":98310}"#),
        ExpectedAnswer(
            testDescription: "margins", path: "/margins", body: #"[{"required":2000},{"required":800.5,"charges":3}]"#,
            expect: #"{"required_total":2800.5,"charges":3,"available":10500.0,"shortfall":0.0}"#),
        ExpectedAnswer(
            testDescription: "quotes", path: "/quotes",
            body: #"[{"of":"NSE:INFY","last":368.15,"bid":77},{"of":"NSE:TCS","last":4520}]"#,
            expect: """
                {"quotes":[{"symbol":"INFY","last_price":368.15,"best_bid":77,"best_ask":null,"upper_circuit":510.85},
                {"symbol":"TCS","last_price":4520}]}
                """),
        ExpectedAnswer(
            testDescription: "candles", path: "/candles",
            body: #"[{"start":1328845500,"price":3750,"volume":9},{"start":1328845560,"price":3751.5}]"#,
            expect: """
                {"candles":[[1328845500,3750,3750,3750,3750,9],
                ["2012-02-10T09:16:00+05:30",3751.5,3751.5,3751.5,3751.5,0]]}
                """),
        ExpectedAnswer(
            testDescription: "profile", path: "/profile", body: #"[{"id":"AB1","name":"A B"}]"#,
            expect: #"{"client_id":"AB1","name":"A B"}"#),
        ExpectedAnswer(
            testDescription: "an order", method: "POST", path: "/orders",
            body: #"{"outcome":"accepted","id":"77","state":1}"#,
            expect: #"{"outcome":"accepted","order_id":"77","ord_status":"PENDING_NEW"}"#),
        ExpectedAnswer(
            testDescription: "a refused order", method: "POST", path: "/orders",
            body: #"{"outcome":"rejected","text":"no money"}"#, expect: #"{"outcome":"rejected","text":"no money"}"#),
        ExpectedAnswer(
            testDescription: "slices", method: "POST", path: "/orders",
            body: #"{"id":"1","children":[{"id":"1"},{"id":"2"}]}"#,
            expect: #"{"outcome":"accepted","order_ids":["1","2"]}"#),
        ExpectedAnswer(
            testDescription: "some slices", method: "POST", path: "/orders",
            body: #"{"id":"1","children":[{"id":"1"},{"id":"2","text":"-99"}]}"#,
            expect: """
                {"outcome":"partial","accepted":["1"],"rejected":[{"index":1,"code":-99}],
                "results":[{"index":0,"outcome":"accepted","order_id":"1"},{"index":1,"outcome":"rejected"}]}
                """),
    ]

    func report(_ expect: JSONValue) throws -> CaseReport {
        let answer = CaseRecording.answer(method, path, try JSONValue.parse(body), expect: expect)
        return try CaseRecording(files: ["responses.json": [answer]]).run()
    }
}

@Suite("What a recorded answer means")
struct ExpectationTests {
    @Test("A right expectation passes", arguments: ExpectedAnswer.all)
    func passes(answer: ExpectedAnswer) throws {
        let report = try answer.report(try JSONValue.parse(answer.expect))
        #expect(report.isClean, "\(report.text)")
    }

    @Test(
        "A wrong value is a difference, or its name is said to have no place in the contract",
        arguments: ExpectedAnswer.all)
    func wrongValue(answer: ExpectedAnswer) throws {
        for change in try JSONValue.parse(answer.expect).altered {
            let report = try answer.report(change.document)
            let isSaid = report.uncompared.contains { $0.member == change.name }
            #expect(report.failed == 1 || isSaid, "\(change.place): \(report.text)")
            #expect(!(report.failed == 0 && report.isClean && !isSaid), "\(change.place)")
        }
    }

    @Test("A member that nobody understands is a difference by its name", arguments: ExpectedAnswer.all)
    func surprise(answer: ExpectedAnswer) throws {
        for document in try JSONValue.parse(answer.expect).withSurprise {
            let report = try answer.report(document)
            #expect(report.differences.contains { $0.place.hasSuffix("surprise") }, "\(report.text)")
        }
    }

    @Test("A list with fewer or more rows than came is a difference")
    func counts() throws {
        let answer = ExpectedAnswer.all[0]
        let whole = try #require(try JSONValue.parse(answer.expect)["orders"]?.array)
        for rows in [[], Array(whole.prefix(1)), whole + [whole[0]]] {
            let report = try answer.report(["orders": .array(rows)])
            #expect(report.differences.contains { $0.place == "expect.orders" }, "\(rows.count): \(report.text)")
        }
    }

    @Test("What a vendor call answers is looked up in its document by name")
    func document() throws {
        let request: JSONValue = ["case": "r", "intent": ["op": "read"], "method": "GET", "path": "/read"]
        let body = try JSONValue.parse(
            #"{"alertId":12345,"rows":[{"id":"1","state":"ACTIVE"}],"bars":[[1,2.50,"x"]],"none":[]}"#)
        func report(_ expect: String) throws -> CaseReport {
            let answer = CaseRecording.answer("GET", "/read", body, expect: try JSONValue.parse(expect))
            return try CaseRecording(files: ["requests.json": [request], "responses.json": [answer]]).run()
        }
        for right in [
            #"{"alert_id":"12345"}"#, #"{"triggers":[{"id":"1","state":"ACTIVE"}]}"#, #"{"candles":[[1,2.5]]}"#,
            #"{"outcome":"accepted"}"#,
        ] {
            let report = try report(right)
            #expect(report.isClean, "\(right): \(report.text)")
        }
        for wrong in [
            #"{"alert_id":"9"}"#, #"{"alert":"12345"}"#, #"{"triggers":[{"id":"1","state":"CANCELED"}]}"#,
            #"{"candles":[[1,3]]}"#, #"{"triggers":[]}"#, #"{"outcome":"rejected"}"#,
        ] {
            let report = try report(wrong)
            #expect(report.failed == 1, "\(wrong)")
        }
    }
}

@Suite("Verdicts, outcomes and advice")
struct VerdictTests {
    static let outcomes = ["accepted", "rejected", "unknown"]
    /// Which outcomes of an order a word is right for.
    static let verdicts: [(word: String, isRight: Set<String>)] = [
        ("not_placed", ["rejected"]), ("unknown", ["unknown"]), ("placed", ["accepted"]), ("partly placed", []),
        ("not placed", []), ("PLACED", []), ("", []),
    ]

    private func place(
        _ outcome: String, verdict: String? = nil, expect: JSONValue? = nil, advice: String? = nil,
        retry: String? = nil, file: String = "errors.json"
    ) throws -> CaseReport {
        var body: JSONObject = ["outcome": .string(outcome), "id": "1"]
        body["retry"] = advice.map { .string($0) }
        let answer = CaseRecording.answer(
            "POST", "/orders", .object(body), expect: expect, status: 400, verdict: verdict, retry: retry)
        return try CaseRecording(files: [file: [answer]]).run()
    }

    @Test("A verdict passes for the outcome that it names alone, in failures and in answers", arguments: verdicts)
    func verdict(word: String, isRight: Set<String>) throws {
        for outcome in VerdictTests.outcomes {
            for file in ["errors.json", "responses.json"] {
                let report = try place(outcome, verdict: word, file: file)
                #expect(report.isClean == isRight.contains(outcome), "\(file) \(outcome): \(report.text)")
            }
        }
    }

    @Test("A failure of which nothing is said is a difference")
    func silent() throws {
        let report = try place("rejected")
        #expect(report.differences.map(\.place) == ["for_order_placement"])
    }

    @Test(
        "A word for the outcome passes for that outcome alone; one that is none is a difference",
        arguments: [
            ("accepted", ["accepted"]), ("working", ["accepted"]), ("rejected", ["rejected"]), ("unknown", ["unknown"]),
            ("queued", ["unknown"]), ("partial", []), ("question", []), ("nothing_to_do", ["accepted", "rejected"]),
            ("not_a_word", []),
        ] as [(String, [String])])
    func outcome(word: String, isRight: [String]) throws {
        for outcome in VerdictTests.outcomes {
            let report = try place(outcome, expect: ["outcome": .string(word)])
            #expect(report.isClean == isRight.contains(outcome), "\(outcome): \(report.text)")
        }
    }

    @Test(
        "Advice to repeat is compared; a sentence that nobody understands is a difference",
        arguments: [
            ("only after a new login", ["login"]), ("after a pause", ["pause"]),
            ("after at least one second", ["pause"]),
            ("not as is", ["never", "none"]), ("never from this address", ["never", "none"]),
            ("no", ["never", "none"]),
            ("no: read the order", ["never", "none"]), ("reconcile first", ["reconcile", "never", "none"]),
            ("whenever you like", []),
        ] as [(String, [String])])
    func retry(sentence: String, isRight: [String]) throws {
        for advice in ["login", "pause", "never", "reconcile", "none"] {
            let report = try place("rejected", verdict: "not_placed", advice: advice, retry: sentence)
            #expect(report.isClean == isRight.contains(advice), "\(advice): \(report.text)")
        }
    }
}
