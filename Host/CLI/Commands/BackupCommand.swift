import ArgumentParser
import Exact
import Gateway

/// `sluice backup`
struct BackupCommand: SurroundedCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy a data directory so that a gateway can be started from the copy.",
        discussion: """
            Example: sluice backup --to /backups/2026-11-26
            Example: sluice check /backups/2026-11-26

            It needs no gateway, and may be made while one runs: orders go on. The copy holds the journal with all that is made \
            of it, the instruments, and the sealed logins, which open under the master key alone. It is looked through before \
            it counts. To go back to it, stop the gateway and let its data directory be the copy.

            Not in it: the key file admin.key (its key stays good), recordings, and what is made anew.
            """)
    @Argument(help: "The data directory. Default: SLUICE_DATA, else ./sluice-data.") var directory: String?
    @Option(help: "The directory to make; it must not exist.") var to: String
    @Flag(help: "Print one JSON document.") var json = false

    func run(in surroundings: Surroundings) async throws {
        let place = directory ?? surroundings.environment["SLUICE_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        let receipt: DirectoryBackup.Receipt
        do {
            receipt = try DirectoryBackup.make(of: place ?? "./sluice-data", to: to)
        } catch {
            throw CommandFailure.message(error.description, remedy: error.remedy)
        }
        if json {
            let files = receipt.files.map { file in
                JSONValue.object(["name": .string(file.name), "bytes": JSONValue(file.bytes)])
            }
            let document = JSONValue.object([
                "directory": .string(receipt.directory), "last_sequence": .number("\(receipt.lastSequence)"),
                "files": .array(files),
            ])
            return surroundings.console.unchanged(document.serialized())
        }
        for file in receipt.files { surroundings.console.out("\(file.name)  \(file.bytes) bytes") }
        surroundings.console.out("\(receipt.directory) holds everything up to record \(receipt.lastSequence)")
    }
}
