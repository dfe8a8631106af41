import Domain
import InstrumentKit
import Instruments
import Settings
import Testing

@Suite("Instrument table")
struct InstrumentTableTests {
    @Test("An index belongs to one id for ever, through merges, refreshes and overlays", arguments: 0..<20)
    func stableIndexes(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let table = InstrumentTable()
        var given: [InstrumentID: InstrumentIndex] = [:]
        let held = table.snapshot
        for _ in 0..<30 {
            let rows = (0..<20).map { _ in fields("US:EQ:S\(Int.random(in: 0..<60, using: &random))") }
            switch Int.random(in: 0..<3, using: &random) {
            case 0: table.merge(rows, from: "a", isComplete: Bool.random(using: &random))
            case 1: table.merge(rows, from: "b", isComplete: Bool.random(using: &random))
            default: table.setOverlay(Array(rows.prefix(3)))
            }
            let snapshot = table.snapshot
            for number in 0..<snapshot.count {
                let index = InstrumentIndex(Int32(number))
                guard let id = snapshot.id(index) else { continue }
                #expect(given[id, default: index] == index && snapshot.index(of: id) == index)
                given[id] = index
            }
            #expect(given.count == snapshot.count)
        }
        #expect(held.count == 0)
    }

    @Test("A record that is merged comes back whole")
    func recordRoundTrip() throws {
        let record = InstrumentRecord(
            id: id("NFO:OPT:NIFTY:20261231:26000:C"), name: "Nifty call", currency: try #require(Currency("INR")),
            tickSize: try #require(ExactDecimal("0.05")), lotSize: 75, multiplier: 1, contractSize: 75,
            freezeQuantity: 1800,
            minimumQuantity: 75, maximumQuantity: 18_000, priceLow: 1, priceHigh: 900, source: "dump")
        let table = InstrumentTable()
        table.merge([InstrumentFields(record)], from: "dump")
        let index = try #require(table.snapshot.index(of: record.id))
        #expect(table.snapshot.record(index) == record)
        #expect(try table.snapshot.instrument(index) == Instrument(record, index: index))
        #expect(table.snapshot.refusal(index) == nil)
        #expect(table.snapshot.record(index)?.expiry == CivilDate(compact: "20261231"))
    }

    @Test("An overlay's fields stand above every source's, and the gaps of both are filled")
    func overlayWins() throws {
        let table = InstrumentTable()
        let path = id("MCX:FUT:GOLD:20261204")
        var row = fields(path.text, lot: nil)
        row.multiplier = nil
        table.merge([row], from: "broker")
        let index = try #require(table.snapshot.index(of: path))
        #expect(table.snapshot.refusal(index) == "lot_size is missing: no source and no overlay says it")
        #expect(table.snapshot.instrument(index) == nil)
        var overlay = InstrumentFields(id: path)
        (overlay.lotSize, overlay.multiplier, overlay.source) = (100, 1, "circular")
        table.setOverlay([overlay])
        for lot: ExactDecimal in [1, 7] {  // whatever the broker says later
            table.merge([fields(path.text, lot: lot)], from: "broker")
            #expect(table.snapshot.record(index)?.lotSize == 100)
            #expect(table.snapshot.record(index)?.tickSize == ExactDecimal("0.01"))
            #expect(table.snapshot.record(index)?.source == "circular")
        }
        table.setOverlay([])
        #expect(table.snapshot.record(index)?.lotSize == 7)
    }

    @Test("The multiplier of a derivative is never assumed, that of a share is 1")
    func multipliers() throws {
        let table = InstrumentTable()
        for text in ["CME:FUT:ES:20261218", "OPRA:OPT:AAPL:20260918:260:C", "DERIBIT:PERP:BTC-USD-BTC"] {
            var row = fields(text)
            row.multiplier = nil
            table.merge([row], from: "a")
            let index = try #require(table.snapshot.index(of: id(text)))
            #expect(table.snapshot.refusal(index)?.hasPrefix("multiplier is missing") == true)
        }
        var share = fields("US:EQ:X")
        share.multiplier = nil
        table.merge([share], from: "a")
        #expect(table.snapshot.index(of: share.id).flatMap { table.snapshot.record($0) }?.multiplier == 1)
    }

