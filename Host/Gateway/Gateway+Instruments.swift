import Adapters
package import Domain
import Engine
package import Instruments
import NIOConcurrencyHelpers
import NIOPosix

/// What a refresh of one adapter's instruments came to.
package struct InstrumentRefreshReport: Sendable {
    package var adapter: AdapterID
    package var merge: InstrumentMerge?
    /// Why nothing was taken; `nil` beside no merge = it is still under way.
    package var failure: String?
    package var nanoseconds: Int64 = 0
}

/// Where the refreshes of one adapter stand. Behind the gateway's lock.
struct InstrumentRefresh {
    static let maximumWaiters = 64

    var isUnderWay = false
    /// A person said, before or while it was under way, that a dump which lacks most of what was listed is taken.
    var acceptsShrinking = false
    var failures = 0
    /// When the next one may begin by itself.
    var notBefore = Timestamp(nanoseconds: .min)
    var waiters: [RefreshWaiter] = []
}

/// One caller that waits for a refresh, resumed once: by its end, or when the caller's time is over.
final class RefreshWaiter: Sendable {
    private let continuation: NIOLockedValueBox<CheckedContinuation<InstrumentRefreshReport?, Never>?>

    init(_ continuation: CheckedContinuation<InstrumentRefreshReport?, Never>) {
        self.continuation = NIOLockedValueBox(continuation)
    }

    func resume(_ report: InstrumentRefreshReport?) {
        let waiting = continuation.withLockedValue { held in
            defer { held = nil }
            return held
        }
        waiting?.resume(returning: report)
    }
}

extension Gateway {
    /// How long an adapter may take to list everything, nanoseconds.
    private static let listingTime: Int64 = 300_000_000_000

    /// Asks an adapter for its instruments when the first of its sessions becomes ready; later listings are asked for by
    /// `dueRefreshes`.
    func askInstruments(_ session: AdapterSession) {
        guard Self.lists(session), state.withLockedValue({ $0.refreshes[session.id.adapter] == nil }) else { return }
        beginRefresh(session, acceptsShrinking: false, waiter: nil)
    }

    private static func lists(_ session: AdapterSession) -> Bool {
        session.adapter.description.capabilities.contains(.queryInstruments)
    }

    /// Adapters whose figures are not of today's session, or whose last listing failed. Looked for every 10 seconds; after a
    /// failure the pause doubles from 15 seconds to 16 minutes. Under the lock.
    func dueRefreshes(_ now: Timestamp, _ state: inout State) -> [AdapterSession] {
        guard state.refreshesDue <= now, !state.refreshes.isEmpty else { return [] }
        state.refreshesDue = now.advanced(by: 10_000_000_000)
        let snapshot = market.instruments.snapshot
        let freshness = market.master.freshness
        return state.refreshes.keys.sorted { $0.rawValue < $1.rawValue }.compactMap { adapter in
            guard let refresh = state.refreshes[adapter], !refresh.isUnderWay, refresh.notBefore <= now else {
                return nil
            }
            let isOld =
                snapshot.refreshedAt(adapter.rawValue).map {
                    freshness.isStaleForTrading($0, ofAny: snapshot.venues(of: adapter.rawValue), at: now)
                        || freshness.isStaleForSearch($0, at: now)
                } ?? false
            return isOld || refresh.failures > 0 ? readySession(of: adapter, state) : nil
        }
    }

    func refresh(_ sessions: [AdapterSession]) {
        for session in sessions { beginRefresh(session, acceptsShrinking: false, waiter: nil) }
    }

    private func readySession(of adapter: AdapterID, _ state: borrowing State) -> AdapterSession? {
        state.sessions.values.lazy.map(\.session)
            .filter { $0.id.adapter == adapter && $0.status.state == .ready && Self.lists($0) }
            .min { $0.id.description < $1.id.description }
    }

    /// Begins a refresh, or joins the one under way. Returns `false` where too many wait already.
    @discardableResult
    private func beginRefresh(_ session: AdapterSession, acceptsShrinking: Bool, waiter: RefreshWaiter?) -> Bool {
        let adapter = session.id.adapter
        let (begins, isTaken) = state.withLockedValue { state -> (Bool, Bool) in
            var refresh = state.refreshes[adapter] ?? InstrumentRefresh()
            defer { state.refreshes[adapter] = refresh }
            if let waiter {
                guard refresh.waiters.count < InstrumentRefresh.maximumWaiters else { return (false, false) }
                refresh.waiters.append(waiter)
            }
            let begins = !refresh.isUnderWay
            refresh.isUnderWay = true
            if acceptsShrinking { refresh.acceptsShrinking = true }
            return (begins, true)
        }
        guard begins else { return isTaken }
        let load = InstrumentLoad(source: adapter.rawValue)
        let start = clock.monotonic()
        session.query(
            .instruments, accountIndex: 0, deadline: start + Self.listingTime, receive: { load.take($0) },
            completion: { failure in
                // Storing a dump takes the disk for a second or so: not the lane's.
                self.offLane {
                    self.finishRefresh(load, adapter, failure: failure.map { "\($0)" }, since: start)
                }
            })
        return true
    }

