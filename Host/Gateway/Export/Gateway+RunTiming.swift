package import Domain
package import Telemetry

extension Gateway {
    /// What one run went through: the journal's facts, and what capture has seen beside them.
    ///
    /// - Parameter kept: what telemetry keeps of the run's legs; empty = nothing, and then waits, retries and the network's
    ///   share are not known.
    /// - Returns: `nil` where there is no such run.
    package func timing(
        of id: RunID, kept: [LegTiming]
    ) async throws(GatewayError) -> (run: RunSummary, legs: [LegTiming])? {
        var reader = RunReader(self, after: nil, group: nil, from: nil, to: nil)
        guard var rows = try await reader.facts(of: [id]).first?.rows else { return nil }
        for (index, leg) in kept.enumerated() where rows.legs.indices.contains(index) { rows.legs[index].addSeen(leg) }
        return rows
    }
}
