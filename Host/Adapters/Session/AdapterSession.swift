import CSluice
package import Domain
import Logging
import NIOConcurrencyHelpers

/// One login at one adapter, with one or more accounts. Every member may be used from any thread and none blocks.
///
/// Commands wait in the session's inbox until the lane has its turn; what the adapter says goes up to the delegate in one
/// batch a turn.
///
/// `@unchecked Sendable`: `core` and `delegate` are touched by `turn` alone, which the scheduler never runs twice at once
/// and whose runs it orders; they are set before the session is shared. Everything else is immutable or behind a lock.
package final class AdapterSession: @unchecked Sendable {
    package let id: SessionID
    package let adapter: LoadedAdapter
    package let accounts: [Account]
    package let role: SessionRole

    private struct Published {
        var counters = AdapterCounters()
        var openCommands = 0
        var metrics: [String: AdapterMetric] = [:]
        var queries: [ObjectIdentifier: QueryOperation] = [:]
        var endWaiters: [@Sendable () -> Void] = []
        var hasEnded = false
    }
    private let clock: any LaneClock
    private let scheduler: any LaneScheduler
    private let shared: SessionShared
    private let inbox = LaneInbox()
    private let statusBox: NIOLockedValueBox<SessionStatus>
    private let published = NIOLockedValueBox(Published())
    private let commandBound: Int
    private let candleBound: Int
    private let indices: [AccountID: Int32]
    // Lane only.
    private var core: SessionCore?
    private var delegate: (any AdapterDelegate)?

    /// Makes the adapter's session. Nothing is logged in yet.
    ///
    /// - Parameter accounts: at least one; all of one adapter, login and environment.
    init(
        id: SessionID, adapter: LoadedAdapter, accounts: [Account], configs: [String], environment: LaneEnvironment,
        scheduler: any LaneScheduler, services: SessionServices, delegate: any AdapterDelegate, logger: Logger
    ) throws(SessionFailure) {
        (self.id, self.adapter, self.accounts, role) = (id, adapter, accounts, id.role)
        (clock, self.scheduler, self.delegate) = (environment.clock, scheduler, delegate)
        (commandBound, candleBound) = (services.commandBound, services.candleBound)
        shared = SessionShared()
        indices = Dictionary(
            accounts.enumerated().map { ($0.element.id, Int32($0.offset)) }, uniquingKeysWith: { first, _ in first })
        statusBox = NIOLockedValueBox(SessionStatus(state: .created, since: environment.clock.wall()))
        var keyValues: [KeyValueMemory] = []
        for account in accounts {
            var memory = KeyValueMemory(quotaBytes: adapter.limits.keyValueMegabytes * 1_048_576)
            do {
                memory.load(try services.loadKeyValues(adapter.id, account.id))
            } catch {
                throw SessionFailure(
                    code: "session.key_values", reason: "the stored keys of account \(account.id) cannot be read: \(error)")
            }
            keyValues.append(memory)
        }
        var logger = logger
        logger[metadataKey: "adapter.id"] = "\(adapter.id)"
        logger[metadataKey: "session"] = "\(id)"
        let core = SessionCore(
            session: self, adapter: adapter, shared: shared, inbox: inbox, accounts: accounts,
            environment: environment, services: services, keyValues: keyValues, statusBox: statusBox, logger: logger)
        core.handle = try Self.create(adapter, shared, id: id, accounts: accounts, configs: configs)
        self.core = core
    }

    private static func create(
        _ adapter: LoadedAdapter, _ shared: SessionShared, id: SessionID, accounts: [Account], configs: [String]
    ) throws(SessionFailure) -> OpaquePointer {
        let scratch = CallScratch()
        let size = MemoryLayout<sluice_account>.size
        let memory = scratch.zeroed(size * accounts.count)
        for (index, account) in accounts.enumerated() {
            let entity = (memory + index * size).assumingMemoryBound(to: sluice_account.self)
            entity.pointee.struct_size = UInt32(size)
            entity.pointee.index = UInt32(index)
            entity.pointee.id = scratch.text(account.id.rawValue)
            entity.pointee.currency = scratch.text("\(account.currency)")
            entity.pointee.config = scratch.text(configs[index])
        }
        var options = sluice_session_options()
        options.struct_size = UInt32(MemoryLayout<sluice_session_options>.size)
        options.role = UInt32(id.role.rawValue)
        options.environment = UInt32(id.environment.rawValue)
        options.login = scratch.text(id.login)
        options.accounts = sluice_span(
            ptr: memory, count: UInt64(accounts.count), stride: UInt32(size), reserved: 0)
        var handle: OpaquePointer?
        var words = sluice_str()
        let status = adapter.createSession(adapter.module, shared.table, &options, &handle, &words)
        guard status >= 0 else {
            let reason = (try? words.text("error", limit: Bounds.textBytes)) ?? "no reason given"
            throw SessionFailure(
                code: "session.refused", reason: "adapter \(adapter.id) made no session (status \(status)): \(reason)")
        }
        guard let handle else {
            throw SessionFailure(
                code: "session.null", reason: "adapter \(adapter.id) said it made a session, but gave none")
        }
        guard shared.load(.wrongLane) == 0 else {
            throw SessionFailure(
                code: "session.create_called_host",
                reason: "adapter \(adapter.id) called the host from session_create, where no host function may be called")
        }
        return handle
    }

    /// Where the session stands.
    package var status: SessionStatus { statusBox.withLockedValue { $0 } }

    /// The place of an account in `accounts`; `nil`: it is not of this session.
    package func accountIndex(_ id: AccountID) -> Int32? { indices[id] }

    /// Makes the form of an instrument that orders of this adapter carry. Once per instrument and adapter; share it.
    package func prepare(
        _ record: InstrumentRecord, index: InstrumentIndex, alias: String? = nil, brokerData: [UInt8]? = nil
    ) throws(UnusableInstrument) -> AdapterInstrument {
        try AdapterInstrument(index: index, record: record, alias: alias, brokerData: brokerData)
    }

    package var health: LaneHealth {
        let (counters, openCommands, metrics) = published.withLockedValue { ($0.counters, $0.openCommands, $0.metrics) }
        let (commands, prices) = inbox.withLock {
            ($0.urgent.count + $0.normal.count, $0.quoteOrder.count + $0.candles.count)
        }
        let call = LaneFunction(rawValue: UInt8(truncatingIfNeeded: shared.load(.callFunction)))
        let since = Int64(bitPattern: shared.load(.callEntered))
        return LaneHealth(
            counters: counters, queuedCommands: commands, queuedPrices: prices, openCommands: openCommands,
            currentCall: call.map { (function: $0, since: since) }, metrics: metrics)
    }
}

