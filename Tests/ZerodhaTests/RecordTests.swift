import AdapterKit
import Exact
import Testing

@testable import Zerodha

@Suite("Records of orders, trades, money and instruments")
struct RecordTests {
    private let now = Timestamp(nanoseconds: 1_780_000_000_000_000_000)

    @Test("Every recorded order has a state of ours, and no final one has leaves", .needsReferenceData)
    func orders() throws {
        for file in ["responses/orders.json", "responses/order_info.json"] {
            let rows = try #require(try Recorded.json(file)["data"]?.array)
            #expect(!rows.isEmpty)
            for row in rows {
                let record = try #require(OrderRecord(row), "\(row)")
                let update = record.update(
                    account: 0,
                    instrument: StoredInstrument(id: "NSE:EQ:X", lotSize: 1), withOrder: true)
                #expect(update.state != .other, "\(record.status)")
                #expect(record.time != nil)
                if record.isFinal { #expect(update.leavesQuantity == .zero) }
                #expect(update.order != nil, "\(row)")
            }
        }
    }

    @Test("Every recorded trade is an execution with an id of exchange, day, trade and order", .needsReferenceData)
    func trades() throws {
        let rows = try #require(try Recorded.json("responses/trades.json")["data"]?.array)
        var ids = Set<String>()
        for row in rows {
            let trade = try #require(TradeRecord(row, now: now), "\(row)")
            #expect(trade.time != nil)
            ids.insert(trade.executionID)
        }
        #expect(ids.count == rows.count)
    }

    @Test("Funds are one row of rupees: what is available is the broker's net", .needsReferenceData)
    func funds() throws {
        let one = Portfolio.funds(
            try #require(try Recorded.json("responses/margins_equity.json")["data"]), account: 0, now: now)
        #expect(one.first?.available == ExactDecimal("99725.05000000002"))
        #expect(one.first?.used == ExactDecimal("145706.55"))
        #expect(one.first?.cash == ExactDecimal("245431.6"))
        let both = Portfolio.funds(
            try #require(try Recorded.json("responses/margins.json")["data"]), account: 0, now: now)
        #expect(both.count == 1)
    }

    @Test("Positions and holdings are read whole; a name nobody knows is told, not dropped", .needsReferenceData)
    func portfolio() throws {
        var unknown: [Symbol] = []
        let data = try #require(try Recorded.json("responses/positions.json")["data"])
        let positions = Portfolio.positions(data, account: 0) { symbol in
            symbol.exchange == .mcx ? nil : StoredInstrument(id: "NSE:EQ:\(symbol.tradingSymbol)", lotSize: 1)
        } unknown: {
            unknown.append($0)
        }
        let rows = try #require(data["net"]?.array)
        let closed = rows.filter { row in
            row["quantity"]?.decimalOrText?.isZero == true
                && positions?.contains { $0.instrumentID.hasSuffix(row["tradingsymbol"]?.string ?? "") } == false
        }
        #expect((positions?.count ?? 0) + unknown.count + closed.count == rows.count)
        #expect(unknown.allSatisfy { $0.exchange == .mcx })
        let holdings = Portfolio.holdings(
            try #require(try Recorded.json("responses/holdings.json")["data"]), account: 0, containUnsettled: false
        ) {
            StoredInstrument(id: "NSE:EQ:\($0.tradingSymbol)", lotSize: 1)
        } unknown: { _ in
        }
        #expect(holdings?.isEmpty == false)
    }

    @Test("The instrument list gives one canonical id a line, however it is cut into chunks", .needsReferenceData)
    func instruments() throws {
        let file = try Recorded.bytes("responses/instruments_all.csv")
        var whole: [String] = []
        for size in [file.count, 1, 7, 100] {
            var dump = InstrumentDump()
            var ids: [String] = []
            try file.withUnsafeBytes { bytes in
                for start in stride(from: 0, to: bytes.count, by: size) {
                    let part = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + size, bytes.count)])
                    try dump.add(part) { ids.append($0.instrument.id) }
                }
                try dump.finish { ids.append($0.instrument.id) }
            }
            #expect(dump.refused == 0, "\(dump.reasons)")
            if whole.isEmpty { whole = ids }
            #expect(ids == whole)
            #expect(Set(ids).count == ids.count)
        }
        #expect(whole.contains("NSE:EQ:CENTRALBK:BE"))
        #expect(whole.contains { $0.hasPrefix("NFO:OPT:") && $0.hasSuffix(":C") })
    }

