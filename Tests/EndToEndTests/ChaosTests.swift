import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Paper accounts on whose wire things go wrong, behind the built program.
    @Suite("Chaos between gateway and broker") struct ChaosTests {
        /// What a seed's clients did and how the gateway explained it.
        private static func place(_ count: Int, _ seed: UInt64, _ server: Server, _ scenario: Scenario) throws
            -> [Orders.Request]
        {
            var random = SeededGenerator(seed)
            let plans = (0..<count).map { Orders.draw("s\(seed)-\($0)", using: &random) }
            let lanes = 4
            let http = server.http
            let answers = Threads.concurrently(lanes) { lane in
                stride(from: lane, to: plans.count, by: lanes).map { (plans[$0].key, plans[$0].place(http)) }
            }
            for (key, answer) in answers.flatMap({ $0 }) {
                let isRun = [200, 202, 422].contains(answer?.status ?? 0) && answer?.json["run_id"]?.string != nil
                scenario.expect(isRun, "\(key) was answered \(answer?.description ?? "not at all")")
            }
            return plans
        }

        /// The same keys again make no second run.
        private static func repeatAll(_ plans: [Orders.Request], _ server: Server, _ scenario: Scenario) {
            for plan in plans {
                let again = plan.place(server.http, wait: "durable")
                scenario.expectEqual(again?.headers["idempotency-replayed"], "true", "\(plan.key), sent again")
            }
        }

        @Test(
            "Legs whose replies are lost are explained by look-up: none stays unknown, none is there twice",
            arguments: Program.seeds(1...2))
        func lostReplies(seed: UInt64) async {
            var options = Site.Options()
            options.scenario = """
                { seed: \(seed), rules: [ \
                { when: { command: submit, chance: "0.25" }, \
                then: { fault: reply_lost, phase: after, timeout_ms: 150, lose_reports: true } }, \
                { when: { command: submit, chance: "0.15" }, then: { fault: reply_lost, phase: before, timeout_ms: 150 } }, \
                { when: { command: submit, chance: "0.15" }, then: { fault: fill_before_ack, delay_ms: 80 } }, \
                { when: { command: look_up, chance: "0.2" }, then: { fault: reply_lost, timeout_ms: 50 } }, \
                { when: { command: look_up, chance: "0.2" }, then: { fault: visibility_delay, delay_ms: 400 } }, \
                { when: { report: any, chance: "0.3" }, then: { fault: duplicate_reports, times: 3 } }, \
                { when: { report: any, chance: "0.3" }, then: { fault: shuffle_reports, within_ms: 300 } } ] }
                """
            await Scenario.run("lost replies, seed \(seed)", options) { scenario in
                let server = try scenario.start()
                let plans = try Self.place(30, seed, server, scenario)
                let books = try Books.check(server, scenario, seconds: 30)
                scenario.expectEqual(books.runs.count, plans.count, "runs and keys")
                let slices = books.runs.flatMap { $0["legs"]?.array ?? [] }.flatMap { $0["slices"]?.array ?? [] }
                let absent = slices.filter { $0["status"]?.string == "NOT_SENT" }
                scenario.note("\(slices.count) slices, \(absent.count) not sent")
                scenario.expect(!absent.isEmpty, "no leg was proven absent: the scenario did nothing")
                for slice in absent {
                    scenario.expect(
                        slice["broker_order_id"]?.isNull ?? true, "absent, and at the broker: \(slice.serializedText())"
                    )
                }
                try Self.compare(server, scenario)
                Self.repeatAll(plans, server, scenario)
                server.destroy()
                let next = try scenario.start()
                try Books.check(next, scenario, seconds: 30)
                Self.repeatAll(plans, next, scenario)
            }
        }

        @Test(
            "Logins that end and brokers that throttle in mid-run leave every leg explained",
            arguments: Program.seeds(1...1))
        func expiryAndThrottling(seed: UInt64) async {
            var options = Site.Options()
            options.scenario = """
                { seed: \(seed), rules: [ \
                { when: { command: submit, every: 9 }, then: { fault: session_expiry, login_ms: 200 } }, \
                { when: { command: submit, chance: "0.1" }, then: { fault: throttle, retry_after_ms: 100 } }, \
                { when: { command: cancel, chance: "0.5" }, then: { fault: throttle } }, \
                { when: { command: submit, chance: "0.2" }, then: { fault: slow, delay_ms: 100, jitter_ms: 200 } } ] }
                """
            await Scenario.run("login ends in mid-run, seed \(seed)", options) { scenario in
                let server = try scenario.start()
                let plans = try Self.place(30, seed, server, scenario)
                let books = try Books.check(server, scenario, seconds: 30)
                scenario.expectEqual(books.runs.count, plans.count, "runs and keys")
            }
        }

        @Test(
            "Reports, cancels and logins that get lost on the way leave books that equal the broker's",
            arguments: Program.seeds(1...1))
        func lostNews(seed: UInt64) async {
            var options = Site.Options()
            options.reconcile = "{ interval: 1s, quiet_gap: 1s }"
            options.scenario = """
                { seed: \(seed), rules: [ \
                { when: { report: any, chance: "0.3" }, then: { fault: report_lost } }, \
                { when: { command: cancel, chance: "0.3" }, then: { fault: throttle, retry_after_ms: 200 } }, \
                { when: { command: cancel, chance: "0.3" }, then: { fault: reply_lost, phase: before, timeout_ms: 100 } }, \
                { when: { command: cancel, chance: "0.3" }, then: { fault: reply_lost, phase: after, timeout_ms: 100, \
                lose_reports: true } }, \
                { when: { command: submit, every: 25 }, then: { fault: session_expiry, login_ms: 200 } }, \
                { when: { command: query.orders, chance: "0.1" }, then: { fault: reply_lost, timeout_ms: 50 } }, \
                { when: { command: query.trades, chance: "0.1" }, then: { fault: reply_lost, timeout_ms: 50 } } ] }
                """
            await Scenario.run("lost news, seed \(seed)", options) { scenario in
                let server = try scenario.start()
                let plans = try Self.place(30, seed, server, scenario)
                for plan in plans where plan.isCanceled {
                    let run = plan.place(server.http, wait: "durable")?.json["run_id"]?.string ?? ""
                    scenario.expect(
                        [200, 202].contains(plan.cancel(run, server.http)?.status ?? 0), "cancel of \(plan.key)")
                }
                try Self.reconcile(server, scenario)
                let books = try Books.check(server, scenario, seconds: 30)
                scenario.expectEqual(books.runs.count, plans.count, "runs and keys")
                for plan in plans where plan.isCanceled {
                    let legs = books.run(tag: plan.key)?["legs"]?.array ?? []
                    let live = legs.compactMap { $0["status"]?.string }.filter { !Orders.terminal.contains($0) }
                    scenario.expect(live.isEmpty, "\(plan.key) was canceled, and has legs \(live)")
                }
                try Self.compare(server, scenario)
            }
        }

        /// Compares until two comparisons in a row bring nothing new and every account matches.
        private static func reconcile(_ server: Server, _ scenario: Scenario) throws {
            var last = JSONValue.null
            var quiet = 0
            let isQuiet = try Poll.holds(seconds: 40) {
                guard let answer = server.http.send("POST", "/api/reconciliation?timeout_ms=5000", .object([:])),
                    answer.status == 200
                else { throw Failure("POST /api/reconciliation failed") }
                last = answer.json
                let items = answer.json["items"]?.array ?? []
                let isSettled = items.allSatisfy {
                    $0["status"]?.string == "matched" && $0["executions"]?["booked"]?.int64 == 0
                }
                quiet = isSettled && items.count == Site.accounts.count ? quiet + 1 : 0
                return quiet >= 2
            }
            scenario.expect(isQuiet, "the books do not match: \(last.serializedText().prefix(3_000))")
        }

        @Test("An adapter that ends the process after acceptance loses and doubles nothing over the restart")
        func crash() async {
            var options = Site.Options()
            options.scenario = """
                { allow_crash: true, rules: [ \
                { when: { command: submit, account: P3, nth: 4 }, then: { fault: crash, phase: after, delay_ms: 200 } }, \
                { when: { command: submit, account: P2, nth: 9 }, then: { fault: crash, phase: before, delay_ms: 200 } } ] }
                """
            await Scenario.run("an adapter that crashes", options) { scenario in
                var random = SeededGenerator(5)
                let plans = (0..<16).map { Orders.draw("c\($0)", using: &random) }
                var server = try scenario.start()
                var deaths = 0
                for plan in plans {
                    var answer = plan.place(server.http, wait: "durable")
                    while answer == nil, deaths < 2 {
                        scenario.expectEqual(server.ending(seconds: 10), .signal(SIGABRT), "the end of the process")
                        deaths += 1
                        server = try scenario.start()
                        answer = plan.place(server.http, wait: "durable")
                    }
                    scenario.expect(answer?.json["run_id"] != nil, "\(plan.key): \(answer?.description ?? "no answer")")
                    _ = Poll.holds(seconds: 1) { server.ending(seconds: 0) != nil || Self.isQuiet(server) }
                }
                if server.ending(seconds: 1) != nil {
                    deaths += 1
                    server = try scenario.start()
                }
                scenario.expectEqual(deaths, 2, "deaths")
                let books = try Books.check(server, scenario, seconds: 30)
                scenario.expectEqual(books.runs.count, plans.count, "runs and keys")
                Self.repeatAll(plans, server, scenario)
            }
        }

        /// What the paper accounts hold, read from the database by the checker that shares no code with the adapter, which
        /// has looked for contradictions on its way. `nil`: there is no python3 here.
        private static func ledger(_ scenario: Scenario) throws -> [JSONValue]? {
            let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
                .deletingLastPathComponent().path
            let output = "\(scenario.site.directory)/ledger-\(UUID().uuidString.prefix(8)).txt"
            let pid = try Children.spawn(
                ["python3", "\(root)/Plugins/Paper/Tools/ledger.py", "\(scenario.site.data)/sluice.db"],
                in: scenario.site.directory, output: output, errors: output)
            let ending = Children.ending(of: pid, seconds: 30)
            if ending == .status(127) { return nil }
            let text = try String(contentsOfFile: output, encoding: .utf8)
            scenario.expectEqual(ending, .status(0), "the ledger contradicts itself: \(text.prefix(4_000))")
            return text.split(separator: "\n").compactMap { try? JSONValue.parse(String($0), limits: .large) }
        }

        /// Every order at the broker is one slice's, under the same names, with as much executed. The market goes on while
        /// both are read, so what is told of it may be on its way: what still differs after a while is wrong.
        private static func compare(_ server: Server, _ scenario: Scenario) throws {
            var wrong: [String] = []
            _ = try Poll.holds(seconds: 20) {
                guard let ledger = try Self.ledger(scenario) else {
                    scenario.note("no python3: the ledger was not read")
                    return true
                }
                wrong = differences(ledger, try Books.read(server.http))
                return wrong.isEmpty
            }
            for text in wrong { scenario.violate(text) }
        }

        private static func differences(_ ledger: [JSONValue], _ books: Books) -> [String] {
            var wrong: [String] = []
            if ledger.count != Site.accounts.count { wrong.append("\(ledger.count) accounts are in the ledger") }
            var slices: [String: JSONValue] = [:]
            for leg in books.runs.flatMap({ $0["legs"]?.array ?? [] }) {
                for slice in leg["slices"]?.array ?? [] { slices[Orders.text(slice["client_order_id"])] = slice }
            }
            var found = 0
            for account in ledger {
                for (number, order) in account["orders"]?.object ?? JSONObject() {
                    let names = (order["client_order_ids"]?.array ?? []).compactMap(\.string)
                    let slice = names.compactMap { slices[$0] }.first
                    let executed = (order["executions"]?.array ?? []).compactMap { $0["quantity"]?.decimalOrText }
                        .reduce(ExactDecimal.zero) { $0.adding($1) ?? .zero }
                    if slice?["broker_order_id"]?.string != "P\(number)"
                        || slice?["cumulative_quantity"]?.decimalOrText != executed
                    {
                        wrong.append(
                            "order P\(number) \(names) has \(executed) executed in the ledger, and in the gateway's books is "
                                + (slice?.serializedText() ?? "not there"))
                    }
                    found += 1
                }
            }
            let known = slices.values.filter { !($0["broker_order_id"]?.isNull ?? true) }.count
            if found != known { wrong.append("\(found) orders are in the ledger, \(known) slices name one") }
            if found == 0 { wrong.append("the ledger holds no order") }
            return wrong
        }

        /// Whether no leg waits for an answer.
        private static func isQuiet(_ server: Server) -> Bool {
            guard let answer = server.http.get("/api/orders?status=SENT&limit=1") else { return false }
            return answer.json["items"]?.array?.isEmpty ?? false
        }
    }
}
