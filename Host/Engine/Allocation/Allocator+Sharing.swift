import Domain

extension Allocator {
    /// Divides the parent's quantity by weight within bounds.
    mutating func share(
        _ request: AllocationRequest, among members: [AllocationMember], carry: [Int64],
        into allocation: inout Allocation
    ) throws(AllocationError) {
        guard let requested = try request.requestedLots() else { throw .missing(.quantity, policy: request.policy) }
        guard let side = request.side else { throw .missing(.side, policy: request.policy) }
        let isLevelling = request.policy == .equalPosition && !request.isClosing
        let dropsBelowMinimum = request.dropsBelowMinimum && !request.isClosing
        if request.isClosing {
            try loadPositions(of: members, closedBy: side, lots: requested, into: &allocation)
        } else {
            try loadWeights(of: members, request: request, lots: requested, into: &allocation)
            if isLevelling { try loadOffsets(of: members, side: side) }
        }
        let carries =
            !isLevelling && !allocation.carryAlert && request.carry.isOn(lots: requested, members: members.count)
        let scale = isLevelling ? UInt64(request.lotSize) : 1
        var hasDropped = false
        while true {
            let lots = try feasibleLots(request, requested: UInt64(requested), hasDropped: hasDropped)
            let level = try findLevel(lots: lots, scale: scale)
            let bonus = try roundDown(
                at: level, lots: lots, scale: scale, carry: carries ? carry : [], into: &allocation)
            if carries { remainders.makeFractionsExact(lots: bonus) }
            remainders.bringForward(bonus)
            for candidate in remainders.candidates.prefix(bonus) { allocation.lots[Int(candidate.index)] += 1 }
            if dropsBelowMinimum,
                let dropped = worstBelowMinimum(members, at: level, scale: scale, lots: allocation.lots)
            {
                slots[dropped] = Slot(weight: 0, minimum: 0, maximum: 0, offset: 0)
                hasDropped = true
                continue
            }
            allocation.allocatedLots = Int64(lots)
            allocation.unallocatedLots = requested - Int64(lots)
            if carries { advanceCarry(bonus: bonus, into: &allocation) }
            return
        }
    }

    /// Moves every carry by what rounding did to its account, and looks whether one has gone too far.
    private func advanceCarry(bonus: Int, into allocation: inout Allocation) {
        if allocation.carry.isEmpty { allocation.carry = [Int64](repeating: 0, count: allocation.lots.count) }
        let candidates = remainders.candidates
        for place in candidates.indices {
            let taken = place < bonus ? FractionCandidate.lot : 0
            // Within half the members before, so nowhere near 64 bits after.
            allocation.carry[Int(candidates[place].index)] += candidates[place].fraction - taken
        }
        allocation.isCarrying = true
        allocation.carryAlert = CarryBound.isExceeded(by: allocation.carry)
    }

    // MARK: Loading

    private mutating func loadWeights(
        of members: [AllocationMember], request: AllocationRequest, lots: Int64, into allocation: inout Allocation
    ) throws(AllocationError) {
        slots.removeAll(keepingCapacity: true)
        slots.reserveCapacity(members.count)
        for index in members.indices {
            let member = members[index]
            try member.checkBounds(at: index)
            let weight: Int64
            switch request.policy {
            case .netLiquidation, .availableMargin: weight = max(0, member.weight)
            case .equal, .equalPosition: weight = 1
            case .proportional, .weighted, .fixed, .percentChange, .riskUnit:
                weight = member.weight
                guard weight >= 0 else {
                    throw .negativeWeight(memberIndex: index, weight: weight, policy: request.policy)
                }
            }
            allocation.weights[index] = weight
            slots.append(
                Slot(
                    weight: UInt64(weight), minimum: request.dropsBelowMinimum ? 0 : UInt64(member.minimumLots),
                    maximum: UInt64(min(member.maximumLots, lots)), offset: 0))
        }
    }

    private mutating func loadPositions(
        of members: [AllocationMember], closedBy side: AllocationSide, lots: Int64, into allocation: inout Allocation
    ) throws(AllocationError) {
        slots.removeAll(keepingCapacity: true)
        slots.reserveCapacity(members.count)
        for index in members.indices {
            let units = try members[index].closableUnits(by: side, at: index)
            allocation.weights[index] = units
            try allocation.addOddUnits(of: units, at: index)
            slots.append(
                Slot(
                    weight: UInt64(units), minimum: 0, maximum: UInt64(min(units / allocation.lotSize, lots)), offset: 0
                ))
        }
    }

    /// How far each account is ahead of the lowest position (of the highest one, for a sale).
    private mutating func loadOffsets(of members: [AllocationMember], side: AllocationSide) throws(AllocationError) {
        guard var first = members.first?.position else { throw .noMembers }
        for member in members { first = side == .buy ? min(first, member.position) : max(first, member.position) }
        for index in members.indices {
            let (ahead, overflow) =
                side == .buy
                ? members[index].position.subtractingReportingOverflow(first)
                : first.subtractingReportingOverflow(members[index].position)
            guard !overflow else { throw .overflow(.positions, memberIndex: index) }
            slots[index].offset = UInt64(ahead)
        }
    }
}
