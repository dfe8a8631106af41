import Adapters
import CBench
import Domain
import Engine
import Gateway
import Glibc
import Instruments
import NIOConcurrencyHelpers
import Prices
import RiskConfiguration
import Store
import Synchronization

/// Lanes on threads as in production, which note how often each thread had been given a processor when a lane's turn
/// began: the moment before the adapter is called.
final class ObservedLanes: LaneScheduler {
    private final class Observed: Lane {
        let lane: any Lane
        let lanes: ObservedLanes
        init(_ lane: any Lane, _ lanes: ObservedLanes) { (self.lane, self.lanes) = (lane, lanes) }
        func turn() -> LaneTurn {
            lanes.noteTurn()
            return lane.turn()
        }
    }

    private let threads: ThreadLanes
    private let observed = NIOLockedValueBox<[ObjectIdentifier: Observed]>([:])
    private let isArmed = Atomic<Bool>(false)
    private let seen = NIOLockedValueBox<[Machine.Thread]?>(nil)

    init() { threads = ThreadLanes(name: "lane") }

    func wake(_ lane: any Lane) {
        threads.wake(
            observed.withLockedValue { known in
                let key = ObjectIdentifier(lane)
                if let found = known[key] { return found }
                let made = Observed(lane, self)
                known[key] = made
                return made
            })
    }

    func stop() { threads.stop() }

    func arm() {
        seen.withLockedValue { $0 = nil }
        isArmed.store(true, ordering: .sequentiallyConsistent)
    }

    /// The threads as they were when the next turn after `arm` began; `nil` before.
    var atTurn: [Machine.Thread]? { seen.withLockedValue { $0 } }

    private func noteTurn() {
        guard isArmed.exchange(false, ordering: .sequentiallyConsistent) else { return }
        let threads = Machine.threads()
        seen.withLockedValue { $0 = threads }
    }
}

/// How many times a thread had to be given a processor between a decoded request and the adapter's call: parked threads
/// that were woken, and the waits of the commit itself, which are counted apart and taken off.
func countWakes(_ bench: Bench) async throws {
    let scratch = try Scratch()
    let lanes = ObservedLanes()
    let rig = try await ObservedGateway(scratch.path, lanes)
    let waits = try commitWaits(bench, scratch.path)
    let rounds = bench.size(300, quick: 20)
    var totals: [Int64] = []
    var byName: [String: Int64] = [:]
    for round in 0..<rounds {
        usleep(5_000)
        let before = Machine.threads()
        lanes.arm()
        try await rig.place(round)
        var after = lanes.atTurn
        while after == nil {
            usleep(200)
            after = lanes.atTurn
        }
        let known = Dictionary(before.map { ($0.id, $0.slices) }, uniquingKeysWith: { first, _ in first })
        var total: Int64 = 0
        for thread in after ?? [] {
            let slices = thread.slices - (known[thread.id] ?? 0)
            guard slices > 0 else { continue }
            byName[thread.name, default: 0] += slices
            // The ticker runs by its own clock, and an event loop that wakes now has the request's answer to give: the
            // request itself came on one that was awake.
            guard thread.name != "sluice.ticker", !thread.name.hasPrefix("NIO-") else { continue }
            total += slices
        }
        totals.append(total * 1_000 - waits)
        usleep(5_000)
    }
    totals.sort()
    let names = byName.sorted { $0.value > $1.value }
        .map { "\($0.key) \($0.value * 100 / Int64(rounds))/100" }.joined(separator: ", ")
    var row = Row(
        "parked wakes, decoded to the adapter's submit", .count, thousandths: max(0, totals[totals.count / 2]),
        budget: 2_000, note: "times on a processor by thread: \(names); of a bare commit's own waits \(waits / 10)/100")
    row.p90 = totals[totals.count * 9 / 10]
    row.p99 = totals[totals.count * 99 / 100]
    row.samples = rounds
    bench.report(row)
    await rig.stop()
}

