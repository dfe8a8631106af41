import Adapters
import Domain
import Logging
import NIOConcurrencyHelpers
import Settings

/// Prices that brokers stream over accounts' logins: a data session for each account that `prices.stream` names.
///
/// A data session is apart from the one that trades (ABI.md rule 14), so that no flood of prices delays a cancel. It is made
/// when the trading session is ready, since it uses the login that a person made there, and made anew when it has failed:
/// it reads the login that is kept then. Its ticks go to the price book (`MarketData.publish`), which keeps the newest of
/// each instrument. When it is not ready, what it streamed counts as too old at once: the last price still values
/// positions and admits no order.
///
/// Any thread. Instruments are bounded by what the adapter declares; beyond it the configured ones go first and the rest is
/// left out, which the log says.
final class PriceFeeds: AdapterDelegate {
    private struct Feed {
        let rule: SluiceConfiguration.PriceStream
        var session: AdapterSession?
        /// Before that no session is made, and nothing is asked of the one there is.
        var notBefore = Timestamp(nanoseconds: .min)
        var failures = 0
        /// What the adapter streams.
        var streamed: [InstrumentID: AdapterInstrument] = [:]
        var isAsking = false
        /// What the log said last is missing, so that it is said once.
        var missing: [InstrumentID] = []
    }

    /// How often the wanted instruments are compared with the streamed ones, nanoseconds.
    private static let interval: Int64 = 500_000_000

    private struct State {
        var feeds: [Feed]
        var due = Timestamp(nanoseconds: .min)
        var isStopped = false
    }

    private let state: NIOLockedValueBox<State>
    private let adapters: AdapterHost
    private let services: SessionServices
    private let logger: Logger
    private let gateway: @Sendable () -> Gateway?

    init(
        _ rules: [SluiceConfiguration.PriceStream], adapters: AdapterHost, services: SessionServices, logger: Logger,
        gateway: @escaping @Sendable () -> Gateway?
    ) {
        state = NIOLockedValueBox(State(feeds: rules.map { Feed(rule: $0) }))
        (self.adapters, self.services, self.logger, self.gateway) = (adapters, services, logger, gateway)
    }

    func stop() { state.withLockedValue { $0.isStopped = true } }

    // MARK: - Time

    /// Makes what is due: sessions, and subscriptions of those that are ready.
    func tick(_ now: Timestamp) {
        let count = state.withLockedValue { state -> Int in
            guard !state.isStopped, state.due <= now else { return 0 }
            state.due = now.advanced(by: Self.interval)
            return state.feeds.count
        }
        for index in 0..<count { tick(index, now) }
    }

    private func tick(_ index: Int, _ now: Timestamp) {
        let feed = state.withLockedValue { $0.feeds[index] }
        guard feed.notBefore <= now, !feed.isAsking, let gateway = gateway() else { return }
        guard let session = feed.session else {
            guard gateway.session(of: feed.rule.account)?.session.status.state == .ready else { return }
            return make(index, feed.rule.account, gateway, now)
        }
        switch session.status.state {
        case .ready: subscribe(index, feed, session, gateway, now)
        case .failed, .closed: drop(index, session, now)
        case .created where session.isClosing: drop(index, session, now)
        default: break
        }
    }

    private func make(_ index: Int, _ id: AccountID, _ gateway: Gateway, _ now: Timestamp) {
        guard let account = gateway.accounts().first(where: { $0.id == id && $0.isEnabled }) else { return }
        let (sessions, refusals) = adapters.makeSessions(
            for: [account], role: .data, services: services, delegate: self)
        guard let session = sessions.first else {
            // Another feed has the session of a shared login, or the last one is still ending.
            let reason = refusals.first.map(\.description) ?? "an account of the same login streams already"
            failed(index, now, reason, id)
            return
        }
        guard session.connections?.maximumSubscriptions ?? 0 > 0 else {
            adapters.close(session)
            state.withLockedValue { $0.feeds[index].notBefore = Timestamp(nanoseconds: .max) }
            logger.error(
                "The account's adapter streams no prices",
                metadata: ["account.id": "\(id)", "adapter.id": "\(account.adapter)"])
            return
        }
        state.withLockedValue { $0.feeds[index].session = session }
        _ = session.open(deadline: session.now + 30_000_000_000) { [weak self] result in
            guard let self, case .failure(let failure) = result, session.status.state == .created else { return }
            logger.warning(
                "The session of prices did not open", metadata: ["account.id": "\(id)", "reason": "\(failure)"])
            drop(index, session, now)
        }
    }

    private func failed(_ index: Int, _ now: Timestamp, _ reason: String, _ id: AccountID) {
        let isNews = state.withLockedValue { state -> Bool in
            let failures = state.feeds[index].failures
            state.feeds[index].notBefore = now.advanced(
                by: min(60, Int64(1) << Int64(min(6, failures))) * 1_000_000_000)
            state.feeds[index].failures = failures + 1
            return failures == 0
        }
        logger.log(
            level: isNews ? .warning : .debug, "Prices are not streamed",
            metadata: ["account.id": "\(id)", "reason": "\(reason)"])
    }

