import Domain
import Foundation
import GRDB

/// Legs of a file that an earlier build wrote, a row each.
extension TelemetryStore {
    /// Packs the legs of some runs. They lack what that build did not note, so their runs keep `updated_at` 0 and an export
    /// takes them from the journal.
    ///
    /// - Returns: whether there may be more.
    package func packOldLegs(limit: Int = 200) throws(Failure) -> Bool {
        try write { database in
            guard try database.tableExists("leg_timing") else { return false }
            let runs = try Int64.fetchAll(
                database, sql: "SELECT DISTINCT run FROM leg_timing ORDER BY run LIMIT \(limit)")
            guard !runs.isEmpty else {
                try database.execute(sql: "DROP TABLE leg_timing")
                return false
            }
            for run in runs {
                let currency = try String.fetchOne(
                    database, sql: "SELECT currency FROM run_summary WHERE run = ?", arguments: [run])
                let rows = try Row.fetchAll(
                    database, sql: "SELECT * FROM leg_timing WHERE run = ? ORDER BY leg", arguments: [run])
                if let currency = currency.flatMap({ Currency($0) }) {
                    let legs = rows.compactMap { LegTiming(format1: $0, currency) }
                    try database.execute(
                        sql: "INSERT OR IGNORE INTO run_legs (run, bytes) VALUES (?, ?)",
                        arguments: [run, Data(PackedLegs.pack(legs))])
                }
                try database.execute(sql: "DELETE FROM leg_timing WHERE run = ?", arguments: [run])
            }
            return true
        }
    }
}

extension LegTiming {
    /// `nil` for a row that no build can have written.
    fileprivate init?(format1 row: Row, _ currency: Currency) {
        var times = StageInstants()
        for stage in Stage.allCases { times[stage] = row["\(stage.rawName)_at"] }
        func decimal(_ name: String) -> ExactDecimal? { (row[name] as String?).flatMap { ExactDecimal($0) } }
        guard let adapter = AdapterID(row["adapter_id"] as String), let side = Side(rawName: row["side"]),
            let allocated = decimal("allocated_quantity"), let ordered = decimal("ordered_quantity"),
            let cumulative = decimal("cumulative_quantity")
        else { return nil }
        self.init(
            leg: LegID(run: RunID(number: UInt64(bitPattern: row["run"])), index: row["leg"]),
            group: (row["group_id"] as String?).map { GroupID(unchecked: $0) },
            account: AccountID(unchecked: row["account_id"]), adapter: adapter, strategy: row["strategy"],
            symbol: row["symbol"], currency: currency, side: side, status: row["status"],
            order: Order(orderType: nil), times: times, weight: row["weight"], allocatedQuantity: allocated,
            orderedQuantity: ordered, cumulativeQuantity: cumulative, averagePrice: decimal("average_price"),
            slippage: decimal("slippage"), slippageCost: decimal("slippage_cost"))
        if let code = row["reject_code"] as String? {
            reject = Reject(code: code, control: nil, message: "", brokerCode: nil, brokerText: nil)
        }
        (adapterTime, wireTime) = (row["adapter_ns"], row["wire_ns"])
        retries = Retries(unnamed: row["retries"])
        (networkTime, brokerTime, sendRank) = (row["network_ns"], row["broker_ns"], row["send_rank"])
        for part in (row["waits"] as String? ?? "").split(separator: " ") {
            let pieces = part.split(separator: ":")
            guard pieces.count == 2, let duration = Int64(pieces[1]),
                let reason = WaitReason.allCases.first(where: { $0.rawName == pieces[0] })
            else { continue }
            waits.append(Wait(reason: reason, duration: duration))
        }
    }
}
