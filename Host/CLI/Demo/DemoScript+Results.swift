import Exact

extension DemoScript {
    private static let sold: Int64 = 20

    /// Four weeks pass, one account sells half: its profit is exact.
    mutating func resultIsRealised() async throws {
        story.begin(
            "Prices move, a part is sold",
            "Twenty trading days later P4 sells 20 of its 40 AAPL, an order for one account.")
        await stepPrices(20)
        market.advance(20)
        for symbol in DemoFiles.symbols {
            let close = try market.last(symbol).close
            let seen = try await eventually(APIPath.make("api", "symbols", symbol)) {
                $0.value.amount("last_price") == close
            }
            story.check(
                seen.value.amount("last_price") == close, "\(symbol) last traded at \(close)", found: seen.summary)
        }
        let answer = try await askAloud(
            .post, "/api/orders?wait=done&timeout_ms=10000",
            body: Self.order("SELL", Self.sold, "US:EQ:AAPL", account: "P4"), key: "demo-aapl-2")
        try require(
            answer.isSuccess && !answer.value.text("order_id").isEmpty, "the order is taken", found: answer.summary)
        let path = APIPath.make("api", "orders", answer.value.text("order_id"))
        let order = try await eventually(path) { $0.value.text("status") == "FILLED" }
        story.keep("order", order.value)
        // The simulated broker fills at the last bar that has reached it, which may be one before the newest.
        guard order.value.text("status") == "FILLED", let price = order.value.amount("average_price") else {
            return try require(false, "the order is filled", found: order.summary)
        }
        story.check(
            market.played("US:EQ:AAPL").contains { $0.close == price }, "it is filled at the close of a bar, \(price)",
            found: order.summary)
        let positions = try await eventually("/api/positions") { answer in
            answer.value.items.contains {
                $0.text("account_id") == "P4" && $0.text("symbol") == "US:EQ:AAPL"
                    && $0.amount("quantity") == ExactDecimal(Self.sold)
            }
        }
        let position =
            positions.value.items.first { $0.text("account_id") == "P4" && $0.text("symbol") == "US:EQ:AAPL" } ?? .null
        guard var holding = held["P4 US:EQ:AAPL"],
            let gain = price.subtracting(holding.price)?.multiplied(by: ExactDecimal(Self.sold))
        else { throw Stopped() }
        holding.quantity = ExactDecimal(Self.sold)
        holding.realised = gain
        held["P4 US:EQ:AAPL"] = holding
        story.check(
            position.amount("realised_pnl") == gain,
            "20 × (\(price) − \(holding.price)) = \(gain) USD are realised, to the cent",
            found: position.serializedText())
    }

    /// Every position is what the fills make it, marked at the last trade.
    mutating func positionsAddUp() async throws {
        story.begin("Positions and results", "What the fills made, marked at the last trade of each share.")
        let answer = try await askAloud(.get, "/api/positions")
        story.keep("positions", answer.value)
        let rows = answer.value.items.filter { $0.amount("quantity")?.isZero == false }
        story.show(PositionsCommand.table(rows).lines(surroundings.console.style))
        story.check(rows.count == held.count, "there are \(held.count) of them", found: String(rows.count))
        var wrong: [String] = []
        for (key, holding) in held.sorted(by: { $0.key < $1.key }) {
            let names = key.split(separator: " ").map(String.init)
            let row = rows.first { $0.text("account_id") == names[0] && $0.text("symbol") == names[1] } ?? .null
            let last = try market.last(names[1]).close
            let open = last.subtracting(holding.price)?.multiplied(by: holding.quantity)
            if row.amount("quantity") != holding.quantity || row.amount("average_price") != holding.price
                || row.amount("unrealised_pnl") != open
            {
                wrong.append("\(key): \(row.serializedText())")
            }
        }
        story.check(
            wrong.isEmpty, "each has its quantity, its price and, to the cent, its open result",
            found: wrong.joined(separator: "; "))
    }

    /// The table of runs and the percentiles of the stages.
    mutating func runsAreListed() async throws {
        story.begin(
            "The runs, and how long they took",
            "Newest first; latencies are measured from the moment a request was received.")
        let answer = try await askAloud(.get, Self.groupPath + "/runs")
        story.keep("runs", answer.value)
        let listed = answer.value.items.map { $0.text("run_id") }
        story.check(
            listed == Array(runs.reversed()), "all \(runs.count) runs of the group, newest first",
            found: listed.joined(separator: ", "))
        story.show(RunReport.table(answer.value.items, now: surroundings.now()).lines(surroundings.console.style))
        let latency = try await askAloud(.get, "/api/analytics/latency")
        story.keep("latency", latency.value)
        story.check(
            latency.isSuccess && !latency.value.items.isEmpty, "the stages are measured", found: latency.summary)
        story.show(LatencyCommand.table(latency.value.items).lines(surroundings.console.style))
    }

    /// Every run with its events as a file.
    mutating func runsAreExported() async throws {
        story.begin(
            "Everything is written down",
            "Each run, its events and its trace as JSON, and every leg as CSV, for whoever wants to look again.")
        try FileAccess.makeDirectory(output)
        var isWhole = true
        var legs = 0
        for (index, id) in runs.enumerated() {
            let run = try await ask(.get, APIPath.make("api", "runs", id))
            let events = try await ask(.get, APIPath.make("api", "runs", id, "events"))
            let trace = try await ask(.get, APIPath.make("api", "runs", id, "trace"))
            isWhole = isWhole && run.isSuccess && events.isSuccess && !events.value.items.isEmpty && trace.isSuccess
            legs += run.value.legs.count
            for (name, answer) in [("run", run), ("events", events), ("trace", trace)] {
                let path = "\(output)/\(name)-\(index + 1).json"
                let bytes = answer.value.serialized(pretty: true)
                try FileAccess.write(bytes + [UInt8(ascii: "\n")], to: path)
                files.append(path)
                let back = try JSONValue.parse(FileAccess.read(path, atMost: GatewayClient.answerLimit), limits: .large)
                isWhole = isWhole && back == answer.value
            }
        }
        story.check(
            isWhole && files.count == 3 * runs.count, "\(files.count) files in \(output), and they read back the same")
        try await legsAreExported(atLeast: legs)
        story.show(files)
    }

    /// Every leg as CSV, by the route that exports millions of them.
    private mutating func legsAreExported(atLeast count: Int) async throws {
        let path = "\(output)/legs.csv"
        story.asked("GET /api/exports/legs")
        guard let client else { throw Stopped() }
        var bytes: [UInt8] = []
        try await client.stream("/api/exports/legs") { bytes += $0 }
        try FileAccess.write(bytes, to: path)
        files.append(path)
        let lines = bytes.count { $0 == UInt8(ascii: "\n") }
        story.check(
            lines > count && bytes.starts(with: "leg_id,run_id,".utf8), "\(path) has a line for each leg",
            found: "\(lines) lines for \(count) legs")
    }
}