    @Test(
        "Of two sources that disagree the newcomer is quarantined, with both figures, and what was in force stays",
        arguments: ["currency", "tick", "lot_size", "multiplier", "freeze_quantity", "expiry"])
    func disagreement(field: String) throws {
        var first = fields("US:EQ:X")
        first.freezeQuantity = 100
        first.expiry = CivilDate(compact: "20270101")
        var second = first
        switch field {
        case "currency": second.currency = Currency("EUR")
        case "tick": second.tickSize = ExactDecimal("0.05")
        case "lot_size": second.lotSize = 10
        case "multiplier": second.multiplier = 2
        case "freeze_quantity": second.freezeQuantity = 50
        default: second.expiry = CivilDate(compact: "20270102")
        }
        let table = InstrumentTable()
        table.merge([first], from: "a")
        #expect(table.merge([second], from: "b").disagreements == [first.id])
        let index = try #require(table.snapshot.index(of: first.id))
        let found = table.snapshot.quarantines(index)
        #expect(found.map(\.source) == ["b"] && found.first?.field == field)
        #expect(found.first?.text.hasPrefix("b says \(field) ") == true)
        #expect(table.snapshot.record(index).map(InstrumentFields.init)?.lotSize == first.lotSize)
        #expect(table.snapshot.instrument(index)?.isTradable == true)

        // A person settles it; the settlement ends when a source says something new.
        #expect(table.acknowledge(first.id, believing: "c") == "c does not list it; sources that do: a, b")
        #expect(table.acknowledge(first.id, believing: "b") == nil)
        #expect(table.snapshot.quarantines(index).isEmpty)
        #expect(table.snapshot.record(index).map(InstrumentFields.init)?.tickSize == second.tickSize)
        table.merge([second], from: "b")
        #expect(table.snapshot.quarantines(index).isEmpty)
        var third = second
        third.lotSize = 20
        table.merge([third], from: "b")
        #expect(!table.snapshot.quarantines(index).isEmpty)

        // Or the sources come to agree.
        table.merge([first], from: "b")
        #expect(table.snapshot.quarantines(index).isEmpty && table.snapshot.instrument(index)?.isTradable == true)
    }

    @Test("A source that says nothing of a field disagrees with nobody, and a fixed field is settled")
    func noDisagreement() throws {
        var silent = fields("US:EQ:X")
        silent.lotSize = nil
        let table = InstrumentTable()
        table.merge([silent], from: "a")
        #expect(table.merge([fields("US:EQ:X", lot: 10)], from: "b").disagreements.isEmpty)
        #expect(table.snapshot.record(InstrumentIndex(0))?.lotSize == 10)
        var overlay = InstrumentFields(id: silent.id)
        (overlay.tickSize, overlay.source) = (ExactDecimal("0.05"), "me")
        table.setOverlay([overlay])
        #expect(table.merge([fields("US:EQ:X", tick: ExactDecimal("0.02"), lot: 10)], from: "b").disagreements.isEmpty)
    }

    @Test("A table and one tick are two answers to one question: they are compared, and one settles the other")
    func tickTables() throws {
        let banded = try TickTable("0:0.01 250:0.05")
        var first = fields("US:EQ:X")
        (first.tickSize, first.tickTable) = (nil, banded)
        let table = InstrumentTable()
        table.merge([first], from: "a")
        let index = InstrumentIndex(0)
        #expect(table.snapshot.record(index)?.tickTable == banded && table.snapshot.refusal(index) == nil)
        #expect(table.snapshot.record(index)?.tickSize == ExactDecimal("0.01"))
        #expect(table.merge([first], from: "c").disagreements.isEmpty)
        #expect(table.merge([fields("US:EQ:X", tick: ExactDecimal("0.01"))], from: "b").disagreements == [first.id])
        let odd = try #require(table.snapshot.quarantines(index).first)
        #expect(odd.source == "b" && odd.field == "tick" && odd.stated == "0.01" && odd.inForce == "0:0.01 250:0.05")

        var overlay = InstrumentFields(id: first.id)
        (overlay.tickSize, overlay.source) = (ExactDecimal("0.05"), "circular")
        table.setOverlay([overlay])
        #expect(table.snapshot.quarantines(index).isEmpty)
        #expect(table.snapshot.record(index)?.tickTable == nil, "one tick of the overlay stands, whatever sources say")
        #expect(table.snapshot.record(index)?.tickSize == ExactDecimal("0.05"))
        (overlay.tickSize, overlay.tickTable) = (nil, banded)
        table.merge([fields("US:EQ:X", tick: 1)], from: "a")
        table.setOverlay([overlay])
        #expect(table.snapshot.record(index)?.tickTable == banded)
    }

