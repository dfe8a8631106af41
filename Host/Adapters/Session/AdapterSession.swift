import CSluice
package import Domain
import Logging
import NIOConcurrencyHelpers
import Recording

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

    struct Published {
        var counters = AdapterCounters()
        var openCommands = 0
        var circuit: CircuitBreaker
        /// As they are now: an account's own config may change.
        var accounts: [Account]
        /// What the adapter was told last, by place of the account.
        var configs: [String]
        /// `nil`: the adapter has no limit that a lane counts.
        var flow: SessionFlow?
        var metrics: [String: AdapterMetric] = [:]
        var questions: [BrokerQuestion] = []
        var clockOffset: Int64?
        var queries: [ObjectIdentifier: QueryOperation] = [:]
        var endWaiters: [@Sendable () -> Void] = []
        var hasEnded = false
    }
    let clock: any LaneClock
    let scheduler: any LaneScheduler
    let shared: SessionShared
    let inbox = LaneInbox()
    /// Brokers' calls on their way to the adapter.
    let webhooks = NIOLockedValueBox(0)
    private let statusBox: NIOLockedValueBox<SessionStatus>
    let published: NIOLockedValueBox<Published>
    let commandBound: Int
    let candleBound: Int
    /// `nil`: the session is not recorded.
    private let recording: RecordingFile?
    private let indices: [AccountID: Int32]
    // Lane only.
    var core: SessionCore?
    var delegate: (any AdapterDelegate)?

    /// Makes the adapter's session. Nothing is logged in yet.
    ///
    /// - Parameter accounts: at least one; all of one adapter, login and environment.
    init(
        id: SessionID, adapter: LoadedAdapter, accounts: [Account], configs: [String], environment: LaneEnvironment,
        scheduler: any LaneScheduler, services: SessionServices, delegate: any AdapterDelegate,
        dataDirectory: String, logger: Logger
    ) throws(SessionFailure) {
        (self.id, self.adapter, self.accounts, role) = (id, adapter, accounts, id.role)
        (clock, self.scheduler, self.delegate) = (environment.clock, scheduler, delegate)
        (commandBound, candleBound) = (services.commandBound, services.candleBound)
        shared = SessionShared()
        published = NIOLockedValueBox(
            Published(circuit: CircuitBreaker(services.circuit), accounts: accounts, configs: configs))
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
                    code: "session.key_values",
                    reason: "the stored keys of account \(account.id) cannot be read: \(error)")
            }
            keyValues.append(memory)
        }
        var logger = logger
        logger[metadataKey: "adapter.id"] = "\(adapter.id)"
        logger[metadataKey: "session"] = "\(id)"
        recording = Self.recording(
            adapter.recording, id, dataDirectory, startedAt: environment.clock.wall(), logger: logger)
        let core = SessionCore(
            session: self, adapter: adapter, calls: recording == nil ? adapter.calls : adapter.calls.recorded,
            shared: shared, inbox: inbox, accounts: accounts,
            environment: environment, services: services, keyValues: keyValues, statusBox: statusBox, logger: logger)
        if let calls = adapter.connected {
            core.network = try SessionNetwork.make(
                recording == nil ? calls : calls.recorded, adapter, id: id, accounts: accounts,
                environment: environment, services: services, flow: core.flow, session: self)
        }
        let recorder = recording.map { file in
            let vault = core.network?.vault
            return SessionRecorder(
                adapter.module, connected: adapter.connected?.table, host: UnsafePointer(shared.table),
                about: RecordingHeader(
                    adapter: "\(adapter.id)", version: adapter.description.version, sha256: adapter.sha256,
                    abiMinor: adapter.abiMinor, startedAt: "\(environment.clock.wall())"), sink: file
            ) { bytes in vault?.redact(bytes) ?? bytes }
        }
        core.handle = try Self.create(adapter, shared, recorder, id: id, accounts: accounts, configs: configs)
        self.core = core
        published.withLockedValue { [flow = core.flow] in $0.flow = flow }
    }

    /// What the broker's clock is ahead of this machine's, nanoseconds, as its adapter last told; `nil`: it has not.
    package var brokerClockOffset: Int64? { published.withLockedValue { $0.clockOffset } }

    /// Where the session's recording stands; `nil`: it is not recorded.
    package var recordingStatus: RecordingStatus? { recording?.status }

    /// A recording that cannot begin is no reason not to trade: the log says why there is none.
    private static func recording(
        _ policy: RecordingPolicy?, _ id: SessionID, _ dataDirectory: String, startedAt: Timestamp, logger: Logger
    ) -> RecordingFile? {
        guard let policy else { return nil }
        do throws(SessionFailure) {
            return try RecordingFile(
                policy, session: id, dataDirectory: dataDirectory, startedAt: startedAt, logger: logger)
        } catch {
            logger.error("The session is not recorded", metadata: ["reason": "\(error.reason)"])
            return nil
        }
    }

    private static func create(
        _ adapter: LoadedAdapter, _ shared: SessionShared, _ recorder: SessionRecorder?, id: SessionID,
        accounts: [Account], configs: [String]
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
        options.grants = adapter.grantsReveal ? SLUICE_GRANT_REVEAL : 0
        options.accounts = sluice_span(
            ptr: memory, count: UInt64(accounts.count), stride: UInt32(size), reserved: 0)
        var handle: OpaquePointer?
        var words = sluice_str()
        let status = withUnsafePointer(to: options) { options in
            guard let recorder else {
                return adapter.createSession(adapter.module, shared.table, options, &handle, &words)
            }
            return recorder.create(
                options, { adapter.createSession(adapter.module, $0, options, $1, &words) }, &handle)
        }
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
                reason:
                    "adapter \(adapter.id) called the host from session_create, where no host function may be called")
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
        let published = published.withLockedValue { $0 }
        let (commands, prices) = inbox.withLock {
            ($0.urgent.count + $0.normal.count + $0.parked.count, $0.quoteOrder.count + $0.candles.count)
        }
        let call = LaneFunction(rawValue: UInt8(truncatingIfNeeded: shared.load(.callFunction)))
        let since = Int64(bitPattern: shared.load(.callEntered))
        return LaneHealth(
            counters: published.counters, queuedCommands: commands, queuedPrices: prices,
            openCommands: published.openCommands, currentCall: call.map { (function: $0, since: since) },
            circuit: published.circuit, limits: published.flow?.status(now: clock.monotonic()) ?? [],
            metrics: published.metrics)
    }
}

/// Why no session was made: a stable code and a sentence.
struct SessionFailure: Error {
    let code: String
    let reason: String
}
