package import Domain
import NIOConcurrencyHelpers

/// One adapter's dump on its way in: rows come in calls of at most `maximumRowsPerCall` and change nothing until
/// `InstrumentMaster.finish` takes all of them in one step. Dropping it is how a dump that failed half-way is forgotten.
///
/// Any thread, one call at a time. Rows are held packed (`InstrumentRows`), so that a hundred thousand of them take some
/// 15 MiB; a dump has at most `maximumRows`.
package final class InstrumentLoad: Sendable {
    package static let maximumRowsPerCall = 10_000
    package static let maximumRows = 1_000_000
    package static let maximumNameBytes = 1024

    /// The adapter.
    package let source: String
    private let content = NIOLockedValueBox(Content())

    struct Content: Sendable {
        var rows = InstrumentRows()
        var merge = InstrumentMerge()
        /// Ids whose rows were refused: the adapter lists them, what it said before stands.
        var refused: Set<InstrumentID> = []
        /// As much of the names of rows without a readable id as could be read; what has them stays listed.
        var unreadable: Set<InstrumentHandle> = []
        /// Why the dump cannot be taken as a whole.
        var failure: String?
    }

    package init(source: String) { self.source = source }

    /// Whether no row has come, refused ones included.
    package var isEmpty: Bool {
        content.withLockedValue { $0.rows.isEmpty && $0.merge.refusedCount == 0 && $0.failure == nil }
    }

    /// Takes some rows. Rows that are not in order are refused, each with its field and reason.
    package func append(_ rows: some Collection<InstrumentFields>) {
        content.withLockedValue { content in
            guard rows.count <= Self.maximumRowsPerCall else {
                content.failure = "a call brought \(rows.count) rows; at most \(Self.maximumRowsPerCall)"
                return
            }
            guard content.rows.count + rows.count <= Self.maximumRows else {
                content.failure = "the dump has more than \(Self.maximumRows) rows"
                return
            }
            for var row in rows {
                if let name = row.name, !HostileText.isPlain(name) {
                    row.name = HostileText.cleaned(name)
                    content.merge.cleanedCount += 1
                }
                if let (field, reason) = Self.fault(of: row) {
                    content.merge.refuse(row.id.text, field, reason)
                    content.refused.insert(row.id)
                    continue
                }
                content.rows.append(row)
            }
        }
    }

    /// Counts a row that could not even be read.
    ///
    /// - Parameters:
    ///   - id: The row's id where it could be read; what the adapter said of it before stands.
    ///   - shown: As much of the id as can be shown.
    ///   - names: As much of the adapter's own words for it as could be read. Without an id the row may be the instrument
    ///     that they name, and without a name any: none that it may be is withdrawn.
    package func refuse(
        _ id: InstrumentID?, shown: String, field: String, reason: String,
        names: InstrumentHandle = InstrumentHandle(alias: nil, brokerData: nil)
    ) {
        content.withLockedValue { content in
            content.merge.refuse(id?.text ?? shown, field, reason)
            if let id {
                if content.refused.count < Self.maximumRows { content.refused.insert(id) }
            } else {
                let isFull = content.unreadable.count >= Self.maximumRows
                content.unreadable.insert(isFull ? InstrumentHandle(alias: nil, brokerData: nil) : names)
            }
        }
    }

    /// The dump in order of ids, whatever the order in which it came. Of rows of one id that are equal one is taken; of
    /// different ones none, since nothing says which is right.
    func take() -> Content {
        content.withLockedValue { held in
            var content = Content()
            swap(&content, &held)
            content.rows.sort()
            let order = content.rows.order
            var (start, kept): (Int, [Int32]) = (0, [])
            kept.reserveCapacity(order.count)
            while start < order.count {
                let (first, id) = (order[start], content.rows.id(order[start]))
                var end = start + 1
                while end < order.count, content.rows.haveOneID(order[end], first) { end += 1 }
                if order[start..<end].allSatisfy({ content.rows.areEqual($0, first) }) {
                    content.merge.repeatedCount += end - start - 1
                    if content.refused.contains(id) {
                        content.merge.refuse(id.text, "id", "another row of it is refused: which one is meant?")
                    } else {
                        kept.append(first)
                    }
                } else {
                    for _ in start..<end {
                        content.merge.refuse(id.text, "id", "\(end - start) rows of it differ; none of them is taken")
                    }
                    content.refused.insert(id)
                }
                start = end
            }
            content.rows.order = kept
            content.refuseSharedNames()
            return content
        }
    }

    /// What is wrong with a row: the field, and why. Absent figures are not: an overlay may say them.
    static func fault(of row: InstrumentFields) -> (field: String, reason: String)? {
        for (field, value) in [
            ("tick", row.tickSize), ("lot_size", row.lotSize), ("multiplier", row.multiplier),
            ("contract_size", row.contractSize), ("freeze_quantity", row.freezeQuantity),
        ] {
            if let value, value <= .zero {
                return (field, "is \(value); it is positive, or absent where it is not known")
            }
        }
        for (field, value) in [("min", row.minimumQuantity), ("max", row.maximumQuantity)] {
            if let value, value.isNegative { return (field, "is \(value); it is not negative") }
        }
        if let low = row.priceLow, let high = row.priceHigh, low > high {
            return ("price_low", "is \(low), above price_high \(high)")
        }
        if let least = row.minimumQuantity, let most = row.maximumQuantity, least > most {
            return ("min", "is \(least), above max \(most)")
        }
        if let expiry = row.expiry, let named = row.id.expiry, expiry != named {
            return ("expiry", "is \(expiry); the id says \(named)")
        }
        if row.expiry != nil, row.id.kind != .future, row.id.kind != .option {
            return ("expiry", "a \(row.id.kind.rawName) has none")
        }
        if let alias = row.alias, !HostileText.isPlain(alias) {
            return ("alias", "holds a control or direction character; it is sent and shown, and must be plain text")
        }
        if row.alias?.isEmpty == true { return ("alias", "is empty; leave it out where there is none") }
        for (field, count, most) in [
            ("alias", row.alias?.utf8.count, InstrumentHandle.maximumAliasBytes),
            ("broker_data", row.brokerData?.count, InstrumentHandle.maximumBrokerDataBytes),
            ("name", row.name?.utf8.count, maximumNameBytes),
        ] {
            if let count, count > most { return (field, "has \(count) bytes; at most \(most)") }
        }
        return nil
    }
}

