import CSluice
import Domain
import NIOConcurrencyHelpers
import Settings
import Testing
import Transport

@testable import Adapters

@Suite("A login's answer: its token reaches neither adapter nor recording, whatever the broker sends")
struct LoginAnswerTests {
    /// A stage whose login waits for its answer.
    private func stage(_ manifest: String = "") throws -> (ConnectedStage, ScriptedTransport.Pending) {
        let stage = try ConnectedStage(manifest: manifest, isLoggedIn: false)
        stage.session.answer(
            ChallengeReply(challenge: "login", fields: ["request_token": Secret(Array("r3quest".utf8))])
        ) { _ in }
        stage.lanes.runUntilIdle()
        let pending = try #require(stage.transport.requests.last)
        pending.write()
        return (stage, pending)
    }

    private static let token = ConnectedStage.accessToken
    private static let good = #"{"status":"success","data":{"access_token":"\#(token)","user":"U1"}}"#

    @Test(
        "An answer out of which the token can be taken logs in, with stars in its place",
        arguments: [
            good, "\u{FEFF}" + good, #"{"data":{"access_token":"t0ken-of-yesterday","access_token":"\#(token)"}}"#,
            #"{"data":{"access_token":"\#(token)"},"data":{"again":"\#(token)"}}"#,
        ])
    func taken(body: String) throws {
        let (stage, pending) = try stage()
        pending.answer(200, body, headers: [("x-token", Self.token)])
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.state == .ready)
        #expect(stage.said("login_leaks") == 0 && stage.said("login_stars") == 1)
        #expect(stage.keeper.secrets.first?.secret.withBytes { Array($0) } == Array(Self.token.utf8))
    }

    @Test(
        "An answer of which that is not certain is not shown, and no login",
        arguments: [
            #"{"data":{"access_token":"\#(token)"#, #"{"data":{"token":"\#(token)"}}"#, "access_token=\(token)",
            #")]}',{"data":{"access_token":"\#(token)"}}"#, #"{"data":{"access_token":{"value":"\#(token)"}}}"#,
        ])
    func withheld(body: String) throws {
        let (stage, pending) = try stage()
        pending.answer(
            200, body, headers: [("set-cookie", "session=\(Self.token)"), ("date", "Thu, 01 Jan 2026 00:00:00 GMT")])
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.state == .failed)
        #expect(stage.said("login_status") == 200 && stage.said("login_body") == 0)
        #expect(stage.said("login_leaks") == 0 && stage.said("login_told") ?? 0 > 0)
        #expect(stage.keeper.secrets.isEmpty)
    }

    @Test("An error answer is shown without the token that it holds, or not at all where it cannot be read")
    func errors() throws {
        for (body, isShown) in [
            (Self.good, true), (#"{"status":"error","message":"not so"}"#, true), (#"{"data":{"access_to"#, false),
            ("<html>\(Self.token)</html>", false),
        ] {
            let (stage, pending) = try stage()
            pending.answer(500, body)
            stage.lanes.runUntilIdle()
            #expect(stage.said("login_status") == 500 && stage.said("login_leaks") == 0, "\(body)")
            #expect((stage.said("login_body") ?? 0 > 0) == isShown, "\(body)")
            #expect(stage.session.status.state == .failed, "a token of an error answer is no login")
        }
    }

    @Test("An answer that broke off shows nothing of its body")
    func brokenOff() throws {
        var (stage, pending) = try stage()
        for _ in 0..<3 {
            pending.end(.replyTruncated, status: 200, body: Self.good, headers: [("x-token", Self.token)])
            stage.lanes.runUntilIdle()
            stage.after(milliseconds: 1_000)
            pending = try #require(stage.transport.requests.last)
            if pending.message == nil { pending.write() }
        }
        #expect(stage.said("login_tries") == 3)
        #expect(stage.said("login_leaks") == 0 && stage.said("login_body") == 0)
        #expect(stage.keeper.secrets.isEmpty)
    }

    @Test("What is to be captured may not be streamed")
    func streamed() throws {
        let stage = try ConnectedStage()
        try stage.submit("stream-capture")
        #expect(stage.said("send") == Int64(SLUICE_ERR_INVALID))
    }
}
