package import Domain
import GRDB

extension TelemetryStore {
    /// How much is kept.
    package struct Retention: Hashable, Sendable {
        /// Nanoseconds.
        package var maximumAge: Int64
        /// Bytes of the file.
        package var maximumSize: Int64
        package init(maximumAge: Int64, maximumSize: Int64) {
            (self.maximumAge, self.maximumSize) = (maximumAge, maximumSize)
        }
    }

    /// Runs removed in one transaction at most: a writer waits no longer than that takes.
    static let removalBatch = 500

    /// Removes a bounded part of what is too old, or of the oldest where the file is too large. The background calls it again
    /// until it answers `false`. Day results and process sessions are small and kept ten times as long.
    ///
    /// - Returns: whether there may be more to remove.
    package func trim(_ retention: Retention, now: Timestamp) throws(Failure) -> Bool {
        let horizon = now.advanced(by: -retention.maximumAge)
        let size = try sizeInUse()
        return try write { database in
            let isTooLarge = size > retention.maximumSize
            let old = try Int64.fetchAll(
                database,
                sql: """
                    SELECT run FROM run_summary \(isTooLarge ? "" : "WHERE received_at < \(horizon.nanoseconds)")
                    ORDER BY received_at, run LIMIT \(Self.removalBatch)
                    """)
            for run in old {
                try database.execute(sql: "DELETE FROM run_legs WHERE run = ?", arguments: [run])
                try database.execute(sql: "DELETE FROM run_summary WHERE run = ?", arguments: [run])
            }
            // Windows go with the runs they were made of.
            let oldest = try Int64.fetchOne(database, sql: "SELECT min(received_at) FROM run_summary")
            let kept = max(horizon.minute, isTooLarge ? oldest.map { Timestamp(nanoseconds: $0).minute } ?? .min : .min)
            try database.execute(
                sql: """
                    DELETE FROM latency_window WHERE (minute, adapter_id, account_id, group_id) IN (
                        SELECT minute, adapter_id, account_id, group_id FROM latency_window WHERE minute < ?
                        ORDER BY minute LIMIT 5000)
                    """, arguments: [kept])
            let windows = database.changesCount
            let (tenfold, overflow) = retention.maximumAge.multipliedReportingOverflow(by: 10)
            let small = now.advanced(by: overflow ? -.max : -tenfold)
            try database.execute(
                sql: "DELETE FROM day_result WHERE day < ?",
                arguments: [small.nanoseconds.dividedFloor(by: 86_400_000_000_000)])
            try database.execute(
                sql: "DELETE FROM process_session WHERE started_at < ? AND reason IS NOT NULL",
                arguments: [small.nanoseconds])
            try database.execute(sql: "PRAGMA incremental_vacuum(1000)")
            return old.count == Self.removalBatch || windows == 5_000 || (isTooLarge && !old.isEmpty)
        }
    }

    /// Bytes of the file that hold something.
    package func sizeInUse() throws(Failure) -> Int64 {
        try read { database in
            let pages = try Int64.fetchOne(database, sql: "PRAGMA page_count") ?? 0
            let free = try Int64.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
            let size = try Int64.fetchOne(database, sql: "PRAGMA page_size") ?? 0
            return (pages - free) * size
        }
    }
}
