import Domain
import Testing

@testable import Engine

/// Helpers that only the tests of controls need.
extension EngineFixture {
    /// The refusal that an order of one account would get; `nil` = it passes.
    mutating func refusal(_ order: ParentOrder) throws -> Rejection? { try decide(order).legs[0].rejection }

    /// Takes up a position at `price`, under limits that allow it.
    mutating func hold(_ quantity: Int64, account: Int = 0, price: String = "100") throws {
        let wanted = limits
        setLimits(Self.open)
        try trade(quantity, account: account, price: price)
        setLimits(wanted)
    }

    /// Admits and fills an order of one account: positive buys, negative sells.
    mutating func trade(_ quantity: Int64, account: Int = 0, price: String = "100", fees: ExactDecimal = .zero) throws {
        let run = try admit(parent(quantity > 0 ? .buy : .sell, abs(quantity), account: account))
        try fillAll(run, price: price, fees: fees)
    }

    mutating func fillAll(_ run: Run, price: String = "100", fees: ExactDecimal = .zero) throws {
        for (index, order) in run.orders.enumerated() {
            answer(run.id, order: Int32(index))
            let leg = run.admission(of: order)
            var report = ExecutionReport(
                account: engine.accounts[Int(leg.account)].account.id, executionID: "\(run.id)-\(index)",
                clientOrderID: engine.clientOrderID(order.clientSequence), brokerOrderID: nil, symbol: nil,
                side: leg.side, lastQuantity: ExactDecimal(order.quantity), lastPrice: ExactDecimal(price)!)
            report.fees = fees
            engine.apply(try engine.event(for: report, at: now))
        }
    }

    mutating func setFunds(_ equity: Int64, account: Int32 = 0) {
        engine.setFunds(
            account,
            FundsReport(
                account: AccountID("A\(account)")!, currency: Self.currency, available: ExactDecimal(equity),
                equity: ExactDecimal(equity), asOf: now))
    }

    mutating func advance(_ seconds: Int64) { now = now.advanced(by: seconds * 1_000_000_000) }

    static func limits(_ change: (inout AccountLimits) -> Void) -> AccountLimits {
        var limits = open
        change(&limits)
        return limits
    }
}

@Suite("Controls that look at time, strategies, repeats and counts")
struct OrderControlTests {
    private static let second: Int64 = 1_000_000_000

    // MARK: C5

    /// 2025-11-24 was a Monday; the fixture's clock stands at 16:00:00 UTC of it.
    private func calendar(_ open: Int64, _ close: Int64) -> TradingCalendar {
        let session = TradingCalendar.Session(open: open * 3_600, close: close * 3_600)!
        let venue = TradingCalendar.Venue(
            offsets: [.init(fromDay: .min, seconds: 0)], week: Array(repeating: [session], count: 7), days: [:],
            lastDay: .max)
        return TradingCalendar(venues: ["US": venue])
    }

    @Test("C5: sessions are half-open, guards bind opening orders only")
    func tradingHours() throws {
        let limits = EngineFixture.limits {
            $0.hours.isLimited = true
            $0.hours.openGuard = 60 * Self.second
            $0.hours.closeGuard = 120 * Self.second
            $0.collar.maximumAge = .max
        }
        var fixture = EngineFixture(limits: limits)
        try fixture.hold(10)
        fixture.engine.setCalendar(calendar(17, 20))
        let opened = Timestamp(rfc3339: "2025-11-24T17:00:00Z")!
        func at(_ seconds: Int64, _ side: Side) throws -> Rejection? {
            fixture.now = opened.advanced(by: seconds * Self.second)
            return try fixture.refusal(fixture.parent(side, 5, account: 0))
        }
        #expect(try at(-1, .buy)?.code == "trading_hours")
        #expect(try at(-1, .sell)?.code == "trading_hours", "(!): a closed venue takes no closing order either")
        let early = try #require(try at(59, .buy))
        #expect(early.limit == 60_000 && early.observed == 59_000 && early.unit == .milliseconds)
        #expect(try at(59, .sell) == nil, "closing has no guard")
        #expect(try at(60, .buy) == nil)
        #expect(try at(3 * 3_600 - 120, .buy) == nil)
        #expect(try at(3 * 3_600 - 119, .buy)?.limit == 120_000)
        #expect(try at(3 * 3_600 - 1, .sell) == nil)
        #expect(try at(3 * 3_600, .sell)?.sentence == .outsideSession)
    }

