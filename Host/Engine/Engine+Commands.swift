package import Domain

extension Engine {
    /// Asks to end a run or one of its legs. Never refused by a risk control (R11); empty where all has ended.
    package func requestCancel(_ id: RunID, leg: Int? = nil, by: String) -> [Event] {
        guard let run = runs[id] else { return [] }
        return cancelEvents(run, leg: leg, reason: .requested, by: by)
    }

    // MARK: Trading states

    /// Checks that a scope names something that exists. An unknown name is an error, never an empty match.
    package func check(_ scope: Scope) throws(ParentRefusal) {
        let exists: Bool
        switch scope.kind {
        case .firm, .strategy, .key: exists = true
        case .group: exists = GroupID(scope.id).flatMap { groupNumber($0) } != nil
        case .account: exists = AccountID(scope.id).flatMap { accountNumber($0) } != nil
        case .adapter: exists = AdapterID(scope.id).map { adapters.contains($0) } ?? false
        case .instrument: exists = InstrumentPattern(scope.id) != nil
        case .order: exists = false
        }
        guard exists else {
            throw ParentRefusal(
                .notFound, code: "unknown_scope", path: "/scope", value: scope.description,
                message: "there is no \(scope.kind.name) \(scope.id)",
                remedy: "use firm, or kind:id with an existing group, account, instrument, adapter, strategy or key")
        }
    }

    /// What a change of state does at once: orders that wait and may not go are withdrawn; entering reducing cancels live
    /// orders that are not closing, and a halt does so for all when asked. Apply the change first.
    /// A cool-off withdraws what waits and leaves live orders alone.
    package func consequences(of change: TradingStateChange, cancelWorking: Bool) -> [Event] {
        guard change.status != .active else { return [] }
        var events: [Event] = []
        var room = ClosingRoom(self)
        for run in runs.live {
            var withdrawn: [Int32] = []
            for (index, order) in run.orders.enumerated() where !order.status.isTerminal {
                let leg = run.admission(of: order)
                guard concerns(change.scope, run, order), !run.admission.isGatewayClosing else { continue }
                if change.status == .reducing, !cancelWorking, order.status != .pendingCancel,
                    room.takes(order, of: leg, run.instrument(of: order))
                {
                    continue
                }
                if order.isWaiting {
                    withdrawn.append(Int32(index))
                } else if cancelWorking || change.status == .reducing, order.isAtBroker, order.status != .pendingCancel
                {
                    events.append(.cancelRequested(run: run.id, order: Int32(index), by: change.by))
                }
            }
            if !withdrawn.isEmpty {
                events.append(.ordersCanceledLocally(run: run.id, orders: withdrawn, reason: .halted))
            }
        }
        return events
    }

    /// Which live orders close what is held, judged by what is held now: what was closing
    /// when it was admitted may by now pass zero, and what was opening may close (RISK.md C6, R5).
    private struct ClosingRoom {
        private let book: Book
        /// By (account, instrument): how much more than the position its live orders would close.
        private var excesses: [Int64: Int64] = [:]

        init(_ engine: borrowing Engine) { book = engine.book }

        mutating func takes(_ order: Order, of leg: LegAdmission, _ instrument: Int32) -> Bool {
            let account = leg.account
            guard let position = book.position(account, instrument), position.quantity != 0,
                (position.quantity > 0) == (leg.side == .sell)
            else { return false }
            let key = Int64(account) << 32 | Int64(instrument)
            let open = position.quantity > 0 ? position.openSell : position.openBuy
            // While live orders together pass zero, this one goes and its share no longer counts.
            let excess = excesses[key] ?? saturatingSum(open, -abs(position.quantity))
            guard excess > 0 else { return true }
            excesses[key] = saturatingSum(excess, -order.reservedQuantity)
            return false
        }
    }

    /// Whether an order of a run lies in a scope.
    package func concerns(_ scope: Scope, _ run: Run, _ order: Order) -> Bool {
        let leg = run.admission(of: order)
        return switch scope.kind {
        case .firm: true
        case .group: run.admission.group?.rawValue == scope.id
        case .account: accounts[Int(leg.account)].account.id.rawValue == scope.id
        case .adapter: accounts[Int(leg.account)].account.adapter.rawValue == scope.id
        case .strategy: run.admission.order.strategy == scope.id
        case .key: run.admission.origin.caller == scope.id
        case .instrument: InstrumentPattern(scope.id)?.matches(instruments[Int(run.instrument(of: order))].id) ?? false
        case .order: false
        }
    }
}
