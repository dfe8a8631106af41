import Exact

/// Everything that a gateway says of its orders at one quiet moment, and the sums that must hold over it.
struct Books {
    private(set) var runs: [JSONValue] = []
    private var trades: [String: [JSONValue]] = [:]
    private var cash: [String: ExactDecimal] = [:]
    private var positions: [String: ExactDecimal] = [:]

    /// Waits until nothing is under way (at most `seconds`), reads all, and notes what contradicts what.
    @discardableResult
    static func check(_ server: Server, _ scenario: Scenario, seconds: Int = 15) throws -> Books {
        let http = server.http
        for status in Orders.passing.sorted() {
            var last = JSONValue.null
            let isEmpty = try Poll.holds(seconds: seconds) {
                last = try items(http, "/api/orders?status=\(status)&limit=5")
                return last.array?.isEmpty ?? false
            }
            scenario.expect(isEmpty, "legs stay \(status) for \(seconds) s: \(last.serializedText().prefix(2_000))")
        }
        var seen: Books?
        // Candles go on filling what meets them: where the next reading finds no further execution, this one is of one
        // moment.
        let books = try Poll.until(seconds: seconds) { () -> Books? in
            let last = seen
            let next = try read(http)
            seen = next
            return last?.executions == next.executions ? last : nil
        }
        let quiet = try scenario.need(books, "executions did not come to rest in \(seconds) s")
        quiet.check(scenario)
        return quiet
    }

    private static func items(_ http: HTTP, _ path: String) throws -> JSONValue {
        var last: HTTP.Answer?
        // A broker may fail to answer by the scenario's own faults, or be logging in: it is asked again.
        _ = try Poll.holds(seconds: 20) {
            guard let answer = http.get(path) else { throw Failure("GET \(path) was not answered") }
            last = answer
            return ![502, 503, 504].contains(answer.status)
        }
        guard let last, last.status == 200, let items = last.json["items"] else {
            throw Failure("GET \(path): \(String(describing: last))")
        }
        return items
    }

    static func read(_ http: HTTP) throws -> Books {
        var books = Books()
        for account in Site.accounts {
            books.trades[account] = try items(http, "/api/accounts/\(account)/trades?limit=1000").array ?? []
        }
        var cursor: String? = ""
        while let here = cursor {
            let path = "/api/runs?limit=100\(here.isEmpty ? "" : "&cursor=\(here)")"
            guard let answer = http.get(path), answer.status == 200 else { throw Failure("GET \(path) failed") }
            books.runs += answer.json["items"]?.array ?? []
            cursor = answer.json["next_cursor"]?.string
        }
        for position in try items(http, "/api/positions").array ?? [] {
            let place = "\(Orders.text(position["account_id"])) \(Orders.text(position["symbol"]))"
            books.positions[place] = position["quantity"]?.decimalOrText
        }
        for account in Site.accounts {
            books.cash[account] = try items(http, "/api/accounts/\(account)/funds").array?.first?["cash"]?.decimalOrText
        }
        return books
    }

    private var executions: [String: Int] { trades.mapValues(\.count) }

    /// The run of each tag.
    func run(tag: String) -> JSONValue? { runs.first { $0["tag"]?.string == tag } }

    // MARK: What must hold

    private func check(_ scenario: Scenario) {
        var tags: Set<String> = []
        var clientIDs: Set<String> = []
        var filled: [String: ExactDecimal] = [:]
        var brokerIDs: [String: Set<String>] = [:]
        for run in runs {
            let name = "run \(Orders.text(run["run_id"]))"
            let tag = run["tag"]?.string ?? ""
            scenario.expect(tags.insert(tag).inserted, "two runs came of the key \(tag): \(name) is one of them")
            let legs = run["legs"]?.array ?? []
            let allocated = legs.compactMap { $0["allocated_quantity"]?.decimalOrText }.reduce(ExactDecimal.zero, plus)
            scenario.expectEqual(allocated, run["allocated_quantity"]?.decimalOrText, "\(name): sum of its legs")
            let statuses = legs.compactMap { $0["status"]?.string }
            let live = statuses.filter { Orders.resting.contains($0) }
            let known = statuses.allSatisfy { Orders.resting.contains($0) || Orders.terminal.contains($0) }
            scenario.expect(known, "\(name) has legs \(statuses)")
            let status = run["status"]?.string ?? ""
            let right =
                live.isEmpty ? ["DONE", "PARTIAL", "REFUSED", "CANCELED"].contains(status) : status == "WORKING"
            scenario.expect(right, "\(name) is \(status) with legs \(statuses): \(run.serializedText())")
            for leg in legs {
                check(leg, scenario)
                let slices = leg["slices"]?.array ?? []
                for slice in slices {
                    let id = Orders.text(slice["client_order_id"])
                    scenario.expect(clientIDs.insert(id).inserted, "client order id \(id) is used twice")
                    guard let broker = slice["broker_order_id"]?.string else { continue }
                    let isNew = brokerIDs[Orders.text(leg["account_id"]), default: []].insert(broker).inserted
                    scenario.expect(isNew, "broker order \(broker) of \(Orders.text(leg["account_id"])) has two legs")
                }
                filled[Orders.text(leg["leg_id"])] = leg["cumulative_quantity"]?.decimalOrText ?? .zero
            }
        }
        // The paper broker counts orders of an account from P1 on: a gap is an order that no leg knows of.
        for (account, ids) in brokerIDs {
            let numbers = ids.compactMap { Int($0.dropFirst()) }.sorted()
            scenario.expect(
                numbers == Array(1..<ids.count + 1),
                "broker orders of \(account) are not P1 to P\(ids.count): \(numbers)")
        }
        checkExecutions(filled, scenario)
    }

