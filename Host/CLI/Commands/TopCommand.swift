import ArgumentParser
import Domain

/// `sluice top`
struct TopCommand: ClientCommand {
    static let configuration = CommandConfiguration(
        commandName: "top", abstract: "The gateway at a glance: adapters, rates, queues, latencies, the newest runs.",
        discussion: """
            Example: sluice top

            Refreshes in place until Ctrl-C. Where standard output is no terminal it prints one picture, or --count of them \
            one below the other; with --json each is one document a line. Rates are those since the picture before; \
            latencies are of the last five minutes.
            """)
    @Option(help: "Milliseconds between two pictures.") var intervalMs = 1_000
    @Option(help: "So many pictures. Default: until interrupted; one where there is no terminal.") var count: Int?
    @Option(help: "So many of the newest runs.") var runs = 8
    @OptionGroup var connection: ConnectionOptions

    func validate() throws {
        if intervalMs < 100 { throw ValidationError("--interval-ms must be at least 100") }
        if let count, count < 1 { throw ValidationError("--count must be at least 1") }
        if !(0...50).contains(runs) { throw ValidationError("--runs must be 0 to 50") }
    }

    func run(in session: Session) async throws {
        let isTerminal = session.console.style.width != nil && !session.isJSON
        let pictures = count ?? (isTerminal ? .max : 1)
        var before: JSONValue?
        var shown = 0
        while true {
            let live = try await session.fetch("/api/analytics/live")
            if session.isJSON {
                session.console.unchanged(live.serialized())
            } else {
                let now = session.surroundings.now()
                let latency = try await session.fetchIfThere(
                    APIPath.make("api", "analytics", "latency", query: [("from", Self.fiveMinutes(before: now))]))
                let path = APIPath.make("api", "runs", query: [("limit", "\(runs)")])
                let listed: JSONValue = runs == 0 ? .null : try await session.fetch(path)
                let lines = Self.lines(
                    live, before: before, latency: latency?.items, runs: listed.items, now: now, session.console.style)
                if isTerminal {
                    // Home, each line cleared to its end, and what a taller picture left below: no flicker.
                    let picture = lines.map { $0 + "\u{1B}[K" }.joined(separator: "\n") + "\u{1B}[J\n"
                    session.console.unchanged(Array(((shown == 0 ? "\u{1B}[2J" : "") + "\u{1B}[H" + picture).utf8))
                } else {
                    for line in lines { session.console.out(line) }
                }
            }
            before = live
            shown += 1
            guard shown < pictures else { return }
            try await session.surroundings.pause(intervalMs)
        }
    }

    // MARK: The picture

    static func lines(
        _ live: JSONValue, before: JSONValue?, latency: [JSONValue]?, runs: [JSONValue], now: String, _ style: Style
    ) -> [String] {
        let isServing = live["serving"]?.bool == true
        let elapsed = before.flatMap { milliseconds($0, live) }
        var lines = [
            style(.bold, "sluice \(live.text("version"))") + "  "
                + style(isServing ? .good : .bad, isServing ? "serving" : "not serving") + "  "
                + Units.time(live.text("at"), now: now)
        ]
        var facts = ["runs \(live.text("runs"))\(rate(live["runs"], before?["runs"], elapsed))"]
        facts.append("live \(live.text("live_runs"))")
        facts.append("orders waiting \(live.text("waiting_orders"))")
        facts.append("requests waiting \(live.text("waiting_requests"))")
        facts.append("streams \(live.text("event_streams"))")
        facts.append("journal \(live.text("journal_records"))")
        if live["dropped_events"]?.int64 ?? 0 > 0 {
            facts.append(style(.warning, "telemetry dropped \(live.text("dropped_events"))"))
        }
        lines.append(facts.joined(separator: " · "))
        let stopped = (live["stopped_scopes"]?.object ?? [:]).map { "\($0.key) \($0.value.serializedText())" }
        if !stopped.isEmpty { lines.append(style(.bad, "stopped scopes: " + stopped.joined(separator: ", "))) }
        lines += [""] + adapters(live, before, elapsed).lines(style)
        if latency == nil { lines += ["", style(.dim, "no latencies: the gateway keeps no telemetry")] }
        if let latency, !latency.isEmpty {
            lines += ["", style(.dim, "last five minutes")] + LatencyCommand.table(latency).lines(style)
        }
        if !runs.isEmpty { lines += [""] + RunReport.table(runs, now: now).lines(style) }
        return lines
    }

