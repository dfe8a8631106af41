import Testing

@testable import CLI

@Suite("sluice audit")
struct AuditTests {
    private static let hash = String(repeating: "ab", count: 32)

    @Test("A whole journal ends with 0 and its anchor, one that is not with 1 and each finding")
    func verify() async throws {
        let whole = Harness(
            200,
            """
            {"whole":true,"records":12,"anchor":"12:\(Self.hash)","chained_at_upgrade":4,"findings":[],"omitted_findings":0}
            """)
        #expect(await whole.run("audit", "verify") == 0)
        #expect(whole.request?.method == .post && whole.request?.path == "/api/audit/verify")
        #expect(
            whole.out
                == "whole: each of 12 records is the one that was written\n"
                + "records 1 to 4 were chained when the database was upgraded\nanchor 12:\(Self.hash)\n")
        let broken = Harness(
            200,
            """
            {"whole":false,"records":11,"anchor":"12:\(Self.hash)","chained_at_upgrade":0,\
            "findings":[{"code":"missing","record":5,"message":"record 5 is missing"}],"omitted_findings":3}
            """)
        #expect(await broken.run("audit", "verify", "--anchor", "3:\(Self.hash)") == 1)
        #expect(
            broken.request?.body.map { String(decoding: $0, as: UTF8.self) } == #"{"anchor":"3:\#(Self.hash)"}"#)
        #expect(broken.out.hasPrefix("record 5 is missing\nand 3 more\nnot whole, of 11 records\n"))
    }

    @Test(
        "A directory that cannot be looked at is 1, whatever is asked of it",
        arguments: [[], ["--json"], ["--rebuild"]])
    func check(flags: [String]) async throws {
        let harness = Harness()
        #expect(await harness.run(["check", "/nonexistent/sluice"] + flags) == 1)
        #expect(harness.error.contains("it holds no database sluice.db") && harness.out.isEmpty)
    }

    @Test("A story shows who asked, what decided each leg, and each step with its record")
    func story() async throws {
        let harness = Harness(
            200,
            """
            {"run_id":"r7","status":"PARTIAL","asked_by":"ana","key_id":"k1","idempotency_key":"i-1",\
            "received_at":"2026-11-25T16:09:58.000000Z","group_id":"family","group_version":3,"policy":"equal",\
            "rms_version":12,"mode":"best_effort","on_leg_failure":"leave","gateway_closing":false,\
            "symbol":"US:EQ:AAPL","side":"BUY","order_type":"LIMIT","price":"99.5","strategy":null,"tag":null,\
            "requested_quantity":"60","allocated_quantity":"60","unallocated_quantity":"0","reference_price":"100",\
            "reference_age_ms":12,"left_out":[],"legs":[{"leg_id":"r7-0","account_id":"P1","side":"BUY","weight":"1",\
            "allocated_quantity":"60","ordered_quantity":"0","slices":[],"price":null,"closing":false,\
            "verdict":"REFUSED","reject":{"code":"notional_limits","control":"notional-limits","scope":"account:P1",\
            "limit":"15000","observed":"0","projected":"17302.42","unit":"USD","message":"the order is too large"},\
            "alerts":[],"overrides":[]}],"steps":[{"at":"2026-11-25T16:09:58.000000Z","since_received_us":0,\
            "type":"received","leg_id":null,"account_id":null,"text":"the request was received","by":"ana","record":9}]}
            """)
        #expect(await harness.run("runs", "explain", "r7") == 0)
        for part in [
            "run r7  PARTIAL", "BUY 60 US:EQ:AAPL LIMIT at 99.5 · group family version 3 · limits version 12",
            "asked by ana with key k1", "60 of 60 allocated by equal; reference price 100, 12 ms old",
            "P1: the order is too large", "17302.42", "the request was received",
        ] {
            #expect(harness.out.contains(part), "\(part): \(harness.out)")
        }
    }

    @Test("What is no anchor is wrong usage, and a directory without a database is no data directory")
    func usage() async throws {
        #expect(await Harness().run("audit", "verify", "--anchor", "12") == 2)
        let harness = Harness()
        #expect(await harness.run("audit", "verify", "--offline", "/nonexistent/sluice") == 1)
        #expect(harness.error.contains("it holds no database sluice.db") && harness.requests.isEmpty)
    }
}
