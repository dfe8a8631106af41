import Domain
import Engine
import Gateway
import Telemetry

/// `events`: what happened, as the event stream tells it.
enum EventColumns {
    static let all: [Column<EventView>] = [
        .text("event_id", "the cursor: journal record and place in it") { $0.id },
        .time("at", "when it happened; what from and to choose by") { $0.at },
        .text("topic", "runs, legs, positions, alerts or state") { $0.topic.rawValue },
        .text("type", "run_admitted, leg_answered …") { $0.type },
        .text("run_id", "empty where it concerns no run") { $0.run?.description },
        .text("leg_id", "empty where it concerns no leg") { $0.leg?.description },
        .text("account_id", "empty where it concerns no account") { $0.account?.rawValue },
        .text("group_id", "empty where it concerns no group") { $0.group?.rawValue },
        .json("facts", "what was said, by type") { $0.facts },
    ]
}

/// `audit`: who did what, when and why.
enum AuditColumns {
    static let all: [Column<AuditEntry>] = [
        .text("audit_id", "the cursor: journal record and place in it") { $0.id },
        .time("at", "when its record was closed; what from and to choose by") { $0.at },
        .text("kind", "admin, configuration, state, decision, request or outcome") { $0.kind.rawValue },
        .text("type", "run_admitted, key_created …") { $0.type },
        .text("by", "a person, rule:CONTROL, gateway, configuration; empty where a broker spoke") { $0.by.given },
        .text("key_id", "API key; empty where none was used or it is not known") { $0.key.given },
        .text("subject", "a run, an order, an account, a scope, a key") { $0.subject.given },
        .text("reason", "as it was given; empty where none was") { $0.reason.given },
        .json("facts", "what was said, by type") { $0.facts },
    ]
}

extension String {
    /// Absent instead of empty: here an empty text says that there is none.
    fileprivate var given: String? { isEmpty ? nil : self }
}

extension LatencyRow {
    var id: String {
        "\(adapter?.rawValue ?? "")/\(account?.rawValue ?? "")/\(group?.rawValue ?? "")/\(stage.rawName)"
    }
}

/// `latency`: percentiles of the stages, of merged histograms.
enum LatencyColumns {
    static let all: [Column<LatencyRow>] = [
        .text("series", "the cursor: adapter/account/group/stage") { $0.id },
        .text("adapter_id", "") { $0.adapter?.rawValue },
        .text("account_id", "") { $0.account?.rawValue },
        .text("group_id", "empty for orders on one account") { $0.group?.rawValue },
        .text("stage", "measured from received") { $0.stage.rawName },
        .integer("legs", "count", "legs that reached it") { Int64(clamping: $0.summary.count) },
        .integer("mean_us", "µs", "rounded down") { Int64(clamping: $0.summary.mean) },
        .integer("p50_us", "µs", "half of them were faster") { Int64(clamping: $0.summary.p50) },
        .integer("p90_us", "µs", "nine of ten") { Int64(clamping: $0.summary.p90) },
        .integer("p99_us", "µs", "99 of 100") { Int64(clamping: $0.summary.p99) },
        .integer("p999_us", "µs", "999 of 1,000") { Int64(clamping: $0.summary.p999) },
        .integer("max_us", "µs", "the slowest") { Int64(clamping: $0.summary.maximum) },
    ]
}

/// A position with what its account adds.
struct PositionRow {
    var position: PositionSnapshot
    var adapter: AdapterID?
    var at: Timestamp
    var id: String { "\(position.account)/\(position.symbol.text)" }
}

/// `positions`: what each account holds now.
enum PositionColumns {
    static let all: [Column<PositionRow>] = [
        .text("position_id", "the cursor: account/symbol") { $0.id },
        .time("at", "when it was read") { $0.at },
        .text("account_id", "") { $0.position.account.rawValue },
        .text("adapter_id", "") { $0.adapter?.rawValue },
        .text("symbol", "instrument id") { $0.position.symbol.text },
        .text("currency", "of the money columns but fees, which are in the account's") {
            $0.position.currency.description
        },
        .decimal("quantity", "units", "negative is short") { $0.position.quantity },
        .decimal("average_price", "price", "average cost; empty when flat") { $0.position.averagePrice },
        .decimal("last_price", "price", "mark; empty where none is known") { $0.position.lastPrice },
        .decimal("open_buy_quantity", "units", "leaves of live buys") { $0.position.openBuyQuantity },
        .decimal("open_sell_quantity", "units", "leaves of live sells") { $0.position.openSellQuantity },
        .decimal("realised_pnl", "money", "of what was closed, before fees") { $0.position.realised?.amount },
        .decimal("unrealised_pnl", "money", "against the mark; empty without one") { $0.position.unrealised?.amount },
        .decimal("day_pnl", "money", "since the trading day began, after fees") { $0.position.dayResult?.amount },
        .decimal("fees", "money", "positive is paid") { $0.position.fees.amount },
    ]
}

extension DailyResult {
    var id: String { "\(day)/\(account)/\(symbol.text)" }
}

/// `pnl`: daily results.
enum DailyResultColumns {
    static let all: [Column<DailyResult>] = [
        .text("pnl_id", "the cursor: day/account/symbol") { $0.id },
        .text("day", "UTC date; days that from and to touch are whole") { $0.day.description },
        .text("account_id", "") { $0.account.rawValue },
        .text("adapter_id", "") { $0.adapter.rawValue },
        .text("symbol", "instrument id") { $0.symbol.text },
        .text("currency", "of the money columns but fees") { $0.currency.description },
        .integer("executions", "count", "corrections and busts included") { $0.executions },
        .decimal("bought_quantity", "units", "less what was taken back: negative where that was of an earlier day") {
            $0.boughtQuantity
        },
        .decimal("sold_quantity", "units", "the same of sales") { $0.soldQuantity },
        .decimal("bought_value", "money", "rounded down to the minor unit") { $0.boughtValue?.amount },
        .decimal("sold_value", "money", "rounded down to the minor unit") { $0.soldValue?.amount },
        .decimal(
            "realised_pnl", "money",
            "of what was closed, by average cost, before fees; a correction or bust is the opposite trade at the average cost "
                + "of its day: what it moves between this and the cost of what is held cancels out in their sum"
        ) { $0.realised?.amount },
        .decimal("fees", "money", "positive is paid") { $0.fees.amount },
        .text("fee_currency", "the account's") { $0.fees.currency.description },
        .decimal("quantity", "units", "held at the end of the day, or now; negative is short") { $0.quantity },
        .decimal("average_price", "price", "average cost of it; empty when flat") { $0.averagePrice },
    ]
}
