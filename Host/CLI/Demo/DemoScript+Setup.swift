import Exact

extension DemoScript {
    /// Everything is loaded, every account is connected.
    mutating func accountsAreReady() async throws {
        let health = try await askAloud(.get, "/health")
        try require(health.isSuccess, "the gateway answers", found: health.summary)

        let brokers = try await askAloud(.get, "/api/brokers")
        story.keep("brokers", brokers.value)
        let paper = brokers.value.items.first { $0.text("id") == "paper" } ?? .null
        story.check(
            paper.text("state") == "loaded", "the adapter of the simulated broker is loaded",
            found: brokers.summary)

        let all = JSONValue(Int64(DemoFiles.accounts.count))
        let ready = try await eventually("/ready") { $0.isSuccess && $0.value["accounts_ready"] == all }
        let accounts = try await askAloud(.get, "/api/accounts")
        story.keep("accounts", accounts.value)
        let known = Set(accounts.value.items.map { $0.text("id") })
        story.check(
            known == Set(DemoFiles.accounts.map(\.id)), "the five accounts are there",
            found: known.sorted().joined(separator: ", "))
        try require(
            ready.isSuccess && ready.value["accounts_ready"] == all, "every account is connected and ready",
            found: ready.summary)
        story.show(AccountsCommand.table(accounts.value.items.reversed()).lines(surroundings.console.style))
    }

    /// The first recorded day is played.
    mutating func pricesArrive() async throws {
        story.begin(
            "Recorded prices arrive", "One daily bar of each share, of January 2011; its close is the last trade.")
        await stepPrices(1)
        market.advance(1)
        var table = Table([.text("SYMBOL"), .text("DAY"), .number("CLOSE")])
        for symbol in DemoFiles.symbols {
            let bar = try market.last(symbol)
            table.append([Table.Cell(symbol, .bold), Table.Cell(bar.day), Table.Cell(bar.close.description)])
            let answer = try await eventually(APIPath.make("api", "symbols", symbol)) {
                $0.value.amount("last_price") == bar.close
            }
            story.check(
                answer.value.amount("last_price") == bar.close
                    && answer.value.amount("tick_size") == ExactDecimal("0.01"),
                "\(symbol) is known, in cents, and last traded at \(bar.close)",
                found: answer.summary)
        }
        story.show(table.lines(surroundings.console.style))
    }

    /// The five accounts become one group.
    mutating func groupIsMade() async throws {
        story.begin(
            "Five accounts become one group",
            "Proportional: every account takes part by its capital, 1 : 2 : 3 : 4 : 5.")
        let body: JSONValue = .object([
            "id": .string(DemoFiles.group), "policy": "proportional",
            "accounts": .array(
                DemoFiles.accounts.map { .object(["account_id": .string($0.id), "capital": .string($0.capital)]) }),
        ])
        let answer = try await askAloud(.post, "/api/execution-groups", body: body)
        story.keep("group", answer.value)
        try require(answer.isSuccess, "the group is stored", found: answer.summary)
        let members = answer.value["accounts"]?.array ?? []
        story.check(
            members.map { $0.text("account_id") } == DemoFiles.accounts.map(\.id), "its accounts keep their order",
            found: members.map { $0.text("account_id") }.joined(separator: ", "))
        story.check(answer.value.text("version") == "1", "it has version 1", found: answer.value.text("version"))
    }

    /// What an order would become, without sending it.
    mutating func orderIsPreviewed() async throws {
        story.begin(
            "A preview",
            "What would 150 AAPL at the market become? The same code as for a real order; nothing is sent or stored.")
        let answer = try await askAloud(
            .post, Self.groupPath + "/preview", body: Self.order("BUY", 150, "US:EQ:AAPL"))
        story.keep("preview", answer.value)
        try require(answer.isSuccess, "the preview is answered", found: answer.summary)
        show(answer.value)
        story.check(
            answer.value.text("status") == "PREVIEW", "it is marked as a preview", found: answer.value.text("status"))
        checkShares(answer.value, [10, 20, 30, 40, 50])
        checkTightRefusal(answer.value)
        let runs = try await ask(.get, "/api/runs")
        story.check(runs.isSuccess && runs.value.items.isEmpty, "no run was stored", found: runs.summary)
    }

    // MARK: Checks that several steps make

    mutating func checkShares(_ run: JSONValue, _ shares: [Int64]) {
        let found = run.legs.map { $0.amount("allocated_quantity") }
        story.check(
            found == shares.map { ExactDecimal($0) },
            "the shares follow capital: " + shares.map(String.init).joined(separator: ", "),
            found: run.ofLegs("allocated_quantity"))
    }

    /// The leg of the tight account is refused with numbers that prove it, and no other leg is.
    mutating func checkTightRefusal(_ run: JSONValue) {
        let account = DemoFiles.tightAccount
        let leg = run.leg(account)
        let reject = leg["reject"] ?? .null
        story.check(
            leg.text("status") == "REFUSED" && reject.text("code") == "notional_limits",
            "\(account)'s leg is refused by the limit on an order's value", found: leg.serializedText())
        let (limit, projected) = (reject.amount("limit"), reject.amount("projected"))
        story.check(
            limit == ExactDecimal(DemoFiles.tightLimit) && reject.text("unit") == "USD" && projected != nil
                && (projected ?? .zero) > (limit ?? .zero),
            "with its numbers: \(reject.text("projected")) \(reject.text("unit")) would exceed \(DemoFiles.tightLimit)",
            found: reject.serializedText())
        let others = run.legs.filter { $0.text("account_id") != account }
        story.check(
            others.count == 4 && others.allSatisfy { ($0["reject"] ?? .null).isNull && $0.text("status") != "REFUSED" },
            "the four other legs pass", found: run.ofLegs("status"))
    }
}
