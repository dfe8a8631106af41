import Domain
import LoopbackBroker
import NIOConcurrencyHelpers
import Settings
import Testing

@testable import Adapters

/// The same adapter over real sockets, against a broker on this machine.
@Suite("Sessions over the machine's network")
struct BrokerTests {
    /// Everything that a session says, as it says it.
    private final class Listener: AdapterDelegate {
        let events: AsyncStream<LaneEvent>
        private let yield: AsyncStream<LaneEvent>.Continuation
        init() { (events, yield) = AsyncStream.makeStream() }
        func lane(_ session: AdapterSession, delivers batch: inout LaneBatch) {
            for event in batch.events { yield.yield(event) }
        }
    }

    private func make(
        _ broker: LoopbackBroker, _ listener: Listener
    ) throws -> (Workshop, AdapterHost, AdapterSession, AdapterInstrument) {
        let workshop = try Workshop()
        try workshop.install("connected", "connected")
        try workshop.manifest("connected")
        let host = workshop.host()
        try host.load()
        let way = ConnectedStage.connection(endpoints: ["rest": broker.http + "/v3", "stream": broker.webSocket])
        let made = host.makeSessions(
            for: [ConnectedStage.account()], services: SessionServices(connection: { _ in way }), delegate: listener)
        let session = try #require(made.sessions.first, "\(made.refusals)")
        let instrument = try session.prepare(
            InstrumentRecord(
                id: InstrumentID("NSE:EQ:RELIANCE"), currency: #require(Currency("INR")),
                tickSize: #require(ExactDecimal("0.05")), source: "test"), index: InstrumentIndex(0))
        return (workshop, host, session, instrument)
    }

    private func order(_ run: String, _ id: UInt64, _ instrument: AdapterInstrument) -> SubmitCommand {
        SubmitCommand(
            id: id, accountIndex: 0, side: .buy, orderType: .limit, product: .intraday, timeInForce: .day,
            clientOrderID: ClientOrderID(prefix: 1, sequence: id), runText: run, instrument: instrument, quantity: 10,
            price: ExactDecimal(mantissa: 250_005, exponent: -2))
    }

    private func logIn(_ session: AdapterSession) async throws {
        _ = await withCheckedContinuation { done in _ = session.open { done.resume(returning: $0) } }
        let fields = ["request_token": Secret(Array(ConnectedStage.requestToken.utf8))]
        let result = await withCheckedContinuation { done in
            session.answer(ChallengeReply(challenge: "login", fields: fields)) { done.resume(returning: $0) }
        }
        try result.get()
    }

    @Test(
        "From login to a fan-out of which one reply is lost: the broker has each order once, the host knows which is sure"
    )
    func endToEnd() async throws {
        let broker = try LoopbackBroker { request, _ in
            switch request.path {
            case "/v3/session/token": .json(#"{"data":{"access_token":"\#(ConnectedStage.accessToken)"}}"#)
            case "/v3/orders/regular":
                request.text.contains("run=lost")
                    ? .loseReply
                    : request.text.contains("run=page") ? .html(502) : .json(#"{"data":{"order_id":"B1"}}"#)
            case "/v3/dump": .large(20 << 20)
            default: .html(404)
            }
        }
        let listener = Listener()
        let (workshop, host, session, instrument) = try make(broker, listener)
        defer { withExtendedLifetime(workshop) {} }
        try await logIn(session)
        #expect(session.status.state == .ready)
        for (index, run) in ["plain", "lost", "page"].enumerated() {
            #expect(session.submit(order(run, UInt64(index + 1), instrument)) == .taken)
        }
        var outcomes: [UInt64: MutationCompletion] = [:]
        for await event in listener.events {
            if case .submitted(let done) = event { outcomes[done.id] = done }
            if outcomes.count == 3 { break }
        }
        #expect(outcomes[1]?.outcome == .accepted && outcomes[1]?.brokerOrderID == "B1")
        #expect(outcomes[2]?.outcome == .unknown && outcomes[2]?.cause == .transport)
        // A page is an answer: what it means is the adapter's to say.
        #expect(outcomes[3]?.outcome == .rejected)
        #expect(outcomes[2]?.times.written != nil && outcomes[2]?.times.firstByte == nil)
        let sent = broker.requests.filter { $0.path == "/v3/orders/regular" }
        #expect(sent.count == 3)
        #expect(sent.allSatisfy { $0["authorization"] == "token key-of-the-app:\(ConnectedStage.accessToken)" })
        #expect(sent.allSatisfy { $0["x-sign"]?.count == 64 })

        let download = await withCheckedContinuation { done in
            session.vendorCall("download", arguments: "{}", accountIndex: 0) { done.resume(returning: $0) }
        }
        #expect(try download.get() == "{}")
        #expect(session.health.metrics["chunk_bytes"]?.value == 20 << 20)
        #expect(await host.shutdown().isEmpty)
    }

    @Test("A WebSocket is opened, heard, and comes back by itself when it breaks")
    func socket() async throws {
        let broker = try LoopbackBroker { _, _ in .json(#"{"data":{"access_token":"\#(ConnectedStage.accessToken)"}}"#)
        }
        let listener = Listener()
        let (workshop, host, session, _) = try make(broker, listener)
        defer { withExtendedLifetime(workshop) {} }
        try await logIn(session)
        let watch = await withCheckedContinuation { done in
            session.vendorCall("watch", arguments: "{}", accountIndex: 0) { done.resume(returning: $0) }
        }
        _ = try watch.get()
        let first = try await eventually { broker.sockets.first }
        #expect(first.request.target == "/feed?token=\(ConnectedStage.accessToken)")
        _ = try await eventually { first.frames.contains("subscribe") ? true : nil }
        first.send("hello")
        _ = try await eventually { session.health.metrics["frame_bytes"]?.value == 5 ? true : nil }
        first.drop()
        let second = try await eventually { broker.sockets.count > 1 ? broker.sockets.last : nil }
        _ = try await eventually { second.frames.contains("subscribe") ? true : nil }
        #expect(await host.shutdown().isEmpty)
    }

    /// Looks again until there is something to see, at most ten seconds.
    private func eventually<Value>(_ look: () -> Value?) async throws -> Value {
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            if let value = look() { return value }
            await Task.yield()
        }
        return try #require(look())
    }
}
