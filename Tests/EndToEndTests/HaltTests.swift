import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Halts that were answered are in force, whatever happens to the process.
    @Suite("Halt") struct HaltTests {
        private static func order(_ key: String, price: String? = nil) -> Orders.Request {
            Orders.Request(
                key: key, body: Orders.body(tag: key, quantity: 150, price: price),
                wait: price == nil ? "done" : "acked",
                isCanceled: false)
        }

        @Test("A halt survives kills; a halted firm sends nothing; after a resume, which survives too, it trades")
        func haltsSurvive() async {
            await Scenario.run("halts over kills") { scenario in
                var server = try scenario.start()
                let before = try scenario.need(Self.order("before").place(server.http), "no answer before the halt")
                scenario.expectEqual(before.json["status"]?.string, "DONE", "an order before the halt: \(before)")
                let resting = Self.order("resting", price: Orders.restingPrice).place(server.http)
                scenario.expectEqual(
                    resting?.json["status"]?.string, "WORKING", "a resting order: \(resting?.text ?? "")")
                try Self.set("halt", "firm", server, scenario, cancelsWorking: true)
                // Answered is durable: no time is given.
                server.destroy()

                server = try scenario.launch()
                scenario.expect(try server.listens(), "the gateway does not start: \(server.tail)")
                try Self.refuses(server, "while halted", scenario)
                let books = try Books.check(server, scenario)
                let run = books.run(tag: "resting")
                let statuses = (run?["legs"]?.array ?? []).compactMap { $0["status"]?.string }
                let isCanceled = statuses.count == 5 && statuses.allSatisfy { $0.hasPrefix("CANCELED") }
                scenario.expect(isCanceled, "the halt was to cancel what works, but legs are \(statuses)")
                if !isCanceled { scenario.noteEvents(of: run, server) }
                server.destroy()

                server = try scenario.launch()
                scenario.expect(try server.listens(), "the gateway does not start: \(server.tail)")
                try Self.refuses(server, "after two kills", scenario)
                try Self.set("resume", "firm", server, scenario)
                server.destroy()

                server = try scenario.start()
                scenario.expectEqual(
                    server.http.get("/api/rms/status")?.json["state"]?.string, "active", "state after the resume")
                // What was refused under its key stays refused; a new request trades.
                let repeated = Self.order("while halted").place(server.http)
                scenario.expectEqual(repeated?.status, 422, "a refused order, sent again: \(repeated?.text ?? "")")
                let after = Self.order("after").place(server.http)
                scenario.expectEqual(
                    after?.json["status"]?.string, "DONE", "an order after the resume: \(after?.text ?? "")")
                try Books.check(server, scenario)
            }
        }

        @Test("A halted account keeps its leg out of fan-outs over a kill; the others trade")
        func haltedAccount() async {
            await Scenario.run("a halted account") { scenario in
                var server = try scenario.start()
                try Self.set("halt", "account:P2", server, scenario)
                server.destroy()
                server = try scenario.launch()
                scenario.expect(try server.listens(), "the gateway does not start: \(server.tail)")
                let isReady = Poll.holds(seconds: 20) {
                    server.http.get("/ready")?.json["accounts_ready"]?.int64 == Int64(Site.accounts.count)
                }
                scenario.expect(isReady, "not ready: \(server.http.get("/ready")?.text ?? "no answer")")
                // Prices come with the first candle.
                _ = Poll.holds(seconds: 10) {
                    server.http.send(
                        "POST", "/api/execution-groups/\(Site.group)/preview", Orders.body(tag: "p", quantity: 150)
                    )?.json["legs"]?.array?.filter { $0["reject"]?.isNull ?? false }.count == 4
                }
                let answer = try scenario.need(Self.order("one").place(server.http), "no answer")
                for leg in answer.json["legs"]?.array ?? [] {
                    let isHalted = leg["account_id"] == "P2"
                    scenario.expectEqual(leg["status"]?.string, isHalted ? "REFUSED" : "FILLED", leg.serializedText())
                    if isHalted {
                        scenario.expectEqual(leg["reject"]?["code"]?.string, "trading_state", leg.serializedText())
                    }
                }
                try Books.check(server, scenario)
            }
        }

        private static func set(
            _ verb: String, _ scope: String, _ server: Server, _ scenario: Scenario, cancelsWorking: Bool = false
        ) throws {
            var body: JSONObject = ["scope": .string(scope), "reason": "a test"]
            if cancelsWorking { body["cancel_working"] = true }
            let answer = try scenario.need(
                server.http.send("POST", "/api/rms/\(verb)", .object(body)), "\(verb) was not answered")
            scenario.expectEqual(answer.status, 200, "\(verb): \(answer)")
        }

        /// A halted firm refuses every leg, by name, and nothing reaches a broker.
        private static func refuses(_ server: Server, _ key: String, _ scenario: Scenario) throws {
            let http = server.http
            scenario.expectEqual(http.get("/api/rms/status")?.json["state"]?.string, "halted", "state, \(key)")
            let isReady = Poll.holds(seconds: 20) {
                http.get("/ready")?.json["accounts_ready"]?.int64 == Int64(Site.accounts.count)
            }
            scenario.expect(isReady, "\(key): not ready: \(http.get("/ready")?.text ?? "no answer")")
            let answer = try scenario.need(order(key).place(http), "\(key): no answer")
            scenario.expectEqual(answer.status, 422, "\(key): \(answer)")
            let legs = answer.json["legs"]?.array ?? []
            scenario.expectEqual(legs.count, Site.accounts.count, "\(key): legs of \(answer)")
            for leg in legs {
                scenario.expectEqual(leg["status"]?.string, "REFUSED", "\(key): \(leg.serializedText())")
                scenario.expectEqual(leg["reject"]?["code"]?.string, "trading_state", "\(key): \(leg.serializedText())")
                scenario.expect(leg["broker_order_id"]?.isNull ?? true, "\(key): was sent: \(leg.serializedText())")
            }
        }
    }
}