    @Test("An instrument that a complete listing no longer has keeps its figures and says that it is not listed")
    func withdrawal() throws {
        let table = table(["US:EQ:A", "US:EQ:B"])
        let merge = table.merge([fields("US:EQ:A")], from: "test", isComplete: true)
        #expect(merge.withdrawnCount == 1 && merge.changedCount == 0)
        let index = try #require(table.snapshot.index(of: id("US:EQ:B")))
        #expect(table.snapshot.refusal(index) == "no source lists it any more")
        #expect(table.snapshot.refusalKind(index) == .withdrawn)
        // Closing is not refused for it (RISK.md C3): that is the engine's, by the figures that stand.
        #expect(table.snapshot.instrument(index)?.isTradable == true)
        table.merge([fields("US:EQ:B")], from: "test")
        #expect(table.snapshot.refusal(index) == nil)
        #expect(table.snapshot.instrument(index)?.isTradable == true)
    }

    @Test("A listing that names an id twice with different figures is told so, and the first stand")
    func listedTwice() {
        let table = InstrumentTable()
        let merge = table.merge([fields("US:EQ:A"), fields("US:EQ:A"), fields("US:EQ:A", lot: 5)], from: "x")
        #expect(merge.refusedCount == 1 && merge.addedCount == 1)
        #expect(table.snapshot.record(InstrumentIndex(0))?.lotSize == 1)
    }

    @Test("A full table refuses further ids and keeps those it has")
    func capacity() {
        let table = InstrumentTable(capacity: 3)
        let merge = table.merge((0..<1_500).map { fields("US:EQ:S\($0)") }, from: "x")
        #expect(merge.addedCount == 3 && merge.refusedCount == 1_497 && merge.refusals.count == 1_000)
        #expect(table.snapshot.count == 3)
    }

    @Test("Figures that cannot be counted are a reason, not an instrument")
    func unusable() {
        let table = InstrumentTable()
        table.merge([fields("US:EQ:A", tick: 0)], from: "x")
        #expect(table.snapshot.refusal(InstrumentIndex(0)) == "tick_size: a tick is positive")
        #expect(table.snapshot.instrument(InstrumentIndex(0)) == nil)
    }

    @Test("Ten thousand instruments are merged, found and searched")
    func large() throws {
        let table = InstrumentTable()
        let rows = (0..<10_000).map { number in
            var row = fields("NFO:OPT:R\(number / 500):20261231:\(number % 500 + 1):C", lot: 75)
            row.name = "R\(number / 500) 31 Dec 2026 \(number % 500 + 1) call"
            return row
        }
        #expect(table.merge(rows, from: "dump").addedCount == 10_000)
        let snapshot = table.snapshot
        for row in rows.prefix(1_000) { #expect(snapshot.index(of: row.id).flatMap { snapshot.id($0) } == row.id) }
        #expect(snapshot.search("r7", limit: 400).count == 400)
        #expect(snapshot.search("nfo:opt:r19:20261231:500:c").count == 1)
    }
}

@Suite("Instrument search")
struct InstrumentSearchTests {
    private let snapshot: InstrumentSnapshot = {
        var rows = ["NSE:EQ:RELIANCE", "NSE:EQ:M&M", "US:EQ:BRK.B", "BINANCE:SPOT:BTC-USDT", "NSE:IDX:NIFTY"].map {
            fields($0)
        }
        rows += (1...40).map { fields("NFO:OPT:RELIANCE:20261231:\($0):C") } + [fields("NFO:FUT:NIFTY:20261231")]
        rows[0].name = "Reliance Industries"
        rows[2].name = "Berkshire Hathaway class B"
        let table = InstrumentTable()
        table.merge(rows, from: "x")
        return table.snapshot
    }()

    private func search(_ query: String, venue: String? = nil, kind: InstrumentKind? = nil, limit: Int = 20) -> [String]
    {
        snapshot.search(query, venue: venue, kind: kind, limit: limit).compactMap { snapshot.id($0)?.text }
    }

    @Test("Beginnings of ids, roots, their parts and name words are found, in any letters and order")
    func prefixes() {
        #expect(search("indus") == ["NSE:EQ:RELIANCE"])
        #expect(search("hathaway berk") == ["US:EQ:BRK.B"])
        #expect(search("usdt") == ["BINANCE:SPOT:BTC-USDT"])
        #expect(search("btc-us") == ["BINANCE:SPOT:BTC-USDT"])
        #expect(search("m&m") == ["NSE:EQ:M&M"])
        #expect(search("us:eq:b") == ["US:EQ:BRK.B"])
        #expect(search("brk.b") == ["US:EQ:BRK.B"])
        #expect(search("berk indus").isEmpty)
    }

