import Domain

extension AdapterSession {
    /// Whom this session's adapter talks to; `nil`: it has no network.
    package var connections: AdapterConnections? { adapter.connections }

    /// Answers the challenge that `status` shows.
    package func answer(
        _ reply: ChallengeReply, deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<Void, QueryFailure>) -> Void
    ) {
        // Patterns are the adapter's own and may take their time: they are looked at here and not on the lane.
        if let standing = status.challenge, standing.id == reply.challenge,
            let flaw = standing.flaws(of: reply.fields).first
        {
            return completion(.failure(QueryFailure(.failed, "the field \(flaw.field.name) \(flaw.message)")))
        }
        ask(.authReply(reply), deadline: deadline) { completion($0.map { _ in }) }
    }

    /// A named call of the adapter's own. `arguments` is a JSON object; the answer is JSON.
    package func vendorCall(
        _ name: String, arguments: String, accountIndex: Int32, deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<String, QueryFailure>) -> Void
    ) {
        guard connections?.vendorCalls.contains(where: { $0.name == name }) == true else {
            return completion(.failure(QueryFailure(.unsupported, "adapter \(adapter.id) has no call \(name)")))
        }
        let findings = adapter.findings(ofArguments: arguments, call: name)
        guard findings.isEmpty else {
            let words = findings.map(\.description).joined(separator: "; ")
            return completion(.failure(QueryFailure(.invalid, "the arguments of \(name): \(words)")))
        }
        ask(
            .vendorCall(account: accountIndex, name: name, arguments: arguments), deadline: deadline,
            completion: completion)
    }

    /// A broker's own call; `completion` hears that the adapter has it.
    package func deliver(
        _ webhook: WebhookDelivery, completion: @escaping @Sendable (Result<Void, QueryFailure>) -> Void
    ) {
        guard webhook.body.count <= ServiceBounds.webhookBytes, webhook.headers.count <= 64 else {
            return completion(.failure(QueryFailure(.queueFull, "the body has more than 64 KiB or 64 headers")))
        }
        let mayWait = webhooks.withLockedValue { waiting in
            if waiting < ServiceBounds.webhooksWaiting { waiting += 1 } else { return false }
            return true
        }
        guard mayWait else {
            return completion(.failure(QueryFailure(.queueFull, "too many calls wait for the adapter")))
        }
        ask(.webhook(webhook), deadline: nil) { [webhooks] result in
            webhooks.withLockedValue { $0 -= 1 }
            completion(result.map { _ in })
        }
    }

    /// Begins to stream prices of instruments. `mode`: 1 last, 2 quote, 3 depth.
    package func subscribe(
        _ instruments: [AdapterInstrument], mode: UInt8, deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<Void, QueryFailure>) -> Void
    ) {
        guard let most = connections?.maximumSubscriptions, instruments.count <= max(most, 1) else {
            return completion(
                .failure(QueryFailure(.queueFull, "more instruments than the adapter streams: \(instruments.count)")))
        }
        ask(.subscribe(mode: mode, instruments), deadline: deadline) { completion($0.map { _ in }) }
    }

    package func unsubscribe(
        _ instruments: [AdapterInstrument], deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<Void, QueryFailure>) -> Void
    ) {
        ask(.unsubscribe(instruments), deadline: deadline) { completion($0.map { _ in }) }
    }

    func ask(
        _ request: ServiceRequest, deadline: Int64?,
        completion: @escaping @Sendable (Result<String, QueryFailure>) -> Void
    ) {
        let call = ServiceCall(request, deadline: deadline ?? .max, completion: completion)
        if case .refused(let cause) = enqueue(.service(call)) {
            let text = cause == .closed ? "the session has ended or is ending" : "the session's queue is full"
            call.end(.failure(QueryFailure(cause == .closed ? .closed : .queueFull, text)))
        }
    }

    /// From the network's threads: an event waits for the lane. What may wait is bounded by the transport, which stops
    /// reading a connection whose parts are not used up.
    func arrive(_ event: NetworkEvent) {
        let mustWake = inbox.withLock { inbox in
            guard !inbox.isOver else { return false }
            inbox.arrivals.append(event)
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustWake { scheduler.wake(self) }
    }
}
