import Adapters
import Domain
import Engine
import Faults

/// A modify whose reply was lost, and what was learnt of it since.
struct ReplaceCheck: Sendable {
    var attempts = 0
    /// How often in a row the broker showed the terms of before.
    var oldSeen = 0
    /// Looks before this prove nothing: the change may not show yet.
    var provesFrom: Timestamp
    var dueAt: Timestamp
    /// Asked, and since when; `nil` = not under way.
    var askedAt: Timestamp?
}

// A modify whose fate is open is settled by what the broker shows: the new terms once, or the old ones often enough after
// the visibility delay. It is never sent again blindly: a person asks anew.

extension Gateway {
    /// A question for one order, to be put outside the lock.
    struct TermsQuestion {
        var place: OrderPlace
        var session: AdapterSession
        var reference: OrderReference
        var askedAt: Timestamp
    }

    func checkReplace(_ place: OrderPlace, _ session: AdapterSession?, _ now: Timestamp, _ state: inout State) {
        if state.replaces[place] != nil {
            state.replaces[place]?.dueAt = now
            return
        }
        let delay = max(session?.adapter.description.visibilityDelayNanoseconds ?? 0, 100_000_000)
        state.replaces[place] = ReplaceCheck(provesFrom: now.advanced(by: delay), dueAt: now)
    }

    /// The questions whose time has come. Under the lock.
    func dueReplaceChecks(_ now: Timestamp, _ state: inout State) -> [TermsQuestion] {
        guard !state.replaces.isEmpty else { return [] }
        var due: [TermsQuestion] = []
        for (place, check) in state.replaces where check.dueAt <= now {
            guard let run = state.engine.runs[place.run], run.orders[Int(place.order)].replacement != nil,
                !run.orders[Int(place.order)].status.isTerminal
            else {
                state.replaces[place] = nil
                continue
            }
            if let askedAt = check.askedAt, now.since(askedAt) < options.commandDeadline.multipliedSaturating(by: 2) {
                continue
            }
            guard let account = state.engine.account(of: run, order: place.order),
                let seat = state.sessions[account.id],
                seat.session.adapter.description.capabilities.contains(.queryOrders)
            else { continue }
            let status = seat.session.status.state
            guard status == .ready || status == .degraded else { continue }
            state.replaces[place]?.askedAt = now
            due.append(
                TermsQuestion(
                    place: place, session: seat.session, reference: reference(run, place, seat, &state), askedAt: now))
        }
        return due
    }

    func ask(_ question: TermsQuestion) {
        question.session.query(
            .order(question.reference), accountIndex: question.reference.accountIndex,
            deadline: clock.monotonic() + options.commandDeadline
        ) { result in
            self.step { state in
                let now = self.clock.wall()
                let row: BrokerOrder? =
                    switch result {
                    case .success(let rows):
                        rows.lazy.map(BrokerOrder.init).last { state.engine.place(of: $0.report) == question.place }
                    case .failure: nil
                    }
                self.shown(row, question, now, &state)
            }
        }
    }

    /// What the broker showed of an order with an open modify; `nil` = nothing.
    private func shown(_ row: BrokerOrder?, _ question: TermsQuestion, _ now: Timestamp, _ state: inout State) {
        let place = question.place
        guard var check = state.replaces[place] else { return }
        check.askedAt = nil
        check.attempts += 1
        check.dueAt = now.advanced(by: backoff(check.attempts - 1))
        state.replaces[place] = check
        FaultPoint.hit(.modifyShown)
        guard let row else { return }
        reported(row.report, now, &state)
        settleReplace(row, askedAt: question.askedAt, now, &state)
    }

    /// Settles an open modify by a row that was asked for after it.
    func settleReplace(_ row: BrokerOrder, askedAt: Timestamp, _ now: Timestamp, _ state: inout State) {
        guard let place = state.engine.place(of: row.report), var check = state.replaces[place],
            let run = state.engine.runs[place.run], run.orders[Int(place.order)].replacement != nil,
            let terms = state.engine.terms(in: row, of: place), row.report.state != .pendingModify
        else { return }
        // Terms that did not change: it was not taken, or it is of options alone, which no row shows. That the order stands
        // as before is said once a change would have shown.
        if terms == run.orders[Int(place.order)].terms {
            check.oldSeen += askedAt >= check.provesFrom ? 1 : 0
            state.replaces[place] = check
            guard check.oldSeen >= options.proofsOfAbsence else { return }
        }
        state.replaces[place] = nil
        emit(.termsFound(run: place.run, order: place.order, terms: terms, at: now), &state)
    }

    /// A report under the new client order id: the broker knows the order by it, so the change took effect.
    func settleReplace(by report: OrderReport, _ now: Timestamp, _ state: inout State) {
        // Asked of every report: nearly always no modify is open.
        guard !state.replaces.isEmpty, let id = report.clientOrderID, report.state != .pendingModify,
            let place = state.engine.place(of: report), let run = state.engine.runs[place.run],
            let wanted = run.orders[Int(place.order)].replacement,
            state.engine.clientOrderID(wanted.clientSequence) == id
        else { return }
        state.replaces[place] = nil
        emit(.termsFound(run: place.run, order: place.order, terms: wanted.terms, at: now), &state)
    }
}

extension BrokerOrder {
    init(_ row: OrderRow) {
        self.init(row.report)
        guard let terms = row.terms else { return }
        (symbol, side, orderType, product) = (terms.symbol, terms.side, terms.orderType, terms.product)
        (timeInForce, quantity, price) = (terms.timeInForce, terms.quantity, terms.price)
        triggerPrice = terms.triggerPrice
        (orderClass, isAfterMarket) = (terms.orderClass, terms.isAfterMarket)
        disclosedQuantity = terms.disclosedQuantity
    }
}
