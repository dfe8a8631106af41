import Adapters
import Domain
import Engine

/// Orders that their adapters were not given: taken back from the lanes' queues and hands, and booked.
extension Gateway {
    /// Orders that were handed over and of which nothing has been heard, oldest first: they may still lie with their lanes.
    func unanswered(_ state: borrowing State, where isMeant: (Run, Order) -> Bool) -> [OrderPlace] {
        var places: [OrderPlace] = []
        state.engine.runs.forEachLive { run in
            for (index, order) in run.orders.enumerated() where order.isUnanswered && isMeant(run, order) {
                places.append(OrderPlace(run: run.id, order: Int32(index)))
            }
        }
        return places.sorted(by: OrderPlace.isOlder)
    }

    /// Those of these orders that no lane has begun, oldest first, taken back: certain not to have been sent, and never
    /// sent later.
    func takeBack(_ places: [OrderPlace], _ state: borrowing State) -> [OrderPlace] {
        var bySession: [ObjectIdentifier: (session: AdapterSession, ids: Set<UInt64>)] = [:]
        for place in places {
            guard let account = accountID(of: place, state), let session = state.sessions[account]?.session,
                let id = state.engine.runs.look(place.run, { $0.orders[Int(place.order)].clientSequence })
            else { continue }
            bySession[ObjectIdentifier(session), default: (session, [])].ids.insert(id)
        }
        let ids = bySession.values.sorted { $0.session.isBefore($1.session) }
            .flatMap { $0.session.withdrawSubmits($0.ids) }
        return self.places(ids, state)
    }

    /// Takes back and books everything of a session that its lane has not begun.
    func withdrawAll(from session: AdapterSession, reason: LocalCancelReason) {
        let withdrawn = session.withdrawSubmits()
        guard !withdrawn.isEmpty else { return }
        step { state in book(places(withdrawn, state), reason: reason, &state) }
    }

    /// Books orders, oldest first, that were taken back before an adapter was given them.
    func book(_ unsent: [OrderPlace], reason: LocalCancelReason, _ state: inout State) {
        var rest = unsent[...]
        while let run = rest.first?.run {
            let orders = rest.prefix { $0.run == run }
            emit(.ordersCanceledLocally(run: run, orders: orders.map(\.order), reason: reason), &state)
            rest = rest.dropFirst(orders.count)
        }
    }

    private func places(_ ids: [UInt64], _ state: borrowing State) -> [OrderPlace] {
        let engine = state.engine
        return ids.compactMap { engine.runs.place(ofClientSequence: $0) }.sorted(by: OrderPlace.isOlder)
    }
}

extension AdapterSession {
    /// A fixed order of sessions: what is done for several at one time is done in it, so that a seed replays it.
    func isBefore(_ other: AdapterSession) -> Bool { id.description < other.id.description }
}
