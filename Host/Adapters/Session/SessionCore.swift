import CHost
import CSluice
import Domain
import Logging
import NIOConcurrencyHelpers

/// Everything of a session that only its lane touches: the adapter's handle, open commands, timers, key-value memory,
/// and the events of the turn under way.
///
/// Not `Sendable`: `AdapterSession` holds it and lets only the turn that the scheduler has begun near it.
final class SessionCore {
    // What it is made of, fixed.
    let adapter: LoadedAdapter
    let calls: SessionCalls
    let shared: SessionShared
    let clock: any LaneClock
    let randomSource: any LaneRandom
    let services: SessionServices
    let reader: ReportReader
    let logger: Logger
    let scratch = CallScratch()
    let hardBudget: Int64
    let maximumInFlight: Int
    let statusBox: NIOLockedValueBox<SessionStatus>
    let inbox: LaneInbox
    unowned let session: AdapterSession

    // What changes, on the lane alone. Where the run-time check of exclusive access is left out, its cost would be half of
    // a call's; no access is under way while the adapter runs, so none can overlap with those of the host functions.
    @exclusivity(unchecked) var handle: OpaquePointer?
    @exclusivity(unchecked) var tokens = TokenTable()
    @exclusivity(unchecked) var ended = EndedCommands()
    @exclusivity(unchecked) var deadlines = MinimumHeap<TimerQueue.Due>()
    @exclusivity(unchecked) var timers = TimerQueue()
    var keyValues: [KeyValueMemory]
    @exclusivity(unchecked) var status: SessionStatus
    @exclusivity(unchecked) var events: [LaneEvent] = []
    /// Reads that ended in this turn: told after the batch, so that reports are never overtaken.
    @exclusivity(unchecked) var endedQueries: [(operation: QueryOperation, failure: QueryFailure?)] = []
    @exclusivity(unchecked) var endedCalls: [(call: ServiceCall, result: Result<String, QueryFailure>)] = []
    @exclusivity(unchecked) var endedRequests: [(request: LifecycleRequest, failure: QueryFailure?)] = []
    /// Further pages to ask for once the current call has returned.
    @exclusivity(unchecked) var nextPages: [(operation: QueryOperation, cursor: String, queued: Int64)] = []
    var openRequests: [UInt64: LifecycleRequest] = [:]
    var watched: [InstrumentIndex: PinnedBytes] = [:]
    @exclusivity(unchecked) var snapshots: [Quote] = []
    @exclusivity(unchecked) var snapshotInstruments: [InstrumentIndex] = []
    @exclusivity(unchecked) var metrics: [String: AdapterMetric] = [:]
    var logBudget: LogBudget
    @exclusivity(unchecked) var counters = AdapterCounters()
    /// Views handed out by `kv_get`, kept until the call returns.
    @exclusivity(unchecked) var views: [PinnedBytes] = []
    /// The wall clock of the call under way; read when it is first asked for.
    @exclusivity(unchecked) var frozenWall: Int64?
    /// Entry time of the next call: the exit time of the last one, or the turn's start.
    @exclusivity(unchecked) var instant: Int64 = 0
    /// The turn's start, and the wall clock then or later in the turn; read when it is first asked for.
    @exclusivity(unchecked) var turnStart: Int64 = 0
    @exclusivity(unchecked) var wallOfTurn: Int64?
    /// The turn in which the limits were told how far the clocks are apart, by its start.
    @exclusivity(unchecked) var clocksComparedIn: Int64 = .min
    /// What of the network and of prices lay in the inbox when it was last looked at. What comes later is found at the
    /// turn's end, which makes it another turn.
    @exclusivity(unchecked) var arrivalCount = 0
    @exclusivity(unchecked) var hasPrices = false
    @exclusivity(unchecked) var closing: Closing?
    /// `nil`: the adapter has no network.
    @exclusivity(unchecked) var network: SessionNetwork?
    @exclusivity(unchecked) var hasEnded = false
    /// Entries taken from the inbox for this turn.
    @exclusivity(unchecked) var taken: [Inbox.Entry] = []
    var nextQueueScan: Int64 = 0
    /// `nil`: the adapter has no rate limit that a lane counts.
    let flow: SessionFlow?
    /// Whether a command may wait in one of its buckets.
    @exclusivity(unchecked) var flowHasWaiting = false
    @exclusivity(unchecked) var breaker: CircuitBreaker
    /// When further pages that found no unit are asked for again; `Int64.max` = none waits.
    @exclusivity(unchecked) var pagesWait: Int64 = .max
    /// Whether `health` shows anything of the breaker that may be outdated.
    @exclusivity(unchecked) var showsCircuit = false
    @exclusivity(unchecked) var nextCircuitShow: Int64 = .min

    struct Closing {
        var deadline: Int64
        var token: UInt64?
    }

