import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

/// `/api/orders`: legs one by one, by leg id, whether of a fan-out or placed on one account.
extension Backend {
    /// An order on one account: a run of one leg, by the same path.
    func placeOrder(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let key = try call.idempotencyKey()
        var query = call.query
        let (wait, timeout) = Self.waiting(&query)
        try query.check()
        let order = try OrderDecoding.accountOrder(try await call.object(), gateway.market.instruments.snapshot)
        if case .account(let id) = order.target, coveredAccounts(principal)?.contains(id) == false {
            throw Problem.unknownAccount(id.rawValue)
        }
        let placement = try await gateway.place(
            order, by: try call.tracedCaller(),
            idempotency: Idempotency(key: key, fingerprint: try Fingerprint.of("POST /api/orders", order)),
            receivedAt: call.receivedAt, wait: wait, timeoutMilliseconds: timeout)
        return Self.answer(placement, JSONText.order(0, of: placement.run))
    }

    func listOrders(_ call: Call) async throws -> Answer {
        var query = call.query
        let account = query.account()
        return try await listOrders(call, &query, of: account)
    }

    func listAccountOrders(_ call: Call) async throws -> Answer {
        var query = call.query
        return try await listOrders(call, &query, of: try account(try call.account(), for: try call.caller()).id)
    }

    private func listOrders(_ call: Call, _ query: inout QueryParameters, of account: AccountID?) async throws -> Answer
    {
        let principal = try call.caller()
        let limit = query.limit()
        let status = query.word("status", LegStatus.words)
        let symbol = query.value("symbol", "an instrument id") { try? InstrumentID($0).text }
        let before = query.value("cursor", "next_cursor of the page before") { LegID($0) }
        try query.check()
        let page = try await gateway.legs(
            account: account, status: status, symbol: symbol, before: before, limit: limit)
        let visible = page.items.filter { gateway.covers(principal.authority, $0.0) }
        return .list(visible, next: page.next?.description) { $0.raw(JSONText.order($1.1, of: $1.0)) }
    }

    func showOrder(_ call: Call) async throws -> Answer {
        let (run, leg) = try await order(call)
        return .document(.ok, JSONText.order(leg.index, of: run))
    }

    func changeOrder(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let (run, leg) = try await order(call)
        let changes = try OrderDecoding.changes(try await call.object(), adapter: run.legs[leg.index].adapter)
        let changed = try await gateway.modify(
            leg, changes, by: try call.caller().caller,
            idempotency: Idempotency(
                key: key, fingerprint: try Fingerprint.of("PATCH /api/orders/\(leg)", changes)))
        return answer(changed, leg)
    }

    func cancelOrder(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let (_, leg) = try await order(call)
        let run = try await gateway.cancel(
            leg.run, leg: leg.index, by: try call.caller().caller,
            idempotency: Idempotency(key: key, fingerprint: try Fingerprint.of("DELETE /api/orders/\(leg)")))
        return answer(run, leg)
    }

    func order(_ call: Call) async throws -> (RunSnapshot, LegID) {
        let id = try call.leg()
        guard let run = try await gateway.settledRun(id.run), gateway.covers(try call.caller().authority, run),
            run.legs.indices.contains(id.index)
        else { throw Problem.unknownOrder(id.description) }
        return (run, id)
    }

    /// 202 while a cancel or a change is on its way to the broker.
    private func answer(_ run: RunSnapshot, _ leg: LegID) -> Answer {
        let status = run.legs.indices.contains(leg.index) ? run.legs[leg.index].status : .unknown
        let isOnItsWay = status == .pendingCancel || status == .pendingReplace
        return .document(isOnItsWay ? .accepted : .ok, JSONText.order(leg.index, of: run))
    }
}

extension LegStatus {
    static let words = (UInt8(1)...63).compactMap { LegStatus(rawValue: $0)?.rawName }
}
