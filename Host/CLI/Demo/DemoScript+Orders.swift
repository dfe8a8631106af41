import Exact

extension DemoScript {
    private static let firstKey = "demo-aapl-1"
    private static let firstOrder = order("BUY", 150, "US:EQ:AAPL")

    /// The fan-out: four legs fill, one is refused.
    mutating func orderFansOut() async throws {
        story.begin(
            "The order fans out",
            "Stored first, then sent to every account at once; the simulated broker fills at the last trade.")
        let answer = try await askAloud(
            .post, Self.groupPath + "/orders?wait=done&timeout_ms=10000", body: Self.firstOrder, key: Self.firstKey)
        try require(
            (answer.status == 200 || answer.status == 202) && !answer.value.text("run_id").isEmpty,
            "the order is taken", found: answer.summary)
        let id = answer.value.text("run_id")
        runs.append(id)
        let run = try await run(id) { RunReport.hasEnded($0.text("status")) }
        story.keep("run", run)
        show(run)
        checkShares(run, [10, 20, 30, 40, 50])
        checkTightRefusal(run)
        let close = try market.last("US:EQ:AAPL").close
        try checkFilled(run, accounts: ["P1", "P2", "P3", "P4"], at: close)
        story.check(
            run.text("status") == "PARTIAL", "the run has ended with less than asked: PARTIAL",
            found: run.text("status"))
        checkStages(run)
    }

    /// The same request again is the same run; the same key for something else is refused.
    mutating func sameKeyIsAnsweredTheSame() async throws {
        story.begin(
            "The same request again",
            "A client that lost the answer repeats its request under the same key: nothing may happen twice.")
        let path = Self.groupPath + "/orders?wait=done&timeout_ms=10000"
        let again = try await askAloud(.post, path, body: Self.firstOrder, key: Self.firstKey)
        story.keep("again", again.value)
        story.check(
            again.isSuccess && again.value.text("run_id") == runs.first, "it is answered with the same run",
            found: again.summary)
        let listed = try await ask(.get, "/api/runs")
        story.check(listed.value.items.count == 1, "there is still one run", found: String(listed.value.items.count))
        let other = try await askAloud(.post, path, body: Self.order("BUY", 300, "US:EQ:AAPL"), key: Self.firstKey)
        story.keep("other", other.value)
        story.check(
            other.status == 422 && other.isProblem, "the key with another order is refused", found: other.summary)
        story.show(Problem(other.value, status: other.status).lines(surroundings.console.style))
    }

    /// A limit order away from the market works, and is cancelled.
    mutating func restingOrderIsCancelled() async throws {
        let close = try market.last("US:EQ:IBM").close
        let limit = try price(close, less: 4)
        story.begin(
            "A limit order rests and is cancelled",
            "IBM stands at \(close); 15 shares are bid for at \(limit), 4 % below.")
        let id = try await placeResting(15, "US:EQ:IBM", limit: limit, key: "demo-ibm-1")
        let cancel = try await askAloud(
            .post, APIPath.make("api", "runs", id, "cancel"), key: "demo-ibm-1-cancel")
        story.check(cancel.isSuccess, "the cancel is taken", found: cancel.summary)
        try await checkCancelled(id, name: "cancelled")
    }

    /// The kill switch: what works is cancelled, what comes is refused.
    mutating func haltStopsEverything() async throws {
        let close = try market.last("US:EQ:MSFT").close
        let limit = try price(close, less: 4)
        story.begin(
            "The gate shuts",
            "An order works at \(limit); then everything is halted. What works is cancelled, the next order stops at the gate."
        )
        let id = try await placeResting(15, "US:EQ:MSFT", limit: limit, key: "demo-msft-1")
        let halt = try await askAloud(
            .post, "/api/rms/halt",
            body: .object(["scope": "firm", "reason": "the demo tries the kill switch", "cancel_working": true]))
        story.keep("halt", halt.value)
        try require(halt.isSuccess, "the halt is taken", found: halt.summary)
        try await checkCancelled(id, name: "halted")

        let refused = try await askAloud(
            .post, Self.groupPath + "/orders?wait=done&timeout_ms=10000", body: Self.order("BUY", 300, "US:EQ:MSFT"),
            key: "demo-msft-2")
        story.keep("refused", refused.value)
        if !refused.value.text("run_id").isEmpty { runs.append(refused.value.text("run_id")) }
        show(refused.value)
        story.check(refused.status == 422, "the next order is answered 422", found: refused.summary)
        story.check(
            refused.value.legs.count == 5
                && refused.value.legs.allSatisfy {
                    $0.text("status") == "REFUSED" && $0.text("reject.code") == "trading_state"
                },
            "all five legs are refused by trading_state",
            found: refused.value.legs.map { $0.text("reject.code") }.joined(separator: ", "))
        let status = try await askAloud(.get, "/api/rms/status")
        story.keep("status", status.value)
        let text = status.value.serializedText()
        story.check(
            status.isSuccess && text.lowercased().contains("halted") && text.contains("\"firm\""),
            "the status names the halted scope", found: status.summary)
        story.show(RiskStatusReport.lines(status.value, surroundings.console.style, now: surroundings.now()))
    }

