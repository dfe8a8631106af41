import CBench
import Domain
import Engine

/// An engine with accounts and a group, and limits that all compute and none of which binds.
struct EngineSetup {
    var engine = Engine(clientOrderIDPrefix: 7)
    private(set) var now = Timestamp(nanoseconds: 1_764_000_000_000_000_000)
    let currency: Currency
    let symbol: InstrumentID
    let group: GroupID

    init(accounts: Int, policy: AllocationPolicy = .equal) throws {
        guard let currency = Currency("USD"), let adapter = AdapterID("bench"), let group = GroupID("bench") else {
            throw BenchFailure("names of the bench are not taken")
        }
        (self.currency, self.group) = (currency, group)
        symbol = try InstrumentID("US:EQ:ACME")
        var members: [ExecutionGroup.Member] = []
        for index in 0..<accounts {
            let id = AccountID(unchecked: "A\(index)")
            engine.apply(.accountDefined(Account(id: id, adapter: adapter, currency: currency)))
            members.append(
                ExecutionGroup.Member(account: id, capital: ExactDecimal(Int64(index % 97 + 1) * 1_000), weight: 1))
        }
        engine.apply(
            .groupDefined(
                ExecutionGroup(id: group, policy: policy, members: members, createdAt: now, updatedAt: now)))
        engine.apply(
            .instrumentDefined(
                number: 0,
                InstrumentRecord(
                    id: symbol, currency: currency, tickSize: ExactDecimal(mantissa: 1, exponent: -2) ?? 1,
                    source: "bench")))
        var limits = RiskLimits(version: 1)
        limits.defaults[currency] = Self.limits
        engine.setLimits(limits)
        engine.setReference(0, price: 100, at: now)
        engine.setOffer(
            adapter,
            Inputs.Offer(
                orderTypes: OrderType.allCases, timesInForce: TimeInForce.allCases, products: Product.allCases,
                orderClasses: OrderClass.allCases))
        for index in 0..<accounts {
            engine.setReadiness(Int32(index), .ready)
            engine.setFunds(
                Int32(index),
                FundsReport(
                    account: AccountID(unchecked: "A\(index)"), currency: currency, cash: 1_000_000_000_000,
                    available: 1_000_000_000_000, used: 0, equity: 1_000_000_000_000, asOf: now))
        }
    }

    /// Every control has something to compute.
    private static var limits: AccountLimits {
        var limits = AccountLimits()
        limits.allowList = [
            AllowRule(
                segments: ["US"], products: Set(Product.allCases), orderTypes: Set(OrderType.allCases),
                timesInForce: Set(TimeInForce.allCases), sides: Set(Side.allCases), orderClasses: [.regular],
                allowsShortSelling: true, allowsOptionSelling: true)
        ]
        limits.collar.basisPoints = 1_000
        limits.quantity.maximum = .value(1_000_000_000)
        limits.quantity.parentMaximum = .value(1_000_000_000_000)
        limits.notional.maximum = 1 << 60
        limits.notional.parentMaximum = 1 << 60
        limits.rates = [RateWindow(limit: 10_000_000, window: 1_000_000_000)]
        limits.openOrders = 1_000_000_000
        limits.openOrdersPerInstrument = 1_000_000_000
        limits.position = .value(1_000_000_000_000)
        limits.grossExposure = 1 << 61
        limits.margin.basisPoints = 500
        limits.margin.rates = InstrumentPattern("*").map { [MarginLimit.Rate(match: $0, basisPoints: 10_000)] } ?? []
        limits.dailyLoss.maximum = 1 << 60
        (limits.collar.maximumAge, limits.margin.maximumAge) = (.max, .max)
        (limits.strategyRuns, limits.modifications) = (1_000_000, 1_000_000)
        (limits.duplicates.maximum, limits.duplicates.window) = (1, 1_000_000)
        for counts in [\AccountLimits.dailyCounts, \AccountLimits.dailyCountsPerInstrument] {
            limits[keyPath: counts].orders = 1 << 60
            limits[keyPath: counts].lots = 1 << 60
        }
        limits.netExposure.maximum = 1 << 60
        (limits.concentration, limits.leverage) = (1_000_000, 10_000_000)
        limits.shortRules.delivery = .free
        limits.drawdown.maximum = 1 << 60
        (limits.lossStreak.count, limits.lossStreak.coolOff) = (20, 1_000_000_000)
        (limits.selfTrade.owners, limits.selfTrade.action) = (.owner, .tag)
        return limits
    }

    /// Lets the windows of rates and repeats pass.
    mutating func advance() { now = now.advanced(by: 2_000_000) }

    func order(
        _ target: ParentOrder.Target, quantity: Int64, side: Side = .buy, price: ExactDecimal? = nil
    ) -> ParentOrder {
        var order = ParentOrder(
            target: target, symbol: symbol, side: side, orderType: price == nil ? .market : .limit, product: .intraday)
        order.quantity = ExactDecimal(quantity)
        order.limitPrice = price
        return order
    }

