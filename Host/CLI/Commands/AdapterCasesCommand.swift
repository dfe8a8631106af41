import AdapterTesting
import ArgumentParser

/// `sluice adapters cases`
struct AdapterCasesCommand: SurroundedCommand {
    static let configuration = CommandConfiguration(
        commandName: "cases",
        abstract: "Run recorded cases of a venue against a built adapter library.",
        discussion: """
            Example: sluice adapters cases ./libsluice-acme.so ./recordings/acme

            The folder holds any of what was recorded: requests.json (an intent and the exact request), responses.json or \
            responses/ with index.json, errors.json (answers and what they mean), order_updates.json and ticks/. Each case \
            runs in a session of its own, through the adapter's C boundary, on a host whose clock, chance, secrets and \
            network are scripted; nothing is sent anywhere. What a recording says and the contract has no place for is \
            listed as not compared.

            The exit status is 0 when everything was run and is as recorded; 1 for a difference, a case that could not be \
            run, or a folder that cannot be read.
            """)
    @Argument(help: "The adapter library.") var library: String
    @Argument(help: "The folder of recorded cases.") var path: String
    @Flag(help: "Print one JSON document.") var json = false

    func run(in surroundings: Surroundings) async throws {
        let report: CaseReport
        do {
            report = try CaseRunner.run(try AdapterLibrary(path: library).entry, path: path)
        } catch let error as ScriptedHostError {
            throw CommandFailure.message(error.text, remedy: "give the path of a built adapter library")
        } catch {
            throw CommandFailure.message("\(error)", remedy: nil)
        }
        if json {
            surroundings.console.unchanged(Array(report.json.utf8))
        } else {
            for line in report.text.split(separator: "\n") { surroundings.console.out(String(line)) }
        }
        if !report.isClean { throw CommandFailure.refused }
    }
}
