package import Domain
import Foundation
import GRDB

/// Reading in pages: a reader that asks for page after page holds one page, however long the list.
extension TelemetryStore {
    /// Rows of a page at most.
    package static let maximumPage = 5_000

    /// Runs, by the receipt of their request, oldest first.
    package func runs(
        _ filter: TelemetryFilter = TelemetryFilter(), after cursor: TelemetryCursor? = nil, limit: Int = maximumPage
    ) throws(Failure) -> TelemetryPage<RunSummary> {
        let rule = Rule(filter, after: cursor)
        return try page(
            "SELECT \(Self.runNames) FROM run_summary WHERE \(rule.sql) ORDER BY received_at, run", rule, limit,
            cursor: { TelemetryCursor(at: $0[1], id: $0[0]) }, make: { RunSummary($0) })
    }

    /// The rows of a question, at most a page of them, and where the next page begins. A row that nobody can read any more
    /// is left out and passed by.
    private func page<Value>(
        _ sql: String, _ rule: Rule, _ limit: Int, cursor: (Row) -> TelemetryCursor, make: (Row) -> Value?
    ) throws(Failure) -> TelemetryPage<Value> {
        let count = max(1, min(limit, Self.maximumPage))
        return try read { database in
            let rows = try Row.fetchCursor(
                database, sql: "\(sql) LIMIT \(count + 1)", arguments: StatementArguments(rule.arguments))
            var page = TelemetryPage<Value>(rows: [], next: nil)
            page.rows.reserveCapacity(count)
            var last: TelemetryCursor?
            var taken = 0
            while let row = try rows.next() {
                guard taken < count else {
                    page.next = last
                    break
                }
                taken += 1
                last = cursor(row)
                if let value = make(row) { page.rows.append(value) }
            }
            return page
        }
    }

    /// One run with its legs in order; `nil` where nothing of it is kept.
    package func run(_ id: RunID) throws(Failure) -> (run: RunSummary, legs: [LegTiming])? {
        let number = Int64(clamping: id.number)
        return try read { database in
            guard
                let row = try Row.fetchOne(
                    database, sql: "SELECT \(Self.runNames) FROM run_summary WHERE run = ?", arguments: [number]),
                let run = RunSummary(row)
            else { return nil }
            let legs = try Row.fetchOne(database, sql: "SELECT bytes FROM run_legs WHERE run = ?", arguments: [number])
            return (run, try legs.flatMap { try $0.withBytes { PackedLegs.legs($0) } } ?? [])
        }
    }

    /// Runs that are kept as ended, of the newest 50,000: more than a gateway remembers.
    func endedRuns() throws(Failure) -> Set<RunID> {
        try read { database in
            Set(
                try Int64.fetchAll(
                    database,
                    sql:
                        "SELECT run FROM run_summary WHERE done_at != 0 ORDER BY received_at DESC, run DESC LIMIT 50000"
                ).map { RunID(number: UInt64(bitPattern: $0)) })
        }
    }

