import ArgumentParser
import Exact

/// What several commands of `sluice rms` take, checked before anything is sent.
enum RiskArguments {
    static let scopeRule = "firm, or kind:id with kind group, account, instrument, adapter, strategy or key"

    private static let kinds = ["group", "account", "instrument", "adapter", "strategy", "key"]

    /// - Throws: what is wrong with a scope's spelling; whether it exists only the gateway knows.
    static func checkScope(_ text: String) throws {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard text == "firm" || parts.count == 2 && kinds.contains(String(parts[0])) && !parts[1].isEmpty else {
            throw ValidationError("'\(text.displayable)' is no scope; write \(scopeRule)")
        }
    }

    static func checkReason(_ text: String) throws {
        if text.allSatisfy(\.isWhitespace) { throw ValidationError("--reason must say something") }
    }

    /// - Throws: when `text` is neither a time nor a duration.
    static func checkMoment(_ text: String, of option: String) throws {
        guard MomentArgument(text) != nil else {
            throw ValidationError(
                "\(option) '\(text.displayable)' is no time; write \(MomentArgument.rule)")
        }
    }
}

/// Why something changes; kept in the audit. Nothing changes without it.
struct ReasonOptions: ParsableArguments {
    @Option(help: "Why; kept in the audit.") var reason: String

    func validate() throws { try RiskArguments.checkReason(reason) }
}

/// Which version a change is made to.
struct ExpectedVersionOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The version that is to be changed; another one is refused. Default: the one read just before.",
            valueName: "version"))
    var expectedVersion: Int64?

    func validate() throws {
        if let expectedVersion, expectedVersion < 0 { throw ValidationError("--expected-version must be 0 or more") }
    }

    /// The version to send: the expected one, else that of the live document.
    func resolved(in session: Session) async throws -> String {
        if let expectedVersion { return String(expectedVersion) }
        return try await LiveDocument.read(in: session).version
    }
}

/// The document the gateway goes by, as it was a moment ago.
struct LiveDocument {
    var version: String
    var text: String

    static func read(in session: Session) async throws -> LiveDocument {
        let answer = try await session.fetch("/api/rms/config")
        guard let version = answer["version"]?.int64, let text = answer["document"]?.string else {
            throw CommandFailure.message(
                "the gateway's answer holds no version and document", remedy: "check that the address is a gateway's")
        }
        return LiveDocument(version: String(version), text: text)
    }
}

extension Session {
    /// The longest document of limits or scenario that is read, in bytes; the gateway reads no longer one.
    static let documentLimit = 1 << 20

    /// Reads a text from a file, or from standard input for `-`.
    ///
    /// - Throws: `CommandFailure.message` when it cannot be read, is too long or is no UTF-8.
    func readText(_ path: String) throws -> String {
        let bytes = try surroundings.readFile(path, Self.documentLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw CommandFailure.message("\(path) is no UTF-8 text", remedy: "save it as UTF-8")
        }
        return text
    }
}
