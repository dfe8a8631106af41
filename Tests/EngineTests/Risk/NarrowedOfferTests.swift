import Domain
import Testing

@testable import Engine

@Suite("What a login offers")
struct NarrowedOfferTests {
    private func refusals(_ fixture: inout EngineFixture) throws -> [String?] {
        try fixture.decide(fixture.parent(.buy, 20)).legs.map { $0.rejection?.control.name }
    }

    @Test("An account is refused what its login does not offer, others are not, and a further login may offer it again")
    func narrowed() throws {
        var fixture = EngineFixture(accounts: 2)
        #expect(try refusals(&fixture) == [nil, nil])
        let limitOnly = Inputs.Offer(
            orderTypes: [.limit], timesInForce: [.day], products: Product.allCases, orderClasses: [.regular])
        fixture.engine.setNarrowedOffer(1, limitOnly)
        #expect(try refusals(&fixture) == [nil, "unsupported"])
        let order = try fixture.decide(fixture.parent(.buy, 20, price: "100"))
        #expect(order.legs.allSatisfy { $0.rejection == nil })
        fixture.engine.setNarrowedOffer(1, nil)
        #expect(try refusals(&fixture) == [nil, nil])
    }
}
