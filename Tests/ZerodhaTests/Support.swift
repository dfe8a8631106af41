import AdapterKit
import AdapterTesting
import Exact
import Foundation
import Testing

@testable import Zerodha

/// Where recorded cases are: copies that are part of the project, and reference data that may be absent.
enum Recorded {
    /// A file of `Fixtures`.
    static func fixture(_ name: String) throws -> JSONValue {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: nil))
        return try JSONValue.parse([UInt8](Data(contentsOf: url)))
    }

    /// The venue's folder of the reference data, where it is there.
    static let shared: URL? = {
        let root = ProcessInfo.processInfo.environment["SLUICE_SHARED"] ?? "../shared"
        let folder = URL(filePath: root).appending(path: "venues/zerodha")
        return FileManager.default.fileExists(atPath: folder.path) ? folder : nil
    }()

    /// The bytes of a file of the reference data.
    static func bytes(_ path: String) throws -> [UInt8] {
        [UInt8](try Data(contentsOf: try #require(shared).appending(path: path)))
    }

    /// A JSON file of the reference data.
    static func json(_ path: String) throws -> JSONValue { try JSONValue.parse(bytes(path)) }
}

extension Trait where Self == ConditionTrait {
    /// Skips where the reference data is not there.
    static var needsReferenceData: Self { .enabled(if: Recorded.shared != nil, "skipped: reference data absent") }
}

/// One login on the scripted host, logged in with the dummy secrets of the recordings.
final class Desk {
    let host: ScriptedHost

    init(
        role: SessionRole = .trading, config: String = "{}", refreshToken: String? = nil,
        now: String = "2026-12-30 10:00:00", isBookAnswered: Bool = true
    ) throws {
        var secrets = [
            "api_key": "kitetestapikey01", "api_secret": "made-up, not-a-secret",
            "access_token": "made-up token, not-a-secret",
        ]
        if let refreshToken { secrets["refresh_token"] = refreshToken }
        host = try ScriptedHost(
            ZerodhaAdapter.self, accounts: [AccountOptions(id: "A1", currency: "INR", config: config)], role: role,
            environment: .live, secrets: secrets,
            now: try #require(IndianTime.instant(now)))
        host.knowsEveryAlias = true
        host.open()
        answer("GET", "/user/profile", #"{"user_id":"AB1234"}"#)
        if role == .trading, isBookAnswered { answer("GET", "/orders", "[]") }
    }

    /// The oldest request that waits under this name.
    func request(_ method: String, _ path: String) -> SentRequest? {
        host.requests.first { $0.method == method && $0.path == path }
    }

    /// Answers it with `data` in the broker's envelope.
    func answer(_ method: String, _ path: String, _ data: String) {
        respond(method, path, 200, #"{"status":"success","data":\#(data)}"#)
    }

    /// Refuses it in the broker's words.
    func refuse(_ method: String, _ path: String, _ status: Int, _ kind: String, _ message: String = "no") {
        respond(method, path, status, #"{"status":"error","message":"\#(message)","error_type":"\#(kind)"}"#)
    }

    func respond(_ method: String, _ path: String, _ status: Int, _ body: String) {
        guard let request = request(method, path) else {
            Issue.record("nothing waits for \(method) \(path), but \(host.requests.map { "\($0.method) \($0.path)" })")
            return
        }
        host.answer(request, status: status, headers: ["content-type": "application/json"], text: body)
    }

    /// Fields of a form that was sent.
    static func form(_ request: SentRequest) -> [String: String] {
        var fields: [String: String] = [:]
        for pair in request.bodyText.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            fields[parts[0]] = parts.count > 1 ? parts[1].removingPercentEncoding : ""
        }
        return fields
    }

    static func instrument(
        _ alias: String = "NSE:INFY", token: String? = "408065", lot: ExactDecimal? = 1, tick: ExactDecimal? = nil
    ) -> StoredInstrument {
        StoredInstrument(
            uid: 1, id: alias.replacing(":", with: ":EQ:"), alias: alias, brokerData: token.map { Array($0.utf8) },
            lotSize: lot, multiplier: 1, tick: tick)
    }

    static func order(
        _ type: OrderType = .limit, price: ExactDecimal? = 100, trigger: ExactDecimal? = nil,
        quantity: ExactDecimal = 10, instrument: StoredInstrument = Desk.instrument(), product: Product = .delivery,
        timeInForce: TimeInForce = .day, orderClass: OrderClass = .regular, flags: OrderFlags = [],
        disclosed: ExactDecimal? = nil, options: String? = nil
    ) -> StoredOrder {
        StoredOrder(
            account: 0, instrument: instrument, side: .buy, type: type, quantity: quantity, price: price,
            triggerPrice: trigger, product: product, timeInForce: timeInForce, orderClass: orderClass, flags: flags,
            clientReference: ClientReference("a00000000000000001"), disclosedQuantity: disclosed, options: options)
    }
}
