import Domain
import Testing

@testable import Engine

/// Two exchanges that list one pair in different ticks and lots, and accounts that trade it at the one or the other.
private struct Venues {
    static let asked = try! InstrumentID("ANY:SPOT:BTC-USDT")
    static let coarse = try! InstrumentID("BINANCE:SPOT:BTC-USDT")
    static let fine = try! InstrumentID("BYBIT:SPOT:BTC-USDT")
    static let usdt = Currency("USDT")!
    var engine = Engine(clientOrderIDPrefix: 7)
    let now = Timestamp(nanoseconds: 1_764_000_000_000_000_000)
    /// By account; `nil` = its adapter lists none.
    var instruments: [Int32?]

    init(
        _ instruments: [Int32?], policy: AllocationPolicy = .equal, weights: [Int64] = [],
        aggregate: ExactDecimal? = nil,
        limits: AccountLimits = Self.limits, fine: (tick: String, lot: String) = ("0.01", "0.00002")
    ) throws {
        self.instruments = instruments
        var members: [ExecutionGroup.Member] = []
        for index in instruments.indices {
            let id = try #require(AccountID("A\(index)"))
            let adapter = try #require(AdapterID(instruments[index] == 1 ? "two" : "one"))
            engine.apply(.accountDefined(Account(id: id, adapter: adapter, currency: Self.usdt)))
            let weight = weights.isEmpty ? 1 : weights[index]
            members.append(ExecutionGroup.Member(account: id, weight: weight, lots: weight))
            engine.setReadiness(Int32(index), .ready)
        }
        engine.apply(
            .groupDefined(
                ExecutionGroup(
                    id: EngineFixture.group, policy: policy, members: members, createdAt: now, updatedAt: now)))
        for (number, id, tick, lot) in [(0, Self.coarse, "0.1", "0.00003"), (1, Self.fine, fine.tick, fine.lot)] {
            let record = InstrumentRecord(
                id: id, currency: Self.usdt, tickSize: try #require(ExactDecimal(tick)),
                lotSize: try #require(ExactDecimal(lot)), source: "test")
            engine.apply(.instrumentDefined(number: Int32(number), record))
        }
        var all = RiskLimits(version: 1)
        all.defaults[Self.usdt] = limits
        if let aggregate {
            var group = TotalLimits()
            group.aggregate = AggregateLimit()
            group.aggregate?.position = .value(aggregate)
            all.groups[EngineFixture.group] = group
        }
        engine.setLimits(all)
        engine.setReference(0, price: 50_000, at: now)
        engine.setReference(1, price: 50_010, at: now)
    }

    static var limits: AccountLimits {
        var limits = EngineFixture.open
        limits.allowList = [
            AllowRule(
                segments: ["BINANCE", "BYBIT"], products: Set(Product.allCases), orderTypes: Set(OrderType.allCases),
                timesInForce: Set(TimeInForce.allCases), sides: Set(Side.allCases),
                orderClasses: Set(OrderClass.allCases), allowsShortSelling: true, allowsOptionSelling: true)
        ]
        return limits
    }

    func order(_ quantity: String?, price: String? = nil, side: Side = .buy) -> ParentOrder {
        var order = ParentOrder(
            target: .group(EngineFixture.group), symbol: Self.asked, side: side,
            orderType: price == nil ? .market : .limit, product: .cash)
        order.quantity = quantity.flatMap { ExactDecimal($0) }
        order.limitPrice = price.flatMap { ExactDecimal($0) }
        return order
    }

    func request(_ order: ParentOrder) -> AdmissionRequest {
        var found = LegInstruments(scale: instruments.lazy.compactMap(\.self).first ?? 0)
        for (account, number) in instruments.enumerated() {
            found.add(Int32(account), number.map { .instrument($0) } ?? .unlisted("one lists no SPOT:BTC-USDT on NSE"))
        }
        return AdmissionRequest(
            order: order, origin: Origin(caller: "k", idempotencyKey: "i"), authority: .everything, receivedAt: now,
            instruments: found)
    }

    /// Admits, and holds it against what a replay makes of the record's bytes.
    mutating func admit(_ order: ParentOrder) throws -> RunSnapshot {
        var replayed = engine
        let admission = try engine.admit(request(order), now: now)
        #expect(admission.shareFlaw == nil)
        var writer = EventWriter(base: now)
        writer.write(.runAdmitted(admission))
        let event = try writer.bytes.withUnsafeBytes { buffer in
            var reader = EventReader(buffer, base: now)
            return try reader.readEvent()
        }
        replayed.apply(event)
        #expect(engine.differences(from: replayed) == [] && engine.reservationFlaws() == [])
        return try #require(engine.snapshot(of: admission.run))
    }

    mutating func fill(_ run: RunSnapshot, _ order: Int32, _ price: ExactDecimal) throws {
        let id = try #require(run.id)
        let slice = run.legs[Int(order)].slices[0]
        engine.apply(
            try engine.event(
                for: ExecutionReport(
                    account: run.legs[Int(order)].account, executionID: "x\(id)-\(order)",
                    clientOrderID: slice.clientOrderID, brokerOrderID: nil, symbol: nil, side: run.legs[0].side,
                    lastQuantity: slice.quantity, lastPrice: price), at: now))
    }
}

@Suite("A parent that names the accounts' own venues")
struct OwnVenueTests {
    @Test("Each leg is of its account's instrument, in its lots and at its price, and books there")
    func legs() throws {
        var venues = try Venues([0, 1, 0])
        let run = try venues.admit(venues.order("0.00054"))
        #expect(run.order.symbol == Venues.asked && run.referencePrice == nil)
        #expect(run.legs.map(\.symbol) == [Venues.coarse, Venues.fine, Venues.coarse])
        #expect(run.legs.map(\.orderedQuantity) == Array(repeating: ExactDecimal("0.00018"), count: 3))
        #expect(run.requestedQuantity == ExactDecimal("0.00054") && run.allocatedQuantity == run.requestedQuantity)
        #expect(run.legs.map(\.referencePrice) == [50_000, 50_010, 50_000])
        #expect(venues.engine.book.position(0, 0)?.openBuy == 6, "lots of 0.00003")
        #expect(venues.engine.book.position(1, 1)?.openBuy == 9, "lots of 0.00002")
        #expect(venues.engine.book.position(1, 0) == nil)
        for order in 0..<3 { try venues.fill(run, Int32(order), 50_000) }
        let id = try #require(run.id)
        let done = try #require(venues.engine.snapshot(of: id))
        #expect(done.status == .done && done.legs.allSatisfy { $0.status == .filled })
        #expect(venues.engine.positionSnapshots(of: 1).map(\.symbol) == [Venues.fine])
        #expect(venues.engine.positionSnapshots(of: 1).map(\.quantity) == [ExactDecimal("0.00018")])
    }

