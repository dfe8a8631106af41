import AdapterTesting
import ArgumentParser

/// `sluice adapters replay`
struct AdapterReplayCommand: SurroundedCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Play a recorded session to a build of its adapter and show what it does otherwise.",
        discussion: """
            Example: sluice adapters replay sluice-data/recordings/acme/20261126T091500Z-AB1234-trading.ndjson \
            ./libsluice-acme.so

            A recording is made of each session of an adapter whose manifest says 'record: {}'. The library is loaded \
            into this process and called as the recorded build was, with the same time and chance; the answers it asks \
            the host for come from the recording, and nothing is sent anywhere. Every call of the host that it makes \
            otherwise, does not make, or makes beside the recorded ones is a difference, with the frame's number, the \
            field, what was recorded and what came.

            The exit status is 0 when everything was as recorded, 1 for any difference or when the recording or the \
            library cannot be used, which standard error then says.
            """)
    @Argument(help: "The recording.") var file: String
    @Argument(help: "The adapter library.") var library: String
    @Option(
        name: .customLong("ignore"),
        help: "A host function whose calls are not compared, log for one. May be given several times.")
    var ignored: [String] = []
    @Flag(help: "Print one JSON document.") var json = false

    func run(in surroundings: Surroundings) async throws {
        let report: ReplayReport
        do {
            report = try AdapterReplay.run(
                try AdapterLibrary(path: library).entry, recording: file, ignoring: Set(ignored))
        } catch let error as ScriptedHostError {
            throw CommandFailure.message(error.text, remedy: "give the path of a built adapter library")
        } catch {
            throw CommandFailure.message("\(error)", remedy: "give a recording of this adapter")
        }
        if json {
            surroundings.console.unchanged(Array(report.json.utf8))
        } else {
            for line in report.text.split(separator: "\n") { surroundings.console.out(String(line)) }
        }
        if !report.isSame { throw CommandFailure.refused }
    }
}
