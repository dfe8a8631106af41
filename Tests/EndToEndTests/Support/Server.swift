import Exact
import Foundation
import Glibc

/// One `sluice serve` as a child process.
final class Server: Sendable {
    let pid: pid_t
    let site: Site
    private let outputs: (out: String, errors: String)
    private let address: Guarded<(port: Int, key: String)?>
    private let ended: Guarded<Children.Ending?>

    /// Starts the program and does not wait for it.
    ///
    /// - Parameters:
    ///   - number: tells the outputs of one site's processes apart.
    ///   - ignoring: signals that the program is started with ignored, as the shell names them.
    init(_ site: Site, number: Int, ignoring: String? = nil) throws {
        guard let program = Program.path else { throw Failure("\(Program.missing)") }
        self.site = site
        outputs = ("\(site.directory)/out-\(number).txt", "\(site.directory)/errors-\(number).txt")
        let shell = ignoring.map { ["/bin/sh", "-c", "trap '' \($0); exec \"$@\"", "sh"] } ?? []
        pid = try Children.spawn(
            shell + [program, "serve", "--config", site.configuration, "--port", "0"], in: site.directory,
            output: outputs.out, errors: outputs.errors)
        address = Guarded(nil)
        ended = Guarded(nil)
    }

    var http: HTTP {
        let known = address.with { $0 }
        return HTTP(port: known?.port ?? 0, key: known?.key ?? "")
    }

    var url: String { "http://127.0.0.1:\(http.port)" }

    /// What it printed.
    var output: String { (try? String(contentsOfFile: outputs.out, encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOfFile: outputs.errors, encoding: .utf8)) ?? "" }
    /// The end of what it logged.
    var tail: String { errors.split(separator: "\n").suffix(12).joined(separator: "\n") }

    /// Waits for the line that says where it listens.
    ///
    /// - Returns: whether it came before the process ended and before the deadline.
    func listens(seconds: Int = 30) throws -> Bool {
        let found: Bool? = try Poll.until(seconds: seconds) {
            if let port = listeningPort {
                let text = try String(contentsOfFile: "\(site.data)/admin.key", encoding: .utf8)
                let key = text.split(separator: "\n").first.map(String.init) ?? ""
                address.with { $0 = (port, key) }
                return true
            }
            return ending(seconds: 0) == nil ? nil : false
        }
        return found ?? false
    }

    private var listeningPort: Int? {
        guard let range = output.range(of: "listens on http://127.0.0.1:") else { return nil }
        let rest = output[range.upperBound...]
        return rest.contains("\n") ? Int(rest.prefix { $0.isNumber }) : nil
    }

    /// Waits until all paper accounts take orders and prices are known.
    func becomeReady() throws {
        guard try listens() else {
            throw Failure(
                "the gateway does not listen (\(ending(seconds: 0)?.description ?? "alive")): \(output) \(tail)")
        }
        let order = Orders.body(tag: "probe", symbol: Site.symbols[1], quantity: 100)
        var last: HTTP.Answer?
        let isReady = Poll.holds(seconds: 30) {
            last = http.send("POST", "/api/execution-groups/\(Site.group)/preview", order)
            guard let last, last.status == 200 else { return false }
            return last.json["legs"]?.array?.allSatisfy { $0["reject"]?.isNull ?? false } ?? false
        }
        guard isReady else { throw Failure("the gateway did not become ready: \(last?.description ?? "no answer")") }
    }

    // MARK: Its end

    /// How it ended; `nil` where it still runs after so long.
    func ending(seconds: Int) -> Children.Ending? {
        ended.with { known in
            if known == nil { known = Children.ending(of: pid, seconds: seconds) }
            return known
        }
    }

    func send(_ signal: CInt) { if ending(seconds: 0) == nil { kill(pid, signal) } }

    /// SIGKILL, and the wait for it.
    func destroy() {
        send(SIGKILL)
        _ = ending(seconds: 20)
    }
}
