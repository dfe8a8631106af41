import Domain
import Engine
import Telemetry

/// A run as it stands, and what telemetry makes of it.
struct RunRow: Sendable {
    var run: RunSnapshot
    var summary: RunSummary
}

/// `runs`: what was asked of a group or an account, and what all its legs came to.
enum RunColumns {
    static let all: [Column<RunRow>] = identity + quantities + times + evenness

    private static let identity: [Column<RunRow>] = [
        .text("run_id", "the cursor") { $0.run.id?.description },
        .text("group_id", "empty for an order on one account") { $0.run.group?.rawValue },
        .integer("group_version", nil, "of the group that was divided over; empty without a group") {
            $0.run.group == nil ? nil : $0.run.groupVersion
        },
        .integer("rms_version", nil, "limits that decided") { $0.run.riskVersion },
        .text("key_id", "API key that asked, or gateway") { $0.run.origin.caller },
        .text("strategy", "as the order named it") { $0.run.order.strategy },
        .text("tag", "as the order named it") { $0.run.order.tag },
        .text("symbol", "instrument id") { $0.run.order.symbol.text },
        .text("side", "BUY or SELL; empty for percent_change, whose legs have one each") { $0.run.order.side?.rawName },
        .text("order_type", "") { $0.run.order.orderType.rawName },
        .text("product", "") { $0.run.order.product.rawName },
        .text("time_in_force", "") { $0.run.order.timeInForce.rawName },
        .text("mode", "") { $0.run.mode.rawName },
        .text("on_leg_failure", "") { $0.run.onLegFailure.rawName },
        .text("status", "run status") { $0.run.status.rawName },
    ]

    private static let quantities: [Column<RunRow>] = [
        .decimal("requested_quantity", "units", "what was asked for") { $0.run.requestedQuantity },
        .decimal("allocated_quantity", "units", "what was divided over accounts") { $0.run.allocatedQuantity },
        .decimal("unallocated_quantity", "units", "what no account could take") { $0.run.unallocatedQuantity },
        .decimal("cumulative_quantity", "units", "what all legs have filled") { row in
            var sum: ExactDecimal? = .zero
            for index in row.run.legs.indices { sum = sum?.adding(row.run.legs[index].cumulativeQuantity) }
            return sum
        },
        .integer("legs", "count", "accounts that took part") { Int64($0.run.legs.count) },
        .integer("refused_legs", "count", "legs that risk refused") { row in
            Int64(row.run.legs.count { $0.status == .refused })
        },
        .integer("filled_legs", "count", "legs that filled wholly") { row in
            Int64(row.run.legs.count { $0.status == .filled })
        },
        .decimal("reference_price", "price", "last trade when it was decided: the arrival price") {
            $0.run.referencePrice
        },
    ]

    private static let times: [Column<RunRow>] = [
        .time("received_at", "the request's head was there") { $0.run.receivedAt },
        .time("created_at", "it was admitted; what from and to choose by") { $0.run.admittedAt },
        .time("updated_at", "the last news of it") { $0.run.updatedAt },
        .time("done_at", "every leg had ended; empty before") { $0.run.doneAt },
        .stage("admitted_us", "received to decided") { ($0.run.receivedAt.nanoseconds, $0.run.admittedAt.nanoseconds) },
        .stage("durable_us", "received to stored, of the last leg") { row in
            (row.run.receivedAt.nanoseconds, row.run.legs.reduce(0) { max($0, $1.times.durable) })
        },
        .stage("first_dispatched_us", "received to the first leg's hand-over to its adapter") { row in
            (row.run.receivedAt.nanoseconds, first(row.run))
        },
        .stage("last_dispatched_us", "received to the last leg's hand-over") { row in
            (row.run.receivedAt.nanoseconds, last(row.run))
        },
        .stage("send_spread_us", "first leg's hand-over to the last one's") { (first($0.run), last($0.run)) },
        .stage("done_us", "received to the end of every leg") { row in
            (row.run.receivedAt.nanoseconds, row.run.doneAt?.nanoseconds ?? 0)
        },
    ]

    // Made of the journal's facts, so that they are there whether telemetry is on or off.
    private static let evenness: [Column<RunRow>] = [
        .integer("left_out_accounts", "count", "accounts of the group that took no part; the run's left_out says why") {
            $0.summary.leftOutCount
        },
        .integer(
            "first_in_turn", nil,
            "place of the leg that was first in the turn of sending, from 1; it moves from run to run"
        ) {
            $0.summary.firstInTurn
        },
        .decimal(
            "slippage_cost", "money",
            "of all legs against the arrival price, exactly; positive is worse than it; empty without a fill"
        ) {
            $0.summary.slippageCost
        },
        .decimal("lowest_average_price", "price", "of the accounts' average prices; empty without a fill") {
            $0.summary.lowestPrice
        },
        .decimal("highest_average_price", "price", "of the accounts' average prices") { $0.summary.highestPrice },
        .decimal("price_dispersion", "price", "the highest less the lowest: 0 where all accounts got the same") {
            $0.summary.priceDispersion
        },
        .text("currency", "of prices and money") { $0.summary.currency.description },
    ]

    private static func last(_ run: borrowing RunSnapshot) -> Int64 {
        run.legs.reduce(0) { max($0, $1.times.dispatched) }
    }

    private static func first(_ run: borrowing RunSnapshot) -> Int64 {
        run.legs.reduce(0) { first, leg in
            leg.times.dispatched == 0 ? first : first == 0 ? leg.times.dispatched : min(first, leg.times.dispatched)
        }
    }
}
