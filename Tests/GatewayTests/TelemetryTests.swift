import Domain
import Engine
import Gateway
import Telemetry
import Testing

@Suite("Telemetry of the pipeline", .enabled(if: GatewayFixture.hasAdapters), .serialized)
struct TelemetryTests {
    @Test(
        "A fan-out leaves a row for the run and each leg: stages in order, time taken apart, fairness and slippage exact"
    )
    func rows() async throws {
        let fixture = try await GatewayFixture(accounts: 3)
        let placement = try await fixture.place(fixture.parent(.buy, 12))
        let id = try #require(placement.run.id)
        let telemetry = fixture.runtime.telemetry
        telemetry.flush()
        let store = try #require(telemetry.store)
        let (run, legs) = try #require(try store.run(id))
        #expect(run.status == "DONE" && run.requestedQuantity == 12 && run.filledQuantity == 12)
        #expect(
            run.legCount == 3 && run.refusedCount == 0 && run.unallocatedQuantity == 0
                && run.currency.description == "USD")
        #expect(legs.map(\.cumulativeQuantity) == [2, 4, 6] && legs.map { $0.weight / legs[0].weight } == [1, 2, 3])
        let reached: [Stage] = [.received, .admitted, .durable, .queued, .dispatched, .acknowledged, .firstFill, .done]
        for leg in legs {
            let instants = reached.map { leg.times[$0] }
            #expect(instants == instants.sorted() && instants.allSatisfy { $0 > 0 }, "\(leg.account): \(instants)")
            // Paper writes nothing to a network: what it takes is the adapter's own.
            #expect(leg.adapterTime == leg.times.between(.dispatched, .acknowledged) && leg.wireTime == nil)
            // The cost of a fill beyond the arrival price, summed without rounding.
            let arrival = try #require(run.arrivalPrice)
            let average = try #require(leg.averagePrice)
            #expect(leg.slippage == average.subtracting(arrival))
        }
        #expect(Set(legs.map(\.sendRank)) == [0, 1, 2], "each has its place in the order of sending")
        #expect(
            run.sendSpread == (legs.map { $0.times[.dispatched] }.max()! - legs.map { $0.times[.dispatched] }.min()!))
        #expect(run.slippageCost == legs.compactMap(\.slippageCost).reduce(.zero) { $0?.adding($1) })
        #expect(run.priceDispersion == 0)
        #expect(telemetry.capture.dropped == 0 && telemetry.recorder?.metrics.figures.lostRows == 0)
        await fixture.stop()
    }

    @Test("Capture off leaves nothing, and changes nothing of what becomes of an order")
    func off() async throws {
        let fixture = try await GatewayFixture(accounts: 2)
        fixture.runtime.telemetry.capture.isOn = false
        let placement = try await fixture.place(fixture.parent(.buy, 3))
        #expect(placement.run.status == .done)
        fixture.runtime.telemetry.flush()
        #expect(try fixture.runtime.telemetry.store?.runs().rows.isEmpty == true)
        #expect(fixture.runtime.telemetry.capture.accepted == 0)
        await fixture.stop()
    }

    @Test(
        "What capture did not see, or the process did not live to keep, is kept after the next start, outcomes and all")
    func caughtUp() async throws {
        let first = try await GatewayFixture(accounts: 2)
        first.runtime.telemetry.capture.isOn = false
        var runs: [RunID] = []
        for _ in 0..<5 { runs.append(try #require(try await first.place(first.parent(.buy, 3)).run.id)) }
        await first.stop()
        let second = try await GatewayFixture(directory: first.directory, accounts: 2)
        let telemetry = second.runtime.telemetry
        let store = try #require(telemetry.store)
        for run in runs {
            telemetry.flush()
            let kept = try #require(try store.run(run))
            let journal = try #require(try await second.gateway.settledRun(run))
            #expect(kept.run.status == journal.status.rawName)
            #expect(kept.legs.map(\.status) == journal.legs.map(\.status.rawName))
            #expect(kept.legs.map(\.cumulativeQuantity) == journal.legs.map(\.cumulativeQuantity))
        }
        #expect(try store.sessions().rows.map(\.reason) == ["stopped", nil])
        #expect(
            Set(try store.sessions().rows.map(\.configurationHash)).count == 1, "the same configuration, the same hash")
        await second.stop()
    }

    @Test("The hash of the configuration changes with what is in effect, and with nothing else")
    func configurationHash() async throws {
        let one = try await GatewayFixture(accounts: 1)
        var changed = one.runtime.configuration
        let text = changed.canonicalText
        #expect(text.utf8.count > 200 && text.contains("telemetry.isEnabled=true"), "\(text)")
        changed.warnings = ["remarked"]
        changed.file = "/elsewhere.yaml"
        #expect(changed.canonicalText == text)
        changed.http.port += 1
        #expect(changed.canonicalText != text)
        await one.stop()
    }
}
