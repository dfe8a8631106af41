import Domain
import Engine
import Exact
import Gateway

/// `/api/runs/{run}/explain`: a run's whole story.
extension Backend {
    func explainRun(_ call: Call) async throws -> Answer {
        try await explain(try await run(try call.run(), for: try call.caller()))
    }

    func explainGroupRun(_ call: Call) async throws -> Answer {
        try await explain(try await run(try call.run(1), of: try call.group(), for: try call.caller()))
    }

    private func explain(_ run: RunSnapshot) async throws -> Answer {
        guard let id = run.id, let story = try await gateway.story(of: id) else {
            throw Problem.unknownRun(run.id?.description ?? "")
        }
        let keys = keys
        return .json(reserving: 8_192) { $0.story(story) { keys.person(of: $0) ?? $0 } }
    }
}

extension JSONWriter {
    fileprivate mutating func story(_ story: RunStory, person: (String) -> String) {
        let run = story.run
        object {
            $0.member("run_id", run.id?.description)
            $0.member("status", run.status.rawName)
            $0.member("asked_by", person(story.caller))
            $0.member("key_id", story.caller == "gateway" ? nil : story.caller)
            $0.member("idempotency_key", story.idempotencyKey)
            $0.member("received_at", run.receivedAt)
            $0.member("group_id", run.group?.rawValue)
            $0.member("group_version", run.group == nil ? nil : run.groupVersion)
            $0.member("policy", story.policy?.rawName)
            $0.member("rms_version", run.riskVersion)
            $0.member("mode", run.mode.rawName)
            $0.member("on_leg_failure", run.onLegFailure.rawName)
            $0.member("gateway_closing", story.isGatewayClosing)
            $0.member("symbol", run.order.symbol.text)
            $0.member("side", run.order.side?.rawName)
            $0.member("order_type", run.order.orderType.rawName)
            $0.member("price", text: run.order.limitPrice)
            $0.member("strategy", run.order.strategy)
            $0.member("tag", run.order.tag)
            $0.member("requested_quantity", text: run.requestedQuantity)
            $0.member("allocated_quantity", text: run.allocatedQuantity)
            $0.member("unallocated_quantity", text: run.unallocatedQuantity)
            $0.member("reference_price", text: run.referencePrice)
            $0.member("reference_age_ms", run.referenceAge.map { $0 / 1_000_000 })
            $0.list("left_out", run.leftOut) { json, left in
                json.object {
                    $0.member("account_id", left.account.rawValue)
                    $0.member("reason", left.reason)
                }
            }
            $0.list("legs", story.shares) { $0.share($1) }
            $0.list("steps", story.steps) { json, step in
                json.object {
                    $0.member("at", step.at)
                    $0.member("since_received_us", step.at.since(run.receivedAt) / 1_000)
                    $0.member("type", step.type)
                    $0.member("leg_id", step.leg?.description)
                    $0.member("account_id", step.account?.rawValue)
                    $0.member("text", step.text)
                    $0.member("by", step.by.isEmpty ? nil : person(step.by))
                    $0.member("record", Int64(clamping: step.record))
                }
            }
        }
    }

    private mutating func share(_ share: RunStory.Share) {
        object {
            $0.member("leg_id", share.leg.description)
            $0.member("account_id", share.account.rawValue)
            $0.member("symbol", share.symbol.text)
            $0.member("reference_price", text: share.referencePrice)
            $0.member("side", share.side.rawName)
            $0.member("weight", text: share.weight)
            $0.member("allocated_quantity", text: share.allocated)
            $0.member("ordered_quantity", text: share.ordered)
            $0.list("slices", share.slices.count > 1 ? share.slices.map(\.description) : [])
            $0.member("price", text: share.limitPrice)
            $0.member("closing", share.isClosing)
            $0.member("held_until", share.heldUntil)
            if let funds = share.funds {
                $0.key("funds")
                $0.object {
                    $0.member("currency", funds.available.currency.description)
                    $0.member("available", text: funds.available)
                    $0.member("equity", text: funds.equity)
                    $0.member("reserved", text: funds.reserved)
                    $0.member("age_ms", funds.age / 1_000_000)
                }
            }
            $0.member("verdict", share.reject == nil ? (share.heldUntil == nil ? "RESERVED" : "HELD") : "REFUSED")
            if let reject = share.reject {
                $0.key("reject")
                $0.reason(reject)
            }
            $0.list("alerts", share.alerts) { $0.reason($1) }
            $0.list("overrides", share.overrides.map { "o\($0)" })
        }
    }

    private mutating func reason(_ reject: RunSnapshot.Reject) {
        var text = JSONText(reserving: 256)
        text.reject(reject)
        raw(text.bytes)
    }
}
