package import Adapters
package import Domain
package import Engine
import Exact
import Faults
import Store

extension Gateway {
    /// Begins to serve: limits in force, prices flowing, sessions of all accounts opening. Accounts become ready one by
    /// one; an order that may have been sent before the process ended is unknown until its broker has been asked.
    package func start(
        limits: RiskLimits, adapters: AdapterHost, calendar: TradingCalendar? = nil,
        rates: CurrencyRates = CurrencyRates()
    ) {
        market.start { [weak self] references in self?.take(references) }
        step { state in
            state.engine.setLimits(limits)
            state.engine.renewRates()
            renewSendRates(&state)
            state.engine.setCalendar(calendar)
            state.engine.setCurrencyRates(rates)
            state.adapters = adapters
            for status in adapters.statuses {
                guard let description = status.description, let id = AdapterID(description.id),
                    let offer = CapabilityDocument.offer(description.capabilityDocument)
                else { continue }
                state.engine.setOffer(id, offer)
            }
            state.startedAt = clock.wall()
            for key in state.engine.heartbeats.keys { state.heard[key] = state.startedAt }
            recoverOrders(&state)
            state.serving = .running
        }
        FaultPoint.hit(.startServing)
        connect(accounts().filter(\.isEnabled), adapters: adapters)
    }

    private func take(_ references: [(InstrumentID, ExactDecimal, Timestamp)]) {
        state.withLockedValue { state in
            for (symbol, price, at) in references {
                guard let number = state.engine.instrumentNumber(symbol) else { continue }
                state.engine.setReference(number, price: price, at: at)
            }
        }
    }

    /// The dangerous window (RELIABILITY.md §1): the record of handing an order over follows the handing over, so after a
    /// restart every order without an answer counts as possibly sent. It goes to a look-up, never to a resend.
    private func recoverOrders(_ state: inout State) {
        FaultPoint.hit(.recoveryBegun)
        defer { FaultPoint.hit(.recoveryDone) }
        let (now, monotonic) = (clock.wall(), clock.monotonic())
        for run in state.engine.runs.all where run.admission.origin.caller == "gateway" {
            // An unwind that was admitted before is not made again.
            let parts = run.admission.origin.idempotencyKey.split(separator: ":")
            if parts.count > 1, parts[0] == "unwind", let id = RunID(parts[1]) { state.unwound.insert(id) }
        }
        let restart = AdapterError(code: .internalError, text: "the gateway restarted before the answer was known")
        for run in state.engine.runs.live {
            for (index, order) in run.orders.enumerated() where !order.status.isTerminal {
                let place = OrderPlace(run: run.id, order: Int32(index))
                if order.waitsForExecutions { state.gaps[place] = monotonic + options.executionGap }
                // The request may not have left: it is made again, since a second cancel does no harm.
                if order.isCancelWanted {
                    FaultPoint.hit(.recoveryCancelAgain)
                    state.outbound.mutations.append(.cancel(place))
                }
                if order.replacement != nil {
                    FaultPoint.hit(.recoveryReplaceOpen)
                    checkReplace(place, nil, now, &state)
                }
                switch order.status {
                case .reserved, .held, .sent:
                    emit(
                        .orderAnswered(
                            OrderAnswer(
                                run: run.id, order: Int32(index), outcome: .unknown, brokerOrderID: nil,
                                exchangeOrderID: nil, error: restart, adapterState: [], dispatchedAt: now,
                                writtenAt: nil, firstByteAt: nil, answeredAt: now)), &state)
                    FaultPoint.hit(.recoveryOrderUnknown)
                    state.lookups[place] = LookupState(notBefore: monotonic)
                case .unknown, .working, .partiallyFilled, .pendingReplace:
                    // What happened while we were away.
                    FaultPoint.hit(.recoveryOrderLookedUp)
                    state.lookups[place] = LookupState(notBefore: monotonic)
                case .pendingCancel:
                    state.lookups[place] = LookupState(notBefore: monotonic + 1_000_000_000)
                default: break
                }
                if order.replacement != nil { lookUp(place, &state, settlesReplace: true) }
            }
        }
        if !state.lookups.isEmpty {
            logger.notice("Open orders will be looked up", metadata: ["orders": "\(state.lookups.count)"])
        }
    }

