import Domain
import Gateway
import Telemetry

/// `/api/analytics/runs/{run}`: where the time of one run went, how even it was, and what its fills cost.
extension Backend {
    func showRunTiming(_ call: Call) async throws -> Answer {
        try call.query.check()
        let run = try await run(try call.run(), for: try call.caller())
        let service = runtime.telemetry
        // Without telemetry the journal's facts are told all the same.
        let kept = try await offLoop { () -> [LegTiming] in
            service.flush()
            return run.id.flatMap { try? service.store?.run($0) }?.legs ?? []
        }
        guard let id = run.id, let timing = try await gateway.timing(of: id, kept: kept) else {
            throw Problem.unknownRun(run.id?.description ?? "")
        }
        return .json(reserving: 4_096) { $0.timing(timing.run, timing.legs) }
    }
}

extension JSONWriter {
    fileprivate mutating func timing(_ run: RunSummary, _ legs: [LegTiming]) {
        object {
            $0.member("run_id", run.run.description)
            $0.member("group_id", run.group?.rawValue)
            $0.member("status", run.status)
            $0.member("currency", run.currency.description)
            $0.member("requested_quantity", text: run.requestedQuantity)
            $0.member("unallocated_quantity", text: run.unallocatedQuantity)
            $0.member("left_out_accounts", run.leftOutCount)
            $0.member("first_in_turn", run.firstInTurn)
            $0.member("send_spread_us", run.sendSpread.map { $0 / 1_000 })
            $0.member("arrival_price", text: run.arrivalPrice)
            $0.member("filled_quantity", text: run.filledQuantity)
            $0.member("slippage_cost", text: run.slippageCost)
            $0.member("lowest_average_price", text: run.lowestPrice)
            $0.member("highest_average_price", text: run.highestPrice)
            $0.member("price_dispersion", text: run.priceDispersion)
            $0.list("legs", legs) { $0.timing($1) }
        }
    }

    private mutating func timing(_ leg: LegTiming) {
        object {
            $0.member("leg_id", leg.leg.description)
            $0.member("account_id", leg.account.rawValue)
            $0.member("adapter_id", leg.adapter.rawValue)
            $0.member("status", leg.status)
            $0.member("weight", text: leg.weight)
            $0.member("allocated_quantity", text: leg.allocatedQuantity)
            $0.member("send_rank", leg.sendRank)
            $0.member("adapter_us", leg.adapterTime.map { $0 / 1_000 })
            $0.member("wire_us", leg.wireTime.map { $0 / 1_000 })
            $0.member("network_us", leg.networkTime.map { $0 / 1_000 })
            $0.member("broker_us", leg.brokerTime.map { $0 / 1_000 })
            $0.member("seen", leg.retries != nil)
            $0.list("waits", leg.waits) { json, wait in
                json.object {
                    $0.member("reason", wait.reason.rawName)
                    $0.member("us", wait.duration / 1_000)
                }
            }
            $0.member("cancels", leg.retries?.cancels)
            $0.member("modifies", leg.retries?.modifies)
            $0.member("look_ups", leg.retries?.lookUps)
            $0.member("slippage", text: leg.slippage)
            $0.member("slippage_cost", text: leg.slippageCost)
        }
    }
}
