import AdapterKit
import Exact

/// One session on the scripted host, led to ready by the recorded answers, and the operations that are played on it.
final class CaseStage {
    let host: ScriptedHost
    let folder: CaseFolder
    let words: CaseWords
    /// What was subscribed to, by the name that recorded packets call it (`InstrumentKey`).
    var subscribed: [String: StoredInstrument] = [:]
    /// Streams that were told to be open.
    var opened: Set<UInt64> = []
    /// The reference that an intent without a tag gets.
    static let invented = "kcaseref0000000000"

    /// Makes and opens a session for a case. Secrets come from the intent's credentials; those that every login needs,
    /// from any case of the folder.
    init(
        _ entry: AdapterEntry, _ folder: CaseFolder, _ intent: JSONObject, role: SessionRole = .trading
    ) throws(ScriptedHostError) {
        self.folder = folder
        let credentials = intent["credentials"]?.object ?? JSONObject()
        let probe = try ScriptedHost.describe(entry)
        words = CaseWords(capabilityDocument: probe.capabilityDocument, optionsSchema: probe.orderOptionsSchema)
        let isLogin = intent["op"]?.string == "login"
        var secrets: [String: String] = [:]
        for (name, isRequired) in probe.secrets {
            if let own = credentials[name] ?? (isLogin ? nil : intent[name]) {
                secrets[name] = Comparison.text(own)
            } else if isRequired || (!isLogin && CaseStage.isToken(name)) {
                secrets[name] = CaseStage.anywhere(name, folder) ?? "secret"
            }
        }
        var config = JSONObject()
        for (name, value) in credentials where probe.configNames.contains(name) { _ = config.append(name, value) }
        host = try ScriptedHost(
            entry: entry,
            accounts: [
                AccountOptions(id: intent["account"]?.string ?? "A1", config: JSONValue.object(config).serializedText())
            ],
            role: role, environment: .live, secrets: secrets)
        host.knowsEveryAlias = true
        let opened = host.open()
        answerAll(until: { self.host.completion(of: opened) != nil && self.host.state != .opening })
    }

    /// A login that lasts is what every other operation begins with.
    private static func isToken(_ name: String) -> Bool { name.contains("access_token") || name.contains("jwt") }

    private static func anywhere(_ name: String, _ folder: CaseFolder) -> String? {
        for item in folder.requests {
            if let value = item.intent["credentials"]?[name] ?? item.intent[name] { return Comparison.text(value) }
        }
        return nil
    }

    /// Answers what waits by what was recorded, until `isDone`; what has no recorded answer is left waiting.
    func answerAll(until isDone: () -> Bool) {
        for _ in 0..<16 {
            if isDone() { return }
            guard let request = host.requests.first(where: { recorded($0) != nil }), let answer = recorded(request)
            else { return }
            host.answer(request, status: answer.status, headers: answer.headers, body: answer.body)
        }
    }

    func recorded(_ request: SentRequest) -> CaseFolder.AnswerCase? {
        let fits = folder.responses.filter {
            $0.method == request.method && PathPattern($0.path).matches(fullPath(request), or: request.path)
        }
        return fits.first { (200...299).contains($0.status) } ?? fits.first
    }

    func fullPath(_ request: SentRequest) -> String {
        let base = host.baseURL(request.endpoint) ?? ""
        guard let scheme = base.firstRange(of: "://") else { return request.path }
        let rest = base[scheme.upperBound...]
        return (rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? "") + request.path
    }

