package import Domain
import Foundation
import GRDB

extension TelemetryStore {
    /// Keeps runs with all their legs, in place of what was kept of them, in one transaction.
    package func keep(_ runs: [(run: RunSummary, legs: [LegTiming])]) throws(Failure) {
        guard !runs.isEmpty else { return }
        try write { database in
            let run = try database.cachedStatement(sql: Self.insert("run_summary", Self.runColumns))
            let legs = try database.cachedStatement(sql: "INSERT OR REPLACE INTO run_legs (run, bytes) VALUES (?, ?)")
            for entry in runs {
                try run.execute(arguments: StatementArguments(entry.run.arguments))
                try legs.execute(arguments: [Int64(clamping: entry.run.run.number), Data(PackedLegs.pack(entry.legs))])
            }
        }
    }

    private static func insert(_ table: String, _ columns: [Column]) -> String {
        """
        INSERT OR REPLACE INTO \(table) (\(columns.map(\.name).joined(separator: ", ")))
        VALUES (\(columns.map { _ in "?" }.joined(separator: ", ")))
        """
    }

    /// Notes that a process began, and that every earlier one without an end was killed.
    package func beginSession(
        at now: Timestamp, version: String, configurationHash: String
    ) throws(Failure) -> ProcessSession {
        try write { database in
            try database.execute(sql: "UPDATE process_session SET reason = 'killed' WHERE reason IS NULL")
            try database.execute(
                sql: "INSERT INTO process_session (started_at, version, configuration_hash) VALUES (?, ?, ?)",
                arguments: [now.nanoseconds, version, configurationHash])
            return ProcessSession(
                id: database.lastInsertedRowID, startedAt: now, endedAt: nil, reason: nil, version: version,
                configurationHash: configurationHash)
        }
    }

    package func endSession(_ id: Int64, at now: Timestamp, reason: String) throws(Failure) {
        try write { database in
            try database.execute(
                sql: "UPDATE process_session SET ended_at = ?, reason = ? WHERE id = ?",
                arguments: [now.nanoseconds, reason, id])
        }
    }
}
