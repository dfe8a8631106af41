public import AdapterKit
public import CSluice

/// The entry of an adapter library, as a test calls it.
public typealias AdapterEntry = (UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Int32

/// A host for an adapter's own unit tests: it makes one session through the real boundary, in C, plays what the test
/// says, and records what the adapter answers.
///
/// ```swift
/// let host = try ScriptedHost(Acme.self)
/// let sent = host.submit(order)
/// #expect(host.completion(of: sent)?.outcome == .accepted)
/// host.quote(instrument, bid: 99, ask: 100)
/// #expect(host.tradeUpdates.count == 1)
/// host.advance(nanoseconds: 60_000_000_000)  // fires the timers that are due
/// #expect(host.violations.isEmpty)
/// ```
///
/// Time stands still unless the test advances it, chance is a counter, keys and values are kept in memory (see
/// `store`), and whatever the adapter does against the contract is listed in `violations`. Not for use from several
/// threads at once.
public final class ScriptedHost {
    /// The wall clock and the monotonic one.
    public internal(set) var now: Timestamp
    /// Where the session says it stands.
    public internal(set) var state: SessionState?
    /// Every state report, oldest first.
    public internal(set) var states: [StateReport] = []
    /// Every completion, oldest first.
    public internal(set) var completions: [Completion] = []
    /// The rows of each command.
    public internal(set) var rows: [UInt64: Rows] = [:]
    /// Every news of an order, oldest first.
    public internal(set) var orderUpdates: [OrderUpdate] = []
    /// Every news of an execution, oldest first.
    public internal(set) var tradeUpdates: [TradeUpdate] = []
    /// Every log line, oldest first.
    public internal(set) var log: [LogLine] = []
    /// The last or summed value of each metric.
    public internal(set) var metrics: [String: Int64] = [:]
    /// The canonical ids of the instruments whose prices the adapter watches.
    public internal(set) var watched: Set<String> = []
    /// What the adapter did against the contract: host calls outside a lane call, stray completions, broken entities.
    public internal(set) var violations: [String] = []
    /// Commands that wait for their completion.
    public internal(set) var openTokens: Set<UInt64> = []
    /// Timers that wait, by their number.
    public internal(set) var timers: [UInt64: (due: Timestamp, tag: UInt64)] = [:]
    /// Keys and values, by account, class and key. Give it to the next host to play a restart.
    public var store: [StoreKey: [UInt8]]
    /// Requests that wait for the test's answer, oldest first.
    public internal(set) var requests: [SentRequest] = []
    /// Every request, oldest first.
    public internal(set) var everyRequest: [SentRequest] = []
    /// Every WebSocket and byte stream, oldest first.
    public internal(set) var streams: [OpenStream] = []
    /// Every frame, oldest first.
    public internal(set) var frames: [SentFrame] = []
    /// Every challenge, oldest first.
    public internal(set) var challenges: [RaisedChallenge] = []
    /// Every question, oldest first.
    public internal(set) var questions: [AskedQuestion] = []
    /// What the adapter said of rate buckets, oldest first.
    public internal(set) var rateNotes: [RateNote] = []
    /// Every price of a subscription, oldest first.
    public internal(set) var ticks: [Tick] = []
    /// What the host knows by the adapter's own names.
    public var instruments: [String: StoredInstrument] = [:]
    /// Makes an instrument of one unit a lot for an alias that `instruments` lacks, as a host that has read every list.
    public var knowsEveryAlias = false
    /// Makes the named host function fail, once, with a status: `failing["watch_prices"] = .notFound`.
    public var failing: [String: HostStatus] = [:]

    /// What the entry answered.
    public let module: UnsafePointer<sluice_module>

    var table: UnsafeMutablePointer<sluice_host>
    let services = ScriptedServices()
    let environment: SessionEnvironment
    let grants: SessionGrants
    /// The adapter's other half, where it talks to a broker.
    let connected: UnsafePointer<sluice_connected>?
    let connections: Cell?
    let accountCount: Int
    /// The rate buckets that the descriptor names.
    let buckets: Set<String>
    /// Keeps the bytes of chance for `random` and for templates.
    func nextChance() -> UInt8 {
        chance &+= 1
        return chance
    }
    var session: OpaquePointer?
    var scratch: Scratch
    var isInLane = false
    var lastToken: UInt64 = 0
    var lastTimer: UInt64 = 0
    var chance: UInt8 = 0
    var kinds: [UInt64: QueryKind] = [:]
    /// Vendor calls that were declared to change nothing, by token.
    var readingCalls: [UInt64: String] = [:]
    var lastQuotes: [String: TestQuote] = [:]
    var newlyWatched: [String] = []
    /// What `kv_get` handed out in this lane call.
    var lent: [UnsafeMutableRawPointer] = []
    var lentScratch = Scratch()

    /// Loads an adapter by its entry and makes a session; `open` is yours to call.
    public init(
        entry: AdapterEntry, accounts: [AccountOptions] = [AccountOptions(id: "A1", currency: "INR")],
        role: SessionRole = .trading, environment: SessionEnvironment = .sandbox, login: String = "L1",
        grants: SessionGrants = [], secrets: [String: String] = [:],
        store: [StoreKey: [UInt8]] = [:], now: Timestamp = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    ) throws(ScriptedHostError) {
        let module = try ScriptedHost.negotiate(entry)
        self.module = module
        let connected = ScriptedHost.connected(module)
        self.connected = connected
        connections = connected.flatMap { Cell(UnsafeRawPointer($0.pointee.describe(module))) }
        accountCount = accounts.count
        let described = Cell(UnsafeRawPointer(module.pointee.describe(module)))
        buckets = Set(
            described?.elements(SLUICE_AT_descriptor_rate_buckets).compactMap { $0.text(SLUICE_AT_rate_bucket_id) }
                ?? [])
        self.environment = environment
        self.grants = grants
        self.store = store
        self.now = now
        table = .allocate(capacity: 1)
        scratch = Scratch()
        fillTable()
        for (name, value) in secrets { setSecret(name, value) }
        try makeSession(accounts: accounts, role: role, environment: environment, login: login)
    }

    /// The same for an adapter type of this program.
    public convenience init<Adapter: BrokerAdapter>(
        _ type: Adapter.Type, accounts: [AccountOptions] = [AccountOptions(id: "A1", currency: "INR")],
        role: SessionRole = .trading, environment: SessionEnvironment = .sandbox, login: String = "L1",
        grants: SessionGrants = [], secrets: [String: String] = [:],
        store: [StoreKey: [UInt8]] = [:], now: Timestamp = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    ) throws(ScriptedHostError) {
        try self.init(
            entry: { adapterEntry(type, $0, $1) }, accounts: accounts, role: role, environment: environment,
            login: login, grants: grants, secrets: secrets, store: store, now: now)
    }

    deinit {
        destroy()
        scratch.free()
        lentScratch.free()
        table.deallocate()
    }

    static func negotiate(_ entry: AdapterEntry) throws(ScriptedHostError) -> UnsafePointer<sluice_module> {
        var hello = sluice_hello()
        hello.struct_size = UInt32(SLUICE_SIZE_hello)
        hello.mode = SLUICE_MODE_IN_PROCESS
        hello.magic = SLUICE_MAGIC
        hello.abi_minor_max = UInt32(SLUICE_ABI_MINOR)
        hello.vocabulary_min = 1
        hello.vocabulary_max = UInt32(SLUICE_VOCABULARY)
        var reply = sluice_reply()
        reply.struct_size = UInt32(SLUICE_SIZE_reply)
        let status = entry(&hello, &reply)
        guard status == SLUICE_OK, let module = reply.module else {
            throw ScriptedHostError(status: HostStatus(rawValue: status), text: text(reply.refusal_text) ?? "")
        }
        return module
    }

    /// The adapter's other half.
    static func connected(_ module: UnsafePointer<sluice_module>) -> UnsafePointer<sluice_connected>? {
        var id = SLUICE_CONNECTED
        let found = id.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                module.pointee.get_extension(module, sluice_str(ptr: $0.baseAddress, len: UInt64($0.count)))
            }
        }
        return found?.assumingMemoryBound(to: sluice_connected.self)
    }

    private func makeSession(
        accounts: [AccountOptions], role: SessionRole, environment: SessionEnvironment, login: String
    ) throws(ScriptedHostError) {
        var options = sluice_session_options()
        options.struct_size = UInt32(SLUICE_SIZE_session_options)
        options.role = role.rawValue
        options.environment = environment.rawValue
        options.login = scratch.text(login)
        options.grants = grants.rawValue
        let places = Array(accounts.enumerated())
        options.accounts = scratch.list(places, of: sluice_account(), size: SLUICE_SIZE_account) {
            scratch, place, entity in
            entity.index = UInt32(place.offset)
            entity.id = scratch.text(place.element.id)
            entity.currency = scratch.text(place.element.currency)
            entity.config = scratch.text(place.element.config)
        }
        var error = sluice_str()
        let status = module.pointee.session_create(module, table, &options, &session, &error)
        scratch.poison()
        guard status == SLUICE_OK, session != nil else {
            throw ScriptedHostError(status: HostStatus(rawValue: status), text: ScriptedHost.text(error) ?? "")
        }
    }

    static func text(_ view: sluice_str) -> String? {
        view.ptr.map {
            String(decoding: UnsafeRawBufferPointer(start: $0, count: Int(truncatingIfNeeded: view.len)), as: UTF8.self)
        }
    }
}

