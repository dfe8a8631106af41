import Glibc

/// What a command takes from the process it runs in. Tests bring their own.
struct Surroundings: Sendable {
    var environment: [String: String]
    var console: Console
    /// Makes the way to a gateway.
    var transport: @Sendable (Connection) throws -> any Transport
    /// Reads a whole file of at most this many bytes; `-` is standard input.
    var readFile: @Sendable (_ path: String, _ atMost: Int) throws -> [UInt8]
    /// The current time, RFC 3339 UTC.
    var now: @Sendable () -> String
    /// Waits between two looks at a run, in milliseconds.
    var pause: @Sendable (_ milliseconds: Int) async throws -> Void

    init(
        environment: [String: String], console: Console,
        transport: @escaping @Sendable (Connection) throws -> any Transport,
        readFile: @escaping @Sendable (String, Int) throws -> [UInt8], now: @escaping @Sendable () -> String,
        pause: @escaping @Sendable (Int) async throws -> Void
    ) {
        (self.environment, self.console, self.transport) = (environment, console, transport)
        (self.readFile, self.now, self.pause) = (readFile, now, pause)
    }

    /// Those of the running process.
    static func live() -> Surroundings {
        Surroundings(
            environment: ProcessEnvironment.variables, console: .live(), transport: { HTTPTransport($0) },
            readFile: { try FileAccess.read($0, atMost: $1) }, now: { SystemTime.now().rfc3339 },
            pause: { try await Task.sleep(for: .milliseconds($0)) })
    }
}

/// The process's environment variables.
enum ProcessEnvironment {
    static var variables: [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }
}
