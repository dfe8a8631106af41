import Domain
import Engine
import Store

/// A run as spans: the run, in it a span a leg, in each leg a span a stage that it reached.
///
/// A stage's span is the way to it: `acked` begins where the stage before it was reached and ends with the broker's word.
/// The same run makes the same ids each time, so a trace that is exported twice is one trace.
struct RunSpans {
    let run: RunSnapshot
    /// Of the client's `traceparent`, or made of the run.
    let traceHigh: UInt64
    let traceLow: UInt64
    private let seed: UInt64
    private let end: Int64

    init(_ run: RunSnapshot) {
        self.run = run
        let name = "sluice \(run.id?.description ?? "preview") \(run.receivedAt.nanoseconds)"
        let digest = SHA256.digest(name.utf8) ?? Array(name.utf8) + [UInt8](repeating: 1, count: 24)
        func number(_ place: Int) -> UInt64 { digest[place..<place + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        traceHigh = run.origin.trace?.high ?? number(0)
        traceLow = run.origin.trace?.low ?? number(8) | 1
        seed = number(16)
        end =
            run.doneAt?.nanoseconds
            ?? run.legs.reduce(max(run.receivedAt.nanoseconds, run.updatedAt.nanoseconds)) { latest, leg in
                max(latest, Self.stages(of: leg, run).last?.time ?? 0)
            }
    }

    var traceID: String { TraceContext.hexadecimal(traceHigh) + TraceContext.hexadecimal(traceLow) }

    /// The run's own span; its parent is the client's.
    func root() -> TraceSpan {
        var span = TraceSpan(
            id: identifier(leg: 0, stage: 0), parent: run.origin.trace?.parent,
            name: "run \(run.id?.description ?? "")",
            kind: .server, start: run.receivedAt.nanoseconds, end: max(run.receivedAt.nanoseconds, end))
        span.attributes.add("sluice.run.id", run.id?.description)
        span.attributes.add("sluice.group.id", run.group?.rawValue)
        span.attributes.add("sluice.run.status", run.status.rawName)
        span.attributes.add("sluice.run.open", run.doneAt == nil)
        span.attributes.add("sluice.key.id", run.origin.caller)
        span.attributes.add("sluice.strategy", run.order.strategy)
        span.attributes.add("sluice.tag", run.order.tag)
        span.attributes.add("sluice.symbol", run.order.symbol.text)
        span.attributes.add("sluice.side", run.order.side?.rawName)
        span.attributes.add("sluice.order_type", run.order.orderType.rawName)
        span.attributes.add("sluice.rms_version", run.riskVersion)
        span.attributes.add("sluice.requested_quantity", run.requestedQuantity)
        span.attributes.add("sluice.reference_price", run.referencePrice)
        span.attributes.add("sluice.legs", Int64(run.legs.count))
        if run.status == .refused { span.failure = "every leg was refused" }
        return span
    }

    /// A leg's span, then those of its stages in order.
    func leg(_ index: Int) -> [TraceSpan] {
        let leg = run.legs[index]
        let stages = Self.stages(of: leg, run)
        let start = run.receivedAt.nanoseconds
        let last = stages.last?.time ?? start
        var whole = TraceSpan(
            id: identifier(leg: index + 1, stage: 0), parent: identifier(leg: 0, stage: 0),
            name: "leg \(leg.account.rawValue)", start: start, end: leg.status.isTerminal ? last : max(last, end))
        whole.attributes.add("sluice.leg.id", run.id == nil ? nil : leg.id.description)
        whole.attributes.add("sluice.account.id", leg.account.rawValue)
        whole.attributes.add("sluice.adapter.id", leg.adapter.rawValue)
        whole.attributes.add("sluice.leg.status", leg.status.rawName)
        whole.attributes.add("sluice.side", leg.side.rawName)
        whole.attributes.add("sluice.client_order_id", leg.slices.first?.clientOrderID.description)
        whole.attributes.add("sluice.broker_order_id", leg.slices.first?.brokerOrderID)
        whole.attributes.add("sluice.slices", leg.slices.isEmpty ? nil : Int64(leg.slices.count))
        whole.attributes.add("sluice.ordered_quantity", leg.orderedQuantity)
        whole.attributes.add("sluice.cumulative_quantity", leg.cumulativeQuantity)
        whole.attributes.add("sluice.average_price", leg.averagePrice)
        whole.attributes.add("sluice.reject.code", leg.reject?.code)
        whole.attributes.add("sluice.broker_text", leg.reject?.brokerText)
        whole.attributes.add("sluice.anomaly", leg.hasAnomaly)
        if leg.status == .refused || leg.status == .rejected {
            whole.failure = leg.reject?.message ?? leg.status.rawName
        }
        var spans = [whole]
        var reached = start
        for (place, stage) in stages.enumerated() {
            spans.append(
                TraceSpan(
                    id: identifier(leg: index + 1, stage: place + 1), parent: whole.id, name: stage.name,
                    kind: stage.name == "first_byte" || stage.name == "acked" ? .client : .internal, start: reached,
                    end: stage.time))
            reached = stage.time
        }
        return spans
    }

    /// The stages after `received` that a leg reached, in order. A stage that was seen before the one in front of it, as a
    /// fill before the acknowledgement, is drawn where that one is: bars do not run backwards.
    private static func stages(of leg: RunSnapshot.Leg, _ run: RunSnapshot) -> [(name: String, time: Int64)] {
        let times = leg.times
        let all = [
            ("admitted", run.admittedAt.nanoseconds), ("durable", times.durable), ("queued", times.queued),
            ("dispatched", times.dispatched), ("written", times.written), ("first_byte", times.firstByte),
            ("acked", times.acknowledged), ("first_fill", times.firstFill), ("done", times.done),
        ]
        var latest = run.receivedAt.nanoseconds
        return all.filter { $0.1 != 0 }.map { name, time in
            latest = max(latest, time)
            return (name, latest)
        }
    }

    /// Never 0, and never the same twice within a run: the mixing is a bijection.
    private func identifier(leg: Int, stage: Int) -> UInt64 {
        var bits = seed ^ (UInt64(leg) << 8 | UInt64(stage))
        bits = (bits ^ (bits >> 30)) &* 0xbf58_476d_1ce4_e5b9
        bits = (bits ^ (bits >> 27)) &* 0x94d0_49bb_1331_11eb
        bits ^= bits >> 31
        return bits == 0 ? 1 : bits
    }
}