    /// Trading goes on, and the same order now passes.
    mutating func tradingResumes() async throws {
        story.begin(
            "The gate opens",
            "Resumed by a person with a reason; the order that was refused now passes, on all five accounts.")
        let resume = try await askAloud(
            .post, "/api/rms/resume", body: .object(["scope": "firm", "reason": "the demo goes on"])
        )
        story.keep("resume", resume.value)
        try require(resume.isSuccess, "the resume is taken", found: resume.summary)
        let answer = try await askAloud(
            .post, Self.groupPath + "/orders?wait=done&timeout_ms=10000", body: Self.order("BUY", 300, "US:EQ:MSFT"),
            key: "demo-msft-3")
        try require(
            answer.isSuccess && !answer.value.text("run_id").isEmpty, "the order is taken", found: answer.summary)
        let id = answer.value.text("run_id")
        runs.append(id)
        let run = try await run(id) { RunReport.hasEnded($0.text("status")) }
        story.keep("run", run)
        show(run)
        checkShares(run, [20, 40, 60, 80, 100])
        let close = try market.last("US:EQ:MSFT").close
        try checkFilled(run, accounts: DemoFiles.accounts.map(\.id), at: close)
        story.check(run.text("status") == "DONE", "the run is DONE", found: run.text("status"))
        checkStages(run)
    }

    /// A halt in the middle of a fan-out: what has left works on, what has not never leaves.
    mutating func haltStopsFanOut() async throws {
        let close = try market.last("US:EQ:MSFT").close
        let limit = try price(close, less: 4)
        let group = DemoFiles.pacedGroup
        story.begin(
            "The gate shuts in the middle",
            "A second group of the same accounts may send two orders in ten seconds. Two legs leave, three wait for their turn; then the group is halted."
        )
        let made = try await askAloud(
            .post, "/api/execution-groups",
            body: .object([
                "id": .string(group), "policy": "equal",
                "accounts": .array(DemoFiles.accounts.map { .object(["account_id": .string($0.id)]) }),
            ]))
        try require(made.isSuccess, "the group is made", found: made.summary)
        let path = APIPath.make("api", "execution-groups", group, "orders")
        let answer = try await askAloud(
            .post, path, body: Self.order("BUY", 15, "US:EQ:MSFT", limit: limit), key: "demo-paced-1")
        try require(
            answer.isSuccess && !answer.value.text("run_id").isEmpty, "the order is taken", found: answer.summary)
        let id = answer.value.text("run_id")
        func count(_ run: JSONValue, _ status: String) -> Int { run.legs.filter { $0.text("status") == status }.count }
        func waiting(_ run: JSONValue) -> Int { count(run, "RESERVED") + count(run, "HELD") }
        let halfway = try await run(id) { count($0, "WORKING") == 2 }
        story.check(
            count(halfway, "WORKING") == 2 && waiting(halfway) == 3, "two legs work, three wait for their turn",
            found: halfway.ofLegs("status"))
        let halt = try await askAloud(
            .post, "/api/rms/halt",
            body: .object(["scope": .string("group:\(group)"), "reason": "the demo stops a fan-out"]))
        try require(halt.isSuccess, "the halt is taken", found: halt.summary)
        let stopped = try await run(id) { waiting($0) == 0 }
        story.keep("stopped", stopped)
        show(stopped)
        story.check(
            count(stopped, "WORKING") == 2 && count(stopped, "CANCELED_LOCALLY") == 3,
            "the three that waited were withdrawn and never sent; the two that had left still work",
            found: stopped.ofLegs("status"))
        let cancel = try await askAloud(
            .post, APIPath.make("api", "runs", id, "cancel"), key: "demo-paced-1-cancel")
        story.check(cancel.isSuccess, "a cancel is taken while halted", found: cancel.summary)
        let ended = try await run(id) { RunReport.hasEnded($0.text("status")) }
        story.check(
            count(ended, "CANCELED") == 2 && ended.text("status") == "CANCELED", "the run ends, nothing was filled",
            found: "\(ended.text("status")): \(ended.ofLegs("status"))")
        let resume = try await askAloud(
            .post, "/api/rms/resume",
            body: .object(["scope": .string("group:\(group)"), "reason": "the demo goes on"]))
        try require(resume.isSuccess, "the resume is taken", found: resume.summary)
    }

