import Domain

// What the day's counts, the attribution of fills, round trips and high-water marks are made of: every one a fold of
// events, called from `apply` alone.

/// What one step of an order changed.
struct OrderChange {
    var effect: Order.Effect
    var account: Int32
    var instrument: Int32
    var side: Side
    var isDelivery: Bool
    /// Where it stood among the live prices before and after; `nil` = nowhere, or prices are not kept.
    var before: RestingPrice?
    var after: RestingPrice?
}

extension Run {
    func restingPrice(_ order: Int) -> RestingPrice? {
        RestingPrice(orders[order], side: admission.legs[Int(orders[order].legIndex)].side)
    }
}

extension Engine {
    // MARK: States

    mutating func apply(_ change: TradingStateChange) {
        let known = tradingStates[change.scope]
        tradingStates[change.scope] = change.status == .active ? nil : change
        guard change.status == .active else { return }
        switch change.scope.kind {
        case .strategy where !change.by.hasPrefix("rule:"): attribution.enable(strategy: change.scope.id)
        case .account:
            guard let number = AccountID(change.scope.id).flatMap({ accountNumbers[$0] }) else { return }
            // A new start: what ended the last one is not held against it again.
            accounts[Int(number)].trips = RoundTrips()
            if known?.by == Self.drawdownRule {
                accounts[Int(number)].equityHigh = nil
                accounts[Int(number)].sessionEquityHigh = nil
            }
        default: break
        }
    }

    // MARK: Days

    mutating func open(_ opening: DayOpening) {
        let account = Int(opening.account)
        if opening.day > accounts[account].day {
            accounts[account].day = opening.day
            accounts[account].dayOrders = 0
            accounts[account].dayModifications = 0
            accounts[account].dayCancels = 0
            accounts[account].sessionEquityHigh = nil
            accounts[account].isWarned = false
            func mark(_ instrument: Int32) -> Int64? { opening.marks.first { $0.instrument == instrument }?.points }
            for slot in book.slots(of: opening.account) {
                let instrument = book.positions[Int(slot)].instrument
                book.update(opening.account, instrument) { $0.openDay(mark: mark(instrument)) }
            }
            attribution.openDay(of: opening.account, mark: mark)
        }
        guard let equity = opening.equity else { return }
        accounts[account].equityHigh = max(equity, accounts[account].equityHigh ?? equity)
        accounts[account].sessionEquityHigh = max(equity, accounts[account].sessionEquityHigh ?? equity)
    }

    // MARK: Counts

    /// Counts what a run admitted: orders of the day, fingerprints, the strategy's run, live prices.
    mutating func count(_ admission: RunAdmission, _ run: Run, group: Int32?) {
        var hasAdmitted = false
        for index in admission.legs.indices {
            let orders = admission.legs[index].slices.count
            guard orders > 0 else {
                if let rejection = admission.legs[index].rejection, rejection.sentence == .selfTradeCanceling {
                    demandCancels(
                        admission.legs[index], rejection, admission.instrument(ofLeg: index))
                }
                continue
            }
            hasAdmitted = true
            let account = admission.legs[index].account
            accounts[Int(account)].dayOrders = saturatingSum(accounts[Int(account)].dayOrders, Int64(orders))
            let instrument = admission.instrument(ofLeg: index)
            book.countOrders(account, instrument, orders)
            if !resting.kinds.isEmpty {
                for order in run.legs[index].orders {
                    guard let price = run.restingPrice(order) else { continue }
                    resting.change(price, account: account, instrument: instrument, by: 1)
                }
            }
        }
        guard hasAdmitted else { return }
        recordFingerprints(admission, group: group)
        if let strategy = admission.order.strategy { attribution.countRun(ofStrategy: strategy) }
    }

    /// In a loop of its own: each leg's place in the log is somewhere else, and waiting for them one by one, between all
    /// that is done for a leg, costs several times what it does side by side.
    private mutating func recordFingerprints(_ admission: RunAdmission, group: Int32?) {
        var instrument = instruments[Int(admission.instrument)].instrument
        var price = admission.order.limitPrice.flatMap { instrument.points($0) } ?? 0
        let (orderType, product) = (admission.order.orderType, admission.order.product)
        for index in admission.legs.indices where !admission.legs[index].slices.isEmpty {
            let number = admission.instrument(ofLeg: index)
            if number != instrument.index.rawValue {
                instrument = instruments[Int(number)].instrument
                price = admission.order.limitPrice.flatMap { instrument.points($0) } ?? 0
            }
            duplicates.record(
                OrderFingerprint(
                    account: admission.legs[index].account, instrument: number, group: group ?? -1,
                    side: admission.legs[index].side, orderType: orderType, product: product,
                    quantity: admission.legs[index].allocatedQuantity, price: price), at: admission.admittedAt)
        }
    }

    mutating func count(modificationOf place: OrderPlace) {
        guard let (account, instrument) = pair(place) else { return }
        accounts[Int(account)].dayModifications = saturatingSum(accounts[Int(account)].dayModifications, 1)
        book.update(account, instrument) { $0.dayModifications &+= 1 }
    }

