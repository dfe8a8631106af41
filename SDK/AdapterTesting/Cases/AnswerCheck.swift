import AdapterKit
import Exact

/// Compares how a command ended with what the recorded answer means.
struct AnswerCheck {
    let completion: Completion
    let rows: Rows
    let answer: CaseFolder.AnswerCase
    var findings: [Finding] = []

    init(_ completion: Completion, _ rows: Rows, _ answer: CaseFolder.AnswerCase) {
        self.completion = completion
        self.rows = rows
        self.answer = answer
    }

    private mutating func expect(_ place: String, _ isRight: Bool, _ expected: String, _ found: String) {
        if !isRight { findings.append(Finding(place, expected: expected, found: found)) }
    }

    private var said: String {
        let error = completion.error
        return "\(completion.outcome)"
            + (error.map { " (\($0.code), \($0.text ?? $0.brokerText ?? "no words"))" } ?? "")
    }

    /// An error of the broker. `verdict`: what it means for an order that was being placed.
    mutating func error(verdict: String?) {
        switch verdict {
        case "not_placed":
            expect(
                "outcome", completion.outcome == .rejected || completion.outcome == .notSent,
                "rejected (the order was not placed)", said)
        case "unknown":
            expect("outcome", completion.outcome == .unknown, "unknown (the order may be live)", said)
        default:
            // Not of an order: whatever it is, it is no success of a mutation, and a read may take it for an empty list.
            if answer.record["retry"]?.string?.contains("empty list") == true { return }
            expect("outcome", completion.outcome != .ok && completion.outcome != .accepted, "no success", said)
        }
        if answer.record["retry"]?.string?.hasPrefix("only after a new login") == true {
            expect(
                "retry", completion.error?.retry == .afterLogin, "after a new login",
                completion.error?.retry.map { "\($0)" } ?? "no advice")
        }
    }

    /// An answer that means success, unless it says otherwise.
    mutating func success(operation: String) {
        guard (200...299).contains(answer.status) else {
            expect("outcome", completion.outcome != .ok && completion.outcome != .accepted, "no success", said)
            return
        }
        let wanted = answer.record["expect"]?.object
        let outcome = wanted?["outcome"]?.string
        if outcome == "rejected" {
            expect("outcome", completion.outcome == .rejected, "rejected", said)
            return
        }
        expect("outcome", completion.outcome == .ok || completion.outcome == .accepted, "success", said)
        guard completion.outcome == .ok || completion.outcome == .accepted else { return }
        if let id = wanted?["order_id"].map({ Comparison.text($0) }) ?? implied(operation) {
            expect(
                "order id", completion.identity?.brokerOrderID == id, id, completion.identity?.brokerOrderID ?? "none")
        }
        if let ids = (wanted?["order_ids"] ?? wanted?["accepted"])?.array?.map({ Comparison.text($0) }) {
            let live = completion.children.filter { $0.outcome == .accepted }.compactMap(\.identity.brokerOrderID)
            let found = live.isEmpty ? [completion.identity?.brokerOrderID].compactMap { $0 } : live
            expect("order ids", Set(found) == Set(ids), ids.joined(separator: ", "), found.joined(separator: ", "))
        }
        for (index, order) in (wanted?["orders"]?.array ?? []).compactMap(\.object).enumerated() {
            row(order, at: "orders[\(index)]")
        }
        // A vendor call answers with the broker's document, a query with rows.
        let hasContent = rows.count > 0 || completion.document != nil
        if wanted == nil { expect("rows", hasContent || !impliesRows(operation), "some", "none") }
    }

    /// The order id in the usual places of an answer to an order.
    private func implied(_ operation: String) -> String? {
        guard ["place_order", "modify_order", "cancel_order"].contains(operation),
            let document = try? JSONValue.parse(answer.body, limits: .large)
        else { return nil }
        for pointer in ["/data/order_id", "/data/orderid", "/order_id", "/orderId", "/id"] {
            if let value = document.value(at: pointer), !value.isNull { return Comparison.text(value) }
        }
        return nil
    }

    private func impliesRows(_ operation: String) -> Bool {
        let queries = ["list_orders", "order_history", "list_trades", "holdings", "funds", "profile", "instruments"]
        guard queries.contains(operation) else { return false }
        guard let document = try? JSONValue.parse(answer.body, limits: .large) else { return !answer.body.isEmpty }
        let data = document["data"] ?? document
        if let list = data.array { return !list.isEmpty }
        return !(data.object?.isEmpty ?? true)
    }

    /// One order of a list.
    private mutating func row(_ order: JSONObject, at place: String) {
        let id = order["order_id"].map { Comparison.text($0) }
        guard let found = rows.orders.last(where: { $0.identity.brokerOrderID == id }) else {
            findings.append(Finding(place, expected: id ?? "an order", found: "no such row"))
            return
        }
        findings += OrderCheck.findings(found, order, at: place)
    }
}

/// Compares a report of an order with recorded values.
enum OrderCheck {
    static func findings(_ found: OrderUpdate, _ wanted: JSONObject, at place: String) -> [Finding] {
        var findings: [Finding] = []
        func number(_ name: String, _ value: ExactDecimal?) {
            guard let expected = wanted[name]?.decimalOrText else { return }
            if value != expected, !(value == nil && expected.isZero) {
                findings.append(
                    Finding(
                        "\(place).\(name)", expected: expected.description, found: value?.description ?? "absent"))
            }
        }
        number("cumulative_quantity", found.cumulativeQuantity)
        number("leaves_quantity", found.leavesQuantity)
        number("average_price", found.averagePrice)
        if let order = found.order { number("order_quantity", order.quantity) }
        if let word = wanted["ord_status"]?.string, let state = CaseWords.states[word], state != found.state {
            findings.append(Finding("\(place).ord_status", expected: word, found: "\(found.state)"))
        }
        if let tag = wanted["client_tag"]?.string, found.identity.clientReference?.description != tag {
            findings.append(
                Finding(
                    "\(place).client_tag", expected: tag,
                    found: found.identity.clientReference?.description ?? "absent"))
        }
        return findings
    }
}
