import Domain
import Engine
import Foundation
import Testing

@testable import Gateway

@Suite("A run's story is told from the journal", .enabled(if: GatewayFixture.hasAdapters))
struct StoryTests {
    @Test("The story of a filled run names who asked, every leg's share, and every stage in order")
    func filled() async throws {
        let fixture = try await GatewayFixture()
        let placed = try await fixture.place(fixture.parent(.buy, 60), key: "story")
        let id = try #require(placed.run.id)
        let story = try #require(try await fixture.gateway.story(of: id))
        #expect(story.caller == "tester" && story.idempotencyKey == "story" && story.policy == .proportional)
        #expect(story.shares.map(\.allocated) == placed.run.legs.map(\.allocatedQuantity))
        #expect(story.shares.allSatisfy { $0.reject == nil && $0.funds != nil })
        #expect(story.steps.first?.type == "received" && story.steps[0].by == "tester")
        #expect(zip(story.steps, story.steps.dropFirst()).allSatisfy { $0.at <= $1.at })
        for leg in placed.run.legs {
            let types = story.steps.filter { $0.leg == leg.id }.map(\.type)
            for wanted in ["queued", "dispatched", "answered", "executed"] {
                #expect(types.contains(wanted), "\(leg.id): \(types)")
            }
            let fill = story.steps.last { $0.leg == leg.id && $0.type == "executed" }
            #expect(
                fill?.text.contains("\(leg.orderedQuantity) of \(leg.orderedQuantity)") == true, "\(fill?.text ?? "")")
        }
        #expect(story.steps.contains { $0.type == "durable" } && story.run.status == .done)
        #expect(try await fixture.gateway.story(of: RunID(number: 99)) == nil)
        await fixture.stop()
    }

    @Test("Refusals keep their numbers, a cancel its person; after a restart the story is the same")
    func refusedAndCanceled() async throws {
        var fixture = try await GatewayFixture()
        _ = try await fixture.gateway.setTradingState(
            Scope(kind: .account, id: "P1"), .halted, reason: "t", by: "ana", cancelWorking: false)
        let placed = try await fixture.place(fixture.parent(.buy, 60, price: "50"), wait: .acked)
        let id = try #require(placed.run.id)
        _ = try await fixture.gateway.cancel(
            id, by: GatewayFixture.caller, idempotency: Idempotency(key: "c", fingerprint: [1]))
        _ = try await fixture.gateway.waitFor(id, .done, 5_000)
        let story = try #require(try await fixture.gateway.story(of: id))
        #expect(story.shares[0].reject?.control == "trading-state" && story.shares[1].reject == nil)
        #expect(story.steps.contains { $0.type == "cancel_requested" && $0.by == "tester" })
        #expect(story.steps.contains { $0.type == "reported" || $0.type == "cancel_answered" })
        let directory = fixture.directory
        await fixture.stop()
        fixture = try await GatewayFixture(directory: directory)
        let again = try #require(try await fixture.gateway.story(of: id))
        #expect(again.steps.map(\.text) == story.steps.map(\.text))
        #expect("\(again.shares)" == "\(story.shares)")
        await fixture.stop()
    }
}
