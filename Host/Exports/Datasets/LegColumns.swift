import Domain
import Telemetry

/// `legs`: what became of each account's share, with every stage it passed and where the time went.
enum LegColumns {
    static let all: [Column<PackedLeg>] = identity + outcome + reasons + times + costs

    private static let identity: [Column<PackedLeg>] = [
        .plain("leg_id", "the cursor") { leg, bytes in
            run(leg, &bytes)
            bytes.append(UInt8(ascii: "-"))
            ExportWriter.append(leg.index + 1, to: &bytes)
        },
        .plain("run_id", "") { run($0, &$1) },
        .bytes("group_id", "empty for an order on one account") { $0.group },
        .bytes("account_id", "") { $0.account },
        .bytes("adapter_id", "") { $0.adapter },
        .bytes("strategy", "as the order named it") { $0.strategy },
        .bytes("tag", "as the order named it") { $0.tag },
        .bytes("symbol", "instrument id") { $0.symbol },
        .text("side", "BUY or SELL") { Side(rawValue: $0.side)?.rawName },
        .bytes("order_type", "as it stood last") { $0.orderType },
        .digits("price", "price", "limit; empty for a market order") { $0.limitPrice },
        .digits("trigger_price", "price", "stop; empty without one") { $0.stopPrice },
        .bytes("client_order_id", "of the first slice; empty where nothing was ordered") { $0.clientOrderID },
        .bytes("broker_order_id", "of the first slice; the broker's text") { $0.brokerOrderID },
        .integer("slices", "count", "orders that the leg was sent as") { $0.slices },
    ]

    private static let outcome: [Column<PackedLeg>] = [
        .bytes("status", "leg status") { $0.status },
        .digits("allocated_quantity", "units", "its share") { $0.allocatedQuantity },
        .digits("ordered_quantity", "units", "what was ordered") { $0.orderedQuantity },
        .digits("cumulative_quantity", "units", "what filled") { $0.cumulativeQuantity },
        .digits("canceled_quantity", "units", "what was canceled") { $0.canceledQuantity },
        .digits("overfilled_quantity", "units", "what filled beyond the order") { $0.overfilledQuantity },
        .digits("average_price", "price", "of its fills; empty before the first") { $0.averagePrice },
        .digits("reference_price", "price", "last trade when it was decided: the arrival price") { $0.arrivalPrice },
        .digits("slippage", "price", "average price against the arrival price; positive is worse than it") {
            $0.slippage
        },
        .boolean("anomaly", "a fact contradicted what was known") { $0.hasAnomaly },
    ]

    private static let reasons: [Column<PackedLeg>] = [
        .bytes("reject_code", "why it was refused, or rejected; empty where it was not") { $0.rejectCode },
        .bytes("reject_control", "the risk control that refused") { $0.rejectControl },
        .bytes("reject_message", "for people") { $0.rejectMessage },
        .bytes("broker_code", "the broker's text") { $0.brokerCode },
        .bytes("broker_text", "the broker's text") { $0.brokerText },
    ]

    private static let times: [Column<PackedLeg>] = [
        .time("received_at", "the request's head was there") { Timestamp(nanoseconds: $0.received) },
        .time("created_at", "its run was admitted; what from and to choose by") {
            Timestamp(nanoseconds: $0.admitted)
        },
        .stage("admitted_us", "received to decided") { ($0.received, $0.admitted) },
        .stage("durable_us", "received to stored") { ($0.received, $0.instant(.durable)) },
        .stage("queued_us", "received to its lane's queue") { ($0.received, $0.instant(.queued)) },
        .stage("dispatched_us", "received to its adapter") { ($0.received, $0.instant(.dispatched)) },
        .stage("written_us", "received to the last byte on the socket") { ($0.received, $0.instant(.written)) },
        .stage("first_byte_us", "received to the first byte of the answer") { ($0.received, $0.instant(.firstByte)) },
        .stage("acked_us", "received to the broker's word") { ($0.received, $0.instant(.acknowledged)) },
        .stage("first_fill_us", "received to the first fill") { ($0.received, $0.instant(.firstFill)) },
        .stage("done_us", "received to its end") { ($0.received, $0.instant(.done)) },
    ]

    private static let costs: [Column<PackedLeg>] = [
        .duration("adapter_us", "in the adapter: hand-over to the first byte written, first byte back to its answer") {
            $0.adapterTime
        },
        .duration(
            "wire_us",
            "last byte written to the first byte of the answer: network and broker; empty for an adapter without a network, "
                + "as a simulated broker, and for an order sent as a frame of a WebSocket, which no byte answers by itself"
        ) { $0.wireTime },
        .duration(
            "network_us",
            "the shortest TCP round trip of the connection that answered, within wire_us; empty where wire_us is, where the "
                + "answer came over no TCP, and where retries is"
        ) { $0.networkTime },
        .duration("broker_us", "the rest of wire_us; empty where network_us is") { $0.brokerTime },
        .duration("held_us", "held back by admission until a message rate let it; empty where it was not") {
            $0.heldTime
        },
        .duration("rate_wait_us", "waited, stored, for a message rate; empty where it did not") { $0.rateTime },
        .duration("session_wait_us", "waited, stored, for its account's session; empty where it did not") {
            $0.sessionTime
        },
        .integer(
            "retries", "count",
            "cancels, modifies and look-ups sent for it after its first send; empty where telemetry was off or has forgotten: "
                + "network_us, broker_us and the waits are not known then"
        ) { $0.retries },
        .integer("send_rank", "count", "its place in the order of sending, from 0; empty where it was not sent") {
            $0.sendRank
        },
        .digits("slippage_cost", "money", "slippage over all that filled, exactly; positive is worse") {
            $0.slippageCost
        },
        .bytes("currency", "of prices and money") { $0.currency },
        .integer(
            "weight", nil, "the account's number in the allocation, by the group's policy; only ratios mean anything"
        ) {
            $0.weight
        },
        .integer("cancels", "count", "of retries; empty where it is") { $0.cancels },
        .integer("modifies", "count", "of retries; empty where it is") { $0.modifies },
        .integer("look_ups", "count", "of retries: questions after an unknown outcome; empty where it is") {
            $0.lookUps
        },
    ]

    private static func run(_ leg: borrowing PackedLeg, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "r"))
        ExportWriter.append(Int64(clamping: leg.run), to: &bytes)
    }
}
