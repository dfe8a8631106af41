import Domain
import Engine
import Store

/// What the tables say of runs, legs and executions, as the events of one record leave them.
///
/// The one source of those rows: commits write them, and a check of a data directory makes them anew and compares.
struct Projection {
    var runs: [RunRow] = []
    var legs: [LegRow] = []
    var executions: [ExecutionRow] = []
    /// The runs that the events are about.
    var touched: Set<RunID> = []

    /// - Parameter engine: the state after the events, and after no later one.
    init(_ events: [Event], engine: borrowing Engine) {
        for event in events { if let run = event.run { touched.insert(run) } }
        let touchedLegs = Self.legs(events, engine)
        for id in touched {
            guard let run = engine.runs[id] else { continue }
            let named = touchedLegs[id]
            let admission = run.admission
            let account: AccountID? = if case .account(let id) = admission.order.target { id } else { nil }
            runs.append(
                RunRow(
                    run: id, groupID: admission.group, accountID: account, status: run.status.rawName,
                    createdAt: admission.admittedAt, updatedAt: run.updatedAt, body: []))
            for (index, leg) in run.legs.enumerated() where leg.orderCount > 0 && named?.contains(index) ?? true {
                let account = engine.accounts[Int(admission.legs[index].account)].account
                legs.append(
                    LegRow(
                        leg: LegID(run: id, index: index),
                        clientOrderID: engine.clientOrderID(
                            admission.firstClientSequence + UInt64(leg.firstOrder)),
                        accountID: account.id, adapterID: account.adapter,
                        symbol: engine.symbol(run, index).text, side: admission.legs[index].side.rawName,
                        status: run.legStatus(index).rawName,
                        updatedAt: run.updatedAt, body: []))
            }
        }
        for case .executed(let execution) in events { executions.append(Self.row(execution, engine)) }
    }

    private static func row(_ execution: Execution, _ engine: borrowing Engine) -> ExecutionRow {
        let instrument = engine.instruments[Int(execution.instrument)]
        let account = engine.accounts[Int(execution.account)].account
        let leg = execution.run.flatMap { id in
            engine.runs.look(id) { run in LegID(run: id, index: Int(run.orders[Int(execution.order)].legIndex)) }
        }
        return ExecutionRow(
            adapterID: execution.adapter, accountID: account.id, executionID: execution.executionID,
            kind: execution.kind.rawName, replaces: execution.replaces, leg: leg, symbol: instrument.id.text,
            side: execution.side.rawName,
            lastQuantity: instrument.instrument.quantity(execution.lastQuantity).description,
            lastPrice: instrument.instrument.price(execution.lastPrice).description,
            fees: Money(minorUnits: execution.fees, currency: account.currency).amount.description,
            transactTime: execution.transactTime, recordedAt: execution.at)
    }

    /// The legs that events changed, by run; a run that they admit has all of them, and none here.
    private static func legs(_ events: [Event], _ engine: borrowing Engine) -> [RunID: Set<Int>] {
        var legs: [RunID: Set<Int>] = [:]
        var admitted: Set<RunID> = []
        for event in events {
            if case .runAdmitted(let admission) = event {
                admitted.insert(admission.run)
                continue
            }
            guard let id = event.run, !admitted.contains(id) else { continue }
            let orders = event.orders
            let found = engine.runs.look(id) { run in orders.map { Int(run.orders[Int($0)].legIndex) } } ?? []
            legs[id, default: []].formUnion(found)
        }
        for id in admitted { legs[id] = nil }
        return legs
    }
}
