import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// kill -9 in the middle of fan-outs (RELIABILITY.md §1, §4).
    @Suite("kill -9") struct KillTests {
        /// What one client asked for, and the fullest answers it got.
        struct Deed: Sendable {
            var request: Orders.Request
            /// The run as it was told last.
            var run: JSONValue?
            /// The withdrawal was answered: durable.
            var isCancelKnown = false
        }

        @Test("A first start that is killed anywhere leaves a directory that the next start can use", arguments: 0..<5)
        func killedFirstStart(step: Int) async {
            await Scenario.run("kill -9 in the first start, after \(step * 60) ms") { scenario in
                let server = try scenario.launch()
                let end = ContinuousClock.now + .milliseconds(step * 60)
                _ = Poll.holds(seconds: 1) { ContinuousClock.now >= end }
                server.destroy()
                scenario.note("it had printed: \(server.output)")
                let next = try scenario.start()
                let groups = next.http.get("/api/execution-groups")
                scenario.expectEqual(groups?.json["items"]?.array?.count, 1, "groups: \(groups?.text ?? "no answer")")
                let order = Orders.Request(
                    key: "one", body: Orders.body(tag: "one", quantity: 150), wait: "done", isCanceled: false)
                let answer = order.place(next.http)
                scenario.expectEqual(answer?.json["status"]?.string, "DONE", "an order: \(answer?.text ?? "no answer")")
                try Books.check(next, scenario)
            }
        }

        private static let clients = 6
        private static let requestsOfClient = 25

        @Test(
            "What was answered before a kill stands after it; no key makes two runs, no leg stays open, the sums hold",
            arguments: Program.seeds(1...3))
        func killedUnderLoad(seed: UInt64) async {
            var options = Site.Options()
            // Every other seed has legs that wait for their turn.
            if seed % 2 == 0 { options.ordersPerSecond = 40 }
            await Scenario.run("kill -9 under load, seed \(seed)", options) { scenario in
                var random = SeededGenerator(seed)
                var deeds: [Deed] = []
                for round in 0..<2 {
                    let server = try scenario.start()
                    deeds += try Self.load(server, "s\(seed)-r\(round)", scenario, &random)
                    if Bool.random(using: &random) { try Self.killInRecovery(scenario, &random) }
                    let next = try scenario.start()
                    try Self.repeatAll(&deeds, next, scenario)
                    let books = try Books.check(next, scenario)
                    Self.compare(deeds, books, next, scenario)
                    try Self.compareTelemetry(books, next, scenario)
                    scenario.note("round \(round): \(deeds.count) keys, \(books.runs.count) runs")
                    next.destroy()
                }
            }
        }

        /// Clients place orders until the gateway dies, at a moment that the seed chooses: after so many answers, and so
        /// much later.
        private static func load(
            _ server: Server, _ prefix: String, _ scenario: Scenario, _ random: inout SeededGenerator
        ) throws -> [Deed] {
            let plans = (0..<clients).map { client in
                (0..<requestsOfClient).map { Orders.draw("\(prefix)-c\(client)-\($0)", using: &random) }
            }
            let answers = Int.random(in: 1...80, using: &random)
            let delay = UInt32.random(in: 0...20_000, using: &random)
            let answered = Guarded(0)
            let http = server.http
            let killer = Threads.start {
                let isDue = Poll.holds(seconds: 20) { answered.with { $0 } >= answers }
                usleep(delay)
                server.destroy()
                return isDue
            }
            let lists = Threads.concurrently(clients) { client -> [Deed] in
                var deeds: [Deed] = []
                for request in plans[client] {
                    var deed = Deed(request: request)
                    let answer = request.place(http)
                    if let answer, Self.isRun(answer, request, scenario) {
                        deed.run = answer.json
                        answered.with { $0 += 1 }
                        if request.isCanceled, let run = answer.json["run_id"]?.string,
                            let canceled = request.cancel(run, http)
                        {
                            let isTaken = [200, 202].contains(canceled.status)
                            scenario.expect(isTaken, "the cancel of \(request.key) was answered \(canceled)")
                            deed.isCancelKnown = isTaken
                        }
                    }
                    deeds.append(deed)
                    if answer == nil { break }
                }
                return deeds
            }
            let isDue = killer.join() ?? false
            let deeds = lists.flatMap { $0 }
            scenario.note(
                "\(prefix): killed \(delay) us after \(answers) answers; \(deeds.count) keys sent, "
                    + "\(deeds.filter { $0.run != nil }.count) answered")
            guard isDue else { throw Failure("\(prefix): \(answers) answers did not come in 20 s") }
            return deeds
        }

        /// 200, 202 and 422 carry the run. Anything else has no place in this load.
        private static func isRun(_ answer: HTTP.Answer, _ request: Orders.Request, _ scenario: Scenario) -> Bool {
            let isRun = [200, 202, 422].contains(answer.status) && answer.json["run_id"]?.string != nil
            scenario.expect(isRun, "\(request.key) \(request.body.serializedText()) was answered \(answer)")
            return isRun
        }

        /// A start that is killed before, while or after it rebuilds its state.
        private static func killInRecovery(_ scenario: Scenario, _ random: inout SeededGenerator) throws {
            let pause = UInt32.random(in: 0...20, using: &random)
            let server = try scenario.launch()
            let end = ContinuousClock.now + .milliseconds(Int64(pause) * 40)
            _ = Poll.holds(seconds: 1) { ContinuousClock.now >= end }
            server.destroy()
            scenario.note("killed once more, \(pause * 40) ms into the next start")
        }

        /// Every request again, under its key, by several clients at once.
        private static func repeatAll(_ deeds: inout [Deed], _ server: Server, _ scenario: Scenario) throws {
            let http = server.http
            let all = deeds
            let lanes = 4
            let answers = Threads.concurrently(lanes) { lane in
                stride(from: lane, to: all.count, by: lanes).map { index -> (Int, JSONValue?) in
                    let deed = all[index]
                    let answer = deed.request.place(http, wait: "durable")
                    guard let answer else {
                        scenario.violate("\(deed.request.key), sent again, was not answered")
                        return (index, nil)
                    }
                    guard isRun(answer, deed.request, scenario) else { return (index, nil) }
                    if let before = deed.run {
                        for change in Orders.retractions(from: before, to: answer.json) {
                            scenario.violate(
                                "\(deed.request.key): \(change)\nbefore \(before.serializedText())\nafter  \(answer.text)"
                            )
                        }
                        scenario.expectEqual(
                            answer.headers["idempotency-replayed"], "true", "\(deed.request.key), sent again")
                    }
                    return (index, answer.json)
                }
            }
            for (index, run) in answers.flatMap({ $0 }) { if let run { deeds[index].run = run } }
        }

        /// A kill takes timings at most, whatever was being drained or written: of every run and leg that the journal knows
        /// telemetry has a row with its outcome, and it knows that the life before was killed.
        private static func compareTelemetry(_ first: Books, _ server: Server, _ scenario: Scenario) throws {
            var books = first
            var wanted: [String: Int64] = [:]
            var found: [String: Int64] = [:]
            var runs: Int64?
            let isWhole = try Poll.holds(seconds: 15) {
                // Candles go on filling what meets them: the journal is read anew for each comparison.
                books = try Books.read(server.http)
                wanted = [:]
                for leg in books.runs.flatMap({ $0["legs"]?.array ?? [] }) {
                    wanted[Orders.text(leg["status"]), default: 0] += 1
                }
                let summary = server.http.get("/api/analytics/summary")?.json
                found = (summary?["legs_by_status"]?.object ?? [:]).reduce(into: [:]) { $0[$1.key] = $1.value.int64 }
                runs = summary?["runs"]?.int64
                return found == wanted && runs == Int64(books.runs.count)
            }
            scenario.expect(
                isWhole,
                "telemetry has \(runs ?? -1) runs and legs \(found); the journal \(books.runs.count) and \(wanted)")
            let sessions = server.http.get("/api/analytics/sessions?limit=200")?.json["items"]?.array ?? []
            let reasons = sessions.map { $0["reason"]?.string ?? "running" }
            scenario.expectEqual(reasons.last, "running", "reasons of sessions: \(reasons)")
            scenario.expect(reasons.dropLast().allSatisfy { $0 == "killed" }, "reasons of sessions: \(reasons)")
        }

        /// The quiet state against all that was told.
        private static func compare(_ deeds: [Deed], _ books: Books, _ server: Server, _ scenario: Scenario) {
            scenario.expectEqual(books.runs.count, deeds.count, "runs and keys")
            for deed in deeds {
                guard let told = deed.run else { continue }
                guard let run = books.run(tag: deed.request.key) else {
                    scenario.violate("\(deed.request.key): the run is in no list: \(told.serializedText())")
                    continue
                }
                for change in Orders.retractions(from: told, to: run) {
                    scenario.violate(
                        "\(deed.request.key): \(change)\nbefore \(told.serializedText())\nafter  \(run.serializedText())"
                    )
                }
                let statuses = (run["legs"]?.array ?? []).compactMap { $0["status"]?.string }
                guard deed.isCancelKnown, !statuses.allSatisfy({ Orders.terminal.contains($0) }) else { continue }
                scenario.violate("\(deed.request.key): the cancel was acknowledged, but legs are \(statuses)")
                scenario.noteEvents(of: run, server)
            }
        }
    }
}
