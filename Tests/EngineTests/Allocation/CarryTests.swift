import Domain
import Testing

@testable import Engine

@Suite("Allocation: carry")
struct CarryTests {
    private let lot: Int64 = 1 << 32

    @Test("Auto carries below ten lots an account and not from there on")
    func auto() throws {
        let members: [AllocationMember] = .weights(3, 3, 1)
        #expect(try divide(.buying(29, carry: .auto), members).isCarrying)
        #expect(try !divide(.buying(30, carry: .auto), members).isCarrying)
        #expect(try divide(.buying(30, carry: .on), members).isCarrying)
        #expect(try !divide(.buying(29, carry: .off), members).isCarrying)
    }

    @Test("An order that does not carry hands back the carry it was given")
    func untouched() throws {
        let carry = [lot / 4, -lot / 4, 0]
        for policy in [AllocationPolicy.proportional, .equalPosition] {
            let mode: CarryMode = policy == .proportional ? .off : .on
            let allocation = try divide(.buying(5, policy, carry: mode), .weights(3, 2, 2), carry: carry)
            #expect(allocation.carry == carry && !allocation.isCarrying && !allocation.carryAlert)
        }
    }

    @Test("Carry chooses who gets a bonus lot and never moves an order past floor or ceiling", arguments: 0..<200)
    func staysBetweenFloorAndCeiling(seed: UInt64) throws {
        var random = AllocationRandom(seed: seed)
        let sample = BoundedCase(using: &random)
        let bound = Int64(sample.members.count) * lot / 2
        let carry = sample.members.map { _ in random.number(-bound...bound) }
        let allocation = try divide(.buying(sample.lots, carry: .on), sample.members, carry: carry)
        let exact = AllocationReference.weighted(sample.members, lots: sample.lots).shares
        for (lots, share) in zip(allocation.lots, exact) {
            #expect(lots == share.floor || (!share.isWhole && lots == share.floor + 1))
        }
        #expect(allocation.isCarrying)
        #expect(allocation.carry.reduce(0, +) == carry.reduce(0, +))
    }

    @Test("The order that takes a carry past half the accounts alerts, and the next one no longer carries")
    func bound() throws {
        // Shares 1, 1, 1/2, 1/2: the bonus goes to the third, whose carry falls from -1.9 to -2.4 of at most 2.
        let members: [AllocationMember] = .weights(2, 2, 1, 1)
        let carry = [lot * 39 / 20, lot * 39 / 20, -lot * 19 / 10, -lot * 2]
        let crossing = try divide(.buying(3, carry: .on), members, carry: carry)
        #expect(crossing.lots == [1, 1, 1, 0])
        #expect(crossing.isCarrying && crossing.carryAlert)
        #expect(crossing.carry[2] == carry[2] - lot / 2)

        let frozen = try divide(.buying(3, carry: .on), members, carry: crossing.carry)
        #expect(frozen.carryAlert && !frozen.isCarrying)
        #expect(frozen.carry == crossing.carry)
        #expect(frozen.lots == (try divide(.buying(3), members).lots))
    }

    @Test("A carry at exactly half the accounts still carries, one unit more does not")
    func boundIsExact() throws {
        #expect(try divide(.buying(1, carry: .on), .weights(1, 1), carry: [lot, -lot]).isCarrying)
        #expect(try !divide(.buying(1, carry: .on), .weights(1, 1), carry: [lot, -lot - 1]).isCarrying)
        #expect(try divide(.buying(1, carry: .on), .weights(1, 1), carry: [.max, .min]).carryAlert)
    }

    @Test("Claims that differ by less than 2^-16 lot are equal: the larger weight decides, then the lower index")
    func roundedClaims() throws {
        let whisper = lot / 1_000_000
        #expect(try divide(.buying(1, carry: .on), .weights(1, 1), carry: [-whisper, whisper]).lots == [1, 0])
        let voice = lot / 10_000
        #expect(try divide(.buying(1, carry: .on), .weights(1, 1), carry: [-voice, voice]).lots == [0, 1])
        // Shares 0.5 and 2.5, the same fraction: the larger weight goes first.
        #expect(try divide(.buying(3), .weights(1, 5)).lots == [0, 3])
    }

    @Test("A closing order carries by position")
    func closing() throws {
        var request = AllocationRequest.buying(1, carry: .on)
        request.side = .sell
        request.isClosing = true
        var carry: [Int64] = []
        var totals: [Int64] = [0, 0]
        for _ in 0..<10 {
            let allocation = try divide(request, .positions(70, 30), carry: carry)
            carry = allocation.carry
            for index in totals.indices { totals[index] += allocation.lots[index] }
        }
        #expect(totals == [7, 3])
    }
}
