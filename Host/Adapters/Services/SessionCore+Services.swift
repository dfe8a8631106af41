import CSluice
import Domain
import Logging

// What people and brokers ask a session for, and what it tells of prices, clocks and limits.

extension SessionCore {
    func dispatchService(_ entry: ServiceCall) {
        guard let network, let obstacle = obstacle(for: entry, network) else {
            return run(entry)
        }
        end(entry, .failure(obstacle))
    }

    private func obstacle(for entry: ServiceCall, _ network: SessionNetwork) -> QueryFailure? {
        if entry.deadline <= instant { return QueryFailure(.deadline, "it was not begun before its deadline") }
        let offers = network.calls.connections.capabilities
        let isOffered: Bool
        switch entry.request {
        case .authReply: return nil
        case .commandReply: isOffered = offers.contains(.asksQuestions)
        case .config: return offers.contains(.takesConfigChanges) ? nil : QueryFailure(.unsupported, "it takes none")
        case .vendorCall: isOffered = offers.contains(.vendorCall)
        case .webhook: isOffered = offers.contains(.takesWebhooks)
        case .subscribe, .unsubscribe: isOffered = offers.contains(.subscribe)
        }
        guard isOffered else { return QueryFailure(.unsupported, "adapter \(adapter.id) does not offer it") }
        guard status.state == .ready || status.state == .degraded, closing == nil else {
            return QueryFailure(.notReady, "the session is \(status.state.rawName); it needs ready or degraded")
        }
        return nil
    }

    private func run(_ entry: ServiceCall) {
        guard let network else {
            return end(entry, .failure(QueryFailure(.unsupported, "adapter \(adapter.id) has no network")))
        }
        switch entry.request {
        case .authReply(let reply): authReply(reply, entry)
        case .commandReply(let answer, let isPolicy): reply(answer, isPolicy: isPolicy, entry)
        case .config(let account, let config):
            guard !hasEnded, handle != nil else { return end(entry, .failure(QueryFailure(.closed, "it has ended"))) }
            let config = scratch.text(config)
            call(.onConfig) { network.calls.onConfig($0, UInt32(bitPattern: account), config) }
            end(entry, .success(""))
        case .webhook(let webhook): deliver(webhook, entry, network)
        case .vendorCall(let account, let name, let arguments):
            guard let token = issueService(entry) else { return }
            let (name, arguments) = (scratch.text(name), scratch.text(arguments))
            let returned = call(.vendorCall) {
                network.calls.vendorCall($0, token, UInt32(bitPattern: account), name, arguments)
            }
            finishService(token, returned, entry, "vendor_call")
        case .subscribe(let mode, let instruments):
            guard let token = issueService(entry) else { return }
            let span = self.span(instruments)
            let returned = withExtendedLifetime(instruments) {
                call(.subscribe) { network.calls.subscribe($0, token, UInt32(mode), span) }
            }
            finishService(token, returned, entry, "subscribe")
        case .unsubscribe(let instruments):
            guard let token = issueService(entry) else { return }
            let span = self.span(instruments)
            let returned = withExtendedLifetime(instruments) {
                call(.subscribe) { network.calls.unsubscribe($0, token, span) }
            }
            finishService(token, returned, entry, "unsubscribe")
        }
    }

    private func span(_ instruments: [AdapterInstrument]) -> sluice_span {
        let size = EntitySize.instrument
        let memory = scratch.zeroed(size * max(1, instruments.count))
        for (index, instrument) in instruments.enumerated() {
            (memory + index * size).copyMemory(from: instrument.entity, byteCount: size)
        }
        return sluice_span(ptr: memory, count: UInt64(instruments.count), stride: UInt32(size), reserved: 0)
    }

    // MARK: - Tokens

    /// Whoever asked is told once the turn is over: no lane call is open then, and what the adapter told stands.
    func end(_ call: ServiceCall, _ result: Result<String, QueryFailure>) { endedCalls.append((call, result)) }

    func issueService(_ entry: ServiceCall) -> UInt64? {
        guard let network, let token = issue(.service, id: 0, queued: instant, deadline: entry.deadline) else {
            end(entry, .failure(QueryFailure(.queueFull, "the session holds as many commands as it may")))
            return nil
        }
        network.waiting[token] = entry
        return token
    }

    func finishService(_ token: UInt64, _ returned: sluice_status, _ entry: ServiceCall, _ name: String) {
        guard returned < 0 else { return watchDeadline(token, entry.deadline) }
        if returned == SLUICE_ERR_INTERNAL { poison("its function \(name) failed (status \(returned))") }
        guard tokens.take(token) != nil, network?.waiting.removeValue(forKey: token) != nil else { return }
        end(
            entry,
            .failure(
                QueryFailure(.refusedByAdapter, "the adapter refused the call \(name) with status \(returned)")))
    }

    func completeService(_ token: UInt64, isOK: Bool, document: String?, error: AdapterError?) {
        guard let entry = network?.waiting.removeValue(forKey: token) else { return }
        if isOK { return end(entry, .success(document ?? "")) }
        let words = error?.brokerText ?? error?.text ?? "no reason given"
        end(entry, .failure(QueryFailure(.failed, words, error: error)))
    }

    private func deliver(_ webhook: WebhookDelivery, _ entry: ServiceCall, _ network: SessionNetwork) {
        let size = MemoryLayout<sluice_webhook>.size
        let entity = scratch.zeroed(size).assumingMemoryBound(to: sluice_webhook.self)
        entity.pointee.struct_size = UInt32(size)
        entity.pointee.account = UInt32(bitPattern: webhook.accountIndex)
        entity.pointee.headers = scratch.fields(webhook.headers)
        entity.pointee.body = scratch.data(optional: webhook.body)
        entity.pointee.received_time = webhook.receivedTime.nanoseconds
        call(.onWebhook) { network.calls.onWebhook($0, entity) }
        end(entry, .success(""))
    }

