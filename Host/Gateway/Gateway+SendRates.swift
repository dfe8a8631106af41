import Domain
import Engine

// Message rates, measured at the send (RISK.md C13).

extension Gateway {
    /// Sends that a start counts at most, the newest: more are in no window that keeps anyone waiting.
    private static let maximumRenewedSends = 100_000

    /// Takes one message from every window of the order's scopes, or none.
    func takeRate(_ run: Run, _ place: OrderPlace, _ now: Timestamp, _ state: inout State) -> Bool {
        let logs = sendLogs(run, place, state)
        guard logs.allSatisfy({ $0.log.earliest(1, now: now) == now }) else { return false }
        for (scope, log) in logs {
            var log = log
            log.record(1, at: now)
            state.sendRates[scope] = log
        }
        return true
    }

    /// How full the windows are at a start, from what the runs in memory say was given to lanes: a restart gives no one's
    /// window free. A leg keeps when its first order was given; a later one counts as given when its run was last heard of.
    func renewSendRates(_ state: inout State) {
        let longest = state.engine.longestRateWindow
        guard longest > 0 else { return }
        let begin = clock.wall().advanced(by: -longest)
        var sends: [(at: Timestamp, place: OrderPlace)] = []
        for run in state.engine.runs.all where run.updatedAt > begin {
            for (index, order) in run.orders.enumerated() where order.isHandedOver {
                let leg = run.legs[Int(order.legIndex)]
                let isFirst = Int(leg.firstOrder) == index
                let at = isFirst ? Timestamp(nanoseconds: leg.times.queued) : run.updatedAt
                if at > begin { sends.append((at, OrderPlace(run: run.id, order: Int32(index)))) }
            }
        }
        sends.sort { ($0.at, $0.place.run, $0.place.order) < ($1.at, $1.place.run, $1.place.order) }
        for send in sends.suffix(Self.maximumRenewedSends) {
            guard let run = state.engine.runs[send.place.run] else { continue }
            for (scope, log) in sendLogs(run, send.place, state) {
                var log = log
                log.record(1, at: send.at)
                state.sendRates[scope] = log
            }
        }
    }

    /// The logs of the windows that a send of an order counts in, as the limits in force want them.
    private func sendLogs(
        _ run: Run, _ place: OrderPlace, _ state: borrowing State
    ) -> [(scope: SendScope, log: SlidingLog)] {
        let number = run.admission(of: run.orders[Int(place.order)]).account
        let account = state.engine.accounts[Int(number)].account
        let (group, strategy) = (run.admission.group, run.admission.order.strategy)
        return state.engine.sendWindows(
            account: number, group: group, strategy: strategy, sendScope(account, group, strategy)
        ).map { scope, window in
            if let log = state.sendRates[scope], log.limit == window.limit, log.window == window.window {
                return (scope, log)
            }
            return (scope, SlidingLog(limit: window.limit, window: window.window))
        }
    }

    private func sendScope(
        _ account: Account, _ group: GroupID?, _ strategy: String?
    ) -> (ScopeKind, Int) -> SendScope {
        { kind, index in
            switch kind {
            case .strategy: .strategy(strategy ?? "", index)
            case .group: group.map { .group($0, index) } ?? .firm(index)
            case .account: .account(account.id, index)
            case .adapter: .adapter(account.adapter, index)
            default: .firm(index)
            }
        }
    }
}
