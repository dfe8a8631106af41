import Domain

extension Engine {
    /// Shares the parent out by the group's policy; a single order is one share.
    mutating func allocate(
        _ parent: ParentTerms, _ request: AdmissionRequest, onlyAccounts: Set<Int32>? = nil
    ) throws(ParentRefusal) -> Shares {
        guard let number = parent.groupNumber else { return try single(parent) }
        let terms = memberTerms(number)
        let group = groups[Int(number)].group
        var leftOut: [RunAdmission.LeftOut] = []
        var members: [AllocationMember] = []
        var numbers: [Int32] = []
        members.reserveCapacity(terms.count)
        numbers.reserveCapacity(terms.count)
        let readsPosition = group.policy.readsPositions || parent.order.isReduceOnly
        for place in terms.indices {
            guard terms[place].account >= 0, terms[place].isEnabled else {
                leftOut.append(
                    RunAdmission.LeftOut(
                        account: group.members[place].account,
                        reason: terms[place].account < 0 ? "account_removed" : "disabled"))
                continue
            }
            if let onlyAccounts, !onlyAccounts.contains(terms[place].account) { continue }
            members.append(
                try allocationMember(
                    terms[place], place, number, group.policy, parent, readsPosition: readsPosition))
            numbers.append(terms[place].account)
        }
        let policy = group.policy
        var allocation = Allocation()
        let allocationRequest = try self.request(parent, group)
        let key = CarryKey(underlying: underlying(parent.instrumentNumber), isClosing: allocationRequest.isClosing)
        let known = groups[Int(number)].carry[key] ?? []
        do {
            try allocator.allocate(
                allocationRequest, among: members,
                carry: known.count == members.count && onlyAccounts == nil ? known : [], into: &allocation)
        } catch {
            throw refusal(error, group, numbers)
        }
        var legs: [Share] = []
        legs.reserveCapacity(members.count)
        var allocated: Int64 = 0
        for (index, account) in numbers.enumerated() {
            let units = allocation.units(at: index)
            guard units > 0 else {
                leftOut.append(RunAdmission.LeftOut(account: accounts[Int(account)].account.id, reason: "no_share"))
                continue
            }
            allocated = saturatingSum(allocated, units)
            let instrument = parent.instrument(of: account) ?? -1
            legs.append(
                Share(
                    account: account, instrument: instrument, side: allocation.side(at: index) == .buy ? .buy : .sell,
                    weight: allocation.weights[index], quantity: units / parent.terms(of: instrument).unitsPerStep))
        }
        let unallocated = allocation.unallocatedLots * parent.lot
        return Shares(
            legs: legs, requested: parent.quantity ?? saturatingSum(allocated, unallocated), unallocated: unallocated,
            leftOut: leftOut, carry: allocation.isCarrying ? allocation.carry : [],
            canRedistribute: policy != .fixed && policy != .percentChange && policy != .riskUnit)
    }

    private func single(_ parent: ParentTerms) throws(ParentRefusal) -> Shares {
        guard let account = parent.accountNumber, let quantity = parent.quantity else {
            throw ParentRefusal(
                code: "missing_field", path: "/quantity", value: "null", message: "an order needs a quantity",
                remedy: "give quantity or lots")
        }
        guard let side = parent.order.side else {
            throw ParentRefusal(
                code: "missing_field", path: "/side", value: "null", message: "an order needs a side",
                remedy: "give \(Side.choices)")
        }
        let instrument = parent.instrument(of: account) ?? -1
        return Shares(
            legs: [
                Share(
                    account: account, instrument: instrument, side: side, weight: 1,
                    quantity: quantity / parent.terms(of: instrument).unitsPerStep)
            ], requested: quantity, unallocated: 0, leftOut: [], carry: [], canRedistribute: false)
    }

