import Domain
import Engine

/// `runs`: what was asked of a group or an account, and what all its legs came to.
enum RunColumns {
    static let all: [Column<RunSnapshot>] = identity + quantities + times

    private static let identity: [Column<RunSnapshot>] = [
        .text("run_id", "the cursor") { $0.id?.description },
        .text("group_id", "empty for an order on one account") { $0.group?.rawValue },
        .integer("group_version", nil, "of the group that was divided over; empty without a group") {
            $0.group == nil ? nil : $0.groupVersion
        },
        .integer("rms_version", nil, "limits that decided") { $0.riskVersion },
        .text("key_id", "API key that asked, or gateway") { $0.origin.caller },
        .text("strategy", "as the order named it") { $0.order.strategy },
        .text("tag", "as the order named it") { $0.order.tag },
        .text("symbol", "instrument id") { $0.order.symbol.text },
        .text("side", "BUY or SELL; empty for percent_change, whose legs have one each") { $0.order.side?.rawName },
        .text("order_type", "") { $0.order.orderType.rawName },
        .text("product", "") { $0.order.product.rawName },
        .text("time_in_force", "") { $0.order.timeInForce.rawName },
        .text("mode", "") { $0.mode.rawName },
        .text("on_leg_failure", "") { $0.onLegFailure.rawName },
        .text("status", "run status") { $0.status.rawName },
    ]

    private static let quantities: [Column<RunSnapshot>] = [
        .decimal("requested_quantity", "units", "what was asked for") { $0.requestedQuantity },
        .decimal("allocated_quantity", "units", "what was divided over accounts") { $0.allocatedQuantity },
        .decimal("unallocated_quantity", "units", "what no account could take") { $0.unallocatedQuantity },
        .decimal("cumulative_quantity", "units", "what all legs have filled") { run in
            var sum: ExactDecimal? = .zero
            for index in run.legs.indices { sum = sum?.adding(run.legs[index].cumulativeQuantity) }
            return sum
        },
        .integer("legs", "count", "accounts that took part") { Int64($0.legs.count) },
        .integer("refused_legs", "count", "legs that risk refused") { run in
            Int64(run.legs.count { $0.status == .refused })
        },
        .integer("filled_legs", "count", "legs that filled wholly") { run in
            Int64(run.legs.count { $0.status == .filled })
        },
        .decimal("reference_price", "price", "last trade when it was decided: the arrival price") { $0.referencePrice },
    ]

    private static let times: [Column<RunSnapshot>] = [
        .time("received_at", "the request's head was there") { $0.receivedAt },
        .time("created_at", "it was admitted; what from and to choose by") { $0.admittedAt },
        .time("updated_at", "the last news of it") { $0.updatedAt },
        .time("done_at", "every leg had ended; empty before") { $0.doneAt },
        .stage("admitted_us", "received to decided") { ($0.receivedAt.nanoseconds, $0.admittedAt.nanoseconds) },
        .stage("durable_us", "received to stored, of the last leg") { run in
            (run.receivedAt.nanoseconds, run.legs.reduce(0) { max($0, $1.times.durable) })
        },
        .stage("first_dispatched_us", "received to the first leg's hand-over to its adapter") { run in
            (run.receivedAt.nanoseconds, first(run))
        },
        .stage("last_dispatched_us", "received to the last leg's hand-over") { run in
            (run.receivedAt.nanoseconds, last(run))
        },
        .stage("send_spread_us", "first leg's hand-over to the last one's") { (first($0), last($0)) },
        .stage("done_us", "received to the end of every leg") { run in
            (run.receivedAt.nanoseconds, run.doneAt?.nanoseconds ?? 0)
        },
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
