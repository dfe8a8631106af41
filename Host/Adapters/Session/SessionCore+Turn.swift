import CHost
import CSluice
import Domain
import Faults

extension SessionCore {
    /// Most calls of one turn.
    static let callsPerTurn = 256
    /// A turn ends after the call during which it has lasted this long, so that what was heard goes up soon.
    static let turnNanoseconds: Int64 = 1_000_000
    /// Commands taken from the inbox at once: few, so that a cancel that comes meanwhile overtakes the others.
    static let takenAtOnce = 32
    static let pricesPerCall = 64
    static let closingNanoseconds: Int64 = 5_000_000_000

    /// One turn of the lane: what is due, then commands, then prices; at the end everything heard goes up in one batch.
    func turn() -> LaneTurn {
        let start = clock.monotonic()
        (instant, turnStart, wallOfTurn) = (start, start, nil)
        runDue()
        if network != nil { noteLoginEnd() }
        var budget = Self.callsPerTurn
        if breaker.openSince != nil { probeCircuit() }
        while budget > 0, instant &- start < Self.turnNanoseconds {
            if flow != nil { serveFlow(until: start &+ Self.turnNanoseconds) }
            askNextPages()
            let limit = min(budget, max(Self.takenAtOnce, min(adapter.description.maximumBatch, Self.callsPerTurn)))
            let room = maximumInFlight - tokens.openCount
            inbox.withLock { [shared] inbox in
                inbox.take(limit, room: room, into: &taken, shared)
                (arrivalCount, hasPrices) = (inbox.arrivals.count, inbox.hasPrices)
            }
            guard !taken.isEmpty else { break }
            budget -= taken.count
            dispatchTaken(until: start &+ Self.turnNanoseconds)
        }
        if network != nil { deliverArrivals(arrivalCount, until: start &+ Self.turnNanoseconds) }
        deliverPrices()
        if tokens.openCount >= maximumInFlight { expireQueued() }
        if shared.load(.wrongLane) > 0 {
            counters.wrongLaneCalls = shared.load(.wrongLane)
            poison("it called the host outside a lane call of its session (ABI.md rules 11 and 13)")
        }
        finishClosing()
        if network?.questions.isEmpty == false { forgetQuestions() }
        sendUp()
        return whatNext()
    }

    /// Hands the turn's events to the delegate, then tells those who asked. No lock is held and no lane call is open.
    private func sendUp() {
        session.publish(counters: counters, openCommands: tokens.openCount, metrics: metrics)
        if let network, !network.lent.isEmpty { network.lent.removeAll() }
        if let network, !network.ticks.isEmpty {
            let ticks = network.ticks
            network.ticks.removeAll(keepingCapacity: true)
            services.publishTicks(ticks)
        }
        if !events.isEmpty {
            var batch = LaneBatch(events: events)
            events = []
            FaultPoint.hit(.laneDeliverBefore)
            session.deliverUp(&batch)
            FaultPoint.hit(.laneDeliverAfter)
            batch.events.removeAll(keepingCapacity: true)
            if events.isEmpty { events = batch.events }
        }
        if !endedQueries.isEmpty {
            let ended = endedQueries
            endedQueries.removeAll(keepingCapacity: true)
            for entry in ended { session.end(entry.operation, entry.failure) }
        }
        if !endedCalls.isEmpty {
            let ended = endedCalls
            endedCalls.removeAll()
            for entry in ended { entry.call.end(entry.result) }
        }
        if !endedRequests.isEmpty {
            let ended = endedRequests
            endedRequests.removeAll()
            for entry in ended { entry.request.completion?(entry.failure.map { .failure($0) } ?? .success(())) }
        }
    }