extension InstrumentLoad.Content {
    /// Refuses rows of one venue whose alias and broker data are the same: an order on one could be an order on another.
    /// A name that differs in its broker data, or is used at another venue as well, is kept; by that name alone neither is
    /// found.
    fileprivate mutating func refuseSharedNames() {
        // Most dumps have none: a set of hashes tells it in a tenth of the memory.
        var (seen, twice) = (Set<Int>(minimumCapacity: rows.count), Set<Int>())
        for row in rows.order where rows.hasAlias(row) {
            let hash = rows.nameHash(row)
            if !seen.insert(hash).inserted { twice.insert(hash) }
        }
        guard !twice.isEmpty else { return }
        struct Key: Hashable {
            let venue: Substring
            let handle: InstrumentHandle
        }
        func key(_ row: Int32) -> Key? {
            guard rows.hasAlias(row), twice.contains(rows.nameHash(row)), let handle = rows.handle(row) else {
                return nil
            }
            return Key(venue: rows.id(row).venue, handle: handle)
        }
        var counts: [Key: Int] = [:]
        for row in rows.order { if let key = key(row) { counts[key, default: 0] += 1 } }
        guard counts.values.contains(where: { $0 > 1 }) else { return }
        var kept: [Int32] = []
        for row in rows.order {
            if let key = key(row), let count = counts[key], count > 1 {
                let id = rows.id(row)
                merge.refuse(
                    id.text, "alias",
                    "\(count) instruments of the venue have it with the same broker data; none of them is taken")
                refused.insert(id)
            } else {
                kept.append(row)
            }
        }
        rows.order = kept
    }
}
