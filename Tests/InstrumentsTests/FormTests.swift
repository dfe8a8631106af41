import Domain
import InstrumentKit
import Instruments
import Testing

@Suite("Figures that many instruments share")
struct FormTests {
    @Test("Every instrument is what its own record makes, day range and tradability included", arguments: 0..<20)
    func forms(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let ids = (0..<10).flatMap {
            [
                "NSE:EQ:S\($0)", "NFO:FUT:S\($0):2026122\($0 % 3)", "NFO:OPT:S\($0):20261229:\($0 + 1):C",
                "NSE:IDX:S\($0)",
            ]
        }
        let master = InstrumentMaster()
        for day in Int64(0)..<3 {
            for source in ["alpha", "beta"] {
                let rows = ids.filter { _ in Bool.random(using: &random) }.map { text in
                    var made = row(
                        text, alias: "\(source)-\(text)", token: text,
                        lot: [1, 75, 100].randomElement(using: &random) ?? 1)
                    made.multiplier = Bool.random(using: &random) ? 1 : nil
                    made.freezeQuantity = Bool.random(using: &random) ? 1_800 : nil
                    made.priceLow =
                        Bool.random(using: &random) ? ExactDecimal(Int64.random(in: 1...9, using: &random)) : nil
                    // Now and then one that is finer than a hundredth of a tick.
                    made.priceHigh = [nil, 90, ExactDecimal("90.00001")].randomElement(using: &random) ?? nil
                    return made
                }
                let load = InstrumentLoad(source: source)
                load.append(rows)
                guard !rows.isEmpty else { continue }
                try master.finish(load, at: noon(day))
                let snapshot = master.table.snapshot
                for row in rows {
                    let index = try master.index(row.id.text)
                    #expect(
                        snapshot.handle(index, for: source)
                            == InstrumentHandle(alias: row.alias, brokerData: row.brokerData))
                    #expect(master.instrument(alias: row.alias ?? "", of: source)?.id == row.id)
                }
                for text in ids {
                    guard let index = snapshot.index(of: id(text)) else { continue }
                    guard let record = snapshot.record(index) else {
                        #expect(snapshot.instrument(index) == nil && snapshot.refusal(index) != nil)
                        continue
                    }
                    #expect(try snapshot.instrument(index) == Instrument(record, index: index))
                    #expect(record.isTradable == (id(text).kind != .index))
                }
            }
        }
    }
}
