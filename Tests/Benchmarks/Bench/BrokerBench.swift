import Adapters
import Dispatch
import Domain
import Glibc
import Logging
import LoopbackBroker
import NIOConcurrencyHelpers
import Settings
import Synchronization
import Transport

/// A network that makes each message, signature and all, and answers at once: what is left is the adapter and the host.
private final class InstantNetwork: Transport {
    private final class Flow: HTTPFlow { func consumed(_ parts: Int) {} }

    /// A stream that is open as soon as it was asked for.
    final class Link: SocketLink {
        let observer: any LinkObserver
        init(_ observer: any LinkObserver) { self.observer = observer }
        func send(_ frame: any FrameObserver) {
            let now = InstantNetwork.moment()
            _ = try? frame.makeFrame(now)
            frame.end(.done, written: now, done: now, text: nil)
        }
        func close(code: UInt16, reason: String) {}
        func consumed(_ frames: Int) {}
    }

    private static let placed = Array(#"{"status":"success","data":{"order_id":"151220000000000"}}"#.utf8)
    private static let empty = Array(#"{"status":"success","data":[]}"#.utf8)
    private let flow = Flow()
    let links = NIOLockedValueBox<[Link]>([])
    let bodyBytes = Atomic<Int>(0)

    static func moment() -> Moment {
        Moment(
            monotonic: SystemLaneClock.shared.monotonic(), wall: SystemLaneClock.shared.wall().nanoseconds)
    }

    var now: Moment { Self.moment() }

    func send(_ exchange: HTTPExchange, _ observer: any HTTPObserver) -> any HTTPFlow {
        let now = now
        guard let message = try? observer.makeMessage(now) else { return flow }
        var outcome = HTTPOutcome(.done, done: now)
        outcome.status = 200
        outcome.headers = [("content-type", "application/json")]
        outcome.body = message.method == "POST" ? Self.placed : Self.empty
        (outcome.written, outcome.firstByte) = (now, now)
        bodyBytes.add(message.body.count, ordering: .relaxed)
        observer.end(outcome)
        return flow
    }

    func open(_ link: LinkSpecification, _ observer: any LinkObserver) -> any SocketLink {
        let made = Link(observer)
        links.withLockedValue { $0.append(made) }
        _ = try? observer.makeUpgrade(now)
        observer.linkIs(.open, status: 0, reason: "")
        return made
    }
}

/// Hears how orders ended, and how long after they were due.
final class OrderDelegate: AdapterDelegate {
    let ready = Atomic<Int>(0)
    let accepted = Atomic<Int>(0)
    let other = Atomic<Int>(0)
    /// Of the last order: when its adapter was called, and when the completion came, on the session's clock.
    let dispatched = Atomic<Int64>(0)
    let acked = Atomic<Int64>(0)
    let late = NIOLockedValueBox<(samples: Samples, over: Int)>((Samples(), 0))
    /// When the order of each number was due; 0: not timed.
    let due: NIOLockedValueBox<[Int64]>

    init(orders: Int) { due = NIOLockedValueBox([Int64](repeating: 0, count: orders)) }

    func lane(_ session: AdapterSession, delivers batch: inout LaneBatch) {
        let now = Clock.now()
        for event in batch.events {
            switch event {
            case .session(let status) where status.state == .ready: ready.add(1, ordering: .releasing)
            case .submitted(let completion):
                dispatched.store(completion.times.dispatched, ordering: .relaxed)
                acked.store(completion.times.acked, ordering: .relaxed)
                let number = Int(completion.id)
                let instant = due.withLockedValue { number < $0.count ? $0[number] : 0 }
                if instant != 0 {
                    let took = now - instant
                    late.withLockedValue { late in
                        late.samples.add(took)
                        if took > 5_000_000 { late.over += 1 }
                    }
                }
                if completion.outcome == .accepted {
                    accepted.add(1, ordering: .releasing)
                } else {
                    other.add(1, ordering: .releasing)
                }
            default: break
            }
        }
    }
}

/// Sessions of the broker's library, as the gateway makes them, one an account.
final class BrokerRig {
    let directory: Scratch
    let host: AdapterHost
    let delegate: OrderDelegate
    private(set) var sessions: [AdapterSession] = []
    let instrument: AdapterInstrument
    let published = Atomic<Int>(0)
    private var next: UInt64 = 0

    init(
        accounts: Int, orders: Int, role: SessionRole = .trading, environment: LaneEnvironment,
        transport: any Transport, endpoint: String = "http://127.0.0.1:1", counter: Counter = Counter()
    ) throws {
        directory = try Scratch()
        host = try AdapterHost.loaded("zerodha", in: directory.path, data: directory.path, environment)
        guard let adapter = AdapterID("zerodha"), let currency = Currency("INR") else { throw BenchFailure("names") }
        let made = (0..<accounts).map { index in
            Account(
                id: AccountID(unchecked: "A\(index)"), adapter: adapter, currency: currency,
                config: role == .data ? "{}" : #"{"stream":false,"poll_seconds":300}"#)
        }
        delegate = OrderDelegate(orders: orders + 1)
        let stream = endpoint.replacing("http", with: "ws")
        let services = SessionServices(
            transport: transport,
            connection: { account in
                AccountConnection(
                    endpoints: ["rest": endpoint, "stream": stream],
                    secrets: [
                        "api_key": Secret(Array("key-\(account.id)-made-up".utf8)),
                        "api_secret": Secret(Array("made-up, not-a-secret".utf8)),
                        "access_token": Secret(Array("token-\(account.id)-made-up-not-a-secret".utf8)),
                    ])
            }, publishTicks: { counter.value.add($0.count, ordering: .relaxed) })
        let (sessions, refusals) = host.makeSessions(for: made, role: role, services: services, delegate: delegate)
        guard sessions.count == accounts, let first = sessions.first else {
            throw BenchFailure("\(sessions.count) sessions: \(refusals.first.map(\.description) ?? "")")
        }
        self.sessions = sessions
        instrument = try first.prepare(
            InstrumentRecord(
                id: try InstrumentID("NSE:EQ:INFY"), currency: currency,
                tickSize: ExactDecimal(mantissa: 5, exponent: -2) ?? 1, source: "bench"), index: InstrumentIndex(0),
            alias: "NSE:INFY", brokerData: Array("408065".utf8))
        for session in sessions { _ = session.open() }
    }

    final class Counter: Sendable { let value = Atomic<Int>(0) }

    func command(due: Int64 = 0) -> SubmitCommand {
        next += 1
        if due != 0 { delegate.due.withLockedValue { [next] in $0[Int(next)] = due } }
        return SubmitCommand(
            id: next, accountIndex: 0, side: .buy, orderType: .limit, product: .delivery, timeInForce: .day,
            clientOrderID: ClientOrderID(prefix: 7, sequence: next), runText: "r1", instrument: instrument,
            quantity: 10, price: 1_500)
    }
}

/// The way to a broker: an order to a signed request and its answer back, ticks from frames to prices, and a thousand
/// accounts at a server of this machine.
func measureBroker(_ bench: Bench) async throws {
    try measureRound(bench)
    try measureTicks(bench)
    // Benchmarks run on the event loops; what waits for sockets must not.
    try await withCheckedThrowingContinuation { continuation in
        DispatchQueue.global().async { continuation.resume(with: Result { try measureThousand(bench) }) }
    }
}

/// Orders go in bursts of eight an account, since the broker's own limit is ten a second; a pause of a second follows.
private func measureRound(_ bench: Bench) throws {
    let (accounts, burst, rounds) = (256, 8, bench.size(8, quick: 2))
    let stepped = SteppedLanes(clock: SystemLaneClock.shared)
    let network = InstantNetwork()
    let rig = try BrokerRig(
        accounts: accounts, orders: accounts * burst * rounds,
        environment: LaneEnvironment(clock: SystemLaneClock.shared, random: SystemLaneRandom.shared) { _ in stepped },
        transport: network)
    stepped.runUntilIdle()
    bench.expect(rig.delegate.ready.load(ordering: .acquiring) == accounts, "not every account is logged in")
    var samples = Samples(tenths: true)
    for round in 0..<rounds {
        for session in rig.sessions {
            let commands = (0..<burst).map { _ in rig.command() }
            let start = Clock.now()
            _ = session.submit(commands)
            stepped.runUntilIdle()
            if round > 0 { samples.add(Clock.now() - start, over: burst) }
        }
        usleep(1_000_000)
    }
    let total = accounts * burst * rounds
    bench.expect(
        rig.delegate.accepted.load(ordering: .acquiring) == total,
        "\(rig.delegate.accepted.load(ordering: .acquiring)) of \(total) orders were accepted")
    bench.report(
        Row(
            "order to signed request, and its answer to a completion", samples, budget: 5_000,
            floor: "lane: submit to delegate, an order of 200, one thread",
            note: "the whole way through the lane, \(burst) orders a turn"))
}

/// Frames of a hundred packets with five levels a side, as the broker sends them in full mode.
private func measureTicks(_ bench: Bench) throws {
    let stepped = SteppedLanes(clock: SystemLaneClock.shared)
    let network = InstantNetwork()
    let counter = BrokerRig.Counter()
    let rig = try BrokerRig(
        accounts: 1, orders: 0, role: .data,
        environment: LaneEnvironment(clock: SystemLaneClock.shared, random: SystemLaneRandom.shared) { _ in stepped },
        transport: network, counter: counter)
    stepped.runUntilIdle()
    guard let link = network.links.withLockedValue({ $0.first }), let session = rig.sessions.first else {
        throw BenchFailure("no stream was opened")
    }
    let isSubscribed = Atomic<Bool>(false)
    session.subscribe([rig.instrument], mode: 3) { result in
        if case .success = result { isSubscribed.store(true, ordering: .releasing) }
    }
    stepped.runUntilIdle()
    bench.expect(isSubscribed.load(ordering: .acquiring), "the instrument is not subscribed")
    for (name, length, budget) in [("last", 8, Int64(300_000)), ("full", 184, 300_000)] {
        let frame = tickFrame(packets: 100, length: length)
        let before = counter.value.load(ordering: .relaxed)
        let frames = bench.size(5_000, quick: 50)
        let start = Clock.now()
        for _ in 0..<(frames / 10) {
            for _ in 0..<10 { link.observer.linkReceived(.binary, frame) }
            stepped.runUntilIdle()
        }
        let took = Clock.now() - start
        let ticks = counter.value.load(ordering: .relaxed) - before
        bench.expect(ticks == frames / 10 * 1_000, "\(ticks) ticks of \(frames / 10 * 1_000) came up")
        bench.report(
            Row(
                "ticks of mode \(name), frame to published price, one lane", .perSecond,
                thousandths: Int64(Int128(ticks) * 1_000_000_000_000 / Int128(max(1, took))), budget: budget * 1_000))
    }
}

/// A frame of equal packets: token 408065, prices that are not zero.
private func tickFrame(packets: Int, length: Int) -> [UInt8] {
    var frame: [UInt8] = [UInt8(packets >> 8), UInt8(packets & 255)]
    for number in 0..<packets {
        frame += [UInt8(length >> 8), UInt8(length & 255), 0, 6, 0x3a, 1]
        for place in 4..<length { frame.append(place % 4 == 3 ? UInt8(1 + number % 200) : place % 4 == 2 ? 100 : 0) }
    }
    return frame
}

/// Each account places an order three times a second, at its own instants; late is what is answered over 5 ms after it was
/// due. The server is in this program and shares its cores.
private func measureThousand(_ bench: Bench) throws {
    let (accounts, seconds) = (bench.size(1_000, quick: 50), bench.size(10, quick: 1))
    let server = try LoopbackBroker { request, _ in
        request.method == "POST"
            ? .json(#"{"status":"success","data":{"order_id":"151220000000000"}}"#)
            : .json(#"{"status":"success","data":[]}"#)
    }
    defer { server.stop() }
    let total = accounts * 3 * seconds
    let rig = try BrokerRig(
        accounts: accounts, orders: total, environment: .threads(), transport: NetworkTransport.shared,
        endpoint: server.http)
    let end = Clock.now() + 60_000_000_000
    while rig.delegate.ready.load(ordering: .acquiring) < accounts {
        guard Clock.now() < end else { throw BenchFailure("not every account is logged in after a minute") }
        usleep(1_000)
    }
    usleep(500_000)
    let start = Clock.now() + 10_000_000
    for number in 0..<total {
        let due = start + Int64(number) * 1_000_000_000 / Int64(accounts * 3)
        let pause = due - Clock.now()
        if pause > 60_000 { usleep(UInt32(pause / 1_000 - 50)) }
        while Clock.now() < due {}
        _ = rig.sessions[number % accounts].submit([rig.command(due: due)])
    }
    while rig.delegate.accepted.load(ordering: .acquiring) + rig.delegate.other.load(ordering: .acquiring) < total {
        guard Clock.now() < end + Int64(seconds) * 1_000_000_000 else { break }
        usleep(1_000)
    }
    bench.expect(
        rig.delegate.accepted.load(ordering: .acquiring) == total,
        "\(rig.delegate.accepted.load(ordering: .acquiring)) of \(total) orders were accepted")
    let (samples, over) = rig.delegate.late.withLockedValue { $0 }
    bench.report(
        Row("\(accounts) accounts, 3 orders a second each: due to completion", samples, note: "\(total) orders"))
    bench.report(
        Row(
            "answered more than 5 ms late, of a thousand", .count,
            thousandths: Int64(over) * 1_000_000 / Int64(max(1, total)), budget: 100_000))
}
