import Adapters
package import Domain
import Engine
import Glibc
import Store

/// One thing that is looked at before trading begins.
package struct PreflightCheck: Hashable, Sendable {
    package enum Kind: String, CaseIterable, Sendable {
        case storage, clock, instruments, connectivity, credentials, balances, positions, limits, prices
    }
    package enum Outcome: String, Hashable, Comparable, Sendable {
        case pass, warn, fail

        private var rank: Int { self == .pass ? 0 : self == .warn ? 1 : 2 }
        package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
    }
    package var kind: Kind
    /// `nil` = it concerns the gateway as a whole.
    package var account: AccountID?
    package var outcome: Outcome
    package var detail: String
    /// What to do; `nil` = nothing.
    package var remedy: String?
}

/// The checks of one moment.
package struct PreflightReport: Sendable {
    package var at: Timestamp
    package var checks: [PreflightCheck]
    /// The worst of them.
    package var outcome: PreflightCheck.Outcome { checks.map(\.outcome).max() ?? .pass }
}

extension Gateway {
    /// Free space of the data directory below which preflight warns and fails, bytes.
    static let scarceSpace: UInt64 = 2 << 30
    /// What a broker's clock may differ from ours, nanoseconds (RELIABILITY.md §5).
    static let largestSkew: UInt64 = 1_000_000_000
    static let lackingSpace: UInt64 = 200 << 20
    /// How long a broker may take to tell its positions, nanoseconds.
    static let preflightDeadline: Int64 = 10_000_000_000

    /// The last report; `nil` = none was made since the start.
    package var lastPreflight: PreflightReport? { state.withLockedValue { $0.preflight } }

    /// Looks at everything that an order will need and says what is missing, with a remedy. Asks brokers for positions,
    /// changes nothing, and takes as long as the slowest of them, at most `preflightDeadline`.
    package func preflight() async throws(GatewayError) -> PreflightReport {
        let now = clock.wall()
        var checks = [await storageCheck(now)]
        let seats = state.withLockedValue { state -> [(Account, SessionPlace?)] in
            let engine = state.engine
            checks.append(clockCheck(now, engine))
            checks += [instrumentCheck(engine)]
            return engine.liveAccounts.filter(\.isEnabled).map { ($0, state.sessions[$0.id]) }
        }
        if seats.isEmpty {
            checks.append(
                PreflightCheck(
                    kind: .connectivity, account: nil, outcome: .warn, detail: "no account is enabled",
                    remedy: "add one with 'sluice accounts add', or enable one"))
        }
        let positions = await withTaskGroup(of: PreflightCheck.self) { group in
            for (account, seat) in seats { group.addTask { await self.positionCheck(account, seat) } }
            return await group.reduce(into: [PreflightCheck]()) { $0.append($1) }
        }
        for (account, seat) in seats {
            checks += state.withLockedValue { state in accountChecks(account, seat, now, state.engine) }
            checks += positions.filter { $0.account == account.id }
            checks += state.withLockedValue { state in unknownCheck(account, state.engine) }
        }
        let report = PreflightReport(at: now, checks: checks)
        state.withLockedValue { $0.preflight = report }
        return report
    }

    // MARK: The gateway

    private func storageCheck(_ now: Timestamp) async -> PreflightCheck {
        func check(_ outcome: PreflightCheck.Outcome, _ detail: String, _ remedy: String? = nil) -> PreflightCheck {
            PreflightCheck(kind: .storage, account: nil, outcome: outcome, detail: detail, remedy: remedy)
        }
        if case .failed(let failure) = state.withLockedValue({ $0.serving }) {
            return check(.fail, "the store failed: \(failure)", "put the disk right and start the gateway again")
        }
        do throws(GatewayError) {
            try await onReader { storage in try storage.setMeta("preflight_at", to: now.rfc3339) }
        } catch {
            return check(.fail, "a record cannot be written: \(error)", "look at the data directory's file system")
        }
        if let audit = auditor?.state, let first = audit.findings.first {
            return check(
                .fail, "the audit found \(audit.findingCount) flaws of what is durable, the first: \(first)",
                "stop the gateway and look at all of it with 'sluice check DIRECTORY'")
        }
        guard let directory = (storage as? Store)?.directory, let free = Self.freeBytes(directory) else {
            return check(.pass, "a record was written")
        }
        let space = "\(free >> 20) MiB are free in the data directory"
        if free < Self.lackingSpace { return check(.fail, space, "make room: at least \(Self.scarceSpace >> 20) MiB") }
        if free < Self.scarceSpace { return check(.warn, space, "make room: at least \(Self.scarceSpace >> 20) MiB") }
        return check(.pass, "a record was written; \(space)")
    }

