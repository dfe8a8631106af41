import Foundation
import Glibc
import Testing

/// The built program and what must lie beside it.
enum Program {
    /// `SLUICE_BINARY`, else beside the test bundle, else where `swift build` puts it.
    static let path: String? = {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent().path
        let beside = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
        let bundle = CommandLine.arguments.first.map { URL(filePath: $0).deletingLastPathComponent().path }
        let named = ProcessInfo.processInfo.environment["SLUICE_BINARY"].map { [$0] } ?? []
        let directories = [beside] + (bundle.map { [$0] } ?? []) + ["\(root)/.build/debug", "\(root)/.build/release"]
        return (named + directories.map { "\($0)/sluice" }).first { candidate in
            access(candidate, X_OK) == 0 && access("\(folder(of: candidate))/libsluice-paper.so", R_OK) == 0
        }.map { URL(filePath: $0).resolvingSymlinksInPath().path }
    }()

    static let missing: Comment = """
        no sluice with libsluice-paper.so beside the test bundle or in .build/debug or .build/release: build it first \
        (swift build), or name it in SLUICE_BINARY
        """

    /// The seeds to run; `SLUICE_SEEDS=FIRST-LAST` names others, for a longer search or to repeat one.
    static func seeds(_ usual: ClosedRange<UInt64>) -> ClosedRange<UInt64> {
        let bounds = (ProcessInfo.processInfo.environment["SLUICE_SEEDS"] ?? "").split(separator: "-").map {
            UInt64($0)
        }
        guard bounds.count == 2, let first = bounds[0], let last = bounds[1], first <= last else { return usual }
        return first...last
    }

    static var directory: String { path.map(folder) ?? "" }

    private static func folder(of path: String) -> String { URL(filePath: path).deletingLastPathComponent().path }
}

/// Every process that the tests started and did not see end, so that none outlives them.
enum Children {
    private static let living: Guarded<Set<pid_t>> = {
        atexit { Children.killAll() }
        return Guarded([])
    }()

    /// Starts a program with its output going to files.
    ///
    /// Where `setpriv` is installed the child is told to end with the thread that started it, which covers a test
    /// runner that is killed itself.
    static func spawn(_ command: [String], in directory: String, output: String, errors: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let guardian = access(setpriv, X_OK) == 0 ? [setpriv, "--pdeathsig", "KILL", "--"] : []
        // Nor does it find or leave anything in the caller's home.
        let words = ["/usr/bin/env", "--chdir=\(directory)", "HOME=\(directory)"] + guardian + command
        // Nothing of the caller's own SLUICE_* settings reaches the program.
        let variables = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        let arguments = words.map { strdup($0) } + [nil]
        let environment = variables.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var pid: pid_t = 0
        let status = posix_spawn(&pid, words[0], &actions, &attributes, arguments, environment)
        guard status == 0 else { throw Failure("\(words[0]) did not start: \(String(cString: strerror(status)))") }
        _ = living.with { $0.insert(pid) }
        return pid
    }

    private static let setpriv = "/usr/bin/setpriv"

    /// How a process ended.
    enum Ending: Equatable, CustomStringConvertible {
        case status(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .status(let status): "exit status \(status)"
            case .signal(let number): "signal \(number)"
            }
        }
    }

    /// Waits for the end of a process; `nil` where it lives on at the deadline. Not to be asked again after an answer.
    static func ending(of pid: pid_t, seconds: Int) -> Ending? {
        Poll.until(seconds: seconds) {
            var status: CInt = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            _ = living.with { $0.remove(pid) }
            return status & 0x7f == 0 ? .status((status >> 8) & 0xff) : .signal(status & 0x7f)
        }
    }

    static func killAll() {
        for pid in living.with({ $0 }) {
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
        }
    }
}

/// Why a scenario could not go on.
struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}