    /// Conservation within one leg.
    private func check(_ leg: JSONValue, _ scenario: Scenario) {
        func number(_ name: String) -> ExactDecimal { leg[name]?.decimalOrText ?? .zero }
        let name = "leg \(Orders.text(leg["leg_id"])) \(Orders.text(leg["status"]))"
        let (ordered, done) = (number("ordered_quantity"), number("cumulative_quantity"))
        scenario.expect(
            plus(done, number("canceled_quantity")) <= ordered,
            "\(name) has more than was ordered: \(leg.serializedText())")
        scenario.expect(number("overfilled_quantity").isZero, "\(name) is overfilled: \(leg.serializedText())")
        let isFilled = leg["status"]?.string == "FILLED"
        let isNothing = ["REFUSED", "REJECTED", "NOT_SENT", "CANCELED_LOCALLY"].contains(leg["status"]?.string ?? "")
        scenario.expect(!isFilled || done == ordered, "\(name) but \(done) of \(ordered): \(leg.serializedText())")
        scenario.expect(!isNothing || done.isZero, "\(name) but \(done) executed: \(leg.serializedText())")
    }

    /// Legs, positions and the broker's cash are the sums of the executions, and no execution is missing.
    private func checkExecutions(_ filled: [String: ExactDecimal], _ scenario: Scenario) {
        var byLeg: [String: ExactDecimal] = [:]
        var byPosition: [String: ExactDecimal] = [:]
        for account in Site.accounts {
            let rows = trades[account] ?? []
            var money = ExactDecimal(Site.startingCash) ?? .zero
            for row in rows {
                let quantity = row["quantity"]?.decimalOrText ?? .zero
                let signed = row["side"]?.string == "SELL" ? quantity.negated : quantity
                let value = signed.multiplied(by: row["price"]?.decimalOrText ?? .zero) ?? .zero
                money = plus(money, value.negated)
                let place = "\(account) \(Orders.text(row["symbol"]))"
                byLeg[Orders.text(row["order_id"]), default: .zero] = plus(
                    byLeg[Orders.text(row["order_id"])] ?? .zero, quantity)
                byPosition[place] = plus(byPosition[place] ?? .zero, signed)
            }
            // The paper broker counts executions of an account from E1 on: a gap is an execution that was lost.
            let numbers = rows.compactMap { Int(Orders.text($0["execution_id"]).dropFirst()) }.sorted()
            scenario.expect(
                rows.count < 1_000, "\(account) has more executions than one page: the scenario is too long")
            scenario.expect(
                numbers == Array(1..<rows.count + 1),
                "executions of \(account) are not E1 to E\(rows.count): \(numbers)")
            scenario.expectEqual(cash[account], money, "cash of \(account) at the broker")
        }
        for (leg, quantity) in filled {
            scenario.expectEqual(quantity, byLeg[leg] ?? .zero, "leg \(leg) and the sum of its executions")
        }
        for leg in byLeg.keys where filled[leg] == nil { scenario.violate("executions of \(leg), which no run has") }
        for place in Set(byPosition.keys).union(positions.keys) {
            scenario.expectEqual(
                positions[place] ?? .zero, byPosition[place] ?? .zero, "position \(place) and its executions")
        }
    }
}

/// A sum that a test's numbers never overflow.
private func plus(_ left: ExactDecimal, _ right: ExactDecimal) -> ExactDecimal { left.adding(right) ?? .zero }
