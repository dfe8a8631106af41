import AdapterKit
import Exact

/// The day's orders as one answer gave them.
///
/// An iceberg or an order that the broker sliced is several orders here and one of ours: the parts carry the same tag.
/// What they come to together is told as that one order; a part alone would call it filled too early.
struct OrderBook {
    let records: [OrderRecord]
    /// Rows that name no order: counted, so that nobody takes the book for whole.
    let unreadable: Int

    /// Reads `data` of `GET /orders`; `nil` where it is no list.
    init?(_ data: JSONValue) {
        guard let rows = data.array else { return nil }
        records = rows.compactMap(OrderRecord.init)
        unreadable = rows.count - records.count
    }

    init(records: [OrderRecord]) {
        self.records = records
        unreadable = 0
    }

    /// All that belongs to one order of ours: by the broker's id, else by the tag.
    func parts(orderID: String?, reference: ClientReference?) -> [OrderRecord] {
        let byID = orderID.flatMap { id in records.first { $0.orderID == id } }
        let reference = byID?.clientReference ?? reference
        guard let reference else { return byID.map { [$0] } ?? [] }
        let tagged = records.filter { $0.carries(reference) }
        guard let byID else { return tagged }
        return byID.isPart || tagged.contains { $0.slicedFrom == byID.orderID } ? tagged : [byID]
    }

    /// The orders, parts that belong together as one.
    func whole() -> [WholeOrder] {
        var groups: [ClientReference: [OrderRecord]] = [:]
        var result: [WholeOrder] = []
        let sliced = Set(records.compactMap(\.slicedFrom))
        for record in records {
            if let reference = record.clientReference, record.isPart || sliced.contains(record.orderID) {
                groups[reference, default: []].append(record)
            } else {
                result.append(WholeOrder([record]))
            }
        }
        return result + groups.values.map { WholeOrder($0) }
    }
}

/// One order of ours, with all its parts at the broker. Never empty.
struct WholeOrder {
    let parts: [OrderRecord]
    let first: OrderRecord

    init(_ parts: [OrderRecord]) {
        self.parts = parts
        let origin = parts.lazy.compactMap(\.slicedFrom).first
        first =
            parts.first { $0.orderID == origin } ?? parts.first { $0.iceberg?.leg == 1 }
            ?? parts.min { Self.isBefore($0.orderID, $1.orderID) } ?? parts[0]
    }

    /// Ids count up within a day.
    private static func isBefore(_ left: String, _ right: String) -> Bool {
        left.utf8.count == right.utf8.count ? left < right : left.utf8.count < right.utf8.count
    }

    var isSeveral: Bool { parts.count > 1 || (first.isPart && (first.iceberg.map { $0.legs > 1 } ?? false)) }

    /// The parts that can still trade.
    var live: [OrderRecord] { parts.filter { !$0.isFinal } }

    /// The news of the order in our words.
    func update(account: Int, instrument: StoredInstrument?, withOrder: Bool) -> OrderUpdate {
        guard isSeveral else { return first.update(account: account, instrument: instrument, withOrder: withOrder) }
        var update = first.update(account: account, instrument: instrument, withOrder: withOrder)
        if first.iceberg == nil, let variety = first.variety {
            update.identity.adapterState = KnownOrder.state(variety, isSeveral: true)
        }
        let filled = parts.reduce(ExactDecimal?.some(.zero)) { sum, part in sum.flatMap { $0.adding(part.filled) } }
        let total =
            first.iceberg?.total
            ?? parts.reduce(ExactDecimal?.some(.zero)) { sum, part in
                sum.flatMap { sum in part.quantity.flatMap { sum.adding($0) } }
            }
        update.state = state(filled: filled ?? .zero, total: total)
        update.cumulativeQuantity = filled.flatMap { first.symbol.units($0, lotSize: instrument?.lotSize) }
        let isFinal = [.filled, .canceled, .rejected].contains(update.state)
        let rest = isFinal ? .zero : total.flatMap { total in filled.flatMap { total.subtracting($0) } }
        update.leavesQuantity = rest.flatMap { first.symbol.units($0, lotSize: instrument?.lotSize) }
        // The average of the parts is not what the broker said of the whole.
        update.averagePrice = nil
        update.brokerTime = parts.compactMap(\.time).max { $0.nanoseconds < $1.nanoseconds }
        update.rawState = nil
        if update.state != .rejected, update.state != .canceled { update.reason = nil }
        if var order = update.order,
            let units = total.flatMap({ first.symbol.units($0, lotSize: order.instrument.lotSize) })
        {
            order.quantity = units
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
        let ended = parts.contains { $0.state == .canceled || $0.state == .rejected }
        // The legs of an iceberg appear one after another: between two, all that are there are filled.
        if first.iceberg != nil, !ended { return filled > .zero ? .partiallyFilled : .open }
        if filled > .zero { return .canceled }
        return parts.allSatisfy { $0.state == .rejected } ? .rejected : .canceled
    }
}
