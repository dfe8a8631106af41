import Domain

@testable import Engine

/// A small seeded source of numbers, so that a failing seed replays its case.
struct AllocationRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64 {
        range.lowerBound + Int64(next() % UInt64(range.upperBound - range.lowerBound + 1))
    }

    mutating func chance(_ percent: Int64) -> Bool { number(1...100) <= percent }

    /// Any 64-bit number, with those that break arithmetic more often than the rest.
    mutating func hostile() -> Int64 {
        switch number(0...9) {
        case 0: .max
        case 1: .min
        case 2: .max - number(0...3)
        case 3: .min + number(0...3)
        case 4: Int64(1) << number(0...62)
        case 5: -(Int64(1) << number(0...62))
        case 6: Int64(bitPattern: next())
        case 7: number(-3...3)
        default: number(0...1_000)
        }
    }
}

extension AllocationRequest {
    /// An order to buy `lots` of lot size 1, shared by `policy`, rounding without memory unless `carry` says otherwise.
    static func buying(
        _ lots: Int64, _ policy: AllocationPolicy = .proportional, carry: CarryMode = .off, partial: Bool = false,
        dropping: Bool = false
    ) -> AllocationRequest {
        AllocationRequest(
            policy: policy, quantity: .lots(lots), lotSize: 1, side: .buy, carry: carry,
            allowsPartialAllocation: partial,
            dropsBelowMinimum: dropping)
    }
}

extension [AllocationMember] {
    static func weights(_ weights: Int64...) -> Self { weights.map { AllocationMember(weight: $0) } }
    static func positions(_ positions: Int64...) -> Self { positions.map { AllocationMember(position: $0) } }
}

/// Divides with a fresh allocator.
func divide(
    _ request: AllocationRequest, _ members: [AllocationMember], carry: [Int64] = []
) throws(AllocationError) -> Allocation {
    var allocator = Allocator()
    return try allocator.allocate(request, among: members, carry: carry)
}

/// The refusal of a request, or `nil` when it was divided.
func refusal(_ request: AllocationRequest, _ members: [AllocationMember], carry: [Int64] = []) -> AllocationError? {
    do {
        _ = try divide(request, members, carry: carry)
        return nil
    } catch {
        return error
    }
}

/// A group with bounds and a number of lots that it can take.
struct BoundedCase {
    var members: [AllocationMember] = []
    var lots: Int64 = 0

    /// - Parameter weights: Small enough for the reference's 128-bit fractions.
    init(using random: inout AllocationRandom, weights: ClosedRange<Int64> = 0...40) {
        for _ in 0..<random.number(1...8) {
            var member = AllocationMember(weight: random.chance(15) ? 0 : random.number(weights))
            if random.chance(40) { member.minimumLots = random.number(0...6) }
            if random.chance(50) { member.maximumLots = member.minimumLots + random.number(0...12) }
            members.append(member)
        }
        if !members.contains(where: { $0.weight > 0 }) { members[0].weight = 1 }
        let least = members.reduce(0) { $0 + $1.minimumLots }
        let most = members.reduce(0) { sum, member in
            sum + (member.weight == 0 ? member.minimumLots : min(member.maximumLots, 60))
        }
        if most == 0 { members = [AllocationMember(weight: 1)] }
        lots = most == 0 ? random.number(1...50) : random.number(max(1, least)...max(1, most))
    }
}