    // MARK: Sessions

    /// Opens sessions for accounts; accounts of one login and adapter share one.
    /// - Returns: accounts that got no session, and why.
    @discardableResult
    package func connect(_ accounts: [Account], adapters: AdapterHost) -> [SessionRefusal] {
        let services = sessionServices()
        let wanted = state.withLockedValue { state in accounts.filter { state.sessions[$0.id] == nil } }
        let (sessions, refusals) = adapters.makeSessions(for: wanted, services: services, delegate: self)
        for refusal in refusals {
            logger.error(
                "Accounts have no session",
                metadata: [
                    "accounts": "\(refusal.accounts.map(\.rawValue).joined(separator: " "))",
                    "reason": "\(refusal.reason)",
                ])
        }
        state.withLockedValue { state in
            for refusal in refusals {
                for account in refusal.accounts { state.sessionRefusals[account] = refusal.reason }
            }
            for session in sessions {
                for account in session.accounts {
                    state.sessionRefusals[account.id] = nil
                    guard let index = session.accountIndex(account.id) else { continue }
                    state.sessions[account.id] = SessionPlace(session: session, index: index)
                }
            }
        }
        for session in sessions { open(session) }
        return refusals
    }

    /// What a session gets from this gateway.
    func sessionServices() -> SessionServices {
        let storage = storage
        let (network, market) = (options.network, market)
        return SessionServices(
            prices: market, transport: network.transport, secretKeeper: network.secretKeeper,
            loadKeyValues: { adapter, account in
                try storage.keyValues(adapterID: adapter, accountID: account).map { (Array($0.key.utf8), $0.value) }
            }, connection: network.connection, publishTicks: { market.publish($0) },
            instrumentByAlias: { market.adapterInstrument(alias: $1, of: $0) })
    }

    /// Closes the session of an account, and of those that share its login. What lies in its queue was not sent, also
    /// where its adapter hangs.
    package func disconnect(_ id: AccountID) {
        // No dispatch is between the choice of a session and the handing over.
        dispatchLock.withLock {
            let (session, adapters) = state.withLockedValue { state -> (AdapterSession?, AdapterHost?) in
                guard let seat = state.sessions[id] else { return (nil, nil) }
                state.newsOfSessions[ObjectIdentifier(seat.session)] = nil
                for account in seat.session.accounts {
                    state.sessions[account.id] = nil
                    if let number = state.engine.accountNumber(account.id) {
                        state.engine.setReadiness(number, .notReady)
                    }
                }
                return (seat.session, state.adapters)
            }
            guard let session else { return }
            // The host forgets it once it has ended: only then can the accounts have another.
            adapters?.close(session)
            bookUnsent(session)
        }
    }

    /// How an account is connected.
    package struct AccountStatus: Sendable {
        package var account: Account
        /// `nil` = no session.
        package var session: SessionStatus?
        /// Why no session could be made; `nil` = none was tried, or there is one.
        package var refusal: String?
        package var isReady: Bool
        /// What the broker said of its funds last.
        package var funds: Inputs.Funds?
        package var reservedMargin: Int64
        /// Whether the session asks the broker at all; `nil` = no session.
        package var circuit: CircuitBreaker.State?
    }

    package func accountStatuses() -> [AccountStatus] {
        state.withLockedValue { state in
            state.engine.liveAccounts.compactMap { account in
                guard let number = state.engine.accountNumber(account.id) else { return nil }
                let session = state.sessions[account.id]?.session
                return AccountStatus(
                    account: account, session: session?.status,
                    refusal: session == nil ? state.sessionRefusals[account.id] : nil,
                    isReady: state.engine.readiness(number) == .ready, funds: state.engine.funds(number),
                    reservedMargin: state.engine.reservedMargin(number), circuit: session?.circuitState)
            }
        }
    }