/// Times that a thread is given a processor anew within one bare commit, in thousandths.
private func commitWaits(_ bench: Bench, _ directory: String) throws -> Int64 {
    let database = try BareDatabase(directory + "/floor.db")
    let rounds = bench.size(300, quick: 20)
    let thread = cbench_thread_id()
    var waits: Int64 = 0
    for _ in 0..<rounds {
        usleep(1_000)
        let before = cbench_timeslices(thread)
        try database.commit(rows: 1)
        waits += cbench_timeslices(thread) - before
    }
    return waits * 1_000 / Int64(rounds)
}

/// A gateway put together by hand, since its lanes are observed.
private final class ObservedGateway {
    private let store: Store
    private let gateway: Gateway
    private let threads: GatewayThreads
    private let adapters: AdapterHost
    private let symbol: InstrumentID
    private let account = AccountID(unchecked: "P1")

    init(_ directory: String, _ lanes: ObservedLanes) async throws {
        mkdir(directory + "/adapters.d", 0o700)
        symbol = try InstrumentID("US:EQ:ACME")
        guard let currency = Currency("USD"), let paper = AdapterID("paper") else { throw BenchFailure("names") }
        store = try Store(directory: directory + "/data")
        let table = InstrumentTable()
        table.merge(
            [
                InstrumentFields(
                    InstrumentRecord(
                        id: symbol, currency: currency, tickSize: ExactDecimal(mantissa: 1, exponent: -2) ?? 1,
                        source: "bench"))
            ], from: "bench")
        let market = MarketData(instruments: table, quotes: QuoteHub(clock: SystemWallClock()))
        gateway = try Gateway(
            storage: store, clock: SystemLaneClock.shared, market: market, clientOrderIDPrefix: 7,
            logger: .quiet)
        adapters = try AdapterHost.loaded(
            "paper", in: directory + "/adapters.d", data: store.directory,
            LaneEnvironment(clock: SystemLaneClock.shared, random: SystemLaneRandom.shared) { _ in lanes })
        threads = GatewayThreads(gateway)
        threads.start()
        gateway.start(limits: RiskLimits(version: 0), adapters: adapters)
        let configured = Account(id: account, adapter: paper, environment: .sandbox, currency: currency)
        try await gateway.put(configured, by: .configuration)
        let text = BenchLimits.document(.unlimited)
        try await gateway.apply(
            try RiskDocument(text, file: "bench").limits(version: 1, accounts: gateway.accounts()),
            RiskVersion(version: 1, document: text, reason: "", by: "bench", at: gateway.clock.wall()))
        gateway.connect([configured], adapters: adapters)
        guard let index = market.index(symbol) else { throw BenchFailure("no instrument") }
        let quotes = market.quotes
        try quotes.publish(
            PriceBatch(quotes: [
                IndexedQuote(index, Quote(symbol: symbol, last: 100, receivedTime: SystemLaneClock.shared.wall()))
            ]))
        for _ in 0..<5_000 {
            if gateway.accountStatuses().allSatisfy({ $0.isReady && $0.funds != nil }) { return }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw BenchFailure("the account did not become ready")
    }

    func place(_ round: Int) async throws {
        var order = ParentOrder(
            target: .account(account), symbol: symbol, side: round % 2 == 0 ? .buy : .sell, orderType: .market,
            product: .intraday)
        order.quantity = 1
        let placement = try await gateway.place(
            order, by: GatewayRig.caller, idempotency: Idempotency(key: "k\(round)", fingerprint: [1]),
            receivedAt: SystemLaneClock.shared.wall())
        if let reject = placement.run.legs.first?.reject { throw BenchFailure("refused: \(reject.message)") }
    }

    func stop() async {
        await gateway.drain()
        _ = await adapters.shutdown()
        threads.stop()
        try? store.close()
    }
}
