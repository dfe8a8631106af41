import AdapterTesting
import Domain
import Foundation
import NIOConcurrencyHelpers
import Testing
import Transport

@testable import Adapters

/// Sessions recorded on their lanes through the real boundary, and played again to the library.
@Suite("Record and replay") struct RecordingTests {
    /// The recordings of a workshop, once what was written has reached them.
    private static func recordings(_ workshop: Workshop, of adapter: String) throws -> [String] {
        let directory = "\(workshop.data)/recordings/\(adapter)"
        return try FileManager.default.contentsOfDirectory(atPath: directory).sorted().map { "\(directory)/\($0)" }
    }

    /// Closes the session and gives the one recording, once it is whole.
    private static func finished(
        _ session: AdapterSession, _ lanes: SteppedLanes, _ clock: ManualClock, _ workshop: Workshop
    ) throws -> (path: String, text: String) {
        session.close()
        lanes.runUntilIdle()
        clock.advance(by: 6_000_000_000)  // what was left open is ended by the host
        lanes.runUntilIdle()
        let path = try #require(try recordings(workshop, of: "\(session.adapter.id)").last)
        for _ in 0..<3_000 {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            if text.hasSuffix("\"done\":\"destroy\",\"status\":0}\n") { return (path, text) }
            usleep(10_000)  // the writer is a thread of its own
        }
        Issue.record("the recording was not finished: \(try String(contentsOfFile: path, encoding: .utf8).suffix(200))")
        return (path, "")
    }

    private static func replay(
        _ text: String, _ library: String, ignoring: Set<String> = []
    ) throws -> ReplayReport {
        try AdapterReplay.run(
            try AdapterLibrary(path: library).entry, recording: Array(text.utf8), ignoring: ignoring)
    }

    /// A day of the scripted adapter: orders, refusals, a change, a cancel, reads, timers, keys, prices.
    private static func day(_ flags: [String] = []) throws -> (text: String, library: String) {
        let stage = try Stage(flags, manifest: "record: {}\n")
        stage.prices.set(0, last: 2_500)
        for run in [
            "accept", "reject", "duplicate", "later", "fill", "kv", "kv-cached", "log", "random", "watch", "timer-at",
            "echo",
            "bad-decimal", "bad-span", "null", "status",
        ] {
            try stage.submit(run)
            stage.after(milliseconds: 50)
        }
        let text = try finished(stage.session, stage.lanes, stage.clock, stage.workshop).text
        return (text, try Workshop.library("scripted", flags))
    }

    @Test("What was recorded replays without a difference")
    func same() throws {
        let (text, library) = try Self.day()
        let report = try Self.replay(text, library)
        #expect(report.differences.isEmpty, "\(report.text)")
        #expect(report.ending == nil)
        #expect(report.laneCalls > 8)
        #expect(report.hostCalls > 8)
    }

