import Domain
import Glibc
import InstrumentKit
import Prices
import Settings
import Testing

@Suite("Market files")
struct MarketFileTests {
    static let recorded = RecordedMarket.directory.flatMap { try? MarketDirectory.files([$0]) } ?? []

    @Test("The shipped files are found and all four are read")
    func shipped() throws {
        #expect(Self.recorded.count == 4)
        for path in Self.recorded { #expect(try rows(path).count == 543) }
    }

    @Test(
        "Every file has as many rows as lines after its header, and every cell comes back digit for digit",
        .enabled(if: ReferenceData.isPresent, ReferenceData.skipped), arguments: ReferenceData.files)
    func referenceRoundTrip(path: String) throws {
        let lines = String(decoding: try DocumentReader.contents(ofFile: path), as: UTF8.self).split(separator: "\n")
            .dropFirst()
        let rows = try rows(path)
        #expect(rows.count == lines.count)
        for (line, row) in zip(lines, rows) {
            let written = line.split(separator: ",").dropFirst().map { ExactDecimal(String($0)) }
            switch row {
            case .candle(let row): #expect(written == [row.open, row.high, row.low, row.close, row.volume])
            case .quote(let row): #expect(written == [row.bid, row.bidSize, row.ask, row.askSize])
            }
        }
    }

    @Test("A size of seventeen digits keeps them all", .enabled(if: ReferenceData.isPresent, ReferenceData.skipped))
    func longSizes() throws {
        let first = try rows("\(ReferenceData.directory ?? "")/COINBASE_SPOT_BTC-USD.quotes.csv").first
        guard case .quote(let quote) = first else { throw Failed() }
        #expect(quote.askSize.description == "33.35399601000002")
    }

    @Test("A file's name says its instrument and what it holds")
    func names() throws {
        let name = try MarketFileName(path: "/x/CME_FUT_ES_20131220.minute.csv")
        #expect(name.instrument.text == "CME:FUT:ES:20131220")
        #expect(name.content == .candles(lengthNanoseconds: 60_000_000_000))
        #expect(try MarketFileName(path: "US_EQ_BRK.B.quotes.csv").instrument.text == "US:EQ:BRK.B")
        for wrong in [
            "US_EQ_AAPL.csv", "US_EQ_AAPL.hourly.csv", "AAPL.daily.csv", "US_EQ_AAPL.daily.txt", ".daily.csv", "",
            "daily.csv",
        ] {
            #expect(throws: ConfigurationErrors.self, "\(wrong)") { try MarketFileName(path: wrong) }
        }
    }

    @Test(
        "A bad row is named by line and column",
        arguments: [
            ("time,open\n", "1:1: "), ("", "0:1: "), ("2020-01-02T00:00:00Z,1,2,1,2\n", "2:1: "),
            ("2020-01-02T00:00:00Z,1,2,1,2,3,4\n", "2:1: "), ("\n", "2:1: "), ("2020-01-02,1,2,1,2,3\n", "2:1: time"),
            ("2020-01-02T00:00:00+01:00,1,2,1,2,3\n", "2:1: time"),
            ("2020-01-02T00:00:00Z,1,2,1,2,-3\n", "2:30: volume"),
            ("2020-01-02T00:00:00Z,x,2,1,2,3\n", "2:22: open"), ("2020-01-02T00:00:00Z,1,1e400,1,2,3\n", "2:24: high"),
            ("2020-01-02T00:00:00Z,1,1.5,1,2,3\n", "2:1: high"), ("2020-01-02T00:00:00Z,1,3,1.5,2,3\n", "2:1: low"),
            ("2020-01-02T00:00:00Z,1,2,1,2, 3\n", "2:30: volume"),
            ("2020-01-02T00:00:00Z,1,2,1,2,\"3\"\n", "2:30: volume"),
            ("2020-01-02T00:00:00Z,1,2,1,2,3\n2020-01-02T00:00:00Z,1,2,1,2,3\n", "3:1: time"),
            ("2020-01-02T00:00:00Z,1,2,1,2,3\n2020-01-01T00:00:00Z,1,2,1,2,3\n", "3:1: time"),
            ("\u{FEFF}", "1:1: "), ("2020-01-02T00:00:00Z," + String(repeating: "1", count: 2000) + "\n", "2:1: "),
        ])
    func badRows(text: String, place: String) throws {
        let isWhole = text.hasPrefix("time") || text.isEmpty || text.hasPrefix("\u{FEFF}")
        let content = isWhole ? text : "time,open,high,low,close,volume\n" + text
        try withFiles(["US_EQ_X.daily.csv": content]) { directory in
            let found = failures { _ = try rows("\(directory)/US_EQ_X.daily.csv") }
            #expect(found.count == 1)
            #expect(found.first?.hasPrefix("US_EQ_X.daily.csv:\(place)") == true, "\(found)")
        }
    }

    @Test("A crossed quote is refused")
    func crossed() throws {
        try withFiles(["US_EQ_X.quotes.csv": "time,bid,bid_size,ask,ask_size\n2020-01-02T00:00:00Z,2,1,1,1\n"]) {
            directory in
            #expect(failures { _ = try rows("\(directory)/US_EQ_X.quotes.csv") }.count == 1)
        }
    }

    @Test("Windows line ends and a missing last one are read, rewinding reads the same again")
    func lineEnds() throws {
        let content =
            "time,open,high,low,close,volume\r\n2020-01-02T00:00:00Z,1,2,1,2,3\r\n2020-01-03T00:00:00Z,1,2,1,2,3"
        try withFiles(["US_EQ_X.daily.csv": content]) { directory in
            let reader = try MarketFileReader(path: "\(directory)/US_EQ_X.daily.csv")
            var first: [MarketRow] = []
            while let row = try reader.next() { first.append(row) }
            try reader.rewind()
            var second: [MarketRow] = []
            while let row = try reader.next() { second.append(row) }
            #expect(first.count == 2 && first == second)
        }
    }

    @Test("Candles that are written are read back, across the edges of the reader's buffer", arguments: 0..<4)
    func roundTrip(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var time = Timestamp(nanoseconds: 1_577_836_800_000_000_000)
        var rows: [MarketRow] = []
        var text = "time,open,high,low,close,volume\n"
        for _ in 0..<1_500 {
            time = time.advanced(by: Int64.random(in: 1...600, using: &random) * 60_000_000_000)
            let prices = (0..<4).map { _ in
                ExactDecimal(mantissa: Int128(Int64.random(in: 0...9_999_999, using: &random)), exponent: -3) ?? 0
            }.sorted()
            let volume =
                ExactDecimal(mantissa: Int128(UInt64.random(in: 0...(.max), using: &random)), exponent: -14) ?? 0
            rows.append(
                .candle(
                    .init(
                        start: time, lengthNanoseconds: 60_000_000_000, open: prices[1], high: prices[3],
                        low: prices[0],
                        close: prices[2], volume: volume)))
            text += "\(time),\(prices[1]),\(prices[3]),\(prices[0]),\(prices[2]),\(volume)\n"
        }
        try withFiles(["US_EQ_X.minute.csv": text]) { directory in
            let read = try self.rows("\(directory)/US_EQ_X.minute.csv")
            #expect(read == rows)
        }
    }

    private func rows(_ path: String) throws -> [MarketRow] {
        let reader = try MarketFileReader(path: path)
        var rows: [MarketRow] = []
        while let row = try reader.next() { rows.append(row) }
        return rows
    }
}
