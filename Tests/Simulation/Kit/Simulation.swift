/// One seed's run, and how to see it again.
package struct Simulation {
    package let seed: UInt64
    /// What was violated, each named by its invariant; empty = all held.
    package let violations: [String]
    /// What happened, if it was asked for.
    package let trace: [String]
    package let steps: Int
    package let events: Int
    package let lives: Int
    package let orders: Int
    package let executions: Int

    /// Runs a seed from its beginning to its checks. Runs of several seeds may go on side by side.
    package init(seed: UInt64, isTraced: Bool = false, isPrinted: Bool = false) {
        self.seed = seed
        do {
            let world = try World(seed: seed, isTraced: isTraced, isPrinted: isPrinted)
            violations = world.run()
            trace = world.trace.lines
            (steps, events, lives) = (world.stepCount, world.auditor.eventCount, world.lifeCount)
            (orders, executions) = (world.exchange.orders.count, world.exchange.trades.count)
        } catch {
            violations = ["the world cannot be built: \(error)"]
            (trace, steps, events, lives, orders, executions) = ([], 0, 0, 0, 0, 0)
        }
    }

    /// The command that shows a failing run again.
    package var replay: String { "SLUICE_TRACE=1 make simulate SEED=\(seed)" }
}