/// Why no session was made: a stable code and a sentence.
struct SessionFailure: Error {
    let code: String
    let reason: String
}

// MARK: - Commands

extension AdapterSession {
    package func submit(_ command: SubmitCommand) -> QueueVerdict { enqueue(.submit(command)) }

    /// Queues a prefix of the orders under one lock and says how many: the others were not sent and get no completion.
    package func submit(_ commands: [SubmitCommand]) -> Int {
        let now = clock.monotonic()
        let (taken, mustWake): (Int, Bool) = inbox.withLock { inbox in
            guard !inbox.isClosing else { return (0, false) }
            let room = max(0, commandBound - inbox.normal.count)
            for command in commands.prefix(room) {
                inbox.normal.append(Inbox.Entry(command: .submit(command), queued: now))
                inbox.queuedSubmits += 1
            }
            let taken = min(room, commands.count)
            let mustWake = taken > 0 && !inbox.isScheduled
            if mustWake { inbox.isScheduled = true }
            return (taken, mustWake)
        }
        if mustWake { scheduler.wake(self) }
        return taken
    }

    package func modify(_ command: ModifyCommand) -> QueueVerdict { enqueue(.modify(command)) }
    package func cancel(_ command: CancelCommand) -> QueueVerdict { enqueue(.cancel(command)) }
    package func cancelAll(_ command: CancelAllCommand) -> QueueVerdict { enqueue(.cancelAll(command)) }
    package func lookUp(_ command: LookupCommand) -> QueueVerdict { enqueue(.lookUp(command)) }

    /// Takes submits back that the adapter has not been given. The ids returned were never sent and get no completion;
    /// those in the lane's hands end by a completion: not-sent with the cause `withdrawn`, or their true outcome.
    ///
    /// - Parameter ids: the commands' ids; `nil` = every submit.
    package func withdrawSubmits(_ ids: Set<UInt64>? = nil) -> [UInt64] {
        inbox.withLock { inbox in
            let withdrawn = inbox.withdraw(ids)
            shared.store(.withdrawals, inbox.withdrawals)
            return withdrawn
        }
    }

    private func enqueue(_ command: Inbox.Command) -> QueueVerdict {
        let entry = Inbox.Entry(command: command, queued: clock.monotonic())
        let (verdict, mustWake): (QueueVerdict, Bool) = inbox.withLock { inbox in
            guard !inbox.isClosing else { return (.refused(.closed), false) }
            switch command {
            case .cancel, .cancelAll, .close:
                guard inbox.urgent.count < commandBound else { return (.refused(.queueFull), false) }
                inbox.urgent.append(entry)
            default:
                guard inbox.normal.count < commandBound else { return (.refused(.queueFull), false) }
                inbox.normal.append(entry)
                if case .submit = command { inbox.queuedSubmits += 1 }
            }
            let mustWake = !inbox.isScheduled
            inbox.isScheduled = true
            return (.taken, mustWake)
        }
        if mustWake { scheduler.wake(self) }
        return verdict
    }
}