    private func offLane(_ body: @escaping @Sendable () -> Void) {
        if options.readsOnCaller { return body() }
        NIOThreadPool.singleton.submit { _ in body() }
    }

    private func finishRefresh(
        _ load: InstrumentLoad, _ adapter: AdapterID, failure: String?, since start: Int64
    ) {
        let acceptsShrinking = state.withLockedValue { $0.refreshes[adapter]?.acceptsShrinking ?? false }
        let (now, took) = (clock.wall(), clock.monotonic() - start)
        var report = InstrumentRefreshReport(adapter: adapter, failure: failure, nanoseconds: took)
        if let failure {
            market.master.failed(adapter.rawValue, reason: failure, at: now, took: took)
        } else if load.isEmpty, market.instruments.snapshot.refreshedAt(adapter.rawValue) == nil {
            // An adapter that never listed anything and has nothing to list: it has no figures that could grow old.
            report.merge = InstrumentMerge()
        } else {
            do throws(InstrumentMasterFailure) {
                report.merge = try market.master.finish(load, at: now, took: took, acceptsShrinking: acceptsShrinking)
            } catch {
                report.failure = error.description
            }
        }
        let waiters = state.withLockedValue { state -> [RefreshWaiter] in
            var refresh = state.refreshes[adapter] ?? InstrumentRefresh()
            let waiters = refresh.waiters
            refresh.waiters = []
            (refresh.isUnderWay, refresh.acceptsShrinking) = (false, false)
            if report.failure == nil {
                (refresh.failures, refresh.notBefore) = (0, now)
                state.preparedInstruments = state.preparedInstruments.filter { $0.key.adapter != adapter }
            } else {
                refresh.notBefore = now.advanced(by: (Int64(15) << Int64(min(refresh.failures, 6))) * 1_000_000_000)
                refresh.failures += 1
            }
            state.refreshes[adapter] = refresh
            return waiters
        }
        note(report)
        for waiter in waiters { waiter.resume(report) }
    }

    private func note(_ report: InstrumentRefreshReport) {
        if let failure = report.failure {
            logger.warning(
                "Instruments could not be read",
                metadata: ["adapter.id": "\(report.adapter)", "reason": "\(failure)"])
        } else if let merge = report.merge, merge.rowCount + merge.refusedCount > 0 {
            logger.info(
                "Instruments refreshed",
                metadata: [
                    "adapter.id": "\(report.adapter)", "rows": "\(merge.rowCount)", "added": "\(merge.addedCount)",
                    "withdrawn": "\(merge.withdrawnCount)", "kept": "\(merge.keptCount)",
                    "renamed": "\(merge.renames.count)",
                    "refused": "\(merge.refusedCount)", "disagreeing": "\(merge.disagreements.count)",
                    "milliseconds": "\(report.nanoseconds / 1_000_000)",
                ])
        }
    }

    // MARK: Persons

    /// Asks adapters for their instruments now, and waits.
    ///
    /// - Parameters:
    ///   - adapter: `nil` = every adapter that lists instruments and has a session that is ready.
    ///   - acceptsShrinking: Dumps that lack most of what was listed are taken.
    package func syncInstruments(
        _ adapter: AdapterID?, acceptsShrinking: Bool, by actor: Actor, timeoutMilliseconds: Int64
    ) async throws(GatewayError) -> [InstrumentRefreshReport] {
        let sessions: [(AdapterID, AdapterSession?)]
        do {
            sessions = try instrumentSessions(adapter, acceptsShrinking, actor)
        } catch {
            throw translated(error)
        }
        try await settle()
        var reports: [InstrumentRefreshReport] = []
        for (adapter, session) in sessions {
            guard let session else {
                reports.append(
                    InstrumentRefreshReport(
                        adapter: adapter, failure: "it has no session that is ready and lists instruments"))
                continue
            }
            reports.append(await refreshed(session, acceptsShrinking, timeoutMilliseconds))
        }
        return reports
    }

    /// Adapters that are asked, with a session of each that is ready; the journal says who asked.
    private func instrumentSessions(
        _ adapter: AdapterID?, _ acceptsShrinking: Bool, _ actor: Actor
    ) throws -> [(AdapterID, AdapterSession?)] {
        try step { state in
            try checkServing(state)
            let known = Set(state.sessions.values.lazy.filter { Self.lists($0.session) }.map(\.session.id.adapter))
            let wanted = adapter.map { [$0] } ?? known.sorted { $0.rawValue < $1.rawValue }
            for adapter in wanted {
                emit(
                    .instrumentsRefreshed, adapter.rawValue, acceptsShrinking ? "accepts shrinking" : "", by: actor,
                    &state)
            }
            return wanted.map { ($0, readySession(of: $0, state)) }
        }
    }

