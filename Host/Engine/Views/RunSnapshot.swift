package import Domain

/// A run as people and programs see it (INTERFACES.md §6): names and decimals instead of numbers and points.
package struct RunSnapshot: Sendable {
    package struct Slice: Sendable {
        package var clientOrderID: ClientOrderID
        package var brokerOrderID: String?
        package var quantity: ExactDecimal
        package var status: LegStatus
        package var cumulativeQuantity: ExactDecimal
    }

    package struct Reject: Sendable {
        package var code: String
        package var control: String?
        package var scope: String
        package var limit: ExactDecimal?
        package var observed: ExactDecimal?
        package var projected: ExactDecimal?
        package var unit: String?
        /// Milliseconds.
        package var inputAge: Int64?
        package var configurationVersion: Int64
        package var message: String
        package var brokerCode: String?
        package var brokerText: String?
    }

    package struct Leg: Sendable {
        package var id: LegID
        package var account: AccountID
        package var adapter: AdapterID
        /// What the account trades: of a venue, also where the parent names none; the parent's where none was found.
        package var symbol: InstrumentID
        package var side: Side
        package var weight: Int64
        package var allocatedQuantity: ExactDecimal
        package var orderedQuantity: ExactDecimal
        /// As the order stands at its broker, like what follows; a leg that was refused as it was asked for.
        package var orderType: OrderType
        package var limitPrice: ExactDecimal?
        package var stopPrice: ExactDecimal?
        package var timeInForce: TimeInForce
        package var disclosedQuantity: ExactDecimal?
        package var status: LegStatus
        package var slices: [Slice]
        package var cumulativeQuantity: ExactDecimal
        package var canceledQuantity: ExactDecimal
        package var overfilledQuantity: ExactDecimal
        package var averagePrice: ExactDecimal?
        package var reject: Reject?
        package var alerts: [Reject]
        /// Reference price of its instrument at admission; `nil` = none was known.
        package var referencePrice: ExactDecimal?
        package var times: StageTimes
        package var heldUntil: Timestamp?
        package var hasAnomaly: Bool
    }

    /// `nil` for a preview.
    package var id: RunID?
    package var group: GroupID?
    package var groupVersion: Int64
    package var riskVersion: Int64
    package var status: RunStatus
    package var order: ParentOrder
    package var mode: ExecutionMode
    package var onLegFailure: LegFailurePolicy
    package var requestedQuantity: ExactDecimal
    package var allocatedQuantity: ExactDecimal
    package var unallocatedQuantity: ExactDecimal
    package var leftOut: [RunAdmission.LeftOut]
    package var referencePrice: ExactDecimal?
    /// Nanoseconds.
    package var referenceAge: Int64?
    package var receivedAt: Timestamp
    package var admittedAt: Timestamp
    package var updatedAt: Timestamp
    package var doneAt: Timestamp?
    package var origin: Origin
    package var legs: [Leg]
}

extension Engine {
    package func snapshot(of id: RunID) -> RunSnapshot? { runs[id].map { snapshot(of: $0, isPreview: false) } }

    /// A decision that was not kept.
    package func preview(of admission: RunAdmission) -> RunSnapshot { snapshot(of: Run(admission), isPreview: true) }

    package func snapshot(of run: Run, isPreview: Bool) -> RunSnapshot {
        let admission = run.admission
        let instrument = instruments[Int(admission.instrument)].instrument
        return RunSnapshot(
            id: isPreview ? nil : run.id, group: admission.group, groupVersion: admission.groupVersion,
            riskVersion: admission.riskVersion, status: run.status, order: admission.order, mode: admission.mode,
            onLegFailure: admission.onLegFailure, requestedQuantity: instrument.quantity(admission.requestedQuantity),
            allocatedQuantity: instrument.quantity(admission.requestedQuantity - admission.unallocatedQuantity),
            unallocatedQuantity: instrument.quantity(admission.unallocatedQuantity), leftOut: admission.leftOut,
            referencePrice: admission.reference.map { instrument.price($0.points) },
            referenceAge: admission.reference?.age, receivedAt: admission.receivedAt, admittedAt: admission.admittedAt,
            updatedAt: run.updatedAt, doneAt: run.doneAt, origin: admission.origin,
            legs: run.legs.indices.map { leg(run, $0) })
    }

