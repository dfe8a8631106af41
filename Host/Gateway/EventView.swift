package import Domain
import Engine
package import Exact

/// One event as people and programs see it: what happened, when, to whom, in names and decimals.
package struct EventView: Sendable {
    /// What subscribers choose by.
    package enum Topic: String, CaseIterable, Sendable {
        case runs, legs, positions, alerts, state
    }

    /// `sequence-index`: place in the journal, so that a stream can go on where it broke off.
    package var id: String
    package var at: Timestamp
    package var topic: Topic
    /// `run_admitted`, `leg_answered` …
    package var type: String
    package var run: RunID?
    package var leg: LegID?
    package var account: AccountID?
    package var group: GroupID?
    /// The facts, as JSON members.
    package var facts: JSONObject
}

/// Turns events into views by the names that the engine knows.
struct EventDescriber {
    let engine: Engine

    /// - Parameter first: number of the first view within its record.
    func describe(_ events: [Event], sequence: UInt64, at: Timestamp, first: Int = 0) -> [EventView] {
        var views: [EventView] = []
        for event in events {
            let id = ""
            switch event {
            case .runAdmitted(let admission): views += admitted(admission, id)
            case .ordersQueued(let run, let orders, let durableAt, let queuedAt):
                for order in orders {
                    views.append(
                        leg("leg_queued", run, order, id, queuedAt, ["durable_at": .string(durableAt.rfc3339)]))
                }
            case .orderAnswered(let answer):
                var facts: JSONObject = ["outcome": .string(answer.outcome.rawName)]
                add(&facts, "broker_order_id", answer.brokerOrderID)
                add(&facts, answer.error)
                facts["dispatched_at"] = .string(answer.dispatchedAt.rfc3339)
                views.append(leg("leg_answered", answer.run, answer.order, id, answer.answeredAt, facts))
                if answer.outcome == .unknown || answer.outcome == .rejected {
                    views.append(
                        alert("leg_\(answer.outcome.rawName)", answer.run, answer.order, id, answer.answeredAt, facts))
                }
            case .orderReported(let run, let order, let report):
                var facts: JSONObject = ["state": .string("\(report.state)")]
                add(&facts, "broker_order_id", report.brokerOrderID)
                add(&facts, report.error)
                views.append(leg("leg_reported", run, order, id, report.at, facts))
            case .executed(let execution): views += executed(execution, id)
            case .cancelRequested(let run, let order, let by):
                views.append(leg("cancel_requested", run, order, id, at, ["by": .string(by)]))
            case .cancelAnswered(let run, let order, let outcome, let error):
                var facts: JSONObject = ["outcome": .string(outcome.rawName)]
                add(&facts, error)
                views.append(leg("cancel_answered", run, order, id, at, facts))
            case .replaceRequested(let run, let order, let wanted, let by):
                views.append(leg("modify_requested", run, order, id, at, facts(of: wanted, run, order, by: by)))
            case .replaceAnswered(let run, let order, let outcome, let error):
                var facts: JSONObject = ["outcome": .string(outcome.rawName)]
                add(&facts, error)
                views.append(leg("modify_answered", run, order, id, at, facts))
                if outcome == .unknown { views.append(alert("modify_unknown", run, order, id, at, facts)) }
            case .ordersCanceledLocally(let run, let orders, let reason):
                for order in orders {
                    views.append(leg("leg_canceled_locally", run, order, id, at, ["reason": .string(reason.text)]))
                }
            case .ordersReleased(let run, let orders):
                for order in orders { views.append(leg("leg_released", run, order, id, at, [:])) }
            case .orderLookedUp(let run, let order, let outcome, _):
                views.append(leg("leg_looked_up", run, order, id, at, ["outcome": .string("\(outcome)")]))
            case .gapClosed(let run, let order): views.append(leg("executions_missing", run, order, id, at, [:]))
            case .stateChanged(let change):
                var facts: JSONObject = [
                    "scope": .string(change.scope.description), "state": .string(change.status.rawName),
                    "reason": .string(change.reason), "by": .string(change.by),
                ]
                add(&facts, "until", change.until?.rfc3339)
                add(&facts, "escalates_at", change.escalation?.at.rfc3339)
                views.append(state("trading_state", id, change.at, facts))
                if change.by.hasPrefix("rule:"), change.status != .active {
                    views.append(state("limit_breached", id, change.at, facts, topic: .alerts))
                }
            case .groupDefined(let group): views.append(state("group_defined", id, at, "group_id", group.id.rawValue))
            case .groupRemoved(let group): views.append(state("group_removed", id, at, "group_id", group.rawValue))
            case .accountDefined(let account):
                views.append(state("account_defined", id, at, "account_id", account.id.rawValue))
            case .accountRemoved(let account):
                views.append(state("account_removed", id, at, "account_id", account.rawValue))
            case .riskConfigured(let version):
                views.append(
                    state(
                        "risk_configured", id, version.at,
                        [
                            "version": .string("\(version.version)"), "reason": .string(version.reason),
                            "by": .string(version.by),
                        ]))
            case .overrideGranted(let override):
                views.append(
                    state(
                        "override_granted", id, override.at,
                        [
                            "override_id": .string("o\(override.id)"), "control": .string(override.control.name),
                            "scope": .string(override.scope.description), "until": .string(override.until.rfc3339),
                            "max_uses": .string("\(override.maximumUses)"), "reason": .string(override.reason),
                            "by": .string(override.by),
                        ]))
            case .overrideRevoked(let number, let revocation):
                views.append(
                    state(
                        "override_revoked", id, revocation.at,
                        [
                            "override_id": .string("o\(number)"), "reason": .string(revocation.reason),
                            "by": .string(revocation.by),
                        ]))
            case .squareOffStarted(let squareOff):
                views.append(
                    state(
                        "square_off_started", id, squareOff.at,
                        [
                            "square_off_id": .string("q\(squareOff.id)"),
                            "scope": .string(squareOff.scope.description), "reason": .string(squareOff.reason),
                            "by": .string(squareOff.by),
                        ]))
            case .squareOffEnded(let number, let end):
                views.append(
                    state(
                        "square_off_ended", id, end.at,
                        [
                            "square_off_id": .string("q\(number)"), "outcome": .string("\(end.outcome)"),
                            "reason": .string(end.reason), "by": .string(end.by),
                        ]))
            case .heartbeatSet(let heartbeat):
                views.append(
                    state(
                        heartbeat.ttl > 0 ? "heartbeat_armed" : "heartbeat_disarmed", id, heartbeat.at,
                        [
                            "key_id": .string(heartbeat.key), "scope": .string(heartbeat.scope.description),
                            "ttl_ms": .string("\(heartbeat.ttl / 1_000_000)"), "by": .string(heartbeat.person),
                        ]))
            case .adminActed(let act):
                var facts: JSONObject = ["subject": .string(act.subject), "by": .string(act.by)]
                add(&facts, "key_id", act.key.isEmpty ? nil : act.key)
                add(&facts, "reason", act.reason.isEmpty ? nil : act.reason)
                add(&facts, "detail", act.detail.isEmpty ? nil : act.detail)
                views.append(state(act.kind.rawName, id, act.at, facts))
            case .limitWarned(let warning):
                let account = engine.accounts[Int(warning.account)].account
                func money(_ minor: Int64) -> JSONValue {
                    .string(Money(minorUnits: minor, currency: account.currency).description)
                }
                var view = state(
                    "limit_near", id, warning.at,
                    [
                        "control": .string(warning.control.name), "limit": money(warning.limit),
                        "observed": money(warning.observed),
                    ], topic: .alerts)
                view.account = account.id
                views.append(view)
            case .termsFound, .anomalyFound, .orderAdopted, .positionAdopted, .orderResolved, .differenceFound:
                views += found(event, at)
            case .instrumentDefined, .dayOpened: break
            }
        }
        for index in views.indices { views[index].id = "\(sequence)-\(first + index)" }
        return views
    }

