import Domain
import Testing

@testable import Engine

@Suite("Tables of numbers")
struct TableTests {
    @Test("A table of pairs finds what a dictionary finds, whichever pairs stand side by side", arguments: 0..<20)
    func pairs(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var table = PairTable()
        var expected: [[Int32]: Int32] = [:]
        // Many of one kind and few of the other, in both directions, as fan-outs and instrument-rich accounts make them.
        let (accounts, instruments): (Int32, Int32) = seed % 2 == 0 ? (2_000, 3) : (3, 2_000)
        for slot in 0..<Int32(3_000) {
            let pair = [
                Int32.random(in: 0..<accounts, using: &random), Int32.random(in: 0..<instruments, using: &random),
            ]
            guard expected[pair] == nil else { continue }
            expected[pair] = slot
            table.insert(pair[0], pair[1], slot: slot)
        }
        for account in 0..<accounts {
            for instrument in 0..<instruments {
                #expect(table[account, instrument] == expected[[account, instrument]] ?? -1)
            }
        }
        #expect(table[accounts, 0] == -1)
    }

    @Test("Legs whose margin is not settled: what was put in and not taken out, of each account", arguments: 0..<20)
    func unsettledLegs(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var legs = UnsettledLegs(accounts: 4)
        legs.addAccount()
        var expected: [Set<OrderPlace>] = Array(repeating: [], count: 5)
        func held(of account: Int32) -> [OrderPlace] {
            var found: [OrderPlace] = []
            var cursor = legs.cursor(of: account)
            while let leg = legs.leg(at: cursor) {
                found.append(leg)
                legs.advance(&cursor)
            }
            return found
        }
        for step in 0..<2_000 {
            let account = Int32.random(in: 0..<5, using: &random)
            let leg = OrderPlace(run: RunID(number: UInt64(step)), order: Int32(step % 3))
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<6:
                legs.add(Int64(step), to: leg, of: account)
                if step % 2 == 0 { legs.add(7, to: leg, of: account) }
                expected[Int(account)].insert(leg)
            case 6..<8:
                let gone = expected[Int(account)].min(by: OrderPlace.isOlder) ?? leg
                let isThere = expected[Int(account)].remove(gone) != nil
                let margin = isThere ? Int64(gone.run.number) + (gone.run.number % 2 == 0 ? 7 : 0) : nil
                #expect(legs.margin(of: gone, of: account) == margin)
                #expect(legs.remove(gone, of: account) == margin)
                #expect(legs.margin(of: gone, of: account) == nil)
            case 8:
                // Every other one while going through them.
                var cursor = legs.cursor(of: account)
                var keeps = false
                while let leg = legs.leg(at: cursor) {
                    keeps.toggle()
                    if keeps {
                        legs.advance(&cursor)
                    } else {
                        legs.remove(at: &cursor)
                        expected[Int(account)].remove(leg)
                    }
                }
            default:
                guard step % 7 == 0 else { continue }
                legs.removeAll(of: account)
                expected[Int(account)] = []
            }
            let found = held(of: account)
            #expect(Set(found) == expected[Int(account)] && found.count == expected[Int(account)].count)
        }
        for account in 0..<5 {
            #expect(Set(held(of: Int32(account))) == expected[account])
            #expect(expected[account].allSatisfy { legs.margin(of: $0, of: Int32(account)) != nil })
        }
    }
}
