import Exact
import Foundation
import Glibc
import Testing

/// The tests of this target: one after another, since each drives processes of its own.
@Suite("End to end", .serialized, .enabled(if: Program.path != nil, Program.missing))
enum EndToEnd {}

/// One story told to real processes: what was seen, and what was wrong.
///
/// Its body runs on a thread of its own and blocks as it likes; whatever way it ends, its processes are killed and its
/// directory is removed (`SLUICE_KEEP=1` in the tests' environment keeps it).
final class Scenario: Sendable {
    let site: Site
    private let servers = Guarded<[Server]>([])
    private let notes = Guarded<[String]>([])
    private let violations = Guarded<[String]>([])

    private init(_ site: Site) { self.site = site }

    /// Runs a story and records one issue with everything that is needed to understand it, if anything was wrong.
    static func run(
        _ title: String, _ options: Site.Options = Site.Options(), sourceLocation: SourceLocation = #_sourceLocation,
        _ body: @escaping @Sendable (Scenario) throws -> Void
    ) async {
        let report = await Threads.run { () -> String? in
            let scenario: Scenario
            do { scenario = Scenario(try Site(options)) } catch { return "\(title): \(error)" }
            do { try body(scenario) } catch { scenario.violate("\(error)") }
            let report = scenario.report(title)
            scenario.end()
            return report
        }
        if let report { Issue.record(Comment(rawValue: report), sourceLocation: sourceLocation) }
    }

    private func end() {
        for server in servers.with({ $0 }) { server.destroy() }
        if ProcessInfo.processInfo.environment["SLUICE_KEEP"] == nil { site.remove() }
    }

    private func report(_ title: String) -> String? {
        let wrong = violations.with { $0 }
        guard !wrong.isEmpty else { return nil }
        let all = servers.with { $0 }
        let tails = all.enumerated().suffix(3).map { "errors of process \($0.offset):\n\($0.element.tail)" }
        return
            ([title, site.directory] + wrong.prefix(12).map { "WRONG \($0)" }
            + (wrong.count > 12 ? ["and \(wrong.count - 12) more"] : []) + notes.with { $0 }.suffix(40) + tails)
            .joined(separator: "\n")
    }

    /// Something that a failure's reader wants to know.
    func note(_ text: String) { notes.with { $0.append(text) } }

    func violate(_ text: String) { violations.with { $0.append(text) } }

    func expect(_ condition: Bool, _ text: @autoclosure () -> String) { if !condition { violate(text()) } }

    func expectEqual<Value: Equatable>(_ found: Value, _ expected: Value, _ text: @autoclosure () -> String) {
        if found != expected { violate("\(text()): found \(found), expected \(expected)") }
    }

    /// A value without which the story cannot go on.
    func need<Value>(_ value: Value?, _ text: @autoclosure () -> String) throws -> Value {
        guard let value else { throw Failure(text()) }
        return value
    }

    /// The story of one run, for the failure's reader.
    func noteEvents(of run: JSONValue?, _ server: Server) {
        guard let id = run?["run_id"]?.string else { return }
        for event in server.http.get("/api/runs/\(id)/events?limit=200")?.json["items"]?.array ?? [] {
            note("\(id) event \(event.serializedText())")
        }
    }

    // MARK: Processes

    /// Starts a gateway over the site's data without waiting for it.
    func launch(ignoring: String? = nil) throws -> Server {
        let number = servers.with { $0.count }
        let server = try Server(site, number: number, ignoring: ignoring)
        servers.with { $0.append(server) }
        note("process \(number) is \(server.pid)")
        return server
    }

    /// Starts a gateway and waits until all accounts take orders.
    func start(ignoring: String? = nil) throws -> Server {
        let server = try launch(ignoring: ignoring)
        try server.becomeReady()
        return server
    }

    /// Runs a command of the program to its end.
    func run(_ arguments: [String], seconds: Int = 30) throws -> (
        ending: Children.Ending?, output: String, errors: String
    ) {
        let program = try need(Program.path, "\(Program.missing)")
        let stem = "\(site.directory)/command-\(UUID().uuidString.prefix(8))"
        let pid = try Children.spawn(
            [program] + arguments, in: site.directory, output: "\(stem).out", errors: "\(stem).err")
        let ending = Children.ending(of: pid, seconds: seconds)
        if ending == nil {
            kill(pid, SIGKILL)
            _ = Children.ending(of: pid, seconds: 10)
        }
        let text = { (path: String) in (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }
        return (ending, text("\(stem).out"), text("\(stem).err"))
    }
}
