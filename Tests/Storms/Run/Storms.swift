import Foundation
import StormKit

/// What all seeds did together.
struct Tally {
    var (seeds, failed, histories, reports, lost) = (0, 0, 0, 0, 0)

    mutating func add(_ other: Tally) {
        seeds += other.seeds
        failed += other.failed
        histories += other.histories
        reports += other.reports
        lost += other.lost
    }
}

/// Prints a line at once: a run that is stopped has shown what failed until then.
func say(_ line: String) { FileHandle.standardOutput.write(Data((line + "\n").utf8)) }

/// Tells histories of seed after seed, a block of seeds on every core, until there are enough of them.
/// - Returns: how many seeds failed.
func storms(histories: Int, first: UInt64) async -> Int {
    let start = Date()
    let width = UInt64(max(1, ProcessInfo.processInfo.activeProcessorCount))
    let block: UInt64 = 50
    var (tally, next) = (Tally(), first)
    while tally.histories < histories {
        let seeds = next..<next + width * block
        next = seeds.upperBound
        tally.add(
            await withTaskGroup(of: Tally.self) { group in
                for worker in 0..<width {
                    group.addTask { tell(seeds.filter { $0 % width == worker }) }
                }
                return await group.reduce(into: Tally()) { $0.add($1) }
            })
    }
    let seconds = max(0.001, Date().timeIntervalSince(start))
    say(
        "\(tally.histories) histories of seeds \(first) to \(next - 1): \(tally.failed) seeds failed; "
            + "\(tally.reports) reports told, \(tally.lost) lost in all their copies, "
            + "in \(String(format: "%.1f", seconds)) s")
    return tally.failed
}

func tell(_ seeds: [UInt64]) -> Tally {
    var tally = Tally()
    for seed in seeds {
        let storm = Storm(seed: seed)
        tally.add(
            Tally(
                seeds: 1, failed: storm.violations.isEmpty ? 0 : 1, histories: storm.histories, reports: storm.reports,
                lost: storm.lost))
        guard !storm.violations.isEmpty else { continue }
        say("seed \(seed) failed, see it by: make storms HISTORIES=1 SEED=\(seed)")
        for violation in storm.violations.prefix(10) { say("  \(violation)") }
    }
    return tally
}
