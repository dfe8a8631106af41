import Adapters
import Domain
import Engine
import Gateway
import Instruments
import Logging
import Prices
import Store

/// One seed's world: a gateway with its real pump, lanes and sessions, over a simulated disk, clock and brokers, driven one
/// step at a time by a schedule from the seed.
///
/// `@unchecked Sendable`: everything happens on the thread that calls `run`; tasks of requests run on it too, as steps of
/// `executor`.
package final class World: @unchecked Sendable {
    /// One life of the gateway's process.
    struct Life {
        let number: Int
        let gateway: Gateway
        let adapters: AdapterHost
        let lanes: [SteppedLanes]
        let clock: LifeClock
        let market: MarketData
    }

    static let symbols = ["US:EQ:ACME", "US:EQ:BETA"]
    static let wallStart: Int64 = 1_767_225_600_000_000_000

    let seed: UInt64
    let trace: Trace
    let clock = WorldClock(nanoseconds: World.wallStart)
    let disk = SimulatedDisk()
    let executor = StepExecutor()
    let exchange: Exchange
    let auditor: Auditor
    let plan: WorldPlan
    var dice: Dice
    var life: Life?
    var lifeCount = 0
    var requests = RequestLog()
    /// Nothing goes wrong any more.
    var isQuiet = false
    package private(set) var violations: [String] = []
    package internal(set) var stepCount = 0

    // The same for all worlds: instruments never change, and latencies are not looked at.
    private static let instruments: InstrumentTable = {
        let table = InstrumentTable()
        table.setOverlay(WorldPlan.instruments.map(InstrumentFields.init))
        return table
    }()
    static let quietLogger = {
        var logger = Logger(label: "simulation") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return logger
    }()

    package init(seed: UInt64, isTraced: Bool = false, isPrinted: Bool = false) throws {
        self.seed = seed
        trace = Trace(isOn: isTraced, isPrinted: isPrinted)
        dice = Dice(seed: seed)
        plan = WorldPlan(seed: seed)
        exchange = Exchange(
            dice: Dice(seed: seed, stream: 1), now: clock.nanoseconds,
            prices: Dictionary(uniqueKeysWithValues: World.symbols.map { ($0, 10_000) }), trace: trace)
        auditor = Auditor(prefix: plan.prefix, trace: trace)
        exchange.positionLimit = plan.positionLimit
        exchange.rates = plan.rates
        auditor.calmAdapters = Set(plan.rates.filter { $0.value.isCalm }.map(\.key))
        Exchanges.set(exchange, for: Int64(bitPattern: seed))
        exchange.onViolation = { [unowned self] in violate($0) }
        exchange.onSubmit = { [unowned self] in checkSubmit($0, $1) }
        auditor.onViolation = { [unowned self] in violate($0) }
        auditor.onAbsence = { [unowned self] account, reference in
            if exchange.expects(account, reference) {
                violate("V8: \(reference) of \(account) is believed absent, and the broker has it or will")
            }
        }
        disk.onViolation = { [unowned self] in violate($0) }
        disk.onRecord = { [unowned self] in auditor.take($0.bytes) }
        try disk.commit(plan.firstRecord(at: clock.now(), world: Int64(bitPattern: seed)))
    }

    func violate(_ text: String) {
        guard violations.count < 20, !violations.contains(text) else { return }
        trace.note("!! \(text)")
        violations.append(text)
    }

    // MARK: Lives

    func boot() {
        lifeCount += 1
        trace.note("boot \(lifeCount)")
        disk.reopen()
        let lifeClock = LifeClock(clock, monotonic: dice.number(1_000_000_000...1_000_000_000_000))
        let market = MarketData(instruments: World.instruments, quotes: QuoteHub(clock: clock))
        var options = Gateway.Options()
        options.readsOnCaller = true
        let made = ChaosEntries.all.map { _ in SteppedLanes(clock: lifeClock) }
        let random = SeededLaneRandom(seed: dice.next())
        let adapters = AdapterHost(
            AdapterHostConfiguration(directories: [], dataDirectory: "", hostVersion: "1", swiftRelease: ""),
            environment: LaneEnvironment(clock: lifeClock, random: random) { id in
                made[ChaosEntries.all.firstIndex { $0.id == id.rawValue } ?? 0]
            }, logger: World.quietLogger)
        do {
            for (id, entry) in ChaosEntries.all {
                guard let id = AdapterID(id) else { continue }
                try adapters.link(entry, id: id, version: "1")
            }
            let gateway = try Gateway(
                storage: disk, clock: lifeClock, market: market, clientOrderIDPrefix: plan.prefix,
                options: options, logger: World.quietLogger)
            let different = gateway.inspect { engine, _ in auditor.engine.differences(from: engine) }
            if !different.isEmpty { violate("V16: a restart rebuilt another state: \(different)") }
            life = Life(
                number: lifeCount, gateway: gateway, adapters: adapters, lanes: made, clock: lifeClock, market: market)
            gateway.start(limits: plan.limits, adapters: adapters)
            for symbol in World.symbols where dice.chance(900) { publish(symbol) }
        } catch {
            violate("the gateway does not start: \(error)")
        }
    }

    /// The process dies where it stands. What it held in memory is gone; what it sent is on its way.
    func crash() {
        guard let dead = life else { return }
        trace.note("crash of life \(dead.number)")
        life = nil
        auditor.isDisturbed = true
        disk.cutOff()
        for case let adapter as any MortalSession in exchange.listeners.values { adapter.die() }
        exchange.listeners = [:]
        // Those who wait would wait for ever: they are let go, and nobody listens.
        dead.gateway.beginStopping()
        repeat { dead.gateway.commitStep() } while executor.step()
        for session in dead.adapters.sessions { dead.adapters.close(session) }
        for lanes in dead.lanes { lanes.runUntilIdle(limit: 1_000) }
        dead.clock.surplus += 6_000_000_000
        for lanes in dead.lanes { lanes.runUntilIdle(limit: 1_000) }
        if !dead.adapters.sessions.isEmpty { violate("a session did not end") }
        repeat { dead.gateway.commitStep() } while executor.step()
    }

    func publish(_ symbol: String) {
        guard let life, let price = exchange.prices[symbol],
            let index = life.market.index(InstrumentID(canonical: symbol)),
            let last = ExactDecimal(mantissa: Int128(price), exponent: -2)
        else { return }
        let quote = Quote(symbol: InstrumentID(canonical: symbol), last: last, receivedTime: clock.now())
        try? life.market.quotes.publish(PriceBatch(quotes: [IndexedQuote(index, quote)]))
    }

    func advance(by nanoseconds: Int64) {
        clock.advance(by: nanoseconds)
        exchange.advance(to: clock.nanoseconds)
    }

    /// Ends the world: nothing of it is left behind.
    func close() {
        crash()
        Exchanges.set(nil, for: Int64(bitPattern: seed))
        exchange.shutDown()
    }
}

/// A session whose process can be taken away from under it.
protocol MortalSession: AnyObject {
    func die()
}
