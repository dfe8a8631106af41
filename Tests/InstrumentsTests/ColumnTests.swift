import Domain
import InstrumentKit
import Testing

@testable import Instruments

@Suite("Columns")
struct ColumnTests {
    /// Empty, short, not ASCII, and so long that it has a piece of its own.
    private static func text(_ random: inout SeededGenerator) -> String? {
        let length = [0, 3, 40, 1_000, 65_534, 65_535, 66_000].randomElement(using: &random) ?? 0
        return [nil, "", "é", "€uro", String(repeating: "\(Int.random(in: 0...9, using: &random))", count: length)]
            .randomElement(using: &random) ?? nil
    }

    @Test("A column of texts is the array of the same texts, and a copy is not changed with it", arguments: 0..<8)
    func texts(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var (column, plain) = (TextColumn(), [String?]())
        var (copy, plainCopy) = (column, plain)
        for _ in 0..<200 {
            let text = Self.text(&random)
            if plain.isEmpty || Int.random(in: 0..<3, using: &random) == 0 {
                if Bool.random(using: &random) {
                    column.append(text)
                } else {
                    column.append(bytes: text.map { Array($0.utf8) })
                }
                plain.append(text)
            } else {
                let number = Int.random(in: plain.indices, using: &random)
                if Bool.random(using: &random) {
                    column.set(number, text)
                } else {
                    column.set(number, bytes: text.map { Array($0.utf8) })
                }
                plain[number] = text
            }
            if Int.random(in: 0..<20, using: &random) == 0 { (copy, plainCopy) = (column, plain) }
        }
        #expect(plain.indices.map { column[$0] } == plain && column.count == plain.count)
        #expect(plainCopy.indices.map { copy[$0] } == plainCopy && copy.count == plainCopy.count)
        for (number, text) in plain.enumerated() {
            let other = Int.random(in: plain.indices, using: &random)
            #expect(column.isAbsent(number) == (text == nil) && column.bytes(number) == text.map { Array($0.utf8) })
            #expect(column.equals(number, text) && column.equals(number, bytes: text.map { Array($0.utf8) }))
            #expect(column.equals(number, plain[other]) == (text == plain[other]))
            #expect(column.equals(number, other) == (text == plain[other]))
            if let text, let next = plain[other] {
                #expect(column.precedes(number, other) == text.utf8.lexicographicallyPrecedes(next.utf8))
                #expect(column.hash(number) == TextColumn.hash(of: text))
            }
        }
    }

    @Test("Texts that change every day take no more than twice their room, and a little")
    func changing() {
        var column = TextColumn()
        for number in 0..<1_000 { column.append("name \(number)") }
        for day in 0..<20 {
            for number in 0..<1_000 { column.set(number, String(repeating: "\(day % 10)", count: 300)) }
            #expect(column.heldBytes < 2 * 300_000 + 300_000)
        }
        #expect(column[999] == String(repeating: "9", count: 300))
        for number in 0..<1_000 { column.set(number, nil) }
        #expect(column[0] == nil && column.isAbsent(999))
    }

    @Test("A number is found by what it stands for, whatever the hashes", arguments: [1, 7, 1 << 20])
    func numbers(hashes: Int) {
        var index = NumberIndex()
        #expect(index.find(hash: 0) { _ in true } == nil)
        for number in 0..<Int32(1_000) { index.add(number, hash: Int(number) % hashes) }
        for number in 0..<Int32(1_000) {
            #expect(index.find(hash: Int(number) % hashes) { $0 == number } == number)
        }
        #expect(index.find(hash: 0) { $0 == 1_000 } == nil)
    }

    @Test("A day range comes back as it was said, however many digits it has and whatever came before")
    func ranges() {
        let values: [ExactDecimal?] = [
            nil, 0, 100, ExactDecimal("99.95"), ExactDecimal("-0.0000000000000000000000000000000001"),
            ExactDecimal("9223372036854775807"), ExactDecimal("9223372036854775808"),
            ExactDecimal("170141183460469231731687303715884105727"), ExactDecimal("12345678901234567890.0123456789"),
        ]
        var bands = PriceBandColumn()
        for number in [5, 0, 9] {
            for low in values {
                for high in values {
                    bands[number] = InstrumentSnapshot.PriceBand(low: low, high: high)
                    #expect(bands[number] == InstrumentSnapshot.PriceBand(low: low, high: high))
                }
            }
        }
        #expect(bands[3] == InstrumentSnapshot.PriceBand() && bands[100] == InstrumentSnapshot.PriceBand())
    }
}