    // MARK: What several steps do

    /// A price so many percent below, in whole cents.
    private func price(_ price: ExactDecimal, less percent: Int64) throws -> String {
        guard let hundredths = price.multiplied(by: ExactDecimal(100 - percent))?.scaled(to: 0, rounding: .down),
            let limit = ExactDecimal(mantissa: hundredths, exponent: -2)
        else { throw Stopped() }
        return limit.description
    }

    /// Places a limit order for the group and sees every leg working.
    private mutating func placeResting(
        _ quantity: Int64, _ symbol: String, limit: String, key: String
    ) async throws -> String {
        let answer = try await askAloud(
            .post, Self.groupPath + "/orders?wait=acked&timeout_ms=10000",
            body: Self.order("BUY", quantity, symbol, limit: limit), key: key)
        try require(
            answer.isSuccess && !answer.value.text("run_id").isEmpty, "the order is taken", found: answer.summary)
        let id = answer.value.text("run_id")
        runs.append(id)
        let working = try await run(id) { $0.legs.allSatisfy { $0.text("status") == "WORKING" } }
        story.keep("working", working)
        try require(
            working.legs.count == 5 && working.legs.allSatisfy { $0.text("status") == "WORKING" },
            "five legs work, nothing is filled", found: working.ofLegs("status"))
        return id
    }

    /// Every leg of a run ends cancelled and unfilled.
    private mutating func checkCancelled(_ id: String, name: String) async throws {
        let run = try await run(id) { RunReport.hasEnded($0.text("status")) }
        story.keep(name, run)
        show(run)
        let isCancelled = run.legs.allSatisfy {
            ["CANCELED", "CANCELED_LOCALLY"].contains($0.text("status"))
                && $0.amount("cumulative_quantity")?.isZero == true
        }
        story.check(
            run.text("status") == "CANCELED" && run.legs.count == 5 && isCancelled,
            "all five legs end CANCELED, unfilled",
            found: "\(run.text("status")): \(run.ofLegs("status"))")
    }

    /// The accounts' legs are filled whole at a price; what they hold is remembered for the last steps.
    private mutating func checkFilled(_ run: JSONValue, accounts: [String], at price: ExactDecimal) throws {
        let legs = accounts.map { run.leg($0) }
        story.check(
            legs.allSatisfy {
                $0.text("status") == "FILLED" && $0.amount("cumulative_quantity") == $0.amount("allocated_quantity")
            }, "\(accounts.joined(separator: ", ")) are filled", found: run.ofLegs("status"))
        story.check(
            legs.allSatisfy { $0.amount("average_price") == price }, "at the last trade, \(price)",
            found: run.ofLegs("average_price"))
        for (account, leg) in zip(accounts, legs) {
            guard let quantity = leg.amount("cumulative_quantity") else { continue }
            held["\(account) \(run.text("symbol"))"] = Holding(quantity: quantity, price: price)
        }
    }

    /// The stages that every filled leg went through, in the order it went.
    private mutating func checkStages(_ run: JSONValue) {
        let stages = ["admitted", "durable", "dispatched", "acked", "first_fill", "done"]
        let filled = run.legs.filter { $0.text("status") == "FILLED" }
        let isOrdered = filled.allSatisfy { leg in
            let times = stages.map { leg["latency_us"]?[$0]?.int64 }
            let known = times.compactMap { $0 }
            return known.count == stages.count
                && zip(known.prefix(3), known.dropFirst().prefix(2)).allSatisfy { $0 <= $1 }
                && known[2...].allSatisfy { $0 >= known[2] }
        }
        story.check(
            !filled.isEmpty && isOrdered, "every filled leg has its stages timed, stored before it was sent",
            found: filled.map { ($0["latency_us"] ?? .null).serializedText() }.joined(separator: " "))
    }
}
