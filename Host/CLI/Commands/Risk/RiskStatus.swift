import ArgumentParser
import Exact

extension RiskCommand {
    struct Status: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is halted or reducing, how much of the limits is used, and what is out of the ordinary.",
            discussion: "Example: sluice rms status")
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, "/api/rms/status") { RiskStatusReport.lines($0, $1, now: now) }
        }
    }
}

/// The risk status as people read it. On a terminal the use of limits is drawn, elsewhere it is one table that other
/// programs can cut.
enum RiskStatusReport {
    static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        var sections = [states(answer, style, now: now)]
        let scopes = Self.scopes(answer)
        let isTerminal = style.width != nil
        if !scopes.isEmpty { sections.append(isTerminal ? bars(scopes, style) : table(scopes).lines(style)) }
        let overrides = answer["overrides"]?.array ?? []
        if !overrides.isEmpty { sections.append(RiskCommand.overrides(overrides, now: now).lines(style)) }
        let squareOffs = answer["square_offs"]?.array ?? []
        if !squareOffs.isEmpty { sections.append(SquareOffReport.table(squareOffs, now: now).lines(style)) }
        let heartbeats = answer["heartbeats"]?.array ?? []
        if !heartbeats.isEmpty { sections.append(Self.heartbeats(heartbeats, now: now).lines(style)) }
        return Array(sections.filter { !$0.isEmpty }.joined(separator: [""]))
    }

    private static func states(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        let version = answer.text("config_version")
        let header = version.isEmpty ? [] : ["limits version \(style(.bold, version))"]
        let states = answer["states"]?.array ?? []
        guard !states.isEmpty else { return header + ["trading: \(style(.good, "ACTIVE")) everywhere"] }
        var table = Table([
            .text("SCOPE"), .text("STATE"), .text("SINCE").optional, .text("UNTIL").optional, .text("BY").optional,
            .sentence("REASON"),
        ])
        for state in states {
            table.append([
                Table.Cell(state.text("scope"), .bold), .status(state.text("state")),
                Table.Cell(Units.time(state.text("at"), now: now)),
                Table.Cell(Units.time(state.text("until"), now: now)), Table.Cell(state.text("by")),
                Table.Cell(state.text("reason")),
            ])
        }
        return header + table.lines(style)
    }

    // MARK: Use of limits

    private struct ScopeUsage {
        var name: String
        var state: String
        var rows: [JSONValue]
    }

    /// The firm first, then groups and accounts as they come; what has no limit is left out.
    private static func scopes(_ answer: JSONValue) -> [ScopeUsage] {
        func list(_ name: String, _ kind: String) -> [ScopeUsage] {
            (answer[name]?.array ?? []).map {
                ScopeUsage(
                    name: "\(kind):\($0.text("\(kind)_id"))", state: $0.text("state"), rows: $0["usage"]?.array ?? [])
            }
        }
        let firm = ScopeUsage(name: "firm", state: "", rows: answer["firm"]?["usage"]?.array ?? [])
        return ([firm] + list("groups", "group") + list("accounts", "account")).filter { !$0.rows.isEmpty }
    }

    private static func table(_ scopes: [ScopeUsage]) -> Table {
        var table = Table([
            .text("SCOPE"), .text("STATE").optional, .text("CONTROL"), .number("USED"), .number("LIMIT"),
            .number("SHARE"),
        ])
        for scope in scopes {
            for row in scope.rows {
                table.append([
                    Table.Cell(scope.name, .bold), .status(scope.state), Table.Cell(row.text("control")),
                    Table.Cell(row.text("used").isEmpty ? "unknown" : row.text("used")),
                    Table.Cell(row.text("limit")), Table.Cell(share(row)),
                ])
            }
        }
        return table
    }

    /// `max-position  ######----  60 %  600 of 1000`, below a line that names the scope.
    private static func bars(_ scopes: [ScopeUsage], _ style: Style) -> [String] {
        let rows = scopes.flatMap(\.rows)
        let width = rows.reduce(0) { max($0, $1.text("control").count) }
        let shares = rows.reduce(0) { max($0, share($1).count) }
        return scopes.flatMap { scope -> [String] in
            let isActive = scope.state.isEmpty || scope.state == "active"
            let state = isActive ? "" : "  " + style(Style.tone(ofStatus: scope.state), scope.state)
            return [style(.bold, scope.name) + state]
                + scope.rows.map { row in
                    let (control, share) = (row.text("control"), share(row))
                    let bar = bar(basisPoints: row["used_bps"]?.int64)
                    let used = row.text("used").isEmpty ? "unknown" : row.text("used")
                    return "  \(control)\(String(repeating: " ", count: width - control.count))  "
                        + "\(style(tone(row), bar))  \(String(repeating: " ", count: shares - share.count))\(share)  "
                        + "\(used) of \(row.text("limit"))"
                }
        }
    }

    /// Ten marks; the first stands for anything above nothing, the last only for all of it.
    static func bar(basisPoints: Int64?) -> String {
        guard let basisPoints else { return String(repeating: "?", count: 10) }
        let filled = basisPoints <= 0 ? 0 : max(1, Int(min(basisPoints, 10_000) / 1_000))
        return String(repeating: "#", count: filled) + String(repeating: "-", count: 10 - filled)
    }

    private static func tone(_ row: JSONValue) -> Style.Tone {
        switch row["used_bps"]?.int64 {
        case nil: .warning
        case let used? where used >= 10_000: .bad
        case let used? where used >= 8_000: .warning
        default: .good
        }
    }

    /// `60 %`, `0.24 %`, exactly; `-` when an input is missing.
    private static func share(_ row: JSONValue) -> String {
        guard let points = row["used_bps"]?.int64, let share = ExactDecimal(mantissa: Int128(points), exponent: -2)
        else { return "-" }
        return "\(share) %"
    }

    private static func heartbeats(_ rows: [JSONValue], now: String) -> Table {
        var table = Table([
            .text("HEARTBEAT OF"), .text("PERSON").optional, .text("SCOPE"), .number("EVERY"), .text("NEXT BY"),
        ])
        for row in rows {
            table.append([
                Table.Cell(row.text("key_id"), .bold), Table.Cell(row.text("person")), Table.Cell(row.text("scope")),
                Table.Cell(row["ttl_ms"]?.int64.map { Units.period(milliseconds: $0) } ?? ""),
                Table.Cell(Units.time(row.text("expires_at"), now: now)),
            ])
        }
        return table
    }
}
