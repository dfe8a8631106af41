import Domain
import InstrumentKit
import Instruments
import Testing

@Suite("Names of the trade's schemes")
struct NamespaceTests {
    @Test(
        "A name follows from the id and leads back to it",
        arguments: [
            ("osi", "OPRA:OPT:AAPL:20260918:260:C", "AAPL  260918C00260000"),
            ("osi", "OPRA:OPT:F:20260102:12.5:P", "F     260102P00012500"),
            ("osi", "OPRA:OPT:GOOGL1:20991231:0.001:P", "GOOGL1991231P00000001"),
            ("openalgo", "NSE:EQ:INFY", "NSE:INFY"), ("openalgo", "NSE:EQ:M&M", "NSE:M&M"),
            ("openalgo", "BSE:EQ:TATAMOTORS", "BSE:TATAMOTORS"), ("openalgo", "NSE:IDX:NIFTY", "NSE_INDEX:NIFTY"),
            ("openalgo", "NFO:FUT:NIFTY:20251230", "NFO:NIFTY30DEC25FUT"),
            ("openalgo", "NFO:OPT:NIFTY:20261229:26000:C", "NFO:NIFTY29DEC2626000CE"),
            ("openalgo", "NFO:OPT:VEDL:20261126:292.5:P", "NFO:VEDL26NOV26292.5PE"),
            ("openalgo", "NFO:OPT:A01JAN01:20260105:101:P", "NFO:A01JAN0105JAN26101PE"),
            ("openalgo", "MCX:FUT:GOLD:20261204", "MCX:GOLD04DEC26FUT"),
            ("ccxt", "BINANCE:SPOT:BTC-USDT", "BTC/USDT"), ("ccxt", "BINANCEUSDM:PERP:BTC-USDT-USDT", "BTC/USDT:USDT"),
            ("ccxt", "DERIBIT:FUT:BTC-USD-BTC:20261225", "BTC/USD:BTC-261225"),
            ("ccxt", "DERIBIT:OPT:BTC-USD-BTC:20261225:50000:C", "BTC/USD:BTC-261225-50000-C"),
            ("tradingview", "NSE:EQ:RELIANCE", "NSE:RELIANCE"), ("tradingview", "XNAS:EQ:AAPL", "NASDAQ:AAPL"),
            ("tradingview", "NSE:IDX:NIFTY", "NSE:NIFTY"), ("tradingview", "BINANCE:SPOT:BTC-USDT", "BINANCE:BTCUSDT"),
            ("tradingview", "BINANCEUSDM:PERP:BTC-USDT-USDT", "BINANCE:BTCUSDT.P"),
        ])
    func bothWays(namespace: String, text: String, name: String) throws {
        let scheme = try #require(PublicNamespace(rawValue: namespace))
        #expect(try InstrumentID(text).text == text)
        #expect(scheme.name(of: id(text)) == name)
        #expect(try scheme.candidates(for: name).contains(id(text)))
        #expect(try scheme.candidates(for: name.lowercased()).contains(id(text)))
        let master = InstrumentMaster(table: table([text]))
        #expect(master.lookUp(name, in: namespace) == .found(try master.index(text)))
        let shown = master.table.snapshot.publicNames(try master.index(text))
        #expect(shown.contains { $0.namespace == namespace && $0.name == name })
    }

    @Test(
        "What a scheme has no certain name for has none",
        arguments: [
            ("osi", "OPRA:OPT:BRK.B:20260918:260:C"), ("osi", "OPRA:OPT:TOOLONG:20260918:260:C"),
            ("osi", "OPRA:OPT:AAPL:20260918:260.0005:C"), ("osi", "OPRA:OPT:AAPL:21260918:260:C"),
            ("osi", "NFO:OPT:NIFTY:20261229:26000:C"), ("openalgo", "NSE:EQ:RELIANCE:BE"), ("openalgo", "US:EQ:AAPL"),
            ("openalgo", "NSE:IDX:INDIA%20VIX"), ("ccxt", "NSE:EQ:INFY"), ("ccxt", "BINANCE:SPOT:A%2DB-USDT"),
            ("tradingview", "NSE:EQ:M&M"), ("tradingview", "US:EQ:AAPL"), ("tradingview", "NSE:EQ:RELIANCE:BE"),
            ("tradingview", "NFO:FUT:NIFTY:20261231"), ("tradingview", "IDEALPRO:FX:EUR-USD"),
            ("tradingview", "BYBIT:PERP:BTC-USDT-USDT"),
        ])
    func none(namespace: String, text: String) throws {
        #expect(try InstrumentID(text).text == text)
        #expect(try #require(PublicNamespace(rawValue: namespace)).name(of: id(text)) == nil)
    }

