import StormKit
import Testing

@Suite("Report storms: ten copies of each report, shuffled, a fifth of them lost and asked for")
struct StormTests {
    /// Some 300 histories an argument.
    @Test("V14: every history ends in the state of its clean telling", arguments: 0..<10 as Range<UInt64>)
    func storms(block: UInt64) {
        var histories = 0
        var seed = block * 1_000
        while histories < 300 {
            let storm = Storm(seed: seed)
            #expect(storm.violations.isEmpty, "seed \(seed): make storms HISTORIES=1 SEED=\(seed)")
            #expect(storm.reports > 0)
            histories += storm.histories
            seed += 1
        }
    }
}
