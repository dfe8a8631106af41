import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

/// `/api/execution-groups/{id}/orders`, `/preview` and runs, under their group and under `/api/runs`.
extension Backend {
    /// The fan-out.
    func placeGroupOrder(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let key = try call.idempotencyKey()
        let id = try call.group()
        var query = call.query
        let (wait, timeout) = Self.waiting(&query)
        try query.check()
        _ = try group(id, for: principal)
        let order = try OrderDecoding.groupOrder(
            try await call.object(), group: id, gateway.market.instruments.snapshot)
        let placement = try await gateway.place(
            order, by: try call.tracedCaller(),
            idempotency: Idempotency(
                key: key, fingerprint: try Fingerprint.of("POST /api/execution-groups/orders", order)),
            receivedAt: call.receivedAt, wait: wait, timeoutMilliseconds: timeout)
        return Self.answer(placement, JSONText.run(placement.run))
    }

    func previewGroupOrder(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let id = try call.group()
        _ = try group(id, for: principal)
        let order = try OrderDecoding.groupOrder(
            try await call.object(), group: id, gateway.market.instruments.snapshot)
        let run = try gateway.preview(order, by: principal.caller, receivedAt: call.receivedAt)
        return .document(.ok, JSONText.run(run))
    }

    /// 200 for a run that is as far as was asked, 202 for one that is on its way, 422 where every leg was refused.
    static func answer(_ placement: Gateway.Placement, _ body: [UInt8]) -> Answer {
        let status: HTTPResponse.Status =
            placement.run.status == .refused ? .unprocessableContent : placement.isReached ? .ok : .accepted
        return .document(status, headers: placement.isReplay ? [.idempotencyReplayed: "true"] : [:], body)
    }

    static func waiting(_ query: inout QueryParameters) -> (WaitLevel, Int64) {
        let wait =
            query.word("wait", WaitLevel.allCases.map(\.rawValue)).flatMap { WaitLevel(rawValue: $0) } ?? .durable
        return (wait, query.integer("timeout_ms", 0...60_000) ?? 10_000)
    }

    // MARK: Runs

    func listRuns(_ call: Call) async throws -> Answer { try await listRuns(call, of: nil) }

    func listGroupRuns(_ call: Call) async throws -> Answer {
        try await listRuns(call, of: try group(try call.group(), for: try call.caller()).id)
    }

    private func listRuns(_ call: Call, of group: GroupID?) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let limit = query.limit()
        let named = query.group()
        let account = query.account()
        let status = query.word("status", RunStatus.allCases.map(\.rawName))
        let before = query.value("cursor", "next_cursor of the page before") { RunID($0) }
        try query.check()
        let page = try await gateway.runs(
            Gateway.RunFilter(group: group ?? named, account: account, status: status, before: before, limit: limit))
        let visible = page.items.filter { gateway.covers(principal.authority, $0) }
        return .list(visible, next: page.next?.description) { $0.raw(JSONText.run($1)) }
    }

    func showRun(_ call: Call) async throws -> Answer {
        let run = try await run(try call.run(), for: try call.caller())
        return .document(.ok, JSONText.run(run))
    }

    func showGroupRun(_ call: Call) async throws -> Answer {
        let run = try await run(try call.run(1), of: try call.group(), for: try call.caller())
        return .document(.ok, JSONText.run(run))
    }

    func listRunEvents(_ call: Call) async throws -> Answer {
        try await events(call, of: try await run(try call.run(), for: try call.caller()))
    }

    func listGroupRunEvents(_ call: Call) async throws -> Answer {
        try await events(call, of: try await run(try call.run(1), of: try call.group(), for: try call.caller()))
    }

    /// Oldest first, as a story is told; the cursor counts events.
    private func events(_ call: Call, of run: RunSnapshot) async throws -> Answer {
        var query = call.query
        let limit = query.limit(default: 1_000, maximum: 10_000)
        let start = Int(query.integer("cursor", 0...100_000_000) ?? 0)
        try query.check()
        guard let id = run.id else { throw Problem.unknownRun("") }
        let events = try await gateway.events(of: id)
        let items = events.dropFirst(start).prefix(limit)
        let next = items.endIndex < events.endIndex ? "\(items.endIndex)" : nil
        return .list(items, next: next) { $0.event($1) }
    }

    func cancelRun(_ call: Call) async throws -> Answer {
        try await cancel(call, try await run(try call.run(), for: try call.caller()))
    }

    func cancelGroupRun(_ call: Call) async throws -> Answer {
        try await cancel(call, try await run(try call.run(1), of: try call.group(), for: try call.caller()))
    }

    /// 200 where every leg has ended, 202 while cancels are on their way.
    private func cancel(_ call: Call, _ run: RunSnapshot) async throws -> Answer {
        guard let id = run.id else { throw Problem.unknownRun("") }
        let canceled = try await gateway.cancel(
            id, by: try call.caller().caller,
            idempotency: Idempotency(
                key: try call.idempotencyKey(), fingerprint: try Fingerprint.of("POST /api/runs/\(id)/cancel")))
        let isOver = canceled.legs.allSatisfy { $0.status.isTerminal }
        return .document(isOver ? .ok : .accepted, JSONText.run(canceled))
    }
}