    @Test(
        "A text that is none of a scheme's names is refused with what would be right",
        arguments: [
            ("osi", "AAPL 260918C00260000"), ("osi", "AAPL  261318C00260000"), ("osi", "AAPL  260918X00260000"),
            ("osi", "AAPL  260918C00000000"), ("osi", "260918C00260000"), ("openalgo", "NIFTY29DEC2626000CE"),
            ("openalgo", "NFO:NIFTY29DEC2626000"), ("openalgo", "NFO:NIFTY29XYZ2626000CE"), ("openalgo", "XYZ:INFY"),
            ("ccxt", "BTCUSDT"), ("ccxt", "BTC/USDT:USDT-2612"), ("ccxt", "BTC/USDT:USDT-261225-050000-C"),
            ("ccxt", "BTC/USDT:BTC-261225-5"), ("tradingview", "RELIANCE"), ("tradingview", "NSE:M&M"),
            ("tradingview", "MOON:BTCUSDT"),
        ])
    func malformed(namespace: String, text: String) throws {
        let scheme = try #require(PublicNamespace(rawValue: namespace))
        let failure = #expect(throws: PublicNamespace.Malformed.self) { try scheme.candidates(for: text) }
        #expect(failure?.reason.contains("'") == true)
        guard case .malformed = InstrumentMaster().lookUp(text, in: namespace) else {
            Issue.record("\(text) is looked up in \(namespace)")
            return
        }
    }

    @Test("No text makes a scheme fail, and whatever it means leads back to that text", arguments: 0..<200)
    func anyText(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "NFO", "NSE", ":", "/", "-", "BTC", "USDT", "29DEC26", "261225", "C", "CE", "FUT", "00260000", " ", "é",
            ".P",
        ]
        for _ in 0..<50 {
            let text = (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            for scheme in PublicNamespace.allCases {
                for id in (try? scheme.candidates(for: text)) ?? [] {
                    let name = scheme.name(of: id)
                    #expect(name == text || name?.filter { $0 != " " } == text.filter { $0 != " " }, "\(text) \(id)")
                }
            }
        }
    }

    @Test(
        "A name of several is answered with all of them, a venue tells them apart, and what is listed no more gives way"
    )
    func several() throws {
        let master = InstrumentMaster()
        let isin = "INE009A01021"
        let rows = ["BINANCE:SPOT:BTC-USDT", "BYBIT:SPOT:BTC-USDT"].map { row($0, alias: "BTCUSDT", token: $0) }
        let shares = ["NSE:EQ:INFY", "BSE:EQ:INFY"].map { row($0, alias: "\($0)", isin: isin) }
        try master.take(rows + shares, from: "alpha", at: noon(0))
        for (text, namespace) in [("BTC/USDT", "ccxt"), ("BTCUSDT", "alpha")] {
            #expect(
                master.lookUp(text, in: namespace)
                    == .several([id("BINANCE:SPOT:BTC-USDT"), id("BYBIT:SPOT:BTC-USDT")]))
            #expect(
                master.lookUp(text, in: namespace, venue: "BYBIT") == .found(try master.index("BYBIT:SPOT:BTC-USDT")))
        }
        #expect(master.lookUp(isin, in: "isin") == .several([id("BSE:EQ:INFY"), id("NSE:EQ:INFY")]))
        #expect(master.lookUp("INE009A01022", in: "isin") != .none)  // the check digit is wrong
        #expect(master.lookUp("US0378331005", in: "isin") == .none)
        #expect(master.lookUp("NSE:EQ:INFY", in: "sluice") == .found(try master.index("NSE:EQ:INFY")))
        #expect(master.lookUp("x", in: "gamma") == .unknownNamespace(master.namespaces))
        try master.take(rows.prefix(1) + shares, from: "alpha", at: noon(1))
        #expect(master.lookUp("BTC/USDT", in: "ccxt") == .found(try master.index("BINANCE:SPOT:BTC-USDT")))
    }
}
