import Domain

extension ConfigurationReader {
    mutating func readGroups(_ readers: [MappingReader], currencies: [AccountID: Currency]) -> [ExecutionGroup] {
        var seen: Set<GroupID> = []
        var groups: [ExecutionGroup] = []
        for reader in readers {
            guard let group = readGroup(reader, currencies: currencies) else { continue }
            if !seen.insert(group.id).inserted {
                reader.report("the group is listed already", remedy: "an id comes once", at: "id")
            }
            for member in group.members where currencies[member.account] == nil {
                warnings.append(
                    "group \(group.id) names the account \(member.account), which the file does not list: "
                        + "it takes part once it exists")
            }
            groups.append(group)
        }
        return groups
    }

    private func readGroup(_ reader: MappingReader, currencies: [AccountID: Currency]) -> ExecutionGroup? {
        let id = reader.required("id", FieldType<GroupID>.identifier)
        let policy = reader.required("policy", FieldType<AllocationPolicy>.word())
        let carry = reader.value("carry", FieldType<CarryMode>.word(), default: .auto)
        let mode = reader.value("mode", FieldType<ExecutionMode>.word(), default: .bestEffort)
        let onLegFailure = reader.value("on_leg_failure", FieldType<LegFailurePolicy>.word(), default: .leave)
        let allowsUnwind = reader.value("allow_unwind", .boolean, default: false)
        let dropsBelowMinimum = reader.value("drop_below_min", .boolean, default: false)
        let redistributes = reader.value("redistribute", .boolean, default: false)
        if onLegFailure == .unwind, !allowsUnwind {
            reader.report("unwind is not allowed", remedy: "set allow_unwind: true in the group", at: "on_leg_failure")
        }
        if !reader.contains("accounts") {
            reader.report("'accounts' is missing", remedy: "expected a list of mappings", at: "accounts")
        }
        var seen: Set<AccountID> = []
        let members = reader.sections("accounts").compactMap { member -> ExecutionGroup.Member? in
            guard let read = readMember(member, policy: policy, currencies: currencies) else { return nil }
            if !seen.insert(read.account).inserted {
                member.report("the account is in the group already", remedy: "it comes once", at: "account_id")
            }
            return read
        }
        reader.finish()
        guard let id, let policy else { return nil }
        return ExecutionGroup(
            id: id, policy: policy, carry: carry, mode: mode, onLegFailure: onLegFailure, allowsUnwind: allowsUnwind,
            dropsBelowMinimum: dropsBelowMinimum, redistributes: redistributes, members: members, createdAt: now,
            updatedAt: now)
    }

    private func readMember(
        _ reader: MappingReader, policy: AllocationPolicy?, currencies: [AccountID: Currency]
    ) -> ExecutionGroup.Member? {
        let account = reader.required("account_id", FieldType<AccountID>.identifier)
        let currency = account.flatMap { currencies[$0] }
        let money = FieldType<ExactDecimal>.decimal.filter(
            "an amount from 0" + (currency.map { " with no more decimals than \($0) has" } ?? "")
        ) { amount in
            !amount.isNegative && (currency.map { Money(amount, $0) != nil } ?? true)
        }
        let count = FieldType<Int64>.integerOrText(0 ... .max)
        let isEnabled = reader.value("enabled", .boolean, default: true)
        let capital = reader.optional("capital", money)
        let weight = reader.optional("weight", FieldType<Int64>.integerOrText(1 ... .max))
        let lots = reader.optional("lots", count)
        let riskBudget = reader.optional("risk_budget", money)
        let minimumLots = reader.value("min_lots", count, default: 0)
        let maximumLots = reader.optional("max_lots", count)
        let needed: String? =
            switch policy {
            case .proportional: "capital"
            case .weighted: "weight"
            case .fixed: "lots"
            case .riskUnit: "risk_budget"
            default: nil
            }
        if let policy, let needed, !reader.contains(needed) {
            reader.report(
                "'\(needed)' is missing", remedy: "the policy \(policy.rawName) needs it of every account", at: needed)
        }
        if let maximumLots, maximumLots < minimumLots {
            reader.report(
                "\(maximumLots) is below min_lots \(minimumLots)", remedy: "expected at least that", at: "max_lots")
        }
        reader.finish()
        guard let account else { return nil }
        return ExecutionGroup.Member(
            account: account, isEnabled: isEnabled, capital: capital, weight: weight, lots: lots,
            riskBudget: riskBudget,
            minimumLots: minimumLots, maximumLots: maximumLots)
    }
}
