import Domain
import Testing

@testable import Engine

/// Orders of class COVER: `trigger_price` is where the second leg, an order of the other side, stops the loss.
@Suite("Cover orders") struct CoverTests {
    private static func cover(
        _ fixture: EngineFixture, _ side: Side = .buy, _ quantity: Int64 = 10, price: String?, stop: String?
    ) -> ParentOrder {
        var order = fixture.parent(side, quantity, account: 0, price: price)
        order.orderClass = .cover
        order.stopPrice = stop.flatMap { ExactDecimal($0) }
        return order
    }

    private static func refusal(_ fixture: EngineFixture, _ order: ParentOrder) -> ParentRefusal? {
        do throws(ParentRefusal) {
            _ = try ParentTerms(fixture.request(order), engine: fixture.engine)
            return nil
        } catch { return error }
    }

    @Test("A cover order of either type is admitted with its stop, and keeps it", arguments: ["100", nil])
    func admits(price: String?) throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(Self.cover(fixture, price: price, stop: "95"))
        #expect(run.admission.legs[0].rejection == nil)
        #expect(run.orders[0].stopPrice == 950_000)
        #expect(run.orders[0].limitPrice == (price == nil ? 0 : 1_000_000))
    }

    @Test("Market protection makes the entry a limit order and leaves the stop alone")
    func protection() throws {
        var limits = EngineFixture.open
        (limits.marketProtection.conversion, limits.marketProtection.basisPoints) = (.limit, 100)
        var fixture = EngineFixture(limits: limits)
        let leg = try fixture.decide(Self.cover(fixture, price: nil, stop: "95")).legs[0]
        #expect(leg.rejection == nil && leg.orderType == .limit)
        #expect(leg.limitPrice == 1_010_000 && leg.stopPrice == 950_000)
    }

    @Test("Without a stop, off the tick, or where it would be hit at once, it is refused by the name of the field")
    func refusals() throws {
        let fixture = EngineFixture()
        for price in ["100", nil] {
            let missing = try #require(Self.refusal(fixture, Self.cover(fixture, price: price, stop: nil)))
            #expect(missing.code == "missing_field" && missing.path == "/trigger_price")
            #expect(missing.message.contains("COVER"))
        }
        let uneven = try #require(Self.refusal(fixture, Self.cover(fixture, price: "100", stop: "95.001")))
        #expect(uneven.code == "price_off_tick" && uneven.path == "/trigger_price")
        for (side, stop) in [(Side.buy, "100"), (.buy, "101"), (.sell, "100"), (.sell, "99")] {
            let beyond = try #require(Self.refusal(fixture, Self.cover(fixture, side, price: "100", stop: stop)))
            #expect(beyond.code == "stop_beyond_price" && beyond.path == "/trigger_price")
        }
        #expect(Self.refusal(fixture, Self.cover(fixture, .sell, price: "100", stop: "105")) == nil)
    }

    @Test("Other classes take no trigger_price with MARKET and LIMIT, as before", arguments: OrderClass.allCases)
    func others(orderClass: OrderClass) throws {
        guard orderClass != .cover else { return }
        let fixture = EngineFixture()
        for price in ["100", nil] {
            var order = Self.cover(fixture, price: price, stop: "95")
            order.orderClass = orderClass
            #expect(Self.refusal(fixture, order)?.code == "unexpected_field")
        }
    }

    @Test("The stop meets the collar of the side that it is an order of, and its own side's")
    func collar() throws {
        var limits = EngineFixture.open
        (limits.collar.basisPoints, limits.collar.absolute) = (1_000, 0)
        var fixture = EngineFixture(limits: limits)
        for (side, stop, passes) in [
            (Side.buy, "90", true), (.buy, "89.99", false), (.buy, "110.01", false), (.sell, "110", true),
            (.sell, "110.01", false), (.sell, "89.99", false),
        ] {
            let leg = try fixture.decide(Self.cover(fixture, side, price: nil, stop: stop)).legs[0]
            #expect((leg.rejection == nil) == passes, "\(side) with its stop at \(stop)")
            if !passes { #expect(leg.rejection?.code == "price_collar") }
        }
    }

    @Test("Its money is that of its price, and what it may lose is what lies between price and stop")
    func money() throws {
        var limits = EngineFixture.open
        limits.notional.maximum = 100_000
        var fixture = EngineFixture(limits: limits)
        // 10 at 100.00 are 1,000.00.
        #expect(try fixture.decide(Self.cover(fixture, price: "100", stop: "50")).legs[0].rejection == nil)
        #expect(try fixture.decide(Self.cover(fixture, price: "100.01", stop: "50")).legs[0].rejection != nil)

        limits = EngineFixture.open
        (limits.dailyLoss.maximum, limits.dailyLoss.projectsStop) = (10_000, true)
        fixture.setLimits(limits)
        // 10 times 9.99 are less than 100.00, 10 times 10.00 are not.
        #expect(try fixture.decide(Self.cover(fixture, price: "100", stop: "90.01")).legs[0].rejection == nil)
        let leg = try fixture.decide(Self.cover(fixture, price: "100", stop: "90")).legs[0]
        #expect(leg.rejection?.code == "daily_loss")
    }

    @Test("Price and stop of a cover order can be changed")
    func modifies() throws {
        var fixture = EngineFixture()
        let run = try fixture.admit(Self.cover(fixture, price: "100", stop: "95"))
        fixture.engine.apply(.ordersQueued(run: run.id, orders: [0], durableAt: fixture.now, queuedAt: fixture.now))
        fixture.answer(run.id)
        let result = try fixture.engine.requestReplace(
            LegID(run: run.id, index: 0), OrderChanges(stopPrice: ExactDecimal("96")),
            authority: .everything, by: "k", now: fixture.now)
        guard case .success(.replaceRequested(_, _, let replacement, _)) = result else {
            Issue.record("not asked for: \(result)")
            return
        }
        #expect(replacement.limitPrice == 1_000_000 && replacement.stopPrice == 960_000)
    }
}
