import AdapterKit
import Exact

/// The day's orders as one answer gave them.
///
/// An iceberg or an order that the broker sliced is several orders here and one of ours. What they come to together is
/// told as that one order; a part alone would call it filled too early. Legs of an iceberg carry the same tag; slices are
/// found by the ids that the broker named, in its answer to the order or in their tags (`Slices`).
struct OrderBook {
    let records: [OrderRecord]
    /// Rows that name no order: counted, so that nobody takes the book for whole.
    let unreadable: Int
    /// With what the book itself says.
    let slices: Slices
    /// When it was read. What is not in it yet may still come.
    let readAt: Timestamp

    /// Reads `data` of `GET /orders`; `nil` where it is no list.
    init?(_ data: JSONValue, slices: Slices = Slices(), readAt: Timestamp = Timestamp(nanoseconds: .max)) {
        guard let rows = data.array else { return nil }
        self.init(records: rows.compactMap(OrderRecord.init), of: rows.count, slices: slices, readAt: readAt)
    }

    private init(records: [OrderRecord], of rows: Int, slices: Slices, readAt: Timestamp) {
        var slices = slices
        slices.learn(records)
        self.records = records
        unreadable = rows - records.count
        self.slices = slices
        self.readAt = readAt
    }

    /// One order of ours, by the broker's id, else by the tag. `nil` where the book holds nothing of it.
    func whole(orderID: String?, reference: ClientReference?) -> WholeOrder? {
        let byID = orderID.flatMap { id in records.first { $0.orderID == id } }
        let wanted = byID?.clientReference ?? reference
        let tagged = wanted.map { reference in records.filter { $0.carries(reference) } } ?? []
        let family =
            orderID.flatMap { slices.family(of: $0) }
            ?? (byID ?? tagged.first).flatMap { slices.family(of: $0.orderID) }
        if let family { return whole(family) }
        guard let byID else { return whole(tagged) }
        return byID.isPart ? whole(tagged) : whole([byID])
    }

    private func whole(_ family: Slices.Family) -> WholeOrder? {
        let parts = records.filter { family.ids.contains($0.orderID) }
        return parts.isEmpty ? nil : WholeOrder(parts, family: family, readAt: readAt)
    }

    private func whole(_ parts: [OrderRecord]) -> WholeOrder? { parts.isEmpty ? nil : WholeOrder(parts) }

    /// The orders, parts that belong together as one.
    func whole() -> [WholeOrder] {
        var legs: [ClientReference: [OrderRecord]] = [:]
        var sliced: [String: [OrderRecord]] = [:]
        var result: [WholeOrder] = []
        for record in records {
            if let family = slices.family(of: record.orderID) {
                sliced[family.root, default: []].append(record)
            } else if let reference = record.clientReference, record.isPart {
                legs[reference, default: []].append(record)
            } else {
                result.append(WholeOrder([record]))
            }
        }
        return result + legs.values.map { WholeOrder($0) }
            + sliced.compactMap { root, parts in
                WholeOrder(parts, family: slices.family(of: root), readAt: readAt)
            }
    }
}

/// One order of ours, with all its parts at the broker that its book shows. Never empty.
struct WholeOrder {
    let parts: [OrderRecord]
    let first: OrderRecord
    /// Of an order that the broker cut.
    let family: Slices.Family?
    /// Whether there may be parts that the book did not show yet.
    let mayLackParts: Bool

    init(_ parts: [OrderRecord], family: Slices.Family? = nil, readAt: Timestamp = Timestamp(nanoseconds: .max)) {
        self.parts = parts
        self.family = family
        mayLackParts = family?.lacks(parts, at: readAt) ?? false
        first =
            parts.first { $0.orderID == family?.root } ?? parts.first { $0.iceberg?.leg == 1 }
            ?? parts.min { Self.isBefore($0.orderID, $1.orderID) } ?? parts[0]
    }

    /// Ids count up within a day.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count ? left < right : left.utf8.count < right.utf8.count
    }

    var isSeveral: Bool {
        family != nil || parts.count > 1 || (first.isPart && (first.iceberg.map { $0.legs > 1 } ?? false))
    }

    /// The parts that can still trade.
    var live: [OrderRecord] { parts.filter { !$0.isFinal } }

    /// Whether something of it may still trade.
    var isLive: Bool { mayLackParts || !live.isEmpty }

    /// Whose order it is.
    var reference: ClientReference? { family?.reference ?? parts.lazy.compactMap(\.clientReference).first }

    /// The news of the order in our words.
    func update(account: Int, instrument: StoredInstrument?, withOrder: Bool) -> OrderUpdate {
        guard isSeveral else { return first.update(account: account, instrument: instrument, withOrder: withOrder) }
        var update = first.update(account: account, instrument: instrument, withOrder: withOrder)
        if let family {
            // Named by its first slice, whether the book shows that one or not.
            update.identity = OrderIdentity(
                account: account, brokerOrderID: family.root, clientReference: reference,
                exchangeOrderID: first.orderID == family.root ? first.exchangeOrderID : nil,
                adapterState: first.commandVariety.map { KnownOrder.state($0, isSeveral: true) })
            update.order?.clientReference = reference
        }
        let filled = parts.sum(\.filled)
        let total = first.iceberg?.total ?? family?.total ?? parts.sum(\.quantity)
        update.state = state(filled: filled ?? .zero, total: total)
        update.cumulativeQuantity = filled.flatMap { first.units($0, lotSize: instrument?.lotSize) }
        let isFinal = [.filled, .canceled, .rejected].contains(update.state)
        let rest = isFinal ? .zero : total.flatMap { total in filled.flatMap { total.subtracting($0) } }
        update.leavesQuantity = rest.flatMap { first.units($0, lotSize: instrument?.lotSize) }
        // The average of the parts is not what the broker said of the whole.
        update.averagePrice = nil
        update.brokerTime = parts.compactMap(\.time).max { $0.nanoseconds < $1.nanoseconds }
        update.rawState = nil
        if update.state != .rejected, update.state != .canceled { update.reason = nil }
        if var order = update.order,
            let units = total.flatMap({ first.units($0, lotSize: order.instrument.lotSize) })
        {
            order.quantity = units
            // Of an iceberg whoever modifies it modifies the leg that is live.
            if let leg = live.first ?? parts.max(by: { ($0.iceberg?.leg ?? 0) < ($1.iceberg?.leg ?? 0) }),
                leg.iceberg != nil
            {
                if order.price != nil { order.price = leg.price ?? order.price }
                if order.triggerPrice != nil { order.triggerPrice = leg.triggerPrice ?? order.triggerPrice }
            }
            update.order = order
        }
        return update
    }

    private func state(filled: ExactDecimal, total: ExactDecimal?) -> OrderState {
        if let live = live.first {
            if filled > .zero { return .partiallyFilled }
            return live.state ?? .open
        }
        if let total, filled >= total { return .filled }
        if mayLackParts { return filled > .zero ? .partiallyFilled : .open }
        let ended = parts.contains { $0.state == .canceled || $0.state == .rejected }
        // The legs of an iceberg appear one after another: between two, all that are there are filled.
        if first.iceberg != nil, !ended { return filled > .zero ? .partiallyFilled : .open }
        if filled > .zero { return .canceled }
        return parts.allSatisfy { $0.state == .rejected } ? .rejected : .canceled
    }
}