    /// Sessions of the process, oldest first.
    package func sessions(
        after cursor: TelemetryCursor? = nil, limit: Int = maximumPage
    ) throws(Failure) -> TelemetryPage<ProcessSession> {
        let count = max(1, min(limit, Self.maximumPage))
        return try read { database in
            var rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT id, started_at, ended_at, reason, version, configuration_hash FROM process_session
                    WHERE id > ? ORDER BY id LIMIT \(count + 1)
                    """, arguments: [cursor?.id ?? 0]
            ).map { ProcessSession($0) }
            guard rows.count > count else { return TelemetryPage(rows: rows, next: nil) }
            rows.removeLast()
            return TelemetryPage(
                rows: rows,
                next: rows.last.map { TelemetryCursor(at: $0.startedAt.nanoseconds, id: $0.id) })
        }
    }

    static let runNames = runColumns.map(\.name).joined(separator: ", ")
}

extension TelemetryStore {
    /// Legs as they were kept of the runs from `first` to `last`, by number of the run, with when the run was known to have
    /// changed last and whether it had ended. Of runs that an earlier build kept nothing is told: it noted less.
    ///
    /// - Parameter body: Its bytes are valid inside it only; see `PackedLegs.forEach`.
    package func keptLegs(
        from first: RunID, to last: RunID,
        _ body: (RunID, _ updatedAt: Timestamp, _ isEnded: Bool, UnsafeRawBufferPointer) -> Void
    ) throws(Failure) {
        try read { database in
            let rows = try Row.fetchCursor(
                database,
                sql: """
                    SELECT run, updated_at, done_at, bytes FROM run_summary JOIN run_legs USING (run)
                    WHERE run BETWEEN ? AND ? AND updated_at != 0 ORDER BY run
                    """, arguments: [Int64(clamping: first.number), Int64(clamping: last.number)])
            while let row = try rows.next() {
                let (run, updatedAt) = (RunID(number: UInt64(bitPattern: row[0])), Timestamp(nanoseconds: row[1]))
                let isEnded = (row[2] as Int64) != 0
                try row.withBytes(3) { body(run, updatedAt, isEnded, $0) }
            }
        }
    }

    /// Every leg of the runs that a rule lets through, oldest run first, and that the filter's names let through, with how
    /// many legs of its run were handed over.
    func forEachLeg(
        _ filter: TelemetryFilter, _ database: Database, _ body: (borrowing PackedLeg, _ sent: Int64) -> Void
    ) throws {
        var ofRuns = filter
        (ofRuns.account, ofRuns.adapter, ofRuns.status) = (nil, nil, nil)
        let rule = Rule(ofRuns, after: nil)
        let rows = try Row.fetchCursor(
            database,
            sql: """
                SELECT bytes FROM run_summary JOIN run_legs USING (run) WHERE \(rule.sql) ORDER BY received_at, run
                """, arguments: StatementArguments(rule.arguments))
        while let row = try rows.next() {
            _ = try row.withBytes { bytes in
                var sent: Int64 = 0
                PackedLegs.forEach(bytes) { leg in sent += leg.sendRank == nil ? 0 : 1 }
                return PackedLegs.forEach(bytes) { leg in if leg.passes(filter) { body(leg, sent) } }
            }
        }
    }

    /// `has_leg(bytes, account, adapter)`: whether a run has a leg of both; NULL stands for any.
    static let hasLeg = DatabaseFunction("has_leg", argumentCount: 3, pure: true) { values in
        guard let bytes = Data.fromDatabaseValue(values[0]) else { return false }
        var filter = TelemetryFilter()
        filter.account = String.fromDatabaseValue(values[1]).map { AccountID(unchecked: $0) }
        filter.adapter = String.fromDatabaseValue(values[2]).flatMap { AdapterID($0) }
        var isFound = false
        bytes.withUnsafeBytes { bytes in
            _ = PackedLegs.forEach(bytes) { leg in isFound = isFound || leg.passes(filter) }
        }
        return isFound
    }
}

extension Row {
    /// A blob where it lies, inside `body` only.
    func withBytes<Value>(_ index: Int = 0, _ body: (UnsafeRawBufferPointer) -> Value) throws -> Value {
        try withUnsafeData(atIndex: index) { data in
            guard let data else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
            return data.withUnsafeBytes { body($0) }
        }
    }
}

/// A filter and a cursor as a condition on `run_summary`.
struct Rule {
    private(set) var sql = "1"
    private(set) var arguments: [(any DatabaseValueConvertible)?] = []

    init(_ filter: TelemetryFilter, after cursor: TelemetryCursor?) {
        if let cursor {
            add("(received_at, run) > (?, ?)")
            arguments += [cursor.at, cursor.id]
        }
        if let from = filter.from { add("received_at >= ?", from.nanoseconds) }
        if let to = filter.to { add("received_at < ?", to.nanoseconds) }
        if let groups = filter.groups {
            add("group_id IN (\(groups.map { _ in "?" }.joined(separator: ",")))")
            arguments += groups.map(\.rawValue).sorted() as [(any DatabaseValueConvertible)?]
        }
        if let status = filter.status { add("status = ?", status) }
        if let strategy = filter.strategy { add("strategy = ?", strategy) }
        if filter.account != nil || filter.adapter != nil {
            add("(SELECT has_leg(bytes, ?, ?) FROM run_legs WHERE run_legs.run = run_summary.run)")
            arguments += [filter.account?.rawValue, filter.adapter?.rawValue]
        }
    }

    private mutating func add(_ condition: String, _ value: (any DatabaseValueConvertible)? = nil) {
        sql += " AND \(condition)"
        if let value { arguments.append(value) }
    }
}
