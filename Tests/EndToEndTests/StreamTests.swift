import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// The event stream over crashes of the gateway.
    @Suite("Event stream") struct StreamTests {
        @Test(
            "A stream that goes on from its last event over kills tells every event once, in order",
            arguments: Program.seeds(21...22))
        func resumes(seed: UInt64) async {
            await Scenario.run("stream over kills, seed \(seed)") { scenario in
                var random = SeededGenerator(seed)
                var told: [EventStream.Event] = []
                var last = "0-0"
                for round in 0..<3 {
                    let server = try scenario.start()
                    let stream = EventStream(server, after: last)
                    let http = server.http
                    let plans = (0..<3).map { client in
                        (0..<12).map { Orders.draw("t\(seed)-\(round)-\(client)-\($0)", using: &random) }
                    }
                    let events = Int.random(in: 5...120, using: &random)
                    let isLast = round == 2
                    let killer = Threads.start {
                        guard !isLast else { return true }
                        // Somewhere in the middle of what is told.
                        let isDue = Poll.holds(seconds: 20) { stream.events.count >= events }
                        server.destroy()
                        return isDue
                    }
                    _ = Threads.concurrently(plans.count) { client in
                        for request in plans[client] where request.place(http) == nil { return }
                    }
                    let isDue = killer.join() ?? false
                    scenario.expect(isDue, "\(events) events did not come in 20 s: \(stream.events.suffix(3))")
                    if isLast { try Self.finish(stream, server, &told, scenario) } else { stream.close() }
                    _ = Poll.holds(seconds: 5) { stream.isEnded }
                    if !isLast { told += stream.events }
                    last = told.last { $0.id != nil }?.id ?? last
                    scenario.note(
                        "round \(round): \(told.count) events, the last is \(last), status \(stream.status ?? 0)")
                }
            }
        }

        @Test("An event has one id, in the stream and in its run's list, and no two events share one")
        func oneID() async {
            await Scenario.run("ids of events") { scenario in
                let server = try scenario.start()
                let stream = EventStream(server, after: "0-0", topics: "runs,legs,alerts")
                defer { stream.close() }
                let order = Orders.Request(
                    key: "one", body: Orders.body(tag: "one", quantity: 150), wait: "done", isCanceled: false)
                let answer = try scenario.need(order.place(server.http), "no answer")
                let run = Orders.text(answer.json["run_id"])
                let list = server.http.get("/api/runs/\(run)/events?limit=1000")?.json["items"]?.array ?? []
                let listed = list.filter { $0["topic"] != "positions" }.map { Orders.text($0["id"]) }
                scenario.expect(listed.count >= 20, "the run has \(listed.count) events: \(list)")
                scenario.expectEqual(Set(listed).count, listed.count, "ids of the run's events: \(listed)")
                let isTold = Poll.holds(seconds: 10) { stream.events.count >= listed.count }
                scenario.expect(isTold, "the stream told \(stream.events.count) of \(listed.count) events")
                let told = stream.events.filter { $0.data["run_id"]?.string == run }.compactMap(\.id)
                scenario.expectEqual(told, listed, "ids in the stream, and in the run's list")
            }
        }

        /// Marks the end, waits for the mark, and compares with the whole story told at once.
        private static func finish(
            _ stream: EventStream, _ server: Server, _ told: inout [EventStream.Event], _ scenario: Scenario
        ) throws {
            let mark = "the end of the story"
            let halt = server.http.send("POST", "/api/rms/halt", ["scope": "account:P1", "reason": .string(mark)])
            scenario.expectEqual(halt?.status, 200, "the halt: \(halt?.text ?? "")")
            func whole(_ stream: EventStream) -> [EventStream.Event]? {
                let events = stream.events
                let end = events.firstIndex { $0.data["facts"]?["reason"]?.string == mark }
                return end.map { Array(events[...$0]) }
            }
            let resumed = Poll.until(seconds: 20) { whole(stream) }
            told += try scenario.need(resumed, "the mark was not told: \(stream.events.suffix(3))")
            stream.close()
            let again = EventStream(server, after: "0-0")
            defer { again.close() }
            let found = Poll.until(seconds: 20) { whole(again) }
            let all = try scenario.need(found, "the whole story was not told: \(again.events.suffix(3))")
                .filter { $0.id != nil }
            let known = told.filter { $0.id != nil }

            let places = known.compactMap { place($0.id) }
            scenario.expectEqual(places.count, known.count, "ids that are places")
            for (one, two) in zip(places, places.dropFirst()) where one >= two {
                scenario.violate("\(two) was told after \(one)")
            }
            scenario.expect(!known.contains { $0.topic == "gap" }, "a gap was told")
            let (had, should) = (known.map(\.identity), all.map(\.identity))
            guard had != should else { return }
            let lost = should.filter { !had.contains($0) }
            let made = had.filter { !should.contains($0) }
            scenario.violate(
                "\(had.count) events told, \(should.count) happened; lost \(lost.prefix(5)); told besides \(made.prefix(5))"
            )
        }

        private static func place(_ id: String?) -> Place? {
            let parts = (id ?? "").split(separator: "-").compactMap { Int($0) }
            return parts.count == 2 ? Place(sequence: parts[0], index: parts[1]) : nil
        }

        private struct Place: Comparable {
            let sequence: Int
            let index: Int
            static func < (left: Place, right: Place) -> Bool {
                (left.sequence, left.index) < (right.sequence, right.index)
            }
        }
    }
}
