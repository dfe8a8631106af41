import CSluice
import Domain
import Faults

extension SessionCore {
    func open(_ request: LifecycleRequest, queued: Int64) {
        if request.deadline <= instant {
            endedRequests.append((request, failure(of: .deadline, "open")))
            return
        }
        // A login that has run out begins anew (rule 15), and so does one whose challenge nobody answered in time.
        let isOver = network != nil && (status.state == .degraded || status.challenge?.hasRunOut(clock.wall()) == true)
        guard closing == nil, isOver || [.created, .closed, .failed].contains(status.state) else {
            endedRequests.append(
                (
                    request,
                    QueryFailure(
                        .notReady, "the session is \(status.state.rawName); open needs created, closed or failed")
                ))
            return
        }
        // The request waits under its token's number.
        guard let token = issue(.open, id: 0, queued: queued, deadline: request.deadline) else {
            endedRequests.append((request, failure(of: .queueFull, "open")))
            return
        }
        openRequests[token] = request
        tokens.renumber(token, id: token)
        setState(.opening)
        if let network { takeBackForLogin(network) }
        let mark = events.count
        FaultPoint.hit(.laneOpenBefore)
        let status = call(.open) { calls.open($0, token) }
        FaultPoint.hit(.laneOpenAfter)
        if status < 0 {
            returned(status, token: token, mark: mark, .open)
            if self.status.state == .opening {
                setState(
                    .failed, error: AdapterError(code: .other, text: "the adapter's open returned status \(status)"))
            }
        } else {
            watchDeadline(token, request.deadline)
        }
    }

    func finishOpen(_ token: UInt64, isOK: Bool, error: AdapterError?) {
        if !isOK, status.state == .opening { setState(.failed, error: error) }
        guard let request = openRequests.removeValue(forKey: token) else { return }
        let words = error?.brokerText ?? error?.text ?? "no reason given"
        endedRequests.append((request, isOK ? nil : QueryFailure(.failed, "open: \(words)", error: error)))
    }

    /// The adapter reports where the login stands.
    func sessionState(
        _ raw: UInt32, _ expires: sluice_time, _ error: UnsafePointer<sluice_error>?
    ) -> sluice_status {
        guard let state = UInt8(exactly: raw).flatMap(SessionState.init(rawValue:)), state != .created else {
            return breach("session_state", ContractBreach("state", "is \(raw); SLUICE_SESSION_* is 1 to 7"))
        }
        guard Self.mayFollow(state, status.state) else {
            return breach(
                "session_state",
                ContractBreach("state", "is \(state.rawName) after \(status.state.rawName), which never follows"))
        }
        do throws(ContractBreach) {
            let error = try readError(error, "error")?.value
            // 0 is what a careless zero says: no login ended in 1970.
            setState(state, expiresAt: expires == 0 ? nil : timestamp(expires), error: error)
            return SLUICE_OK
        } catch {
            return breach("session_state", error)
        }
    }

    /// ABI.md rule 15: created → opening ⇄ challenge → ready ⇄ degraded → closing → closed; failed from any; ready and
    /// degraded → opening again. From created, closed and failed only the host's `open` leads on.
    private static func mayFollow(_ next: SessionState, _ state: SessionState) -> Bool {
        switch (state, next) {
        case (_, .failed), (_, .closed): true
        case (.opening, _), (.challenge, _), (.ready, _), (.degraded, _): next != .created
        case (.closing, .closing): true
        default: false
        }
    }

    // MARK: - The end

    func beginClosing() {
        guard closing == nil else { return }
        let waiting = inbox.withLock { inbox in inbox.removeNormal { _ in true } }
        let wasOpened = status.state != .created && status.state != .closed
        closing = Closing(deadline: instant &+ Self.closingNanoseconds, token: nil)
        let parked = inbox.withLock { $0.takeParked() }
        for entry in waiting + parked { refuse(entry, .closed) }
        for page in nextPages { endedQueries.append((page.operation, failure(of: .closed, page.operation.name))) }
        nextPages.removeAll()
        guard wasOpened else { return }
        setState(.closing)
        guard let token = issue(.close, id: 0, queued: instant, deadline: nil) else { return }
        closing?.token = token
        FaultPoint.hit(.laneCloseBefore)
        let status = call(.close) { calls.close($0, token) }
        if status < 0 {
            _ = tokens.take(token)
            closing?.token = nil
        }
    }

    /// Ends the session once every token is settled, or the five seconds are over.
    func finishClosing() {
        guard let closing, !hasEnded else { return }
        guard tokens.openCount == 0 || closing.deadline <= instant else { return }
        for token in tokens.openTokens { endByHost(token, cause: .closed) }
        hasEnded = true
        network?.end()
        for instrument in watched.keys { services.prices?.unwatch(instrument, for: session) }
        watched.removeAll()
        timers = TimerQueue()
        destroy()
        // What came in between the last look and now; nothing is taken any more.
        let left = inbox.withLock { [shared] inbox -> [Inbox.Entry] in
            var left: [Inbox.Entry] = []
            left = inbox.takeParked()
            inbox.take(.max, room: .max, into: &left, shared)
            inbox.emptyHands(shared)
            inbox.quotes.removeAll()
            (inbox.arrivals, inbox.isOver) = (LaneQueue(), true)
            inbox.quoteOrder = LaneQueue()
            inbox.candles = LaneQueue()
            return left
        }
        for entry in left { refuse(entry, .closed) }
        setState(.closed)
    }

    /// The last call. It is no lane call to the host: `destroy` emits nothing, and what it tries finds the door shut.
    private func destroy() {
        guard let handle else { return }
        self.handle = nil
        shared.store(.callFunction, UInt64(LaneFunction.destroy.rawValue))
        shared.store(.callEntered, UInt64(bitPattern: instant))
        calls.destroy(handle)
        FaultPoint.hit(.laneDestroyed)
        shared.store(.callFunction, 0)
        instant = clock.monotonic()
    }
}