    private func leg(_ run: Run, _ index: Int) -> RunSnapshot.Leg {
        let (leg, admission) = (run.legs[index], run.admission.legs[index])
        let instrument = instruments[Int(run.admission.instrument(ofLeg: index))].instrument
        let entry = accounts[Int(admission.account)].account
        let cumulative = run.cumulativeQuantity(index)
        let executed = cumulative + run.overfilledQuantity(index)
        let first = leg.orderCount > 0 ? run.orders[Int(leg.firstOrder)] : nil
        return RunSnapshot.Leg(
            id: LegID(run: run.id, index: index), account: entry.id, adapter: entry.adapter, symbol: symbol(run, index),
            side: admission.side,
            weight: admission.weight, allocatedQuantity: instrument.quantity(admission.allocatedQuantity),
            orderedQuantity: instrument.quantity(run.orders[leg.orders].reduce(0) { $0 + $1.quantity }),
            orderType: first?.orderType ?? admission.orderType,
            limitPrice: shown(first?.limitPrice ?? admission.limitPrice, instrument),
            stopPrice: shown(first?.stopPrice ?? admission.stopPrice, instrument),
            timeInForce: first?.timeInForce ?? run.admission.order.timeInForce,
            disclosedQuantity: first.map { $0.disclosedQuantity } ?? run.admission.order.disclosedQuantity,
            status: run.legStatus(index),
            slices: run.orders[leg.orders].map { order in
                RunSnapshot.Slice(
                    clientOrderID: clientOrderID(order.clientSequence), brokerOrderID: order.brokerOrderID,
                    quantity: instrument.quantity(order.quantity), status: LegStatus(order.status),
                    cumulativeQuantity: instrument.quantity(order.cumulativeQuantity))
            }, cumulativeQuantity: instrument.quantity(cumulative),
            canceledQuantity: instrument.quantity(run.canceledQuantity(index)),
            overfilledQuantity: instrument.quantity(run.overfilledQuantity(index)),
            averagePrice: executed == 0 ? nil : averagePrice(run.executedValue(index), executed, instrument),
            reject: reject(run, index, instrument),
            alerts: admission.alerts.map { explained($0, run, index, instrument) },
            referencePrice: run.admission.reference(ofLeg: index).map { instrument.price($0.points) }, times: leg.times,
            heldUntil: admission.heldUntil, hasAnomaly: leg.hasAnomaly)
    }

    /// The instrument of a leg by name; the one asked for where none was found.
    package func symbol(_ run: Run, _ leg: Int) -> InstrumentID {
        run.admission.lacksInstrument(leg: leg)
            ? run.admission.order.symbol : instruments[Int(run.admission.instrument(ofLeg: leg))].id
    }

    /// Value over quantity, rounded half to even at a hundredth of a point.
    package func averagePrice(_ value: Int128, _ quantity: Int64, _ instrument: Instrument) -> ExactDecimal? {
        instrument.averagePrice(value: value, quantity: quantity)
    }

    private func shown(_ points: Int64, _ instrument: Instrument) -> ExactDecimal? {
        points == 0 ? nil : instrument.price(points)
    }

    // MARK: Refusals in words

    private func reject(_ run: Run, _ index: Int, _ instrument: Instrument) -> RunSnapshot.Reject? {
        let (leg, admission) = (run.legs[index], run.admission.legs[index])
        if let rejection = admission.rejection { return explained(rejection, run, index, instrument) }
        if let reason = leg.localCancel {
            return reject(
                code: reason == .deadline ? "deadline" : "canceled_locally", message: reason.text, run, index)
        }
        guard let order = run.orders[leg.orders].first(where: { $0.error != nil }), let error = order.error else {
            return nil
        }
        let code: String =
            switch order.status {
            case .rejected: "broker_rejected"
            case .unknown: "unknown_outcome"
            case .notSent: "not_sent"
            default: "broker_message"
            }
        var reject = reject(
            code: code, message: error.text ?? error.brokerText ?? error.code.rawName, run, index)
        reject.brokerCode = error.brokerCode ?? error.code.rawName
        reject.brokerText = error.brokerText ?? error.text
        return reject
    }

    private func reject(code: String, message: String, _ run: Run, _ leg: Int) -> RunSnapshot.Reject {
        RunSnapshot.Reject(
            code: code, control: nil, scope: scopeText(.account, run, leg), limit: nil, observed: nil, projected: nil,
            unit: nil, inputAge: nil, configurationVersion: run.admission.riskVersion, message: message,
            brokerCode: nil,
            brokerText: nil)
    }

