import Domain
import Engine

/// A leg with what it has of its run.
struct LegRow {
    let run: RunSnapshot
    var leg: RunSnapshot.Leg
    /// Nanoseconds since 1970.
    var received: Int64 { run.receivedAt.nanoseconds }
}

/// `legs`: what became of each account's share, with every stage it passed.
enum LegColumns {
    static let all: [Column<LegRow>] = identity + outcome + reasons + times

    private static let identity: [Column<LegRow>] = [
        .text("leg_id", "the cursor") { $0.leg.id.description },
        .text("run_id", "") { $0.run.id?.description },
        .text("group_id", "empty for an order on one account") { $0.run.group?.rawValue },
        .text("account_id", "") { $0.leg.account.rawValue },
        .text("adapter_id", "") { $0.leg.adapter.rawValue },
        .text("strategy", "as the order named it") { $0.run.order.strategy },
        .text("tag", "as the order named it") { $0.run.order.tag },
        .text("symbol", "instrument id") { $0.run.order.symbol.text },
        .text("side", "BUY or SELL") { $0.leg.side.rawName },
        .text("order_type", "as it was sent") { $0.leg.orderType.rawName },
        .decimal("price", "price", "limit; empty for a market order") { $0.leg.limitPrice },
        .decimal("trigger_price", "price", "stop; empty without one") { $0.leg.stopPrice },
        .text("client_order_id", "of the first slice; empty where nothing was ordered") {
            $0.leg.slices.first?.clientOrderID.description
        },
        .text("broker_order_id", "of the first slice; the broker's text") { $0.leg.slices.first?.brokerOrderID },
        .integer("slices", "count", "orders that the leg was sent as") { Int64($0.leg.slices.count) },
    ]

    private static let outcome: [Column<LegRow>] = [
        .text("status", "leg status") { $0.leg.status.rawName },
        .decimal("allocated_quantity", "units", "its share") { $0.leg.allocatedQuantity },
        .decimal("ordered_quantity", "units", "what was ordered") { $0.leg.orderedQuantity },
        .decimal("cumulative_quantity", "units", "what filled") { $0.leg.cumulativeQuantity },
        .decimal("canceled_quantity", "units", "what was canceled") { $0.leg.canceledQuantity },
        .decimal("overfilled_quantity", "units", "what filled beyond the order") { $0.leg.overfilledQuantity },
        .decimal("average_price", "price", "of its fills; empty before the first") { $0.leg.averagePrice },
        .decimal("reference_price", "price", "last trade when it was decided: the arrival price") {
            $0.run.referencePrice
        },
        .decimal("slippage", "price", "average price against the arrival price; positive is worse than it") { row in
            guard let average = row.leg.averagePrice, let arrival = row.run.referencePrice else { return nil }
            return row.leg.side == .buy ? average.subtracting(arrival) : arrival.subtracting(average)
        },
        .boolean("anomaly", "a fact contradicted what was known") { $0.leg.hasAnomaly },
    ]

    private static let reasons: [Column<LegRow>] = [
        .text("reject_code", "why it was refused, or rejected; empty where it was not") { $0.leg.reject?.code },
        .text("reject_control", "the risk control that refused") { $0.leg.reject?.control },
        .text("reject_message", "for people") { $0.leg.reject?.message },
        .text("broker_code", "the broker's text") { $0.leg.reject?.brokerCode },
        .text("broker_text", "the broker's text") { $0.leg.reject?.brokerText },
    ]

    private static let times: [Column<LegRow>] = [
        .time("received_at", "the request's head was there") { $0.run.receivedAt },
        .time("created_at", "its run was admitted; what from and to choose by") { $0.run.admittedAt },
        .stage("admitted_us", "received to decided") { ($0.received, $0.run.admittedAt.nanoseconds) },
        .stage("durable_us", "received to stored") { ($0.received, $0.leg.times.durable) },
        .stage("queued_us", "received to its lane's queue") { ($0.received, $0.leg.times.queued) },
        .stage("dispatched_us", "received to its adapter") { ($0.received, $0.leg.times.dispatched) },
        .stage("written_us", "received to the last byte on the socket") { ($0.received, $0.leg.times.written) },
        .stage("first_byte_us", "received to the first byte of the answer") { ($0.received, $0.leg.times.firstByte) },
        .stage("acked_us", "received to the broker's word") { ($0.received, $0.leg.times.acknowledged) },
        .stage("first_fill_us", "received to the first fill") { ($0.received, $0.leg.times.firstFill) },
        .stage("done_us", "received to its end") { ($0.received, $0.leg.times.done) },
    ]
}
