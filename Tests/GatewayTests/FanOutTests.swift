import Domain
import Engine
import Gateway
import Testing

@Suite(
    "A parent order through the whole pipeline", .enabled(if: GatewayFixture.hasAdapters, "the adapters are not built"),
    .serialized)
struct FanOutTests {
    @Test("A market order is shared, sent, acknowledged and filled, and positions move by its executions")
    func fills() async throws {
        let fixture = try await GatewayFixture()
        let placement = try await fixture.place(fixture.parent(.buy, 60))
        #expect(placement.isReached && placement.run.status == .done)
        #expect(placement.run.legs.map(\.allocatedQuantity) == [10, 20, 30])
        for leg in placement.run.legs {
            #expect(leg.status == .filled && leg.cumulativeQuantity == leg.allocatedQuantity)
            #expect(leg.averagePrice == ExactDecimal("100"))
            let times = leg.times
            #expect(times.durable > 0 && times.queued >= times.durable && times.dispatched >= times.queued)
            #expect(times.acknowledged >= times.dispatched && times.firstFill > 0 && times.done >= times.firstFill)
        }
        let positions = fixture.gateway.positions(of: nil, authority: .everything)
        #expect(positions.map(\.quantity) == [10, 20, 30])
        await fixture.stop()
    }

    @Test("The same key gives the same run; the same key with another order is refused")
    func idempotency() async throws {
        let fixture = try await GatewayFixture()
        let order = fixture.parent(.buy, 6)
        let first = try await fixture.place(order, key: "k1")
        let second = try await fixture.place(order, key: "k1")
        #expect(second.isReplay && second.run.id == first.run.id)
        await #expect(throws: GatewayError.self) { try await fixture.place(fixture.parent(.buy, 9), key: "k1") }
        await fixture.stop()
    }

    @Test("One key a hundred times at once makes one run")
    func simultaneousKeys() async throws {
        let fixture = try await GatewayFixture()
        let order = fixture.parent(.buy, 6)
        let runs = await withTaskGroup(of: RunID?.self) { group in
            for _ in 0..<100 {
                group.addTask { try? await fixture.place(order, key: "same", wait: .durable).run.id }
            }
            return await group.reduce(into: [RunID?]()) { $0.append($1) }
        }
        #expect(Set(runs.compactMap(\.self)).count == 1)
        #expect(
            try await fixture.gateway.runs(
                Gateway.RunFilter(group: nil, account: nil, status: nil, before: nil, limit: 10)
            ).items.count == 1)
        await fixture.stop()
    }

    @Test("A resting limit order is canceled, and its reservation goes")
    func cancel() async throws {
        let fixture = try await GatewayFixture()
        let placement = try await fixture.place(fixture.parent(.buy, 6, price: "91.00"), wait: .acked)
        #expect(placement.run.status == .working)
        let id = try #require(placement.run.id)
        _ = try await fixture.gateway.cancel(
            id, by: GatewayFixture.caller, idempotency: Idempotency(key: "c", fingerprint: [1]))
        let ended = try await fixture.place(fixture.parent(.buy, 6, price: "91.00"), key: "unused", wait: .durable)
        _ = ended
        for _ in 0..<200 {
            if let run = try await fixture.gateway.settledRun(id), run.status.isTerminal { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        let run = try #require(try await fixture.gateway.settledRun(id))
        #expect(run.status == .canceled && run.legs.allSatisfy { $0.status == .canceled })
        await fixture.stop()
    }

    @Test("A halt refuses legs with the scope, cancels working orders when asked, and resume lets orders pass again")
    func halt() async throws {
        let fixture = try await GatewayFixture()
        let resting = try await fixture.place(fixture.parent(.buy, 6, price: "91.00"), wait: .acked)
        _ = try await fixture.gateway.setTradingState(
            Scope("group:family")!, .halted, reason: "test", by: "t", cancelWorking: true)
        let refused = try await fixture.place(fixture.parent(.buy, 6))
        #expect(refused.run.status == .refused)
        #expect(
            refused.run.legs.allSatisfy { $0.reject?.code == "trading_state" && $0.reject?.scope == "group:family" })
        for _ in 0..<200 {
            if let run = try await fixture.gateway.settledRun(resting.run.id!), run.status.isTerminal { break }
            try await Task.sleep(for: .milliseconds(10))
        }
        #expect(try await fixture.gateway.settledRun(resting.run.id!)?.status.isTerminal == true)
        _ = try await fixture.gateway.setTradingState(
            Scope("group:family")!, .active, reason: "test", by: "t", cancelWorking: false)
        #expect(try await fixture.place(fixture.parent(.buy, 6)).run.status == .done)
        await fixture.stop()
    }

    @Test("Stop and start: runs, positions, groups and halts are as they were")
    func restart() async throws {
        let directory = GatewayFixture.makeDirectory()
        var fixture = try await GatewayFixture(directory: directory)
        let filled = try await fixture.place(fixture.parent(.buy, 60), key: "k")
        let resting = try await fixture.place(fixture.parent(.buy, 6, price: "91.00"), wait: .acked)
        _ = try await fixture.gateway.setTradingState(
            Scope("account:P1")!, .reducing, reason: "test", by: "t", cancelWorking: false)
        await fixture.stop()
        fixture = try await GatewayFixture(directory: directory)
        #expect(fixture.gateway.positions(of: nil, authority: .everything).map(\.quantity) == [10, 20, 30])
        #expect(fixture.gateway.tradingStates().map(\.scope.description) == ["account:P1"])
        let again = try await fixture.place(fixture.parent(.buy, 60), key: "k")
        #expect(again.isReplay && again.run.id == filled.run.id && again.run.status == .done)
        let rested = try #require(try await fixture.gateway.settledRun(resting.run.id!))
        #expect(rested.legs.dropFirst().allSatisfy { $0.status == .working })
        await fixture.stop()
    }

    @Test("A preview shows allocation and verdicts and keeps nothing")
    func preview() async throws {
        let rms = """
            rms: 1
            accounts: [ { id: P3, limits: { notional-limits: { max: "2000 USD" } } } ]
            """
        let fixture = try await GatewayFixture(rms: rms)
        let preview = try fixture.gateway.preview(
            fixture.parent(.buy, 60), by: GatewayFixture.caller, receivedAt: fixture.gateway.clock.wall())
        #expect(preview.id == nil)
        #expect(preview.legs.map { $0.reject?.code } == [nil, nil, "notional_limits"])
        let reject = try #require(preview.legs[2].reject)
        #expect(reject.limit == 2000 && reject.unit == "USD" && reject.scope == "account:P3")
        let placed = try await fixture.place(fixture.parent(.buy, 60))
        #expect(placed.run.id?.number == 1 && placed.run.status == .partial)
        await fixture.stop()
    }

    @Test("Instruments that an adapter lists are known, beside those of the overlay")
    func adapterInstruments() async throws {
        let fixture = try await GatewayFixture(
            accounts: 1,
            config: "{ instruments: [ { id: \"US:EQ:ACME\", currency: USD, tick: \"0.05\", lot_size: \"10\" } ] }")
        let acme = try InstrumentID("US:EQ:ACME")
        for _ in 0..<500 where fixture.runtime.market.record(acme) == nil {
            try await Task.sleep(for: .milliseconds(10))
        }
        let record = try #require(fixture.runtime.market.record(acme))
        #expect(record.tickSize == ExactDecimal("0.05") && record.lotSize == 10)
        #expect(fixture.runtime.market.record(GatewayFixture.symbol) != nil)
        await fixture.stop()
    }
}
