import Adapters
import Domain
import Glibc
import Logging
import Synchronization

/// Counts what comes up from a lane.
final class CountingDelegate: AdapterDelegate {
    let accepted = Atomic<Int>(0)
    let filled = Atomic<Int>(0)
    let isReady = Atomic<Bool>(false)

    func lane(_ session: AdapterSession, delivers batch: inout LaneBatch) {
        var (accepts, fills) = (0, 0)
        for event in batch.events {
            switch event {
            case .submitted(let completion) where completion.outcome == .accepted: accepts += 1
            case .execution: fills += 1
            case .session(let status) where status.state == .ready: isReady.store(true, ordering: .releasing)
            default: break
            }
        }
        accepted.add(accepts, ordering: .releasing)
        filled.add(fills, ordering: .releasing)
    }
}

/// One instrument and no price until the bench delivers one.
private final class OneInstrument: PriceSource {
    func resolve(_ id: InstrumentID) -> InstrumentIndex? { InstrumentIndex(0) }
    func snapshot(_ instrument: InstrumentIndex) -> Quote? { nil }
    func watch(_ instrument: InstrumentIndex, for session: AdapterSession) {}
    func unwatch(_ instrument: InstrumentIndex, for session: AdapterSession) {}
}

/// One session of the C template, loaded from its library as the gateway loads it.
private final class LaneRig {
    let directory: Scratch
    let host: AdapterHost
    let session: AdapterSession
    let delegate = CountingDelegate()
    let instrument: AdapterInstrument
    private let prices = OneInstrument()
    private let symbol: InstrumentID
    private var next: UInt64 = 1

    init(_ environment: LaneEnvironment) throws {
        directory = try Scratch()
        host = try AdapterHost.loaded("minimal", in: directory.path, data: directory.path, environment)
        guard let adapter = AdapterID("minimal"), let currency = Currency("USD") else { throw BenchFailure("names") }
        let account = Account(
            id: AccountID(unchecked: "A"), adapter: adapter, environment: .sandbox, currency: currency)
        let (sessions, refusals) = host.makeSessions(
            for: [account], services: SessionServices(prices: prices), delegate: delegate)
        guard let session = sessions.first else { throw BenchFailure("no session: \(refusals)") }
        self.session = session
        symbol = try InstrumentID("US:EQ:ACME")
        instrument = try session.prepare(
            InstrumentRecord(
                id: symbol, currency: currency, tickSize: ExactDecimal(mantissa: 1, exponent: -2) ?? 1, source: "bench"),
            index: InstrumentIndex(0), alias: nil, brokerData: nil)
        _ = session.open()
    }

    func commands(_ count: Int) -> [SubmitCommand] {
        (0..<count).map { _ in
            next += 1
            return SubmitCommand(
                id: next, accountIndex: 0, side: .buy, orderType: .limit, product: .intraday, timeInForce: .day,
                clientOrderID: ClientOrderID(prefix: 7, sequence: next), runText: "r1", instrument: instrument,
                quantity: 10, price: 100)
        }
    }

    /// Lets every resting order trade.
    func quote() {
        session.deliver(
            Quote(symbol: symbol, bid: 90, ask: 91, receivedTime: SystemLaneClock.shared.wall()), of: InstrumentIndex(0)
        )
    }

    func spin(until isDone: () -> Bool) throws {
        let end = Clock.now() + 5_000_000_000
        while !isDone() {
            guard Clock.now() < end else { throw BenchFailure("the lane did not answer within 5 s") }
        }
    }
}

/// What the host adds around an adapter's call: queue, tokens, checks, and the events that go up.
func measureLanes(_ bench: Bench) async throws {
    let batch = 200
    let rounds = bench.size(4_000, quick: 20)
    let stepped = SteppedLanes(clock: SystemLaneClock.shared)
    let rig = try LaneRig(
        LaneEnvironment(clock: SystemLaneClock.shared, random: SystemLaneRandom.shared) { _ in stepped })
    stepped.runUntilIdle()
    var (submits, fills) = (Samples(tenths: true), Samples(tenths: true))
    for _ in 0..<rounds {
        let commands = rig.commands(batch)
        let start = Clock.now()
        let taken = rig.session.submit(commands)
        stepped.runUntilIdle()
        let end = Clock.now()
        bench.expect(taken == batch, "the lane took \(taken) of \(batch) orders")
        submits.add(end - start, over: batch)
        rig.quote()
        let quoted = Clock.now()
        stepped.runUntilIdle()
        fills.add(Clock.now() - quoted, over: batch)
    }
    let total = rounds * batch
    bench.expect(rig.delegate.accepted.load(ordering: .acquiring) == total, "not every order was accepted")
    bench.expect(rig.delegate.filled.load(ordering: .acquiring) == total, "not every order was filled")
    let abi = "ABI: submit to completion, Minimal (C)"
    bench.report(Row("lane: submit to delegate, an order of \(batch), one thread", submits, floor: abi))
    bench.report(Row("lane: quote to execution at the delegate, one of \(batch), one thread", fills, floor: abi))

    let threaded = try LaneRig(.threads())
    try threaded.spin { threaded.delegate.isReady.load(ordering: .acquiring) }
    var (awake, single) = (Samples(tenths: true), Samples())
    var expected = 0
    for round in 0..<rounds {
        let count = round % 2 == 0 ? batch : 1
        let commands = threaded.commands(count)
        expected += count
        if count == 1 { usleep(200) }  // the lane's thread is parked
        let start = Clock.now()
        _ = threaded.session.submit(commands)
        try threaded.spin { threaded.delegate.accepted.load(ordering: .acquiring) == expected }
        let took = Clock.now() - start
        if count == 1 { single.add(took) } else { awake.add(took, over: batch) }
        threaded.quote()
        try threaded.spin { threaded.delegate.filled.load(ordering: .acquiring) == expected }
    }
    bench.report(Row("lane: submit to delegate, an order of \(batch), lane's thread", awake, floor: abi))
    bench.report(Row("lane: submit to delegate, one order, lane's thread parked", single, floor: Floor.wake))
    _ = await rig.host.shutdownQuietly(stepped)
    _ = await threaded.host.shutdown()
}

extension AdapterHost {
    /// A stepped lane has no thread that would end its sessions.
    fileprivate func shutdownQuietly(_ lanes: SteppedLanes) async {
        for session in sessions { session.close() }
        lanes.runUntilIdle()
    }
}
