package import Domain

/// A limit was reached whose document says what follows besides refusing (RISK.md §1).
package struct Breach: Hashable, Sendable {
    package var change: TradingStateChange
    /// What comes with the change; `nil` = nothing (a cool-off).
    package var action: BreachResponse.Action?

    package init(_ change: TradingStateChange, _ action: BreachResponse.Action?) {
        (self.change, self.action) = (change, action)
    }

    /// Whether live orders of the scope are canceled, also those that close.
    package var cancelsWorking: Bool { action == .cancelAll }
    package var squaresOff: Bool { action == .squareOff }
}

extension BreachResponse {
    /// When it gets worse, where it does.
    func escalation(after now: Timestamp) -> TradingStateChange.Escalation? {
        escalation.map { TradingStateChange.Escalation(action: $0, at: now.advanced(by: grace)) }
    }
}

extension Engine {
    /// Breaches whose grace has passed and that nobody resumed from: what they escalate to. Each is due once, since the
    /// change that follows carries no escalation any more.
    package func escalations(now: Timestamp) -> [Breach] {
        tradingStates.values
            .filter { change in change.escalation.map { $0.at <= now } ?? false && change.status(at: now) != .active }
            .sorted { $0.scope.description < $1.scope.description }
            .compactMap { change in
                guard let escalation = change.escalation else { return nil }
                var next = change
                next.status = max(change.status, escalation.action.status)
                next.reason = "nobody resumed in time: " + change.reason
                next.at = now
                next.until = nil
                next.escalation = nil
                return Breach(next, escalation.action)
            }
    }

    /// What controls that fired in an admission ask for besides refusing the leg (`action` of RISK.md §6.1): changes of the
    /// state of the leg's account that make it more severe than it is.
    package func ruleBreaches(_ admission: RunAdmission) -> [Breach] {
        var breaches: [Breach] = []
        for leg in admission.legs {
            guard let control = leg.rejection?.control,
                let rule = resolved.account(Int(leg.account))?.rules[control],
                let action = rule.action.stateAction
            else { continue }
            let scope = Scope(kind: .account, id: accounts[Int(leg.account)].account.id.rawValue)
            let now = admission.admittedAt
            let status = action.map(\.status) ?? .coolOff
            guard status > tradingStates[scope]?.status(at: now) ?? .active,
                !breaches.contains(where: { $0.change.scope == scope && $0.change.status >= status })
            else { continue }
            breaches.append(
                Breach(
                    TradingStateChange(
                        scope: scope, status: status, reason: "\(control.name) refused a leg of \(admission.run)",
                        by: "rule:\(control.name)", at: now,
                        until: action == nil ? now.advanced(by: rule.coolOff) : nil, cause: admission.origin.caller),
                    action))
        }
        return breaches
    }
}

extension ControlRule.Action {
    /// Outer `nil` = no state follows; inner `nil` = a cool-off.
    fileprivate var stateAction: BreachResponse.Action?? {
        switch self {
        case .alert, .clip, .reject: nil
        case .coolOff: .some(nil)
        case .reducing: .reducing
        case .cancelAll: .cancelAll
        case .squareOff: .squareOff
        case .halted: .halted
        }
    }
}