    /// Ends a session that is of no use any more; another is made after a pause that grows to a minute.
    private func drop(_ index: Int, _ session: AdapterSession, _ now: Timestamp) {
        let (isOurs, lost, account) = state.withLockedValue { state -> (Bool, [InstrumentID], AccountID) in
            let account = state.feeds[index].rule.account
            guard state.feeds[index].session === session else { return (false, [], account) }
            let lost = Array(state.feeds[index].streamed.keys)
            state.feeds[index].session = nil
            state.feeds[index].streamed = [:]
            return (true, lost, account)
        }
        guard isOurs else { return }
        gateway()?.lostPrices(of: lost)
        adapters.close(session)
        failed(index, now, session.status.error.map { $0.text ?? "\($0.code)" } ?? "the session has ended", account)
    }

    // MARK: - Subscriptions

    private func subscribe(
        _ index: Int, _ feed: Feed, _ session: AdapterSession, _ gateway: Gateway, _ now: Timestamp
    ) {
        let most = session.connections?.maximumSubscriptions ?? 0
        var wanted: [InstrumentID: AdapterInstrument] = [:]
        var missing: [InstrumentID] = []
        let inUse = feed.rule.followsBook ? gateway.instrumentsInUse(of: feed.rule.account) : []
        for id in feed.rule.symbols + inUse where wanted[id] == nil {
            guard wanted.count < most,
                let known = feed.streamed[id] ?? gateway.market.adapterInstrument(id, of: session.id.adapter)
            else {
                missing.append(id)
                continue
            }
            wanted[id] = known
        }
        if missing != feed.missing {
            state.withLockedValue { $0.feeds[index].missing = missing }
            if let first = missing.first {
                logger.warning(
                    "Instruments are not streamed: the broker's name for them is not known, or there are too many",
                    metadata: [
                        "account.id": "\(feed.rule.account)", "first": "\(first)", "instruments": "\(missing.count)",
                        "most": "\(most)",
                    ])
            }
        }
        let added = wanted.filter { feed.streamed[$0.key] == nil }
        let removed = feed.streamed.filter { wanted[$0.key] == nil }
        guard !added.isEmpty || !removed.isEmpty else { return }
        state.withLockedValue { $0.feeds[index].isAsking = true }
        let deadline = session.now + 10_000_000_000
        // First what is not wanted any more: it may be in the way of what is.
        let detail = feed.rule.detail.rawValue
        @Sendable func add(_ failure: QueryFailure?) {
            guard !added.isEmpty else { return asked(added, index, session, failure, now) }
            session.subscribe(Array(added.values), mode: detail, deadline: deadline) { [weak self] result in
                self?.asked(added, index, session, failure ?? result.failure, now)
            }
        }
        guard !removed.isEmpty else { return add(nil) }
        session.unsubscribe(Array(removed.values), deadline: deadline) { [weak self] result in
            if result.failure == nil { self?.forget(Array(removed.keys), index, session) }
            add(result.failure)
        }
    }

    private func forget(_ instruments: [InstrumentID], _ index: Int, _ session: AdapterSession) {
        state.withLockedValue { state in
            guard state.feeds[index].session === session else { return }
            for id in instruments { state.feeds[index].streamed[id] = nil }
        }
        gateway()?.lostPrices(of: instruments)
    }

    private func asked(
        _ added: [InstrumentID: AdapterInstrument], _ index: Int, _ session: AdapterSession, _ failure: QueryFailure?,
        _ now: Timestamp
    ) {
        let account = state.withLockedValue { state -> AccountID in
            let account = state.feeds[index].rule.account
            state.feeds[index].isAsking = false
            guard state.feeds[index].session === session else { return account }
            if failure == nil {
                state.feeds[index].streamed.merge(added) { _, new in new }
            } else {
                state.feeds[index].notBefore = now.advanced(by: 5_000_000_000)
            }
            return account
        }
        if let failure {
            logger.warning(
                "Prices could not be subscribed", metadata: ["account.id": "\(account)", "reason": "\(failure)"])
        } else if !added.isEmpty {
            logger.info(
                "Prices subscribed", metadata: ["account.id": "\(account)", "instruments": "\(added.count)"])
        }
    }

    // MARK: - AdapterDelegate

    func lane(_ session: AdapterSession, delivers batch: inout LaneBatch) {
        var rest: [LaneEvent] = []
        for event in batch.events {
            switch event {
            case .session(let status): changed(session, status)
            case .keyValue, .poisoned: rest.append(event)
            // A session of prices has no orders: what it says of any is not what the trading session says.
            default: break
            }
        }
        batch.events = rest
        if !rest.isEmpty { gateway()?.lane(session, delivers: &batch) }
    }

    private func changed(_ session: AdapterSession, _ status: SessionStatus) {
        let (account, lost) = state.withLockedValue { state -> (AccountID?, [InstrumentID]) in
            guard let index = state.feeds.firstIndex(where: { $0.session === session }) else { return (nil, []) }
            if status.state == .ready { state.feeds[index].failures = 0 }
            return (
                state.feeds[index].rule.account, status.state == .ready ? [] : Array(state.feeds[index].streamed.keys)
            )
        }
        guard let account else { return }
        logger.info(
            "Session of prices", metadata: ["account.id": "\(account)", "state": "\(status.state.rawName)"])
        if !lost.isEmpty { gateway()?.lostPrices(of: lost) }
    }
}

extension Result {
    fileprivate var failure: Failure? { if case .failure(let failure) = self { failure } else { nil } }
}
