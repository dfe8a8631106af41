package import Domain

/// The side of a parent or of one account's share. The raw value is the sign d of RISK.md §2.
package enum AllocationSide: Int8, Hashable, Sendable {
    case buy = 1
    case sell = -1

    package var opposite: AllocationSide { self == .buy ? .sell : .buy }
}

/// The quantity of a parent order, as its sender stated it.
package enum AllocationQuantity: Hashable, Sendable {
    /// Units of the instrument; must be a whole number of lots.
    case units(Int64)
    case lots(Int64)
}

/// An exact percentage, `numerator / denominator` per cent: 12.345 % is 12345 / 1000, minus half a position is -50 / 1.
///
/// It need not be in lowest terms. A decimal with mantissa m and s decimals is m / 10^s.
package struct AllocationPercent: Hashable, Sendable {
    /// Negative for a decrease.
    package var numerator: Int64
    /// Positive.
    package var denominator: Int64

    package init(numerator: Int64, denominator: Int64 = 1) {
        self.numerator = numerator
        self.denominator = denominator
    }
}

extension CarryMode {
    /// The setting for an order of `lots` over `members` accounts.
    func isOn(lots: Int64, members: Int) -> Bool {
        switch self {
        case .off: false
        case .on: true
        case .auto: lots / 10 < members  // lots < 10 * members, without the product
        }
    }
}

/// One account as allocation sees it: numbers only, in the group's stored order.
///
/// A fact that the policy in force does not use is not read. The defaults are facts as well: no weight, no bounds, no
/// position, no lots and no budget.
package struct AllocationMember: Hashable, Sendable {
    /// The `maximumLots` of an account without a maximum.
    package static let unlimitedLots = Int64.max

    /// The policy's number: capital, net liquidation or available margin in minor units of one common currency, or a
    /// ratio integer. A negative one counts as zero for `netLiquidation` and `availableMargin` and is refused
    /// otherwise.
    package var weight: Int64
    /// Guaranteed minimum in lots, or minimum order size where the request drops accounts below it.
    package var minimumLots: Int64
    /// Maximum in lots, at least `minimumLots`.
    package var maximumLots: Int64
    /// Signed net position in units. Closing, `equalPosition` and `percentChange` read it.
    package var position: Int64
    /// Lots of this account under `fixed`, before the parent's multiplier.
    package var fixedLots: Int64
    /// What this account may lose at the stop under `riskUnit`, in minor units of the currency of `riskPerLot`.
    package var riskBudget: Int64

    package init(
        weight: Int64 = 0, minimumLots: Int64 = 0, maximumLots: Int64 = Self.unlimitedLots, position: Int64 = 0,
        fixedLots: Int64 = 0, riskBudget: Int64 = 0
    ) {
        self.weight = weight
        self.minimumLots = minimumLots
        self.maximumLots = maximumLots
        self.position = position
        self.fixedLots = fixedLots
        self.riskBudget = riskBudget
    }
}

/// A parent order as allocation sees it. What a policy needs and lacks is refused, and so is what it cannot use.
package struct AllocationRequest: Hashable, Sendable {
    package var policy: AllocationPolicy
    /// Required where the policy shares a quantity, optional for `fixed`, absent for `percentChange` and `riskUnit`.
    package var quantity: AllocationQuantity?
    /// Units in a lot, positive.
    package var lotSize: Int64
    /// Absent for `percentChange`, where each account's own position decides; required otherwise.
    package var side: AllocationSide?
    /// For `percentChange`: above 0 to increase, -100 up to below 0 to decrease.
    package var percent: AllocationPercent?
    /// For `fixed`: a positive factor on every account's lots.
    package var multiplier: Int64?
    /// For `riskUnit`: minor units lost per lot at the stop, already rounded up, positive.
    package var riskPerLot: Int64?
    package var carry: CarryMode
    /// Whether an order larger than the accounts can take is cut to what they can take.
    package var allowsPartialAllocation: Bool
    /// Whether `minimumLots` is a minimum order size (below it: nothing) instead of a guaranteed minimum.
    package var dropsBelowMinimum: Bool
    /// Whether the order closes positions: shares follow the positions on the side it closes, no account is turned
    /// over, and configured bounds do not apply, since they limit what an account takes on and never what it gives
    /// back.
    package var isClosing: Bool

    package init(
        policy: AllocationPolicy, quantity: AllocationQuantity? = nil, lotSize: Int64, side: AllocationSide? = nil,
        percent: AllocationPercent? = nil, multiplier: Int64? = nil, riskPerLot: Int64? = nil, carry: CarryMode,
        allowsPartialAllocation: Bool = false, dropsBelowMinimum: Bool = false, isClosing: Bool = false
    ) {
        self.policy = policy
        self.quantity = quantity
        self.lotSize = lotSize
        self.side = side
        self.percent = percent
        self.multiplier = multiplier
        self.riskPerLot = riskPerLot
        self.carry = carry
        self.allowsPartialAllocation = allowsPartialAllocation
        self.dropsBelowMinimum = dropsBelowMinimum
        self.isClosing = isClosing
    }
}

extension AllocationRequest {
    /// Refuses a parameter that the policy needs and lacks, or has and cannot use.
    func checkParameters() throws(AllocationError) {
        guard lotSize > 0 else { throw .lotSizeNotPositive(lotSize) }
        try check(.quantity, isPresent: quantity != nil, needed: policy.sharesQuantity, allowed: policy == .fixed)
        try check(.side, isPresent: side != nil, needed: policy != .percentChange)
        try check(.percent, isPresent: percent != nil, needed: policy == .percentChange)
        try check(.multiplier, isPresent: multiplier != nil, needed: false, allowed: policy == .fixed)
        try check(.riskPerLot, isPresent: riskPerLot != nil, needed: policy == .riskUnit)
    }

    private func check(
        _ parameter: AllocationError.Parameter, isPresent: Bool, needed: Bool, allowed: Bool = false
    ) throws(AllocationError) {
        if needed, !isPresent { throw .missing(parameter, policy: policy) }
        if isPresent, !needed, !allowed { throw .unexpected(parameter, policy: policy) }
    }

    /// The parent's lots N, or `nil` when it names none. Positive, and its units fit 64 bits.
    func requestedLots() throws(AllocationError) -> Int64? {
        let lots: Int64
        switch quantity {
        case nil: return nil
        case .units(let units):
            guard units > 0 else { throw .quantityNotPositive(units) }
            guard units % lotSize == 0 else { throw .notWholeLots(units: units, lotSize: lotSize) }
            lots = units / lotSize
        case .lots(let given):
            guard given > 0 else { throw .quantityNotPositive(given) }
            lots = given
        }
        guard !lots.multipliedReportingOverflow(by: lotSize).overflow else {
            throw .overflow(.quantity, memberIndex: nil)
        }
        return lots
    }
}
