import ArgumentParser
import Exact

/// `sluice symbols`
struct SymbolsCommand: NounCommand {
    static let configuration = CommandConfiguration(
        commandName: "symbols",
        abstract: "Instruments: find them, read them anew, settle what adapters say differently.",
        subcommands: [Search.self, Show.self, Sync.self, Stats.self, Acknowledge.self])

    struct Search: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find instruments by what is known of them.",
            discussion: """
                Example: sluice symbols search nifty 26000 ce 29DEC26

                Words may be the beginning of an id, a root, a word of the name, a series, a strike, an expiry (20261229, \
                29DEC26, 26DEC), an adapter's own name or an ISIN, or a whole word for a kind (OPT, FUT) or a right (CE, P).
                """)
        @Argument(help: "Words, or beginnings of words; all must fit.") var words: [String]
        @Option(help: "Only this venue.") var venue: String?
        @Option(help: "Only this kind: EQ, IDX, FUT, OPT, PERP, SPOT or FX.") var kind: String?
        @Option(help: "At most so many, 1 to 500. Default 20.") var limit: Int?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make(
                "api", "symbols", "search",
                query: [
                    ("query", words.joined(separator: " ")), ("venue", venue), ("kind", kind),
                    ("limit", limit.map { "\($0)" }),
                ])
            try await session.show(.get, path) { answer, style in
                var table = Table([
                    .text("SYMBOL"), .text("NAME").optional, .text("CURRENCY"), .number("TICK"), .number("LOT"),
                    .number("FREEZE").optional, .text("EXPIRY").optional, .text("REFUSED").optional,
                ])
                for item in answer.items {
                    table.append([
                        Table.Cell(item.text("symbol"), .bold), Table.Cell(item.text("name")),
                        Table.Cell(item.text("currency")), Table.Cell(item.text("tick_size")),
                        Table.Cell(item.text("lot_size")), Table.Cell(item.text("freeze_quantity")),
                        Table.Cell(item.text("expiry")), Table.Cell(item.text("refusal"), .warning),
                    ])
                }
                return table.isEmpty ? ["no instrument fits"] : table.lines(style)
            }
        }
    }

    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "One instrument: figures, names, and adapters that deviate.",
            discussion: """
                Example: sluice symbols show NSE:EQ:RELIANCE
                Example: sluice symbols show BTC/USDT --namespace ccxt --venue BINANCE
                """)
        @Argument(help: "The instrument's id, or its name in the namespace.") var id: String
        @Option(help: "What it is a name of: isin, openalgo, osi, ccxt, tradingview or an adapter.") var namespace:
            String?
        @Option(help: "Only an instrument of this venue, where a name fits several.") var venue: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "symbols", id, query: [("namespace", namespace), ("venue", venue)])
            try await session.show(.get, path) { answer, style in
                SymbolsCommand.lines(answer, style, now: session.surroundings.now())
            }
        }
    }

    struct Sync: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask adapters for their instruments now.",
            discussion: """
                Example: sluice symbols sync paper

                A dump is taken whole or not at all. One that lacks more than half of what was listed is taken for a broken \
                one unless --accept-shrinking is said. The exit status is 1 when an adapter's instruments were not taken.
                """)
        @Argument(help: "Only this adapter.") var adapter: String?
        @Flag(help: "Take dumps that lack most of what was listed.") var acceptShrinking = false
        @Option(help: "Wait so many milliseconds at most. Default 60000.") var timeoutMs: Int?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if let timeoutMs, !(0...300_000).contains(timeoutMs) {
                throw ValidationError("--timeout-ms is from 0 to 300000")
            }
        }

        func run(in session: Session) async throws {
            var body = JSONObject()
            if let adapter { body["adapter_id"] = .string(adapter) }
            if acceptShrinking { body["accept_shrinking"] = .bool(true) }
            let answer = try await session.show(
                .post, APIPath.make("api", "symbols", "sync", query: [("timeout_ms", timeoutMs.map { "\($0)" })]),
                body: .object(body), timeoutMilliseconds: (timeoutMs ?? 60_000) + 5_000
            ) { answer, style in
                var table = Table([
                    .text("ADAPTER"), .text("STATUS"), .number("ROWS"), .number("ADDED"), .number("WITHDRAWN"),
                    .number("KEPT").optional, .number("RENAMED"), .number("DISAGREEING"), .number("REFUSED"),
                    .number("MS"), .sentence("REASON"),
                ])
                for item in answer.items {
                    table.append([
                        Table.Cell(item.text("adapter_id"), .bold), .status(item.text("status").uppercased()),
                        Table.Cell(item.text("rows")), Table.Cell(item.text("added")),
                        Table.Cell(item.text("withdrawn")),
                        Table.Cell(item.text("kept") == "0" ? "" : item.text("kept")), Table.Cell(item.text("renamed")),
                        Table.Cell(item.text("disagreeing")), Table.Cell(item.text("refused")),
                        Table.Cell(item.text("took_ms")), Table.Cell(item.text("reason")),
                    ])
                }
                let refusals = answer.items.flatMap { $0["refusals"]?.array ?? [] }.prefix(20).map {
                    let symbol = $0.text("symbol").isEmpty ? "a row" : $0.text("symbol")
                    return "refused \(symbol): \($0.text("field")): \($0.text("reason"))"
                }
                return table.isEmpty ? ["no adapter lists instruments"] : table.lines(style) + refusals
            }
            if answer.items.contains(where: { $0.text("status") != "refreshed" }) { throw CommandFailure.refused }
        }
    }

    struct Stats: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What is held, how old it is, and how fast searches are.",
            discussion: "Example: sluice symbols stats")
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, "/api/symbols/cache/stats") { answer, style in
                var table = Table([
                    .text("ADAPTER"), .number("LISTED"), .text("REFRESHED"), .text("TRADING"), .text("SEARCH"),
                    .number("REFUSED"), .sentence("LAST FAILURE"),
                ])
                for item in answer["adapters"]?.array ?? [] {
                    func age(_ name: String) -> String { item.text(name) == "yes" ? "stale" : "fresh" }
                    table.append([
                        Table.Cell(item.text("adapter_id"), .bold), Table.Cell(item.text("listed")),
                        Table.Cell(Units.time(item.text("refreshed_at"), now: now)),
                        Table.Cell(age("stale_for_trading")), Table.Cell(age("stale_for_search")),
                        Table.Cell(item.text("refused")), Table.Cell(item.text("last_failure")),
                    ])
                }
                let searches = answer["searches"]
                let summary = [
                    "",
                    "instruments: \(answer.text("instruments")), quarantined: \(answer.text("quarantined"))",
                    "searches: \(searches?.text("asked") ?? "0"), from memory: \(searches?.text("remembered") ?? "0"), "
                        + "mean \(searches?.text("mean_us") ?? "0") us, longest \(searches?.text("longest_us") ?? "0") us",
                ]
                return (table.isEmpty ? ["no adapter lists instruments"] : table.lines(style)) + summary
                    + SymbolsCommand.quarantines(answer, style)
            }
        }
    }

    struct Acknowledge: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say whose figures of an instrument are right.",
            discussion: """
                Example: sluice symbols acknowledge NSE:EQ:RELIANCE --adapter paper --reason circular-12

                Until one of the adapters says something new, its figures are in force and nobody is quarantined for it.
                """)
        @Argument(help: "The instrument's id.") var id: String
        @Option(help: "The adapter whose figures are right.") var adapter: String
        @Option(help: "Why; kept in the journal.") var reason: String
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let body: JSONObject = ["adapter_id": .string(adapter), "reason": .string(reason)]
            try await session.show(
                .post, APIPath.make("api", "symbols", id, "acknowledge"), body: .object(body)
            ) { answer, style in SymbolsCommand.lines(answer, style, now: session.surroundings.now()) }
        }
    }
}

