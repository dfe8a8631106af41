import AdapterKit
import Exact

/// What a modify or cancel needs to know of an order, and what the broker's answers do not say again.
///
/// It travels as `adapter_state` of the order: the host keeps it and hands it back, so that a modify works after a
/// restart. For an order that is not ours, the order as last acknowledged stands in.
struct KnownOrder: Equatable {
    var orderID: String
    var variety: Variety
    /// `nil` where the host does not know the order itself: it can be cancelled by its id all the same.
    let symbol: Symbol?
    let lotSize: ExactDecimal?
    /// The price step; `nil` where nobody knows it.
    let tick: ExactDecimal?
    /// Of a cover order's second leg.
    var parentOrderID: String?
    /// Whether the broker cut it into several orders that share its tag.
    var isSeveral: Bool
    let reference: ClientReference?

    /// `variety|parent|several`: what an acknowledged order's other fields do not tell.
    static func state(_ variety: Variety, parentOrderID: String? = nil, isSeveral: Bool = false) -> [UInt8] {
        if case .regular = variety, parentOrderID == nil, !isSeveral { return regularState }
        return written(variety, parentOrderID, isSeveral)
    }

    /// Of nearly all orders.
    private static let regularState = written(.regular, nil, false)

    private static func written(_ variety: Variety, _ parentOrderID: String?, _ isSeveral: Bool) -> [UInt8] {
        var state: [UInt8] = []
        state += variety.rawValue.utf8
        state.append(UInt8(ascii: "|"))
        if let parentOrderID { state += parentOrderID.utf8 }
        state.append(UInt8(ascii: "|"))
        if isSeveral { state += "several".utf8 }
        return state
    }

    /// The order as its record calls it; `nil` where that is what it was called already.
    func renamed(as record: OrderRecord) -> KnownOrder? {
        guard let variety = record.commandVariety else { return nil }
        var renamed = self
        renamed.variety = variety
        // The first leg is named for the second alone.
        renamed.parentOrderID = variety == .cover ? record.parentOrderID ?? parentOrderID : nil
        return renamed.variety == self.variety && renamed.parentOrderID == parentOrderID ? nil : renamed
    }

    /// - Throws: Where the order cannot be named to the broker: nothing is sent.
    init(_ reference: borrowing OrderReference, options: OrderOptions) throws(AdapterError) {
        guard let orderID = reference.brokerOrderID, !orderID.isEmpty else {
            throw AdapterError(
                .notFound, "the broker's id of this order is not known yet", field: "order_ref.broker_order_id",
                certainty: .notSent, retry: .afterReconcile)
        }
        self.orderID = orderID
        let kept = reference.adapterState.map { String(decoding: $0, as: UTF8.self) }
        let parts = kept?.split(separator: "|", omittingEmptySubsequences: false) ?? []
        let keptVariety = parts.first.flatMap { Variety(rawValue: String($0)) }
        let keptParent = parts.count > 1 && !parts[1].isEmpty ? String(parts[1]) : nil
        isSeveral = parts.count > 2 && parts[2] == "several"
        self.reference = reference.clientReference
        parentOrderID = options.parentOrderID ?? keptParent
        guard let order = reference.order else {
            guard let keptVariety else {
                throw AdapterError(
                    .notFound, "neither the order nor its variety is known: look it up first", field: "order_ref.order",
                    certainty: .notSent, retry: .afterReconcile)
            }
            variety = keptVariety
            symbol = nil
            lotSize = nil
            tick = nil
            return
        }
        variety =
            if let keptVariety { keptVariety } else {
                try Variety.of(order.orderClass, afterMarket: order.flags.contains(.afterMarket))
            }
        symbol = try Symbol.of(order.instrument)
        lotSize = order.instrument.lotSize
        tick = order.instrument.tick
    }
}
