import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

/// `/api/reconciliation`: our books beside the brokers'; and a person's word on orders that evidence does not settle.
extension Backend {
    func listReconciliations(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let named = query.account()
        try query.check()
        if let named { _ = try account(named, for: principal) }
        return .list(gateway.reconciliations(of: named.map { [$0] }, authority: principal.authority)) {
            $0.reconciliation($1)
        }
    }

    func reconcile(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let timeout = query.integer("timeout_ms", 0...60_000) ?? 10_000
        try query.check()
        var reader = ObjectReader(try await call.object())
        let named = reader.text("account_id")
        reader.finish(Schema.reconcileRequest)
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        var accounts: [AccountID]?
        if let named {
            guard let id = AccountID(named) else { throw Problem.unknownAccount(named) }
            accounts = [try account(id, for: principal).id]
        }
        let reports = try await gateway.reconcile(
            accounts, authority: principal.authority, timeoutMilliseconds: timeout)
        return .list(reports) { $0.reconciliation($1) }
    }

    func resolveOrder(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let (_, leg) = try await order(call)
        var reader = ObjectReader(try await call.object())
        let words = Schema.resolutions
        let word = reader.required("outcome", "one of \(words.joined(separator: ", "))") { $0.text("outcome") }
        let outcome = word.flatMap { word in Resolution.Outcome.allCases.first { $0.rawName == word } }
        if let word, !words.contains(word) {
            reader.refuse(
                "outcome", .string(word), "is none of the words", remedy: "one of \(words.joined(separator: ", "))")
        }
        let quantity = reader.decimal("quantity", .positive)
        let price = reader.decimal("price", .positive)
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        reader.finish(Schema.resolveRequest)
        if outcome != .filled {
            for (name, value) in [("quantity", quantity), ("price", price)] {
                guard let value else { continue }
                reader.refuse(
                    name, .string(value.description), "belongs to outcome filled alone", remedy: "leave it out")
            }
        } else if price == nil {
            reader.refuse("price", nil, "'price' is missing", remedy: "the price at which it was filled")
        }
        guard let outcome, let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let run = try await gateway.resolve(
            leg, outcome, quantity: quantity, price: price, reason: reason, by: try call.caller().caller,
            idempotency: Idempotency(
                key: key,
                fingerprint: Array(
                    "POST /api/orders/\(leg)/resolve \(outcome) \(quantity?.description ?? "") \(price?.description ?? "") \(reason)"
                        .utf8)))
        return .document(.ok, JSONText.order(leg.index, of: run))
    }

    func releaseOrder(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let (_, leg) = try await order(call)
        var reader = ObjectReader(try await call.object())
        let drops = reader.boolean("drop", default: false)
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        reader.finish(Schema.releaseRequest)
        guard let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let run = try await gateway.release(
            leg, drops: drops, reason: reason, by: try call.caller().caller,
            idempotency: Idempotency(
                key: key, fingerprint: Array("POST /api/orders/\(leg)/release \(drops) \(reason)".utf8)))
        return .document(.ok, JSONText.order(leg.index, of: run))
    }
}

extension JSONWriter {
    mutating func reconciliation(_ report: ReconciliationReport) {
        object {
            $0.member("account_id", report.account.rawValue)
            $0.member("status", report.status.rawValue)
            $0.member("cause", report.cause?.rawValue)
            $0.member("asked_at", report.askedAt)
            $0.member("finished_at", report.finishedAt)
            $0.part("orders", report.orders)
            $0.part("executions", report.executions)
            $0.part("positions", report.positions)
            $0.part("holdings", report.holdings)
            $0.member("funds_as_of", report.fundsAsOf)
            $0.member("open_orders", Int64(report.openOrders))
            $0.list("differences", report.differences) { $0.difference($1) }
        }
    }

    private mutating func part(_ name: String, _ part: ReconciliationReport.Part) {
        key(name)
        object {
            $0.member("state", part.state.rawValue)
            $0.member("reason", part.reason)
            $0.member("rows", Int64(part.rows))
            $0.member("matched", Int64(part.matched))
            $0.member("local_only", Int64(part.localOnly))
            $0.member("broker_only", Int64(part.brokerOnly))
            $0.member("differs", Int64(part.differs))
            $0.member("booked", Int64(part.booked))
        }
    }

    private mutating func difference(_ difference: ReconciliationReport.Standing) {
        object {
            $0.member("cause", difference.cause.rawName)
            $0.member("action", difference.action.rawName)
            $0.member("subject", difference.subject)
            $0.member("ours", text: difference.ours)
            $0.member("theirs", text: difference.theirs)
            $0.member("order_id", difference.order?.description)
            $0.member("since", difference.since)
        }
    }
}
