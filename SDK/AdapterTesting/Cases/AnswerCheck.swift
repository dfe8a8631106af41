import AdapterKit
import Exact

/// Compares how a command ended with what the recorded answer means: its outcome, its verdict on an order, the advice to
/// repeat, and every member of `expect`.
struct AnswerCheck {
    let stage: CaseStage
    let sent: Sent
    let answer: CaseFolder.AnswerCase
    let operation: String
    /// Whether the recorded request changes something at the broker.
    let isMutation: Bool
    /// `nil`: the command waits (for a person's answer).
    let completion: Completion?
    var findings: [Finding] = []
    var uncompared: [String] = []

    init(
        _ stage: CaseStage, _ sent: Sent, _ answer: CaseFolder.AnswerCase, operation: String, isMutation: Bool
    ) {
        (self.stage, self.sent, self.answer) = (stage, sent, answer)
        (self.operation, self.isMutation) = (operation, isMutation)
        completion = stage.host.completion(of: sent)
    }

    var rows: Rows { stage.host.rows[sent.token] ?? Rows() }
    var question: AskedQuestion? { stage.host.questions.last { $0.token == sent.token } }

    mutating func expect(_ place: String, _ isRight: Bool, _ expected: String, _ found: String) {
        if !isRight { findings.append(Finding(place, expected: expected, found: found)) }
    }

    var said: String {
        guard let completion else { return question.map { "asked: \($0.text)" } ?? "nothing yet" }
        let error = completion.error
        return "\(completion.outcome)"
            + (error.map { " (\($0.code), \($0.text ?? $0.brokerText ?? "no words"))" } ?? "")
    }

    var isSuccess: Bool { completion?.outcome == .ok || completion?.outcome == .accepted }

    /// Compares everything. `isError`: the answer stands among the failures, where a verdict must be given.
    mutating func run(isError: Bool) {
        let outcome = answer.expect?["outcome"]
        guard completion != nil || (outcome?.string.map { CaseWords.waiting.contains($0) } ?? false) else {
            return expect("completion", false, "one", stage.said(sent, since: 0))
        }
        if let verdict = answer.verdict {
            judge(verdict)
        } else if isError, outcome == nil {
            expect(
                "for_order_placement", false, "one of \(CaseWords.verdicts.sorted().joined(separator: ", "))",
                "absent: the recording does not say what the failure means")
        } else if outcome == nil, (answer.expect?.isEmpty ?? true) || !isSuccess {
            judgeByStatus()
        }
        if let wanted = answer.expect {
            var expectation = Expectation(wanted, at: "expect")
            compare(&expectation)
            expectation.finish()
            findings += expectation.findings
            uncompared += expectation.uncompared
        }
        if isSuccess, (200...299).contains(answer.status) { implied() }
        if let retry = answer.retry { judge(retry: retry) }
    }

    /// Without a word of what it means, an answer succeeds by its status.
    private mutating func judgeByStatus() {
        if (200...299).contains(answer.status) {
            expect("outcome", isSuccess, "success", said)
        } else {
            expect("outcome", !isSuccess, "no success", said)
        }
    }

    /// What an answer means for an order that was being placed.
    private mutating func judge(_ verdict: String) {
        guard CaseWords.verdicts.contains(verdict) else {
            return expect(
                "for_order_placement", false, "one of \(CaseWords.verdicts.sorted().joined(separator: ", "))",
                "recorded as \(verdict)")
        }
        guard isMutation, verdict != "not_applicable" else {
            // Not of an order: it is no success, unless it is an empty list in disguise.
            if CaseWords.isEmptyList(answer.retry) || (200...299).contains(answer.status) { return }
            return expect("outcome", !isSuccess, "no success", said)
        }
        switch verdict {
        case "not_placed":
            let isRight = completion?.outcome == .rejected || completion?.outcome == .notSent
            expect("outcome", isRight, "rejected (the order was not placed)", said)
        case "unknown": expect("outcome", completion?.outcome == .unknown, "unknown (the order may be live)", said)
        case "partly placed": expect("outcome", isPartial, "some orders accepted and some not", said)
        default: expect("outcome", isSuccess, "success (the order was placed)", said)
        }
    }

