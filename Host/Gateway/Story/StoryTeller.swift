import Domain
import Engine
import Exact

/// Follows the events of one run and puts each into a sentence.
struct StoryTeller {
    private let id: RunID
    private var engine: Engine
    private var steps: [RunStory.Step] = []
    private var durableTold: Timestamp?

    /// - Parameter engine: one that knows accounts, groups and instruments, and no runs.
    init(_ id: RunID, engine: Engine) { (self.id, self.engine) = (id, engine) }

    /// `nil` where no event told of it.
    var story: RunStory? {
        guard let run = engine.runs[id], let snapshot = engine.snapshot(of: id) else { return nil }
        let admission = run.admission
        return RunStory(
            run: snapshot, caller: admission.origin.caller, idempotencyKey: admission.origin.idempotencyKey,
            policy: admission.group.flatMap { engine.group($0)?.policy }, isGatewayClosing: admission.isGatewayClosing,
            shares: shares(admission, snapshot),
            steps: steps.enumerated().sorted { ($0.element.at, $0.offset) < ($1.element.at, $1.offset) }.map(\.element))
    }

    private func shares(_ admission: RunAdmission, _ snapshot: RunSnapshot) -> [RunStory.Share] {
        admission.legs.enumerated().map { index, leg in
            let instrument = engine.instruments[Int(admission.instrument(ofLeg: index))].instrument
            let account = engine.accounts[Int(leg.account)].account
            func money(_ minor: Int64) -> Money { Money(minorUnits: minor, currency: account.currency) }
            return RunStory.Share(
                leg: LegID(run: id, index: index), account: account.id, symbol: snapshot.legs[index].symbol,
                referencePrice: snapshot.legs[index].referencePrice, side: leg.side, weight: leg.weight,
                allocated: instrument.quantity(leg.allocatedQuantity),
                ordered: instrument.quantity(leg.orderedQuantity), slices: leg.slices.map(instrument.quantity),
                limitPrice: leg.limitPrice == 0 ? nil : instrument.price(leg.limitPrice), isClosing: leg.isClosing,
                heldUntil: leg.heldUntil,
                funds: leg.funds.map {
                    RunStory.Funds(
                        available: money($0.available), equity: money($0.equity), reserved: money($0.reserved),
                        age: $0.age)
                },
                // Later news (a broker's refusal) is a step; here stands what the controls said.
                reject: leg.rejection == nil ? nil : snapshot.legs[index].reject, alerts: snapshot.legs[index].alerts,
                overrides: admission.overrideUses.filter { $0.leg == Int32(index) }.map(\.override))
        }
    }

    // MARK: Steps

    mutating func tell(_ event: Event, record: UInt64, at: Timestamp) {
        engine.apply(event)
        switch event {
        case .runAdmitted(let admission):
            add("received", at: admission.receivedAt, "the request was received", by: admission.origin.caller, record)
            let refused = admission.legs.count { $0.rejection != nil }
            let held = admission.legs.count { $0.heldUntil != nil }
            add(
                "admitted", at: admission.admittedAt,
                "\(admission.legs.count - refused) of \(admission.legs.count) legs were reserved"
                    + (refused > 0 ? ", \(refused) refused" : "") + (held > 0 ? ", \(held) of them held" : ""), record)
        case .ordersQueued(_, let orders, let durableAt, let queuedAt):
            if durableTold != durableAt {
                durableTold = durableAt
                add("durable", at: durableAt, "the decision is on disk: it may be sent now", record)
            }
            for order in orders {
                add("queued", order, at: queuedAt, "waits for its turn in its session's lane", record)
            }
        case .orderAnswered(let answer): tell(answer, record)
        case .orderReported(_, let order, let report):
            let words =
                if report.state == .other, let name = report.brokerOrderID {
                    "the broker knows it as \(name)"
                } else {
                    "the broker reports \(report.state)" + prefixed(" as ", report.brokerOrderID)
                }
            add("reported", order, at: report.at, words + text(report.error), record)
        case .executed(let execution): tell(execution, record)
        case .cancelRequested(_, let order, let by):
            add("cancel_requested", order, at: at, "its cancel was asked for", by: by, record)
        case .cancelAnswered(_, let order, let outcome, let error):
            add("cancel_answered", order, at: at, "the cancel was \(text(outcome))" + text(error), record)
        case .replaceRequested(_, let order, let wanted, let by):
            let options = wanted.options == nil ? "" : ", with options for its broker"
            add(
                "modify_requested", order, at: at,
                "a change was asked for, to \(wanted.terms.text(instrument(of: order)))\(options)", by: by, record)
        case .replaceAnswered(_, let order, let outcome, let error):
            add("modify_answered", order, at: at, "the change was \(text(outcome))" + text(error), record)
        case .ordersCanceledLocally(_, let orders, let reason):
            for order in orders {
                add(
                    "canceled_locally", order, at: at, "withdrawn before it was sent: \(reason.text)", by: "gateway",
                    record)
            }
        case .ordersReleased(_, let orders):
            for order in orders { add("released", order, at: at, "no longer held", by: "gateway", record) }
        case .orderLookedUp(_, let order, let outcome, let brokerOrderID):
            let found =
                switch outcome {
                case .found: "the broker has it" + prefixed(" as ", brokerOrderID)
                case .provenAbsent: "the broker has proved not to have it"
                case .indeterminate: "the broker cannot say whether it has it"
                }
            add("looked_up", order, at: at, found, record)
        case .termsFound(_, let order, let terms, let at):
            add("terms_found", order, at: at, "the broker shows it as \(terms.text(instrument(of: order)))", record)
        case .gapClosed(_, let order):
            add("executions_missing", order, at: at, "executions that its end promised did not come in time", record)
        default: break
        }
    }

