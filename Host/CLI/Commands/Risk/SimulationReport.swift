import Exact

/// What a simulation found: totals, then by control, then each leg that would have ended otherwise.
enum SimulationReport {
    static func lines(_ answer: JSONValue, _ style: Style, subject: String) -> [String] {
        var lines = [
            "\(style(.bold, subject)) on \(answer.text("legs")) legs of \(answer.text("runs")) runs, instead of version "
                + answer.text("from_version"),
            "  "
                + [
                    ("refused", "would be refused", Style.Tone.bad), ("clipped", "would be clipped", .warning),
                    ("newly_admitted", "would newly pass", .warning), ("unchanged", "unchanged", .plain),
                ].map { name, words, tone in
                    let isNone = answer[name]?.int64 == 0
                    return style(isNone ? .plain : tone, "\(answer.text(name)) \(words)")
                }.joined(separator: " · "),
        ]
        lines += notes(answer, style)
        var controls = Table([.text("CONTROL"), .number("REFUSED"), .number("CLIPPED")])
        for row in answer["by_control"]?.array ?? [] {
            controls.append([
                Table.Cell(row.text("control"), .bold), Table.Cell(row.text("refused")),
                Table.Cell(row.text("clipped")),
            ])
        }
        if !controls.isEmpty { lines += [""] + controls.lines(style) }
        let differences = answer["differences"]?.array ?? []
        if !differences.isEmpty { lines += [""] + table(differences).lines(style) }
        if answer["is_truncated"] == true {
            lines.append(style(.warning, "not all of them are shown: narrow it with --from, --to or --group"))
        }
        return lines
    }

    private static func table(_ differences: [JSONValue]) -> Table {
        var table = Table([
            .text("LEG"), .text("ACCOUNT"), .text("SYMBOL"), .text("WAS").optional, .sentence("WOULD BE"),
            .number("QUANTITY"), .number("LIMIT").optional, .number("PROJECTED").optional, .text("UNIT").optional,
        ])
        // Nearly always all of them were admitted, which need not be said of each.
        let isTold = differences.contains { $0.text("before") != "ADMITTED" }
        for leg in differences {
            let (before, after) = (leg.text("before_quantity"), leg.text("after_quantity"))
            table.append([
                Table.Cell(leg.text("leg_id"), .bold), Table.Cell(leg.text("account_id")),
                Table.Cell(leg.text("symbol")), Table.Cell(isTold ? leg.text("before") : ""),
                Table.Cell(leg.text("after"), leg.text("after").hasPrefix("REFUSED") ? .bad : .plain),
                Table.Cell(before == after ? before : "\(before) -> \(after)"), Table.Cell(leg.text("limit")),
                Table.Cell(leg.text("projected")), Table.Cell(leg.text("unit")),
            ])
        }
        return table
    }

    /// A story's steps: what each was, what it expected, and what came.
    static func scenario(_ answer: JSONValue, _ style: Style) -> [String] {
        let steps = answer["steps"]?.array ?? []
        var table = Table([
            .number("STEP"), .text("ACTION"), .text("CAME"), .text("EXPECTED").optional, .text("").optional,
            .sentence("MESSAGE"),
        ])
        var (checked, failed) = (0, 0)
        for step in steps {
            let isExpected = step["is_expected"]?.bool
            if isExpected != nil { checked += 1 }
            if isExpected == false { failed += 1 }
            let mark: Table.Cell = isExpected.map { $0 ? Table.Cell("ok", .good) : Table.Cell("NOT SO", .bad) } ?? ""
            table.append([
                Table.Cell(step.text("step")), Table.Cell(step.text("action"), .bold),
                Table.Cell(result(step["run"] ?? .null)), Table.Cell(step.text("expect")), mark,
                Table.Cell(step.text("message")),
            ])
        }
        var lines = table.isEmpty ? ["no steps"] : table.lines(style)
        for step in steps where step["is_expected"] == false {
            let refusals = step["run"].map { RunReport.refusals($0, style) } ?? []
            if !refusals.isEmpty { lines += ["", "step \(step.text("step"))"] + refusals.map { "  \($0)" } }
        }
        lines += notes(answer, style)
        let end =
            failed == 0
            ? (checked == 0 ? "the story expects nothing" : style(.good, "all \(checked) expectations hold"))
            : style(.bad, "\(failed) of \(checked) expectations do not hold")
        return lines + ["", end]
    }

    /// `PASS`, or what its legs were refused by: `REFUSED max_position, notional_limits`.
    private static func result(_ run: JSONValue) -> String {
        guard !run.isNull else { return "" }
        var codes: [String] = []
        for leg in run["legs"]?.array ?? [] {
            let code = leg.text("reject.code")
            if !code.isEmpty, !codes.contains(code) { codes.append(code) }
        }
        let words = Set((run["legs"]?.array ?? []).map { $0.text("status") })
        guard !codes.isEmpty else { return words.count == 1 ? words.first ?? "" : run.text("status") }
        return (words.count == 1 ? "REFUSED " : "partly REFUSED ") + codes.joined(separator: ", ")
    }

    private static func notes(_ answer: JSONValue, _ style: Style) -> [String] {
        (answer["notes"]?.array ?? []).compactMap { $0.string }.map { style(.dim, "  note: \($0.displayable)") }
    }
}
