import Domain

/// Execution groups of requests (INTERFACES.md §6).
struct GroupDecoding {
    /// The most accounts that one group may have.
    static let maximumMembers = 10_000

    let now: Timestamp
    /// The currency of an account, `nil` where there is no such account: its existence is checked when the group is stored.
    let currency: (AccountID) -> Currency?

    /// - Parameter id: the id that the path names; the body may leave it out or repeat it.
    func group(_ object: JSONObject, id: GroupID?) throws(Problem) -> ExecutionGroup {
        var reader = ObjectReader(object)
        let named = reader.identifier("id", GroupID.self)
        if let id, let named, named != id {
            reader.refuse(
                "id", .string(named.rawValue), "is not the group of the path", remedy: "leave it out or write \(id)")
        }
        if id == nil, named == nil, reader.entries.isEmpty {
            reader.refuse("id", nil, "'id' is missing", remedy: "expected \(GroupID.rule)")
        }
        let policy = reader.required("policy", "one of \(AllocationPolicy.choices)") {
            $0.word("policy", Words.policy)
        }
        let carry = reader.word("carry", Words.carry) ?? .auto
        let mode = reader.word("mode", Words.mode) ?? .bestEffort
        let onLegFailure = reader.word("on_leg_failure", Words.onLegFailure) ?? .leave
        let allowsUnwind = reader.boolean("allow_unwind", default: false)
        let dropsBelowMinimum = reader.boolean("drop_below_min", default: false)
        let redistributes = reader.boolean("redistribute", default: false)
        if onLegFailure == .unwind, !allowsUnwind {
            reader.refuse(
                "on_leg_failure", .string("unwind"), "is not allowed in this group", remedy: "set allow_unwind to true")
        }
        let members = reader.required("accounts", "list the group's accounts, [] for none") { reader in
            reader.list("accounts", maximum: Self.maximumMembers) { reader, value, path in
                member(value, path, policy: policy, &reader)
            }
        }
        // What answers add and requests may send back unchanged.
        for name in ["carried", "version", "created_at", "updated_at"] { _ = reader.take(name) }
        reader.refuse(Self.repetitions(members ?? []))
        reader.finish(Schema.group)
        guard let id = id ?? named, let policy, let members, reader.entries.isEmpty else {
            throw .invalid(reader.entries)
        }
        return ExecutionGroup(
            id: id, policy: policy, carry: carry, mode: mode, onLegFailure: onLegFailure, allowsUnwind: allowsUnwind,
            dropsBelowMinimum: dropsBelowMinimum, redistributes: redistributes, members: members, createdAt: now,
            updatedAt: now)
    }

    private static func repetitions(_ members: [ExecutionGroup.Member]) -> [Problem.Entry] {
        var seen: Set<AccountID> = []
        return members.enumerated().compactMap { index, member in
            seen.insert(member.account).inserted
                ? nil
                : Problem.Entry(
                    path: "/accounts/\(index)/account_id", value: member.account.rawValue,
                    message: "the account is in the group already", remedy: "list each account once")
        }
    }

    // MARK: Members

    /// One account of a group, as POST to its accounts sends it.
    func member(_ object: JSONObject, policy: AllocationPolicy) throws(Problem) -> ExecutionGroup.Member {
        var errors = ObjectReader(JSONObject())
        let member = member(.object(object), "", policy: policy, &errors)
        guard let member, errors.entries.isEmpty else { throw .invalid(errors.entries) }
        return member
    }

    /// Changes of one account of a group: what is left out stays, `null` takes an optional value away.
    func change(
        _ member: ExecutionGroup.Member, _ object: JSONObject, policy: AllocationPolicy
    ) throws(Problem) -> ExecutionGroup.Member {
        var merged = JSONObject()
        var writer = JSONWriter()
        writer.member(member)
        if case .object(let known)? = try? JSONValue.parse(writer.bytes) { merged = known }
        for (key, value) in object {
            if key == "account_id", value.string != member.account.rawValue {
                throw .invalid([
                    Problem.Entry(
                        path: "/account_id", value: ObjectReader.shown(value),
                        message: "is not the account of the path",
                        remedy: "leave it out or write \(member.account)")
                ])
            }
            merged[key] = value
        }
        return try self.member(merged, policy: policy)
    }

    private func member(
        _ value: JSONValue, _ path: String, policy: AllocationPolicy?, _ errors: inout ObjectReader
    ) -> ExecutionGroup.Member? {
        guard case .object(let object) = value else {
            errors.refuse([
                Problem.Entry(
                    path: path, value: ObjectReader.shown(value), message: "is no account of a group",
                    remedy: "expected an object with account_id and the policy's parameter")
            ])
            return nil
        }
        var reader = ObjectReader(object, at: path)
        let account = reader.required("account_id", "name the account") { $0.identifier("account_id", AccountID.self) }
        let counts: ClosedRange<Int64> = 0 ... .max
        var member = ExecutionGroup.Member(account: account ?? AccountID(unchecked: ""))
        member.isEnabled = reader.boolean("enabled", default: true)
        member.capital = money("capital", account, &reader)
        member.weight = reader.integer("weight", 1 ... .max)
        member.lots = reader.integer("lots", counts)
        member.riskBudget = money("risk_budget", account, &reader)
        member.minimumLots = reader.integer("min_lots", counts) ?? 0
        member.maximumLots = reader.integer("max_lots", counts)
        if let policy, let needed = policy.parameter, object[needed]?.isNull ?? true {
            reader.refuse(
                needed, nil, "'\(needed)' is missing", remedy: "the policy \(policy.rawName) needs it of every account")
        }
        if let maximum = member.maximumLots, maximum < member.minimumLots {
            reader.refuse(
                "max_lots", .number("\(maximum)"), "is below min_lots \(member.minimumLots)",
                remedy: "expected at least that")
        }
        reader.finish(Schema.groupAccount)
        errors.refuse(reader.entries)
        return account == nil ? nil : member
    }

    private func money(_ name: String, _ account: AccountID?, _ reader: inout ObjectReader) -> ExactDecimal? {
        guard let amount = reader.decimal(name, .notNegative) else { return nil }
        if let currency = account.flatMap(currency), Money(amount, currency) == nil {
            reader.refuse(
                name, .string(amount.description), "is no amount of \(currency)",
                remedy: "expected at most \(currency.minorDigits) decimals and 18 digits")
            return nil
        }
        return amount
    }
}

extension AllocationPolicy {
    /// The parameter that every account of a group must have.
    var parameter: String? {
        switch self {
        case .proportional: "capital"
        case .weighted: "weight"
        case .fixed: "lots"
        case .riskUnit: "risk_budget"
        default: nil
        }
    }
}
