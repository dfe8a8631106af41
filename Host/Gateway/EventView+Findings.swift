import Domain
import Engine
import Exact

// What reconciliation brought to light, for people. Their ids are set by `describe`.

extension EventDescriber {
    func found(_ event: Event, _ at: Timestamp) -> [EventView] {
        switch event {
        case .termsFound(let run, let order, let terms, let at): [found(terms, run, order, at)]
        case .anomalyFound(let anomaly): found(anomaly)
        case .orderAdopted(let run, let order, let brokerOrderID, let before, let at):
            [
                leg(
                    "order_adopted", run, order, "", at,
                    [
                        "broker_order_id": .string(brokerOrderID),
                        "executed_before": .string(quantity(before, run, order)),
                    ], topic: .alerts)
            ]
        case .positionAdopted(let adoption): [found(adoption)]
        case .orderResolved(let run, let order, let resolution):
            [
                leg(
                    "order_resolved", run, order, "", resolution.at,
                    [
                        "outcome": .string(resolution.outcome.rawName), "reason": .string(resolution.reason),
                        "by": .string(resolution.by),
                    ])
            ]
        case .differenceFound(let difference): [found(difference)]
        default: []
        }
    }

    private func found(_ terms: Order.Terms, _ run: RunID, _ order: Int32, _ at: Timestamp) -> EventView {
        let facts = instrument(run, order).map { terms.facts($0) } ?? [:]
        return leg("terms_found", run, order, "", at, facts)
    }

    /// Once in the run's story, once as an alert.
    private func found(_ anomaly: Anomaly) -> [EventView] {
        let facts: JSONObject = [
            "kind": .string(anomaly.kind.rawName),
            "ordered": .string(quantity(anomaly.ordered, anomaly.run, anomaly.order)),
            "executed": .string(quantity(anomaly.executed, anomaly.run, anomaly.order)),
            "excess": .string(quantity(anomaly.excess, anomaly.run, anomaly.order)),
        ]
        return [
            leg("order_anomaly", anomaly.run, anomaly.order, "", anomaly.at, facts),
            alert("order_anomaly", anomaly.run, anomaly.order, "", anomaly.at, facts),
        ]
    }

    private func found(_ adoption: PositionAdoption) -> EventView {
        let entry = engine.instruments[Int(adoption.instrument)]
        var view = state(
            "position_adopted", "", adoption.at,
            [
                "symbol": .string(entry.id.text),
                "before": .string(entry.instrument.quantity(adoption.before).description),
                "quantity": .string(entry.instrument.quantity(adoption.quantity).description),
                "average_price": .string(entry.instrument.price(adoption.price).description),
                "reason": .string(adoption.reason), "by": .string(adoption.by),
            ], topic: .alerts)
        view.account = engine.accounts[Int(adoption.account)].account.id
        return view
    }

    private func found(_ difference: Difference) -> EventView {
        var facts: JSONObject = [
            "cause": .string(difference.cause.rawName), "action": .string(difference.action.rawName),
            "subject": .string(difference.subject),
        ]
        add(&facts, "ours", difference.ours?.description)
        add(&facts, "theirs", difference.theirs?.description)
        var view = state("difference_found", "", difference.at, facts, topic: .alerts)
        view.account = engine.accounts[Int(difference.account)].account.id
        return view
    }

    private func quantity(_ steps: Int64, _ run: RunID, _ order: Int32) -> String {
        instrument(run, order).map { $0.quantity(steps).description } ?? "\(steps)"
    }

    private func instrument(_ run: RunID, _ order: Int32) -> Instrument? {
        engine.runs.look(run) { run in
            run.orders.indices.contains(Int(order))
                ? engine.instruments[Int(run.instrument(of: run.orders[Int(order)]))].instrument : nil
        } ?? nil
    }

    /// What a modify asks: the terms that it would leave, of their words those that it changes.
    func facts(of wanted: Order.Replacement, _ run: RunID, _ order: Int32, by: String) -> JSONObject {
        var facts = instrument(run, order).map { wanted.terms.facts($0) } ?? [:]
        facts["by"] = .string(by)
        facts["client_order_id"] = .string(engine.clientOrderID(wanted.clientSequence).description)
        if let options = wanted.options { facts["options"] = .string(options) }
        return facts
    }
}
