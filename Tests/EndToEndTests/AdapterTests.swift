import Exact
import Foundation
import Glibc
import Testing

extension EndToEnd {
    /// Adapters that cannot be loaded take nobody with them.
    @Suite("Adapters that fail") struct AdapterTests {
        /// Each with a word that its reason must hold.
        private static let broken: [(id: String, library: [UInt8]?, manifest: String, word: String)] = [
            ("ghost", nil, "manifest: 1\nid: ghost\nlibrary: libsluice-ghost.so\n", "libsluice-ghost.so"),
            (
                "text", Array("This is a letter, not a library.\n".utf8),
                "manifest: 1\nid: text\nlibrary: libsluice-text.so\n", "libsluice-text.so"
            ),
            ("empty", [], "manifest: 1\nid: empty\nlibrary: libsluice-empty.so\n", "libsluice-empty.so"),
            ("odd", nil, "manifest: 1\nid: odd\nlibrary: libsluice-paper.so\ncolour: red\n", "colour"),
            ("other", nil, "manifest: 1\nid: someone\nlibrary: libsluice-paper.so\n", "someone"),
            ("torn", nil, "manifest: 1\nid: torn\nlibrary: [\n", "torn.yaml"),
            ("disguised", nil, "manifest: 1\nid: disguised\nlibrary: libsluice-paper.so\n", "paper"),
        ]

        private static func options() throws -> Site.Options {
            var options = Site.Options()
            options.manifests =
                broken.map { ($0.id, $0.manifest) } + [
                    ("half", "manifest: 1\nid: half\nlibrary: libsluice-half.so\n")
                ]
            options.libraries = broken.compactMap { row in row.library.map { ("libsluice-\(row.id).so", $0) } }
            let whole = try Data(contentsOf: URL(filePath: "\(Program.directory)/libsluice-paper.so"))
            options.libraries.append(("libsluice-half.so", Array(whole.prefix(whole.count / 2))))
            options.moreAccounts = ["{ id: G1, adapter: ghost, environment: sandbox, currency: USD }"]
            return options
        }

        @Test("Missing, false, torn and misnamed adapters are listed with their reasons; the gateway serves the others")
        func areListed() async throws {
            let options = try Self.options()
            await Scenario.run("adapters that fail", options) { scenario in
                let server = try scenario.start()
                let brokers = server.http.get("/api/brokers?limit=100")?.json["items"]?.array ?? []
                let list = try scenario.run(["adapters", "list", "--url", server.url, "--data", scenario.site.data])
                scenario.expectEqual(list.ending, .status(0), "adapters list: \(list.errors)")
                for (id, word) in Self.broken.map({ ($0.id, $0.word) }) + [("half", "libsluice-half.so")] {
                    let broker = brokers.first { $0["id"]?.string == id }
                    let message = broker?["refusal"]?["message"]?.string ?? ""
                    scenario.expect(
                        broker != nil && broker?["state"] != "loaded", "\(id) is listed as \(Orders.text(broker))")
                    scenario.expect(message.contains(word), "the reason of \(id) does not say \(word): \(message)")
                    let line = list.output.split(separator: "\n").first { $0.hasPrefix(id) }
                    scenario.expect(line != nil, "adapters list has no line of \(id): \(list.output)")
                    let said = server.output.split(separator: "\n").contains {
                        $0.hasPrefix("adapter \(id) is not loaded")
                    }
                    scenario.expect(said, "the start does not say that \(id) is not loaded: \(server.output)")
                }
                let paper = brokers.first { $0["id"] == "paper" }
                scenario.expect(paper?["refusal"]?.isNull ?? false, "paper is \(Orders.text(paper))")
                let order = Orders.Request(
                    key: "one", body: Orders.body(tag: "one", quantity: 150), wait: "done", isCanceled: false)
                let answer = order.place(server.http)
                scenario.expectEqual(answer?.json["status"]?.string, "DONE", "an order: \(answer?.text ?? "no answer")")
                try Self.refusesOrders(server, scenario)
                try Books.check(server, scenario)
            }
        }

        /// An account whose adapter is missing is told so, at once, leg by leg.
        private static func refusesOrders(_ server: Server, _ scenario: Scenario) throws {
            guard case .object(var body) = Orders.body(tag: "ghostly", quantity: 1) else { return }
            body["account_id"] = "G1"
            let answer = try scenario.need(
                server.http.send("POST", "/api/orders?wait=done", .object(body), idempotencyKey: "ghostly"), "no answer"
            )
            scenario.expectEqual(answer.status, 422, "an order on an account without adapter: \(answer)")
            scenario.expectEqual(answer.json["reject"]?["code"]?.string, "not_ready", "its code: \(answer)")
        }

        @Test(
            "An adapter whose manifest is dropped in while the gateway runs is loaded, and its account gets a session")
        func isPickedUp() async throws {
            var options = Site.Options()
            options.moreAccounts = ["{ id: M1, adapter: minimal, environment: sandbox, currency: USD }"]
            await Scenario.run("a manifest dropped in", options) { scenario in
                let server = try scenario.start()
                func state() -> String? {
                    let brokers = server.http.get("/api/brokers?limit=100")?.json["items"]?.array ?? []
                    return brokers.first { $0["id"] == "minimal" }?["state"]?.string
                }
                func session() -> String? { server.http.get("/api/accounts/M1")?.json["state"]?.string }
                scenario.expectEqual(state(), nil, "before")
                let manifest = "manifest: 1\nid: minimal\nlibrary: libsluice-minimal.so\n"
                try scenario.site.write("adapters.d/minimal.yaml", manifest)
                scenario.expect(Poll.holds(seconds: 20) { state() == "loaded" }, "minimal is \(state() ?? "absent")")
                scenario.expect(Poll.holds(seconds: 20) { session() == "ready" }, "M1 is \(session() ?? "absent")")

                try scenario.site.write("adapters.d/minimal.yaml", manifest + "colour: red\n")
                scenario.expect(Poll.holds(seconds: 20) { state() == "refused" }, "broken: \(state() ?? "absent")")
                scenario.expectEqual(session(), "ready", "what it has under way goes on")
            }
        }

        @Test("A gateway that requires an adapter which cannot be loaded says which and why, and ends with status 1")
        func requiredAdapter() async {
            var options = Site.Options()
            options.manifests = [("ghost", "manifest: 1\nid: ghost\nlibrary: libsluice-ghost.so\nrequired: true\n")]
            await Scenario.run("a required adapter is missing", options) { scenario in
                let server = try scenario.launch()
                let listens = try server.listens()
                scenario.expect(!listens, "it serves: \(server.output)")
                scenario.expectEqual(server.ending(seconds: 20), .status(1), "its end")
                let said = server.output + server.errors
                scenario.expect(said.contains("ghost") && said.contains("libsluice-ghost.so"), "it says \(said)")
            }
        }
    }
}
