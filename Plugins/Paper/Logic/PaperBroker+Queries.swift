public import AdapterKit
import Exact

extension PaperBroker {
    /// Reads. Pages hold at most 1,000 rows.
    public func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) {
        if kind == .instruments, accounts.isEmpty {  // a data session lists, and has no wire to its accounts
            let rows = PaperAccount.rows(of: listed.indices.contains(filter.account) ? listed[filter.account] : [])
            PaperAccount.page(rows, Question(kind, filter), command) { $0.send(instruments: $1) }
            return
        }
        guard let account = account(filter.account, command) else { return }
        var question = Question(kind, filter)
        defer { account.settle(among: accounts) }
        guard account.plan != nil else {
            account.answer(question, command, login: options.login)
            return
        }
        guard let event = FaultEvent(kind) else {
            command.notSent(AdapterError(.unsupported, "the paper broker keeps no such rows", certainty: .notSent))
            return
        }
        let hit = account.login.renewedAt == nil ? account.meet(event, symbol: question.instrumentID, side: nil) : nil
        guard let departure = account.departure(hit, event, command) else { return }
        switch hit?.fault {
        case .visibilityDelay(let delay, _)?: question.seenUntil = host.now.shifted(by: -delay)
        case .pagesDisagree(let how)?: question.disagreement = how
        default: break
        }
        if departure > host.now {
            account.deliver(.question(question, command), at: departure)
        } else {
            account.answer(question, command, login: options.login)
        }
    }

    // MARK: - Preview and reconcile

    /// Tells what each order would block and cost after the ones before it; changes nothing.
    public func preview(_ orders: OrderBasket, _ command: Command) {
        var trials: [Int: SimulatedBroker] = [:]
        var rows: [Margin] = []
        var (required, charges) = (Money.zero, Money.zero)
        orders.each { order in
            guard accounts.indices.contains(order.account) else { return }
            let account = accounts[order.account]
            var trial = trials[account.index] ?? account.broker
            var row = Margin(
                account: account.index, clientReference: order.clientReference, currency: account.currency)
            do throws(AdapterError) {
                if let error = Self.unsupported(order) { throw error }
                let ticket = Ticket(order, instrument: try trial.resolve(InstrumentTerms(order.instrument)))
                let need = try trial.preview(ticket, at: host.now)
                (row.required, row.charges) = (need.margin.decimal, need.fees.decimal)
                required += need.margin
                charges += need.fees
            } catch { row.error = error }
            trials[account.index] = trial
            rows.append(row)
        }
        if let first = rows.first {
            rows.append(
                Margin(
                    account: first.account, currency: first.currency, required: required.decimal,
                    charges: charges.decimal))
        }
        command.send(margins: rows)
        command.ok()
    }

    /// Looks orders up by broker id or client reference.
    public func reconcile(_ items: ReconcileItems) {
        var touched: Set<Int> = []
        items.each { item, command in
            guard let account = account(item.reference.account, command) else { return }
            if touched.insert(account.index).inserted { account.broker.advance(to: host.now) }
            lookUp(item, account, command)
        }
        for index in touched.sorted() { accounts[index].settle(among: accounts) }
    }

    private func lookUp(_ item: borrowing ReconcileItem, _ account: PaperAccount, _ command: Command) {
        var lookUp = LookUp(identity: item.reference.identity(), writtenAt: item.writtenTime)
        guard account.plan != nil else {
            account.lookUp(lookUp, command)
            return
        }
        var terms = account.terms(of: lookUp.identity)
        if let order = item.reference.order { terms = (order.instrument.id, order.side) }
        let hit = account.login.renewedAt == nil ? account.meet(.lookUp, symbol: terms.symbol, side: terms.side) : nil
        guard let departure = account.departure(hit, .lookUp, command) else { return }
        switch hit?.fault {
        case .visibilityDelay(let delay, let isDeclared)?:
            (lookUp.visibilityDelay, lookUp.isDelayDeclared) = (delay, isDeclared)
        case .clockSkew(let offset)?: lookUp.clockOffset = offset
        default: break
        }
        if departure > host.now {
            account.deliver(.lookUp(lookUp, command), at: departure)
        } else {
            account.lookUp(lookUp, command)
        }
    }
}
