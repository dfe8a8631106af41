import Exact

/// A run, a preview or an order as people read it: what was asked, one row a leg, and every refusal with its numbers.
enum RunReport {
    static func lines(_ run: JSONValue, _ style: Style, now: String) -> [String] {
        guard run["legs"] != nil else { return Outline.lines(run, style) }
        var lines = header(run, style, now: now)
        lines += [""] + legs(run).lines(style)
        let refusals = refusals(run, style)
        if !refusals.isEmpty { lines += [""] + refusals }
        return lines
    }

    // MARK: What was asked

    private static func header(_ run: JSONValue, _ style: Style, now: String) -> [String] {
        let status = run.text("status")
        let id = run.text("run_id")
        var lines = [
            [
                style(.bold, id.isEmpty ? "preview" : "run \(id)"), style(Style.tone(ofStatus: status), status),
                Units.time(run.text("created_at"), now: now),
            ].filter { !$0.isEmpty }.joined(separator: "  ")
        ]
        let asked = run.text("requested_quantity")
        var order = [run.text("side"), asked, run.text("symbol"), run.text("order_type")]
        if !run.text("price").isEmpty { order.append("at \(run.text("price"))") }
        var facts = [order.filter { !$0.isEmpty }.joined(separator: " ")]
        if !run.text("group_id").isEmpty {
            facts.append("group \(run.text("group_id"))" + prefixed(" version ", run.text("group_version")))
        }
        if !run.text("rms_version").isEmpty { facts.append("limits version \(run.text("rms_version"))") }
        if !run.text("strategy").isEmpty { facts.append("strategy \(run.text("strategy"))") }
        if !run.text("tag").isEmpty { facts.append("tag \(run.text("tag"))") }
        lines.append("  " + facts.joined(separator: " · "))
        let unallocated = run.text("unallocated_quantity")
        if !unallocated.isEmpty, run["unallocated_quantity"]?.decimalOrText?.isZero == false {
            lines.append(style(.warning, "  not allocated: \(unallocated)"))
        }
        for left in run["left_out"]?.array ?? [] {
            lines.append(style(.dim, "  left out: \(left.text("account_id")) (\(left.text("reason")))"))
        }
        let stages = [
            ("admitted", "admitted"), ("durable", "durable"), ("last_dispatched", "last dispatched"), ("done", "done"),
        ]
        .compactMap { key, name in
            run["latency_us"]?[key].flatMap { $0.isNull ? nil : "\(name) \(Units.latency($0))" }
        }
        if !stages.isEmpty { lines.append("  since received: " + stages.joined(separator: " · ")) }
        return lines
    }

    private static func prefixed(_ prefix: String, _ text: String) -> String { text.isEmpty ? "" : prefix + text }

    // MARK: The legs

    /// Whether legs name instruments of their own: one parent may be of another at each account.
    static func hasSymbols(_ run: JSONValue, _ legs: [JSONValue]) -> Bool {
        legs.contains { !["", run.text("symbol")].contains($0.text("symbol")) }
    }

    private static func legs(_ run: JSONValue) -> Table {
        let isPreview = run.text("status") == "PREVIEW"
        let legs = run["legs"]?.array ?? []
        let sides = Set(legs.map { $0.text("side") })
        let hasSymbols = Self.hasSymbols(run, legs)
        var columns: [Table.Column] = [.text("ACCOUNT"), .text("STATUS")]
        if hasSymbols { columns.append(.text("SYMBOL")) }
        if sides.count > 1 { columns.append(.text("SIDE")) }
        columns += [.number(isPreview ? "SHARE" : "QUANTITY")]
        if isPreview { columns += [.number("WEIGHT").optional, .number("PRICE").optional] }
        if !isPreview {
            columns += [.number("FILLED"), .number("AVG PRICE").optional]
            columns += stages.map { .number($0.title).optional }
        }
        var table = Table(columns)
        for leg in legs {
            var row: [Table.Cell] = [Table.Cell(leg.text("account_id"), .bold), .status(leg.text("status"))]
            if hasSymbols { row.append(Table.Cell(leg.text("symbol"))) }
            if sides.count > 1 { row.append(Table.Cell(leg.text("side"))) }
            row.append(Table.Cell(isPreview ? leg.text("allocated_quantity") : quantity(of: leg)))
            if isPreview {
                row += [Table.Cell(leg.text("weight")), Table.Cell(leg.text("price"))]
            } else {
                row += [Table.Cell(leg.text("cumulative_quantity")), Table.Cell(leg.text("average_price"))]
                row += stages.map { stage in
                    let value = leg["latency_us"]?[stage.key]
                    return Table.Cell(value.map { $0.isNull ? "" : Units.latency($0) } ?? "")
                }
            }
            table.append(row)
        }
        return table
    }

    /// What was ordered of a leg; its share where nothing was.
    static func quantity(of leg: JSONValue) -> String {
        leg["ordered_quantity"]?.decimalOrText?.isZero == false
            ? leg.text("ordered_quantity") : leg.text("allocated_quantity")
    }