    var isPartial: Bool {
        guard let children = completion?.children else { return false }
        let accepted = children.count { $0.outcome == .accepted || $0.outcome == .ok }
        return accepted > 0 && accepted < children.count
    }

    /// `outcome` of `expect`.
    mutating func judge(outcome value: JSONValue) {
        guard let word = value.string, CaseWords.outcomes.contains(word) else {
            return expect(
                "expect.outcome", false, "one of \(CaseWords.outcomes.sorted().joined(separator: ", "))",
                "recorded as \(Comparison.text(value))")
        }
        let outcome = completion?.outcome
        let isRight: Bool
        switch word {
        case "ok", "success": isRight = isSuccess
        case "accepted": isRight = isSuccess && (completion?.children.allSatisfy { $0.outcome == .accepted } ?? true)
        case "working":
            let live: [OrderState] = [.open, .triggerPending, .partiallyFilled]
            isRight = isSuccess && (completion?.orderState.map { live.contains($0) } ?? true)
        case "rejected", "not_processed": isRight = outcome == .rejected
        case "not_sent": isRight = outcome == .notSent
        case "unknown", "queued": isRight = outcome == .unknown
        case "found": isRight = outcome == .found || outcome == .ok
        case "partial": isRight = isPartial
        case "nothing_to_do": isRight = isSuccess || outcome == .rejected
        case "cancel_pending": isRight = isSuccess && completion?.orderState ?? .pendingCancel == .pendingCancel
        case "duplicate_client_order_id": isRight = completion?.error?.code == .duplicate
        default: isRight = question != nil  // question, prompt
        }
        expect("outcome", isRight, word, said)
    }

    /// Advice to repeat or not. The recordings' own sentences are known by their beginnings.
    private mutating func judge(retry: String) {
        guard let advice = CaseWords.advice(retry) else {
            return expect(
                "retry", false,
                "a sentence that begins with \(CaseWords.advices.map(\.beginning).joined(separator: ", "))",
                "recorded as \(retry)")
        }
        if CaseWords.isEmptyList(retry), isSuccess { return }
        let found = completion?.error?.retry
        expect("retry", advice.allows(found), retry, found.map { "\($0)" } ?? "no advice")
    }

    /// What a success says although the recording does not.
    private mutating func implied() {
        if answer.expect?["order_id"] == nil, let id = impliedOrder {
            expect(
                "order id", completion?.identity?.brokerOrderID == id, id, completion?.identity?.brokerOrderID ?? "none"
            )
        }
        // A vendor call answers with the broker's document, a query with rows.
        let hasContent = rows.count > 0 || completion?.document != nil
        if answer.expect == nil { expect("rows", hasContent || !impliesRows, "some", "none") }
    }

    /// The order id in the usual places of an answer to an order.
    private var impliedOrder: String? {
        guard ["place_order", "modify_order", "cancel_order"].contains(operation), completion?.children.isEmpty ?? true,
            let document = try? JSONValue.parse(answer.body, limits: .large)
        else { return nil }
        for pointer in ["/data/order_id", "/data/orderid", "/order_id", "/orderId", "/id"] {
            if let value = document.value(at: pointer), !value.isNull { return Comparison.text(value) }
        }
        return nil
    }

    private var impliesRows: Bool {
        let queries = [
            "list_orders", "order_history", "order_details", "list_trades", "positions", "holdings", "funds", "profile",
            "instruments", "quote",
        ]
        guard queries.contains(operation) else { return false }
        guard let document = try? JSONValue.parse(answer.body, limits: .large) else { return !answer.body.isEmpty }
        let data = document["data"] ?? document
        if let list = data.array { return !list.isEmpty }
        return !(data.object?.isEmpty ?? true)
    }
}
