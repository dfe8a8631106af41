package import Domain
package import Engine
package import Exact
import Faults

// A person's word where evidence does not come. It is an event with person and reason; what the broker says later is still
// booked, and told as an anomaly.

extension Gateway {
    /// Settles an order that only a person can: one that is unknown, or that the broker says it never had.
    ///
    /// - Parameters:
    ///   - quantity: Of `filled`: what was executed beyond the executions that are known, units; `nil` = all that is left.
    ///   - price: Of `filled`: at what price.
    /// - Throws: `refused` with `not_resolvable` where evidence can still come by itself.
    package func resolve(
        _ id: LegID, _ outcome: Resolution.Outcome, quantity: ExactDecimal? = nil, price: ExactDecimal? = nil,
        reason: String, by caller: Caller, idempotency: Idempotency
    ) async throws(GatewayError) -> RunSnapshot {
        try await mutate(id.run, subject: id.description, caller, idempotency) { state throws(GatewayError) in
            let now = self.clock.wall()
            let places = try self.resolvable(id, state)
            if outcome == .filled {
                guard places.count == 1 else {
                    throw .refused(
                        ParentRefusal(
                            code: "sliced_order", path: "/outcome", value: "filled",
                            message: "\(places.count) slices of the order are open, and executions belong to one each",
                            remedy:
                                "resolve what was not filled as canceled; the broker's executions are booked anyway"
                        ))
                }
                let report = try self.execution(places[0], quantity, price, state)
                guard self.executed(report, now, &state) else {
                    throw .notServing("the execution could not be booked")
                }
            }
            for place in places {
                guard let run = state.engine.runs[place.run], !run.orders[Int(place.order)].status.isTerminal else {
                    continue
                }
                self.emit(
                    .orderResolved(
                        run: place.run, order: place.order,
                        Resolution(outcome: outcome, reason: reason, by: caller.person, at: now)), &state)
            }
            FaultPoint.hit(.resolveEmitted)
            for place in places { self.forget(place, &state) }
            self.logger.notice(
                "An order was resolved by a person",
                metadata: [
                    "order.id": "\(id)", "outcome": "\(outcome.rawName)", "by": "\(caller.person)",
                    "reason": "\(reason)",
                ])
        }
    }

    /// Lets a held order go now, as far as message rates let it, or withdraws it.
    package func release(
        _ id: LegID, drops: Bool, reason: String, by caller: Caller, idempotency: Idempotency
    ) async throws(GatewayError) -> RunSnapshot {
        try await mutate(id.run, subject: id.description, caller, idempotency) { state throws(GatewayError) in
            let now = self.clock.wall()
            let run = try self.run(of: id, state)
            let held = run.legs[id.index].orders.filter { run.orders[$0].status == .held }
            guard !held.isEmpty else {
                throw .refused(
                    ParentRefusal(
                        code: "not_held", path: "", value: run.legStatus(id.index).rawName,
                        message: "an order that is \(run.legStatus(id.index).rawName) is not held",
                        remedy: "orders that are HELD can be released or dropped; others are canceled"))
            }
            for order in held {
                self.emit(
                    .orderResolved(
                        run: id.run, order: Int32(order),
                        Resolution(
                            outcome: drops ? .dropped : .released, reason: reason, by: caller.person, at: now)),
                    &state)
            }
        }
    }

    private func run(of id: LegID, _ state: borrowing State) throws(GatewayError) -> Run {
        guard let run = state.engine.runs[id.run], run.legs.indices.contains(id.index) else {
            throw .refused(
                ParentRefusal(
                    .notFound, code: "unknown_order", path: "", value: id.description,
                    message: "there is no live order \(id)", remedy: "GET /api/orders lists orders"))
        }
        return run
    }

    /// The orders of a leg that a person may settle.
    private func resolvable(_ id: LegID, _ state: borrowing State) throws(GatewayError) -> [OrderPlace] {
        let run = try run(of: id, state)
        let account = state.engine.accounts[Int(run.admission.legs[id.index].account)].account.id
        let absences = state.reconciliations[account]?.absences ?? [:]
        let places = run.legs[id.index].orders.map { OrderPlace(run: id.run, order: Int32($0)) }.filter { place in
            run.orders[Int(place.order)].status == .unknown || absences[place] != nil
        }
        guard places.isEmpty else { return places }
        throw .refused(
            ParentRefusal(
                code: "not_resolvable", path: "", value: run.legStatus(id.index).rawName,
                message: "an order that is \(run.legStatus(id.index).rawName) is known to its broker",
                remedy: "orders that are UNKNOWN, or that the broker says it does not have, can be resolved"))
    }

    private func execution(
        _ place: OrderPlace, _ quantity: ExactDecimal?, _ price: ExactDecimal?, _ state: borrowing State
    ) throws(GatewayError) -> ExecutionReport {
        guard let run = state.engine.runs[place.run] else { throw .notServing("the order is not in memory") }
        let order = run.orders[Int(place.order)]
        let leg = run.admission(of: order)
        let instrument = state.engine.instruments[Int(run.instrument(of: order))].instrument
        let left = instrument.quantity(order.leavesQuantity)
        let wanted = quantity ?? left
        guard let steps = instrument.steps(wanted), steps > 0, steps <= order.leavesQuantity else {
            throw .refused(
                ParentRefusal(
                    code: "invalid_quantity", path: "/quantity", value: wanted.description,
                    message: "\(wanted) is not a quantity that can still be filled", remedy: "give at most \(left)"))
        }
        guard let price, let points = instrument.pointsRounded(price), points > 0,
            instrument.notional(quantity: steps, price: points) != nil
        else {
            throw .refused(
                ParentRefusal(
                    code: "invalid_price", path: "/price", value: price?.description ?? "",
                    message: "a filled order needs the price at which it was filled",
                    remedy: "give the average price, a positive decimal"))
        }
        let entry = state.engine.accounts[Int(leg.account)].account
        let id = state.engine.clientOrderID(order.clientSequence)
        return ExecutionReport(
            account: entry.id, executionID: "resolved:\(id)", clientOrderID: id, brokerOrderID: nil,
            symbol: state.engine.instruments[Int(run.instrument(of: order))].id, side: leg.side, lastQuantity: wanted,
            lastPrice: price)
    }

    /// Nothing more is asked of a broker about an order that was settled.
    private func forget(_ place: OrderPlace, _ state: inout State) {
        state.lookups[place] = nil
        state.cancels[place] = nil
        state.replaces[place] = nil
        state.missing[place] = nil
        if let account = accountID(of: place, state) { state.reconciliations[account]?.absences[place] = nil }
    }
}
