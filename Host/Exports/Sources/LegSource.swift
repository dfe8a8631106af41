import Domain
import Engine
import Gateway
import Telemetry

/// Legs, run by run. The journal says which runs there are and when each changed last; what telemetry has kept of a run
/// that ended, and that has not changed since, is written as it lies there. Every other run is taken from memory or made
/// anew from the journal, so that a telemetry file that is young, trimmed or lost costs time, never a row.
struct LegSource: ExportSource {
    private var reader: RunReader
    private let telemetry: TelemetryService
    private var isFlushed = false
    private let columns: [Column<PackedLeg>]
    private let visibility: Visibility
    private let account: String?
    private let adapter: String?
    private let status: String?
    private let cursor: LegID?

    init(_ gateway: Gateway, _ telemetry: TelemetryService, _ request: ExportRequest, _ visibility: Visibility) {
        let cursor = request.cursor.flatMap { LegID($0) }
        // The cursor's run may have more legs.
        let after = cursor.flatMap { $0.run.number > 1 ? RunID(number: $0.run.number - 1) : nil }
        reader = RunReader(gateway, after: after, group: request.group, from: request.from, to: request.to)
        (self.telemetry, self.visibility, self.cursor) = (telemetry, visibility, cursor)
        columns = chosen(LegColumns.all, request)
        (account, adapter, status) = (request.account?.rawValue, request.adapter?.rawValue, request.status)
    }

    mutating func write(to writer: inout ExportWriter) async throws -> Bool {
        if !isFlushed {
            // What capture saw until now is told, too.
            telemetry.flush()
            isFlushed = true
        }
        guard let runs = try await reader.nextRuns() else { return false }
        guard let first = runs.first, let last = runs.last else { return true }
        var kept: [RunID: [UInt8]] = [:]
        // What only capture saw of runs that are made anew.
        var stale: [RunID: [UInt8]] = [:]
        let changes = Dictionary(runs.map { ($0.run, $0.updatedAt) }, uniquingKeysWith: { first, _ in first })
        // A file that cannot be read is as one that has nothing.
        try? telemetry.store?.keptLegs(from: first.run, to: last.run) { run, updatedAt, isEnded, bytes in
            guard let changed = changes[run] else { return }
            if isEnded, changed == updatedAt { kept[run] = Array(bytes) } else { stale[run] = Array(bytes) }
        }
        let absent = runs.map(\.run).filter { kept[$0] == nil }
        for facts in try await reader.facts(of: absent) {
            var legs = facts.rows.legs
            if let bytes = stale[facts.id], let known = bytes.withUnsafeBytes({ PackedLegs.legs($0) }) {
                for (index, leg) in known.enumerated() where legs.indices.contains(index) { legs[index].addSeen(leg) }
            }
            kept[facts.id] = PackedLegs.pack(legs)
        }
        for run in runs { kept[run.run]?.withUnsafeBytes { write($0, to: &writer) } }
        return true
    }

    private func write(_ bytes: UnsafeRawBufferPointer, to writer: inout ExportWriter) {
        guard visibility.seesEverything || isCovered(bytes) else { return }
        PackedLegs.forEach(bytes) { leg in
            if let account, !PackedLeg.holds(leg.account, account) { return }
            if let adapter, !PackedLeg.holds(leg.adapter, adapter) { return }
            if let status, !PackedLeg.holds(leg.status, status) { return }
            if let cursor, leg.run == cursor.run.number, leg.index <= Int64(cursor.index) { return }
            writer.row(leg, columns)
        }
    }

    private func isCovered(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let legs = PackedLegs.legs(bytes), let first = legs.first else { return false }
        return visibility.covers(first.group, legs.lazy.map(\.account))
    }
}
