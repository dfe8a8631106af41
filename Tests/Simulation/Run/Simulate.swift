import Foundation
import SimulationKit

/// Prints a line at once: a run that is stopped has shown what failed until then.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// What all seeds did together.
struct Tally {
    var (seeds, failed, steps, events, lives, orders, executions) = (0, 0, 0, 0, 0, 0, 0)

    mutating func add(_ run: Simulation) {
        seeds += 1
        failed += run.violations.isEmpty ? 0 : 1
        steps += run.steps
        events += run.events
        lives += run.lives
        orders += run.orders
        executions += run.executions
    }
}

/// Runs seeds on as many threads as there are cores.
/// - Returns: how many failed.
func simulate(_ seeds: Range<UInt64>, isTraced: Bool) async -> Int {
    let start = Date()
    let width = isTraced ? 1 : max(1, ProcessInfo.processInfo.activeProcessorCount)
    let tally = await withTaskGroup(of: Tally.self) { group in
        for worker in 0..<UInt64(width) {
            group.addTask {
                var tally = Tally()
                for seed in seeds where seed % UInt64(width) == worker {
                    let run = Simulation(seed: seed, isTraced: isTraced, isPrinted: isTraced)
                    tally.add(run)
                    guard !run.violations.isEmpty else { continue }
                    say("seed \(seed) failed, see it by: \(run.replay)")
                    for violation in run.violations { say("  \(violation)") }
                }
                return tally
            }
        }
        return await group.reduce(into: Tally()) { all, one in
            all.seeds += one.seeds
            all.failed += one.failed
            all.steps += one.steps
            all.events += one.events
            all.lives += one.lives
            all.orders += one.orders
            all.executions += one.executions
        }
    }
    let seconds = max(0.001, Date().timeIntervalSince(start))
    say(
        "\(tally.seeds) seeds, \(tally.failed) failed, in \(String(format: "%.1f", seconds)) s "
            + "(\(Int(Double(tally.seeds) / seconds)) seeds/s, \(width) threads): \(tally.steps) steps, "
            + "\(tally.events) events, \(tally.lives) lives, \(tally.orders) orders at brokers, "
            + "\(tally.executions) executions")
    return tally.failed
}
