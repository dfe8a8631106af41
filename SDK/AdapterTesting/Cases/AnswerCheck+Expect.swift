import AdapterKit
import Exact

extension AnswerCheck {
    /// Every member of `expect` that has a value of the contract.
    mutating func compare(_ wanted: inout Expectation) {
        if let outcome = wanted.take("outcome") { judge(outcome: outcome) }
        guard let completion else {
            wanted.text("text", is: question?.text.trimmed)
            wanted.text("reply_id", is: question?.id)
            wanted.noPlace(["message_ids", "options", "req_id", "order_id"])
            return
        }
        results(completion, &wanted)
        if rows.count == 0, let text = completion.document, let document = try? JSONValue.parse(text, limits: .large) {
            return DocumentCheck(document).compare(&wanted)
        }
        wanted.text("order_id", is: completion.identity?.brokerOrderID)
        wanted.text("client_tag", "client_order_id", is: completion.identity?.clientReference?.description)
        wanted.word("ord_status", of: CaseWords.states, is: completion.orderState)
        wanted.text("text", "reason", is: completion.error.flatMap { $0.brokerText ?? $0.text })
        wanted.noPlace(["queue_id", "order_status", "missing_legs", "message_ids", "error", "warnings", "action"])
        session(&wanted)
        lists(&wanted)
        figures(&wanted)
    }

    /// The orders that one command made.
    private func results(_ completion: Completion, _ wanted: inout Expectation) {
        let live = completion.children.filter { $0.outcome == .accepted }.compactMap(\.identity.brokerOrderID)
        let own = [completion.identity?.brokerOrderID].compactMap { $0 }
        for name in ["order_ids", "accepted"] {
            guard let ids = wanted.take(name)?.array?.map({ Comparison.text($0) }) else { continue }
            let found = live.isEmpty ? own : live
            if found.sorted() != ids.sorted() {
                wanted.fail(name, expected: ids.joined(separator: ", "), found: found.joined(separator: ", "))
            }
        }
        for name in ["results", "rows"] where wanted.object[name]?.array != nil && rows.count == 0 {
            guard completion.document == nil else { continue }
            children(completion, name, wanted.take(name)?.array ?? [], &wanted)
        }
        for (place, item) in (wanted.take("rejected")?.array ?? []).compactMap(\.object).enumerated() {
            var refused = Expectation(item, at: "expect.rejected[\(place)]")
            let index = refused.take("index")?.int64.flatMap { Int(exactly: $0) } ?? place
            let child = completion.children.indices.contains(index) ? completion.children[index] : nil
            if child?.outcome != .rejected {
                refused.fail("outcome", expected: "rejected", found: child.map { "\($0.outcome)" } ?? "no such order")
            }
            refused.text("code", is: child?.error?.brokerCode)
            refused.text("order_id", is: child?.identity.brokerOrderID)
            refused.finish()
            wanted.add(refused)
        }
    }

    private func children(_ completion: Completion, _ name: String, _ items: [JSONValue], _ wanted: inout Expectation) {
        let children = completion.children
        let isOne = children.isEmpty && items.count == 1
        if !isOne, items.count != children.count {
            wanted.fail(name, expected: "\(items.count)", found: "\(children.count)")
        }
        for (place, item) in items.compactMap(\.object).enumerated() {
            var one = Expectation(item, at: "expect.\(name)[\(place)]")
            let index = one.take("index")?.int64.flatMap { Int(exactly: $0) } ?? place
            let child = children.indices.contains(index) ? children[index] : nil
            let outcome = child?.outcome ?? (isOne ? completion.outcome : nil)
            one.word(
                "outcome",
                of: ["accepted": .accepted, "rejected": .rejected, "unknown": .unknown] as [String: Outcome],
                is: outcome == .ok ? .accepted : outcome)
            one.text(
                "order_id", is: child?.identity.brokerOrderID ?? (isOne ? completion.identity?.brokerOrderID : nil))
            one.text("code", is: child?.error?.brokerCode ?? (isOne ? completion.error?.brokerCode : nil))
            one.noPlace(["role"])
            one.finish()
            wanted.add(one)
        }
    }

    /// What a login says.
    private func session(_ wanted: inout Expectation) {
        let host = stage.host
        for name in ["access_token", "session_token", "refresh_token"] where wanted.has(name) {
            wanted.text(name, is: host.secret(name))
        }
        wanted.word("state", of: CaseWords.sessions, is: host.state)
        wanted.time("expires_ist", "token_valid_until_ist", is: host.states.last?.expiresAt)
        guard let profile = rows.profiles.first else { return }
        wanted.text("client_id", "account_id", "selected", is: profile.accountID)
        wanted.text("name", is: profile.name)
        wanted.text("currency", is: profile.currency)
        wanted.noPlace(["data_plan", "paper"])
    }

    private func lists(_ wanted: inout Expectation) {
        let check = RowCheck(stage: stage)
        if wanted.has("orders") { check.orders(rows.orders, &wanted) }
        if wanted.has("trades") { check.trades(rows.trades, &wanted) }
        if wanted.has("positions") { check.positions(rows.positions, &wanted) }
        if wanted.has("holdings") { check.holdings(rows.holdings, &wanted) }
        if wanted.has("quotes") { check.quotes(rows.quotes, &wanted) }
        if wanted.has("candles") { check.candles(rows.candles, &wanted) }
    }

    /// Members that stand beside lists: funds, margins, one quote, one order.
    private func figures(_ wanted: inout Expectation) {
        let check = RowCheck(stage: stage)
        if let funds = check.funds(rows.funds, wanted) {
            check.compare(funds, &wanted)
        } else if !rows.margins.isEmpty {
            check.margins(rows.margins, &wanted)
        } else if rows.quotes.count == 1 {
            check.compare(rows.quotes[0], &wanted)
        } else if rows.orders.count == 1, !wanted.has("orders") {
            check.compare(rows.orders[0], &wanted)
        }
        // Quotes by the broker's own number.
        for name in wanted.object.keys where UInt64(name) != nil {
            guard let object = wanted.take(name)?.object else { continue }
            var one = Expectation(object, at: "expect.\(name)")
            if let row = rows.quotes.first(where: { check.isNamed([name], id: $0.instrumentID, uid: $0.instrument) }) {
                check.compare(row, &one)
            } else {
                one.fail("", expected: name, found: "no such row")
            }
            one.finish()
            wanted.add(one)
        }
    }
}

extension String {
    /// Without blanks at its ends.
    var trimmed: String {
        var text = self[...]
        while text.first?.isWhitespace ?? false { text.removeFirst() }
        while text.last?.isWhitespace ?? false { text.removeLast() }
        return String(text)
    }
}
