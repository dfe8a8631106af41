import Domain

extension Routes {
    static let symbols: [Route] = [
        Route(
            .get, "/api/symbols/search", .scope(.read),
            "Finds instruments by beginnings of words, strikes, expiries and names",
            query: [
                Route.Parameter(name: "query", kind: .text, note: "required"),
                Route.Parameter(name: "venue", kind: .text, note: ""),
                Route.Parameter(name: "kind", kind: Schema.words(InstrumentKind.self), note: ""), limit,
            ], answer: "InstrumentList"
        ) { try await $0.searchSymbols($1) },
        Route(
            .get, "/api/symbols/cache/stats", .scope(.read),
            "What the instrument master holds, how old it is, and what refreshes and searches came to",
            answer: "SymbolStatistics"
        ) { try await $0.showSymbolStatistics($1) },
        Route(
            .post, "/api/symbols/sync", .scope(.risk), "Asks adapters for their instruments now, and waits",
            isFirmWide: true,
            query: [Route.Parameter(name: "timeout_ms", kind: .integer, note: "0 to 300000, default 60000")],
            body: .syncRequest, answer: "SymbolRefreshList"
        ) { try await $0.syncSymbols($1) },
        Route(
            .get, "/api/symbols/{id}", .scope(.read), "One instrument, its names and who deviates",
            query: [
                Route.Parameter(
                    name: "namespace", kind: .text,
                    note: "what the id is a name of: isin, openalgo, osi, ccxt, tradingview or an adapter; "
                        + "default: the gateway's own ids"),
                Route.Parameter(
                    name: "venue", kind: .text, note: "only an instrument of it, where a name fits several"),
            ], answer: "Symbol"
        ) { try await $0.showSymbol($1) },
        Route(
            .post, "/api/symbols/{id}/acknowledge", .scope(.risk),
            "A person says whose figures of an instrument are right", isFirmWide: true, body: .acknowledgeRequest,
            answer: "Symbol"
        ) { try await $0.acknowledgeSymbol($1) },
    ]
}
