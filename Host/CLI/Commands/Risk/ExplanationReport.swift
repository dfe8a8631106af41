import Exact

/// An explanation as people read it: for each leg a row a control, and one sentence that says what came of it and why.
enum ExplanationReport {
    static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        let run = answer.text("run_id")
        var facts = [style(.bold, run.isEmpty ? "candidate" : "run \(run)")]
        facts.append("limits version \(answer.text("config_version"))")
        let time = answer.text("as_of")
        if !time.isEmpty { facts.append("as of \(Units.time(time, now: now))") }
        var lines = [facts.joined(separator: "  ")]
        for note in answer["notes"]?.array ?? [] {
            if let text = note.string { lines += marked("note: ", text.displayable, style) }
        }
        let legs = answer["legs"]?.array ?? []
        if legs.isEmpty { lines.append("no legs") }
        for leg in legs { lines += [""] + self.leg(leg, style) }
        return lines
    }

    private static func leg(_ leg: JSONValue, _ style: Style) -> [String] {
        let verdict = leg.text("verdict")
        let name = [leg.text("leg_id"), leg.text("account_id")].filter { !$0.isEmpty }.joined(separator: " ")
        var lines = [
            "\(style(.bold, name))  \(leg.text("side")) \(leg.text("quantity"))  "
                + style(Style.tone(ofStatus: verdict), verdict)
        ]
        let controls = leg["controls"]?.array ?? []
        lines += table(controls, of: leg.text("account_id")).lines(style)
        // A control that let the order pass has nothing to say.
        for control in controls where ["ALERT", "OVERRIDDEN", "CLIP", "HOLD"].contains(control.text("verdict")) {
            let text = control.text("message")
            if !text.isEmpty { lines += marked("\(control.text("control")): ", text, style) }
        }
        if let recorded = leg["recorded"], !recorded.isNull {
            lines += marked("recorded then: ", RunReport.numbers(recorded, .plain), style)
        }
        return lines + marked("", sentence(leg), style)
    }

    private static func table(_ controls: [JSONValue], of account: String) -> Table {
        var table = Table([
            .text("CONTROL"), .text("VERDICT"), .number("LIMIT").optional, .number("OBSERVED").optional,
            .number("PROJECTED").optional, .text("UNIT").optional, .number("AGE").optional, .sentence("SCOPE"),
        ])
        // That a leg's own account is looked at goes without saying.
        let own = ["account", "account:\(account)"]
        for control in controls {
            let verdict = control.text("verdict")
            let isReached = verdict != "NOT_REACHED"
            table.append([
                Table.Cell(control.text("control"), isReached ? .plain : .dim), .status(verdict),
                Table.Cell(control.text("limit")), Table.Cell(control.text("observed")),
                Table.Cell(control.text("projected")), Table.Cell(control.text("unit")),
                Table.Cell(oldest(control).map { Units.age(milliseconds: $0.age) } ?? ""),
                Table.Cell(isReached && !own.contains(control.text("scope")) ? control.text("scope") : ""),
            ])
        }
        return table
    }

    /// The input of a control that is oldest.
    private static func oldest(_ control: JSONValue) -> (name: String, age: Int64)? {
        let ages = (control["input_ages_ms"]?.object ?? [:]).compactMap { name, value in
            value.int64.map { (name: name.displayable, age: $0) }
        }
        return ages.max { $0.age < $1.age }
    }

    /// What came of the leg, and by which control, with its numbers.
    static func sentence(_ leg: JSONValue) -> String {
        let subject =
            "\(leg.text("account_id")): the \(leg.text("side") == "SELL" ? "sale" : "purchase") of "
            + leg.text("quantity")
        let controls = leg["controls"]?.array ?? []
        func first(_ verdict: String) -> JSONValue? { controls.first { $0.text("verdict") == verdict } }
        switch leg.text("verdict") {
        case "REFUSED":
            guard let control = first("REFUSED") else {
                return "\(subject) is refused, though none of its own controls refuses it."
            }
            return "\(subject) is refused by \(because(control))."
        case "CLIP":
            let end = "is cut to \(leg.text("ordered_quantity"))"
            return first("CLIP").map { "\(subject) \(end) by \(because($0))." } ?? "\(subject) \(end)."
        case "HOLD":
            return first("HOLD").map { "\(subject) waits for \(because($0))." } ?? "\(subject) waits."
        default:
            let used = controls.filter { $0.text("verdict") == "OVERRIDDEN" }.map { $0.text("control") }
            return used.isEmpty
                ? "\(subject) passes every control."
                : "\(subject) passes, by an override of \(used.joined(separator: ", "))."
        }
    }

    /// `max-position (account): the position would exceed the limit; limit 150, observed 110, projected 160 quantity`
    private static func because(_ control: JSONValue) -> String {
        let scope = control.text("scope")
        let unit = control.text("unit")
        let numbers = ["limit", "observed", "projected"].compactMap { name in
            let text = control.text(name)
            return text.isEmpty ? nil : "\(name) \(text)"
        }
        var parts = [control.text("message")]
        if !numbers.isEmpty { parts.append(numbers.joined(separator: ", ") + (unit.isEmpty ? "" : " \(unit)")) }
        if let input = oldest(control) { parts.append("\(input.name) \(Units.age(milliseconds: input.age)) old") }
        let reasons = parts.filter { !$0.isEmpty }
        return control.text("control") + (scope.isEmpty ? "" : " (\(scope))")
            + (reasons.isEmpty ? "" : ": " + reasons.joined(separator: "; "))
    }

    /// A sentence of any length, on a terminal in lines of its width that hang below its first word.
    private static func marked(_ mark: String, _ text: String, _ style: Style) -> [String] {
        guard let width = style.width else { return [mark + text] }
        return text.wrapped(to: max(20, width - mark.count)).enumerated().map { index, line in
            index == 0 ? style(.bold, mark) + line : String(repeating: " ", count: mark.count) + line
        }
    }
}
