import Domain
import Logging
import NIOConcurrencyHelpers
import Settings
import Testing
import Transport

@testable import Adapters

/// A session of the adapter with a network, on stepped lanes, a clock that stands and a network that does what the test
/// says.
final class ConnectedStage {
    let workshop: Workshop
    let clock = ManualClock()
    let lanes: SteppedLanes
    let transport: ScriptedTransport
    let recorder = Recorder()
    let keeper = RecordingKeeper()
    let host: AdapterHost
    let session: AdapterSession
    let instrument: AdapterInstrument
    let ticks = NIOLockedValueBox<[Quote]>([])
    private var nextID: UInt64 = 0

    static let apiSecret = "s3cr3t-of-the-application"  // not-a-secret
    static let accessToken = "t0ken-of-the-day"
    static let requestToken = "r3quest-of-the-login"

    init(
        _ flags: [String] = [], manifest: String = "", config: String = "{}", connection: AccountConnection? = nil,
        kept: [KeptSecret] = [], isLoggedIn: Bool = true,
        logger: Logger? = nil
    ) throws {
        workshop = try Workshop()
        try workshop.install("connected", "connected", flags)
        try workshop.manifest("connected", manifest)
        let (lanes, clock) = (SteppedLanes(clock: clock), clock)
        self.lanes = lanes
        let transport = ScriptedTransport { Moment(monotonic: clock.monotonic(), wall: clock.wall().nanoseconds) }
        self.transport = transport
        host = workshop.host(
            environment: LaneEnvironment(clock: clock, random: SeededLaneRandom(seed: 7)) { _ in lanes }, logger: logger
        )
        try host.load()
        keeper.put(kept)
        let way = connection ?? Self.connection()
        let made = host.makeSessions(
            for: [Self.account(config: config)],
            services: SessionServices(
                transport: transport, secretKeeper: keeper, connection: { _ in way },
                publishTicks: { [ticks] quotes in ticks.withLockedValue { $0 += quotes.map(\.quote) } }),
            delegate: recorder)
        try #require(made.refusals.isEmpty, "\(made.refusals)")
        session = try #require(made.sessions.first)
        instrument = try session.prepare(
            InstrumentRecord(
                id: InstrumentID("NSE:EQ:RELIANCE"), currency: #require(Currency("INR")),
                tickSize: #require(ExactDecimal("0.05")), source: "test"), index: InstrumentIndex(0))
        _ = session.open()
        lanes.runUntilIdle()
        if isLoggedIn, session.status.state == .challenge { try logIn() }
    }

    static func connection(endpoints: [String: String] = [:]) -> AccountConnection {
        AccountConnection(
            endpoints: endpoints,
            secrets: ["api_key": Secret(Array("key-of-the-app".utf8)), "api_secret": Secret(Array(apiSecret.utf8))])
    }

    static func account(config: String = "{}", id: String = "C0", login: String = "login") -> Account {
        var account = Account(
            id: AccountID(unchecked: id), adapter: AdapterID("connected") ?? noAdapter, login: login,
            currency: Currency(packed: 0x494E52))
        account.config = config
        return account
    }
    private static var noAdapter: AdapterID { preconditionFailure("the id is well formed") }

    /// Answers the challenge and the broker's side of it.
    func logIn() throws {
        session.answer(
            ChallengeReply(challenge: "login", fields: ["request_token": Secret(Array(Self.requestToken.utf8))])
        ) { _ in }
        lanes.runUntilIdle()
        let pending = try #require(transport.requests.last)
        pending.write()
        pending.answer(200, #"{"status":"success","data":{"access_token":"\#(Self.accessToken)","user":"U1"}}"#)
        lanes.runUntilIdle()
        recorder.clear()
    }

    /// A further session of the same adapter, which finds the login that was kept.
    func another(_ account: Account, role: SessionRole) throws -> AdapterSession {
        let made = host.makeSessions(
            for: [account], role: role,
            services: SessionServices(
                transport: transport, secretKeeper: keeper, connection: { _ in Self.connection() }),
            delegate: recorder)
        try #require(made.refusals.isEmpty, "\(made.refusals)")
        let session = try #require(made.sessions.first)
        _ = session.open()
        lanes.runUntilIdle()
        try #require(session.status.state == .ready)
        return session
    }

    @discardableResult
    func submit(_ run: String, deadline: Int64? = nil, to other: AdapterSession? = nil) throws -> UInt64 {
        nextID += 1
        let order = SubmitCommand(
            id: nextID, accountIndex: 0, side: .buy, orderType: .limit, product: .intraday, timeInForce: .day,
            clientOrderID: ClientOrderID(prefix: 1, sequence: nextID), runText: run, instrument: instrument,
            quantity: 10, price: ExactDecimal(mantissa: 250_005, exponent: -2), deadline: deadline)
        try #require((other ?? session).submit(order) == .taken)
        lanes.runUntilIdle()
        return nextID
    }

    func after(milliseconds: Int64) {
        clock.advance(by: milliseconds * 1_000_000)
        lanes.runUntilIdle()
    }

    /// Asks by name; the answer is in the box once the lanes have run.
    func call(_ name: String, _ arguments: String = "{}") -> NIOLockedValueBox<Result<String, QueryFailure>?> {
        let box = NIOLockedValueBox<Result<String, QueryFailure>?>(nil)
        session.vendorCall(name, arguments: arguments, accountIndex: 0) { result in box.withLockedValue { $0 = result }
        }
        lanes.runUntilIdle()
        return box
    }

    func said(_ name: String) -> Int64? { session.health.metrics[name]?.value }
}

/// Keeps secrets in memory and says what it was given.
final class RecordingKeeper: SecretKeeper {
    private let box = NIOLockedValueBox<[KeptSecret]>([])
    func put(_ secrets: [KeptSecret]) { box.withLockedValue { $0 = secrets } }
    var secrets: [KeptSecret] { box.withLockedValue { $0 } }

    func kept(_ adapter: AdapterID, _ account: AccountID, now: Timestamp) throws -> [KeptSecret] {
        secrets.filter { ($0.expiresAt ?? Timestamp(nanoseconds: .max)) > now }
    }
    func keep(_ secret: KeptSecret, _ adapter: AdapterID, _ account: AccountID) {
        box.withLockedValue {
            $0.removeAll { $0.name == secret.name }
            $0.append(secret)
        }
    }
    func erase(_ name: String, _ adapter: AdapterID, _ account: AccountID) {
        box.withLockedValue { $0.removeAll { $0.name == name } }
    }
}
