import Domain
import InstrumentKit
import Instruments
import Testing

@Suite("Searching by what a person knows of an instrument")
struct SearchTests {
    private let table = {
        let table = InstrumentTable()
        var rows = [
            row("NSE:IDX:NIFTY", alias: "NSE:NIFTY 50"),
            row("NSE:EQ:RELIANCE", alias: "NSE:RELIANCE", isin: "INE002A01018"),
            row("NSE:EQ:RELIANCE:BE", alias: "NSE:RELIANCE-BE"),
            row("BSE:EQ:RELIANCE", alias: "BSE:RELIANCE", isin: "INE002A01018"),
            row("NFO:FUT:NIFTY:20261229", alias: "NFO:NIFTY26DECFUT"),
            row("NFO:FUT:NIFTY:20261124", alias: "NFO:NIFTY26NOVFUT"),
            row("BINANCE:SPOT:BTC-USDT", alias: "btcusdt"), row("NSE:EQ:CEATLTD", alias: "NSE:CEATLTD"),
        ]
        for (date, word) in [("20261229", "26DEC"), ("20261201", "26D01")] {
            for strike in ["26000", "26000.5", "260000"] {
                for (right, end) in [("C", "CE"), ("P", "PE")] {
                    rows.append(
                        row("NFO:OPT:NIFTY:\(date):\(strike):\(right)", alias: "NFO:NIFTY\(word)\(strike)\(end)"))
                }
            }
        }
        table.merge(rows, from: "alpha")
        return table
    }()

    private func search(_ query: String, kind: InstrumentKind? = nil) -> [String] {
        let snapshot = table.snapshot
        return snapshot.search(query, kind: kind, limit: 500).compactMap { snapshot.id($0)?.text }
    }

    @Test(
        "Strike, expiry, side, kind, series, alias and ISIN are words, in capitals or not",
        arguments: [
            ("nifty 26000 ce 20261229", "NFO:OPT:NIFTY:20261229:26000:C"),
            ("NIFTY 29DEC26 26000 PE", "NFO:OPT:NIFTY:20261229:26000:P"),
            ("nifty 29-dec-2026 26000 put", "NFO:OPT:NIFTY:20261229:26000:P"),
            ("nifty 2026-12-01 26000 c", "NFO:OPT:NIFTY:20261201:26000:C"),
            ("nifty 26d01 26000.5 p", "NFO:OPT:NIFTY:20261201:26000.5:P"), ("nifty 1 dec 2026", nil),
            ("01 dec 2026 26000.5 call", "NFO:OPT:NIFTY:20261201:26000.5:C"),
            ("nifty fut 29dec", "NFO:FUT:NIFTY:20261229"),
            ("nifty future december2026", "NFO:FUT:NIFTY:20261229"), ("nifty fut 26nov", "NFO:FUT:NIFTY:20261124"),
            ("nifty fut nov26", "NFO:FUT:NIFTY:20261124"), ("nifty 261124", "NFO:FUT:NIFTY:20261124"),
            ("nifty 1dec26 26000.5 p", "NFO:OPT:NIFTY:20261201:26000.5:P"),
            ("reliance be", "NSE:EQ:RELIANCE:BE"), ("NSE EQ RELIANCE", "NSE:EQ:RELIANCE"),
            ("nifty idx", "NSE:IDX:NIFTY"),
            ("INE002A01018 bse", "BSE:EQ:RELIANCE"), ("NIFTY26DEC26000CE", "NFO:OPT:NIFTY:20261229:26000:C"),
            ("nfo:nifty26d0126000pe", "NFO:OPT:NIFTY:20261201:26000:P"), ("btcusdt", "BINANCE:SPOT:BTC-USDT"),
            ("BSE:RELIANCE", "BSE:EQ:RELIANCE"), ("nifty 50", "NSE:IDX:NIFTY"), ("moon 26000", nil), ("NSE:26000", nil),
        ])
    func first(query: String, text: String?) { #expect(search(query).first == text, "\(query)") }

    @Test(
        "A letter with a mark is the same however it is spelt, in capitals or not",
        arguments: ["caf\u{e9}", "cafe\u{301}", "CAF\u{c9} noir"])
    func marks(query: String) {
        var rows = [row("NSE:EQ:A", alias: "caf\u{e9}bar"), row("NSE:EQ:B"), row("NSE:EQ:C"), row("NSE:EQ:CAFE")]
        (rows[0].name, rows[1].name, rows[2].name) = (
            "Caf\u{e9} Noir", "Cafe\u{301} noir", "Caf\u{e9}s and cafe\u{301}s"
        )
        let table = InstrumentTable()
        table.merge(rows, from: "alpha")
        let snapshot = table.snapshot
        let found = snapshot.search(query).compactMap { snapshot.id($0)?.root }
        #expect(Set(found) == (query.contains(" ") ? ["A", "B"] : ["A", "B", "C"]))
    }

    @Test("What is meant by each word is found, and nothing else")
    func all() {
        #expect(search("nifty 26000 20261229").count == 6)  // 26000 begins 26000.5 and 260000
        #expect(
            search("nifty 26000 20261229").prefix(2) == [
                "NFO:OPT:NIFTY:20261229:26000:C", "NFO:OPT:NIFTY:20261229:26000:P",
            ])
        #expect(search("26000", kind: .option).count == 12)
        #expect(search("ce 26dec").allSatisfy { $0.hasSuffix(":C") && $0.contains(":202612") })
        #expect(search("ce").first == "NFO:OPT:NIFTY:20261201:26000.5:C" && search("ce").last == "NSE:EQ:CEATLTD")
        #expect(search("INE002A01018") == ["BSE:EQ:RELIANCE", "NSE:EQ:RELIANCE"])
        #expect(search("opt").count == 12 && search("options").count == 12)
        #expect(search("nifty 20270101").isEmpty && search("nifty 26jan").isEmpty)
    }

    @Test("A name and an ISIN that are new are found, though no instrument is")
    func newNames() {
        table.merge([row("NSE:EQ:CEATLTD", alias: "NSE:TYRES", isin: "INE009A01021")], from: "alpha")
        #expect(search("tyres") == ["NSE:EQ:CEATLTD"] && search("INE009A01021") == ["NSE:EQ:CEATLTD"])
    }
}