    @Test("The share comes before its options, and results are bounded")
    func ranking() {
        #expect(
            search("reliance", limit: 3) == [
                "NSE:EQ:RELIANCE", "NFO:OPT:RELIANCE:20261231:10:C", "NFO:OPT:RELIANCE:20261231:11:C",
            ])
        #expect(search("nifty") == ["NSE:IDX:NIFTY", "NFO:FUT:NIFTY:20261231"])
        #expect(search("reliance", limit: 10_000).count == 41)
        #expect(search("reliance", limit: -1).count == 1)
    }

    @Test("Venue and kind narrow the results")
    func filters() {
        #expect(search("reliance", venue: "NSE") == ["NSE:EQ:RELIANCE"])
        #expect(search("reliance", kind: .option, limit: 500).count == 40)
        #expect(search("nifty", venue: "nfo") == ["NFO:FUT:NIFTY:20261231"])
        #expect(search("n", venue: "N").isEmpty)
    }

    @Test(
        "Queries that say nothing or too much find nothing", arguments: ["", "   ", String(repeating: "x", count: 129)])
    func emptyQueries(query: String) {
        #expect(search(query).isEmpty)
    }

    @Test("A search finds exactly the instruments of which every word begins something", arguments: 0..<30)
    func againstScan(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let syllables = ["AL", "BO", "CA", "DE", "A", "B"]
        func word() -> String {
            (0..<Int.random(in: 1...3, using: &random)).map { _ in syllables.randomElement(using: &random) ?? "" }
                .joined()
        }
        var names: [InstrumentID: String] = [:]
        var rows: [InstrumentFields] = []
        for number in 0..<200 {
            var row = fields("US:EQ:\(word())\(number)")
            row.name = "\(word()) \(word())"
            names[row.id] = row.name
            rows.append(row)
        }
        let table = InstrumentTable()
        table.merge(rows, from: "x")
        for _ in 0..<20 {
            let terms = (0..<Int.random(in: 1...2, using: &random)).map { _ in word() }
            let found = Set(
                table.snapshot.search(terms.joined(separator: " "), limit: 500).compactMap { table.snapshot.id($0) })
            let expected = names.filter { id, name in
                let words = [id.text, String(id.root)] + name.split(separator: " ").map(String.init)
                return terms.allSatisfy { term in words.contains { $0.hasPrefix(term) } }
            }
            #expect(found == Set(expected.keys))
        }
    }
}

@Suite("Instrument overlay")
struct InstrumentOverlayTests {
    @Test("A tick table is read from both forms of the file, and says what is wrong with it")
    func tickTables() throws {
        let files = [
            "o.yaml": "NSE:EQ:INFY: { tick_table: 0:0.01 250:0.05, source: circular }\n",
            "o.csv": "id,tick_table,source\nNSE:EQ:INFY,0:0.01 250:0.05,circular\n",
        ]
        try withFiles(files) { directory in
            let mapping = try InstrumentOverlay.read(file: "\(directory)/o.yaml")
            #expect(mapping.map(\.tickTable?.description) == ["0:0.01 250:0.05"])
            #expect(try InstrumentOverlay.read(file: "\(directory)/o.csv") == mapping)
        }
        let document = """
            NSE:EQ:A: { tick_table: 5:0.01, source: s }
            NSE:EQ:B: { tick: 0.05, tick_table: "0:0.01", source: s }
            """
        let found = failures { _ = try InstrumentOverlay.read(document: Array(document.utf8), file: "o.yaml") }
        #expect(found.count == 2)
        #expect(found.first?.contains("\"NSE:EQ:A\".tick_table") == true || found.first?.contains("tick_table") == true)
        #expect(found.last?.contains("tick is given, too") == true)
    }

