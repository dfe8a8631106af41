import Domain

/// The policies under which each account's lots follow from its own facts. They leave no fraction to carry.
extension Allocator {
    static func allocateFixed(
        _ request: AllocationRequest, among members: [AllocationMember], into allocation: inout Allocation
    ) throws(AllocationError) {
        let given = try request.requestedLots()
        let multiplier = request.multiplier ?? 1
        guard multiplier > 0 else { throw .multiplierNotPositive(multiplier) }
        guard let side = request.side else { throw .missing(.side, policy: request.policy) }
        var total: Int64 = 0
        for index in members.indices {
            let member = members[index]
            guard member.fixedLots >= 0 else { throw .negativeLots(memberIndex: index, lots: member.fixedLots) }
            let (stated, overflow) = member.fixedLots.multipliedReportingOverflow(by: multiplier)
            guard !overflow else { throw .overflow(.lots, memberIndex: index) }
            total = try total.adding(stated, at: index)
            allocation.weights[index] = member.fixedLots
            if request.isClosing {
                let units = try member.closableUnits(by: side, at: index)
                try allocation.addOddUnits(of: units, at: index)
                try allocation.give(min(stated, units / request.lotSize), of: stated, at: index)
            } else {
                try member.checkBounds(at: index)
                guard stated >= member.minimumLots, stated <= member.maximumLots else {
                    throw .outsideBounds(
                        memberIndex: index, lots: stated, minimum: member.minimumLots, maximum: member.maximumLots)
                }
                try allocation.give(stated, of: stated, at: index)
            }
        }
        if let given, given != total { throw .fixedSumMismatch(expected: total, given: given) }
        if allocation.unallocatedLots > 0, !request.allowsPartialAllocation || allocation.allocatedLots == 0 {
            throw .infeasible(minimum: 0, maximum: allocation.allocatedLots, requested: total)
        }
        try allocation.checkSum(request)
    }

    static func allocatePercentChange(
        _ request: AllocationRequest, among members: [AllocationMember], into allocation: inout Allocation
    ) throws(AllocationError) {
        guard let percent = request.percent else { throw .missing(.percent, policy: request.policy) }
        let isDecrease = percent.numerator < 0
        guard percent.denominator > 0, percent.numerator != 0 else { throw .percentOutOfRange(percent) }
        let whole = UInt64(percent.denominator).multipliedFullWidth(by: 100)
        let size = percent.numerator.magnitude
        guard !isDecrease || whole.high > 0 || size <= whole.low else { throw .percentOutOfRange(percent) }
        guard isDecrease || !request.isClosing else { throw .percentNotClosing(percent) }
        let (divisor, overflow) = whole.low.multipliedReportingOverflow(by: UInt64(request.lotSize))
        guard whole.high == 0, !overflow else { throw .overflow(.percent, memberIndex: nil) }

        for index in members.indices {
            let member = members[index]
            guard member.position != .min else { throw .overflow(.positions, memberIndex: index) }
            let product = member.position.magnitude.multipliedFullWidth(by: size)
            guard product.high < divisor else { throw .overflow(.lots, memberIndex: index) }
            guard let lots = Int64(exactly: divisor.dividingFullWidth(product).quotient) else {
                throw .overflow(.lots, memberIndex: index)
            }
            let holding: AllocationSide = member.position < 0 ? .sell : .buy
            allocation.sides.append(isDecrease ? holding.opposite : holding)
            allocation.weights[index] = abs(member.position)
            if isDecrease {
                try allocation.addOddUnits(of: abs(member.position), at: index)
                try allocation.give(lots, of: lots, at: index)
            } else if member.position == 0 {
                try member.checkBounds(at: index)  // and no order, whatever its minimum: it has no side
            } else {
                try allocation.give(member.capped(lots, request, at: index), of: lots, at: index)
            }
        }
        try allocation.checkSum(request)
    }

    static func allocateRiskUnit(
        _ request: AllocationRequest, among members: [AllocationMember], into allocation: inout Allocation
    ) throws(AllocationError) {
        guard let riskPerLot = request.riskPerLot else { throw .missing(.riskPerLot, policy: request.policy) }
        guard let side = request.side else { throw .missing(.side, policy: request.policy) }
        guard riskPerLot > 0 else { throw .riskPerLotNotPositive(riskPerLot) }
        for index in members.indices {
            let member = members[index]
            guard member.riskBudget >= 0 else {
                throw .negativeRiskBudget(memberIndex: index, budget: member.riskBudget)
            }
            let lots = member.riskBudget / riskPerLot
            allocation.weights[index] = member.riskBudget
            if request.isClosing {
                let units = try member.closableUnits(by: side, at: index)
                try allocation.addOddUnits(of: units, at: index)
                try allocation.give(min(lots, units / request.lotSize), of: lots, at: index)
            } else {
                try allocation.give(member.capped(lots, request, at: index), of: lots, at: index)
            }
        }
        try allocation.checkSum(request)
    }
}

extension AllocationMember {
    /// Computed lots within this account's bounds, for the policies that may lower them but not raise them.
    fileprivate func capped(_ lots: Int64, _ request: AllocationRequest, at index: Int) throws(AllocationError) -> Int64
    {
        try checkBounds(at: index)
        guard lots < minimumLots else { return min(lots, maximumLots) }
        guard request.dropsBelowMinimum else {
            throw .outsideBounds(memberIndex: index, lots: lots, minimum: minimumLots, maximum: maximumLots)
        }
        return 0
    }
}

extension Allocation {
    /// Gives a member `lots` of the `wanted` ones and keeps the sums.
    fileprivate mutating func give(_ lots: Int64, of wanted: Int64, at index: Int) throws(AllocationError) {
        self.lots[index] = lots
        allocatedLots = try allocatedLots.adding(lots, at: index)
        unallocatedLots = try unallocatedLots.adding(wanted - lots, at: index)
    }

    /// Counts what is less than a lot of a position to be closed.
    mutating func addOddUnits(of position: Int64, at index: Int) throws(AllocationError) {
        let (sum, overflow) = oddUnits.addingReportingOverflow(position % lotSize)
        guard !overflow else { throw .overflow(.positions, memberIndex: index) }
        oddUnits = sum
    }

    /// Refuses a sum that is nothing, or whose units do not fit 64 bits.
    fileprivate func checkSum(_ request: AllocationRequest) throws(AllocationError) {
        guard allocatedLots > 0 else { throw .nothingAllocated(policy: request.policy) }
        guard !allocatedLots.multipliedReportingOverflow(by: lotSize).overflow else {
            throw .overflow(.lots, memberIndex: nil)
        }
    }
}

extension Int64 {
    fileprivate func adding(_ other: Int64, at index: Int) throws(AllocationError) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        guard !overflow else { throw .overflow(.lots, memberIndex: index) }
        return sum
    }
}
