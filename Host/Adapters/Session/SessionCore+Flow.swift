import Domain

/// Rate limits and the circuit breaker, in this order, before every call that gives the adapter a command.
extension SessionCore {
    /// How long a throttle holds where the broker does not say.
    static let throttlePause: Int64 = 1_000_000_000

    /// Whether a command that could go to the adapter does not: it waits for a unit, or has been ended as not sent.
    @inline(__always)
    func isStopped(
        _ entry: Inbox.Entry, _ kind: CommandKind, account: Int32, isClosing: Bool = false, deadline: Int64
    ) -> Bool {
        if flow == nil, breaker.openSince == nil { return false }
        return stop(entry, kind, account, isClosing, deadline)
    }

    @inline(never)
    private func stop(
        _ entry: Inbox.Entry, _ kind: CommandKind, _ account: Int32, _ isClosing: Bool, _ deadline: Int64
    ) -> Bool {
        let demand = demand(kind, account, isClosing, deadline)
        let breakerKind: CircuitBreaker.Kind =
            demand.bucket == .reads ? .read : demand.payer.priority == .ordinary ? .opening : .reducing
        if let flow, !entry.isPaid {
            noteWallClock()
            let (verdict, id) = flow.admit(demand, now: instant)
            switch verdict {
            case .granted: break
            case .waiting where breakerKind != .reducing && breaker.state(now: instant) == .open:
                flow.withdraw(id)  // it would wait only to be refused
                refuse(entry, .circuitOpen, error: circuitError)
                return true
            case .waiting:
                flowHasWaiting = true
                inbox.withLock { $0.park(id, entry, isCancel: demand.payer.priority == .cancel) }
                counters.throttled &+= 1
                return true
            case .refused(let refusal):
                counters.throttled &+= 1
                refuse(entry, .rateLimited, error: Self.error(of: refusal, demand.bucket))
                return true
            }
        }
        guard breaker.openSince != nil, !breaker.admit(breakerKind, now: instant) else { return false }
        flow?.giveBack(demand, takenAt: instant)
        refuse(entry, .circuitOpen, error: circuitError)
        return true
    }

    private func demand(
        _ kind: CommandKind, _ account: Int32, _ isClosing: Bool, _ deadline: Int64
    ) -> SessionFlow.Demand {
        let name = reader.accounts.indices.contains(Int(account)) ? reader.accounts[Int(account)].id.rawValue : ""
        let (bucket, priority): (SessionFlow.Bucket, RatePriority) =
            switch kind {
            case .cancel, .cancelAll: (.orders, .cancel)
            case .submit: (.orders, isClosing ? .closing : .ordinary)
            case .modify: (.orders, .ordinary)
            case .lookup: (.reads, .closing)
            case .query, .open, .close, .service: (.reads, .ordinary)
            }
        return SessionFlow.Demand(
            bucket: bucket,
            payer: SessionFlow.Payer(
                account: name, login: session.id.login, priority: priority, deadline: deadline))
    }

    /// A unit for one further page of a read, now or not at all.
    func admitPage(_ account: Int32, deadline: Int64) -> RateVerdict {
        guard breaker.admit(.read, now: instant) else {
            return .refused(RateRefusal(reason: .limit, retryAfter: breaker.pauseLeft(now: instant)))
        }
        guard let flow else { return .granted }
        var demand = demand(.query, account, false, .max)
        demand.payer.mayWait = false
        return flow.admit(demand, now: instant).verdict
    }

    // MARK: - The queue

    /// Ends commands whose wait is over, and gives the adapter those whose turn has come.
    func serveFlow(until end: Int64) {
        guard let flow, flowHasWaiting else { return }
        flowHasWaiting = flow.hasWaiting
        guard flowHasWaiting else { return }
        while let id = flow.nextExpired(now: instant) {
            if let entry = inbox.withLock({ $0.unpark(id) }) {
                refuse(entry, .deadline)
            } else if let network, let end = network.rates.expired(id) {
                goOn(end, network)
            }
        }
        noteWallClock()
        let batch =
            adapter.description.capabilities.contains(.submitBatch) ? max(1, adapter.description.maximumBatch) : 1
        repeat {
            while taken.count < min(batch, Self.callsPerTurn) {
                let isFull = tokens.openCount + taken.count >= maximumInFlight
                guard let id = flow.nextGranted(now: instant, begunOnly: isFull) else { break }
                // Withdrawn while it waited: its unit is spent, which only tightens.
                if var entry = inbox.withLock({ $0.unpark(id) }) {
                    entry.isPaid = true
                    taken.append(entry)
                } else if let network, let next = network.rates.granted(id, now: instant) {
                    goOn(next, network)
                }
            }
            guard !taken.isEmpty else { return }
            dispatchTaken(until: .max)
        } while instant < end
    }

    /// When the queue or the breaker wants the lane again, monotonic; `Int64.max` = never.
    var flowWake: Int64 {
        var wake = Int64.max
        if flowHasWaiting, let next = flow?.nextWake {
            wake = tokens.openCount >= maximumInFlight ? max(next, instant &+ 10_000_000) : next
        }
        if let probe = breaker.nextWake, canProbe { wake = min(wake, probe) }
        return min(wake, pagesWait)
    }

