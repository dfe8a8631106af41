import ArgumentParser
import Exports

extension RunsCommand {
    struct Trace: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "A run as a trace: a bar for the run, each leg and each stage.",
            discussion: """
                Example: sluice runs trace r7 --format perfetto

                The default opens in the Perfetto UI and in chrome://tracing; otlp is what a collector takes:

                  sluice runs trace r7 --format otlp |
                    curl -H 'Content-Type: application/json' --data-binary @- http://127.0.0.1:4318/v1/traces

                A run whose request had a traceparent header belongs to that trace.
                """)
        @Argument(help: "The run's id.") var id: String
        @Option(help: "perfetto (trace-event JSON) or otlp (OTLP/JSON).") var format = TraceFormat.perfetto
        @Option(name: .shortAndLong, help: "The file to write. Default: standard output.") var output: String?
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let path = APIPath.make("api", "runs", id, "trace", query: [("format", format.rawValue)])
            let count = try await Download(session, to: output).run(path)
            if let output, output != "-" { session.console.error("\(output): \(count) bytes") }
        }
    }
}

extension TraceFormat: ExpressibleByArgument {}