    private func admitted(_ admission: RunAdmission, _ id: String) -> [EventView] {
        let snapshot = engine.preview(of: admission)
        var views = [
            EventView(
                id: id, at: admission.admittedAt, topic: .runs, type: "run_admitted", run: admission.run, leg: nil,
                account: nil, group: admission.group,
                facts: [
                    "status": .string(snapshot.status.rawName), "symbol": .string(snapshot.order.symbol.text),
                    "requested_quantity": .string(snapshot.requestedQuantity.description),
                    "legs": .number("\(snapshot.legs.count)"),
                    "received_at": .string(admission.receivedAt.rfc3339),
                ])
        ]
        for leg in snapshot.legs {
            var facts: JSONObject = [
                "side": .string(leg.side.rawName), "allocated_quantity": .string(leg.allocatedQuantity.description),
                "ordered_quantity": .string(leg.orderedQuantity.description),
            ]
            if let reject = leg.reject {
                facts["code"] = .string(reject.code)
                facts["message"] = .string(reject.message)
                add(&facts, "limit", reject.limit?.description)
                add(&facts, "projected", reject.projected?.description)
                add(&facts, "unit", reject.unit)
            }
            views.append(
                EventView(
                    id: id, at: admission.admittedAt, topic: .legs,
                    type: leg.reject == nil ? "leg_reserved" : "leg_refused", run: admission.run, leg: leg.id,
                    account: leg.account, group: admission.group, facts: facts))
        }
        return views
    }

