import ArgumentParser

/// From arguments to an exit status: 0 done, 1 refused or failed, 2 used wrongly.
package enum CommandLineEntry {
    /// Parses and runs one command line in this process's surroundings.
    ///
    /// - Parameter arguments: without the program's name.
    /// - Returns: the exit status.
    package static func run(_ arguments: [String]) async -> Int32 { await run(arguments, in: .live()) }

    /// The same where text goes and the gateway is reached as `surroundings` has it.
    static func run(_ arguments: [String], in surroundings: Surroundings) async -> Int32 {
        let console = surroundings.console
        do {
            var command = try SluiceCommand.parseAsRoot(arguments)
            switch command {
            case let noun as any NounCommand:
                console.error(SluiceCommand.helpMessage(for: type(of: noun)))
                return 2
            case let client as any ClientCommand:
                try await withSession(client.connection, surroundings) { try await client.run(in: $0) }
            case let command as any SurroundedCommand: try await command.run(in: surroundings)
            case var other as any AsyncParsableCommand: try await other.run()
            default: try command.run()
            }
            return 0
        } catch let failure as CommandFailure {
            for line in failure.lines(console.errorStyle) { console.error(line) }
            return failure.isUsage ? 2 : 1
        } catch {
            return report(error, console)
        }
    }

    /// Opens a conversation with the gateway that `options` name, and ends it.
    static func withSession(
        _ options: ConnectionOptions, _ surroundings: Surroundings, _ body: (Session) async throws -> Void
    ) async throws {
        let connection = try options.resolved(in: surroundings)
        let transport = try surroundings.transport(connection)
        let session = Session(
            client: GatewayClient(transport: transport, key: connection.key), console: surroundings.console,
            isJSON: options.json, surroundings: surroundings)
        do {
            try await body(session)
            await transport.shutDown()
        } catch {
            await transport.shutDown()
            throw error
        }
    }

    /// Argument-parser's own answers: help and versions leave with 0 on standard output, wrong usage with 2.
    private static func report(_ error: any Error, _ console: Console) -> Int32 {
        let status = SluiceCommand.exitCode(for: error)
        let message = SluiceCommand.fullMessage(for: error)
        if !message.isEmpty {
            if status == .success { console.out(message) } else { console.error(message) }
        }
        return status == .validationFailure ? 2 : status.rawValue
    }
}
