import Domain
import Engine

/// Runs, legs and orders (INTERFACES.md §6), written straight into bytes: a fan-out's answer is on the path that is timed.
extension JSONWriter {
    /// A run. A preview has no ids and the status PREVIEW.
    mutating func run(_ run: RunSnapshot) {
        let isPreview = run.id == nil
        let receivedAt = run.receivedAt.nanoseconds
        beginObject()
        if let id = run.id { member("run_id", id.description) }
        member("group_id", run.group?.rawValue)
        member("group_version", run.group == nil ? nil : run.groupVersion)
        member("rms_version", run.riskVersion)
        member("status", isPreview ? "PREVIEW" : run.status.rawName)
        member("symbol", run.order.symbol.text)
        member("side", run.order.side?.rawName)
        member("strategy", run.order.strategy)
        member("tag", run.order.tag)
        member("mode", run.mode.rawName)
        member("on_leg_failure", run.onLegFailure.rawName)
        member("requested_quantity", text: run.requestedQuantity)
        member("allocated_quantity", text: run.allocatedQuantity)
        member("unallocated_quantity", text: run.unallocatedQuantity)
        list("left_out", run.leftOut) { json, left in
            json.object {
                $0.member("account_id", left.account.rawValue)
                $0.member("reason", left.reason)
            }
        }
        member("reference_price", text: run.referencePrice)
        member("created_at", run.admittedAt)
        member("updated_at", run.updatedAt)
        key("latency_us")
        beginObject()
        stage("admitted", run.admittedAt.nanoseconds, since: receivedAt)
        stage("durable", run.legs.reduce(0) { max($0, $1.times.durable) }, since: receivedAt)
        stage("last_dispatched", run.legs.reduce(0) { max($0, $1.times.dispatched) }, since: receivedAt)
        stage("done", run.doneAt?.nanoseconds ?? 0, since: receivedAt)
        endObject()
        key("legs")
        beginArray()
        for leg in run.legs {
            beginObject()
            self.leg(leg, of: run)
            endObject()
        }
        endArray()
        endObject()
    }

    /// One leg as an order of its own: the leg's members, and of its run those that a leg has not.
    mutating func order(_ index: Int, of run: RunSnapshot) {
        guard run.legs.indices.contains(index) else { return null() }
        let leg = run.legs[index]
        beginObject()
        if run.id != nil { member("order_id", leg.id.description) }
        if let id = run.id { member("run_id", id.description) }
        member("group_id", run.group?.rawValue)
        member("product", run.order.product.rawName)
        member("time_in_force", run.order.timeInForce.rawName)
        member("order_class", run.order.orderClass.rawName)
        member("strategy", run.order.strategy)
        member("tag", run.order.tag)
        member("rms_version", run.riskVersion)
        member("run_status", run.id == nil ? "PREVIEW" : run.status.rawName)
        member("created_at", run.admittedAt)
        member("updated_at", run.updatedAt)
        self.leg(leg, of: run)
        endObject()
    }

    private mutating func leg(_ leg: RunSnapshot.Leg, of run: RunSnapshot) {
        let isPreview = run.id == nil
        if !isPreview { member("leg_id", leg.id.description) }
        member("account_id", leg.account.rawValue)
        member("adapter_id", leg.adapter.rawValue)
        member("symbol", run.order.symbol.text)
        member("side", leg.side.rawName)
        member("weight", text: leg.weight)
        member("allocated_quantity", text: leg.allocatedQuantity)
        member("ordered_quantity", text: leg.orderedQuantity)
        member("order_type", leg.orderType.rawName)
        member("price", text: leg.limitPrice)
        member("trigger_price", text: leg.stopPrice)
        member("status", leg.status.rawName)
        if !isPreview {
            member("client_order_id", leg.slices.first?.clientOrderID.description)
            member("broker_order_id", leg.slices.first?.brokerOrderID)
        }
        key("slices")
        beginArray()
        for slice in leg.slices {
            beginObject()
            if !isPreview {
                member("client_order_id", slice.clientOrderID.description)
                member("broker_order_id", slice.brokerOrderID)
            }
            member("quantity", text: slice.quantity)
            member("status", slice.status.rawName)
            member("cumulative_quantity", text: slice.cumulativeQuantity)
            endObject()
        }
        endArray()
        member("cumulative_quantity", text: leg.cumulativeQuantity)
        member("canceled_quantity", text: leg.canceledQuantity)
        member("overfilled_quantity", text: leg.overfilledQuantity)
        member("average_price", text: leg.averagePrice)
        if let heldUntil = leg.heldUntil { member("held_until", heldUntil) }
        if leg.hasAnomaly { member("anomaly", true) }
        key("reject")
        if let reject = leg.reject { self.reject(reject) } else { null() }
        if !leg.alerts.isEmpty { list("alerts", leg.alerts) { $0.reject($1) } }
        key("latency_us")
        beginObject()
        let receivedAt = run.receivedAt.nanoseconds
        stage("admitted", run.admittedAt.nanoseconds, since: receivedAt)
        stage("durable", leg.times.durable, since: receivedAt)
        stage("queued", leg.times.queued, since: receivedAt)
        stage("dispatched", leg.times.dispatched, since: receivedAt)
        stage("written", leg.times.written, since: receivedAt)
        stage("first_byte", leg.times.firstByte, since: receivedAt)
        stage("acked", leg.times.acknowledged, since: receivedAt)
        stage("first_fill", leg.times.firstFill, since: receivedAt)
        stage("done", leg.times.done, since: receivedAt)
        endObject()
    }

    /// Microseconds since the request was received; `null` for a stage that is not reached (0). A clock that was set back
    /// in between makes 0, not a negative latency.
    private mutating func stage(_ name: String, _ nanoseconds: Int64, since start: Int64) {
        guard nanoseconds != 0 else { return member(name, nil as Int64?) }
        member(name, max(0, Timestamp(nanoseconds: nanoseconds).since(Timestamp(nanoseconds: start))) / 1_000)
    }

    mutating func reject(_ reject: RunSnapshot.Reject) {
        beginObject()
        member("code", reject.code)
        member("control", reject.control)
        member("scope", reject.scope)
        member("limit", text: reject.limit)
        member("observed", text: reject.observed)
        member("projected", text: reject.projected)
        member("unit", reject.unit)
        key("input_ages_ms")
        beginObject()
        if let age = reject.inputAge { member("oldest", age) }
        endObject()
        member("config_version", reject.configurationVersion)
        member("message", reject.message)
        key("broker")
        if reject.brokerCode != nil || reject.brokerText != nil {
            beginObject()
            member("code", reject.brokerCode)
            member("text", reject.brokerText)
            endObject()
        } else {
            null()
        }
        endObject()
    }
}
