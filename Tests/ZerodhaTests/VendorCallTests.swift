import AdapterKit
import Exact
import Foundation
import Testing

@testable import Zerodha

@Suite("Vendor calls by name")
struct VendorCallTests {
    /// What an intent tells beside the arguments: who is logged in.
    static let notArguments: Set<String> = ["op", "credentials"]

    @Test("Every recorded intent that is a vendor call becomes the recorded request")
    func recorded() throws {
        let cases = try #require(try Recorded.fixture("requests.json").array)
        var compared = 0
        for recording in cases {
            let intent = try #require(recording["intent"]?.object)
            guard let operation = intent["op"]?.string, let call = VendorCall.named(operation) else { continue }
            let arguments = JSONValue.object(
                JSONObject(
                    intent.compactMap { Self.notArguments.contains($0.key) ? nil : ($0.key, $0.value) }))
            let name = recording["case"]?.string ?? operation
            let made = try call.call(arguments.serializedText())
            try expect(made, is: recording, name)
            compared += 1
        }
        #expect(compared >= 25)
    }

    /// Compares by the rule of FACTS.md §15.
    private func expect(_ call: Call, is recording: JSONValue, _ name: String) throws {
        #expect(call.method.rawValue == recording["method"]?.string, "\(name)")
        #expect(call.path == recording["path"]?.string, "\(name)")
        let redundant = Set(recording["redundant_fields"]?.array?.compactMap(\.string) ?? [])
        func pairs(_ text: String) -> [String] {
            text.split(separator: "&").map { pair in
                let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map {
                    $0.replacing("+", with: " ").removingPercentEncoding ?? ""
                }
                return "\(parts[0])=\(Self.normal(parts.count > 1 ? parts[1] : ""))"
            }.filter { !redundant.contains(String($0.prefix { $0 != "=" })) }.sorted()
        }
        #expect(pairs(Call.encoded(call.query)) == pairs(recording["query_raw"]?.string ?? ""), "\(name)")
        #expect(call.contentType == recording["content_type"]?.string, "\(name)")
        let body = recording["body_raw"]?.string ?? ""
        switch call.body {
        case .none: #expect(body.isEmpty, "\(name)")
        case .form: #expect(pairs(call.bodyText) == pairs(body), "\(name)")
        case .json(let text): #expect(Self.normal(text) == Self.normal(body), "\(name)")
        }
    }

    /// A text that two spellings of the same number or JSON share.
    private static func normal(_ text: String) -> String {
        if text == "True" { return "true" }
        if let number = ExactDecimal(text) { return number.description }
        guard let value = try? JSONValue.parse(text) else { return text }
        return String(describing: comparable(value))
    }

    private static func comparable(_ value: JSONValue) -> String {
        switch value {
        case .object(let object):
            "{" + object.map { "\($0.key):\(comparable($0.value))" }.sorted().joined(separator: ",") + "}"
        case .array(let items): "[" + items.map(comparable).joined(separator: ",") + "]"
        case .number(let token): ExactDecimal(token)?.description ?? token
        default: value.serializedText()
        }
    }

    @Test("Schemas are JSON, and names are unique and of the boundary's form")
    func schemas() throws {
        var names = Set<String>()
        for call in VendorCall.all {
            #expect(names.insert(call.name).inserted)
            #expect(call.name.wholeMatch(of: /[a-z0-9_]{1,64}/) != nil)
            #expect(try JSONValue.parse(call.schema)["type"]?.string == "object", "\(call.name)")
        }
    }

    @Test(
        "A mistake in the arguments is refused by the name of the argument",
        arguments: [
            ("gtt_place", #"{"gtt_type":"TRIPLE"}"#, "arguments.gtt_type"),
            (
                "gtt_place",
                #"{"gtt_type":"OCO","exchange":"NSE","symbol":"INFY","trigger_prices":[800,700],"last_price":750,"orders":[]}"#,
                "arguments.trigger_prices"
            ),
            ("order_history", #"{}"#, "arguments.order_id"),
            ("order_history", #"{"order_id":"1","extra":2}"#, "arguments.extra"),
            ("order_margin", #"{"orders":[{"exchange":"XYZ","symbol":"A"}]}"#, "arguments.orders[0].exchange"),
            ("ltp", #"{"instruments":[]}"#, "arguments.instruments"),
            (
                "candles", #"{"instrument_token":1,"interval":"7m","from":"2026-01-01 00:00:00","to":"x"}"#,
                "arguments.interval"
            ),
            (
                "candles", #"{"instrument_token":1,"interval":"1m","from":"2026-01-01 00:00:00","to":"x"}"#,
                "arguments.to"
            ),
            ("alert_create", #"{"type":"ato"}"#, "arguments.type"),
            ("funds", "[]", "arguments"),
            ("funds", "{", "arguments"),
        ])
    func mistakes(name: String, arguments: String, field: String) throws {
        let call = try #require(VendorCall.named(name))
        let error = #expect(throws: AdapterError.self) { try call.call(arguments) }
        #expect(error?.field == field)
        #expect(error?.certainty == .notSent)
    }

    @Test("What a caller types into a path stays one part of it")
    func paths() throws {
        let call = try #require(VendorCall.named("order_history"))
        #expect(try call.call(#"{"order_id":"../user/margins?x=1"}"#).target == "/orders/..%2Fuser%2Fmargins%3Fx%3D1")
    }
}