    @Test("C5: no calendar, and a venue that it does not hold, refuse everything")
    func missingCalendar() throws {
        let limits = EngineFixture.limits { $0.hours.isLimited = true }
        var fixture = EngineFixture(limits: limits)
        try fixture.hold(10)
        #expect(try fixture.refusal(fixture.parent(.buy, 1, account: 0))?.code == "trading_hours_no_input")
        fixture.engine.setCalendar(TradingCalendar())
        #expect(try fixture.refusal(fixture.parent(.sell, 1, account: 0))?.code == "trading_hours_no_input")
    }

    @Test("C5: after-market orders pass a closed venue only where the account may place them")
    func afterMarket() throws {
        for allowed in [false, true] {
            let limits = EngineFixture.limits {
                $0.hours.isLimited = true
                $0.hours.allowsAfterMarket = allowed
            }
            var fixture = EngineFixture(limits: limits)
            fixture.engine.setCalendar(calendar(17, 20))
            var order = fixture.parent(.buy, 1, account: 0)
            order.isAfterMarket = true
            #expect((try fixture.refusal(order) == nil) == allowed)
        }
    }

    @Test("Sessions that touch are one, across midnight too; holidays and the end of what is known close the venue")
    func calendarStates() {
        let day = Timestamp(rfc3339: "2026-11-24T00:00:00Z")!
        let whole = TradingCalendar.Session(open: 0, close: 86_400)!
        var venue = TradingCalendar.Venue(
            offsets: [.init(fromDay: .min, seconds: 0)], week: Array(repeating: [whole], count: 7), days: [:],
            lastDay: .max)
        func state(_ at: Timestamp) -> VenueHours { TradingCalendar(venues: ["V": venue]).state(of: "V", at: at) }
        #expect(state(day).sinceOpen >= 86_400 * Self.second && state(day).untilClose > 86_400 * Self.second)
        venue.days[day.nanoseconds / (86_400 * Self.second)] = []
        #expect(state(day).phase == .closed)
        #expect(state(day.advanced(by: -1)).untilClose == 1)
        venue.lastDay = day.nanoseconds / (86_400 * Self.second)
        #expect(state(day.advanced(by: 86_400 * Self.second)) == .unknown)
    }

    // MARK: C7

