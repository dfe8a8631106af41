import Domain
import Engine

extension World {
    /// V7 and V18: what is given to an adapter stands in the durable journal, is live, and may be sent now.
    func checkSubmit(_ account: String, _ reference: String) {
        guard let life else { return violate("V7: \(reference) is sent by a dead gateway") }
        guard let id = ClientOrderID(reference), let place = auditor.engine.orderReference(of: id),
            let durable = auditor.engine.runs[place.run]
        else { return violate("V7: \(reference) is sent and no durable record names it") }
        let leg = durable.admission(of: durable.orders[Int(place.order)])
        if auditor.engine.accounts[Int(leg.account)].account.id.rawValue != account {
            violate("V7: \(reference) is sent for \(account), the record names another account")
        }
        life.gateway.inspect { engine, _ in
            guard let run = engine.runs[place.run] else {
                return violate("V7: \(reference) is sent and the engine does not know it")
            }
            let order = run.orders[Int(place.order)]
            if order.status.isTerminal { violate("V7: \(reference) is sent and \(order.status) (\(place))") }
            guard !run.admission.isGatewayClosing else { return }
            for (scope, change) in engine.tradingStates
            where change.status == .halted && engine.concerns(scope, run, order) {
                violate("V18: \(reference) of \(run.id) is sent while \(scope) is halted")
            }
        }
    }

    /// V16: what the engine holds is what the journal rebuilds.
    func checkReplay() {
        guard let life else { return }
        let different = life.gateway.inspect { engine, isSettled -> [String] in
            guard isSettled else { return [] }
            let different = auditor.engine.differences(from: engine)
            if !different.isEmpty, trace.isOn { traceDifferences(engine) }
            return different
        }
        if !different.isEmpty { violate("V16: the journal rebuilds another state than the engine's: \(different)") }
    }

    private func traceDifferences(_ engine: borrowing Engine) {
        for run in auditor.engine.runs.all {
            guard let live = engine.runs[run.id], live != run else { continue }
            trace.note("\(run.id): legs \(live.legs == run.legs), orders \(live.orders == run.orders)")
            for (durable, order) in zip(run.orders, live.orders) where durable != order {
                trace.note("  durable \(durable)")
                trace.note("  live    \(order)")
            }
            for (durable, leg) in zip(run.legs, live.legs) where durable != leg {
                trace.note("  durable \(durable.times) \(durable.hasAnomaly)")
                trace.note("  live    \(leg.times) \(leg.hasAnomaly)")
            }
            trace.note("  \(run.updatedAt) \(live.updatedAt) \(run.liveLegs) \(live.liveLegs)")
        }
    }

    /// Everything against what the brokers really hold, once all is quiet.
    func checkAgainstExchange() {
        auditor.checkBook()
        checkReplay()
        let engine = auditor.engine
        var matched: Set<Int> = []
        for run in engine.runs.all {
            for (index, order) in run.orders.enumerated() {
                guard let account = engine.account(of: run, order: Int32(index)) else { continue }
                let name = "\(run.id) order \(index) at \(account.adapter)"
                var sequences = [order.clientSequence]
                if let wanted = order.replacement { sequences.append(wanted.clientSequence) }
                sequences.append(run.admission.firstClientSequence + UInt64(index))
                let found = sequences.lazy.compactMap { sequence in
                    self.exchange.find(
                        account.id.rawValue, reference: engine.clientOrderID(sequence).description, brokerID: nil)
                }.first
                guard let found else {
                    checkAbsent(order, name, account)
                    continue
                }
                matched.insert(found)
                check(order, exchange.orders[found], name)
            }
        }
        for held in exchange.orders where !matched.contains(held.number) {
            violate("V7: the broker holds \(exchange.describe(held.number)), the journal no such order")
        }
        for (pair, exposure) in exchange.exposures {
            let number = AccountID(pair.account).flatMap { engine.accountNumber($0) }
            let instrument = engine.instrumentNumber(InstrumentID(canonical: pair.symbol))
            let known = number.flatMap { account in instrument.flatMap { engine.book.position(account, $0) } }
            if known?.quantity ?? 0 != exposure.position {
                violate(
                    "V5: \(pair.account) holds \(exposure.position) of \(pair.symbol), known \(known?.quantity ?? 0)")
            }
        }
    }

    private func checkAbsent(_ order: Order, _ name: String, _ account: Account) {
        switch order.status {
        case .notSent, .canceledLocally, .rejected: break
        case .unknown where account.adapter.rawValue == TagBroker.id: break
        case .reserved, .held: violate("V10: \(name) was never sent and is still \(order.status)")
        case .sent, .unknown: violate("V10: \(name) never arrived and is still \(order.status)")
        default: violate("V8: \(name) is \(order.status) and the broker never had it")
        }
    }

    private func check(_ order: Order, _ held: Exchange.Held, _ name: String) {
        if order.cumulativeQuantity + order.overfilledQuantity != held.cumulative {
            violate("V14: \(name) has \(order.cumulativeQuantity) executed, the broker \(held.cumulative)")
        }
        let expected: [OrderStatus] =
            switch held.state {
            case .live: [.working, .partiallyFilled, .pendingCancel, .pendingReplace]
            case .filled: [.filled]
            case .canceled: [.canceled]
            case .rejected: [.rejected]
            case .expired: [.expired]
            }
        if !expected.contains(order.status) {
            violate("V10/V14: \(name) is \(order.status), at the broker \(held.state.rawValue)")
        }
        if order.status.isTerminal, order.quantity != held.quantity {
            violate("V2: \(name) ended with \(order.quantity) ordered, at the broker \(held.quantity)")
        }
    }
}