    mutating func count(cancelOf place: OrderPlace) {
        if !selfTradeCancels.isEmpty { selfTradeCancels.removeAll { $0 == place } }
        guard let (account, instrument) = pair(place) else { return }
        accounts[Int(account)].dayCancels = saturatingSum(accounts[Int(account)].dayCancels, 1)
        book.update(account, instrument) { $0.dayCancels &+= 1 }
    }

    private func pair(_ place: OrderPlace) -> (Int32, Int32)? {
        runs.look(place.run) { run in
            run.orders.indices.contains(Int(place.order))
                ? (
                    run.admission.legs[Int(run.orders[Int(place.order)].legIndex)].account,
                    run.instrument(of: run.orders[Int(place.order)])
                )
                : nil
        } ?? nil
    }

    /// A round trip ended. A result in another currency than the account's cannot be converted: a loss counts as one
    /// beyond every epsilon, a profit as neither.
    mutating func count(_ trip: Position.RoundTrip, account: Int32, instrument: Int32) {
        let terms = instruments[Int(instrument)].instrument
        let money = terms.money(value: trip.value, rounding: .floor) ?? (trip.value < 0 ? .min : .max)
        let result: Int64
        if terms.currency == accounts[Int(account)].account.currency {
            result = saturatingDifference(money, trip.fees)
        } else {
            result = money < 0 ? .min : 0
        }
        accounts[Int(account)].trips.append(result)
    }

    mutating func attribute(
        _ group: GroupID?, _ strategy: String?, _ account: Int32, _ instrument: Int32, added: Int64, price: Int64,
        fees: Int64
    ) {
        let slot = book.slot(account, instrument)
        guard slot >= 0 else { return }
        if let group = group.flatMap({ groupNumbers[$0] }) {
            attribution.apply(
                owner: AttributionBook.group(group), slot: slot, account: account, instrument: instrument,
                execution: added, price: price, fees: fees)
        }
        if let strategy = strategy.flatMap({ attribution.strategyNumber($0) }) {
            attribution.apply(
                owner: AttributionBook.strategy(strategy), slot: slot, account: account, instrument: instrument,
                execution: added, price: price, fees: fees)
        }
    }

    // MARK: Live prices and self-trades

    /// Sets of live prices that the limits in force look at.
    private var restingKinds: SelfTradeIndex.Kinds {
        var kinds: SelfTradeIndex.Kinds = []
        // Limits of accounts that are gone are none the worse for a set that nobody asks for.
        for limits in resolved.sets {
            switch limits.selfTrade.owners {
            case .none: break
            case .group: kinds.formUnion([.groups, .owners])
            case .owner: kinds.formUnion(.owners)
            case .firm: kinds.formUnion(.firm)
            }
        }
        return kinds
    }

    /// One more account, the last one.
    mutating func addResting(_ account: Account) {
        resting.addAccount(owner: account.owner)
        if restingKinds != resting.kinds { resolveResting() }
    }

    /// Brings owners, groups and kept sets of live prices up to date; makes them anew where one of them changed.
    mutating func resolveResting() {
        var groupsOfAccount: [[Int32]] = Array(repeating: [], count: accounts.count)
        for (number, entry) in groups.enumerated() where !entry.isRemoved {
            for member in entry.members where !groupsOfAccount[Int(member)].contains(Int32(number)) {
                groupsOfAccount[Int(member)].append(Int32(number))
            }
        }
        let next = SelfTradeIndex(
            kinds: restingKinds, owners: accounts.lazy.map(\.account.owner), groups: groupsOfAccount)
        if next.isLaidOut(like: resting) { return }
        resting = next
        guard !next.kinds.isEmpty else { return }
        for run in runs.live {
            for order in run.orders.indices {
                guard let price = run.restingPrice(order) else { continue }
                let account = run.admission.legs[Int(run.orders[order].legIndex)].account
                resting.change(price, account: account, instrument: run.instrument(of: run.orders[order]), by: 1)
            }
        }
    }

    /// Notes the live orders that a leg refused by C29 is to have out of its way.
    private mutating func demandCancels(_ leg: LegAdmission, _ rejection: Rejection, _ instrument: Int32) {
        let owners: SelfTradeLimit.Owners =
            switch rejection.scope {
            case .firm: .firm
            case .group: .group
            default: .owner
            }
        let price = RestingPrice(side: leg.side, orderType: leg.orderType, limitPrice: leg.limitPrice)
            .effective(reference: rejection.observed)
        for run in runs.live {
            for (index, order) in run.orders.enumerated() where !order.status.isTerminal {
                let other = run.admission(of: order)
                guard run.instrument(of: order) == instrument, other.side != leg.side,
                    resting.share(leg.account, other.account, owners),
                    let live = run.restingPrice(index)?.effective(reference: rejection.observed),
                    leg.side.isBuy ? price >= live : price <= live
                else { continue }
                let place = OrderPlace(run: run.id, order: Int32(index))
                if !selfTradeCancels.contains(place) { selfTradeCancels.append(place) }
            }
        }
    }
}
