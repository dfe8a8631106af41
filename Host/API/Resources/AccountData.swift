import Adapters
import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird
import Store

/// What an account has: funds and holdings as its broker tells, positions and trades as the gateway's own books have them.
extension Backend {
    /// How long a broker may take for an answer, nanoseconds.
    private static let queryDeadline: Int64 = 10_000_000_000

    func showFunds(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        let reports = try await ask(.funds, account.id)
        return .list(reports) { json, funds in
            json.object {
                $0.member("account_id", account.id.rawValue)
                $0.member("currency", funds.currency.description)
                $0.member("cash", text: funds.cash)
                $0.member("available", text: funds.available)
                $0.member("used", text: funds.used)
                $0.member("equity", text: funds.equity)
                $0.member("as_of", funds.asOf)
            }
        }
    }

    func listHoldings(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        let reports = try await ask(.holdings, account.id)
        return .list(reports) { json, holding in
            json.object {
                $0.member("account_id", account.id.rawValue)
                $0.member("symbol", holding.symbol.text)
                $0.member("quantity", text: holding.quantity)
                $0.member("free_quantity", text: holding.free)
                $0.member("pledged_quantity", text: holding.pledged)
                $0.member("average_price", text: holding.averagePrice)
            }
        }
    }

    func listAccountPositions(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let account = try account(try call.account(), for: principal)
        return .list(gateway.positions(of: [account.id], authority: principal.authority)) { $0.position($1) }
    }

    /// All accounts, or those of an account or a group that is named.
    func listPositions(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let named = query.account()
        let grouped = query.group()
        try query.check()
        var accounts: [AccountID]?
        if let grouped { accounts = try group(grouped, for: principal).members.map(\.account) }
        if let named {
            _ = try account(named, for: principal)
            accounts = (accounts ?? [named]).filter { $0 == named }
        }
        return .list(gateway.positions(of: accounts, authority: principal.authority)) { $0.position($1) }
    }

    func listTrades(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        var query = call.query
        let limit = query.limit(default: 200, maximum: 1_000)
        try query.check()
        return .list(try await gateway.executions(account: account.id, limit: limit)) { $0.trade($1) }
    }

    // MARK: Asking the broker

    private func ask<Row>(_ query: AdapterQuery<Row>, _ id: AccountID) async throws -> [Row] {
        guard let seat = gateway.session(of: id) else {
            throw Problem(
                .serviceUnavailable, "account_not_connected", path: "{account}", value: id.rawValue,
                "the account has no session", remedy: "POST /api/accounts/\(id)/connect")
        }
        let deadline = gateway.clock.monotonic() + Self.queryDeadline
        switch await seat.session.query(query, accountIndex: seat.index, deadline: deadline) {
        case .success(let rows): return rows
        case .failure(let failure):
            let status: HTTPResponse.Status =
                switch failure.reason {
                case .unsupported: .notImplemented
                case .notReady, .queueFull, .closed, .circuitOpen: .serviceUnavailable
                case .rateLimited: .tooManyRequests
                case .deadline: .gatewayTimeout
                case .invalid: .badRequest
                case .refusedByAdapter, .failed, .malformed, .endless: .badGateway
                }
            throw Problem(
                status, "broker_\(failure.reason.rawValue)", path: "{account}", value: id.rawValue,
                failure.error?.brokerText ?? failure.text, remedy: "see GET /ready for the account's state")
        }
    }
}

extension JSONWriter {
    fileprivate mutating func trade(_ row: ExecutionRow) {
        object {
            $0.member("execution_id", row.executionID)
            $0.member("kind", row.kind)
            $0.member("replaces", row.replaces)
            $0.member("account_id", row.accountID.rawValue)
            $0.member("adapter_id", row.adapterID.rawValue)
            $0.member("order_id", row.leg?.description)
            $0.member("run_id", row.leg?.run.description)
            $0.member("symbol", row.symbol)
            $0.member("side", row.side)
            $0.member("quantity", row.lastQuantity)
            $0.member("price", row.lastPrice)
            $0.member("fees", row.fees)
            $0.member("transact_time", row.transactTime)
            $0.member("recorded_at", row.recordedAt)
        }
    }
}