    package func session(of id: AccountID) -> (session: AdapterSession, index: Int32)? {
        state.withLockedValue { state in state.sessions[id].map { ($0.session, $0.index) } }
    }

    /// Stops admission and withdraws what was not handed over; callers that wait for a run get it as it stands.
    package func beginStopping() {
        let resumes = step { state -> [@Sendable () -> Void] in
            if case .running = state.serving { state.serving = .stopping }
            FaultPoint.hit(.stopBegun)
            for run in state.engine.runs.live {
                let waiting = run.orders.indices.filter { run.orders[$0].isWaiting }.map(Int32.init)
                if !waiting.isEmpty {
                    emit(.ordersCanceledLocally(run: run.id, orders: waiting, reason: .shutdown), &state)
                }
            }
            defer { state.runWaiters = [:] }
            return state.runWaiters.values.flatMap { $0.map(\.resume) }
                + takeLateReconciliationWaiters(clock.wall(), all: true, &state)
        }
        for resume in resumes { resume() }
    }

    /// Stops, and waits until everything decided is durable.
    package func drain() async {
        beginStopping()
        let sessions = state.withLockedValue { state in
            var seen: Set<ObjectIdentifier> = []
            return state.sessions.values.map(\.session).filter { seen.insert(ObjectIdentifier($0)).inserted }
        }
        for session in sessions.sorted(by: { $0.isBefore($1) }) { withdrawAll(from: session, reason: .shutdown) }
        do { try await settle() } catch { logger.error("The last commit failed", metadata: ["failure": "\(error)"]) }
        market.stop()
        hub.finish()
    }
}

/// What an adapter's capability document offers, in the engine's words.
enum CapabilityDocument {
    /// The option of an order by which the broker cuts it at the freeze quantity: `{"slicing_option": "..."}`. `nil` where
    /// it has none.
    static func slicingOption(_ document: String?) -> String? {
        document.flatMap { try? JSONValue.parse($0, limits: .large) }?["slicing_option"]?.string
    }

    /// Reads `{"combinations": [{"order_types": [...], "products": [...], "time_in_force": [...], "order_classes": [...]}]}`.
    /// The offer is the union over all combinations: a combination that does not hold together is the adapter's to refuse.
    /// `nil` where the document has no combinations: nothing is known, and the adapter refuses what it lacks.
    static func offer(_ document: String?) -> Inputs.Offer? {
        guard let document, let value = try? JSONValue.parse(document, limits: .large),
            let combinations = value["combinations"]?.array, !combinations.isEmpty
        else { return nil }
        func words<Word: VocabularyWord>(_ key: String, _ type: Word.Type) -> [Word] {
            combinations.flatMap { combination in
                (combination[key]?.array ?? []).compactMap { $0.string.flatMap { Word(rawName: $0) } }
            }
        }
        return Inputs.Offer(
            orderTypes: words("order_types", OrderType.self), timesInForce: words("time_in_force", TimeInForce.self),
            products: words("products", Product.self), orderClasses: words("order_classes", OrderClass.self))
    }

    /// What an adapter changes of a live order: `{"modifiable": ["quantity", "price", ...]}`, and which words hold together.
    /// A document that does not say is one of an adapter that changes quantity and prices.
    static func modifyOffer(_ document: String?, canModify: Bool) -> ModifyOffer {
        let value = document.flatMap { try? JSONValue.parse($0, limits: .large) }
        let named = value?["modifiable"]?.array?.compactMap { word in
            OrderChanges.Field.allCases.first { $0.rawName == word.string }
        }
        let combinations = (value?["combinations"]?.array ?? []).map { row in
            func words<Word: VocabularyWord>(_ key: String) -> Set<Word> {
                Set((row[key]?.array ?? []).compactMap { $0.string.flatMap { Word(rawName: $0) } })
            }
            return ModifyOffer.Combination(
                orderTypes: words("order_types"), timesInForce: words("time_in_force"), products: words("products"),
                orderClasses: words("order_classes"))
        }
        let fields = canModify ? named.map { Set($0) } ?? ModifyOffer.common.fields : []
        return ModifyOffer(fields: fields, combinations: combinations)
    }
}