    @Test("One altered frame is one difference, with its number, field, and both values")
    func altered() throws {
        let (text, library) = try Self.day()
        var lines = text.split(separator: "\n").map(String.init)
        let place = try #require(
            lines.firstIndex { $0.contains(#""host":"complete""#) && $0.contains("broker_order_id") })
        let number = try #require(lines[place].split(separator: ",").first?.dropFirst(5))
        let id = try #require(lines[place].firstMatch(of: /"broker_order_id":"([^"]*)"/)?.1)
        lines[place] = lines[place].replacing("\"\(id)\"", with: "\"ALTERED\"")
        let report = try Self.replay(lines.joined(separator: "\n") + "\n", library)
        #expect(report.differences.count == 1, "\(report.text)")
        let difference = try #require(report.differences.first)
        #expect("\(difference.frame)" == number)
        #expect(difference.call == "complete in submit")
        #expect(difference.field == "result.order_ref.broker_order_id")
        #expect(difference.expected == "\"ALTERED\"")
        #expect(difference.got == "\"\(id)\"")
        #expect(!report.isSame)
    }

    @Test("A call of the host that the recording lacks, and one that does not come, are differences")
    func missing() throws {
        let (text, library) = try Self.day()
        var lines = text.split(separator: "\n").map(String.init)
        let place = try #require(lines.firstIndex { $0.contains(#""host":"complete""#) })
        let taken = lines.remove(at: place)
        let without = try Self.replay(lines.joined(separator: "\n") + "\n", library)
        #expect(without.differences.map(\.field) == ["call"])
        #expect(without.differences.first?.expected == "none")
        #expect(without.differences.first?.got.hasPrefix("complete ") == true)
        lines.insert(taken, at: place)
        lines.insert(taken, at: place)
        let twice = try Self.replay(lines.joined(separator: "\n") + "\n", library)
        #expect(twice.differences.map(\.field) == ["call"])
        #expect(twice.differences.first?.got == "none")
        #expect(try Self.replay(lines.joined(separator: "\n") + "\n", library, ignoring: ["complete"]).isSame)
    }

    @Test("A recording is played to the adapter that it was made of alone")
    func otherAdapter() throws {
        let (text, _) = try Self.day()
        let other = try Workshop.library("connected")
        #expect(throws: ReplayError.self) { _ = try Self.replay(text, other) }
    }

    @Test("No secret of a session with a network stands in its recording, and it replays without a difference")
    func secrets() throws {
        let stage = try ConnectedStage(manifest: "record: {}\ngrants: [secret_reveal]\n")
        try stage.submit("send")
        stage.transport.requests.last?.write()
        stage.transport.requests.last?.answer(200, #"{"order_id":"77"}"#)
        stage.lanes.runUntilIdle()
        for run in ["nowhere", "later-slot", "again", "abort"] { try stage.submit(run) }
        for name in ["echo", "crypto", "watch", "download"] { _ = stage.call(name, #"{"a":1}"#) }
        let (path, text) = try Self.finished(stage.session, stage.lanes, stage.clock, stage.workshop)
        for secret in [
            ConnectedStage.apiSecret, ConnectedStage.accessToken, ConnectedStage.requestToken, "key-of-the-app",
        ] {
            #expect(!text.contains(secret), "the recording holds \(secret)")
        }
        #expect(text.contains(#""host":"http_send""#))
        #expect(text.contains(#""lane":"auth_reply""#))
        #expect(text.contains(#""lane":"on_http""#))
        #expect(try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int == 0o600)
        let report = try Self.replay(text, try Workshop.library("connected"))
        #expect(report.differences.isEmpty, "\(report.text)")
    }

    @Test("At its bound a recording stops and says so, and the session goes on")
    func bound() throws {
        let stage = try Stage(manifest: "record: { session_mb: 1 }\n")
        let long = String(repeating: "r", count: 20_000)
        for _ in 0..<200 where stage.session.recordingStatus?.stopped == nil { try stage.submit(long) }
        let status = try #require(stage.session.recordingStatus)
        #expect(status.stopped == "its bound of 1 MiB is reached")
        #expect(status.bytes <= 1 << 20)
        stage.recorder.clear()
        try stage.submit("accept")
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
        stage.session.close()
        stage.lanes.runUntilIdle()
        var text = ""
        for _ in 0..<3_000 {
            text = try String(contentsOfFile: status.path, encoding: .utf8)
            if text.suffix(200).contains("\"end\":\"stopped\"") { break }
            usleep(10_000)  // the writer is a thread of its own
        }
        let report = try Self.replay(text, try Workshop.library())
        #expect(report.differences.isEmpty, "\(report.text)")
        #expect(report.ending == "the recording stopped: its bound of 1 MiB is reached")
    }

    @Test("The newest recordings are kept")
    func kept() throws {
        let workshop = try Workshop()
        var policy = RecordingPolicy()
        policy.keep = 2
        let id = SessionID(
            adapter: try #require(AdapterID("scripted")), login: "L", environment: .sandbox, role: .trading)
        for second in 1...4 {
            let file = try RecordingFile(
                policy, session: id, dataDirectory: workshop.data,
                startedAt: Timestamp(nanoseconds: Int64(second) * 1_000_000_000), logger: .init(label: "test"))
            file.end()
        }
        let names = try Self.recordings(workshop, of: "scripted").map { $0.split(separator: "/").last ?? "" }
        #expect(names.count == 2)
        #expect(names.first?.hasPrefix("19700101T000003") == true, "\(names)")
    }
}
