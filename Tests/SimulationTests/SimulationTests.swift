import SimulationKit
import Testing

@Suite("Simulated worlds: the gateway's own pump under a schedule from a seed")
struct SimulationTests {
    @Test("Every invariant holds in a world where everything goes wrong", arguments: 1..<101)
    func invariants(seed: Int) {
        let run = Simulation(seed: UInt64(seed))
        #expect(run.violations.isEmpty, "\(run.replay)")
    }

    @Test("A seed replays the same steps", arguments: [3, 14, 159])
    func replays(seed: Int) {
        let first = Simulation(seed: UInt64(seed), isTraced: true)
        let second = Simulation(seed: UInt64(seed), isTraced: true)
        #expect(!first.trace.isEmpty && first.trace == second.trace)
    }
}