    @Test("What is shared out is a lot of every leg, whatever the lots are", arguments: 0..<200)
    func commonLots(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let lots = ["0.00002", "0.00007", "0.001", "0.5", "2", "12"]
        let weights = (0..<4).map { _ in Int64.random(in: 1...9, using: &random) }
        let lot = lots[Int.random(in: 0..<lots.count, using: &random)]
        var venues = try Venues(
            (0..<4).map { _ in Int32.random(in: 0...1, using: &random) }, policy: .weighted, weights: weights,
            fine: ("0.01", lot))
        var order = venues.order(nil)
        order.lots = Int64.random(in: 1...50, using: &random)
        let run = try venues.admit(order)
        let sum = run.legs.reduce(ExactDecimal.zero) { $0.adding($1.allocatedQuantity) ?? $0 }
        #expect(sum == run.allocatedQuantity && run.unallocatedQuantity.isZero)
        for leg in run.legs {
            let number = try #require(venues.engine.instrumentNumber(leg.symbol))
            let instrument = venues.engine.instruments[Int(number)].instrument
            let steps = try #require(instrument.steps(leg.allocatedQuantity))
            #expect(steps % instrument.lot == 0 && steps > 0)
        }
    }

    @Test("A quantity that is no lot of every leg, and units that are not worth the same, refuse the parent")
    func parentFacts() throws {
        var venues = try Venues([0, 1])
        #expect {
            try venues.admit(venues.order("0.00003"))
        } throws: {
            ($0 as? ParentRefusal)?.message == "quantity is not a multiple of the lot 0.00006"
        }
        venues.engine.apply(
            .instrumentDefined(
                number: 1,
                InstrumentRecord(
                    id: Venues.fine, currency: Venues.usdt, tickSize: 1, lotSize: 1, multiplier: 5, source: "test")))
        #expect {
            try venues.admit(venues.order("3"))
        } throws: {
            let refusal = $0 as? ParentRefusal
            return refusal?.code == "units_differ" && refusal?.message.contains("BYBIT:SPOT:BTC-USDT") == true
                && refusal?.message.contains("multiplier 5") == true
        }
    }

    @Test("An account without an instrument keeps its share and is refused with what was found; the others trade")
    func unlisted() throws {
        var venues = try Venues([0, nil, 1])
        let run = try venues.admit(venues.order("0.00018"))
        #expect(run.legs.map(\.status) == [.reserved, .refused, .reserved])
        #expect(run.legs.map(\.allocatedQuantity) == Array(repeating: ExactDecimal("0.00006"), count: 3))
        #expect(run.legs[1].symbol == Venues.asked)
        let reject = try #require(run.legs[1].reject)
        #expect(reject.code == "instrument" && reject.scope == "adapter:one")
        #expect(reject.message.hasSuffix("venue of its own: one lists no SPOT:BTC-USDT on NSE"))
    }

    @Test(
        "A price is a multiple of the tick of each leg's instrument, else that leg is refused; off all of them, all is")
    func ticks() throws {
        var venues = try Venues([0, 1])
        let run = try venues.admit(venues.order("0.00012", price: "50000.01"))
        #expect(run.legs.map { $0.reject?.message } == ["the price is not a multiple of the tick", nil])
        #expect(run.legs[1].limitPrice == ExactDecimal("50000.01"))
        #expect {
            try venues.admit(venues.order("0.00012", price: "50000.001"))
        } throws: {
            ($0 as? ParentRefusal)?.code == "price_off_tick"
        }
    }

    @Test("Limits count each instrument by itself: an account's position, a group's total of it")
    func limits() throws {
        var limits = Venues.limits
        limits.position = .value(ExactDecimal("0.0001")!)
        var venues = try Venues([0, 1], limits: limits)
        _ = try venues.admit(venues.order("0.00012"))
        let again = try venues.admit(venues.order("0.00012"))
        #expect(again.legs.map { $0.reject?.code } == ["max_position", "max_position"])
        #expect(again.legs.map { $0.reject?.projected } == [ExactDecimal("0.00012"), ExactDecimal("0.00012")])
        var group = try Venues([0, 0, 1], aggregate: ExactDecimal("0.0001"))
        #expect(
            try group.admit(group.order("0.00018")).legs.map { $0.reject?.code }
                == Array(repeating: "group_aggregate", count: 3),
            "two of one instrument are too much, and all go together")
        group = try Venues([0, 1, 1], aggregate: ExactDecimal("0.0001"))
        #expect(try group.admit(group.order("0.00018")).status == .refused, "also where it is not the first instrument")
        group = try Venues([0, 1], aggregate: ExactDecimal("0.0001"))
        #expect(try group.admit(group.order("0.00012")).legs.allSatisfy { $0.reject == nil })
    }

    @Test("Legs of two instruments do not trade against each other, those of one do")
    func selfTrade() throws {
        var limits = Venues.limits
        (limits.selfTrade.owners, limits.selfTrade.action) = (.firm, .reject)
        var venues = try Venues([0, 1], limits: limits)
        var sell = venues.order("0.00006", price: "50000", side: .sell)
        sell.target = .account(AccountID("A0")!)
        _ = try venues.admit(sell)
        let buy = try venues.admit(venues.order("0.00012", price: "50000"))
        #expect(buy.legs.map { $0.reject?.code } == ["self_trade", nil])
    }

    @Test("A modify, a cancel and a closing order name the leg's instrument")
    func afterwards() throws {
        var venues = try Venues([0, 1])
        let run = try venues.admit(venues.order("0.00012", price: "50000"))
        let id = try #require(run.id)
        venues.engine.apply(.ordersQueued(run: id, orders: [0, 1], durableAt: venues.now, queuedAt: venues.now))
        for order in 0..<2 {
            venues.engine.apply(
                .orderAnswered(
                    OrderAnswer(
                        run: id, order: Int32(order), outcome: .accepted, brokerOrderID: "B\(order)",
                        exchangeOrderID: nil, error: nil, adapterState: [], dispatchedAt: venues.now, writtenAt: nil,
                        firstByteAt: nil, answeredAt: venues.now)))
        }
        let off = { (leg: Int) in
            try venues.engine.requestReplace(
                LegID(run: id, index: leg), OrderChanges(limitPrice: ExactDecimal("49999.99")), authority: .everything,
                by: "k", now: venues.now)
        }
        #expect(throws: ParentRefusal.self) { try off(0) }
        guard case .success(let event) = try off(1) else {
            Issue.record("a modify on the leg's own tick is refused")
            return
        }
        venues.engine.apply(event)
        #expect(venues.engine.reservationFlaws() == [])
        try venues.fill(run, 1, 50_000)
        let live = try #require(venues.engine.runs[id])
        let demands = venues.engine.unwindDemands(live)
        #expect(demands.map(\.symbol) == [Venues.fine] && demands.map(\.quantity) == [ExactDecimal("0.00006")])
    }

    @Test("Explained and simulated, a past run is judged by its legs' instruments and recorded prices")
    func explained() throws {
        var limits = Venues.limits
        limits.collar.basisPoints = 500
        var venues = try Venues([0, nil, 1], limits: limits)
        let before = venues.engine
        let run = try venues.admit(venues.order("0.00018", price: "50000"))
        let id = try #require(run.id)
        let admission = try #require(venues.engine.runs[id]?.admission)
        var past = before
        past.setReference(1, price: 60_000, at: venues.now.advanced(by: 1))
        let explanation = try past.explain(admission: admission)
        #expect(explanation.legs.map(\.verdict) == [.pass, .refused, .pass])
        #expect(explanation.notes.allSatisfy { !$0.contains("would") && !$0.contains("went to the other legs") })
        let rows = explanation.legs[2].controls.filter { $0.control == .priceCollar }
        #expect(rows.first?.measures.first?.observed == 500_100_000, "the recorded reference, in its own points")
        var tight = RiskLimits(version: 2)
        limits.position = .value(ExactDecimal("0.00005")!)
        limits.collar = .init()
        tight.defaults[Venues.usdt] = limits
        var simulation = Simulation(
            before, limits: tight, window: .init(from: venues.now, to: venues.now))
        simulation.apply(.runAdmitted(admission))
        #expect(simulation.result.differences.map(\.instrument) == [0, 1])
        #expect(simulation.result.differences.allSatisfy { $0.change == .refused })
    }

    @Test("What is held and no longer listed is closed, and nothing more of it is opened")
    func held() throws {
        var venues = try Venues([0, 1])
        let run = try venues.admit(venues.order("0.00012"))
        for order in 0..<2 { try venues.fill(run, Int32(order), 50_000) }
        func request(_ side: Side) -> AdmissionRequest {
            var request = venues.request(venues.order("0.00012", side: side))
            request.instruments?.add(1, .held(1, "two lists no SPOT:BTC-USDT on BYBIT"))
            return request
        }
        let opening = venues.engine.preview(of: try venues.engine.decide(request(.buy), now: venues.now))
        #expect(opening.legs.map(\.symbol) == [Venues.coarse, Venues.fine])
        #expect(opening.legs[0].reject == nil && opening.legs[1].reject?.code == "instrument")
        #expect(opening.legs[1].reject?.message.hasSuffix("two lists no SPOT:BTC-USDT on BYBIT") == true)
        let closing = venues.engine.preview(of: try venues.engine.decide(request(.sell), now: venues.now))
        #expect(closing.legs.allSatisfy { $0.reject == nil })
        var unusable = venues.request(venues.order("0.00012"))
        unusable.instruments?.add(1, .unusable("BYBIT:SPOT:BTC-USDT: lot_size is missing"))
        let refused = venues.engine.preview(of: try venues.engine.decide(unusable, now: venues.now))
        #expect(refused.legs[1].reject?.code == "instrument_no_input" && refused.legs[0].reject == nil)
    }

    @Test("Limits and states name instruments of venues: on one of any venue they would hold nothing back")
    func scopes() throws {
        let venues = try Venues([0, 1])
        #expect(InstrumentPattern("ANY:SPOT:BTC-USDT") == nil && InstrumentPattern("ANY:*") == nil)
        #expect(InstrumentPattern("BYBIT:SPOT:*")?.matches(Venues.fine) == true)
        #expect(throws: ParentRefusal.self) {
            try venues.engine.check(Scope(kind: .instrument, id: "ANY:SPOT:BTC-USDT"))
        }
        try venues.engine.check(Scope(kind: .instrument, id: "BYBIT:SPOT:BTC-USDT"))
    }

    @Test("A quorum counts quantities, not steps")
    func quorum() throws {
        var venues = try Venues([0, nil, 1])
        var order = venues.order("0.00018")
        (order.mode, order.minimumLegs, order.minimumQuantityBasisPoints) = (.quorum, 2, 6_666)
        #expect(try venues.admit(order).legs.map(\.status) == [.reserved, .refused, .reserved])
        order.minimumQuantityBasisPoints = 6_667
        #expect(try venues.admit(order).legs.map { $0.reject?.code } == ["mode_not_met", "instrument", "mode_not_met"])
    }

    @Test("Closing by position shares out what each account holds of its own instrument")
    func closing() throws {
        var venues = try Venues([0, 1])
        let run = try venues.admit(venues.order("0.00024"))
        for order in 0..<2 { try venues.fill(run, Int32(order), 50_000) }
        var close = venues.order("0.00024", side: .sell)
        close.isReduceOnly = true
        let closed = try venues.admit(close)
        #expect(closed.legs.allSatisfy { $0.status == .reserved })
        #expect(closed.legs.map(\.orderedQuantity) == [ExactDecimal("0.00012"), ExactDecimal("0.00012")])
    }
}
