import Domain

/// Divides a parent order over the accounts of a group: the nine policies of RISK.md §5, exact in integers.
///
/// The same request, members and carry always give the same allocation, and no input traps: what cannot be divided or
/// computed in its integers is refused. It holds scratch space only, so an owner that keeps it and one `Allocation`
/// divides without touching the heap once both have seen a group of the size. Not shared: each owner has its own.
///
/// The bounded shares follow §5.1 to the letter. Where the specification leaves room, this is what holds:
/// - `equalPosition` searches its level with the bounds in place, so that the sum is the parent's quantity when they
///   bind. It never carries: what rounding withheld is in the positions, and the next order's level makes it good.
/// - Dropping picks among the accounts that would receive less than their minimum order size but not nothing.
/// - An order that closes is shared by position under each of the six policies that share a quantity.
/// - `riskUnit` and an increase by `percentChange` are capped at an account's maximum and report what the cap took.
///   Below the minimum they leave the account out where the request drops such accounts, and refuse otherwise, since
///   raising the quantity would break the budget or the percentage.
/// - `fixed` never changes a stated number: outside the bounds it refuses. When closing, lots beyond the position are
///   cut if partial allocation is allowed.
package struct Allocator: Sendable {
    /// The largest group that is divided. It bounds the time one call takes, which grows with the members.
    package static let maximumMembers = 10_000
    /// The largest group that is divided with accounts dropped below their minimum order size: each drop is another
    /// division of the order, so the time grows with the members times the dropped ones.
    package static let maximumMembersWhenDropping = 1_000

    /// A member as the sharing policies see it, in lots but for the offset.
    struct Slot {
        var weight: UInt64
        var minimum: UInt64
        var maximum: UInt64
        /// Units by which this account is ahead of the one to be filled first; `equalPosition` only.
        var offset: UInt64
    }

    var slots: [Slot] = []
    var vessels: [WaterLevel.Vessel] = []
    var remainders = LargestRemainder()

    package init() {}

    /// Divides `request` over `members`.
    /// - Parameters:
    ///   - members: In the group's stored order, 1 to `maximumMembers` (`maximumMembersWhenDropping`). Disabled
    ///     accounts are left out by the caller.
    ///   - carry: What the last order of the same group, policy version, underlying and opening or closing left, per
    ///     member in units of 2^-32 lot. Empty for a key that has none yet.
    ///   - allocation: Overwritten; empty after a refusal.
    /// - Throws: `AllocationError`, always before anything was decided.
    package mutating func allocate(
        _ request: AllocationRequest, among members: [AllocationMember], carry: [Int64] = [],
        into allocation: inout Allocation
    ) throws(AllocationError) {
        do {
            try check(request, members, carry)
            allocation.reset(count: members.count, request: request, carry: carry)
            allocation.carryAlert = CarryBound.isExceeded(by: carry)
            switch request.policy {
            case .proportional, .netLiquidation, .availableMargin, .weighted, .equal, .equalPosition:
                try share(request, among: members, carry: carry, into: &allocation)
            case .fixed: try Self.allocateFixed(request, among: members, into: &allocation)
            case .percentChange: try Self.allocatePercentChange(request, among: members, into: &allocation)
            case .riskUnit: try Self.allocateRiskUnit(request, among: members, into: &allocation)
            }
        } catch {
            allocation.clear()
            throw error
        }
    }

    /// As `allocate(_:among:carry:into:)`, for a caller that has no allocation to fill again.
    package mutating func allocate(
        _ request: AllocationRequest, among members: [AllocationMember], carry: [Int64] = []
    ) throws(AllocationError) -> Allocation {
        var allocation = Allocation()
        try allocate(request, among: members, carry: carry, into: &allocation)
        return allocation
    }

    private func check(
        _ request: AllocationRequest, _ members: [AllocationMember], _ carry: [Int64]
    ) throws(AllocationError) {
        guard !members.isEmpty else { throw .noMembers }
        let divides = request.policy.sharesQuantity && !request.isClosing
        let limit = request.dropsBelowMinimum && divides ? Self.maximumMembersWhenDropping : Self.maximumMembers
        guard members.count <= limit else { throw .tooManyMembers(count: members.count, limit: limit) }
        guard carry.isEmpty || carry.count == members.count else {
            throw .carryCountMismatch(expected: members.count, given: carry.count)
        }
        try request.checkParameters()
    }
}

extension AllocationMember {
    /// Refuses bounds that contradict themselves.
    @inline(__always)
    func checkBounds(at index: Int) throws(AllocationError) {
        guard minimumLots >= 0, minimumLots <= maximumLots else {
            throw .invalidBounds(memberIndex: index, minimum: minimumLots, maximum: maximumLots)
        }
    }

    /// The units of the position that an order on `side` closes: the long ones for a sale, the short ones for a
    /// purchase.
    @inline(__always)
    func closableUnits(by side: AllocationSide, at index: Int) throws(AllocationError) -> Int64 {
        guard position != .min else { throw .overflow(.positions, memberIndex: index) }
        return side == .sell ? max(0, position) : max(0, -position)
    }
}