    private func executed(_ execution: Execution, _ id: String) -> [EventView] {
        let instrument = engine.instruments[Int(execution.instrument)]
        let account = engine.accounts[Int(execution.account)].account
        let facts: JSONObject = [
            "execution_id": .string(execution.executionID), "kind": .string(execution.kind.rawName),
            "symbol": .string(instrument.id.text), "side": .string(execution.side.rawName),
            "quantity": .string(instrument.instrument.quantity(execution.lastQuantity).description),
            "price": .string(instrument.instrument.price(execution.lastPrice).description),
            "fees": .string(Money(minorUnits: execution.fees, currency: account.currency).amount.description),
        ]
        var views: [EventView] = []
        if let run = execution.run { views.append(leg("leg_executed", run, execution.order, id, execution.at, facts)) }
        views.append(
            EventView(
                id: id, at: execution.at, topic: .positions, type: "position_changed", run: execution.run, leg: nil,
                account: account.id, group: nil, facts: facts))
        return views
    }

    func leg(
        _ type: String, _ run: RunID, _ order: Int32, _ id: String, _ at: Timestamp, _ facts: JSONObject,
        topic: EventView.Topic = .legs
    ) -> EventView {
        let known = engine.runs[run]
        let legIndex = known.flatMap {
            $0.orders.indices.contains(Int(order)) ? Int($0.orders[Int(order)].legIndex) : nil
        }
        var facts = facts
        if let known, let legIndex, known.orders.indices.contains(Int(order)) {
            facts["status"] = .string(known.legStatus(legIndex).rawName)
            facts["client_order_id"] = .string(
                engine.clientOrderID(known.orders[Int(order)].clientSequence).description)
        }
        return EventView(
            id: id, at: at, topic: topic, type: type, run: run, leg: legIndex.map { LegID(run: run, index: $0) },
            account: known.flatMap { run in
                legIndex.map { engine.accounts[Int(run.admission.legs[$0].account)].account.id }
            }, group: known?.admission.group, facts: facts)
    }

    func alert(
        _ type: String, _ run: RunID, _ order: Int32, _ id: String, _ at: Timestamp, _ facts: JSONObject
    ) -> EventView { leg(type, run, order, id, at, facts, topic: .alerts) }

    private func state(_ type: String, _ id: String, _ at: Timestamp, _ key: String, _ value: String) -> EventView {
        EventView(
            id: id, at: at, topic: .state, type: type, run: nil, leg: nil, account: nil, group: nil,
            facts: JSONObject([(key, .string(value))]))
    }

    func state(
        _ type: String, _ id: String, _ at: Timestamp, _ facts: JSONObject, topic: EventView.Topic = .state
    ) -> EventView {
        EventView(
            id: id, at: at, topic: topic, type: type, run: nil, leg: nil, account: nil, group: nil, facts: facts)
    }

    func add(_ facts: inout JSONObject, _ key: String, _ value: String?) {
        if let value { facts[key] = .string(value) }
    }

    private func add(_ facts: inout JSONObject, _ error: AdapterError?) {
        guard let error else { return }
        facts["error_code"] = .string(error.code.rawName)
        add(&facts, "broker_code", error.brokerCode)
        add(&facts, "broker_text", error.brokerText)
        add(&facts, "text", error.text)
    }
}

extension MutationOutcome {
    var rawName: String {
        switch self {
        case .accepted: "accepted"
        case .rejected: "rejected"
        case .notSent: "not_sent"
        case .unknown: "unknown"
        }
    }
}
