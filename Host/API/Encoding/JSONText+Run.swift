import Domain
import Engine

/// Runs, legs and orders (INTERFACES.md §6). A preview has no ids and the status PREVIEW.
extension JSONText {
    static func run(_ run: RunSnapshot) -> [UInt8] {
        var json = JSONText(reserving: 1_024 + 1_024 * run.legs.count)
        json.write(run)
        return json.bytes
    }

    /// One leg as an order of its own: the leg's members, and of its run those that a leg has not.
    static func order(_ index: Int, of run: RunSnapshot) -> [UInt8] {
        var json = JSONText(reserving: 2_048)
        guard run.legs.indices.contains(index) else {
            json.raw("null")
            return json.bytes
        }
        json.raw("{")
        if let id = run.id {
            json.raw("\"order_id\":")
            json.word(run.legs[index].id.description)
            json.raw(",\"run_id\":")
            json.word(id.description)
            json.raw(",")
        }
        json.raw("\"group_id\":")
        json.word(run.group?.rawValue)
        json.raw(",\"product\":")
        json.word(run.order.product.rawName)
        json.raw(",\"time_in_force\":")
        json.word(run.legs[index].timeInForce.rawName)
        json.raw(",\"disclosed_quantity\":")
        json.decimal(run.legs[index].disclosedQuantity)
        json.raw(",\"order_class\":")
        json.word(run.order.orderClass.rawName)
        json.labels(run)
        json.raw(",\"run_status\":")
        json.word(run.id == nil ? "PREVIEW" : run.status.rawName)
        json.times(run)
        json.raw(",")
        json.leg(run.legs[index], of: run)
        json.raw("}")
        return json.bytes
    }

    private mutating func write(_ run: RunSnapshot) {
        let receivedAt = run.receivedAt.nanoseconds
        raw("{")
        if let id = run.id {
            raw("\"run_id\":")
            word(id.description)
            raw(",")
        }
        raw("\"group_id\":")
        word(run.group?.rawValue)
        raw(",\"group_version\":")
        if run.group == nil { raw("null") } else { integer(run.groupVersion) }
        raw(",\"status\":")
        word(run.id == nil ? "PREVIEW" : run.status.rawName)
        raw(",\"symbol\":")
        word(run.order.symbol.text)
        raw(",\"side\":")
        word(run.order.side?.rawName)
        labels(run)
        raw(",\"mode\":")
        word(run.mode.rawName)
        raw(",\"on_leg_failure\":")
        word(run.onLegFailure.rawName)
        raw(",\"requested_quantity\":")
        decimal(run.requestedQuantity)
        raw(",\"allocated_quantity\":")
        decimal(run.allocatedQuantity)
        raw(",\"unallocated_quantity\":")
        decimal(run.unallocatedQuantity)
        raw(",\"left_out\":[")
        for (index, left) in run.leftOut.enumerated() {
            if index > 0 { raw(",") }
            raw("{\"account_id\":")
            word(left.account.rawValue)
            raw(",\"reason\":")
            text(left.reason)
            raw("}")
        }
        raw("],\"reference_price\":")
        decimal(run.referencePrice)
        times(run)
        raw(",\"latency_us\":{\"admitted\":")
        stage(run.admittedAt.nanoseconds, since: receivedAt)
        raw(",\"durable\":")
        stage(run.legs.reduce(0) { max($0, $1.times.durable) }, since: receivedAt)
        raw(",\"last_dispatched\":")
        stage(run.legs.reduce(0) { max($0, $1.times.dispatched) }, since: receivedAt)
        raw(",\"done\":")
        stage(run.doneAt?.nanoseconds ?? 0, since: receivedAt)
        raw("},\"legs\":[")
        for index in run.legs.indices {
            raw(index == 0 ? "{" : ",{")
            leg(run.legs[index], of: run)
            raw("}")
        }
        raw("]}")
    }

    private mutating func labels(_ run: RunSnapshot) {
        raw(",\"rms_version\":")
        integer(run.riskVersion)
        raw(",\"strategy\":")
        text(run.order.strategy)
        raw(",\"tag\":")
        text(run.order.tag)
    }

    private mutating func times(_ run: RunSnapshot) {
        raw(",\"created_at\":")
        time(run.admittedAt)
        raw(",\"updated_at\":")
        time(run.updatedAt)
    }