    func request(_ order: ParentOrder) -> AdmissionRequest {
        AdmissionRequest(
            order: order, origin: Origin(caller: "bench", idempotencyKey: "k"), authority: .everything, receivedAt: now)
    }

    /// Admits so many resting orders on the first account, buys and sells in turn, all of them acknowledged.
    mutating func rest(_ count: Int) throws {
        let account = ParentOrder.Target.account(AccountID(unchecked: "A0"))
        for index in 0..<count {
            advance()
            let terms =
                index % 2 == 0
                ? order(account, quantity: 1, price: 95) : order(account, quantity: 1, side: .sell, price: 106)
            let admission = try engine.decide(request(terms), now: now)
            engine.apply(.runAdmitted(admission))
            engine.apply(.ordersQueued(run: admission.run, orders: [0], durableAt: now, queuedAt: now))
            engine.apply(
                .orderAnswered(
                    OrderAnswer(
                        run: admission.run, order: 0, outcome: .accepted, brokerOrderID: "B\(index)",
                        exchangeOrderID: nil,
                        error: nil, adapterState: [], dispatchedAt: now, writtenAt: nil, firstByteAt: nil,
                        answeredAt: now)))
        }
    }
}

/// All controls on one leg: flat in the number of resting orders, and without an allocation.
func measureControls(_ bench: Bench) async throws {
    var base: Int64?
    for resting in [0, bench.size(10_000, quick: 500)] {
        var setup = try EngineSetup(accounts: 1)
        try setup.rest(resting)
        setup.advance()
        let request = setup.request(
            setup.order(.account(AccountID(unchecked: "A0")), quantity: 10, price: 101))
        // Warm: the first leg of an account on an instrument resolves their limits.
        _ = try setup.engine.decide(request, now: setup.now)
        let engine = setup.engine
        bench.expect(
            Int(engine.openOrders(0)) == resting, "\(engine.openOrders(0)) open orders, \(resting) were placed")
        var probe = try engine.probe(request, now: setup.now)
        var passed: Int64 = 0
        let samples = bench.sample(calls: 256) { for _ in 0..<$0 { passed &+= engine.slices(of: &probe) } }
        bench.expect(engine.slices(of: &probe) == 1 && passed > 0, "the leg did not pass the controls")
        let before = cbench_allocations()
        for _ in 0..<1_000 { passed &+= engine.slices(of: &probe) }
        let allocations = cbench_allocations() - before
        let row = bench.report(
            Row(
                "all controls on one leg, \(resting) resting orders", samples, budget: 100, floor: Floor.pointer,
                note: "\(allocations) allocations in 1,000 calls"))
        if let base { bench.note("\(resting) resting orders against none: \(row.middle * 100 / max(1, base)) %") }
        base = base ?? row.middle
    }
}

/// One parent shared over many accounts, without what comes after.
func measureAllocation(_ bench: Bench) async throws {
    for policy in [AllocationPolicy.proportional, .equal] {
        let members = (0..<1_000).map { AllocationMember(weight: Int64($0 % 97 + 1) * 1_000) }
        let request = AllocationRequest(policy: policy, quantity: .units(123_457), lotSize: 1, side: .buy, carry: .auto)
        var allocator = Allocator()
        var allocation = Allocation()
        let samples = try bench.sample(calls: 4) {
            for _ in 0..<$0 { try allocator.allocate(request, among: members, into: &allocation) }
        }
        bench.expect(
            allocation.allocatedLots == 123_457, "\(allocation.allocatedLots) lots were allocated, not 123,457")
        bench.report(
            Row("allocation over 1,000 accounts, \(policy.name)", samples, budget: 50_000, floor: Floor.pointer))
    }
}

/// Allocate, control, reserve, events: what one step of the engine costs.
func measureAdmission(_ bench: Bench) async throws {
    for legs in [1, 5, 100, 10_000] {
        var setup = try EngineSetup(accounts: legs, policy: .proportional)
        let order = setup.order(.group(setup.group), quantity: Int64(legs) * 1_000)
        var durations = Samples()
        let rounds = bench.size(legs > 1_000 ? 60 : legs == 100 ? 3_000 : 20_000, quick: legs > 1_000 ? 2 : 50)
        var admitted = 0
        var allocations: UInt64 = 0
        for _ in 0..<rounds {
            setup.advance()
            let request = setup.request(order)
            let before = cbench_allocations()
            let start = Clock.now()
            let admission = try setup.engine.admit(request, now: setup.now)
            let end = Clock.now()
            allocations += cbench_allocations() - before
            durations.add(end - start)
            admitted += admission.legs.count { $0.rejection == nil }
        }
        bench.expect(admitted == rounds * legs, "\(admitted) legs were admitted, \(rounds * legs) were asked for")
        bench.report(
            Row(
                "admission of \(legs) legs", durations, budget: legs == 100 ? 40_000 : legs == 10_000 ? 4_000_000 : nil,
                floor: Floor.pointer, note: "\(allocations / UInt64(rounds)) allocations"))
    }
}