    /// The stages that fit beside the leg in 120 columns; `--json` has all ten.
    private static let stages = [
        (key: "durable", title: "DURABLE"), (key: "dispatched", title: "SENT"), (key: "acked", title: "ACKED"),
        (key: "first_fill", title: "FILL"), (key: "done", title: "DONE"),
    ]

    // MARK: The refusals

    /// One entry a leg that was not taken, with the numbers that prove it.
    static func refusals(_ run: JSONValue, _ style: Style) -> [String] {
        (run["legs"]?.array ?? []).flatMap { leg -> [String] in
            guard let reject = leg["reject"], !reject.isNull else { return [] }
            return refusal(reject, of: leg.text("account_id"), order: leg.text("leg_id"), style)
        }
    }

    /// `P5 refused: notional_limits (account:P5): limit 15000, observed 0, projected 16972.85 USD`, and why in words.
    ///
    /// - Parameter order: the order's id, for what can be done about it.
    static func refusal(_ reject: JSONValue, of account: String, order: String = "", _ style: Style) -> [String] {
        let code = reject.text("code")
        var lines = ["\(style(.bold, account)) \(verb(code)): \(numbers(reject, style))"]
        let (message, brokerCode, said) = (
            reject.text("message"), reject.text("broker.code"), reject.text("broker.text")
        )
        if said == message, !message.isEmpty {
            lines.append("  " + [brokerCode, message].filter { !$0.isEmpty }.joined(separator: ": "))
        } else {
            if !message.isEmpty { lines.append("  \(message)") }
            let broker = [brokerCode, said].filter { !$0.isEmpty }
            if !broker.isEmpty { lines.append("  the broker says: \(broker.joined(separator: ": "))") }
        }
        if code == "unknown_outcome" {
            lines.append(
                "  it is being looked up; where its broker cannot tell: sluice orders resolve \(order) --outcome ... --reason ..."
            )
        }
        return lines
    }

    /// An order that may be at its broker is not called refused.
    private static func verb(_ code: String) -> String {
        switch code {
        case "unknown_outcome": "may be at the broker"
        case "not_sent": "not sent"
        case "broker_rejected": "rejected"
        case "broker_message": "remark"
        case "canceled_locally", "deadline": "withdrawn"
        default: "refused"
        }
    }

    /// `notional_limits (account:P5): limit 15000, observed 0, projected 16972.85 USD`
    static func numbers(_ reject: JSONValue, _ style: Style) -> String {
        let numbers = ["limit", "observed", "projected"].compactMap { name in
            let text = reject.text(name)
            return text.isEmpty ? nil : "\(name) \(text)"
        }
        let (scope, unit) = (reject.text("scope"), reject.text("unit"))
        return style(.bad, reject.text("code")) + (scope.isEmpty ? "" : " (\(scope))")
            + (numbers.isEmpty ? "" : ": " + numbers.joined(separator: ", ") + (unit.isEmpty ? "" : " \(unit)"))
    }

    // MARK: Many runs

    static func table(_ runs: [JSONValue], now: String) -> Table {
        var table = Table([
            .text("RUN"), .text("TIME"), .text("GROUP").optional, .text("SIDE"), .text("SYMBOL"), .number("QUANTITY"),
            .number("FILLED").optional, .text("STATUS"), .number("LEGS").optional, .number("DURABLE").optional,
            .number("DONE").optional,
        ])
        for run in runs {
            let legs = run["legs"]?.array
            let latency = run["latency_us"]
            table.append([
                Table.Cell(run.text("run_id"), .bold), Table.Cell(Units.time(run.text("created_at"), now: now)),
                Table.Cell(run.text("group_id")), Table.Cell(run.text("side")), Table.Cell(run.text("symbol")),
                Table.Cell(run.text("requested_quantity")), Table.Cell(filled(run)), .status(run.text("status")),
                Table.Cell(legs.map { String($0.count) } ?? ""),
                Table.Cell(latency?["durable"].map { Units.latency($0) } ?? ""),
                Table.Cell(latency?["done"].map { Units.latency($0) } ?? ""),
            ])
        }
        return table
    }

    /// What all legs have filled together; empty when the run does not say.
    static func filled(_ run: JSONValue) -> String {
        let stated = run.text("cumulative_quantity")
        guard stated.isEmpty, let legs = run["legs"]?.array else { return stated }
        var sum = ExactDecimal.zero
        for leg in legs {
            guard let quantity = leg["cumulative_quantity"]?.decimalOrText, let next = sum.adding(quantity) else {
                return ""
            }
            sum = next
        }
        return sum.description
    }

    /// Whether nothing more happens to a run by itself.
    static func hasEnded(_ status: String) -> Bool {
        ["DONE", "PARTIAL", "REFUSED", "CANCELED"].contains(status)
    }
}
