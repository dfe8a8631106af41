import Domain
import InstrumentKit
import Instruments
import Testing

@Suite("Instruments that a listing lacks")
struct WithdrawnTests {
    private let market = [
        row("NSE:EQ:A", alias: "NSE:A", token: "1"), row("NSE:EQ:B", alias: "NSE:B", token: "2"),
        row("NFO:FUT:NIFTY:20260301", alias: "NFO:N", token: "3"), row("NSE:EQ:D", alias: "NSE:D", token: "4"),
    ]

    /// A listing of D alone, beside rows that could not be read.
    private func take(
        _ names: [InstrumentHandle], _ rows: [InstrumentFields]? = nil, in master: InstrumentMaster, at now: Timestamp
    ) throws -> InstrumentMerge {
        let load = InstrumentLoad(source: "alpha")
        load.append(rows ?? [market[3]])
        for name in names { load.refuse(nil, shown: "", field: "row", reason: "it is no UTF-8", names: name) }
        return try master.finish(load, at: now)
    }

    private func withdrawn(_ master: InstrumentMaster) -> [String] {
        let snapshot = master.table.snapshot
        return market.map(\.id.text).filter { text in
            snapshot.index(of: id(text)).map { snapshot.refusalKind($0) == .withdrawn } ?? true
        }
    }

    @Test("A row that nothing names may be any instrument: none is withdrawn that has not expired")
    func unnamed() throws {
        // Noon of day 0 is in February 2026: the future expires on day 60 of the year, in March.
        let master = InstrumentMaster()
        try master.take(market, from: "alpha", at: noon(0))
        let merge = try take([InstrumentHandle(alias: nil, brokerData: nil)], in: master, at: noon(1))
        #expect(withdrawn(master).isEmpty)
        #expect(merge.keptCount == 3 && merge.withdrawnCount == 0 && merge.refusedCount == 1)
        let later = try take([InstrumentHandle(alias: "NSE:?", brokerData: nil)], in: master, at: noon(60))
        #expect(withdrawn(master) == ["NFO:FUT:NIFTY:20260301"])
        #expect(later.keptCount == 2 && later.withdrawnCount == 1)
        // The list is whole again.
        #expect(try take([], in: master, at: noon(61)).withdrawnCount == 2)
    }

    @Test("A row that carries a known name is that instrument, and the others are withdrawn")
    func named() throws {
        for name in [
            InstrumentHandle(alias: "NSE:A", brokerData: nil),
            InstrumentHandle(alias: nil, brokerData: Array("1".utf8)),
            InstrumentHandle(alias: "NSE:ANEW", brokerData: Array("1".utf8)),
        ] {
            let master = InstrumentMaster()
            try master.take(market, from: "alpha", at: noon(0))
            let merge = try take([name], in: master, at: noon(1))
            #expect(withdrawn(master) == ["NSE:EQ:B", "NFO:FUT:NIFTY:20260301"], "\(name)")
            #expect(merge.keptCount == 1 && merge.withdrawnCount == 2)
        }
    }

    @Test("A row whose name and number are both new is a new instrument, and keeps nothing")
    func new() throws {
        let master = InstrumentMaster()
        try master.take(market, from: "alpha", at: noon(0))
        _ = try take([InstrumentHandle(alias: "NSE:X", brokerData: Array("9".utf8))], in: master, at: noon(1))
        #expect(withdrawn(master).count == 3)
    }

    @Test("What goes by another id now, and what gave its name away, is told apart and not kept")
    func renamedBesideUnreadable() throws {
        let master = InstrumentMaster()
        try master.take(market, from: "alpha", at: noon(0))
        let merge = try take(
            [InstrumentHandle(alias: nil, brokerData: nil)],
            [
                row("NSE:EQ:ANEW", alias: "NSE:ANEW", token: "1"), row("NSE:EQ:C", alias: "NSE:B", token: "7"),
                market[3],
            ],
            in: master, at: noon(1))
        #expect(merge.renames.map(\.new.text) == ["NSE:EQ:ANEW"])
        #expect(withdrawn(master) == ["NSE:EQ:B"] && merge.keptCount == 1)
    }

    @Test("What nobody lists keeps its figures and names through restarts, and so does what was renamed")
    func restart() throws {
        try withDirectory { directory in
            var master = try InstrumentMaster(directory: directory)
            var first = market[0]
            (first.priceLow, first.priceHigh, first.name) = (90, 110, "Alpha Limited")
            try master.take([first] + market.dropFirst(), from: "alpha", at: noon(0))
            try master.take(market.map { row($0.id.text, alias: "b-\($0.id)") }, from: "beta", at: noon(0))
            try master.take(
                [row("NSE:EQ:BNEW", alias: "NSE:BNEW", token: "2"), market[3]], from: "alpha", at: noon(1))
            try master.take([market[3]], from: "beta", at: noon(1))
            let before = master.table.snapshot
            try master.close()
            for restart in Int64(1)...3 {
                master = try InstrumentMaster(directory: directory, at: noon(restart))
                let after = master.table.snapshot
                for text in ["NSE:EQ:A", "NFO:FUT:NIFTY:20260301", "NSE:EQ:BNEW", "NSE:EQ:D"] {
                    let (left, right) = (try #require(before.index(of: id(text))), try master.index(text))
                    #expect(before.record(left) == after.record(right) && before.record(left) != nil, "\(text)")
                    #expect(before.refusal(left) == after.refusal(right))
                    for source in ["alpha", "beta"] {
                        #expect(
                            before.handle(left, for: source) == after.handle(right, for: source), "\(text) \(source)")
                    }
                }
                let old = try master.index("NSE:EQ:B")
                #expect(after.refusal(old) == "it is NSE:EQ:BNEW now")
                #expect(after.handle(old, for: "alpha")?.alias == "NSE:BNEW")
                #expect(after.record(old)?.lotSize == 1)
                try master.take([market[3]], from: "beta", at: noon(restart + 1))
                try master.close()
            }
            // Listed again, it is as any other.
            master = try InstrumentMaster(directory: directory, at: noon(4))
            try master.take([first, market[3]], from: "alpha", at: noon(5))
            #expect(master.table.snapshot.refusal(try master.index("NSE:EQ:A")) == nil)
            try master.close()
        }
    }

    @Test("Figures of a contract go a good while after its expiry, those of a share do not")
    func longGone() throws {
        try withDirectory { directory in
            var master = try InstrumentMaster(directory: directory)
            try master.take(market, from: "alpha", at: noon(0))
            try master.take([market[3]], from: "alpha", at: noon(1))
            try master.take([market[3]], from: "alpha", at: noon(300))
            try master.close()
            master = try InstrumentMaster(directory: directory, at: noon(300))
            #expect(master.table.snapshot.index(of: market[2].id) == nil)
            #expect(master.table.snapshot.record(try master.index("NSE:EQ:A"))?.lotSize == 1)
            try master.close()
        }
    }
}