    // MARK: - What the adapter tells

    func rateFeedback(_ pointer: UnsafePointer<sluice_rate_feedback>?) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let size = MemoryLayout<sluice_rate_feedback>.size
            guard let feedback = try checkedEntity(pointer, size: size, "feedback")?.pointee else {
                throw ContractBreach("feedback", "is null")
            }
            guard Int(feedback.account) < reader.accounts.count, feedback.retry_after_ns >= 0 else {
                throw ContractBreach("feedback", "names account \(feedback.account) or waits a negative time")
            }
            _ = try feedback.bucket.required("bucket")
            guard let place = network.rates.place(of: feedback.bucket) else { return SLUICE_ERR_NOT_FOUND }
            let account = reader.accounts[Int(feedback.account)].id.rawValue
            let reset = timestamp(feedback.reset_at).map { clock.monotonic() &+ max(0, $0.since(clock.wall())) }
            network.rates.learn(
                place,
                RateFeedback(
                    remaining: feedback.remaining < 0 ? nil : UInt32(clamping: feedback.remaining), resetAt: reset,
                    retryAfter: feedback.retry_after_ns == 0 ? nil : feedback.retry_after_ns), account: account,
                scope: try feedback.scope.text("scope"),
                now: clock.monotonic())
            return SLUICE_OK
        } catch {
            return breach("rate_feedback", error)
        }
    }

    /// The broker's clock: what `SLUICE_NODE_NOW` adds from now on.
    func serverTime(_ time: sluice_time) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        guard time > 0 else { return breach("server_time", ContractBreach("broker_time", "is absent or before 1970")) }
        let offset = time &- now()
        network.vault.learn(clockOffset: offset)
        let before = session.published.withLockedValue { published in
            defer { published.clockOffset = offset }
            return published.clockOffset ?? 0
        }
        // Once for a difference, not with every answer that shows it.
        if offset.magnitude > 1_000_000_000, (offset &- before).magnitude > 1_000_000_000 {
            logger.warning(
                "The broker's clock differs from this machine's", metadata: ["offset.ms": "\(offset / 1_000_000)"])
        }
        return SLUICE_OK
    }

    func instrumentByAlias(
        _ alias: sluice_str, _ instrument: UnsafeMutablePointer<UnsafePointer<sluice_instrument>?>?
    ) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let alias = try alias.required("alias")
            guard let instrument else { throw ContractBreach("instrument", "is null") }
            instrument.pointee = nil
            guard let found = services.instrumentByAlias(adapter.id, alias) else { return SLUICE_ERR_NOT_FOUND }
            network.lent.append(found)
            instrument.pointee = found.entity
            return SLUICE_OK
        } catch {
            return breach("instrument_by_alias", error)
        }
    }

    /// Prices of a subscription go to the host's, all of a call or none.
    func ticks(_ span: sluice_span) -> sluice_status {
        guard network != nil else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let size = MemoryLayout<sluice_tick>.size
            let ticks = try SpanReader(span, size: size, limit: ServiceBounds.ticks, "ticks")
            let received = Timestamp(nanoseconds: now())
            var quotes: [(instrument: InstrumentIndex?, quote: Quote)] = []
            quotes.reserveCapacity(ticks.count)
            for index in 0..<ticks.count {
                let tick = try ticks.element(index, size: size, "ticks").assumingMemoryBound(to: sluice_tick.self)
                quotes.append(try quote(tick, received))
            }
            guard let network, network.ticks.count + quotes.count <= Bounds.eventsPerTurn else {
                return quota("ticks of one turn", Bounds.eventsPerTurn)
            }
            network.ticks += quotes
            return SLUICE_OK
        } catch {
            return breach("ticks", error)
        }
    }

    private func quote(
        _ tick: UnsafePointer<sluice_tick>, _ received: Timestamp
    ) throws(ContractBreach) -> (instrument: InstrumentIndex?, quote: Quote) {
        let index = AdapterInstrument.index(tick.pointee.instrument)
        let name =
            tick.pointee.instrument_id.ptr == nil
            ? nil
            : try reader.requiredInstrument(
                tick.pointee.instrument_id, "ticks.instrument_id")
        guard index != nil || name != nil else { throw ContractBreach("ticks.instrument", "names no instrument") }
        var quote = Quote(symbol: name ?? InstrumentID(canonical: ""), receivedTime: received)
        quote.last = try tick.pointee.last.value("ticks.last")
        quote.lastSize = try tick.pointee.last_quantity.value("ticks.last_quantity")
        quote.sourceTime = tick.pointee.exchange_time == 0 ? nil : timestamp(tick.pointee.exchange_time)
        (quote.bid, quote.bidSize) = try best(tick.pointee.bids, "ticks.bids")
        (quote.ask, quote.askSize) = try best(tick.pointee.asks, "ticks.asks")
        return (index, quote)
    }

    private func best(
        _ span: sluice_span, _ field: StaticString
    ) throws(ContractBreach) -> (ExactDecimal?, ExactDecimal?) {
        let size = MemoryLayout<sluice_level>.size
        let levels = try SpanReader(span, size: size, limit: ServiceBounds.levels, field)
        guard levels.count > 0 else { return (nil, nil) }
        let level = try levels.element(0, size: size, field).assumingMemoryBound(to: sluice_level.self)
        return (try level.pointee.price.value(field), try level.pointee.quantity.value(field))
    }
}