    private func request(_ parent: ParentTerms, _ group: ExecutionGroup) throws(ParentRefusal) -> AllocationRequest {
        let order = parent.order
        var percent: AllocationPercent?
        if let given = order.percent {
            let exponent = min(0, given.exponent)
            guard let numerator = given.scaled(to: exponent).flatMap(Int64.init(exactly:)), -exponent <= 18 else {
                throw ParentRefusal(
                    code: "percent_out_of_range", path: "/percent", value: given.description,
                    message: "percent has too many digits", remedy: "give at most 18 digits")
            }
            percent = AllocationPercent(
                numerator: numerator, denominator: (0..<(-exponent)).reduce(Int64(1)) { power, _ in power * 10 })
        }
        var riskPerLot: Int64?
        if let distance = order.stopDistance {
            // Of several instruments any that counts as finely will do: a unit of each is worth the same.
            let money = ([parent] + parent.others).lazy.compactMap { terms -> Int64? in
                guard let points = terms.instrument.points(distance), points > 0 else { return nil }
                return terms.instrument.notional(quantity: parent.lot / terms.unitsPerStep, price: points)
            }.first
            guard let money, money > 0 else {
                throw ParentRefusal(
                    code: "stop_distance_out_of_range", path: "/stop_distance", value: distance.description,
                    message: "stop_distance must be a positive price distance",
                    remedy: "give it in the instrument's currency")
            }
            riskPerLot = money
        }
        return AllocationRequest(
            policy: group.policy, quantity: parent.quantity.map { .units($0) }, lotSize: parent.lot,
            side: order.side.map { $0 == .buy ? .buy : .sell }, percent: percent, multiplier: order.multiplier,
            riskPerLot: riskPerLot, carry: group.carry,
            allowsPartialAllocation: order.allowsPartialAllocation, dropsBelowMinimum: group.dropsBelowMinimum,
            isClosing: order.isReduceOnly)
    }

    private func allocationMember(
        _ terms: MemberTerms, _ place: Int, _ group: Int32, _ policy: AllocationPolicy, _ parent: ParentTerms,
        readsPosition: Bool
    ) throws(ParentRefusal) -> AllocationMember {
        let account = Int(terms.account)
        let weight: Int64
        switch policy {
        case .proportional:
            guard let capital = terms.capital else { throw unusable("capital", group, place) { $0.capital } }
            weight = capital
        case .weighted: weight = terms.weight
        // No snapshot is no share: an unknown account must not take what others are owed by guess.
        case .netLiquidation: weight = inputs.funds[account]?.equity ?? 0
        case .availableMargin:
            let funds = inputs.funds[account]
            let buffer = resolved.account(account).map { limits in
                max(limits.margin.absolute, scaled(funds?.equity ?? 0, limits.margin.basisPoints, over: 10_000) ?? .max)
            }
            weight = saturatingSum(
                saturatingSum(funds?.available ?? 0, -inputs.reservedMargin[account]), -(buffer ?? 0))
        case .equal, .equalPosition, .fixed, .percentChange, .riskUnit: weight = 1
        }
        var riskBudget: Int64 = 0
        if case .riskUnit = policy {
            guard let budget = terms.riskBudget else {
                throw unusable("risk_budget", group, place) { $0.riskBudget }
            }
            riskBudget = budget
        }
        var position: Int64 = 0
        if readsPosition, let instrument = parent.instrument(of: terms.account) {
            let slot = book.slot(terms.account, instrument)
            let held = slot < 0 ? 0 : book.positions[Int(slot)].quantity
            let units = parent.terms(of: instrument).unitsPerStep
            position = scaled(held, units, over: 1) ?? (held < 0 ? .min : .max)
        }
        return AllocationMember(
            weight: weight, minimumLots: terms.minimumLots, maximumLots: terms.maximumLots,
            position: position, fixedLots: terms.lots, riskBudget: riskBudget)
    }

    private func unusable(
        _ field: String, _ number: Int32, _ place: Int, _ amount: (ExecutionGroup.Member) -> ExactDecimal?
    ) -> ParentRefusal {
        let group = groups[Int(number)].group
        let member = group.members[place]
        let currency = account(member.account)?.account.currency.description ?? ""
        return ParentRefusal(
            code: "group_parameter", path: "/accounts/\(member.account)/\(field)",
            value: amount(member)?.description ?? "null",
            message: "account \(member.account) of group \(group.id) has no usable \(field)",
            remedy: "set \(field) on the group's account in \(currency)")
    }

    private func refusal(_ error: AllocationError, _ group: ExecutionGroup, _ numbers: [Int32]) -> ParentRefusal {
        let account = error.memberIndex.flatMap {
            numbers.indices.contains($0) ? accounts[Int(numbers[$0])].account.id : nil
        }
        return ParentRefusal(
            code: error.code == "no_members" ? "empty_group" : error.code,
            path: account.map { "/accounts/\($0)/\(error.field)" } ?? "/\(error.field)", value: "",
            message: error.message, remedy: error.remedy)
    }
}

extension AllocationPolicy {
    /// Whether shares follow from what members hold, also of an order that does not close.
    fileprivate var readsPositions: Bool {
        switch self {
        case .percentChange, .equalPosition: true
        case .equal, .proportional, .weighted, .netLiquidation, .availableMargin, .fixed, .riskUnit: false
        }
    }
}
