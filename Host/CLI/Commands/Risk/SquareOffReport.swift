import Exact

/// Square-offs as people read them.
enum SquareOffReport {
    /// Whether nothing more happens to it by itself.
    static func hasEnded(_ status: String) -> Bool { ["DONE", "BLOCKED", "CANCELED"].contains(status) }

    /// One, with its positions.
    static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        let status = answer.text("status")
        var facts = [
            style(.bold, "square-off \(answer.text("square_off_id"))"), answer.text("scope"),
            style(Style.tone(ofStatus: status), status), Units.time(answer.text("at"), now: now),
        ]
        let (person, reason) = (answer.text("by"), answer.text("reason"))
        if !person.isEmpty { facts.append("by \(person)" + (reason.isEmpty ? "" : ": \(reason)")) }
        let done = answer.text("done_at")
        if !done.isEmpty { facts.append("ended \(Units.time(done, now: now))") }
        let header = facts.filter { !$0.isEmpty }.joined(separator: "  ")
        let positions = answer["positions"]?.array ?? []
        guard !positions.isEmpty else {
            return [header, hasEnded(status) ? "nothing to close" : "what there is to close is being worked out"]
        }
        var table = Table([
            .text("ACCOUNT"), .text("SYMBOL"), .number("HELD"), .text("STATUS"), .text("RUN").optional,
            .sentence("MESSAGE"),
        ])
        for row in positions {
            table.append([
                Table.Cell(row.text("account_id"), .bold), Table.Cell(row.text("symbol")),
                Table.Cell(row.text("quantity")), .status(row.text("status")), Table.Cell(row.text("run_id")),
                Table.Cell(row.text("message")),
            ])
        }
        return [header] + table.lines(style)
    }

    /// What has become different since `old`, a line each.
    static func changes(from old: JSONValue, to new: JSONValue, _ style: Style, now: String) -> [String] {
        let time = style(.dim, Units.time(now, now: now))
        let before = old["positions"]?.array ?? []
        var lines = (new["positions"]?.array ?? []).filter { !before.contains($0) }.map { row in
            let (status, message) = (row.text("status"), row.text("message"))
            return
                "\(time)  \(style(.bold, row.text("account_id")))  \(row.text("symbol"))  holds \(row.text("quantity"))  "
                + style(Style.tone(ofStatus: status), status) + (message.isEmpty ? "" : "  \(message)")
        }
        let status = new.text("status")
        if status != old.text("status") {
            lines.append(
                "\(time)  square-off \(new.text("square_off_id")) is \(style(Style.tone(ofStatus: status), status))")
        }
        return lines
    }

    static func table(_ rows: [JSONValue], now: String) -> Table {
        var table = Table([
            .text("SQUARE-OFF"), .text("SCOPE"), .text("STATUS"), .number("FLAT"), .number("OF"), .text("SINCE"),
            .text("ENDED").optional, .text("BY").optional, .sentence("REASON"),
        ])
        for row in rows {
            let positions = row["positions"]?.array ?? []
            table.append([
                Table.Cell(row.text("square_off_id"), .bold), Table.Cell(row.text("scope")),
                .status(row.text("status")),
                Table.Cell(String(positions.count { $0.text("status") == "FLAT" })),
                Table.Cell(String(positions.count)),
                Table.Cell(Units.time(row.text("at"), now: now)), Table.Cell(Units.time(row.text("done_at"), now: now)),
                Table.Cell(row.text("by")), Table.Cell(row.text("reason")),
            ])
        }
        return table
    }
}
