import COpenSSL
import CSluice
import Domain
import Settings
import Testing
import Transport

@testable import Adapters

@Suite("Requests: signed as they leave, judged by what left")
struct ConnectedTests {
    private func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private func hmac(_ key: String, _ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        _ = HMAC(EVP_sha256(), key, Int32(key.utf8.count), Array(text.utf8), text.utf8.count, &digest, &count)
        return hex(digest)
    }

    private func sha256(_ text: String) -> String {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: UInt32 = 0
        _ = EVP_Digest(Array(text.utf8), text.utf8.count, &digest, &count, EVP_sha256(), nil)
        return hex(digest)
    }

    @Test(
        "A login's challenge shows the broker's address; its answer is signed, and its token never reaches the adapter")
    func login() throws {
        let stage = try ConnectedStage(isLoggedIn: false)
        let challenge = try #require(stage.session.status.challenge)
        #expect(stage.session.status.state == .challenge)
        #expect(challenge.kind == .redirect && challenge.fields.map(\.name) == ["request_token"])
        #expect(challenge.url == "https://login.example/connect?v=3&api_key=key-of-the-app")
        stage.session.answer(
            ChallengeReply(
                challenge: "login", fields: ["request_token": Secret(Array(ConnectedStage.requestToken.utf8))])
        ) { _ in }
        stage.lanes.runUntilIdle()
        let pending = try #require(stage.transport.requests.first)
        #expect(pending.exchange.route.host == "api.broker.example" && pending.exchange.route.port == 443)
        let message = try #require(pending.write())
        let sum = sha256("key-of-the-app" + ConnectedStage.requestToken + ConnectedStage.apiSecret)
        #expect(message.method == "POST" && message.target == "/session/token")
        #expect(
            String(decoding: message.body, as: UTF8.self)
                == "api_key=key-of-the-app&request_token=\(ConnectedStage.requestToken)&checksum=\(sum)")
        pending.answer(
            200, #"{"data":{"access_token":"\#(ConnectedStage.accessToken)"},"again":"\#(ConnectedStage.accessToken)"}"#
        )
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.state == .ready)
        #expect(stage.said("login_stars") == 1 && stage.said("stored") == 0)
        let kept = try #require(stage.keeper.secrets.first)
        #expect(kept.name == "access_token")
        #expect(kept.secret.withBytes { Array($0) } == Array(ConnectedStage.accessToken.utf8))
        #expect(kept.expiresAt == stage.clock.wall().advanced(by: 3_600_000_000_000))
        #expect(stage.session.status.expiresAt == kept.expiresAt)
    }

    @Test("A session that is kept and still good needs no login; one that has expired asks again")
    func restart() throws {
        let token = Secret(Array(ConnectedStage.accessToken.utf8))
        let soon = Timestamp(nanoseconds: 1_767_225_600_000_000_000 + 1)
        let good = try ConnectedStage(
            kept: [KeptSecret(name: "access_token", secret: token, expiresAt: soon)], isLoggedIn: false)
        #expect(good.session.status.state == .ready && good.session.status.expiresAt == soon)
        let over = Timestamp(nanoseconds: 1_767_225_600_000_000_000)
        let bad = try ConnectedStage(
            kept: [KeptSecret(name: "access_token", secret: token, expiresAt: over)], isLoggedIn: false)
        #expect(bad.session.status.state == .challenge)
    }

    @Test("An order is signed when it leaves, over the bytes that leave")
    func signing() throws {
        let stage = try ConnectedStage()
        try stage.submit("plain")
        let pending = try #require(stage.transport.requests.last)
        #expect(pending.exchange.isMutation)
        stage.clock.advance(by: 5_000_000_000)
        let message = try #require(pending.write())
        let headers = Dictionary(message.headers.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        #expect(message.target == "/orders/regular")
        #expect(headers["Authorization"] == "token key-of-the-app:\(ConnectedStage.accessToken)")
        #expect(headers["X-Sign"] == hmac(ConnectedStage.apiSecret, String(decoding: message.body, as: UTF8.self)))
        // The moment is that of leaving, not that of asking.
        #expect(headers["X-Nonce"] == "\(stage.clock.wall().nanoseconds / 1_000_000)")
        try stage.submit("plain")
        let second = try #require(stage.transport.requests.last?.write())
        let later = second.headers.first { $0.name == "X-Nonce" }?.value
        #expect(later == "\(stage.clock.wall().nanoseconds / 1_000_000 + 1)", "a nonce rises though the clock stands")
    }

    @Test("An answered order is what the adapter says, with the times of the send")
    func answered() throws {
        let stage = try ConnectedStage()
        try stage.submit("plain")
        let pending = try #require(stage.transport.requests.last)
        stage.clock.advance(by: 1_000_000)
        pending.write()
        pending.answer(200, #"{"data":{"order_id":"B17"}}"#)
        stage.lanes.runUntilIdle()
        let done = try #require(stage.recorder.submitted.first)
        #expect(done.outcome == .accepted && done.brokerOrderID == "B17" && done.cause == nil)
        #expect(done.times.written == stage.clock.monotonic() && done.times.firstByte != nil)
    }

    @Test(
        "Bytes that left without a whole answer make an order unknown, whatever the adapter claims",
        arguments: [SendResult.sentNoReply, .replyTruncated], ["claim-rejected", "claim-not-sent"])
    func left(result: SendResult, claim: String) throws {
        let stage = try ConnectedStage()
        try stage.submit(claim)
        let pending = try #require(stage.transport.requests.last)
        pending.write()
        pending.end(result)
        stage.lanes.runUntilIdle()
        let done = try #require(stage.recorder.submitted.first)
        #expect(done.outcome == .unknown && done.cause == .transport)
        #expect(stage.transport.requests.count == 2, "a mutation is never repeated")
    }

    @Test("Nothing that left is not sent, whatever the adapter claims but an acceptance")
    func neverSent() throws {
        for (claim, outcome, cause) in [
            ("claim-rejected", MutationOutcome.notSent, HostCause.transport),
            ("claim-accepted", .unknown, .contradiction),
        ] {
            let stage = try ConnectedStage()
            try stage.submit(claim)
            try #require(stage.transport.requests.last).end(.neverSent, text: "could not connect")
            stage.lanes.runUntilIdle()
            let done = try #require(stage.recorder.submitted.first)
            #expect(done.outcome == outcome && done.cause == cause)
        }
    }

    @Test("A deadline takes back what waits, and says unknown of what left", arguments: [false, true])
    func deadline(isWritten: Bool) throws {
        let stage = try ConnectedStage()
        try stage.submit("plain", deadline: stage.clock.monotonic() + 1_000_000)
        let pending = try #require(stage.transport.requests.last)
        if isWritten { pending.write() }
        stage.after(milliseconds: 2)
        let done = try #require(stage.recorder.submitted.first)
        #expect(done.cause == .deadline && done.outcome == (isWritten ? .unknown : .notSent))
        #expect(isWritten || pending.write() == nil, "what was taken back does not leave")
    }

    @Test("An order that is over sends nothing any more")
    func completedEarly() throws {
        let stage = try ConnectedStage()
        try stage.submit("complete-early")
        #expect(try #require(stage.recorder.submitted.first).outcome == .notSent)
        #expect(try #require(stage.transport.requests.last).write() == nil)
    }

    @Test("What may be repeated is repeated within bounds: idempotent mutations and reads three times, mutations once")
    func retries() throws {
        for (run, tries) in [("key", 3), ("read", 3), ("plain", 1)] {
            let stage = try ConnectedStage()
            let before = stage.transport.requests.count
            try stage.submit(run)
            for _ in 0..<5 {
                if let pending = stage.transport.requests.last, pending.message == nil {
                    pending.write()
                    pending.end(.sentNoReply)
                }
                stage.after(milliseconds: 1000)
            }
            #expect(stage.transport.requests.count - before == tries, "\(run)")
            #expect(stage.said("tries") == Int64(tries))
        }
    }

    @Test(
        "A request to what was not declared, or that breaks the contract, is refused and nothing is sent",
        arguments: [
            ("nowhere", SLUICE_ERR_NOT_FOUND), ("host", SLUICE_ERR_INVALID), ("later-slot", SLUICE_ERR_INVALID),
            ("no-bucket", SLUICE_ERR_NOT_FOUND),
        ])
    func refused(run: String, status: Int32) throws {
        let stage = try ConnectedStage()
        let before = stage.transport.requests.count
        try stage.submit(run)
        #expect(stage.said("send") == Int64(status))
        #expect(stage.transport.requests.count == before)
        #expect(try #require(stage.recorder.submitted.first).outcome == .notSent)
    }

    @Test("A tag is open once; what was taken back and what is too late never leaves")
    func takenBack() throws {
        let stage = try ConnectedStage()
        try stage.submit("again")
        #expect(stage.said("again") == Int64(SLUICE_ERR_STATE))
        try stage.submit("abort")
        #expect(stage.said("abort") == 0)
        #expect(try #require(stage.transport.requests.last).write() == nil)
        stage.lanes.runUntilIdle()
        #expect(stage.said("result") == Int64(SLUICE_TRANSPORT_ABORTED))
        try stage.submit("expired")
        #expect(try #require(stage.transport.requests.last).write() == nil)
        stage.lanes.runUntilIdle()
        #expect(stage.said("result") == Int64(SLUICE_TRANSPORT_NEVER_SENT))
        #expect(stage.recorder.submitted.map(\.outcome) == [.notSent, .notSent])
    }

    @Test("A large answer comes in parts of at most 64 KiB, before its end")
    func streaming() throws {
        let stage = try ConnectedStage()
        let box = stage.call("download")
        let pending = try #require(stage.transport.requests.last)
        #expect(pending.exchange.isStreamed)
        pending.write()
        for _ in 0..<5 { pending.part([UInt8](repeating: 1, count: 65_536)) }
        pending.answer(200, "")
        stage.lanes.runUntilIdle()
        #expect(stage.said("chunks") == 5 && stage.said("chunk_bytes") == 5 * 65_536)
        #expect(pending.consumed == 5)
        #expect(try box.withLockedValue { try $0?.get() } == "{}")
    }

    @Test(
        "A vendor call that was declared to change nothing cannot have a mutation sent, which no halt would have stopped"
    )
    func sneak() throws {
        let stage = try ConnectedStage()
        let before = stage.transport.requests.count
        let box = stage.call("sneak")
        #expect(stage.transport.requests.count == before)
        guard case .failure(let failure)? = box.withLockedValue({ $0 }) else {
            Issue.record("it was done")
            return
        }
        #expect("\(failure)".contains("refused"), "\(failure)")
        #expect(stage.session.health.counters.breaches == 1)
    }

    @Test("crypto shows no secret, derives without showing, and signs with what it derived")
    func crypto() throws {
        let stage = try ConnectedStage()
        let box = stage.call("crypto")
        #expect(stage.said("leak") == Int64(SLUICE_ERR_INVALID) && stage.said("derived") == 0)
        #expect(stage.said("reveal") == Int64(SLUICE_ERR_UNSUPPORTED), "no grant, no sight")
        #expect(try box.withLockedValue { try $0?.get() } == "\"\(hmac(ConnectedStage.apiSecret, "message"))\"")
        let granted = try ConnectedStage(manifest: "grants: [secret_reveal]\n")
        _ = granted.call("crypto")
        #expect(granted.said("reveal") == 0)
    }

    @Test("A socket is opened with what was signed, told of each opening anew, and heard")
    func socket() throws {
        let stage = try ConnectedStage()
        _ = stage.call("watch")
        let link = try #require(stage.transport.links.first)
        #expect(try link.open().target == "/feed?token=\(ConnectedStage.accessToken)")
        stage.lanes.runUntilIdle()
        #expect(link.sent == [Array("subscribe".utf8)])
        stage.lanes.runUntilIdle()
        #expect(stage.said("sent") == Int64(SLUICE_TRANSPORT_DONE))
        link.receive(.text, "hello")
        stage.lanes.runUntilIdle()
        #expect(stage.said("frame_bytes") == 5)
        link.lose("gone")
        stage.lanes.runUntilIdle()
        #expect(stage.said("socket") == Int64(SLUICE_CONNECTION_LOST))
        try link.open()
        stage.lanes.runUntilIdle()
        #expect(link.sent.count == 2)
    }

    @Test("A webhook reaches its adapter raw; ticks reach the host's prices")
    func webhookAndTicks() throws {
        let stage = try ConnectedStage()
        stage.session.deliver(
            WebhookDelivery(
                accountIndex: 0, headers: [("x-signature", "abc")], body: Array("{\"a\":1}".utf8),
                receivedTime: stage.clock.wall())
        ) { _ in }
        stage.session.subscribe([stage.instrument], mode: 1) { _ in }
        stage.lanes.runUntilIdle()
        #expect(stage.said("webhook") == 7 && stage.said("webhook_headers") == 1)
        #expect(stage.said("ticks") == 0)
        #expect(stage.ticks.withLockedValue { $0.map(\.last) } == [ExactDecimal(mantissa: 250_005, exponent: -2)])
    }

    @Test("A plain address beyond this machine, an unknown endpoint and a missing secret make no session")
    func badConnections() throws {
        for (connection, code) in [
            (ConnectedStage.connection(endpoints: ["rest": "http://api.broker.example"]), "session.endpoint"),
            (ConnectedStage.connection(endpoints: ["resst": "https://api.broker.example"]), "session.endpoint"),
            (AccountConnection(), "session.secret"),
        ] {
            let workshop = try Workshop()
            try workshop.install("connected", "connected")
            try workshop.manifest("connected")
            let host = workshop.host()
            try host.load()
            let made = host.makeSessions(
                for: [ConnectedStage.account()], services: SessionServices(connection: { _ in connection }),
                delegate: Recorder())
            #expect(made.sessions.isEmpty && made.refusals.map(\.code) == [code], "\(made.refusals)")
        }
    }
}