    @Test(
        "A list whose columns are missing, doubled, moved or new",
        arguments: [
            ("exchange", "", "the column exchange is missing"),
            ("", ",exchange", "the column exchange stands twice in the first line"),
            ("", ",extra", nil),
        ])
    func columns(removed: String, added: String, fault: String?) {
        let names = [
            "exchange", "segment", "instrument_token", "exchange_token", "tradingsymbol", "name", "last_price",
            "expiry",
            "strike", "tick_size", "lot_size", "instrument_type",
        ].filter { $0 != removed }
        let line = "NSE,NSE,408065,1594,INFY,\"INFOSYS, LIMITED\",0,,0,0.05,1,EQ" + (added.isEmpty ? "" : ",1")
        let text = names.joined(separator: ",") + added + "\n" + line + "\r\n"
        var rows: [InstrumentRow] = []
        var dump = InstrumentDump()
        var caught: InstrumentDump.Fault?
        do throws(InstrumentDump.Fault) {
            try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(InstrumentDump.Fault) in
                try dump.add(UnsafeRawBufferPointer(bytes)) { rows.append($0) }
            }
            try dump.finish { rows.append($0) }
        } catch {
            caught = error
        }
        #expect(caught == fault.map { InstrumentDump.Fault(text: $0) })
        if let fault {
            #expect(rows.isEmpty, "\(fault)")
        } else {
            #expect(rows.map(\.instrument.id) == ["NSE:EQ:INFY"])
            #expect(rows.first?.name == "INFOSYS, LIMITED")
            #expect(rows.first?.instrument.alias == "NSE:INFY")
        }
    }

    @Test(
        "A line of another charset is given by its names alone, the mark of UTF-8 is no part of a name, and columns move"
    )
    func charsets() throws {
        let lines: [[UInt8]] = [
            [0xef, 0xbb, 0xbf]
                + Array(
                    "exchange,segment,instrument_type,lot_size,tick_size,strike,expiry,name,tradingsymbol,instrument_token"
                        .utf8),
            Array("NSE,NSE,EQ,1,0.05,0,,CAF".utf8) + [0xc9] + Array(",CAFE,1".utf8),
            Array("NSE,NSE,EQ,1,0.05,0,,INFOSYS,INFY,408065\n".utf8),
        ]
        var rows: [InstrumentRow] = []
        var dump = InstrumentDump()
        try Array(lines.joined(separator: [UInt8(ascii: "\n")])).withUnsafeBytes { bytes in
            try dump.add(bytes) { rows.append($0) }
        }
        try dump.finish { rows.append($0) }
        #expect(rows.map(\.instrument.id) == ["", "NSE:EQ:INFY"])
        #expect(rows.first == .unreadable(alias: "NSE:CAFE", brokerData: [49], reason: "line 2: it is no UTF-8"))
        #expect(dump.refused == 1)
        #expect(dump.reasons == ["line 2: it is no UTF-8"])
    }

    private static let header =
        "instrument_token,exchange_token,tradingsymbol,name,last_price,expiry,strike,tick_size,lot_size,"
        + "instrument_type,segment,exchange\n"

    private func read(_ text: String) -> (rows: [InstrumentRow], fault: String?, dump: InstrumentDump) {
        var rows: [InstrumentRow] = []
        var dump = InstrumentDump()
        do throws(InstrumentDump.Fault) {
            try Array(text.utf8).withUnsafeBufferPointer { (bytes) throws(InstrumentDump.Fault) in
                try dump.add(UnsafeRawBufferPointer(bytes)) { rows.append($0) }
            }
            try dump.finish { rows.append($0) }
        } catch { return (rows, error.text, dump) }
        return (rows, nil, dump)
    }

    @Test(
        "A line that cannot be read is given with as much of its names as there is, one of another exchange not at all",
        arguments: [
            ("7,1,INFY,INFOSYS,0,,0,x,1,EQ,NSE,NSE", "NSE:INFY", "7"),
            ("x,1,INFY,INFOSYS,0,,0,1,1,EQ,NSE,NSE", "NSE:INFY", nil),
            ("7,1,,INFOSYS,0,,0,1,1,EQ,NSE,NSE", nil, "7"), ("7,1,INFY,INFOSYS,0,,0,1,1,XX,NSE,NSE", "NSE:INFY", "7"),
            ("7,1,INFY", nil, nil), ("7,1,INFY,INFOSYS,0,,0,1,1,EQ,NSE,", nil, "7"),
        ])
    func unreadableLines(line: String, alias: String?, token: String?) {
        let (rows, fault, dump) = read(
            Self.header + "1,1,GIFT,GIFT,0,,0,x,1,FUT,NSEIX,NSEIX\n" + line + "\n5,1,TCS,TCS,0,,0,0.05,1,EQ,NSE,NSE\n")
        #expect(fault == nil && dump.refused == 1 && dump.foreign == 1)
        #expect(rows.map(\.instrument.id) == ["", "NSE:EQ:TCS"])
        #expect(rows.first?.instrument.alias == alias)
        #expect(rows.first?.instrument.brokerData == token.map { Array($0.utf8) })
        #expect(rows.first?.name?.hasPrefix("line 3: ") == true)
    }

    @Test("A list that is cut anywhere is no list, but for the end of its last line")
    func cut() {
        let text = Self.header + "7,1,INFY,INFOSYS,0,,0,0.05,1,EQ,NSE,NSE\n" + "8,1,TCS,TCS,0,,0,0.05,1,EQ,NSE,NSE\n"
        let lineStart = text.utf8.count - "8,1,TCS,TCS,0,,0,0.05,1,EQ,NSE,NSE\n".utf8.count
        for count in 1..<text.utf8.count {
            let (rows, fault, _) = read(String(decoding: text.utf8.prefix(count), as: UTF8.self))
            let isWhole = count == lineStart || count >= text.utf8.count - 1 || count == lineStart - 1
            #expect((fault == nil) == isWhole, "cut after \(count) bytes: \(fault ?? "taken")")
            #expect(!rows.contains { $0.instrument.id.isEmpty })
        }
        // Where the last column is a number, its cut would not show.
        #expect(
            read(
                "tradingsymbol,name,expiry,strike,tick_size,instrument_type,segment,exchange,instrument_token,lot_size\n"
                    + "N,N,,0,1,EQ,NSE,NSE,7,75"
            ).fault == "the list ends in the middle of line 2")
    }

    @Test("Where the broker counts lots, the lot of the list is not taken for units")
    func lots() throws {
        let symbol = Symbol(.mcx, "CRUDEOIL26DECFUT")
        #expect(try symbol.brokerQuantity(300, lotSize: 100) == 3)
        #expect(throws: AdapterError.self) { try symbol.brokerQuantity(250, lotSize: 100) }
        #expect(throws: AdapterError.self) { try symbol.brokerQuantity(100, lotSize: nil) }
        #expect(symbol.units(3, lotSize: 100) == 300)
        #expect(try Symbol(.nfo, "NIFTY26DECFUT").brokerQuantity(150, lotSize: 75) == 150)
    }
}