    private static func adapters(_ live: JSONValue, _ before: JSONValue?, _ elapsed: Int64?) -> Table {
        var table = Table([
            .text("ADAPTER"), .number("READY"), .text("SESSIONS"), .number("QUEUED"), .number("OPEN"),
            .number("IN CALL").optional, .number("LEGS"), .number("LEGS/S").optional, .number("FILLS"),
            .number("FILLS/S").optional, .number("REJECTED").optional, .number("UNKNOWN").optional,
            .number("REFUSED").optional,
        ])
        for row in live["adapters"]?.array ?? [] {
            let name = row.text("adapter_id")
            let earlier = before?["adapters"]?.array?.first { $0.text("adapter_id") == name }
            let ready = row["accounts_ready"]?.int64 ?? 0
            let sessions = (row["sessions"]?.object ?? [:]).map { "\($0.value.serializedText()) \($0.key)" }
            func outcome(_ word: String, _ tone: Style.Tone) -> Table.Cell {
                let count = row["legs"]?[word]?.int64 ?? 0
                return count == 0 ? "" : Table.Cell("\(count)", tone)
            }
            let call = row["longest_call_us"]?.int64 ?? 0
            let inCall: Table.Cell =
                call == 0 ? "" : Table.Cell(Units.latency(microseconds: call), call > 1_000_000 ? .bad : .plain)
            let accounts: Table.Cell = Table.Cell(
                "\(ready)/\(row.text("accounts"))", ready == row["accounts"]?.int64 ? .good : .warning)
            let fills = row["fills"]?.int64 ?? 0
            table.append([
                Table.Cell(name, .bold),
                accounts,
                Table.Cell(sessions.joined(separator: ", ")), Table.Cell(row.text("queued_commands")),
                Table.Cell(row.text("open_commands")),
                inCall, Table.Cell("\(legs(row))"), perSecond(legs(row), earlier.map(legs), elapsed),
                Table.Cell(row.text("fills")),
                perSecond(fills, earlier.map { $0["fills"]?.int64 ?? 0 }, elapsed),
                outcome("rejected", .bad), outcome("unknown", .bad), outcome("refused", .warning),
            ])
        }
        return table
    }

    /// Legs whose order was answered.
    private static func legs(_ row: JSONValue) -> Int64 {
        (row["legs"]?.object ?? [:]).reduce(0) { $1.key == "refused" ? $0 : $0 + ($1.value.int64 ?? 0) }
    }

    private static func perSecond(_ now: Int64, _ before: Int64?, _ elapsed: Int64?) -> Table.Cell {
        guard let before, let elapsed, elapsed > 0, now >= before else { return "" }
        return Table.Cell("\((now - before) * 1_000 / elapsed)")
    }

    private static func rate(_ now: JSONValue?, _ before: JSONValue?, _ elapsed: Int64?) -> String {
        guard let now = now?.int64, let before = before?.int64, let elapsed, elapsed > 0, now >= before else {
            return ""
        }
        return " (\((now - before) * 1_000 / elapsed)/s)"
    }

    /// Between two pictures, by the gateway's own clock.
    private static func milliseconds(_ before: JSONValue, _ now: JSONValue) -> Int64? {
        guard let start = Timestamp(rfc3339: before.text("at")), let end = Timestamp(rfc3339: now.text("at")) else {
            return nil
        }
        return end.since(start) / 1_000_000
    }

    private static func fiveMinutes(before now: String) -> String? {
        Timestamp(rfc3339: now)?.advanced(by: -300_000_000_000).rfc3339
    }
}