extension SymbolsCommand {
    fileprivate static func lines(_ answer: JSONValue, _ style: Style, now: String) -> [String] {
        var table = Table([.text("FIELD"), .sentence("VALUE")])
        for name in [
            "symbol", "name", "kind", "currency", "tick_size", "lot_size", "multiplier", "contract_size",
            "freeze_quantity",
            "min_quantity", "max_quantity", "price_low", "price_high", "expiry", "underlying", "isin", "tradable",
            "refusal", "renamed_to", "source", "last_price", "uid",
        ] where !answer.text(name).isEmpty {
            table.append([Table.Cell(name), Table.Cell(answer.text(name))])
            guard name == "tick_size", let bands = answer["tick_table"]?.array else { continue }
            let words = bands.map { "\($0.text("tick")) from \($0.text("from"))" }
            table.append([Table.Cell("tick_table"), Table.Cell(words.joined(separator: ", "))])
        }
        var names = Table([.text("NAMESPACE"), .text("ALIAS"), .text("FROM"), .text("TO").optional])
        for alias in answer["aliases"]?.array ?? [] {
            names.append([
                Table.Cell(alias.text("namespace")), Table.Cell(alias.text("alias"), .bold),
                Table.Cell(Units.time(alias.text("valid_from"), now: now)),
                Table.Cell(Units.time(alias.text("valid_to"), now: now)),
            ])
        }
        return table.lines(style) + (names.isEmpty ? [] : [""] + names.lines(style)) + quarantines(answer, style)
    }

    fileprivate static func quarantines(_ answer: JSONValue, _ style: Style) -> [String] {
        let rows = answer["quarantines"]?.array ?? []
        guard !rows.isEmpty else { return [] }
        var table = Table([
            .text("QUARANTINED").optional, .text("ADAPTER"), .text("FIELD"), .text("SAYS"), .text("IN FORCE"),
        ])
        for row in rows {
            table.append([
                Table.Cell(row.text("symbol"), .bold), Table.Cell(row.text("adapter_id")),
                Table.Cell(row.text("field")),
                Table.Cell(row.text("stated"), .warning), Table.Cell(row.text("in_force")),
            ])
        }
        return [""] + table.lines(style)
    }
}
