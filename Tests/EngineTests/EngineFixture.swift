import Domain
import Testing

@testable import Engine

/// An engine with accounts, a group and one instrument, for tests: prices and limits are set plainly.
struct EngineFixture {
    var engine = Engine(clientOrderIDPrefix: 7)
    var now = Timestamp(nanoseconds: 1_764_000_000_000_000_000)
    static let currency = Currency("USD")!
    static let symbol = try! InstrumentID("US:EQ:ACME")
    static let adapter = AdapterID("test")!
    static let group = GroupID("g")!

    var limits: AccountLimits

    /// RISK.md's margin: 500,000 free of 1,000,000, of which a tenth stays. A lot of 600 at 100.00 needs 60,000.
    static func withMargin() -> EngineFixture {
        var limits = EngineFixture.open
        limits.margin.isLimited = true
        limits.margin.basisPoints = 1_000
        limits.margin.rates = [MarginLimit.Rate(match: InstrumentPattern("*")!, basisPoints: 10_000)]
        limits.collar.basisPoints = 0
        var fixture = EngineFixture(limits: limits, lot: "600", price: "100")
        fixture.setFunds(available: 500_000)
        return fixture
    }

    /// Of the first account, of an equity of 1,000,000, as they stand now.
    mutating func setFunds(available: ExactDecimal) {
        engine.setFunds(
            0,
            FundsReport(
                account: AccountID("A0")!, currency: Self.currency, available: available, equity: 1_000_000, asOf: now))
    }

    static var open: AccountLimits {
        var limits = AccountLimits()
        limits.allowList = [
            AllowRule(
                segments: ["US", "NSE", "NFO"], products: Set(Product.allCases), orderTypes: Set(OrderType.allCases),
                timesInForce: Set(TimeInForce.allCases), sides: Set(Side.allCases),
                orderClasses: Set(OrderClass.allCases), allowsShortSelling: true, allowsOptionSelling: true)
        ]
        limits.margin.isLimited = false
        limits.maximumSlices = 10
        return limits
    }

    init(
        accounts: Int = 1, policy: AllocationPolicy = .equal, limits: AccountLimits = Self.open, tick: String = "0.01",
        lot: String = "1", freeze: String? = nil, price: String? = "100"
    ) {
        self.limits = limits
        var members: [ExecutionGroup.Member] = []
        for index in 0..<accounts {
            let id = AccountID("A\(index)")!
            engine.apply(
                .accountDefined(Account(id: id, adapter: Self.adapter, currency: Self.currency)))
            members.append(
                ExecutionGroup.Member(account: id, capital: ExactDecimal(Int64(index + 1) * 1000), weight: 1))
            engine.setReadiness(Int32(index), .ready)
        }
        engine.apply(
            .groupDefined(
                ExecutionGroup(id: Self.group, policy: policy, members: members, createdAt: now, updatedAt: now)))
        engine.apply(
            .instrumentDefined(
                number: 0,
                InstrumentRecord(
                    id: Self.symbol, currency: Self.currency, tickSize: ExactDecimal(tick)!,
                    lotSize: ExactDecimal(lot)!,
                    freezeQuantity: freeze.flatMap { ExactDecimal($0) }, source: "test")))
        setLimits(limits)
        if let price { setPrice(price) }
    }

    mutating func setLimits(_ limits: AccountLimits, _ change: (inout RiskLimits) -> Void = { _ in }) {
        self.limits = limits
        var all = RiskLimits(version: 1)
        all.defaults[Self.currency] = limits
        change(&all)
        engine.setLimits(all)
    }

    mutating func setPrice(_ price: String) { engine.setReference(0, price: ExactDecimal(price)!, at: now) }

    /// A parent for the group, or with `account` for one account.
    func parent(
        _ side: Side = .buy, _ quantity: Int64, account: Int? = nil, price: String? = nil
    ) -> ParentOrder {
        var order = ParentOrder(
            target: account.map { .account(AccountID("A\($0)")!) } ?? .group(Self.group), symbol: Self.symbol,
            side: side,
            orderType: price == nil ? .market : .limit, product: .intraday)
        order.quantity = ExactDecimal(quantity)
        order.limitPrice = price.flatMap { ExactDecimal($0) }
        return order
    }

    func request(_ order: ParentOrder) -> AdmissionRequest {
        AdmissionRequest(
            order: order, origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything, receivedAt: now)
    }

    mutating func decide(_ order: ParentOrder) throws -> RunAdmission {
        try engine.decide(request(order), now: now)
    }

    /// Decides and keeps in one step, and holds it against what a replay does with the decision: the same state.
    @discardableResult
    mutating func admit(_ order: ParentOrder) throws -> Run {
        var replayed = engine
        let decision = try replayed.decide(request(order), now: now)
        try #require(replayed.differences(from: engine) == [], "deciding alone changes nothing")
        replayed.apply(.runAdmitted(decision))
        let admission = try engine.admit(request(order), now: now)
        try #require(admission == decision)
        try #require(engine.differences(from: replayed) == [])
        try #require(engine.inputs.reservedMargin == replayed.inputs.reservedMargin)
        return engine.runs[admission.run]!
    }

    /// Answers an order and fills `quantity` of it.
    mutating func fill(_ run: RunID, order: Int32 = 0, quantity: Int64, price: String = "100", execution: String) throws
    {
        let engine = engine
        let leg = engine.runs[run]!.admission(of: engine.runs[run]!.orders[Int(order)])
        let report = ExecutionReport(
            account: engine.accounts[Int(leg.account)].account.id, executionID: execution,
            clientOrderID: engine.clientOrderID(engine.runs[run]!.orders[Int(order)].clientSequence),
            brokerOrderID: nil,
            symbol: nil, side: leg.side, lastQuantity: ExactDecimal(quantity), lastPrice: ExactDecimal(price)!)
        self.engine.apply(try engine.event(for: report, at: now))
    }

    mutating func answer(_ run: RunID, order: Int32 = 0, _ outcome: MutationOutcome = .accepted) {
        engine.apply(
            .orderAnswered(
                OrderAnswer(
                    run: run, order: order, outcome: outcome, brokerOrderID: "B\(run)-\(order)", exchangeOrderID: nil,
                    error: nil, adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil, answeredAt: now))
        )
    }

    var position: Position { engine.book.position(0, 0) ?? Position(account: 0, instrument: 0) }
}

/// SplitMix64: the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &+ 0x9e37_79b9_7f4a_7c15 }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