    /// The members of a leg, without the braces.
    private mutating func leg(_ leg: borrowing RunSnapshot.Leg, of run: borrowing RunSnapshot) {
        let isPreview = run.id == nil
        if !isPreview {
            raw("\"leg_id\":")
            word(leg.id.description)
            raw(",")
        }
        raw("\"account_id\":")
        word(leg.account.rawValue)
        raw(",\"adapter_id\":")
        word(leg.adapter.rawValue)
        raw(",\"symbol\":")
        word(leg.symbol.text)
        raw(",\"side\":")
        word(leg.side.rawName)
        raw(",\"weight\":\"")
        integer(leg.weight)
        raw("\",\"allocated_quantity\":")
        decimal(leg.allocatedQuantity)
        raw(",\"ordered_quantity\":")
        decimal(leg.orderedQuantity)
        raw(",\"order_type\":")
        word(leg.orderType.rawName)
        raw(",\"price\":")
        decimal(leg.limitPrice)
        raw(",\"trigger_price\":")
        decimal(leg.stopPrice)
        raw(",\"status\":")
        word(leg.status.rawName)
        if !isPreview {
            raw(",\"client_order_id\":")
            word(leg.slices.first?.clientOrderID.description)
            raw(",\"broker_order_id\":")
            text(leg.slices.first?.brokerOrderID)
        }
        raw(",\"slices\":[")
        for index in leg.slices.indices {
            raw(index == 0 ? "{" : ",{")
            slice(leg.slices[index], isPreview: isPreview)
            raw("}")
        }
        raw("],\"cumulative_quantity\":")
        decimal(leg.cumulativeQuantity)
        raw(",\"canceled_quantity\":")
        decimal(leg.canceledQuantity)
        raw(",\"overfilled_quantity\":")
        decimal(leg.overfilledQuantity)
        raw(",\"average_price\":")
        decimal(leg.averagePrice)
        if let heldUntil = leg.heldUntil {
            raw(",\"held_until\":")
            time(heldUntil)
        }
        if leg.hasAnomaly { raw(",\"anomaly\":true") }
        raw(",\"reject\":")
        if let reject = leg.reject { self.reject(reject) } else { raw("null") }
        if !leg.alerts.isEmpty {
            raw(",\"alerts\":[")
            for (index, alert) in leg.alerts.enumerated() {
                if index > 0 { raw(",") }
                reject(alert)
            }
            raw("]")
        }
        latency(leg.times, run.admittedAt.nanoseconds, since: run.receivedAt.nanoseconds)
    }

    private mutating func slice(_ slice: RunSnapshot.Slice, isPreview: Bool) {
        if !isPreview {
            raw("\"client_order_id\":")
            word(slice.clientOrderID.description)
            raw(",\"broker_order_id\":")
            text(slice.brokerOrderID)
            raw(",")
        }
        raw("\"quantity\":")
        decimal(slice.quantity)
        raw(",\"status\":")
        word(slice.status.rawName)
        raw(",\"cumulative_quantity\":")
        decimal(slice.cumulativeQuantity)
    }

    private mutating func latency(_ times: StageTimes, _ admittedAt: Int64, since receivedAt: Int64) {
        raw(",\"latency_us\":{\"admitted\":")
        stage(admittedAt, since: receivedAt)
        raw(",\"durable\":")
        stage(times.durable, since: receivedAt)
        raw(",\"queued\":")
        stage(times.queued, since: receivedAt)
        raw(",\"dispatched\":")
        stage(times.dispatched, since: receivedAt)
        raw(",\"written\":")
        stage(times.written, since: receivedAt)
        raw(",\"first_byte\":")
        stage(times.firstByte, since: receivedAt)
        raw(",\"acked\":")
        stage(times.acknowledged, since: receivedAt)
        raw(",\"first_fill\":")
        stage(times.firstFill, since: receivedAt)
        raw(",\"done\":")
        stage(times.done, since: receivedAt)
        raw("}")
    }

    /// Microseconds since the request was received; `null` for a stage that is not reached (0). A clock that was set back
    /// in between makes 0, not a negative latency.
    private mutating func stage(_ nanoseconds: Int64, since start: Int64) {
        guard nanoseconds != 0 else { return raw("null") }
        integer(max(0, Timestamp(nanoseconds: nanoseconds).since(Timestamp(nanoseconds: start))) / 1_000)
    }

    /// Why risk or a broker refused, with the numbers.
    mutating func reject(_ reject: RunSnapshot.Reject) {
        raw("{\"code\":")
        word(reject.code)
        raw(",\"control\":")
        word(reject.control)
        raw(",\"scope\":")
        text(reject.scope)
        raw(",\"limit\":")
        decimal(reject.limit)
        raw(",\"observed\":")
        decimal(reject.observed)
        raw(",\"projected\":")
        decimal(reject.projected)
        raw(",\"unit\":")
        word(reject.unit)
        raw(",\"input_ages_ms\":{")
        if let age = reject.inputAge {
            raw("\"oldest\":")
            integer(age)
        }
        raw("},\"config_version\":")
        integer(reject.configurationVersion)
        raw(",\"message\":")
        text(reject.message)
        raw(",\"broker\":")
        if reject.brokerCode != nil || reject.brokerText != nil {
            raw("{\"code\":")
            text(reject.brokerCode)
            raw(",\"text\":")
            text(reject.brokerText)
            raw("}}")
        } else {
            raw("null}")
        }
    }
}
