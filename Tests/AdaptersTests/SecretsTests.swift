import Domain
import Foundation
import Logging
import NIOConcurrencyHelpers
import Settings
import Testing
import Transport

@testable import Adapters

@Suite("Secrets: kept sealed, shown nowhere")
struct SecretsTests {
    private let account = AccountID(unchecked: "C0")
    private let adapter: AdapterID
    private let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    init() throws { adapter = try #require(AdapterID("connected")) }

    private func store(_ directory: String, key: UInt8 = 7) -> SealedSecrets {
        SealedSecrets(directory: directory, logger: quiet) { [UInt8](repeating: key, count: 32) }
    }

    private func files(_ directory: String) throws -> [(path: String, data: Data)] {
        try FileManager.default.contentsOfDirectory(atPath: directory).map {
            ("\(directory)/\($0)", try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\($0)")))
        }
    }

    @Test("What was kept is there after a restart until it expires, and the files show none of it")
    func kept() async throws {
        let workshop = try Workshop()
        let directory = "\(workshop.data)/secrets"
        let now = Timestamp(nanoseconds: 1_767_225_600_000_000_000)
        let first = store(directory)
        first.keep(
            KeptSecret(
                name: "access_token", secret: Secret(Array("canary-token".utf8)), expiresAt: now.advanced(by: 10)),
            adapter, account)
        first.keep(
            KeptSecret(name: "seed", secret: Secret(Array("canary-seed".utf8)), expiresAt: nil), adapter, account)
        await first.flush()
        for file in try files(directory) {
            #expect(file.data.range(of: Data("canary".utf8)) == nil)
            #expect(file.data.range(of: Data("access_token".utf8)) == nil)
            let attributes = try FileManager.default.attributesOfItem(atPath: file.path)
            #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        }
        let second = store(directory)
        #expect(Set(try second.kept(adapter, account, now: now).map(\.name)) == ["access_token", "seed"])
        #expect(try second.kept(adapter, account, now: now.advanced(by: 10)).map(\.name) == ["seed"])
        #expect(try second.kept(adapter, AccountID(unchecked: "C1"), now: now).isEmpty)
        second.erase("seed", adapter, account)
        second.erase("access_token", adapter, account)
        await second.flush()
        #expect(try files(directory).isEmpty)
    }

    @Test("Of what is kept one after another under one name the last one stays, also on disk")
    func order() async throws {
        let workshop = try Workshop()
        let directory = "\(workshop.data)/secrets"
        let first = store(directory)
        for number in UInt8(0)..<100 {
            first.keep(KeptSecret(name: "token", secret: Secret([number]), expiresAt: nil), adapter, account)
        }
        await first.flush()
        let kept = try store(directory).kept(adapter, account, now: Timestamp(nanoseconds: 1))
        #expect(kept.count == 1)
        kept.first?.secret.withBytes { #expect(Array($0) == [99]) }
    }

    @Test("Another key and a changed file are errors that name the file, and leave it as it is")
    func damaged() async throws {
        let workshop = try Workshop()
        let directory = "\(workshop.data)/secrets"
        let now = Timestamp(nanoseconds: 1)
        let first = store(directory)
        first.keep(KeptSecret(name: "seed", secret: Secret(Array("canary".utf8)), expiresAt: nil), adapter, account)
        await first.flush()
        let file = try #require(try files(directory).first)
        let wrong = store(directory, key: 8)
        #expect(throws: SealedSecrets.Failure.self) { try wrong.kept(adapter, account, now: now) }
        wrong.keep(KeptSecret(name: "other", secret: Secret([1]), expiresAt: nil), adapter, account)
        await wrong.flush()
        #expect(try Data(contentsOf: URL(fileURLWithPath: file.path)) == file.data)
        for place in [0, 20, 90, file.data.count - 1] {
            var data = file.data
            data[place] ^= 1
            try data.write(to: URL(fileURLWithPath: file.path))
            do {
                _ = try store(directory).kept(adapter, account, now: now)
                Issue.record("a changed byte \(place) went unnoticed")
            } catch {
                #expect("\(error)".contains(file.path))
            }
        }
    }

    @Test("The master key is made once, for its owner alone, and never in the data directory")
    func masterKey() throws {
        let workshop = try Workshop()
        let path = "\(workshop.root)/outside/secrets.key"
        let key = try MasterKey.load(path, dataDirectory: workshop.data)
        #expect(try MasterKey.load(path, dataDirectory: workshop.data) == key && key.count == 32)
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
        #expect(throws: MasterKey.Failure.self) {
            try MasterKey.load("\(workshop.data)/secrets.key", dataDirectory: workshop.data)
        }
        chmod(path, 0o644)
        #expect(throws: MasterKey.Failure.self) { try MasterKey.load(path, dataDirectory: workshop.data) }
    }

    @Test("No planted secret is in a log line, a status, a metric, a report or an adapter's answer")
    func canary() throws {
        let lines = NIOLockedValueBox<[String]>([])
        var logger = Logger(label: "canary") { _ in CanaryLog(lines: lines) }
        logger.logLevel = .trace
        let stage = try ConnectedStage(logger: logger)
        for run in ["plain", "claim-accepted", "key", "host", "abort", "expired"] { try stage.submit(run) }
        for pending in stage.transport.requests where pending.message == nil {
            pending.write()
            // What went wrong may quote the request.
            pending.end(.sentNoReply, text: "broke off after Authorization: token x:\(ConnectedStage.accessToken)")
        }
        stage.lanes.runUntilIdle()
        _ = stage.call("crypto")
        _ = stage.call("watch")
        let link = try #require(stage.transport.links.first)
        try link.open()
        link.lose("GET /feed?token=\(ConnectedStage.accessToken) was refused")
        stage.lanes.runUntilIdle()
        let reply = ChallengeReply(
            challenge: "none", fields: ["request_token": Secret(Array(ConnectedStage.requestToken.utf8))])
        var said: [String] = ["\(reply)"]
        stage.session.answer(reply) { _ in }
        stage.session.close()
        stage.lanes.runUntilIdle()
        said += lines.withLockedValue { $0 }
        said += stage.recorder.events.map { "\($0)" }
        said += ["\(stage.session.status)", "\(stage.session.health)", "\(stage.keeper.secrets)"]
        said += stage.host.statuses.map { "\($0)" }
        #expect(said.count >= 15)
        for secret in [ConnectedStage.apiSecret, ConnectedStage.accessToken, ConnectedStage.requestToken] {
            for text in said { #expect(!text.contains(secret), "\(text.prefix(200))") }
        }
    }
}

/// Keeps every line whole, with its metadata.
private struct CanaryLog: LogHandler {
    let lines: NIOLockedValueBox<[String]>
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.trace
    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }
    func log(event: LogEvent) {
        lines.withLockedValue { $0.append("\(event.message) \(metadata) \(event.metadata ?? [:])") }
    }
}