// MARK: - Lane calls

extension ScriptedHost {
    /// Runs one lane call by hand, for tests that break the contract on purpose. Returns what the adapter answered.
    @discardableResult
    public func lane(_ body: (UnsafePointer<sluice_session_functions>, OpaquePointer) -> Int32) -> Int32 {
        guard let session else { return SLUICE_ERR_STATE }
        precondition(!isInLane, "a lane call within a lane call")
        isInLane = true
        let status = body(module.pointee.session, session)
        isInLane = false
        endLaneCall()
        return status
    }

    private func endLaneCall() {
        for block in lent { block.deallocate() }
        lent.removeAll()
        lentScratch.reset()
        scratch.poison()
        // Where the host already has a price, an on_quote follows as soon as the call has returned.
        let pending = newlyWatched
        newlyWatched.removeAll()
        for instrument in pending {
            if let quote = lastQuotes[instrument] { deliver(quote) }
        }
    }

    /// Runs one command: its token is open from before the call until its completion.
    func command(
        _ body: (UnsafePointer<sluice_session_functions>, OpaquePointer, UInt64) -> Int32, kind: QueryKind? = nil
    ) -> Sent {
        let token = nextToken()
        kinds[token] = kind
        scratch.reset()
        let status = lane { functions, session in body(functions, session, token) }
        return settle(token, status)
    }

    func nextToken() -> UInt64 {
        lastToken += 1
        openTokens.insert(lastToken)
        return lastToken
    }

    /// A refused call means that there is no completion.
    func settle(_ token: UInt64, _ status: Int32) -> Sent {
        if status < 0, openTokens.remove(token) == nil { violations.append("refused and completed: token \(token)") }
        return Sent(token: token, status: HostStatus(rawValue: status))
    }

    /// Destroys the session. Nothing may come after it; called by itself when the host goes.
    public func destroy() {
        guard let session else { return }
        self.session = nil
        module.pointee.session.pointee.destroy(session)
    }
}
