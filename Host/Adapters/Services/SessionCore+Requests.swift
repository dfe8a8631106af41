import CSluice
import Domain
import Logging
import Signing
import Transport

// Requests: queued by `http_send`, answered by `on_http`.

extension SessionCore {
    /// The moment of the lane's clock.
    var moment: Moment { Moment(monotonic: clock.monotonic(), wall: clock.wall().nanoseconds) }

    func httpSend(_ pointer: UnsafePointer<sluice_request>?) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            guard let plan = try network.plan(pointer) else { return SLUICE_ERR_NOT_FOUND }
            guard network.vault.allKnown(plan.secrets) else { return SLUICE_ERR_NOT_FOUND }
            try check(plan.tokens, plan.effect, network)
            if network.requests[plan.tag] != nil { return SLUICE_ERR_STATE }
            guard network.requests.count < network.calls.connections.maximumRequests else {
                return quota("open requests", network.calls.connections.maximumRequests)
            }
            let now = moment
            let request = OutboundRequest(plan, tries: 1, queued: now, egress: network.egress, session: session)
            network.requests[request.plan.tag] = request
            let isFirst = network.depend(request.plan.tokens, on: request)
            begin(request, isFirst: isFirst, network)
            return SLUICE_OK
        } catch {
            return breach("http_send", error)
        }
    }

    /// A send serves commands that are open, and changes nothing for a vendor call that was declared to change nothing: such
    /// a call passes by halts and the audit.
    func check(_ served: [UInt64], _ effect: RequestEffect, _ network: SessionNetwork) throws(ContractBreach) {
        for token in served {
            guard tokens.isOpen(token) else {
                throw ContractBreach("tokens", "names token \(token), which is not open")
            }
            guard effect.isMutation, let asked = network.waiting[token],
                case .vendorCall(_, let name, _) = asked.request,
                let declared = network.calls.connections.vendorCalls.first(where: { $0.name == name }),
                !declared.effect.isMutation
            else { continue }
            throw ContractBreach(
                "effect", "is \(effect.rawName) for the call \(name), which was declared as \(declared.effect.rawName)")
        }
    }

    /// Takes the units that a try costs, and hands it to the transport, now or when its turn comes.
    ///
    /// - Parameter isFirst: the first send of every command that it serves.
    private func begin(_ request: OutboundRequest, isFirst: Bool, _ network: SessionNetwork) {
        let isNew = request.tries == 1
        if request.plan.costs.isEmpty || (isNew && isFirst && isCovered(request, network)) {
            return send(request, spent: isNew ? 0 : clock.monotonic() &- request.queued.monotonic, network)
        }
        pay(request, network)
    }

    /// Whether all that it costs is the one unit that the lane has taken for its command: so it is with most orders.
    private func isCovered(_ request: OutboundRequest, _ network: SessionNetwork) -> Bool {
        guard request.plan.costs.count == 1, request.plan.tokens.count == 1, request.plan.costs[0].units == 1 else {
            return false
        }
        return Self.paysItself(
            tokens.kind(request.plan.tokens[0]), network.rates.bucket(at: request.plan.costs[0].bucket))
    }

    @inline(never)
    private func pay(_ request: OutboundRequest, _ network: SessionNetwork) {
        let plan = request.plan
        let now = request.tries == 1 ? request.queued.monotonic : clock.monotonic()
        noteWallClock()
        let verdict = network.rates.admit(
            .request(request), plan.costs, account: reader.accounts[plan.account].id.rawValue,
            priority: priority(plan.tokens, isPriority: plan.isPriority),
            deadline: request.queued.monotonic &+ plan.totalTimeout, now: now,
            credit: { bucket, place in
                // A further try costs all of it.
                request.tries == 1 ? credit(plan.tokens, bucket, place, unlessUsedBefore: request, network) : 0
            })
        switch verdict {
        case .go: send(request, spent: now &- request.queued.monotonic, network)
        case .waits:
            flowHasWaiting = true
            counters.throttled &+= 1
        case .blocked(let text):
            counters.throttled &+= 1
            block(request, text)
        }
    }

    /// It will not be sent: the adapter hears so as of any other end, after its call has returned.
    private func block(_ request: OutboundRequest, _ text: String) {
        _ = request.takeBack()
        session.arrive(.blocked(request, text))
    }

    private func send(_ request: OutboundRequest, spent: Int64, _ network: SessionNetwork) {
        counters.requests &+= 1
        let flow = network.transport.send(request.plan.exchange(spent: spent), request)
        if request.plan.isStreamed { network.flows[request.plan.tag] = flow }
    }

    /// Sends what waited for its units, or tells that it is not sent.
    func goOn(_ served: RequestRates.Served, _ network: SessionNetwork) {
        switch served {
        case .go(.request(let request)):
            send(request, spent: clock.monotonic() &- request.queued.monotonic, network)
        case .go(.frame(let frame, let link)): send(frame, link)
        case .ended(.request(let request), let text):
            if request.isTakenBack { tellTakenBack(request) } else { block(request, text) }
        case .ended(.frame(let frame, _), let text): block(frame, text)
        case .go(.connection), .ended(.connection, _): break  // one that cannot wait
        }
    }

    private func tellTakenBack(_ request: OutboundRequest) {
        session.arrive(
            .answer(request, HTTPOutcome(.neverSent, done: moment, text: "it was taken back before it was sent")))
    }

    func httpAbort(_ tag: UInt64) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        guard let request = network.requests[tag] else { return SLUICE_ERR_NOT_FOUND }
        guard request.takeBack() else { return SLUICE_ERR_STATE }
        // What the transport does not have yet is told at once.
        let wasResting = network.retries.contains { $0.request === request }
        if wasResting { network.retries.removeAll { $0.request === request } }
        if network.rates.withdraw(request) || wasResting { tellTakenBack(request) }
        return SLUICE_OK
    }

    /// Another login is about to begin: requests that still wait, for units or for their next try, are taken back unless they
    /// may be sent under it too. Cancels go on: whose login it was says nothing of who may take an order back.
    func takeBackForLogin(_ network: SessionNetwork) {
        let resting = network.retries.map(\.request).filter {
            priority($0.plan.tokens, isPriority: $0.plan.isPriority) != .cancel
        }
        for request in network.rates.waitingRequests + resting where !request.plan.isReplayable {
            _ = httpAbort(request.plan.tag)
        }
    }

    // MARK: - What comes back

    /// Gives the adapter what has come from the network, until the turn's time is over.
    func deliverArrivals(_ waiting: Int, until end: Int64) {
        guard let network, handle != nil, !hasEnded else { return }
        beginRetries(network)
        var count = 0
        while count < waiting, count == 0 || instant < end, let event = inbox.withLock({ $0.arrivals.popFirst() }) {
            count += 1
            switch consume event {
            case .chunk(let request, let part): deliver(part, of: request, network)
            case .answer(let request, let outcome): deliver(outcome, of: request, network)
            case .blocked(let request, let text):
                deliver(HTTPOutcome(.neverSent, done: moment, text: text), of: request, isBlocked: true, network)
            case .blockedFrame(let frame, let text):
                deliver(frame, .neverSent, written: nil, done: moment, text: text, isBlocked: true, network)
            case .sent(let frame, let result, let written, let done, let text):
                deliver(frame, result, written: written, done: done, text: text, network)
            case .frame(let stream, let kind, let payload): deliver(kind, payload, of: stream, network)
            case .link(let stream, let state, let status, let reason):
                deliver(state, status: status, reason: reason, of: stream, network)
            }
        }
    }

    private func beginRetries(_ network: SessionNetwork) {
        guard !network.retries.isEmpty else { return }
        let due = network.retries.filter { $0.at <= instant }
        network.retries.removeAll { $0.at <= instant }
        for retry in due { begin(retry.request, isFirst: false, network) }
    }

    private func deliver(_ part: [UInt8], of request: OutboundRequest, _ network: SessionNetwork) {
        guard network.requests[request.plan.tag] === request else { return }
        part.withUnsafeBytes { bytes in
            let view = sluice_bytes(
                ptr: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), len: UInt64(bytes.count))
            call(.onHTTPChunk) { network.calls.onHTTPChunk($0, request.plan.tag, view) }
        }
        network.flows[request.plan.tag]?.consumed(1)
    }

    private func deliver(
        _ outcome: HTTPOutcome, of request: OutboundRequest, isBlocked: Bool = false, _ network: SessionNetwork
    ) {
        // The plan is large: it is looked at where it lies.
        let tag = request.plan.tag
        guard network.requests[tag] === request else { return }
        if let next = nextTry(of: request, after: outcome) {
            network.requests[tag] = next.request
            for token in request.plan.tokens {
                if let place = network.sends[token]?.firstIndex(where: { $0 === request }) {
                    network.sends[token]?[place] = next.request
                }
            }
            network.retries.append(next)
            return
        }
        network.requests[tag] = nil
        if request.plan.isStreamed { network.flows[tag] = nil }
        if outcome.result != .done { note(outcome, of: request, network) }
        if outcome.status >= 418 { learn(from: outcome, of: request, network) }
        if request.plan.captures.isEmpty { return give(outcome, of: request, isBlocked: isBlocked, [], network) }
        var outcome = outcome
        let captured = take(from: &outcome, of: request, network)
        give(outcome, of: request, isBlocked: isBlocked, captured, network)
    }

    private func note(_ outcome: HTTPOutcome, of request: OutboundRequest, _ network: SessionNetwork) {
        logger.info(
            "Request not answered",
            metadata: [
                "endpoint.host": "\(request.plan.place.base.authority)", "method": "\(request.plan.frame.method)",
                "result": "\(outcome.result)", "tries": "\(request.tries)",
                "reason": "\(network.vault.redact(outcome.text ?? "").printableLine)",
            ])
    }

    /// The next try of what may be repeated (ABI.md rule 18): reads and session calls, idempotent mutations under their
    /// key, plain mutations never.
    private func nextTry(of request: OutboundRequest, after outcome: HTTPOutcome) -> SessionNetwork.Retry? {
        guard outcome.result != .done, request.plan.effect != .mutation, request.tries < ServiceBounds.tries,
            !request.isTakenBack, !request.plan.isStreamed, closing == nil
        else { return nil }
        let plan = request.plan
        // A command that is over wants nothing more of it.
        if !plan.tokens.isEmpty, !plan.tokens.contains(where: { tokens.isOpen($0) }) { return nil }
        let pause = ServiceBounds.firstPause << Int64(request.tries - 1)
        let at = instant &+ pause
        guard at &- request.queued.monotonic < plan.totalTimeout else { return nil }
        return SessionNetwork.Retry(
            at: at,
            request: OutboundRequest(
                plan, tries: request.tries + 1, queued: request.queued,
                hasLeftBefore: request.record.proof == .left, egress: request.egress,
                session: session))
    }

    /// Takes secrets out of an answer: for the vault where it is a whole answer with status 200...299, and in any case out of
    /// the adapter's sight. What may still hold one is not shown.
    private func take(
        from outcome: inout HTTPOutcome, of request: OutboundRequest, _ network: SessionNetwork
    ) -> [(name: String, handle: UInt64)] {
        let findings = Capture.take(request.plan.captures, from: &outcome)
        let isGood = outcome.result == .done && (200..<300).contains(outcome.status)
        var taken: [(name: String, handle: UInt64)] = []
        var missing: Capture?
        for (capture, finding) in zip(request.plan.captures, findings) {
            switch finding {
            case .taken(var found):
                guard isGood else { continue }
                let secret = Signing.Secret(found)
                Redaction.wipe(&found)
                if let handle = network.vault.put(
                    secret, account: request.plan.account, name: capture.secret, expiresAt: capture.expiresAt)
                {
                    taken.append((capture.secret, handle))
                } else {
                    _ = quota("secrets of a session", ServiceBounds.secrets)
                }
            case .absent: if isGood, !capture.isOptional { missing = missing ?? capture }
            case .doubtful: missing = missing ?? capture
            }
        }
        if let missing {
            logger.warning(
                "An answer lacks what was to be captured",
                metadata: ["secret": "\(missing.secret)", "pointer": "\(missing.pointer.printableLine)"])
            Capture.withhold(&outcome, because: "\(missing.secret) could not be taken out of it")
        } else if outcome.result != .done, outcome.status != 0 {
            Capture.withhold(&outcome, because: "it broke off, and held what was to be captured")
        }
        return taken
    }

    private func give(
        _ outcome: HTTPOutcome, of request: OutboundRequest, isBlocked: Bool,
        _ captured: [(name: String, handle: UInt64)], _ network: SessionNetwork
    ) {
        let size = MemoryLayout<sluice_answer>.size
        let answer = scratch.zeroed(size).assumingMemoryBound(to: sluice_answer.self)
        answer.pointee.struct_size = UInt32(size)
        answer.pointee.status = UInt32(clamping: outcome.status)
        fill(
            &answer.pointee.transport,
            result: isBlocked
                ? SLUICE_TRANSPORT_BLOCKED_BY_LIMIT
                : outcome.result == .neverSent && request.isTakenBack
                    ? SLUICE_TRANSPORT_ABORTED : UInt32(outcome.result.rawValue),
            tag: request.plan.tag, tries: request.tries, queued: request.queued, written: outcome.written,
            firstByte: outcome.firstByte, done: outcome.done, text: outcome.text.map { network.vault.redact($0) })
        answer.pointee.headers = scratch.fields(outcome.headers)
        answer.pointee.captured = namedSecrets(captured)
        outcome.body.withUnsafeBytes { bytes in
            answer.pointee.body = sluice_bytes(
                ptr: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), len: UInt64(bytes.count))
            call(.onHTTP) { network.calls.onHTTP($0, answer) }
        }
    }

    func namedSecrets(_ secrets: [(name: String, handle: UInt64)]) -> sluice_span {
        scratch.list(secrets, of: sluice_named_secret.self) { secret, entity in
            entity.name = scratch.text(secret.name)
            entity.handle = secret.handle
        }
    }

    func fill(
        _ transport: inout sluice_transport, result: UInt32, tag: UInt64, tries: Int, queued: Moment,
        written: Moment?, firstByte: Moment?, done: Moment, text: String?
    ) {
        transport.struct_size = UInt32(MemoryLayout<sluice_transport>.size)
        transport.result = result
        transport.tag = tag
        transport.tries = UInt32(tries)
        transport.queued = queued.wall
        transport.written = written?.wall ?? .min
        transport.first_byte = firstByte?.wall ?? .min
        transport.done = done.wall
        transport.text = scratch.text(optional: text)
    }
}
