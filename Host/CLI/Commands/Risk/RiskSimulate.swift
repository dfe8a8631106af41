import ArgumentParser
import Exact

extension RiskCommand {
    struct Simulate: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What other limits would have done to the orders there were, or to a written story.",
            discussion: """
                Example: sluice rms simulate tighter.yaml --from 1d --group family

                'sluice rms simulate --version 10' takes an older version's limits, 'sluice rms simulate --scenario \
                story.yaml' plays a story (orders, prices, fills) and checks what it expects, under the live limits or those \
                of --document. Nothing is sent and nothing changes. The exit status is 1 when a leg would have ended \
                otherwise, or an expectation does not hold.
                """)
        @Argument(help: "A document, or '-' for standard input.") var file: String?
        @Option(help: "The limits of this version, instead of a document.") var version: Int64?
        @Option(help: ArgumentHelp(stringLiteral: "Orders from here on: RFC 3339, or how long ago as 2h or 1d."))
        var from: String?
        @Option(help: "Orders until here, in the same way.") var to: String?
        @Option(help: "Only this group's orders.") var group: String?
        @Option(help: "How many legs to look at, at most. Default: the gateway's bound.") var maximumLegs: Int64?
        @Option(help: "A story to play instead, or '-' for standard input.") var scenario: String?
        @Option(help: "With --scenario: the limits to play it under. Default: the live ones.") var document: String?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard [file != nil, version != nil, scenario != nil].filter(\.self).count == 1 else {
                throw ValidationError("say what to try: one of FILE, --version VERSION and --scenario FILE")
            }
            if scenario != nil {
                guard from == nil, to == nil, group == nil, maximumLegs == nil else {
                    throw ValidationError(
                        "--scenario has its own orders; leave out --from, --to, --group and --maximum-legs")
                }
                if scenario == "-", document == "-" {
                    throw ValidationError("standard input is one text; name a file for --scenario or --document")
                }
            } else if document != nil {
                throw ValidationError("--document needs --scenario; without it name the document as FILE")
            }
            if let version, version < 0 { throw ValidationError("--version must be 0 or more") }
            if let maximumLegs, maximumLegs < 1 { throw ValidationError("--maximum-legs must be at least 1") }
            if let from { try RiskArguments.checkMoment(from, of: "--from") }
            if let to { try RiskArguments.checkMoment(to, of: "--to") }
        }

        /// Many orders are judged again: longer than other answers take.
        private static let timeoutMilliseconds = 300_000

        func run(in session: Session) async throws {
            var body = JSONObject()
            if let scenario {
                body["scenario"] = .string(try session.readText(scenario))
                if let document { body["document"] = .string(try session.readText(document)) }
            }
            if let file { body["document"] = .string(try session.readText(file)) }
            if let version { body["version"] = JSONValue(version) }
            if let from { body["from"] = .string(try session.time(from, of: "--from", .back)) }
            if let to { body["to"] = .string(try session.time(to, of: "--to", .back)) }
            if let group { body["group_id"] = .string(group) }
            if let maximumLegs { body["maximum_legs"] = JSONValue(maximumLegs) }
            let isScenario = scenario != nil
            let subject = version.map { "version \($0)" } ?? (file == "-" ? "the document" : file ?? "")
            let answer = try await session.show(
                .post, "/api/rms/simulate", body: .object(body), timeoutMilliseconds: Self.timeoutMilliseconds
            ) {
                isScenario
                    ? SimulationReport.scenario($0, $1) : SimulationReport.lines($0, $1, subject: subject.displayable)
            }
            let isSame =
                isScenario
                ? answer["is_expected"] == true
                : ["refused", "clipped", "newly_admitted"].allSatisfy { (answer[$0]?.int64 ?? 0) == 0 }
                    && (answer["differences"]?.array ?? []).isEmpty
            if !isSame { throw CommandFailure.refused }
        }
    }
}
