import Domain
import Foundation
import GRDB

extension TelemetryStore {
    /// Rows of a report at most: a question that would make more is refused.
    package static let maximumLatencyRows = 20_000

    /// Adds to what is kept of each window.
    func keep(_ windows: [LatencyWindowKey: StageHistograms]) throws(Failure) {
        guard !windows.isEmpty else { return }
        try write { database in
            let find = try database.cachedStatement(
                sql: """
                    SELECT histograms FROM latency_window
                    WHERE minute = ? AND adapter_id = ? AND account_id = ? AND group_id = ?
                    """)
            let put = try database.cachedStatement(
                sql: """
                    INSERT OR REPLACE INTO latency_window (minute, adapter_id, account_id, group_id, histograms)
                    VALUES (?, ?, ?, ?, ?)
                    """)
            for (key, added) in windows {
                let names: [any DatabaseValueConvertible] = [
                    key.minute, key.adapter.rawValue, key.account.rawValue, key.group?.rawValue ?? "",
                ]
                var whole = added
                if let known = try Data.fetchOne(find, arguments: StatementArguments(names)),
                    let earlier = StageHistograms(decoding: [UInt8](known))
                {
                    whole.merge(earlier)
                }
                try put.execute(arguments: StatementArguments(names + [Data(whole.encoded)]))
            }
        }
    }

    /// Latencies by stage and by what the question asks for, merged from the histograms of its minutes.
    ///
    /// - Throws: `Failure.tooManyRows` for a question that would make more than `maximumLatencyRows`.
    package func latencies(_ question: LatencyQuestion) throws(Failure) -> [LatencyRow] {
        let rule = WindowRule(question)
        return try read { database in
            try merged(question, rule, database, atMost: Self.maximumLatencyRows / (Stage.allCases.count - 1))
        }
    }

    /// Every adapter, account and group that a question tells apart, in order: what a reader goes through who wants to hold
    /// no more than some of them at once. One pass over the windows, which reads no histogram.
    package func latencySeries(_ question: LatencyQuestion) throws(Failure) -> [LatencySeries] {
        let rule = WindowRule(question)
        return try read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT DISTINCT adapter_id, account_id, group_id FROM latency_window WHERE \(rule.sql)",
                arguments: StatementArguments(rule.arguments)
            ).map { LatencySeries(adapter: $0[0], account: $0[1], group: $0[2]) }.sorted()
        }
    }

    /// The latencies of the series from `first` to `last`, each told apart.
    package func latencies(
        _ question: LatencyQuestion, from first: LatencySeries, to last: LatencySeries
    ) throws(Failure) -> [LatencyRow] {
        var rule = WindowRule(question)
        rule.bound(from: first, to: last)
        var question = question
        (question.by, question.step) = (Set(LatencyQuestion.Dimension.allCases), nil)
        return try read { database in try merged(question, rule, database, atMost: .max) }
    }

    private func merged(
        _ question: LatencyQuestion, _ rule: WindowRule, _ database: Database, atMost limit: Int
    ) throws -> [LatencyRow] {
        let by = question.by
        var merged: [Place: StageHistograms] = [:]
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT minute, adapter_id, account_id, group_id, histograms FROM latency_window WHERE \(rule.sql)",
            arguments: StatementArguments(rule.arguments))
        while let row = try rows.next() {
            guard let blob = StageHistograms(decoding: [UInt8](row[4] as Data)) else { continue }
            let minute: Int64 = row[0]
            let place = Place(
                minute: question.step.map { (minute * 60).dividedFloor(by: $0) * $0 / 60 },
                adapter: by.contains(.adapter) ? row[1] : nil, account: by.contains(.account) ? row[2] : nil,
                group: by.contains(.group) ? row[3] : nil)
            merged[place, default: StageHistograms()].merge(blob)
            guard merged.count <= limit else { throw Failure.tooManyRows(Self.maximumLatencyRows) }
        }
        return merged.keys.sorted().flatMap { place in
            Stage.allCases.compactMap { stage in
                guard question.stage.map({ $0 == stage }) ?? true,
                    let histogram = merged[place]?.byStage[stage], !histogram.isEmpty
                else { return nil }
                return LatencyRow(
                    start: place.minute.map { Timestamp(nanoseconds: $0 * 60_000_000_000) },
                    adapter: place.adapter.flatMap { AdapterID($0) },
                    account: place.account.map { AccountID(unchecked: $0) },
                    group: place.group.flatMap { $0.isEmpty ? nil : GroupID(unchecked: $0) }, stage: stage,
                    summary: histogram.summary)
            }
        }
    }

    private struct Place: Hashable, Comparable {
        var minute: Int64?
        var adapter: String?
        var account: String?
        var group: String?

        static func < (left: Place, right: Place) -> Bool {
            (left.minute ?? 0, left.adapter ?? "", left.account ?? "", left.group ?? "")
                < (right.minute ?? 0, right.adapter ?? "", right.account ?? "", right.group ?? "")
        }
    }
}

/// Whose latencies one series of windows counts; in the order in which exports tell them.
package struct LatencySeries: Hashable, Comparable, Sendable {
    package var adapter: String
    package var account: String
    /// Empty for orders on one account.
    package var group: String

    package init(adapter: String, account: String, group: String) {
        (self.adapter, self.account, self.group) = (adapter, account, group)
    }

    /// By the bytes, as the file compares them.
    package static func < (left: Self, right: Self) -> Bool {
        for (one, other) in [(left.adapter, right.adapter), (left.account, right.account)] where one != other {
            return one.utf8.lexicographicallyPrecedes(other.utf8)
        }
        return left.group.utf8.lexicographicallyPrecedes(right.group.utf8)
    }
}

/// A question as a condition on `latency_window`.
private struct WindowRule {
    private(set) var sql = "1"
    private(set) var arguments: [any DatabaseValueConvertible] = []

    init(_ question: LatencyQuestion) {
        if let from = question.from { add("minute >= ?", from.minute) }
        // Behind the last minute that the time touches.
        if let to = question.to { add("minute <= ?", to.advanced(by: -1).minute) }
        if let adapter = question.adapter { add("adapter_id = ?", adapter.rawValue) }
        if let account = question.account { add("account_id = ?", account.rawValue) }
        if let groups = question.groups {
            sql += " AND group_id IN (\(groups.map { _ in "?" }.joined(separator: ",")))"
            arguments += groups.map(\.rawValue).sorted() as [any DatabaseValueConvertible]
        }
    }

    mutating func bound(from first: LatencySeries, to last: LatencySeries) {
        sql += " AND (adapter_id, account_id, group_id) BETWEEN (?, ?, ?) AND (?, ?, ?)"
        arguments += [first.adapter, first.account, first.group, last.adapter, last.account, last.group]
    }

    private mutating func add(_ condition: String, _ value: any DatabaseValueConvertible) {
        sql += " AND \(condition)"
        arguments.append(value)
    }
}

extension Timestamp {
    /// Minutes since 1970, rounded down.
    var minute: Int64 { nanoseconds.dividedFloor(by: 60_000_000_000) }
}