    private func refreshed(
        _ session: AdapterSession, _ acceptsShrinking: Bool, _ timeoutMilliseconds: Int64
    ) async -> InstrumentRefreshReport {
        let adapter = session.id.adapter
        let report = await withCheckedContinuation { continuation in
            let waiter = RefreshWaiter(continuation)
            guard beginRefresh(session, acceptsShrinking: acceptsShrinking, waiter: waiter) else {
                return waiter.resume(InstrumentRefreshReport(adapter: adapter, failure: "too many wait for it already"))
            }
            Task {
                try? await Task.sleep(for: .milliseconds(timeoutMilliseconds))
                waiter.resume(nil)
            }
        }
        return report ?? InstrumentRefreshReport(adapter: adapter)
    }

    /// Settles what adapters say differently of an instrument.
    package func acknowledgeInstrument(
        _ id: InstrumentID, believing source: String, reason: String, by actor: Actor
    ) async throws(GatewayError) {
        let (master, now) = (market.master, clock.wall())
        let wrong: String?
        do {
            wrong = try await NIOThreadPool.singleton.runIfActive {
                try master.acknowledge(id, believing: source, by: actor.person, reason: reason, at: now)
            }
        } catch {
            throw .notServing("\(error)")
        }
        if let wrong {
            throw .refused(
                ParentRefusal(
                    code: "not_listed", path: "/adapter_id", value: source, message: wrong,
                    remedy: "name an adapter that lists the instrument"))
        }
        step { state in
            state.preparedInstruments = [:]
            emit(.instrumentAcknowledged, id.text, "\(source): \(reason)", by: actor, &state)
        }
        try await settle()
    }

    // MARK: Holding back

    /// Tells the engine what the master holds back of an instrument that an order names.
    func hold(_ number: Int32, _ index: InstrumentIndex, _ snapshot: InstrumentSnapshot, _ state: inout State) {
        var found: [InstrumentHold] = []
        switch snapshot.refusalKind(index) {
        case .renamed: found.append(InstrumentHold(.renamed))
        case .withdrawn: found.append(InstrumentHold(.withdrawn))
        case .missingField, .unusable:
            let field = snapshot.missingField(index).flatMap { InstrumentHold.Field(rawValue: $0) }
            found.append(InstrumentHold(.fieldMissing(field)))
        case .notTraded, nil: break
        }
        for quarantine in snapshot.quarantines(index) {
            guard let field = InstrumentHold.Field(rawValue: quarantine.field) else { continue }
            func number(_ text: String) -> ExactDecimal? {
                ExactDecimal(field == .expiry ? text.filter { $0 != "-" } : text)
            }
            found.append(
                InstrumentHold(
                    adapter: AdapterID(quarantine.source), .differs(field), inForce: number(quarantine.inForce),
                    stated: number(quarantine.stated)))
        }
        let freshness = market.master.freshness
        if freshness.refusesWhenStale {
            let now = clock.wall()
            let venue = snapshot.id(index).map { String($0.venue) }
            snapshot.forEachAgedSource { source, refreshedAt in
                guard freshness.isStaleForTrading(refreshedAt, of: venue, at: now) else { return }
                found.append(
                    InstrumentHold(
                        adapter: AdapterID(source), .stale(ageMilliseconds: now.since(refreshedAt) / 1_000_000)))
            }
        }
        state.engine.setHolds(number, found)
    }
}

extension InstrumentLoad {
    fileprivate func take(_ readings: [InstrumentReading]) {
        var rows: [InstrumentFields] = []
        rows.reserveCapacity(readings.count)
        for reading in readings {
            switch reading {
            case .row(let row):
                if let isin = row.isin, ISIN(isin) == nil {
                    refuse(row.id, shown: row.id.text, field: "isin", reason: "\(isin) is not an ISIN")
                } else {
                    rows.append(InstrumentFields(row))
                }
            case .refused(let id, let shown, let field, let reason, let names):
                refuse(
                    id, shown: shown, field: field, reason: reason,
                    names: InstrumentHandle(alias: names.alias, brokerData: names.brokerData))
            }
        }
        append(rows)
    }
}

extension InstrumentFields {
    /// What an adapter's row says.
    init(_ row: InstrumentRow) {
        self.init(id: row.id)
        (name, currency, tickSize, lotSize) = (row.name, row.currency, row.tickSize, row.lotSize)
        (multiplier, contractSize, freezeQuantity) = (row.multiplier, row.contractSize, row.freezeQuantity)
        (priceLow, priceHigh) = (row.priceLow, row.priceHigh)
        (minimumQuantity, maximumQuantity) = (row.minimumQuantity, row.maximumQuantity)
        (isin, underlying) = (row.isin.flatMap { ISIN($0) }, row.underlying)
        (alias, brokerData) = (row.alias, row.brokerData)
    }
}