    private func whatNext() -> LaneTurn {
        if hasEnded { return .ended }
        if !nextPages.isEmpty, pagesWait == .max || pagesWait <= instant { return .more }
        if !events.isEmpty { return .more }
        let isFull = tokens.openCount >= maximumInFlight
        let hasMore = inbox.withLock { inbox in
            let hasMore =
                !inbox.urgent.isEmpty || (!isFull && !inbox.normal.isEmpty) || inbox.hasPrices
                || !inbox.arrivals.isEmpty
            if !hasMore { inbox.isScheduled = false }
            return hasMore
        }
        if showsCircuit || !breaker.isQuiet { showCircuit(mayPause: hasMore) }
        if hasMore { return .more }
        let now = instant
        var wake = timers.nextWake(monotonic: now) { wallNow } ?? .max
        if let deadline = deadlines.first?.at { wake = min(wake, deadline) }
        if let closing { wake = min(wake, closing.deadline) }
        if flow != nil || breaker.openSince != nil { wake = min(wake, flowWake) }
        if let network {
            if let due = network.nextWake { wake = min(wake, due) }
            if let due = loginEnd(now) { wake = min(wake, due) }
        }
        if isFull, inbox.withLock({ !$0.normal.isEmpty }) { wake = min(wake, nextQueueScan) }
        return .idle(nextWake: wake == .max ? nil : wake)
    }

    // MARK: - What is due

    /// The wall clock at `instant`, from one reading a turn.
    var wallNow: Int64 {
        if let wallOfTurn { return wallOfTurn &+ (instant &- turnStart) }
        let now = clock.wall().nanoseconds
        wallOfTurn = now &- (instant &- turnStart)
        return now
    }

    private func runDue() {
        for _ in 0..<Self.pricesPerCall {
            guard let due = timers.takeDue(monotonic: instant, wall: { wallNow }) else { break }
            guard handle != nil, !hasEnded else { continue }
            call(.onTimer) { calls.onTimer($0, due.number, due.tag) }
            deliverSnapshots()
        }
        while let first = deadlines.first, first.at <= instant {
            deadlines.removeFirst()
            guard let command = tokens.command(first.number) else { continue }
            if command.deadline > instant {  // a question of its broker made it wait longer
                deadlines.insert(TimerQueue.Due(at: command.deadline, number: first.number))
            } else {
                endByHost(first.number, cause: .deadline)
            }
        }
    }

    /// Remembers a command's deadline once its call has returned without completing it.
    @inline(__always)
    func watchDeadline(_ token: UInt64, _ deadline: Int64) {
        guard deadline != .max, tokens.isOpen(token) else { return }
        deadlines.insert(TimerQueue.Due(at: deadline, number: token))
        if deadlines.count > 2 * tokens.openCount + 1024 {
            deadlines.removeAll { [tokens] in !tokens.isOpen($0.number) }
        }
    }

    /// The adapter holds as many commands as it may, so nothing leaves the queue: deadlines end the wait there.
    private func expireQueued() {
        guard instant >= nextQueueScan else { return }
        let now = instant
        nextQueueScan = now &+ 10_000_000
        let expired = inbox.withLock { inbox in inbox.removeNormal { $0.deadline <= now } }
        for entry in expired { refuse(entry, .deadline) }
    }

    // MARK: - Prices

    private func deliverPrices() {
        deliverSnapshots()
        guard hasPrices else { return }
        let (quotes, candles): ([(InstrumentIndex, Quote)], [(InstrumentIndex, Candle)]) = inbox.withLock { inbox in
            counters.droppedCandles = inbox.droppedCandles
            guard inbox.hasPrices else { return ([], []) }
            var quotes: [(InstrumentIndex, Quote)] = []
            while quotes.count < Self.pricesPerCall, let instrument = inbox.quoteOrder.popFirst() {
                if let quote = inbox.quotes.removeValue(forKey: instrument) { quotes.append((instrument, quote)) }
            }
            var candles: [(InstrumentIndex, Candle)] = []
            while candles.count < Self.pricesPerCall, let next = inbox.candles.popFirst() {
                candles.append((next.instrument, next.candle))
            }
            return (quotes, candles)
        }
        give(quotes)
        give(candles)
    }