    /// Puts a copy of the breaker where other threads see it: when the lane becomes idle, and while it is busy every 50 ms.
    func showCircuit(mayPause: Bool) {
        if mayPause, instant < nextCircuitShow { return }
        nextCircuitShow = instant &+ 50_000_000
        showsCircuit = !breaker.isQuiet
        session.publish(circuit: breaker)
    }

    // MARK: - The breaker

    private var canProbe: Bool {
        handle != nil && closing == nil && (status.state == .ready || status.state == .degraded)
    }

    /// Reads that a probe may be, the cheapest first.
    static let probeReads: [AdapterCapabilities] = [.queryFunds, .queryProfile, .queryPositions, .queryOrders]

    /// Asks one small read when the breaker wants to know whether the broker answers.
    func probeCircuit() {
        guard breaker.openSince != nil, canProbe, breaker.takeProbe(now: instant) else { return }
        let deadline = instant &+ breaker.policy.probeDeadline
        guard let read = Self.probeReads.first(where: adapter.description.capabilities.contains) else { return }
        func operation<Row>(_ query: AdapterQuery<Row>) -> QueryOperation {
            QueryOperation(query, accountIndex: 0, deadline: deadline) { _ in }
        }
        if let flow {
            var demand = demand(.query, 0, false, deadline)
            demand.payer.mayWait = false
            guard case .granted = flow.admit(demand, now: instant).verdict else { return }  // the next probe then
        }
        switch read {
        case .queryFunds: ask(operation(.funds), cursor: nil, queued: instant)
        case .queryProfile: ask(operation(.profile), cursor: nil, queued: instant)
        case .queryPositions: ask(operation(.positions), cursor: nil, queued: instant)
        default: ask(operation(.orders), cursor: nil, queued: instant)
        }
    }

    /// What became of a command that the adapter was given, for the breaker and the limits.
    @inline(__always)
    func note(_ command: OpenCommand, isAnswered: Bool, error: AdapterError?) {
        if breaker.isQuiet, error == nil { return }
        noteFully(command, isAnswered, error)
    }

    @inline(never)
    func noteFully(_ command: OpenCommand, _ isAnswered: Bool, _ error: AdapterError?) {
        let isMutation = command.kind.isMutation
        guard isMutation || command.kind == .lookup || command.kind == .query else { return }
        let now = clock.monotonic()
        if error?.code == .rateLimited, let flow {
            let index = Int(command.account)
            flow.learn(
                isMutation ? .orders : .reads, retryAfter: error?.retryAfterNanoseconds ?? Self.throttlePause,
                account: reader.accounts.indices.contains(index) ? reader.accounts[index].id.rawValue : "",
                login: session.id.login, now: now)
        }
        let isFault = error.map { Self.faults.contains($0.code) } ?? false
        guard isFault || isAnswered || error != nil else { return }
        let before = breaker.openSince
        breaker.answered(isFault: isFault, dispatched: command.dispatched, now: now)
        guard before != breaker.openSince else { return }
        if breaker.openSince == nil {
            logger.notice("Circuit closed: the broker answers again")
        } else {
            counters.circuitOpenings &+= 1
            logger.error(
                "Circuit opened: the broker does not answer",
                metadata: ["pause.ms": "\(breaker.pauseLeft(now: now) / 1_000_000)"])
        }
    }

    /// A command that ended on its deadline with the adapter: no reply is a fault of the way to the broker.
    func noteDeadline(_ command: OpenCommand) {
        noteFully(command, false, AdapterError(code: .timeout))
    }

    private static let faults: Set<AdapterErrorCode> = [
        .network, .timeout, .truncated, .brokerServerError, .protocolError,
    ]

    // MARK: - Words

    var circuitError: AdapterError {
        let left = breaker.pauseLeft(now: instant)
        let text =
            left > 0
            ? "the broker has not been answering; the next try is made in \(left / 1_000_000) ms, nothing was sent"
            : "the broker has not been answering and is being asked whether it does again; nothing was sent"
        return AdapterError(code: .network, text: text, retryAfterNanoseconds: max(left, 1_000_000))
    }

    private static func error(of refusal: RateRefusal, _ bucket: SessionFlow.Bucket) -> AdapterError {
        let name = bucket == .orders ? RateRule.orders : RateRule.reads
        let wait = refusal.retryAfter.map { "a unit is free in \($0 / 1_000_000) ms" } ?? "it can never pass"
        let reason =
            switch refusal.reason {
            case .limit: "the rate limit '\(name)' is reached and does not queue"
            case .deadline: "the rate limit '\(name)' has no unit before the deadline"
            case .queueFull: "as many commands wait for the rate limit '\(name)' as may"
            case .invalid: "the rate limit '\(name)' does not hold a unit for it"
            }
        return AdapterError(
            code: .rateLimited, text: "\(reason); \(wait), nothing was sent",
            retryAfterNanoseconds: refusal.retryAfter)
    }
}
