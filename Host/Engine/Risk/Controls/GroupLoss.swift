import Domain

/// C27 `group-loss`: opening orders of a group are refused once `D_G <= -max`, `D_G` the day's realised and marked result
/// less fees of the fills that the group's own runs made, or with `attribution: account` of its member accounts. The
/// breach itself puts the group into `then` (`Engine.lossEvents`), its accounts stay as they are.
///
/// Minor units of each currency, losses rounded away from zero. Source: RISK.md §4. Strict closing orders pass.
struct GroupLoss: RiskControl {
    static let id = ControlID.groupLoss

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        guard candidate.group >= 0, !candidate.isClosing else { return .pass }
        guard candidate.parent.groupLoss.phase != .unlimited else {
            trace.record(.unlimited(.money, .group))
            return .pass
        }
        let limit = engine.resolved.groups[Int(candidate.group)].loss
        return refusal(
            candidate.parent.groupLoss, limit, engine.accountCurrency(candidate.account), id, .groupLossReached, &trace
        )
        .map { .reject($0) } ?? .pass
    }

    /// The refusal that a group's result means for an account of a currency.
    static func refusal(
        _ state: GroupLossState, _ limit: GroupLossLimit, _ currency: Currency, _ control: ControlID,
        _ sentence: Rejection.Sentence, scope: ScopeKind = .group, _ trace: inout some DecisionTrace
    ) -> Rejection? {
        switch state.phase {
        case .unlimited:
            trace.record(.unlimited(.money, scope))
            return nil
        case .breached:
            return Rejection(
                control, sentence, scope: scope, unit: .money, limit: -state.limit, observed: state.result,
                projected: state.result)
        case .unknown:
            return Rejection(
                control, .lossNoPrice, cause: .noInput, scope: scope, unit: .money, limit: -state.limit)
        case .within:
            trace.record(state.measure(scope))
            guard limit.maximum[currency] == nil else { return nil }
            return Rejection(control, .exposureNoLimit, cause: .noInput, scope: scope)
        }
    }
}

/// Where a group stands against its loss limit. Trivial: computed once a parent.
struct GroupLossState: Hashable, Sendable {
    enum Phase: UInt8, Hashable, Sendable {
        case unlimited = 0
        case within
        /// A held instrument has no price.
        case unknown
        case breached
    }
    var phase = Phase.unlimited
    /// Minor units, of the currency that breached or is unknown, or else of one that is limited.
    var limit: Int64 = 0
    var result: Int64 = 0

    func measure(_ scope: ScopeKind) -> Measure {
        limit == 0 && phase == .within
            ? .unlimited(.money, scope)
            : Measure(.money, scope, limit: -limit, observed: result, projected: result, isFloor: true)
    }
}

extension Engine {
    static var groupLossRule: String { "rule:group-loss" }

    func groupLoss(_ group: Int32, _ limit: GroupLossLimit) -> GroupLossState {
        Self.lossState(limit) {
            limit.countsAccounts ? memberResult(group, currency: $0) : groupResult(group, currency: $0)
        }
    }

    /// What the fills of a strategy's runs made (C25 of a strategy).
    func strategyLoss(_ name: String, _ limit: GroupLossLimit) -> GroupLossState {
        Self.lossState(limit) { strategyResult(name, currency: $0) }
    }

    /// A breach in any currency counts, then an unknown result, then the results within; of several the lowest currency
    /// code is named.
    private static func lossState(_ limit: GroupLossLimit, _ result: (Currency) -> Int64?) -> GroupLossState {
        var found = GroupLossState()
        guard !limit.maximum.isEmpty else { return found }
        found.phase = .within
        var named = UInt64.max
        for (currency, maximum) in limit.maximum where maximum != AccountLimits.unlimited {
            let result = result(currency)
            let phase: GroupLossState.Phase = result.map { $0 <= -maximum ? .breached : .within } ?? .unknown
            guard
                phase.rawValue > found.phase.rawValue
                    || (phase == found.phase && currency.packed < named)
            else { continue }
            found = GroupLossState(phase: phase, limit: maximum, result: result ?? 0)
            named = currency.packed
        }
        return found
    }
}
