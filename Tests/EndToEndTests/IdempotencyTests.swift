import Exact
import Foundation
import Testing

extension EndToEnd {
    /// One key, one run.
    @Suite("Idempotency") struct IdempotencyTests {
        @Test("One key 100 times at once makes one run; the others are told to wait, or the same run; so after a kill")
        func oneKeyAtOnce() async {
            await Scenario.run("one key 100 times") { scenario in
                var server = try scenario.start()
                let request = Orders.Request(
                    key: "the one", body: Orders.body(tag: "the one", quantity: 150), wait: "done", isCanceled: false)
                for attempt in ["at once", "after a kill"] {
                    let http = server.http
                    let answers = Threads.concurrently(100) { _ in request.place(http) }
                    let came = answers.compactMap(\.self)
                    scenario.expectEqual(came.count, 100, "\(attempt): answers")
                    let runs = came.filter { $0.status == 200 || $0.status == 202 }
                    let waits = came.filter { $0.status == 409 }
                    scenario.note("\(attempt): \(runs.count) runs, \(waits.count) told to wait")
                    scenario.expect(!runs.isEmpty, "\(attempt): nobody was answered with the run")
                    scenario.expectEqual(
                        Set(runs.map { Orders.text($0.json["run_id"]) }), ["r1"], "\(attempt): runs of the key")
                    for answer in came where answer.status != 200 && answer.status != 202 {
                        let isRight =
                            answer.status == 409 && answer.isProblem
                            && answer.json["code"] == "idempotency_key_in_use"
                        scenario.expect(isRight, "\(attempt): \(answer)")
                    }
                    let firsts = runs.filter { $0.headers["idempotency-replayed"] == nil }
                    scenario.expectEqual(
                        firsts.count, attempt == "at once" ? 1 : 0, "\(attempt): not marked as repeated")
                    if attempt == "at once" {
                        server.destroy()
                        server = try scenario.start()
                    }
                }
                let books = try Books.check(server, scenario)
                scenario.expectEqual(books.runs.count, 1, "runs in the list")
                try Self.refusesAnotherBody(request, server, scenario)
            }
        }

        private static func refusesAnotherBody(
            _ request: Orders.Request, _ server: Server, _ scenario: Scenario
        ) throws {
            let other = Orders.Request(
                key: request.key, body: Orders.body(tag: "other", quantity: 165), wait: "durable", isCanceled: false)
            let answer = try scenario.need(other.place(server.http), "no answer to another body")
            let isRight = answer.status == 422 && answer.isProblem && answer.json["code"] == "idempotency_key_reused"
            scenario.expect(isRight, "another body under the same key: \(answer)")
            let without = try scenario.need(
                server.http.send("POST", "/api/execution-groups/\(Site.group)/orders", other.body), "no answer")
            scenario.expect(without.status == 400 && without.isProblem, "an order without a key: \(without)")
        }
    }
}