// MARK: - Reads

extension AdapterSession {
    /// Asks, follows the pages to the end, and calls back exactly once: on the lane, after the batch with the reports that
    /// came with the answer, or from a sweep when the lane hangs.
    package func query<Row>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64? = nil,
        completion: @escaping @Sendable (Result<[Row], QueryFailure>) -> Void
    ) {
        let operation = QueryOperation(query, accountIndex: accountIndex, deadline: deadline, completion: completion)
        published.withLockedValue { $0.queries[ObjectIdentifier(operation)] = operation }
        if case .refused(let cause) = enqueue(.query(operation)) {
            let text = cause == .closed ? "the session has ended or is ending" : "the session's queue is full"
            end(operation, QueryFailure(cause == .closed ? .closed : .queueFull, text))
        }
    }

    package func query<Row>(
        _ query: AdapterQuery<Row>, accountIndex: Int32, deadline: Int64? = nil
    ) async -> Result<[Row], QueryFailure> {
        await withCheckedContinuation { continuation in
            self.query(query, accountIndex: accountIndex, deadline: deadline) { continuation.resume(returning: $0) }
        }
    }

    func end(_ operation: QueryOperation, _ failure: QueryFailure?) {
        published.withLockedValue { $0.queries[ObjectIdentifier(operation)] = nil }
        operation.end(failure)
    }

    /// Ends reads whose deadline is over though the lane did not end them: it hangs in a call of the adapter.
    package func sweep() {
        let now = clock.monotonic()
        let overdue = published.withLockedValue { published in
            published.queries.values.filter { $0.deadline <= now }
        }
        for operation in overdue {
            end(operation, QueryFailure(.deadline, "\(operation.name) was not answered before its deadline"))
        }
    }
}

// MARK: - Life

extension AdapterSession {
    /// Begins the login. `completion` hears how the adapter ended the call; the state itself comes by `.session` events.
    package func open(
        deadline: Int64? = nil, completion: (@Sendable (Result<Void, QueryFailure>) -> Void)? = nil
    ) -> QueueVerdict {
        enqueue(.open(LifecycleRequest(deadline: deadline ?? .max, completion: completion)))
    }

    /// Ends the session: what waits is ended as not sent, the adapter gets five seconds to complete what it holds, then
    /// the host completes it (mutations as unknown) and destroys the session. The last event is `.session(closed)`.
    package func close(ended: (@Sendable () -> Void)? = nil) {
        if let ended {
            let isOver = published.withLockedValue { published in
                if !published.hasEnded { published.endWaiters.append(ended) }
                return published.hasEnded
            }
            if isOver { return ended() }
        }
        _ = enqueue(.close)
        inbox.withLock { $0.isClosing = true }
    }

    func publish(counters: AdapterCounters, openCommands: Int, metrics: [String: AdapterMetric]) {
        published.withLockedValue { published in
            (published.counters, published.openCommands, published.metrics) = (counters, openCommands, metrics)
        }
    }

    func deliverUp(_ batch: inout LaneBatch) { delegate?.lane(self, delivers: &batch) }
}

extension AdapterSession: Lane {
    package func turn() -> LaneTurn {
        guard let core else { return .ended }
        let result = core.turn()
        if result == .ended {
            self.core = nil
            delegate = nil
            let waiters = published.withLockedValue { published in
                published.hasEnded = true
                defer { published.endWaiters = [] }
                return published.endWaiters
            }
            for waiter in waiters { waiter() }
        }
        return result
    }
}

// MARK: - Prices

extension AdapterSession {
    /// A new price, by the price source; what the adapter has not seen yet is replaced by it. Unwatched: ignored.
    package func deliver(_ quote: Quote, of instrument: InstrumentIndex) {
        let mustWake = inbox.withLock { inbox in
            guard inbox.watched.contains(instrument) else { return false }
            if inbox.quotes.updateValue(quote, forKey: instrument) == nil { inbox.quoteOrder.append(instrument) }
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustWake { scheduler.wake(self) }
    }

    /// A finished bar, by the price source. None is replaced; beyond the bound the oldest is dropped and counted.
    package func deliver(_ candle: Candle, of instrument: InstrumentIndex) {
        let mustWake = inbox.withLock { inbox in
            guard inbox.watched.contains(instrument) else { return false }
            if inbox.candles.count >= candleBound {
                _ = inbox.candles.popFirst()
                inbox.droppedCandles &+= 1
            }
            inbox.candles.append((instrument: instrument, candle: candle))
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustWake { scheduler.wake(self) }
    }

    func startPrices(_ instrument: InstrumentIndex) { inbox.withLock { _ = $0.watched.insert(instrument) } }

    func stopPrices(_ instrument: InstrumentIndex) {
        inbox.withLock { inbox in
            inbox.watched.remove(instrument)
            inbox.quotes[instrument] = nil
        }
    }
}
