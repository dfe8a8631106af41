import ArgumentParser
import Exact

extension RiskCommand {
    struct Explain: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every control in its order, with its numbers: for an order you might place, or for one you did.",
            discussion: """
                Example: sluice rms explain --group family --symbol US:EQ:AAPL --side BUY --quantity 150 --type MARKET \
                --product CASH --time-in-force DAY

                'sluice rms explain --run r42 --leg 2' does the same for a leg of a run; without --leg for all of them. \
                Nothing is sent. The exit status is 1 when a leg of the order you might place would be refused.
                """)
        @Option(help: "The group the order would be divided over.") var group: String?
        @Option(help: "The one account it would be for.") var account: String?
        @Option(help: "A run that was, instead of an order.") var run: String?
        @Option(help: "Only this leg of the run, counted from 1.") var leg: Int64?
        @OptionGroup var order: OrderOptions
        @OptionGroup(title: "Group orders") var fanOut: FanOutOptions
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard [group, account, run].filter({ $0 != nil }).count == 1 else {
                throw ValidationError("say of what: one of --group GROUP, --account ACCOUNT and --run RUN")
            }
            if run != nil, !order.isEmpty || !fanOut.isEmpty {
                throw ValidationError("a run has its order already; leave out the order's options")
            }
            if run == nil, leg != nil { throw ValidationError("--leg needs --run") }
            if let leg, leg < 1 { throw ValidationError("--leg counts from 1") }
            if account != nil, !fanOut.isEmpty {
                throw ValidationError("--mode and the other group options need --group")
            }
        }

        func run(in session: Session) async throws {
            var body: JSONObject
            if let run {
                body = ["run_id": .string(run)]
                if let leg { body["leg"] = JSONValue(leg) }
            } else {
                body = try order.members(in: session)
                if let group {
                    body["group_id"] = .string(group)
                    fanOut.add(to: &body)
                }
                if let account { body["account_id"] = .string(account) }
            }
            let now = session.surroundings.now()
            let answer = try await session.show(.post, "/api/rms/explain", body: .object(body)) {
                ExplanationReport.lines($0, $1, now: now)
            }
            // What was refused once is what was asked about, not a refusal of now.
            guard run == nil else { return }
            if (answer["legs"]?.array ?? []).contains(where: { $0["verdict"] == "REFUSED" }) {
                throw CommandFailure.refused
            }
        }
    }
}
