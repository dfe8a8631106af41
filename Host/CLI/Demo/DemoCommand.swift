import ArgumentParser
import Exact
import Glibc

/// `sluice demo`
struct DemoCommand: SurroundedCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "The main job on five simulated accounts and recorded prices, checked step by step.",
        discussion: """
            Example: sluice demo

            Starts a gateway in this process on a free port, speaks to it over HTTP alone, and ends. The exit status is 0 \
            only if every step was as it should be. --write DIR instead writes the same configuration for 'sluice serve'.
            """)

    @Flag(help: "One JSON document at the end instead of the story.") var json = false
    @Flag(help: "Leave the gateway running after the story, until interrupted.") var keep = false
    @Option(help: "Where configuration and data are put, and stay. Default: a temporary directory that is removed.")
    var data: String?
    @Option(help: "Where the exported runs are written.") var output = "./demo-output"
    @Option(help: ArgumentHelp("Write the configuration into this directory and do nothing else.", valueName: "dir"))
    var write: String?

    func validate() throws {
        if write != nil, json || keep || data != nil {
            throw ValidationError("--write goes with none of --json, --keep, --data")
        }
    }

    /// Runs the story, or writes the files.
    ///
    /// - Throws: `CommandFailure.refused` when a step was not as it should be; the story has said which.
    func run(in surroundings: Surroundings) async throws {
        let market = try DemoMarket()
        if let write {
            let directory = FileAccess.absolute(write)
            let file = try DemoFiles.write(
                into: directory, market: market.directory, pace: "1s", port: 8080, hasPacedGroup: false)
            surroundings.console.out("wrote \(file), rms.yaml, overlay.yaml and adapters.d/paper.yaml beside it")
            return
        }
        let isTemporary = data == nil
        let directory =
            try data.map(FileAccess.absolute)
            ?? FileAccess.makeTemporaryDirectory("sluice-demo", environment: surroundings.environment)
        guard !FileAccess.exists("\(directory)/sluice-data") else {
            throw CommandFailure.message(
                "\(directory) holds the data of an earlier run",
                remedy: "name a new directory: the story starts from nothing")
        }
        defer { if isTemporary { FileAccess.removeTree(directory) } }
        // A day between bars: prices move when the story says so.
        let file = try DemoFiles.write(
            into: directory, market: market.directory, pace: "24h", port: 0, hasPacedGroup: true)
        let console = surroundings.console
        var script = DemoScript(
            story: DemoStory(console: json ? nil : console, clock: { SystemTime.monotonic() }), market: market,
            surroundings: surroundings, output: output)
        if !json { console.out("Sluice's main job on five simulated accounts. Files: \(directory)") }
        let gateway = await script.run(file: file, directory: directory)
        if json { console.unchanged(script.story.document(output: script.files).serialized(pretty: true)) }
        if keep, let gateway {
            console.error(
                "the gateway goes on at \(gateway.url), key in \(directory)/sluice-data/admin.key; Ctrl-C ends it")
            await Interruption.wait()
        }
        await gateway?.stop()
        guard script.story.isGood else { throw CommandFailure.refused }
    }
}