    private mutating func tell(_ answer: OrderAnswer, _ record: UInt64) {
        let order = answer.order
        // What a restart assumes was neither dispatched nor written at the time it says.
        if answer.writtenAt != nil || answer.outcome != .unknown {
            add("dispatched", order, at: answer.dispatchedAt, "handed to its adapter", record)
        }
        if let at = answer.writtenAt { add("written", order, at: at, "the request left the machine", record) }
        if let at = answer.firstByteAt { add("first_byte", order, at: at, "the broker began to answer", record) }
        add(
            "answered", order, at: answer.answeredAt,
            "the order was \(text(answer.outcome))" + prefixed(" as ", answer.brokerOrderID) + text(answer.error),
            record)
    }

    private mutating func tell(_ execution: Execution, _ record: UInt64) {
        let instrument = engine.instruments[Int(execution.instrument)].instrument
        let (quantity, price) = (
            instrument.quantity(execution.lastQuantity), instrument.price(execution.lastPrice)
        )
        let what =
            switch execution.kind {
            case .new: "filled \(quantity) at \(price)"
            case .correct: "the fill \(execution.replaces ?? "") was corrected to \(quantity) at \(price)"
            case .bust: "the fill \(execution.replaces ?? "") was taken back"
            }
        let total = engine.runs.look(id) { run -> String in
            guard run.orders.indices.contains(Int(execution.order)) else { return "" }
            let order = run.orders[Int(execution.order)]
            return ", \(instrument.quantity(order.cumulativeQuantity)) of \(instrument.quantity(order.quantity))"
        }
        add(
            "executed", execution.order, at: execution.at,
            what + (total ?? "") + " (execution \(execution.executionID))",
            record)
    }

    // MARK: Parts

    private func instrument(of order: Int32) -> Instrument {
        engine.instruments[engine.runs.look(id) { Int($0.instrument(of: $0.orders[Int(order)])) } ?? 0].instrument
    }

    private mutating func add(_ type: String, at: Timestamp, _ text: String, by: String = "", _ record: UInt64) {
        steps.append(
            RunStory.Step(at: at, type: type, leg: nil, account: nil, text: text, by: by, record: record))
    }

    private mutating func add(
        _ type: String, _ order: Int32, at: Timestamp, _ text: String, by: String = "", _ record: UInt64
    ) {
        let place = engine.runs.look(id) { run -> (leg: Int, slice: Int, slices: Int, account: Int32)? in
            guard run.orders.indices.contains(Int(order)) else { return nil }
            let leg = Int(run.orders[Int(order)].legIndex)
            return (
                leg, Int(order - run.legs[leg].firstOrder), Int(run.legs[leg].orderCount),
                run.admission.legs[leg].account
            )
        }
        guard let place = place ?? nil else { return add(type, at: at, text, by: by, record) }
        steps.append(
            RunStory.Step(
                at: at, type: type, leg: LegID(run: id, index: place.leg),
                account: engine.accounts[Int(place.account)].account.id,
                text: place.slices > 1 ? "slice \(place.slice + 1) of \(place.slices): \(text)" : text, by: by,
                record: record))
    }

    private func prefixed(_ prefix: String, _ text: String?) -> String { text.map { prefix + $0 } ?? "" }

    private func text(_ outcome: MutationOutcome) -> String {
        switch outcome {
        case .accepted: "accepted"
        case .rejected: "rejected"
        case .notSent: "certainly not sent"
        case .unknown: "left without an answer: it may be there"
        }
    }

    private func text(_ error: AdapterError?) -> String {
        guard let error else { return "" }
        let words = [error.brokerCode, error.brokerText ?? error.text ?? error.code.rawName].compactMap { $0 }
        return ": " + words.joined(separator: " ")
    }
}
