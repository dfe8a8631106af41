import Domain
import Engine

// What requests and answers of the instrument master hold.
extension Schema {
    static let syncRequest = Schema(
        name: "SyncRequest", note: "Whose instruments are read now.",
        fields: [
            .optional("adapter_id", .text, "default: every adapter that lists instruments"),
            .optional(
                "accept_shrinking", .boolean,
                "default false: a dump that lacks more than half of what was listed is taken for a broken one"),
        ])

    static let acknowledgeRequest = Schema(
        name: "AcknowledgeRequest", note: "Whose figures of the instrument are in force until one says something new.",
        fields: [
            .required("adapter_id", .text, ""),
            .required("reason", .text, "1 to 500 bytes; kept in the journal with the person"),
        ])

    static let symbolRequests = [syncRequest, acknowledgeRequest]

    static let instrumentFields: [(String, Kind)] = [
        ("symbol", .text), ("name", .text), ("venue", .text), ("kind", words(InstrumentKind.self)),
        ("currency", .text), ("tick_size", .decimalText), ("tick_table", .list(.object("TickBand"))),
        ("lot_size", .decimalText), ("multiplier", .decimalText),
        ("contract_size", .decimalText), ("freeze_quantity", .decimalText), ("min_quantity", .decimalText),
        ("max_quantity", .decimalText), ("price_low", .decimalText), ("price_high", .decimalText), ("expiry", .text),
        ("tradable", .boolean), ("refusal", .text), ("source", .text), ("last_price", .decimalText),
        ("last_price_at", .time),
    ]

    private static let mergeFields: [(String, Kind)] =
        ["rows", "added", "changed", "withdrawn", "kept", "renamed", "repeated", "cleaned", "disagreeing", "refused"]
        .map { ($0, Kind.integer) } + [("refusals", .list(.object("SymbolRefusal")))]

    static let symbolAnswers: [Schema] = [
        plain(
            "Symbol",
            "An instrument, what stays of it whatever it is called, and who deviates from the figures in force.",
            instrumentFields + [
                ("isin", .text), ("underlying", .text), ("renamed_to", .text), ("uid", .integer), ("valid_from", .time),
                ("valid_to", .time), ("aliases", .list(.object("SymbolAlias"))),
                ("quarantines", .list(.object("Quarantine"))),
            ]),
        plain(
            "TickBand",
            "The tick of prices from one on up to the next band; `tick_size` is then what all ticks are multiples of.",
            [("from", .decimalText), ("tick", .decimalText)]),
        plain(
            "SymbolAlias", "A name in a namespace, and when it held.",
            [("namespace", .text), ("alias", .text), ("valid_from", .time), ("valid_to", .time)]),
        plain(
            "Quarantine", "An adapter that says another figure than the one in force: it opens nothing there.",
            [("symbol", .text), ("adapter_id", .text), ("field", .text), ("stated", .text), ("in_force", .text)]),
        plain(
            "SymbolRefresh", "What a refresh of an adapter's instruments came to.",
            [
                ("adapter_id", .text), ("status", .words(["refreshed", "failed", "under_way"])), ("reason", .text),
                ("took_ms", .integer),
            ] + mergeFields),
        plain("SymbolRefusal", "A row that was not taken.", [("symbol", .text), ("field", .text), ("reason", .text)]),
        plain(
            "SymbolSource", "An adapter's instruments and their age.",
            [
                ("adapter_id", .text), ("listed", .integer), ("refreshed_at", .time), ("stale_for_trading", .boolean),
                ("stale_for_search", .boolean), ("last_attempt_at", .time), ("last_failure", .text),
                ("last_took_ms", .integer),
            ] + mergeFields),
        plain(
            "SymbolSearches", "Searches since the start; an answer is remembered until instruments change.",
            [
                ("asked", .integer), ("remembered", .integer), ("entries", .integer), ("mean_us", .integer),
                ("longest_us", .integer),
            ]),
        plain(
            "SymbolStatistics", "What the instrument master holds.",
            [
                ("instruments", .integer), ("version", .integer), ("adapters", .list(.object("SymbolSource"))),
                ("quarantined", .integer), ("quarantines", .list(.object("Quarantine"))),
                ("searches", .object("SymbolSearches")),
            ]),
        list("SymbolRefresh"),
    ]
}
