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
    package func latencies(_ question: LatencyQuestion) throws(Failure) -> [LatencyRow] {
        var condition = "1"
        var arguments: [any DatabaseValueConvertible] = []
        func add(_ text: String, _ value: any DatabaseValueConvertible) {
            condition += " AND \(text)"
            arguments.append(value)
        }
        if let from = question.from { add("minute >= ?", from.minute) }
        // Behind the last minute that the time touches.
        if let to = question.to { add("minute <= ?", to.advanced(by: -1).minute) }
        if let adapter = question.adapter { add("adapter_id = ?", adapter.rawValue) }
        if let account = question.account { add("account_id = ?", account.rawValue) }
        if let groups = question.groups {
            condition += " AND group_id IN (\(groups.map { _ in "?" }.joined(separator: ",")))"
            arguments += groups.map(\.rawValue).sorted() as [any DatabaseValueConvertible]
        }
        let by = question.by
        return try read { database in
            var merged: [Place: StageHistograms] = [:]
            let rows = try Row.fetchCursor(
                database,
                sql:
                    "SELECT minute, adapter_id, account_id, group_id, histograms FROM latency_window WHERE \(condition)",
                arguments: StatementArguments(arguments))
            while let row = try rows.next() {
                guard let blob = StageHistograms(decoding: [UInt8](row[4] as Data)) else { continue }
                let minute: Int64 = row[0]
                let place = Place(
                    minute: question.step.map { (minute * 60).dividedFloor(by: $0) * $0 / 60 },
                    adapter: by.contains(.adapter) ? row[1] : nil, account: by.contains(.account) ? row[2] : nil,
                    group: by.contains(.group) ? row[3] : nil)
                merged[place, default: StageHistograms()].merge(blob)
                guard merged.count * (Stage.allCases.count - 1) <= Self.maximumLatencyRows else {
                    throw TooMany(description: "more than \(Self.maximumLatencyRows) rows")
                }
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
    }

    private struct TooMany: Error, CustomStringConvertible { let description: String }

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

extension Timestamp {
    /// Minutes since 1970, rounded down.
    var minute: Int64 { nanoseconds.dividedFloor(by: 60_000_000_000) }
}