    /// Plays an intent.
    func play(_ recorded: JSONObject) throws(UnknownWord) -> Sent {
        let isCall = recorded["op"]?.string.map { host.hasVendorCall($0) } ?? false
        let intent = isCall ? recorded : CaseWords.common(recorded)
        let reader = IntentReader(words: words, intent: intent)
        let operation = intent["op"]?.string ?? ""
        let own = Set(intent.keys).subtracting(["op", "credentials", "account"])
        let order = intent["order_id"].map { OrderIdentity(account: 0, brokerOrderID: Comparison.text($0)) }
        switch operation {
        case "login":
            guard let challenge = host.challenges.last else { break }
            var fields: [String: String] = [:]
            for field in challenge.fields {
                // Where nothing was recorded of a login, any answer will do.
                fields[field.name] =
                    intent[field.name].map { Comparison.text($0) } ?? (folder.requests.isEmpty ? "secret" : nil)
            }
            return host.authReply(challenge.id, fields)
        case "place_order":
            let tag = intent["client_tag"]?.string ?? CaseStage.invented
            return host.submit(try reader.order(reference: ClientReference(tag)))
        case "modify_order":
            guard let order, let reference = ClientReference(CaseStage.invented) else { break }
            let given = try known(intent).lastKnown()
            return host.modify(
                order, lastKnown: given, quantity: intent["quantity"]?.decimalOrText,
                price: reader.amount("limit_price"),
                triggerPrice: reader.amount("trigger_price"), disclosedQuantity: reader.amount("disclosed_quantity"),
                timeInForce: try reader.wordIfGiven("validity", CaseWords.validities),
                orderType: try reader.wordIfGiven("order_type", CaseWords.types), options: reader.options(),
                clientReference: reference)
        case "cancel_order":
            guard let order else { break }
            return host.cancel(order, lastKnown: try known(intent).lastKnown())
        case "list_orders" where own.isEmpty: return host.query(.orders)
        case "order_history", "order_details":
            guard let order, own.count == 1 else { break }
            return host.query(operation == "order_history" ? .orderHistory : .order, order: order)
        case "list_trades" where own.isEmpty: return host.query(.trades)
        case "positions" where own.isEmpty: return host.query(.positions)
        case "holdings" where own.isEmpty: return host.query(.holdings)
        case "funds" where own.isEmpty: return host.query(.funds)
        case "profile" where own.isEmpty: return host.query(.profile)
        case "instruments" where own.isEmpty: return host.query(.instruments)
        case "quote" where !host.hasVendorCall(operation):
            return host.query(.quotes, instruments: try instruments(intent))
        case "candles" where !host.hasVendorCall(operation):
            return host.query(
                .candles, instruments: [reader.instrument], from: try reader.time("from"), to: try reader.time("to"),
                intervalNanoseconds: try reader.interval())
        case "order_margin", "basket_margin":
            if host.hasVendorCall(operation) { break }
            var orders: [StoredOrder] = []
            for (index, item) in (intent["orders"]?.array ?? []).enumerated() {
                guard let item = item.object else { throw UnknownWord(place: "intent.orders[\(index)]", value: "") }
                orders.append(
                    try IntentReader(words: words, intent: item).order(
                        reference: ClientReference("kcaseref\(1000 + index)")))
            }
            return host.preview(orders)
        default: break
        }
        var arguments = JSONObject()
        let secrets = Set(host.declaredSecrets)
        let aside: Set = ["op", "credentials"]
        for (name, value) in intent where !aside.contains(name) && !secrets.contains(name) {
            _ = arguments.append(name, value)
        }
        return host.vendorCall(operation, JSONValue.object(arguments).serializedText())
    }

    /// An order that an intent names by its id alone is one of the recorded orders of its class.
    private func known(_ intent: JSONObject) -> IntentReader {
        var members = intent
        let names = ["instrument", "exchange", "symbol", "symbol_token"]
        if !names.contains(where: { intent[$0] != nil }) {
            let placed = folder.requests.filter { $0.operation == "place_order" }
            let alike = placed.first { $0.intent["order_class"] == intent["order_class"] } ?? placed.first
            for name in names {
                if let value = alike?.intent[name] { _ = members.append(name, value) }
            }
        }
        return IntentReader(words: words, intent: members)
    }

    private func instruments(_ intent: JSONObject) throws(UnknownWord) -> [StoredInstrument] {
        (intent["instruments"]?.array ?? []).compactMap(\.object).map {
            IntentReader(words: words, intent: $0).instrument
        }
    }
}

/// A recorded path with places for names: `/orders/{variety}/{order_id}`.
struct PathPattern {
    private let parts: [Substring]

    init(_ text: String) {
        parts = text.prefix { $0 != " " && $0 != "?" }.split(separator: "/", omittingEmptySubsequences: false)
    }

    func matches(_ path: String, or other: String) -> Bool { matches(path) || matches(other) }

    /// Whether the paths differ in nothing but parts with digits on both sides, as ids have.
    func isAlike(_ path: String) -> Bool {
        func isID(_ part: Substring) -> Bool { part.contains(where: \.isNumber) && part.count > 2 }
        let own = path.split(separator: "/", omittingEmptySubsequences: false)
        return own.count == parts.count && zip(parts, own).allSatisfy { $0 == $1 || isID($0) && isID($1) }
    }

    func matches(_ path: String) -> Bool {
        let own = path.split(separator: "/", omittingEmptySubsequences: false)
        guard own.count == parts.count else { return false }
        return zip(parts, own).allSatisfy { $0 == $1 || ($0.hasPrefix("{") && $0.hasSuffix("}") && !$1.isEmpty) }
    }
}
