import Domain

/// What each account receives of one parent order.
///
/// A value to be filled again and again: its arrays keep their storage from one call of
/// `Allocator.allocate(_:among:carry:into:)` to the next.
package struct Allocation: Hashable, Sendable {
    /// Lots per member, in the members' order, zero or more.
    package internal(set) var lots: [Int64] = []
    /// The policy's own number per member, to be stored with the run: the weight as it was counted, 1 for `equal` and
    /// `equalPosition`, the lots before the multiplier for `fixed`, the size of the position for `percentChange` and
    /// for every shared quantity that closes, the risk budget for `riskUnit`.
    package internal(set) var weights: [Int64] = []
    /// The side of each member under `percentChange`; empty where all have the parent's.
    package internal(set) var sides: [AllocationSide] = []
    /// The parent's side; `nil` under `percentChange`.
    package internal(set) var side: AllocationSide?
    /// Units in a lot.
    package internal(set) var lotSize: Int64 = 1
    /// The sum of `lots`.
    package internal(set) var allocatedLots: Int64 = 0
    /// Lots asked for, by the parent or by the policy's formula, that no account could take.
    package internal(set) var unallocatedLots: Int64 = 0
    /// When closing: units of the positions on the closing side that are less than a lot, which no order can close.
    package internal(set) var oddUnits: Int64 = 0
    /// Whether carry chose the accounts of this order and `carry` was advanced by it.
    package internal(set) var isCarrying = false
    /// The carry after this order, per member in units of 2^-32 lot; the carry that came in where `isCarrying` is
    /// false. A preview throws it away, an admission stores it.
    package internal(set) var carry: [Int64] = []
    /// Whether some account's carry lies beyond half as many lots as there are accounts. From the next order on, this
    /// key carries no more until its carry is reset, and a person should look at it.
    package internal(set) var carryAlert = false

    package init() {}

    /// The quantity of one member in units.
    package func units(at index: Int) -> Int64 { lots[index] * lotSize }  // the sum was checked to fit 64 bits

    /// The side of one member. Under `percentChange` a member without a position has no order either; it reads `buy`.
    package func side(at index: Int) -> AllocationSide { side ?? sides[index] }
}

extension Allocation {
    /// Makes room for `count` members, all at zero, keeping storage of the right size.
    mutating func reset(count: Int, request: AllocationRequest, carry: [Int64]) {
        if lots.count == count {
            for index in lots.indices { lots[index] = 0 }
        } else {
            lots = [Int64](repeating: 0, count: count)
        }
        if weights.count != count { weights = [Int64](repeating: 0, count: count) }  // every policy writes each of them
        sides.removeAll(keepingCapacity: true)
        side = request.side
        lotSize = request.lotSize
        (allocatedLots, unallocatedLots, oddUnits) = (0, 0, 0)
        (isCarrying, carryAlert) = (false, false)
        if self.carry.count != carry.count || self.carry != carry {
            self.carry.removeAll(keepingCapacity: true)
            self.carry.append(contentsOf: carry)
        }
    }

    /// Leaves nothing that could be taken for an allocation.
    mutating func clear() {
        lots.removeAll(keepingCapacity: true)
        weights.removeAll(keepingCapacity: true)
        sides.removeAll(keepingCapacity: true)
        carry.removeAll(keepingCapacity: true)
        (allocatedLots, unallocatedLots, oddUnits) = (0, 0, 0)
        (isCarrying, carryAlert) = (false, false)
    }
}