    /// The price of what was just watched follows as soon as the call that watched it has returned.
    @inline(__always)
    func deliverSnapshots() {
        if !snapshots.isEmpty { deliverWaitingSnapshots() }
    }

    private func deliverWaitingSnapshots() {
        while !snapshots.isEmpty {  // a quote may make the adapter watch another instrument
            let count = min(snapshots.count, Self.pricesPerCall)
            let quotes = Array(zip(snapshotInstruments.prefix(count), snapshots.prefix(count)))
            snapshots.removeFirst(count)
            snapshotInstruments.removeFirst(count)
            give(quotes)
        }
    }

    private func give(_ quotes: [(InstrumentIndex, Quote)]) {
        guard !quotes.isEmpty, handle != nil, !hasEnded else { return }
        let size = MemoryLayout<sluice_quote>.size
        let memory = scratch.zeroed(size * quotes.count)
        var count = 0
        for (instrument, quote) in quotes {
            guard let name = watched[instrument] else { continue }
            let entity = (memory + count * size).assumingMemoryBound(to: sluice_quote.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.instrument = AdapterInstrument.uid(instrument)
            entity.pointee.instrument_id = name.text
            entity.pointee.last = sluice_decimal(optional: quote.last)
            entity.pointee.last_size = sluice_decimal(optional: quote.lastSize)
            entity.pointee.bid = sluice_decimal(optional: quote.bid)
            entity.pointee.bid_size = sluice_decimal(optional: quote.bidSize)
            entity.pointee.ask = sluice_decimal(optional: quote.ask)
            entity.pointee.ask_size = sluice_decimal(optional: quote.askSize)
            entity.pointee.exchange_time = sluiceTime(quote.sourceTime)
            entity.pointee.received_time = quote.receivedTime.nanoseconds
            count += 1
        }
        guard count > 0 else {
            scratch.reset()
            return
        }
        let span = sluice_span(ptr: memory, count: UInt64(count), stride: UInt32(size), reserved: 0)
        call(.onQuote) { calls.onQuote($0, span) }
    }

    private func give(_ candles: [(InstrumentIndex, Candle)]) {
        guard !candles.isEmpty, handle != nil, !hasEnded else { return }
        let size = MemoryLayout<sluice_candle>.size
        let memory = scratch.zeroed(size * candles.count)
        var count = 0
        for (instrument, candle) in candles {
            guard let name = watched[instrument] else { continue }
            let entity = (memory + count * size).assumingMemoryBound(to: sluice_candle.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.instrument = AdapterInstrument.uid(instrument)
            entity.pointee.instrument_id = name.text
            entity.pointee.start = candle.start.nanoseconds
            entity.pointee.length_ns = candle.lengthNanoseconds
            entity.pointee.open = sluice_decimal(candle.open)
            entity.pointee.high = sluice_decimal(candle.high)
            entity.pointee.low = sluice_decimal(candle.low)
            entity.pointee.close = sluice_decimal(candle.close)
            entity.pointee.volume = sluice_decimal(candle.volume)
            entity.pointee.received_time = candle.receivedTime.nanoseconds
            count += 1
        }
        guard count > 0 else {
            scratch.reset()
            return
        }
        let span = sluice_span(ptr: memory, count: UInt64(count), stride: UInt32(size), reserved: 0)
        call(.onCandle) { calls.onCandle($0, span) }
        deliverSnapshots()
    }
}

extension PinnedBytes {
    var text: sluice_str {
        sluice_str(ptr: UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self), len: UInt64(count))
    }
}

extension Inbox.Command {
    /// Monotonic; `Int64.max` = none.
    var deadline: Int64 {
        switch self {
        case .submit(let order): order.sendBefore
        case .modify(let command): command.deadline ?? .max
        case .cancel(let command): command.deadline ?? .max
        case .cancelAll(let command): command.deadline ?? .max
        case .lookUp(let command): command.deadline ?? .max
        case .query(let operation): operation.deadline
        case .open(let request): request.deadline
        case .service(let call): call.deadline
        case .close: .max
        }
    }
}