    func explained(
        _ rejection: Rejection, _ run: Run, _ leg: Int, _ instrument: Instrument
    ) -> RunSnapshot.Reject {
        func value(_ number: Int64) -> ExactDecimal? {
            switch rejection.unit {
            case .none: nil
            case .quantity: instrument.quantity(number)
            case .price: instrument.price(number)
            case .money: Money(minorUnits: number, currency: instrument.currency).amount
            default: ExactDecimal(number)
            }
        }
        let unit: String? =
            switch rejection.unit {
            case .none: nil
            case .quantity: "units"
            case .lots: "lots"
            case .price, .money: instrument.currency.description
            case .basisPoints: "bps"
            case .count: "count"
            case .milliseconds: "ms"
            }
        return RunSnapshot.Reject(
            code: rejection.code, control: rejection.control.name, scope: scopeText(rejection.scope, run, leg),
            limit: value(rejection.limit), observed: value(rejection.observed), projected: value(rejection.projected),
            unit: unit, inputAge: rejection.inputAge < 0 ? nil : rejection.inputAge / 1_000_000,
            configurationVersion: run.admission.riskVersion, message: run.admission.message(rejection, leg: leg),
            brokerCode: nil,
            brokerText: nil)
    }

    private func scopeText(_ kind: ScopeKind, _ run: Run, _ index: Int) -> String {
        let leg = run.admission.legs[index]
        return switch kind {
        case .firm: "firm"
        case .order: "order"
        case .group: "group:\(run.admission.group?.rawValue ?? "")"
        case .account: "account:\(accounts[Int(leg.account)].account.id)"
        case .adapter: "adapter:\(accounts[Int(leg.account)].account.adapter)"
        case .instrument: "instrument:\(symbol(run, index))"
        case .strategy: "strategy:\(run.admission.order.strategy ?? "")"
        case .key: "key:\(run.admission.origin.caller)"
        }
    }
}

/// A position as people and programs see it.
package struct PositionSnapshot: Sendable {
    package var account: AccountID
    package var symbol: InstrumentID
    package var currency: Currency
    package var quantity: ExactDecimal
    package var averagePrice: ExactDecimal?
    package var openBuyQuantity: ExactDecimal
    package var openSellQuantity: ExactDecimal
    package var lastPrice: ExactDecimal?
    package var realised: Money?
    package var unrealised: Money?
    package var fees: Money
    package var dayResult: Money?
}

extension Engine {
    /// Positions of an account that are or were not flat, in order of first use.
    package func positionSnapshots(of account: Int32) -> [PositionSnapshot] {
        book.positions(of: account).compactMap { position in
            guard
                position.quantity != 0 || position.openOrders > 0 || position.realisedValue != 0 || position.fees != 0
                    || position.dayCash != 0
            else { return nil }
            let entry = instruments[Int(position.instrument)]
            let instrument = entry.instrument
            let reference = inputs.reference(position.instrument).points
            func money(_ value: Int128?) -> Money? {
                value.flatMap { instrument.money(value: $0, rounding: .floor) }
                    .map { Money(minorUnits: $0, currency: instrument.currency) }
            }
            let day = money(position.dayValue(mark: reference > 0 ? reference : nil)).map {
                Money(minorUnits: saturatingSum($0.minorUnits, -position.dayFees), currency: instrument.currency)
            }
            return PositionSnapshot(
                account: accounts[Int(account)].account.id, symbol: entry.id, currency: instrument.currency,
                quantity: instrument.quantity(position.quantity),
                averagePrice: position.quantity == 0
                    ? nil : averagePrice(position.entryValue, position.quantity, instrument),
                openBuyQuantity: instrument.quantity(position.openBuy),
                openSellQuantity: instrument.quantity(position.openSell),
                lastPrice: reference > 0 ? instrument.price(reference) : nil, realised: money(position.realisedValue),
                unrealised: position.quantity == 0
                    ? Money(minorUnits: 0, currency: instrument.currency)
                    : reference > 0 ? money(position.unrealisedValue(mark: reference)) : nil,
                fees: Money(minorUnits: position.fees, currency: instrument.currency), dayResult: day)
        }
    }
}

extension RunSnapshot.Leg {
    /// The leg's admission is on disk.
    package mutating func markDurable(at time: Timestamp) {
        if times.durable == 0 { times.durable = time.nanoseconds }
    }
}
