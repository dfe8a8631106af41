package import Domain
import GRDB

/// Reading in pages: a reader that asks for page after page holds one page, however long the list.
extension TelemetryStore {
    /// Rows of a page at most.
    package static let maximumPage = 5_000

    /// Legs, by the receipt of their run's request, oldest first.
    package func legs(
        _ filter: TelemetryFilter = TelemetryFilter(), after cursor: TelemetryCursor? = nil, limit: Int = maximumPage
    ) throws(Failure) -> TelemetryPage<LegTiming> {
        let rule = Rule(filter, after: cursor, isLegs: true)
        return try page(
            "SELECT \(Self.legNames) FROM leg_timing WHERE \(rule.sql) ORDER BY received_at, run, leg", rule, limit,
            cursor: { TelemetryCursor(at: $0[2], id: $0[0], leg: $0[1]) }, make: { LegTiming($0) })
    }

    /// Runs, by the receipt of their request, oldest first.
    package func runs(
        _ filter: TelemetryFilter = TelemetryFilter(), after cursor: TelemetryCursor? = nil, limit: Int = maximumPage
    ) throws(Failure) -> TelemetryPage<RunSummary> {
        let rule = Rule(filter, after: cursor, isLegs: false)
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
            let legs = try Row.fetchAll(
                database, sql: "SELECT \(Self.legNames) FROM leg_timing WHERE run = ? ORDER BY leg",
                arguments: [number])
            return (run, legs.compactMap { LegTiming($0) })
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

    static let legNames = legColumns.map(\.name).joined(separator: ", ")
    static let runNames = runColumns.map(\.name).joined(separator: ", ")
}

/// A filter and a cursor as a condition.
struct Rule {
    private(set) var sql = "1"
    private(set) var arguments: [(any DatabaseValueConvertible)?] = []

    init(_ filter: TelemetryFilter, after cursor: TelemetryCursor?, isLegs: Bool) {
        if let cursor {
            add(isLegs ? "(received_at, run, leg) > (?, ?, ?)" : "(received_at, run) > (?, ?)")
            arguments += [cursor.at, cursor.id]
            if isLegs { arguments.append(cursor.leg) }
        }
        if let from = filter.from { add("received_at >= ?", from.nanoseconds) }
        if let to = filter.to { add("received_at < ?", to.nanoseconds) }
        if let groups = filter.groups {
            add("group_id IN (\(groups.map { _ in "?" }.joined(separator: ",")))")
            arguments += groups.map(\.rawValue).sorted() as [(any DatabaseValueConvertible)?]
        }
        if let status = filter.status { add("status = ?", status) }
        if let strategy = filter.strategy { add("strategy = ?", strategy) }
        if let account = filter.account { addLeg("account_id = ?", account.rawValue, isLegs) }
        if let adapter = filter.adapter { addLeg("adapter_id = ?", adapter.rawValue, isLegs) }
    }

    private mutating func addLeg(_ condition: String, _ value: String, _ isLegs: Bool) {
        let whole = "EXISTS (SELECT 1 FROM leg_timing WHERE leg_timing.run = run_summary.run AND \(condition))"
        add(isLegs ? condition : whole, value)
    }

    private mutating func add(_ condition: String, _ value: (any DatabaseValueConvertible)? = nil) {
        sql += " AND \(condition)"
        if let value { arguments.append(value) }
    }
}
