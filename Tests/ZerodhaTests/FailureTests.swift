import AdapterKit
import Exact
import Testing

@testable import Zerodha

@Suite("What a failed answer means for an order")
struct FailureTests {
    @Test("Each recorded failure is rejected or unknown exactly as recorded")
    func recorded() throws {
        let cases = try #require(try Recorded.fixture("errors.json").array)
        #expect(cases.count >= 9)
        for entry in cases {
            let body = entry["body"]
            let error = Failure.read(
                status: Int(entry["http_status"]?.int64 ?? 0), body: body?.object == nil ? nil : body)
            let expected: AdapterError.Certainty =
                entry["for_order_placement"]?.string == "unknown" ? .unknown : .rejected
            #expect(error.certainty == expected, "\(entry["id"]?.string ?? "")")
            if expected == .unknown { #expect(error.retry == .afterReconcile) }
        }
    }

    @Test("No server error is ever a rejection, whatever its body says", arguments: [500, 502, 503, 504, 520, 599])
    func serverErrors(status: Int) throws {
        for kind in ["InputException", "MarginException", "OrderException", "TokenException", "NetworkException"] {
            let body = try JSONValue.parse(#"{"status":"error","message":"no","error_type":"\#(kind)"}"#)
            #expect(Failure.read(status: status, body: body).certainty == .unknown)
        }
        #expect(Failure.read(status: status, body: nil).certainty == .unknown)
    }

    @Test("A 400 without an intelligible answer is unknown: something else than the broker may have written it")
    func unintelligible() {
        #expect(Failure.read(status: 400, body: nil).certainty == .unknown)
        #expect(Failure.read(status: 302, body: nil).certainty == .unknown)
    }

    @Test("A login ends at 06:00 of the next Indian day that has not passed")
    func loginEnd() throws {
        func end(_ text: String) throws -> String {
            IndianTime.text(IndianTime.loginEnd(after: try #require(IndianTime.instant(text))))
        }
        #expect(try end("2026-12-30 09:00:00") == "2026-12-31 06:00:00")
        #expect(try end("2026-12-31 05:59:59") == "2026-12-31 06:00:00")
        #expect(try end("2026-12-31 06:00:00") == "2027-01-01 06:00:00")
        #expect(IndianTime.instant("2026-02-29 09:00:00") == nil)
        #expect(IndianTime.instant("2017-12-15T09:15:00+0530") == IndianTime.instant("2017-12-15 09:15:00"))
    }
}
