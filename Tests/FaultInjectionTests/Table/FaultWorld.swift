import Adapters
import CBrokerBook
import Domain
import Engine
import Foundation
import Gateway
import Instruments
import Logging
import Prices
import SimulationKit
import Store
import Testing

/// One life of a gateway with its real pump, store and lanes over the fault table's libraries, driven one step at a time on
/// the test's thread by a clock that the test moves.
///
/// `@unchecked Sendable`: everything happens on the thread that calls; tasks of requests run on it too, as steps.
final class FaultWorld: @unchecked Sendable {
    static let symbol = InstrumentID(canonical: "US:EQ:ACME")
    static let group = GroupID(unchecked: "family")
    static let faulty = AccountID(unchecked: "F")
    static let steady = AccountID(unchecked: "S")
    static let caller = Caller(keyID: "tester", person: "tester", authority: .everything)

    let clock: ManualClock
    let store: any JournalStorage
    let gateway: Gateway
    let adapters: AdapterHost
    /// Of the account that meets the fault, and of the one beside it.
    let book: UnsafeMutablePointer<broker_book>
    private let steadyBook: UnsafeMutablePointer<broker_book>
    private let executor = StepExecutor()
    private let driver: LaneDriver
    private let steadyLanes: SteppedLanes
    private let market: MarketData
    private var failures: [String] = []
    private var hasJumped = false

    /// - Parameters:
    ///   - directory: holds the brokers' books.
    ///   - cell: the fault to be met; `nil` = the brokers are honest.
    init(
        _ directory: String, _ store: any JournalStorage, _ fixture: FaultFixture, cell: FaultCell?,
        at start: Timestamp = Timestamp(nanoseconds: 1_767_225_600_000_000_000)
    ) throws {
        self.store = store
        clock = ManualClock(wall: start)
        book = try #require(book_map("\(directory)/faulty.book"))
        steadyBook = try #require(book_map("\(directory)/steady.book"))
        book.pointee.fault = cell?.fault.rawValue ?? 0
        book.pointee.phase = cell?.phase.rawValue ?? 0
        (book.pointee.is_armed, book.pointee.throttled, book.pointee.torn_pages) = (0, 0, 0)
        let (lanes, others) = (SteppedLanes(clock: clock), SteppedLanes(clock: clock))
        let mayHang = [.hang, .hangThenAnswer, .slow].contains(cell?.fault)
        driver = LaneDriver(lanes, book, mayHang: mayHang)
        steadyLanes = others
        let logger = Logger(label: "faults") { _ in SwiftLogNoOpLogHandler() }
        adapters = AdapterHost(
            AdapterHostConfiguration(
                directories: [fixture.adapters], dataDirectory: fixture.data, hostVersion: "1.0.0",
                swiftRelease: Sluice.swiftRelease),
            environment: LaneEnvironment(clock: clock, random: SeededLaneRandom(seed: 1)) { id in
                id.rawValue == "faulty" ? lanes : others
            }, logger: logger)
        try adapters.load()
        let table = InstrumentTable()
        table.setOverlay([InstrumentFields(try Self.instrument())])
        market = MarketData(instruments: table, quotes: QuoteHub(clock: WorldTime(clock)))
        var options = Gateway.Options()
        options.readsOnCaller = true
        gateway = try Gateway(
            storage: store, clock: clock, market: market, clientOrderIDPrefix: 7, options: options, logger: logger)
        gateway.start(limits: try Self.limits(), adapters: adapters)
        let index = try #require(market.index(Self.symbol))
        let quote = Quote(symbol: Self.symbol, last: 100, receivedTime: clock.wall())
        try market.quotes.publish(PriceBatch(quotes: [IndexedQuote(index, quote)]))
    }

    deinit {
        book_unmap(book)
        book_unmap(steadyBook)
    }

    // MARK: What there is

    private static func instrument() throws -> InstrumentRecord {
        InstrumentRecord(
            id: symbol, currency: try #require(Currency("USD")), tickSize: try #require(ExactDecimal("1")),
            source: "test")
    }

