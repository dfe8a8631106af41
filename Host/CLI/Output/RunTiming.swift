import Exact

/// Where the time of a run's legs went, as people read it: `GET /api/analytics/runs/{run}`.
struct RunTiming {
    private let timing: JSONValue

    init(_ timing: JSONValue) { self.timing = timing }

    /// What the run came to, a name and a value each; those that are not known are left out.
    var facts: [(name: String, value: String)] {
        let currency = timing.text("currency")
        func money(_ key: String) -> String {
            let text = timing.text(key)
            return text.isEmpty ? "" : "\(text) \(currency)"
        }
        let spread = timing["send_spread_us"].map { $0.isNull ? "" : Units.latency($0) } ?? ""
        return [
            ("Sent within", spread), ("First in turn", timing.text("first_in_turn").isEmpty ? "" : firstInTurn),
            ("Slippage", money("slippage_cost")), ("Price dispersion", money("price_dispersion")),
        ].filter { !$0.1.isEmpty }.map { (name: $0.0, value: $0.1) }
    }

    private var firstInTurn: String {
        let place = timing["first_in_turn"]?.int64.flatMap { Int(exactly: $0) } ?? 0
        let legs = timing["legs"]?.array ?? []
        return legs.indices.contains(place - 1) ? legs[place - 1].text("account_id") : ""
    }

    static let heads = ["ACCOUNT", "WEIGHT", "TURN", "ADAPTER", "NETWORK", "BROKER", "WAITED", "RETRIES", "SLIPPAGE"]

    /// A row a leg that was sent or that waited, by `heads`.
    var rows: [[String]] {
        (timing["legs"]?.array ?? []).compactMap { leg in
            func time(_ key: String) -> String { leg[key].map { $0.isNull ? "" : Units.latency($0) } ?? "" }
            let waits = (leg["waits"]?.array ?? []).map { "\($0.text("reason")) \(Units.latency($0["us"]))" }
            let retries = [("cancels", "cancel"), ("modifies", "modify"), ("look_ups", "look-up")].compactMap {
                let count = leg[$0.0]?.int64 ?? 0
                return count == 0 ? nil : "\(count) \($0.1)"
            }
            let rank = leg["send_rank"]?.int64
            guard rank != nil || !waits.isEmpty else { return nil }
            // Network and broker together, where nothing tells them apart.
            let broker = time("broker_us").isEmpty ? time("wire_us") : time("broker_us")
            return [
                leg.text("account_id"), leg.text("weight"), rank.map { String($0 + 1) } ?? "", time("adapter_us"),
                time("network_us"), broker, waits.joined(separator: ", "), retries.joined(separator: ", "),
                leg.text("slippage"),
            ]
        }
    }

    /// Nothing where nothing is known.
    func lines(_ style: Style) -> [String] {
        let rows = rows
        guard !rows.isEmpty else { return [] }
        var table = Table([
            .text(Self.heads[0]), .number(Self.heads[1]).optional, .number(Self.heads[2]).optional,
            .number(Self.heads[3]).optional, .number(Self.heads[4]).optional, .number(Self.heads[5]).optional,
            .text(Self.heads[6]).optional, .text(Self.heads[7]).optional, .number(Self.heads[8]).optional,
        ])
        for row in rows {
            table.append(
                row.enumerated().map { $0.offset == 0 ? Table.Cell($0.element, .bold) : Table.Cell($0.element) })
        }
        let told = facts.map { "\($0.name.lowercased()) \($0.value)" }.joined(separator: " · ")
        return [style(.bold, "where the time went") + (told.isEmpty ? "" : style(.dim, "  \(told)"))]
            + table.lines(style)
    }
}