    init(
        session: AdapterSession, adapter: LoadedAdapter, calls: SessionCalls, shared: SessionShared, inbox: LaneInbox,
        accounts: [Account],
        environment: LaneEnvironment, services: SessionServices, keyValues: [KeyValueMemory],
        statusBox: NIOLockedValueBox<SessionStatus>, logger: Logger
    ) {
        (self.session, self.adapter, self.shared, self.inbox) = (session, adapter, shared, inbox)
        self.services = services
        (self.calls, clock, randomSource) = (calls, environment.clock, environment.random)
        reader = ReportReader(accounts: accounts)
        (self.keyValues, self.statusBox, self.logger) = (keyValues, statusBox, logger)
        hardBudget = Int64(adapter.limits.callMilliseconds) * 1_000_000
        maximumInFlight = adapter.maximumInFlight
        logBudget = LogBudget(linesPerSecond: adapter.limits.logLinesPerSecond)
        flow = SessionFlow(
            adapter.description.rateBuckets, commandBound: services.commandBound, shared: services.sharedLimits,
            login: "\(session.id.login)/\(session.id.environment.rawName)", wake: { [weak session] in session?.wake() })
        let capabilities = adapter.description.capabilities
        breaker = CircuitBreaker(
            services.circuit, hasReadProbe: Self.probeReads.contains(where: capabilities.contains))
        status = statusBox.withLockedValue { $0 }
        events.reserveCapacity(64)
    }

    static let softBudget: Int64 = 2_000_000

    // MARK: - Calling the adapter

    /// One lane call: timed, marked on the thread, its scratch memory and views dropped after it.
    @inline(__always)
    func call<Result>(_ function: LaneFunction, _ body: (OpaquePointer?) -> Result) -> Result {
        shared.store(.callFunction, UInt64(function.rawValue))
        shared.store(.callEntered, UInt64(bitPattern: instant))
        chost_lane_enter(shared.table, Unmanaged.passUnretained(self).toOpaque())
        let result = body(handle)
        chost_lane_leave()
        shared.store(.callFunction, 0)
        afterCall()
        return result
    }

    @inline(__always)
    private func afterCall() {
        let exit = clock.monotonic()
        let duration = exit &- instant
        instant = exit
        counters.calls &+= 1
        if duration > counters.longestCallNanoseconds { counters.longestCallNanoseconds = duration }
        if duration > Self.softBudget { noteSlowCall(duration) }
        frozenWall = nil
        scratch.reset()
        if !views.isEmpty { views.removeAll(keepingCapacity: true) }
    }

    @inline(never)
    private func noteSlowCall(_ duration: Int64) {
        counters.slowCalls &+= 1
        guard duration > hardBudget else { return }
        counters.overrunCalls &+= 1
        logger.warning(
            "Adapter call over its budget",
            metadata: ["duration.us": "\(duration / 1000)", "budget.ms": "\(hardBudget / 1_000_000)"])
    }

    // MARK: - What is said about the adapter

    /// Counts an argument that breaks the contract, and says which.
    @inline(never)
    func breach(_ function: StaticString, _ breach: ContractBreach) -> sluice_status {
        counters.breaches &+= 1
        if logBudget.take(now: clock.monotonic()) {
            logger.warning(
                "Adapter broke its contract",
                metadata: ["call": "\(function)", "field": "\(breach.field)", "reason": "\(breach.reason)"])
        } else {
            counters.droppedLogLines &+= 1
        }
        if counters.breaches >= Bounds.breachesUntilPoisoned {
            poison("it broke its contract \(counters.breaches) times; the last: \(function): \(breach)")
        }
        return SLUICE_ERR_INVALID
    }

    @inline(never)
    func quota(_ what: StaticString, _ bound: Int) -> sluice_status {
        counters.quotaRefusals &+= 1
        if logBudget.take(now: clock.monotonic()) {
            logger.warning("Adapter reached a bound", metadata: ["what": "\(what)", "bound": "\(bound)"])
        } else {
            counters.droppedLogLines &+= 1
        }
        return SLUICE_ERR_QUOTA
    }

    /// From now on the adapter gets no new orders; what reduces risk or only reads goes on.
    func poison(_ reason: String) {
        guard status.poisonReason == nil else { return }
        status.poisonReason = reason
        publishStatus()
        events.append(.poisoned(reason))
        logger.error("Adapter poisoned", metadata: ["reason": "\(reason)"])
    }

    func publishStatus() {
        statusBox.withLockedValue { [status] in $0 = status }
    }

    func setState(_ state: SessionState, expiresAt: Timestamp? = nil, error: AdapterError? = nil) {
        // What a login offers holds until another begins.
        let document = state == .ready || state == .degraded ? status.capabilityDocument : nil
        status = SessionStatus(
            state: state, expiresAt: expiresAt, error: error, since: clock.wall(), capabilityDocument: document,
            poisonReason: status.poisonReason)
        publishStatus()
        if state == .ready { breaker.loggedIn(now: instant) }
        events.append(.session(status))
    }
}

/// How many log lines may still be written: a bucket of twice a second's worth.
struct LogBudget {
    private let linesPerSecond: Int64
    private var credit: Int64
    private var filled: Int64?

    init(linesPerSecond: Int) {
        self.linesPerSecond = Int64(linesPerSecond)
        credit = Int64(linesPerSecond) * 2 * 1_000_000_000
    }

    /// `false`: the line is to be dropped.
    mutating func take(now: Int64) -> Bool {
        let full = linesPerSecond * 2 * 1_000_000_000
        if let filled, now > filled {
            let elapsed = min(now - filled, 2_000_000_000)
            credit = min(full, credit + elapsed * linesPerSecond)
        }
        filled = now
        guard credit >= 1_000_000_000 else { return false }
        credit -= 1_000_000_000
        return true
    }
}
