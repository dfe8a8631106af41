import Foundation
import Testing

/// The lines of the README, run as a reader would run them.
///
/// A fenced block below `<!-- run: server -->` is started and left running; blocks below `<!-- run -->` are run one after
/// another in the same shell, in an empty directory, with the built program in the path. Below a command, `#=> text`
/// says what its block must print.
@Suite("README")
struct ReadmeTests {
    struct Block: Sendable {
        var isServer: Bool
        var lines: [String]
        /// What must be printed, in this order.
        var expected: [String] { lines.filter { $0.hasPrefix("#=> ") }.map { String($0.dropFirst(4)) } }
    }

    static func blocks(of text: String) -> [Block] {
        var blocks: [Block] = []
        var marked: Bool?
        var open: Block?
        for line in text.components(separatedBy: "\n") {
            if line.hasPrefix("```") {
                if let block = open {
                    blocks.append(block)
                    open = nil
                } else if let isServer = marked {
                    open = Block(isServer: isServer, lines: [])
                    marked = nil
                }
            } else if open != nil {
                open?.lines.append(line)
            } else if line == "<!-- run -->" {
                marked = false
            } else if line == "<!-- run: server -->" {
                marked = true
            }
        }
        return blocks
    }

    @Test("Marked blocks are found, unmarked ones are not, and expectations belong to their block")
    func marking() {
        let text = """
            ```sh
            no
            ```
            <!-- run: server -->
            ```sh
            serve
            ```
            text
            <!-- run -->

            ```console
            a
            #=> A
            ```
            """
        let blocks = Self.blocks(of: text)
        #expect(blocks.map(\.isServer) == [true, false])
        #expect(blocks.map(\.lines) == [["serve"], ["a", "#=> A"]])
        #expect(blocks.map(\.expected) == [[], ["A"]])
    }

    @Test("Every marked line of the README does what it says", .timeLimit(.minutes(2)))
    func lines() async throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let blocks = Self.blocks(of: try String(contentsOf: root.appending(path: "README.md"), encoding: .utf8))
        try #require(
            blocks.contains { $0.isServer } && blocks.contains { !$0.isServer }, "the README has no marked lines")
        let programs = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
        let tools = ["sluice", "libsluice-paper.so"].map { programs.appending(path: $0).path }
        guard let missing = (tools + ["/usr/bin/env"]).first(where: { !FileManager.default.fileExists(atPath: $0) })
        else {
            return try run(blocks, programs: programs.path)
        }
        print("README lines not run: \(missing) is not built")
    }

    private func run(_ blocks: [Block], programs: String) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "sluice-readme-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let port = try Self.freePort()
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("SLUICE_") }
        environment["PATH"] = "\(programs):\(environment["PATH"] ?? "/usr/bin:/bin")"
        environment["SLUICE_HTTP_PORT"] = "\(port)"
        environment["SLUICE_URL"] = "http://127.0.0.1:\(port)"

        func shell(_ lines: [String], log: String) throws -> Process {
            let text = lines.joined(separator: "\n").replacingOccurrences(
                of: "127.0.0.1:8080", with: "127.0.0.1:\(port)")
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["bash", "-c", "set -euo pipefail\n\(text)"]
            process.environment = environment
            process.currentDirectoryURL = directory
            let file = directory.appending(path: log)
            _ = FileManager.default.createFile(atPath: file.path, contents: nil)
            let handle = try FileHandle(forWritingTo: file)
            process.standardOutput = handle
            process.standardError = handle
            process.standardInput = FileHandle.nullDevice
            try process.run()
            return process
        }
        func log(_ name: String) -> String {
            (try? String(contentsOf: directory.appending(path: name), encoding: .utf8)) ?? ""
        }

        // The last line becomes the shell's own process, so that ending it ends the server.
        var serverLines = blocks.filter(\.isServer).flatMap(\.lines)
        guard let last = serverLines.lastIndex(where: { !$0.isEmpty && !$0.hasPrefix("#") }) else { return }
        serverLines[last] = "exec \(serverLines[last])"
        let server = try shell(serverLines, log: "server.log")
        defer {
            server.terminate()
            server.waitUntilExit()
        }
        let ready = try shell(
            [
                "for _ in $(seq 300); do if curl -sf -o /dev/null http://127.0.0.1:8080/ready; then exit 0; fi; sleep 0.1; done",
                "exit 1",
            ], log: "ready.log")
        ready.waitUntilExit()
        try #require(ready.terminationStatus == 0, "the server did not become ready:\n\(log("server.log"))")

        // One shell for all of it, so that variables last; markers tell the blocks' outputs apart.
        let clients = blocks.filter { !$0.isServer }
        let marker = "== readme block"
        let script = clients.enumerated().flatMap { ["echo '\(marker) \($0)'"] + $1.lines }
        let client = try shell(script, log: "client.log")
        client.waitUntilExit()
        let output = log("client.log")
        #expect(
            client.terminationStatus == 0, "exit status \(client.terminationStatus):\n\(output)\n\(log("server.log"))")
        let parts = output.components(separatedBy: marker + " ").dropFirst()
        for (index, block) in clients.enumerated() {
            var rest = parts.dropFirst(index).first.map { Substring($0) } ?? ""
            for text in block.expected {
                guard let found = rest.range(of: text) else {
                    Issue.record("block \(index + 1) does not print '\(text)' where the README says so:\n\(output)")
                    break
                }
                rest = rest[found.upperBound...]
            }
        }
    }

    /// A port that was free a moment ago.
    private static func freePort() throws -> Int {
        let handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        defer { close(handle) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(handle, $0, length) == 0 && getsockname(handle, $0, &length) == 0
            }
        }
        try #require(result, "no free port")
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