    private let document = """
        NSE:EQ:INFY: { name: "Infosys, Ltd", tick: 0.05, lot_size: 1, currency: INR, source: "exchange list" }
        NFO:FUT:NIFTY:20261231: { tick: 0.05, lot_size: 75, multiplier: 1, freeze_quantity: 1800, min: 75, max: 9000,
          price_low: 20000, price_high: 30000.5, currency: INR, expiry: 2026-12-31, tradable: true, contract_size: 75,
          source: circular }
        """
    private let rows = """
        id,source,name,tick,lot_size,currency,multiplier,freeze_quantity,min,max,price_low,price_high,expiry,tradable,contract_size
        nse:eq:infy,exchange list,"Infosys, Ltd",0.05,1,INR,,,,,,,,,
        NFO:FUT:NIFTY:20261231,circular,,0.05,75,INR,1,1800,75,9000,20000,30000.5,2026-12-31,true,75

        """

    @Test("The mapping and the table form say the same")
    func bothForms() throws {
        try withFiles(["o.yaml": document, "o.csv": rows]) { directory in
            let mapping = try InstrumentOverlay.read(file: "\(directory)/o.yaml")
            let table = try InstrumentOverlay.read(file: "\(directory)/o.csv")
            #expect(mapping == table)
            #expect(mapping.map(\.name) == ["Infosys, Ltd", nil])
            #expect(mapping[1].priceHigh == ExactDecimal("30000.5"))
        }
    }

    @Test(
        "A wrong field is named with its instrument",
        arguments: [
            ("tick: 0", "tick"), ("tick: 1e400", "tick"), ("lot: 5", "lot"), ("currency: inr", "currency"),
            ("tradable: yes", "tradable"), ("expiry: 2026-02-30", "expiry"), ("min: -1", "min"),
            ("max: 1, min: 2", "min"),
            ("price_low: 2, price_high: 1", "price_low"), ("lot_size: 1, lot_size: 1", "lot_size"),
        ])
    func wrongFields(text: String, field: String) {
        let document = "NSE:EQ:INFY: { source: s, \(text) }\n"
        let found = failures { _ = try InstrumentOverlay.read(document: Array(document.utf8), file: "o.yaml") }
        #expect(found.count == 1)
        #expect(found.first?.contains(": [\"NSE:EQ:INFY\"].\(field): ") == true)
    }

    @Test("Ids are checked, come once whatever their letters, and a future's expiry is its id's")
    func ids() {
        func found(_ text: String) -> Int {
            failures { _ = try InstrumentOverlay.read(document: Array(text.utf8), file: "o.yaml") }.count
        }
        #expect(found("INFY: { source: s }") == 1)
        #expect(found("NSE:EQ:INFY: { source: s }\nnse:eq:infy: { source: s }") == 1)
        #expect(found("NFO:FUT:NIFTY:20261231: { source: s, expiry: 2026-12-30 }") == 1)
        #expect(found("NSE:EQ:INFY: {}") == 1)
        #expect(found("") == 0)
    }

    @Test(
        "Wrong tables are refused at their line",
        arguments: [
            ("id,source,lot\n", "1:1"), ("id,source,id\n", "1:1"), ("source\n", "1:1"), ("id\n", "1:1"), ("", "0:1"),
            ("id,source\nNSE:EQ:A\n", "2:1"), ("id,source\nNSE:EQ:A,s,t\n", "2:1"), ("id,source\nA,s\n", "2:1"),
            ("id,source\n,s\n", "2:1"), ("id,source\nNSE:EQ:A,\n", "2:1"), ("id,source\nNSE:EQ:A,\"s\n", "2:1"),
            ("id,source\nNSE:EQ:A,s\nNSE:EQ:A,s\n", "3:1"), ("id,source,tick\nNSE:EQ:A,s,x\n", "2:1"),
        ])
    func wrongTables(text: String, place: String) throws {
        try withFiles(["o.csv": text]) { directory in
            let found = failures { _ = try InstrumentOverlay.read(file: "\(directory)/o.csv") }
            #expect(found.count == 1)
            #expect(found.first?.hasPrefix("o.csv:\(place): ") == true, "\(found)")
        }
    }

    @Test("All errors of a table are reported together, a thousand kept and the others counted")
    func manyErrors() throws {
        let text = "id,source,tick\n" + (0..<1_200).map { "NSE:EQ:S\($0),s,x\n" }.joined()
        try withFiles(["o.csv": text]) { directory in
            let failure = try #require(throws: ConfigurationErrors.self) {
                try InstrumentOverlay.read(file: "\(directory)/o.csv")
            }
            #expect(failure.errors.count == 1_000 && failure.omittedCount == 200)
        }
    }

    @Test("A file of another kind is refused by name")
    func otherKinds() {
        #expect(failures { _ = try InstrumentOverlay.read(file: "/x/overlay.toml") }.count == 1)
    }
}
