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

    private static func failure(_ status: Int, _ kind: String, _ message: String) throws -> AdapterError {
        Failure.read(
            status: status,
            body: try JSONValue.parse(#"{"status":"error","message":"\#(message)","error_type":"\#(kind)"}"#))
    }

    @Test(
        "A 400 that tells of a time-out or the order book proves nothing, however it is spelt and whatever its type",
        arguments: [
            "Order request timed out. Please check the order book and confirm before placing again.",
            "Your order request timed-out. Please check the orderbook before placing again.",
            "Order request time out. Check the orderbook.", "ORDER REQUEST TIMEOUT", "Request timed  out",
        ])
    func openWords(message: String) throws {
        for kind in ["OrderException", "InputException", "MarginException", "UserException", "SomethingNew"] {
            let error = try Self.failure(400, kind, message)
            #expect(error.certainty == .unknown, "\(kind)")
            #expect(error.retry == .afterReconcile)
        }
    }

    @Test(
        "A 400 that may mean the same proves nothing, unless its type names another reason",
        arguments: [
            "The order system took too long to respond.", "Please check your orders before retrying.",
            "No response from the exchange.", "The order could not be confirmed: see Order Status.",
            "Your order may have been placed.",
        ])
    func likelyOpenWords(message: String) throws {
        for kind in ["OrderException", "UserException", "SomethingNew"] {
            #expect(try Self.failure(400, kind, message).certainty == .unknown, "\(kind)")
        }
        for kind in ["MarginException", "HoldingException", "InputException"] {
            #expect(try Self.failure(400, kind, message).certainty == .rejected, "\(kind)")
        }
    }

    @Test(
        "A refusal that names its reason stays a refusal",
        arguments: [
            ("InputException", "The order quantity 1000 (40 lots) is higher than the maximum quantity of 900."),
            ("InputException", "Invalid `trigger_price`."),
            ("MarginException", "Insufficient funds. Add funds before placing again."),
            ("OrderException", "Order cannot be cancelled as it is being processed. Try later."),
            ("InputException", "Markets are closed right now. Use GTT or AMO for placing orders."),
            ("HoldingException", "You do not have enough holdings to place this sell order."),
        ])
    func plainRefusals(kind: String, message: String) throws {
        #expect(try Self.failure(400, kind, message).certainty == .rejected)
    }

    @Test("An exception that nobody has written down proves nothing", arguments: [400, 409, 422])
    func newException(status: Int) throws {
        #expect(try Self.failure(status, "CircuitException", "no").certainty == .unknown)
    }

    @Test(
        "A 403 is a shut door whatever its words: nothing was placed, and a dead token ends the login",
        arguments: ["Your session has timed out. Please login again.", "Check the order book.", "no"])
    func shutDoor(message: String) throws {
        let token = try Self.failure(403, "TokenException", message)
        #expect(token.code == .authenticationExpired && token.certainty == .rejected && token.retry == .afterLogin)
        let address = try Self.failure(403, "PermissionException", message)
        #expect(address.code == .forbidden && address.certainty == .rejected)
        for status in [404, 405, 410, 428, 429] {
            #expect(try Self.failure(status, "GeneralException", message).certainty == .rejected, "\(status)")
        }
        #expect(try Self.failure(408, "InputException", message).certainty == .unknown)
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