    private static func freeBytes(_ directory: String) -> UInt64? {
        var facts = statvfs()
        guard statvfs(directory, &facts) == 0 else { return nil }
        return UInt64(facts.f_bavail) &* UInt64(facts.f_frsize)
    }

    private func clockCheck(_ now: Timestamp, _ engine: borrowing Engine) -> PreflightCheck {
        let newest = engine.runs.all.map { $0.updatedAt }.max() ?? Timestamp(nanoseconds: .min)
        guard now < newest else {
            return PreflightCheck(
                kind: .clock, account: nil, outcome: .pass,
                detail: "the clock says \(now.rfc3339), after everything recorded")
        }
        return PreflightCheck(
            kind: .clock, account: nil, outcome: .fail,
            detail: "the clock says \(now.rfc3339), but \(newest.rfc3339) is recorded already",
            remedy: "set the clock right, by NTP or PTP, before anything is traded")
    }

    private func instrumentCheck(_ engine: borrowing Engine) -> PreflightCheck {
        let statistics = market.master.statistics(at: clock.wall())
        let count = statistics.instruments
        let stale = statistics.sources.filter(\.isStaleForTrading).map(\.name)
        if !stale.isEmpty {
            return PreflightCheck(
                kind: .instruments, account: nil, outcome: .warn,
                detail:
                    "the instruments of \(stale.joined(separator: ", ")) are not of today's session: nothing opens there",
                remedy: "sluice symbols sync, or sluice symbols stats for what went wrong")
        }
        if !statistics.quarantines.isEmpty {
            return PreflightCheck(
                kind: .instruments, account: nil, outcome: .warn,
                detail: "adapters differ on \(statistics.quarantines.count) of \(count) instruments",
                remedy: "sluice symbols stats shows them, sluice symbols acknowledge settles one")
        }
        guard count == 0 else {
            return PreflightCheck(
                kind: .instruments, account: nil, outcome: .pass, detail: "\(count) instruments are known")
        }
        return PreflightCheck(
            kind: .instruments, account: nil, outcome: .fail, detail: "no instrument is known",
            remedy: "name instruments.overlay in the configuration, or connect an adapter that lists them")
    }

    // MARK: Accounts

    private func accountChecks(
        _ account: Account, _ seat: SessionPlace?, _ now: Timestamp, _ engine: borrowing Engine
    ) -> [PreflightCheck] {
        guard let number = engine.accountNumber(account.id) else { return [] }
        func check(
            _ kind: PreflightCheck.Kind, _ outcome: PreflightCheck.Outcome, _ detail: String, _ remedy: String? = nil
        ) -> PreflightCheck {
            PreflightCheck(kind: kind, account: account.id, outcome: outcome, detail: detail, remedy: remedy)
        }
        var checks: [PreflightCheck] = []
        let session = seat?.session.status
        if engine.readiness(number) == .ready {
            checks.append(check(.connectivity, .pass, "the session is ready"))
        } else {
            checks.append(
                check(
                    .connectivity, .fail, session.map { "the session is \($0.state.rawName)" } ?? "there is no session",
                    "connect it with 'sluice accounts connect \(account.id)'"))
        }
        if let circuit = seat?.session.circuitState, circuit != .closed {
            checks.append(
                check(
                    .connectivity, .fail,
                    circuit == .open
                        ? "the circuit is open: the broker does not answer"
                        : "the circuit is half-open: the broker is being asked whether it answers",
                    "opening orders are refused until it does; look at 'sluice adapters describe \(account.adapter)'"))
        }
        if let offset = seat?.session.brokerClockOffset {
            let milliseconds = offset / 1_000_000
            let words = "the broker's clock is \(abs(milliseconds)) ms \(milliseconds < 0 ? "behind" : "ahead of") ours"
            checks.append(
                offset.magnitude <= Self.largestSkew
                    ? check(.clock, .pass, words)
                    : check(
                        .clock, .fail, words,
                        "set this machine's clock by NTP or PTP: a second is the most that times of orders may differ"))
        }
        switch session?.error?.code {
        case .authExpired, .authRejected, .forbidden:
            checks.append(
                check(
                    .credentials, .fail, session?.error?.brokerText ?? "the broker refuses the login",
                    "log in again with 'sluice accounts login \(account.id)', or renew the secret"))
        default:
            if let end = session?.expiresAt, end.since(now) < 3_600_000_000_000 {
                checks.append(
                    check(.credentials, .warn, "the login ends at \(end.rfc3339)", "log in again before it does"))
            } else {
                checks.append(check(.credentials, session == nil ? .fail : .pass, "the broker takes the login"))
            }
        }
        if let funds = engine.funds(number) {
            let age = now.since(funds.asOf) / 1_000_000_000
            let limit = engine.accountLimits(number)?.margin.maximumAge ?? 60_000_000_000
            checks.append(
                check(
                    .balances, now.since(funds.asOf) > limit ? .fail : funds.equity > 0 ? .pass : .warn,
                    "equity \(Money(minorUnits: funds.equity, currency: account.currency)), \(age) s old",
                    funds.equity > 0 ? nil : "opening orders are refused without equity"))
        } else {
            checks.append(
                check(
                    .balances, .fail, "no funds are known: opening orders are refused",
                    "the broker is asked again by itself; 'sluice accounts status \(account.id)' says what it answers"))
        }
        if engine.accountLimits(number) != nil {
            checks.append(check(.limits, .pass, "limits of version \(engine.riskVersion) bind it"))
        } else {
            checks.append(
                check(
                    .limits, .fail, "no limits are set in its currency \(account.currency)",
                    "give amounts in \(account.currency) with 'sluice rms set'"))
        }
        let unpriced = engine.book.positions(of: number).filter {
            $0.quantity != 0 && engine.inputs.reference($0.instrument).points <= 0
        }
        checks.append(
            unpriced.isEmpty
                ? check(.prices, .pass, "everything held has a price")
                : check(
                    .prices, .fail,
                    "no price of "
                        + unpriced.prefix(5).map { engine.instruments[Int($0.instrument)].id.text }.joined(
                            separator: ", "),
                    "connect a source of prices: results and exposures are unknown without"))
        return checks
    }

