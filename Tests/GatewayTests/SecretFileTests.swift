import Domain
import Foundation
import Gateway
import Logging
import Settings
import Testing

@Suite("Secrets of accounts when a gateway starts", .enabled(if: GatewayFixture.hasAdapters))
struct SecretFileTests {
    /// A gateway with one account whose secrets are these.
    private func runtime(_ directory: URL, _ secrets: String) throws -> GatewayRuntime {
        let adapters = directory.appendingPathComponent("adapters.d")
        try FileManager.default.createDirectory(
            at: adapters, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try "manifest: 1\nid: zerodha\nlibrary: libsluice-zerodha.so\n".write(
            to: adapters.appendingPathComponent("zerodha.yaml"), atomically: true, encoding: .utf8)
        let file = directory.appendingPathComponent("sluice.yaml")
        try """
        data: ./data
        adapters: { directories: [./adapters.d] }
        accounts:
          - { id: Z1, adapter: zerodha, currency: INR, secrets: { \(secrets) } }
        """.write(to: file, atomically: true, encoding: .utf8)
        let configuration = try SluiceConfiguration.load(
            file: file.path, environment: [:], workingDirectory: directory.path,
            now: Timestamp(nanoseconds: 1_764_000_000_000_000_000))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return try GatewayRuntime(
            configuration, executableDirectory: GatewayFixture.librariesDirectory, logger: logger)
    }

    @Test(
        "A secret's file that others have access to is refused before anything begins",
        arguments: [0o640, 0o604, 0o620])
    func open(mode: Int) throws {
        let directory = GatewayFixture.makeDirectory()
        let path = directory.appendingPathComponent("api_key").path
        #expect(
            FileManager.default.createFile(
                atPath: path, contents: Data("k".utf8), attributes: [.posixPermissions: mode]))
        do {
            _ = try runtime(directory, "api_key: \"file:\(path)\"")
            Issue.record("it was built")
        } catch {
            let words = "\(error)"
            #expect(words.contains("Z1") && words.contains("api_key") && words.contains("chmod 600"), "\(words)")
        }
        #expect(!FileManager.default.fileExists(atPath: directory.appendingPathComponent("data/journal.db").path))
    }

    @Test("An account for which no session could be made says why, until it has one")
    func refusal() async throws {
        let directory = GatewayFixture.makeDirectory()
        let runtime = try runtime(directory, "api_key: \"file:\(directory.path)/none\"")
        try await runtime.start(playsPrices: false)
        let status = try #require(runtime.gateway.accountStatuses().first)
        #expect(status.session == nil && !status.isReady)
        #expect(status.refusal?.contains("\(directory.path)/none") == true, "\(String(describing: status.refusal))")
        await runtime.stop()
    }
}
