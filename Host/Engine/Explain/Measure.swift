/// One comparison of a control: what counts already, what it comes to with the candidate, and the bound.
///
/// Numbers in the unit that `unit` names, as in `Rejection`.
package struct Measure: Hashable, Sendable {
    package var scope: ScopeKind
    package var unit: Rejection.Unit
    /// `AccountLimits.unlimited` = the document says so; `nil` = the control has no bound to compare with.
    package var limit: Int64?
    /// Without the candidate; `nil` = nothing is counted beside it.
    package var observed: Int64?
    /// With the candidate.
    package var projected: Int64?
    /// Age of the oldest input used, in nanoseconds; -1 = none was needed.
    package var inputAge: Int64
    /// `projected` must not be below `limit`: a minimum, a buffer, a loss limit. Else it must not be above.
    package var isFloor: Bool

    init(
        _ unit: Rejection.Unit, _ scope: ScopeKind = .account, limit: Int64?, observed: Int64? = nil,
        projected: Int64? = nil, inputAge: Int64 = -1, isFloor: Bool = false
    ) {
        (self.unit, self.scope, self.limit, self.observed) = (unit, scope, limit, observed)
        (self.projected, self.inputAge, self.isFloor) = (projected, inputAge, isFloor)
    }

    /// The numbers of a refusal.
    package init(_ rejection: Rejection) {
        let hasNumbers = rejection.unit != .none
        self.init(
            rejection.unit, rejection.scope, limit: hasNumbers ? rejection.limit : nil,
            observed: hasNumbers ? rejection.observed : nil, projected: hasNumbers ? rejection.projected : nil,
            inputAge: rejection.inputAge)
    }

    /// The document sets no bound.
    static func unlimited(_ unit: Rejection.Unit, _ scope: ScopeKind = .account) -> Measure {
        Measure(unit, scope, limit: AccountLimits.unlimited)
    }

    package var isUnlimited: Bool { limit == AccountLimits.unlimited && !isFloor }

    /// Whether less is left here than at `other`: by the part of the bound that is used.
    func isTighter(than other: Measure) -> Bool {
        guard let (used, bound) = use else { return false }
        guard let (otherUsed, otherBound) = other.use else { return true }
        return used * otherBound > otherUsed * bound
    }

    /// Used part of the bound, as a fraction with a positive divisor; `nil` = there is no bound or nothing to compare.
    private var use: (Int128, Int128)? {
        guard let limit, let projected, !isUnlimited else { return nil }
        let (value, bound) = (Int128(projected), Int128(limit))
        if !isFloor { return bound > 0 ? (max(0, value), bound) : (1, 1) }
        if bound < 0 { return (max(0, -value), -bound) }
        return value > 0 ? (bound, value) : (bound == 0 && value == 0 ? 0 : 1, 1)
    }
}
