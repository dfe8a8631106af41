import Domain
import Engine

/// V18: of a halted scope nothing goes to a lane but cancels, and the orders by which the gateway itself closes.
enum HaltedSends {
    /// One sentence for each order that is handed to its lane although a scope it lies in is halted. `engine` is as it was
    /// before the event.
    static func flaws(of event: Event, _ engine: borrowing Engine) -> [String] {
        guard case .ordersQueued(let id, let orders, _, let queuedAt) = event, !engine.tradingStates.isEmpty else {
            return []
        }
        let halted = engine.tradingStates.values.filter { $0.status(at: queuedAt) == .halted }
        guard !halted.isEmpty else { return [] }
        return engine.runs.look(id) { run in
            guard !run.admission.isGatewayClosing else { return [] }
            var flaws: [String] = []
            for order in orders where run.orders.indices.contains(Int(order)) {
                for change in halted where engine.concerns(change.scope, run, run.orders[Int(order)]) {
                    flaws.append("V18: order \(order) of run \(id) went to its lane while \(change.scope) was halted")
                }
            }
            return flaws
        } ?? []
    }
}
