extension Book {
    /// Whether both hold the same. Places that a decision looked at and nothing came of hold nothing, wherever they stand.
    func holdsSame(as other: borrowing Book) -> Bool {
        func content(_ positions: [Position]) -> [UInt64: Position] {
            Dictionary(
                positions.lazy.filter { $0 != Position(account: $0.account, instrument: $0.instrument) }.map {
                    (UInt64(UInt32(bitPattern: $0.account)) << 32 | UInt64(UInt32(bitPattern: $0.instrument)), $0)
                }, uniquingKeysWith: { first, _ in first })
        }
        guard content(positions) == content(other.positions), totals.count == other.totals.count,
            hasSameCounts(as: other)
        else { return false }
        return totals.indices.allSatisfy { totals[$0].holdsSame(as: other.totals[$0]) }
    }
}

extension ScopeTotals {
    fileprivate func holdsSame(as other: ScopeTotals) -> Bool {
        openOrders == other.openOrders
            && Set(active + other.active).allSatisfy { sum($0) == other.sum($0) }
    }
}
