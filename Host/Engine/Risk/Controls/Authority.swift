import Domain

/// C2 `authority` (!): the caller may trade the account. Source: RISK.md §4.
struct Authority: RiskControl {
    static let id = ControlID.authority

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        candidate.isAuthorised || candidate.isGatewayClosing
            ? .pass : .reject(Rejection(id, .notAuthorised, scope: .key))
    }
}
