import Domain

extension Allocator {
    /// What the slots add up to.
    private struct Totals {
        var weight: UInt64 = 0
        /// Guaranteed lots. Reads `UInt64.max` beyond 64 bits, as `capacity` does.
        var minimum: UInt64 = 0
        /// Lots that can be taken at most, each account counted up to the parent's lots.
        var capacity: UInt64 = 0
    }

    private func totals() throws(AllocationError) -> Totals {
        var totals = Totals()
        for index in slots.indices {
            let slot = slots[index]
            let (weight, overflow) = totals.weight.addingReportingOverflow(slot.weight)
            guard !overflow else { throw .overflow(.weights, memberIndex: index) }
            totals.weight = weight
            totals.minimum = totals.minimum.addingSaturating(slot.minimum)
            totals.capacity = totals.capacity.addingSaturating(slot.weight > 0 ? slot.maximum : slot.minimum)
        }
        return totals
    }

    /// The lots to divide: those requested, or fewer where a partial allocation is allowed. More than zero.
    /// - Parameter hasDropped: Whether accounts below their minimum order size have been emptied already.
    func feasibleLots(
        _ request: AllocationRequest, requested: UInt64, hasDropped: Bool
    ) throws(AllocationError) -> UInt64 {
        let totals = try totals()
        if requested >= totals.minimum, requested <= totals.capacity { return requested }
        if requested >= totals.minimum {
            if totals.weight == 0, hasDropped { throw .belowEveryMinimum(requested: Int64(clamping: requested)) }
            if totals.weight == 0, !request.isClosing { throw .zeroWeights(policy: request.policy) }
            if request.allowsPartialAllocation, totals.capacity > 0 { return totals.capacity }
        }
        throw .infeasible(
            minimum: Int64(clamping: totals.minimum), maximum: Int64(clamping: totals.capacity),
            requested: Int64(clamping: requested))
    }

    /// The level at which the slots together take `lots`, which is feasible.
    ///
    /// With a scale the level is one of units, measured from the lowest position: an account that is ahead by its
    /// offset takes what the level has beyond the offset. Adding all offsets to the total makes that the same problem
    /// as the plain one.
    /// - Parameter scale: Units in what the level counts: the lot size when levelling positions, otherwise 1.
    mutating func findLevel(lots: UInt64, scale: UInt64) throws(AllocationError) -> WaterLevel {
        var total = lots &* scale  // the parent's units fit 63 bits
        for index in slots.indices where slots[index].offset > 0 {
            let (sum, overflow) = total.addingReportingOverflow(slots[index].offset)
            guard !overflow, sum <= UInt64(Int64.max) else { throw .overflow(.positions, memberIndex: index) }
            total = sum
        }
        vessels.removeAll(keepingCapacity: true)
        var openWeight: UInt64 = 0
        for slot in slots {
            if slot.weight == 0 {
                // It takes its minimum at every level. Zero when levelling, where only dropped accounts have no weight.
                total &-= slot.minimum
            } else if slot.minimum == 0, slot.offset == 0, slot.maximum >= lots {
                openWeight &+= slot.weight
            } else {
                vessels.append(
                    WaterLevel.Vessel(
                        weight: slot.weight, lower: slot.minimum &* scale &+ slot.offset,
                        upper: slot.maximum &* scale &+ slot.offset))
            }
        }
        if openWeight == 0, vessels.isEmpty { return .ground }
        return WaterLevel.solve(total: total, openWeight: openWeight, vessels: &vessels)
    }

    /// Gives every member the whole lots of its exact share and collects the fractions.
    /// - Parameter carry: What to add to the fractions' claims; empty for nothing.
    /// - Returns: The lots left over, fewer than there are fractions.
    mutating func roundDown(
        at level: WaterLevel, lots: UInt64, scale: UInt64, carry: [Int64], into allocation: inout Allocation
    ) throws(AllocationError) -> Int {
        let (divisor, overflow) = level.denominator.multipliedReportingOverflow(by: scale)
        guard !overflow else { throw .overflow(.positions, memberIndex: nil) }
        remainders.reset(capacity: slots.count)
        var left = lots
        for index in slots.indices {
            let slot = slots[index]
            let whole: UInt64
            switch share(of: slot, at: level, scale: scale) {
            case .bound(let bound): whole = bound
            case .between(let numerator):
                // At most the maximum, so the quotient fits and the upper half lies below the divisor.
                let (quotient, remainder) = divisor.dividingFullWidth(numerator)
                whole = quotient
                if remainder > 0 {
                    remainders.append(
                        FractionCandidate(
                            remainder: remainder, divisor: divisor, carry: carry.isEmpty ? 0 : carry[index],
                            weight: slot.weight, index: Int32(truncatingIfNeeded: index)))
                }
            }
            allocation.lots[index] = Int64(whole)
            left &-= whole
        }
        precondition(left <= remainders.candidates.count, "the exact shares do not sum to the order")
        return Int(left)
    }

    private enum Share {
        /// One of the account's bounds, in lots.
        case bound(UInt64)
        /// Between them: lots times the level's denominator times the scale.
        case between((high: UInt64, low: UInt64))
    }

    @inline(__always)
    private func share(of slot: Slot, at level: WaterLevel, scale: UInt64) -> Share {
        guard slot.weight > 0 else { return .bound(slot.minimum) }
        if level.compare(slot.weight, to: slot.minimum &* scale &+ slot.offset) == .below {
            return .bound(slot.minimum)
        }
        if level.compare(slot.weight, to: slot.maximum &* scale &+ slot.offset) == .above {
            return .bound(slot.maximum)
        }
        let height = level.numerator.multipliedFullWidth(by: slot.weight)
        guard slot.offset > 0 else { return .between(height) }
        let below = slot.offset.multipliedFullWidth(by: level.denominator)
        let (low, borrow) = height.low.subtractingReportingOverflow(below.low)
        return .between((height.high &- below.high &- (borrow ? 1 : 0), low))
    }

    /// Of the accounts that would receive something below their minimum order size the one whose exact share is the
    /// smallest part of it; the one with the higher index if two are equal. `nil` when there is none.
    func worstBelowMinimum(
        _ members: [AllocationMember], at level: WaterLevel, scale: UInt64, lots: [Int64]
    ) -> Int? {
        var worst: (index: Int, share: UInt128, minimum: UInt128)?
        for index in members.indices where lots[index] > 0 && lots[index] < members[index].minimumLots {
            let minimum = UInt128(members[index].minimumLots)
            let share = exactShare(of: slots[index], at: level, scale: scale)
            if let known = worst {
                // share / minimum > known share / known minimum, multiplied out in 256 bits
                let (left, right) = (
                    share.multipliedFullWidth(by: known.minimum), known.share.multipliedFullWidth(by: minimum)
                )
                if left.high != right.high ? left.high > right.high : left.low > right.low { continue }
            }
            worst = (index, share, minimum)
        }
        return worst?.index
    }

    /// An exact share as lots times the level's denominator times the scale, whose product fits 64 bits.
    private func exactShare(of slot: Slot, at level: WaterLevel, scale: UInt64) -> UInt128 {
        switch share(of: slot, at: level, scale: scale) {
        case .bound(let lots): UInt128(lots) * UInt128(level.denominator &* scale)
        case .between(let numerator): UInt128(numerator.high) << 64 | UInt128(numerator.low)
        }
    }
}

extension UInt64 {
    /// The sum, or `max` where it would not fit.
    @inline(__always)
    fileprivate func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
