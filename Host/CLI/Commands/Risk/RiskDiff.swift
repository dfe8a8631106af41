import ArgumentParser
import Exact

extension RiskCommand {
    struct Diff: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "What a document or an older version would change, and whether that is tighter or looser.",
            discussion: """
                Example: sluice rms diff rms.yaml

                'sluice rms diff --version 10' compares with the live version, --against with another one. The exit status \
                is 0 when both say the same, 1 when they differ.
                """)
        @Argument(help: "A document, or '-' for standard input.") var file: String?
        @Option(help: "A version, instead of a document.") var version: Int64?
        @Option(help: "The version to compare with. Default: the live one.") var against: Int64?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            guard (file == nil) != (version == nil) else {
                throw ValidationError("say what to compare: either a FILE or --version VERSION")
            }
            for (name, number) in [("--version", version), ("--against", against)] {
                if let number, number < 0 { throw ValidationError("\(name) must be 0 or more") }
            }
        }

        func run(in session: Session) async throws {
            var body = JSONObject()
            if let file { body["document"] = .string(try session.readText(file)) }
            if let version { body["version"] = JSONValue(version) }
            if let against { body["against"] = JSONValue(against) }
            let subject = version.map { "version \($0)" } ?? (file == "-" ? "the document" : file ?? "")
            let answer = try await session.show(.post, "/api/rms/diff", body: .object(body)) { answer, style in
                let changes = answer["changes"]?.array ?? []
                let from = "version \(answer.text("from_version"))"
                guard !changes.isEmpty else { return ["\(subject.displayable) says what \(from) says"] }
                return ["\(from) -> \(subject.displayable): \(RiskChanges.count(changes))"]
                    + RiskChanges.lines(changes, style)
            }
            if answer["differs"] == true { throw CommandFailure.refused }
        }
    }
}