    @Test("C7: a strategy has so many runs until a person enables it again; closing and refused runs do not count")
    func repeatedExecution() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.strategyRuns = 2 })
        func order(_ side: Side, strategy: String? = "s") -> ParentOrder {
            var order = fixture.parent(side, 5, account: 0)
            order.strategy = strategy
            return order
        }
        try fixture.fillAll(try fixture.admit(order(.buy)))
        #expect(try fixture.refusal(order(.buy)) == nil, "the second of two")
        try fixture.fillAll(try fixture.admit(order(.buy)))
        let refused = try #require(try fixture.admit(order(.buy)).admission.legs[0].rejection)
        #expect(refused.code == "repeated_execution" && refused.scope == .strategy)
        #expect(refused.limit == 2 && refused.observed == 2 && refused.projected == 3 && refused.unit == .count)
        #expect(fixture.engine.attribution.runs(ofStrategy: "s") == 2)
        #expect(try fixture.refusal(order(.sell)) == nil, "closing passes")
        #expect(
            try fixture.refusal(order(.buy, strategy: nil)) == nil && fixture.refusal(order(.buy, strategy: "t")) == nil
        )
        func enable(by: String) {
            fixture.engine.apply(
                .stateChanged(
                    TradingStateChange(
                        scope: Scope("strategy:s")!, status: .active, reason: "t", by: by, at: fixture.now)))
        }
        enable(by: "rule:x")
        #expect(try fixture.refusal(order(.buy)) != nil, "a rule is no person")
        enable(by: "ann")
        #expect(try fixture.refusal(order(.buy)) == nil)
    }

    @Test("C7: a strategy that cannot be counted any more is refused where its runs are limited")
    func uncountedStrategy() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.strategyRuns = 1_000_000 })
        for index in 0..<AttributionBook.maximumStrategies {
            fixture.engine.attribution.countRun(ofStrategy: "s\(index)")
        }
        var order = fixture.parent(.buy, 1, account: 0)
        order.strategy = "one more"
        #expect(try fixture.refusal(order)?.code == "repeated_execution_no_input")
        order.strategy = "s7"
        #expect(try fixture.refusal(order) == nil)
    }

    // MARK: C14

    @Test("C14: an order is modified so often and no oftener; shrinking it stays possible")
    func modificationCap() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.modifications = 2 })
        let run = try fixture.admit(fixture.parent(.buy, 10, account: 0, price: "99"))
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        func modify(_ quantity: Int64, _ price: String) throws -> Rejection? {
            switch try fixture.engine.requestReplace(
                LegID(run: run.id, index: 0),
                OrderChanges(quantity: ExactDecimal(quantity), limitPrice: ExactDecimal(price)), authority: .everything,
                by: "k", now: fixture.now)
            {
            case .failure(let refusal): return refusal.rejection
            case .success(let event):
                fixture.engine.apply(event)
                fixture.engine.apply(.replaceAnswered(run: run.id, order: 0, outcome: .accepted, error: nil))
                return nil
            }
        }
        #expect(try modify(10, "98") == nil)
        #expect(try modify(11, "98") == nil)
        let refused = try #require(try modify(12, "98"))
        #expect(refused.code == "modification_cap" && refused.scope == .order)
        #expect(refused.limit == 2 && refused.observed == 2 && refused.projected == 3)
        #expect(try modify(5, "98") == nil, "less of the same order")
        #expect(fixture.position.dayModifications == 3 && fixture.engine.accounts[0].dayModifications == 3)
    }

    // MARK: C15

    @Test("C15: the same order again within the window is refused, at its end taken; another order is another")
    func duplicate() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.duplicates.maximum = 1 })
        let order = fixture.parent(.buy, 10, account: 0, price: "99")
        try fixture.admit(order)
        let refused = try #require(try fixture.refusal(order))
        #expect(
            refused.code == "duplicate_order" && refused.limit == 1 && refused.observed == 1 && refused.projected == 2)
        #expect(try fixture.refusal(fixture.parent(.buy, 11, account: 0, price: "99")) == nil)
        #expect(try fixture.refusal(fixture.parent(.buy, 10, account: 0, price: "98")) == nil)
        #expect(try fixture.refusal(fixture.parent(.sell, 10, account: 0, price: "99")) == nil)
        #expect(try fixture.refusal(fixture.parent(.buy, 10, account: 0)) == nil)
        var other = order
        other.product = .carry
        #expect(try fixture.refusal(other) == nil)
        #expect(try fixture.refusal(fixture.parent(.buy, 10, price: "99")) == nil, "a group's leg is another order")
        fixture.now = fixture.now.advanced(by: 1_999_999_999)
        #expect(try fixture.refusal(order) != nil)
        fixture.now = fixture.now.advanced(by: 1)
        #expect(try fixture.refusal(order) == nil, "(t - w, t] is half-open")
    }

    @Test("C15: legs of one parent are exempt from each other, the next parent is not; closing repeats")
    func duplicateLegs() throws {
        var fixture = EngineFixture(accounts: 3, limits: EngineFixture.limits { $0.duplicates.maximum = 1 })
        #expect(try fixture.admit(fixture.parent(.buy, 30)).admission.legs.allSatisfy { $0.rejection == nil })
        #expect(
            try fixture.decide(fixture.parent(.buy, 30)).legs.allSatisfy { $0.rejection?.control == .duplicateOrder })
        fixture = EngineFixture(limits: EngineFixture.limits { $0.duplicates.maximum = 1 })
        try fixture.hold(10)
        try fixture.admit(fixture.parent(.sell, 2, account: 0))
        #expect(try fixture.refusal(fixture.parent(.sell, 2, account: 0)) == nil)
    }

    @Test("The log of duplicates counts what a list would, at any size", arguments: 0..<30)
    func duplicateLog(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var log = DuplicateLog()
        var list: [(OrderFingerprint, Int64)] = []
        var now: Int64 = 0
        for _ in 0..<600 {
            now += Int64.random(in: 0...900_000_000, using: &random)
            let fingerprint = OrderFingerprint(
                account: Int32.random(in: 0..<3, using: &random), instrument: 0, group: -1, side: .buy,
                orderType: .limit, product: .intraday, quantity: Int64.random(in: 1...2, using: &random), price: 0)
            let window = Int64.random(in: 1...60_000_000_000, using: &random)
            let expected = list.count { $0.0 == fingerprint && $0.1 > now - window }
            #expect(
                log.count(fingerprint, now: Timestamp(nanoseconds: now), window: window, upTo: 5)
                    == min(5, Int64(expected)))
            log.record(fingerprint, at: Timestamp(nanoseconds: now))
            list.append((fingerprint, now))
        }
    }

    @Test("C15: more orders in the window than can be remembered refuse instead of passing")
    func duplicateLogBound() {
        var log = DuplicateLog()
        func fingerprint(_ quantity: Int64) -> OrderFingerprint {
            OrderFingerprint(
                account: 0, instrument: 0, group: -1, side: .buy, orderType: .limit, product: .intraday,
                quantity: quantity, price: 0)
        }
        let start = Timestamp(nanoseconds: 1_000_000_000_000)
        for index in 0...Int64(DuplicateLog.capacity) { log.record(fingerprint(index), at: start) }
        #expect(log.count(fingerprint(-1), now: start, window: 1, upTo: 1) == nil)
        let later = start.advanced(by: 2_000_000_000)
        #expect(log.count(fingerprint(-1), now: later, window: 2_000_000_000, upTo: 1) == 0)
    }

    // MARK: C17

    @Test("C17: orders of the day by account and by instrument; each slice is one; a new day begins at zero")
    func dailyOrders() throws {
        let limits = EngineFixture.limits {
            $0.dailyCounts.orders = 3
            $0.dailyCountsPerInstrument.orders = 2
            $0.quantity.maximum = .unlimited
        }
        var fixture = EngineFixture(limits: limits, freeze: "10")
        #expect(try fixture.refusal(fixture.parent(.buy, 20, account: 0)) == nil, "two slices at a limit of two")
        let sliced = try #require(try fixture.refusal(fixture.parent(.buy, 30, account: 0)))
        #expect(sliced.scope == .instrument && sliced.limit == 2 && sliced.observed == 0 && sliced.projected == 3)
        try fixture.admit(fixture.parent(.buy, 20, account: 0))
        let refused = try #require(try fixture.refusal(fixture.parent(.buy, 5, account: 0)))
        #expect(refused.code == "daily_counts" && refused.observed == 2 && refused.projected == 3)
        #expect(refused.sentence == .tooManyOrdersToday)
        let account = try #require(try fixture.refusal(fixture.parent(.buy, 20, account: 0)))
        #expect(account.scope == .account && account.limit == 3 && account.projected == 4)
        for event in fixture.engine.dayEvents(now: fixture.now.advanced(by: 86_400 * Self.second), mayLackPrices: true)
        {
            fixture.engine.apply(event)
        }
        #expect(try fixture.refusal(fixture.parent(.buy, 5, account: 0)) == nil)
    }

    @Test(
        "C17: lots traded and live stay within the limit whatever fills and cancels; closing passes", arguments: 0..<30)
    func dailyLots(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.dailyCounts.lots = 20 }, lot: "5")
        var closed: Int64 = 0
        for step in 0..<60 {
            let side: Side = Bool.random(using: &random) ? .buy : .sell
            let run = try fixture.admit(
                fixture.parent(side, 5 * Int64.random(in: 1...4, using: &random), account: 0))
            guard run.admission.legs[0].rejection == nil else {
                let refused = try #require(run.admission.legs[0].rejection)
                #expect(refused.control == .dailyCounts && refused.unit == .lots && refused.projected > 20)
                continue
            }
            fixture.answer(run.id)
            if Bool.random(using: &random) {
                try fixture.fill(run.id, quantity: run.orders[0].quantity, execution: "e\(step)")
            } else {
                fixture.engine.apply(.orderReported(run: run.id, order: 0, report: .state(.canceled, at: fixture.now)))
            }
            if run.admission.legs[0].isClosing { closed += run.orders[0].quantity / 5 }
            #expect(fixture.engine.book.busyLots(of: 0) == fixture.position.busySteps / 5)
            #expect(fixture.position.busySteps / 5 - closed <= 20)
        }
        #expect(fixture.position.dayTraded > 0)
    }

    @Test("C17: many cancels alert on the next leg and refuse nothing")
    func dailyCancels() throws {
        var fixture = EngineFixture(limits: EngineFixture.limits { $0.dailyCounts.cancels = 1 })
        let run = try fixture.admit(fixture.parent(.buy, 1, account: 0))
        #expect(try fixture.decide(fixture.parent(.buy, 2, account: 0)).legs[0].alerts.isEmpty)
        fixture.engine.apply(.cancelRequested(run: run.id, order: 0, by: "t"))
        let leg = try fixture.decide(fixture.parent(.buy, 2, account: 0)).legs[0]
        #expect(leg.rejection == nil && leg.alerts.map(\.sentence) == [.tooManyCancelsToday])
    }
}
