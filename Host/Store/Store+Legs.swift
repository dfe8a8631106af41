package import Domain

/// Which legs to list; a `nil` filter lets all pass.
package struct LegQuery: Hashable, Sendable {
    package var accountID: AccountID?
    package var status: String?
    package var symbol: String?
    /// Only legs before this one: the `next` of the page before.
    package var before: LegID?
    /// 1 to `Store.maximumPage`.
    package var limit: Int

    package init(
        accountID: AccountID? = nil, status: String? = nil, symbol: String? = nil, before: LegID? = nil, limit: Int
    ) {
        (self.accountID, self.status, self.symbol) = (accountID, status, symbol)
        (self.before, self.limit) = (before, limit)
    }
}

extension Store {
    /// Legs by run and index, newest first: the last leg of the last run leads.
    package func legs(_ query: LegQuery) throws(StoreFailure) -> Page<LegRow, LegID> {
        try Store.checkLimit(query.limit)
        let page = try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "SELECT \(Store.legColumns) FROM leg WHERE leg_key < ? ORDER BY leg_key DESC")
            statement.bind(1, try query.before?.key ?? .max)
            return try Store.collect(&statement, limit: query.limit, key: 0) { row throws(StoreFailure) -> LegRow? in
                if let wanted = query.accountID, !row.holds(wanted.rawValue, at: 2) { return nil }
                if let wanted = query.status, !row.holds(wanted, at: 6) { return nil }
                if let wanted = query.symbol, !row.holds(wanted, at: 4) { return nil }
                return try Store.legRow(row)
            }
        }
        return Page(rows: page.rows, next: page.next.map(LegID.init(key:)))
    }

    /// The leg that a client order id was issued for first.
    package func leg(clientOrderID: ClientOrderID) throws(StoreFailure) -> LegRow? {
        try read { database throws(StoreFailure) in
            var statement = try RawStatement(
                database, "SELECT \(Store.legColumns) FROM leg WHERE client_order_id = ?")
            statement.bind(1, clientOrderID.description)
            guard try statement.next() else { return nil }
            defer { statement.reset() }
            return try Store.legRow(statement)
        }
    }

    static let legColumns = "leg_key, client_order_id, account_id, adapter_id, symbol, side, status, updated_at, body"

    static func legRow(_ row: RawStatement) throws(StoreFailure) -> LegRow {
        guard let clientOrderID = ClientOrderID(row.text(1)), let adapterID = AdapterID(row.text(3)) else {
            throw .corrupt("leg \(LegID(key: row.integer(0))) has an impossible client order id or adapter id")
        }
        return LegRow(
            leg: LegID(key: row.integer(0)), clientOrderID: clientOrderID,
            accountID: AccountID(unchecked: row.text(2)), adapterID: adapterID, symbol: row.text(4),
            side: row.text(5), status: row.text(6), updatedAt: row.timestamp(7), body: row.bytes(8))
    }
}