    /// Orders that may be at the broker: they hold what they may have taken, and nothing opens beside them (C31).
    private func unknownCheck(_ account: Account, _ engine: borrowing Engine) -> [PreflightCheck] {
        guard let number = engine.accountNumber(account.id) else { return [] }
        var found: Set<LegID> = []
        engine.runs.forEachLive { run in
            for order in run.orders where order.isUnknown && run.admission(of: order).account == number {
                found.insert(LegID(run: run.id, index: Int(order.legIndex)))
            }
        }
        let orders = found.sorted { ($0.run.number, $0.index) < ($1.run.number, $1.index) }
        guard let first = orders.first else { return [] }
        let names = orders.prefix(5).map(\.description).joined(separator: ", ")
        return [
            PreflightCheck(
                kind: .positions, account: account.id, outcome: .warn,
                detail: "it is not known whether the broker has \(names)"
                    + (orders.count > 5 ? " and \(orders.count - 5) more" : ""),
                remedy: "they are being looked up; where the broker cannot tell, ask it and settle each with "
                    + "'sluice orders resolve \(first)'")
        ]
    }

    /// Compares what the broker says is held with the gateway's own books.
    private func positionCheck(_ account: Account, _ seat: SessionPlace?) async -> PreflightCheck {
        func check(_ outcome: PreflightCheck.Outcome, _ detail: String, _ remedy: String? = nil) -> PreflightCheck {
            PreflightCheck(kind: .positions, account: account.id, outcome: outcome, detail: detail, remedy: remedy)
        }
        guard let seat else { return check(.fail, "cannot be asked without a session", "connect the account") }
        guard seat.session.adapter.description.capabilities.contains(.queryPositions) else {
            return check(.warn, "the adapter cannot tell positions", "compare them by hand")
        }
        let answer = await seat.session.query(
            .positions, accountIndex: seat.index, deadline: clock.monotonic() + Self.preflightDeadline)
        switch answer {
        case .failure(let failure):
            return check(.fail, "the broker does not tell positions: \(failure.text)", "try again in a moment")
        case .success(let rows):
            var told: [InstrumentID: ExactDecimal] = [:]
            for row in rows { told[row.symbol] = told[row.symbol, default: 0].adding(row.quantity) ?? row.quantity }
            let held = positions(of: [account.id], authority: .everything)
            var differing: [String] = []
            for position in held where told[position.symbol, default: 0] != position.quantity {
                differing.append("\(position.symbol): here \(position.quantity), there \(told[position.symbol] ?? 0)")
            }
            let known = Set(held.map(\.symbol))
            for (symbol, quantity) in told where quantity != 0 && !known.contains(symbol) {
                differing.append("\(symbol): here 0, there \(quantity)")
            }
            guard !differing.isEmpty else { return check(.pass, "\(held.count) positions are as the broker has them") }
            return check(
                .warn, differing.sorted().prefix(5).joined(separator: "; "),
                "look with 'sluice reconcile --account \(account.id)'")
        }
    }
}
