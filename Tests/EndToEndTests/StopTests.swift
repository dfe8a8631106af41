import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// SIGTERM and SIGINT: an orderly end, and nothing lost by it.
    @Suite("Stop") struct StopTests {
        @Test(
            "A stop under load ends with status 0 in 10 s; legs that wait are withdrawn and none is lost",
            arguments: [SIGTERM, SIGINT])
        func stopUnderLoad(signal: CInt) async {
            var options = Site.Options()
            // Five orders a second and account: most legs are held when the signal comes.
            options.ordersPerSecond = 5
            await Scenario.run("signal \(signal) under load", options) { scenario in
                let server = try scenario.start()
                let http = server.http
                let answers = Guarded<[String: JSONValue]>([:])
                let requests = Guarded<[Orders.Request]>([])
                // A client that listens must not hold it up.
                let stream = EventStream(server, after: "0-0")
                let clients = Threads.start {
                    Threads.concurrently(4) { client in
                        var random = SeededGenerator(UInt64(client))
                        for number in 0..<1_000 {
                            let request = Orders.draw("stop-\(client)-\(number)", using: &random)
                            requests.with { $0.append(request) }
                            guard let answer = request.place(http, wait: "durable") else { return }
                            guard answer.json["run_id"] != nil else {
                                // Refused while stopping: says so, and keeps nothing.
                                let isHonest = [429, 503].contains(answer.status) && answer.isProblem
                                scenario.expect(isHonest, "\(request.key) was answered \(answer)")
                                continue
                            }
                            answers.with { $0[request.key] = answer.json }
                        }
                    }.count
                }
                let isLoaded = Poll.holds(seconds: 20) { answers.with { $0.count } >= 30 }
                scenario.expect(isLoaded, "30 orders were not answered in 20 s")
                let start = ContinuousClock.now
                server.send(signal)
                let ending = server.ending(seconds: 15)
                let took = ContinuousClock.now - start
                scenario.note("ended with \(ending.map { "\($0)" } ?? "nothing") after \(took)")
                scenario.expectEqual(ending, .status(0), "the end")
                scenario.expect(took < .seconds(10), "the stop took \(took)")
                server.destroy()
                _ = clients.join()
                stream.close()

                let next = try scenario.start()
                let told = answers.with { $0 }
                for request in requests.with({ $0 }) {
                    guard let answer = request.place(next.http, wait: "durable"), answer.json["run_id"] != nil else {
                        scenario.violate("\(request.key), sent again, was not answered with a run")
                        continue
                    }
                    guard let before = told[request.key] else { continue }
                    for change in Orders.retractions(from: before, to: answer.json) {
                        scenario.violate("\(request.key): \(change)\n\(before.serializedText())\n\(answer.text)")
                    }
                }
                // What was asked for anew is held by the rate as well: it has its deadline of ten seconds.
                let books = try Books.check(next, scenario, seconds: 25)
                let withdrawn = books.runs.flatMap { $0["legs"]?.array ?? [] }.filter {
                    $0["status"]?.string == "CANCELED_LOCALLY"
                }
                scenario.expect(!withdrawn.isEmpty, "no leg was withdrawn: the scenario does not reach what it is for")
            }
        }

        @Test("A stop does not wait for a client that waits for an order which will not end")
        func stopWhileAClientWaits() async {
            await Scenario.run("a stop while a client waits") { scenario in
                let server = try scenario.start()
                let http = server.http
                let patient = Orders.Request(
                    key: "patient", body: Orders.body(tag: "patient", quantity: 150, price: Orders.restingPrice),
                    wait: "done", isCanceled: false)
                let waiting = Threads.start {
                    http.send(
                        "POST", "/api/execution-groups/\(Site.group)/orders?wait=done&timeout_ms=60000", patient.body,
                        idempotencyKey: patient.key, seconds: 30)
                }
                let isPlaced = Poll.holds(seconds: 10) {
                    http.get("/api/runs")?.json["items"]?.array?.first?["status"] == "WORKING"
                }
                scenario.expect(isPlaced, "the order does not work: \(http.get("/api/runs")?.text ?? "no answer")")
                let start = ContinuousClock.now
                server.send(SIGTERM)
                let ending = server.ending(seconds: 10)
                scenario.note("ended after \(ContinuousClock.now - start)")
                scenario.expectEqual(ending, .status(0), "the end within 10 s")
                server.destroy()
                _ = waiting.join()
                let next = try scenario.start()
                let books = try Books.check(next, scenario)
                let legs = books.run(tag: "patient")?["legs"]?.array ?? []
                scenario.expect(
                    legs.count == 5 && legs.allSatisfy { $0["status"] == "WORKING" },
                    "the order rests no more: \(legs.map { $0.serializedText() })")
            }
        }

        @Test("A second gateway on the same data is refused with status 1 and the holder's process id")
        func secondGateway() async {
            await Scenario.run("second gateway") { scenario in
                let first = try scenario.start()
                let second = try scenario.launch()
                let listens = try second.listens()
                scenario.expect(!listens, "the second gateway listens: \(second.output)")
                scenario.expectEqual(second.ending(seconds: 20), .status(1), "the second gateway's end")
                let said = second.output + second.errors
                scenario.expect(
                    said.contains("in use by process \(first.pid)") && said.contains(scenario.site.data),
                    "it does not name the directory and process \(first.pid): \(said)")
                let answer = Orders.Request(
                    key: "after", body: Orders.body(tag: "after", quantity: 150), wait: "done", isCanceled: false
                ).place(first.http)
                scenario.expectEqual(answer?.status, 200, "an order at the first gateway: \(answer?.text ?? "")")
                // The lock goes with its process, however that ends.
                first.destroy()
                _ = try scenario.start()
            }
        }
    }
}
