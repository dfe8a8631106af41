package import Adapters
import Domain
import Engine
import Faults
package import Logging
import NIOConcurrencyHelpers
import Prices
package import Store
package import Telemetry

/// The running pipeline: admission, commit, dispatch, reports, recovery (DESIGN.md §2, §3).
///
/// A pump: every stage is a synchronous step (`admit`, `commitStep`, `dispatchStep`, `lane`, `tick`) over protocols for
/// time, storage and lanes. `GatewayThreads` drives them in production; a simulation drives the very same steps.
///
/// One lock guards all decisions and is held for one step at a time, never across a call into an adapter, a callback, the
/// disk or an `await`. The order in which steps take it is the journal's order.
package final class Gateway: Sendable {
    package struct Options: Sendable {
        /// How often funds of a ready account are asked for, nanoseconds.
        package var fundsInterval: Int64 = 5_000_000_000
        /// How often holdings are asked for where limits look at them, nanoseconds.
        package var holdingsInterval: Int64 = 60_000_000_000
        /// How long an order whose end was reported waits for missing executions, nanoseconds.
        package var executionGap: Int64 = 5_000_000_000
        /// How long a command may stay unanswered before its outcome counts as unknown, nanoseconds.
        package var commandDeadline: Int64 = 10_000_000_000
        /// Look-ups that must all say "absent" before it is believed.
        package var proofsOfAbsence = 2
        /// How long after the start the trading day may wait for prices of what is held, nanoseconds.
        package var priceGrace: Int64 = 60_000_000_000
        /// Requests that wait for the disk at once; more are told to come back.
        package var maximumWaiting = 10_000
        /// Whether the store is read on the caller's thread instead of a pool's: a simulation has one thread.
        package var readsOnCaller = false
        /// Pause before the first repetition of what failed (a cancel, a question for funds), nanoseconds; doubles each time.
        package var firstRetry: Int64 = 250_000_000
        /// Longest pause between two repetitions, nanoseconds.
        package var longestRetry: Int64 = 30_000_000_000
        /// The same between two cancels of one order, which is to be gone: throttling is what the broker's own advice is for.
        package var longestCancelRetry: Int64 = 2_000_000_000
        /// A broker's own retry advice is followed up to this, nanoseconds.
        package var longestAdvice: Int64 = 600_000_000_000
        package var reconciliation = ReconciliationPolicy()
        /// How accounts reach their brokers, and what keeps their secrets.
        package var network = NetworkAccess()
        package init() {}
    }

    package let storage: any JournalStorage
    package let clock: any LaneClock
    package let options: Options
    package let logger: Logger
    package let hub = EventHub()
    /// Where steps leave what happened, for telemetry.
    package let capture: Capture
    /// Results of trading days that have ended, for telemetry to take and for snapshots.
    let closedDays = NIOLockedValueBox(ClosedDays())
    package let market: MarketData
    /// Held while commands go from the outbound queue to lanes, and while a halt takes effect: what a halt does not find
    /// in the queue is in a lane, where it can be taken back. Giving a command to a lane never calls an adapter.
    let dispatchLock = NIOLock()
    let state: NIOLockedValueBox<State>
    /// Reads after what is durable; `nil` where the storage keeps no chain.
    package let auditor: BackgroundAuditor?
    /// Prices that accounts stream; `nil` = none do.
    let feeds = NIOLockedValueBox<PriceFeeds?>(nil)
    /// Raised when a batch wants to be committed.
    let commitSignal = WakeSignal()

    /// Everything behind the lock.
    struct State {
        var engine: Engine
        var pending = Batch()
        /// Number that the pending batch's record will have.
        var pendingSequence: UInt64
        var durableSequence: UInt64
        var serving = Serving.starting
        var keys = KeyMemory()
        var outbound = OutboundQueue()
        var sessions: [AccountID: SessionPlace] = [:]
        /// Why accounts have no session, where making one failed.
        var sessionRefusals: [AccountID: String] = [:]
        var reopenings: [SessionID: Reopening] = [:]
        var preparedInstruments: [PreparedKey: AdapterInstrument] = [:]
        var runWaiters: [RunID: [RunWaiter]] = [:]
        var lookups: [OrderPlace: LookupState] = [:]
        /// When the wait for an order's missing executions is over, monotonic.
        var gaps: [OrderPlace: Int64] = [:]
        /// Cancels that have left and whose order has not ended.
        var cancels: [OrderPlace: Retry] = [:]
        /// Modifies whose fate is open.
        var replaces: [OrderPlace: ReplaceCheck] = [:]
        /// Orders of which the broker counts more than executions are known for.
        var missing: [OrderPlace: MissingExecutions] = [:]
        var reconciliations: [AccountID: AccountReconciliation] = [:]
        /// When due comparisons are looked for next.
        var reconciliationsDue = Timestamp(nanoseconds: .min)
        /// When a session said something last.
        var newsOfSessions: [ObjectIdentifier: Timestamp] = [:]
        /// When an execution of an account was booked last.
        var executedAt: [AccountID: Timestamp] = [:]
        /// Funds that could not be read, in a row, by account.
        var fundsFailures: [AccountID: Int] = [:]
        var unwound: Set<RunID> = []
        var fundsDue: [AccountID: Timestamp] = [:]
        var holdingsDue: [AccountID: Timestamp] = [:]
        /// Scopes that a rule stopped while the dispatcher may have had orders of them in its hands.
        var stopped: [(scope: Scope, status: TradingStatus)] = []
        /// When the keys that promise a heartbeat were heard last.
        var heard: [String: Timestamp] = [:]
        var squareOffProgress: [SquareOffPlace: SquareOffProgress] = [:]
        var preflight: PreflightReport?
        /// A replay of the journal is under way: explaining a past run, or simulating.
        var isReplaying = false
        /// When square-offs are looked at next.
        var squareOffDue = Timestamp(nanoseconds: .min)
        var sendRates: [SendScope: SlidingLog] = [:]
        var waiting = 0
        /// Adapters whose instruments were asked for.
        var refreshes: [AdapterID: InstrumentRefresh] = [:]
        /// When refreshes are looked for next.
        var refreshesDue = Timestamp(nanoseconds: .min)
        var startedAt = Timestamp(nanoseconds: .min)
        var adapters: AdapterHost?
        /// When orders past their parent's deadline are looked for in lanes next.
        var lateDue = Timestamp(nanoseconds: .min)
        /// The chain of records is being walked.
        var isVerifying = false
        /// When unanswered orders are looked for next.
        var overdueDue = Timestamp(nanoseconds: .min)

        /// When a session said something last; long ago where it never did.
        func heard(_ session: AdapterSession) -> Timestamp {
            newsOfSessions[ObjectIdentifier(session)] ?? Timestamp(nanoseconds: .min)
        }
    }

    enum Serving: Sendable {
        case starting
        case running
        case stopping
        /// The disk failed: nothing is admitted until a restart.
        case failed(StoreFailure)
    }

    struct SessionPlace {
        let session: AdapterSession
        let index: Int32
    }

    struct PreparedKey: Hashable {
        let adapter: AdapterID
        let instrument: Int32
    }

    enum SendScope: Hashable {
        case account(AccountID, Int)
        case adapter(AdapterID, Int)
        case group(GroupID, Int)
        case strategy(String, Int)
        case firm(Int)
    }

    struct RunWaiter {
        let level: WaitLevel
        let deadline: Timestamp
        let resume: @Sendable () -> Void
    }

    struct LookupState {
        var absences = 0
        /// Monotonic: a wall clock that is set must not shorten the wait for what becomes visible late.
        var notBefore: Int64
        var isAsked = false
        /// Look-ups in a row that told nothing.
        var attempts = 0
        /// It is to tell what became of a modify, too.
        var settlesReplace = false
    }

    /// When a session that ended is opened again.
    struct Reopening {
        var attempts = 0
        /// `nil` = it was asked to, and is on its way.
        var notBefore: Timestamp?
    }

    /// Opens a gateway over a store: rebuilds the state from the journal. Sessions are opened by `start`.
    package init(
        storage: any JournalStorage, clock: any LaneClock, market: MarketData, clientOrderIDPrefix: UInt64,
        capture: Capture = Capture(), options: Options = Options(), logger: Logger
    ) throws {
        (self.storage, self.clock, self.market, self.options) = (storage, clock, market, options)
        (self.capture, self.logger) = (capture, logger)
        var (fold, start) = try Self.resume(storage, clientOrderIDPrefix, logger)
        try storage.forEachRecord(from: start) { record in
            for event in try JournalCoder.events(record) { fold.apply(event, at: record.recordedAt) }
        }
        fold.engine.renewMargins()
        closedDays.withLockedValue { $0 = fold.days }
        let last = storage.lastSequence
        auditor = try (storage as? Store).map { store in
            BackgroundAuditor(
                store: store, fold: fold, anchor: try store.chainAnchor(of: last) ?? .beginning, logger: logger)
        }
        // The auditor holds the same tables: copied now, not when the first order comes.
        fold.engine.detach()
        state = NIOLockedValueBox(State(engine: fold.engine, pendingSequence: last + 1, durableSequence: last))
        state.withLockedValue { $0.keys.isComplete = last == 0 }
        FaultPoint.hit(.startReplayed)
    }

    /// Applies an event and puts it into the pending batch. Under the lock.
    func emit(_ event: Event, _ state: inout State) {
        let anomalies = state.engine.anomalies
        if case .dayOpened(let opening) = event { noteDay(opening, state.engine) }
        state.engine.apply(event)
        record(event, &state)
        if state.engine.anomalies != anomalies { tell(anomalyAfter: event, &state) }
    }

    /// Puts an event into the batch whose effect the engine's state has already.
    func record(_ event: Event, _ state: inout State) {
        if capture.isOn { captured(event, state.engine) }
        // Before what follows from it: the journal's order is that in which state changed.
        state.pending.events.append(event)
        if !event.isNote { state.pending.isUrgent = true }
        if let run = event.run {
            state.pending.touched.insert(run)
            // Whatever ends the last leg of a failed run, its unwind follows.
            if case .runAdmitted = event {} else { settleUnwind(run, clock.wall(), &state) }
        }
    }

    /// Runs a step under the lock and wakes the journal if it left something to commit.
    func step<Result>(_ body: (inout State) throws -> Result) rethrows -> Result {
        let (result, isUrgent) = try state.withLockedValue { state in
            let result = try body(&state)
            return (result, state.pending.isUrgent)
        }
        if isUrgent { commitSignal.raise() }
        return result
    }

    func checkServing(_ state: borrowing State) throws(GatewayError) {
        switch state.serving {
        case .running: return
        case .starting: throw .notServing("the gateway is starting")
        case .stopping: throw .notServing("the gateway is stopping")
        case .failed(let failure): throw .store(failure)
        }
    }

    package var isServing: Bool {
        state.withLockedValue { if case .running = $0.serving { true } else { false } }
    }
}

/// The journal's record format between Engine's events and Store's bytes.
enum JournalCoder {
    static func events(_ record: StoredRecord) throws -> [Event] {
        try RecordCodec.decode(record.bytes).events
    }
}