    private static func limits() throws -> RiskLimits {
        var limits = AccountLimits()
        limits.allowList = [
            AllowRule(
                segments: ["US"], products: Set(Product.allCases), orderTypes: Set(OrderType.allCases),
                timesInForce: Set(TimeInForce.allCases), sides: Set(Side.allCases),
                orderClasses: Set(OrderClass.allCases), allowsShortSelling: true, allowsOptionSelling: true)
        ]
        limits.margin.isLimited = false
        var all = RiskLimits(version: 1)
        all.defaults[try #require(Currency("USD"))] = limits
        return all
    }

    /// The journal that the first life finds: two accounts at two adapters, and the group of both.
    static func prepare(_ store: Store, _ directory: String) throws {
        let now = Timestamp(nanoseconds: 1_767_225_600_000_000_000)
        let currency = try #require(Currency("USD"))
        var events: [Event] = []
        var members: [ExecutionGroup.Member] = []
        for (id, adapter) in [(faulty, "faulty"), (steady, "steady")] {
            events.append(
                .accountDefined(
                    Account(
                        id: id, adapter: try #require(AdapterID(adapter)), environment: .sandbox, currency: currency,
                        config: #"{"book":"\#(directory)/\#(adapter).book"}"#)))
            members.append(ExecutionGroup.Member(account: id))
        }
        events.append(
            .groupDefined(
                ExecutionGroup(id: group, policy: .equal, members: members, createdAt: now, updatedAt: now)))
        try store.setMeta("client_order_id_prefix", to: "7")
        try store.commit(FirstRecord.batch(events, at: now))
    }

    // MARK: Steps

    /// Everything that can be done at this instant.
    func settle() {
        gateway.tick()
        for _ in 0..<5_000 {
            var isBusy = executor.step()
            isBusy = gateway.commitStep() || isBusy
            isBusy = driver.step() || isBusy
            isBusy = steadyLanes.step() || isBusy
            if book.pointee.fault == AdapterFault.clockJump.rawValue, book.pointee.strikes > 0, !hasJumped {
                hasJumped = true
                let forward = book.pointee.phase % 2 == 0
                clock.setWall(clock.wall().advanced(by: forward ? 3_600_000_000_000 : -3_600_000_000_000))
            }
            if !isBusy { return }
        }
        failures.append("V10: the gateway never rests")
    }

    /// Lets time pass in steps, everything settled after each.
    func pass(_ steps: Int, milliseconds: Int64) {
        for _ in 0..<steps {
            settle()
            clock.advance(by: milliseconds * 1_000_000)
        }
        settle()
    }

    /// Runs a request to its end.
    func ask<Answer: Sendable>(_ body: @escaping @Sendable (Gateway) async throws -> Answer) -> Result<
        Answer, any Error
    >? {
        let box = Box<Result<Answer, any Error>>()
        Task(executorPreference: executor) { [gateway] in
            do { box.value = .success(try await body(gateway)) } catch { box.value = .failure(error) }
        }
        for _ in 0..<500 {
            settle()
            if let answer = box.value { return answer }
            clock.advance(by: 1_000_000)
        }
        return nil
    }

    /// `@unchecked Sendable`: set and read on the world's thread alone.
    private final class Box<Value>: @unchecked Sendable { var value: Value? }

    static func request(_ price: String, _ key: String, _ gateway: Gateway) async throws -> RunID? {
        var order = ParentOrder(
            target: .group(group), symbol: symbol, side: .buy, orderType: .limit, product: .intraday)
        order.quantity = 20
        order.limitPrice = ExactDecimal(price)
        return try await gateway.place(
            order, by: caller, idempotency: Idempotency(key: key, fingerprint: [1]), receivedAt: gateway.clock.wall()
        ).run.id
    }

    func place(_ price: String, key: String) -> RunID? {
        let order = ask { try await Self.request(price, key, $0) }
        switch order {
        case .success(let run): return run
        case .failure(let error): failures.append("\(key) was refused: \(error)")
        case nil: failures.append("\(key) was not answered")
        }
        return nil
    }

    func cancel(_ run: RunID?, leg: Int? = nil, key: String) {
        guard let run else { return }
        let answer = ask { gateway in
            try await gateway.cancel(
                run, leg: leg, by: Self.caller, idempotency: Idempotency(key: key, fingerprint: [1]))
        }
        if case .failure(let error) = answer { failures.append("\(key) was refused: \(error)") }
    }

    func arm(_ phase: Phase) {
        if book.pointee.phase == phase.rawValue { book_store(&book.pointee.is_armed, 1) }
    }

    func release() { book_store(&book.pointee.is_released, 1) }

    /// Closes both sessions and ends what drives them.
    func stop() {
        release()
        for account in [Self.faulty, Self.steady] { gateway.disconnect(account) }
        pass(8, milliseconds: 1_000)
        if !adapters.sessions.isEmpty { failures.append("a session did not end") }
        _ = ask { gateway in await gateway.drain() }
        gateway.noteState()
        driver.end()
    }

    var hangs: Bool { driver.hangs }
    func takeFailures() -> [String] {
        defer { failures = [] }
        return failures
    }
}

private final class WorldTime: WallClock {
    private let clock: ManualClock
    init(_ clock: ManualClock) { self.clock = clock }
    func now() -> Timestamp { clock.wall() }
}
