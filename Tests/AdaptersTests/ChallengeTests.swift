import CSluice
import Domain
import NIOConcurrencyHelpers
import Settings
import Testing

@testable import Adapters

@Suite("Challenges: an answer that does not fit or comes too late goes to nobody")
struct ChallengeTests {
    private func stage(_ pattern: String = "[a-z0-9]{4,8}") throws -> ConnectedStage {
        try ConnectedStage(["-DPATTERN=\"\(pattern)\""], isLoggedIn: false)
    }

    private func answer(_ stage: ConnectedStage, _ value: String) -> QueryFailure? {
        let box = NIOLockedValueBox<Result<Void, QueryFailure>?>(nil)
        stage.session.answer(
            ChallengeReply(challenge: "login", fields: ["request_token": Secret(Array(value.utf8))])
        ) { result in box.withLockedValue { $0 = result } }
        stage.lanes.runUntilIdle()
        guard case .failure(let failure)? = box.withLockedValue({ $0 }) else { return nil }
        return failure
    }

    @Test("What does not match the pattern as a whole is refused, its value not repeated, and may be answered again")
    func pattern() throws {
        let stage = try stage()
        for wrong in ["", "abc", "abcdefghi", "ABCD", " abcd", "abcd\n", String(repeating: "a", count: 7_000)] {
            let failure = try #require(answer(stage, wrong))
            #expect(failure.text.contains("request_token") && (wrong.isEmpty || !failure.text.contains("\"\(wrong)")))
            #expect(stage.transport.requests.isEmpty && stage.session.status.state == .challenge)
        }
        #expect(answer(stage, "abcd1") == nil)
        #expect(stage.transport.requests.count == 1)
    }

    @Test("After its deadline a challenge takes no answer, and a login may begin anew")
    func deadline() throws {
        let stage = try stage()
        let challenge = try #require(stage.session.status.challenge)
        #expect(!challenge.hasRunOut(stage.clock.wall()))
        _ = stage.session.open()
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.challenge == challenge, "one that still waits stands")
        stage.after(milliseconds: 60_000)
        let failure = try #require(answer(stage, "abcd1"))
        #expect(failure.reason == .notReady && stage.transport.requests.isEmpty)
        _ = stage.session.open()
        stage.lanes.runUntilIdle()
        let next = try #require(stage.session.status.challenge)
        #expect(next.deadline != challenge.deadline && !next.hasRunOut(stage.clock.wall()))
        #expect(answer(stage, "abcd1") == nil && stage.transport.requests.count == 1)
    }

    @Test("A pattern that is no regular expression is a breach, and no challenge")
    func broken() throws {
        let stage = try stage("[a")
        #expect(stage.said("challenged") == Int64(SLUICE_ERR_INVALID) && stage.session.status.challenge == nil)
    }

    @Test("What a login offers is told with it and forgotten with it; what is no document is refused")
    func narrowed() throws {
        let document = #"{"combinations":[{"order_types":["LIMIT"]}]}"#
        let stage = try ConnectedStage(
            [#"-DNARROWED="{\"combinations\":[{\"order_types\":[\"LIMIT\"]}]}""#], isLoggedIn: false)
        #expect(stage.session.status.capabilityDocument == nil)
        var told: [String?] = []
        _ = answer(stage, ConnectedStage.requestToken)
        let pending = try #require(stage.transport.requests.last)
        pending.write()
        pending.answer(200, #"{"data":{"access_token":"\#(ConnectedStage.accessToken)"}}"#)
        stage.lanes.runUntilIdle()
        #expect(stage.said("narrowed") == 0 && stage.session.status.state == .ready)
        #expect(stage.session.status.capabilityDocument == document)
        for event in stage.recorder.events {
            if case .session(let status) = event, status.state == .ready { told.append(status.capabilityDocument) }
        }
        #expect(told == [document], "with the news that it is ready, not after it")
        stage.after(milliseconds: 3_600_000)
        #expect(stage.session.status.state == .degraded && stage.session.status.capabilityDocument == document)
        _ = stage.session.open()
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.state == .challenge && stage.session.status.capabilityDocument == nil)
        let broken = try ConnectedStage(["-DNARROWED=\"[1]\""])
        #expect(broken.said("narrowed") == Int64(SLUICE_ERR_INVALID))
    }

    @Test("A secret that its adapter is shown is told of, with its account and its name")
    func revealed() throws {
        let stage = try ConnectedStage(manifest: "grants: [secret_reveal]\n")
        _ = stage.call("crypto")
        #expect(stage.said("reveal") == 0)
        let told = stage.recorder.events.compactMap { event -> String? in
            if case .secretRevealed(let account, let name) = event { "\(account) \(name)" } else { nil }
        }
        #expect(told == ["C0 copy"])
        let denied = try ConnectedStage()
        _ = denied.call("crypto")
        #expect(!denied.recorder.events.contains { if case .secretRevealed = $0 { true } else { false } })
    }
}
