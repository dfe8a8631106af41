import Domain

/// What allocation takes of one member of a group, in the engine's numbers. Trivial: made once for a state of groups and
/// accounts, not for every parent.
struct MemberTerms: Sendable {
    /// -1 = there is no such account, or it was removed.
    let account: Int32
    let isEnabled: Bool
    /// Minor units of the account's currency; `nil` = none is stated, or it has more digits than the currency.
    let capital: Int64?
    let riskBudget: Int64?
    let weight: Int64
    let lots: Int64
    let minimumLots: Int64
    let maximumLots: Int64
}

extension Engine {
    /// The members' terms of a group, in stored order.
    mutating func memberTerms(_ group: Int32) -> [MemberTerms] {
        if let known = groups[Int(group)].terms { return known }
        let terms = groups[Int(group)].group.members.map { member in
            let account = accountNumber(member.account)
            func minor(_ amount: ExactDecimal?) -> Int64? {
                guard let amount, let account else { return nil }
                return Money(amount, accounts[Int(account)].account.currency)?.minorUnits
            }
            return MemberTerms(
                account: account ?? -1, isEnabled: member.isEnabled, capital: minor(member.capital),
                riskBudget: minor(member.riskBudget), weight: member.weight ?? 0, lots: member.lots ?? 0,
                minimumLots: member.minimumLots, maximumLots: member.maximumLots ?? AllocationMember.unlimitedLots)
        }
        groups[Int(group)].terms = terms
        return terms
    }
}
