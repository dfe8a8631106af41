import LoopbackBroker
import NIOConcurrencyHelpers
import Testing

@testable import Transport

/// Sends one request and hears its end.
private final class Asker: HTTPObserver {
    private let message: HTTPMessage?
    private let parts = NIOLockedValueBox(0)
    private let continuation: CheckedContinuation<HTTPOutcome, Never>

    init(_ message: HTTPMessage?, _ continuation: CheckedContinuation<HTTPOutcome, Never>) {
        (self.message, self.continuation) = (message, continuation)
    }

    func makeMessage(_ now: Moment) throws(NotSent) -> HTTPMessage {
        guard let message else { throw NotSent("taken back") }
        return message
    }
    func receive(_ part: [UInt8]) {}
    func end(_ outcome: HTTPOutcome) { continuation.resume(returning: outcome) }
}

@Suite("One try of one request: what left, what came, and when")
struct HTTPTests {
    private func route(_ broker: LoopbackBroker, pool: String = "a") -> NetworkRoute {
        NetworkRoute(pool: pool, host: "127.0.0.1", port: broker.port, trust: nil)
    }

    private func ask(
        _ exchange: HTTPExchange,
        _ message: HTTPMessage? = HTTPMessage(method: "POST", target: "/orders", body: [1, 2])
    ) async -> HTTPOutcome {
        await withCheckedContinuation { continuation in
            _ = NetworkTransport.shared.send(exchange, Asker(message, continuation))
        }
    }

    @Test("An answer comes whole, with the bytes that were sent and its times in order")
    func whole() async throws {
        let broker = try LoopbackBroker { _, _ in .json(#"{"a":1}"#) }
        let message = HTTPMessage(
            method: "POST", target: "/orders/a%2Fb?x=1&y=%20", headers: [("X-Sign", "abc")], body: Array("q=1".utf8))
        let outcome = await ask(HTTPExchange(route: route(broker)), message)
        #expect(outcome.result == .done && outcome.status == 200)
        #expect(outcome.body == Array(#"{"a":1}"#.utf8))
        let written = try #require(outcome.written)
        let first = try #require(outcome.firstByte)
        #expect(written.monotonic <= first.monotonic && first.monotonic <= outcome.done.monotonic)
        // What the system's TCP has measured, on this machine: not nothing, and far below a second.
        let roundTrip = try #require(outcome.roundTrip)
        #expect((1_000..<1_000_000_000).contains(roundTrip))
        let request = try #require(broker.requests.first)
        #expect(request.method == "POST" && request.target == "/orders/a%2Fb?x=1&y=%20" && request.text == "q=1")
        #expect(request["x-sign"] == "abc" && request["content-length"] == "3")
        #expect(request["host"] == "127.0.0.1:\(broker.port)")
    }

    @Test("A redirect is an answer like any other")
    func redirect() async throws {
        let broker = try LoopbackBroker { _, _ in .answer(302, "", [("Location", "/elsewhere")]) }
        let outcome = await ask(HTTPExchange(route: route(broker)))
        #expect(outcome.status == 302 && broker.requests.count == 1)
    }

    @Test("A reply lost after acceptance is sent without reply; the broker has it once")
    func lostReply() async throws {
        let broker = try LoopbackBroker { _, _ in .loseReply }
        let outcome = await ask(HTTPExchange(route: route(broker), isMutation: true))
        #expect(outcome.result == .sentNoReply && outcome.written != nil && outcome.status == 0)
        #expect(broker.requests.count == 1)
    }

    @Test("A server that accepts and is silent is sent without reply after the time for the first byte")
    func hang() async throws {
        let broker = try LoopbackBroker { _, _ in .hang }
        let outcome = await ask(HTTPExchange(route: route(broker), firstByteTimeout: 50_000_000, isMutation: true))
        #expect(outcome.result == .sentNoReply && outcome.firstByte == nil && outcome.roundTrip == nil)
    }

    @Test("A broken, short or overlong answer is truncated, and says of which status it was")
    func truncated() async throws {
        let behaviours: [LoopbackBroker.Behaviour] = [.truncated("{\"a\":"), .brokenGzip, .large(20 << 20)]
        for behaviour in behaviours {
            let broker = try LoopbackBroker { _, _ in behaviour }
            let outcome = await ask(HTTPExchange(route: route(broker)))
            #expect(outcome.result == .replyTruncated && outcome.firstByte != nil, "\(outcome)")
            #expect(outcome.body.count <= 4 << 20)
        }
    }

    @Test("An answer of 20 MB comes whole where the bound allows it; HTML is an answer")
    func large() async throws {
        let broker = try LoopbackBroker { request, _ in request.path == "/big" ? .large(20 << 20) : .html(503) }
        let big = await ask(
            HTTPExchange(route: route(broker), maximumBody: 32 << 20), HTTPMessage(method: "GET", target: "/big"))
        #expect(big.result == .done && big.body.count == 20 << 20)
        let page = await ask(HTTPExchange(route: route(broker)))
        #expect(page.result == .done && page.status == 503)
    }

    @Test("Nobody listening, a request taken back, and a header that would be two: never sent")
    func neverSent() async throws {
        let broker = try LoopbackBroker { _, _ in .json("{}") }
        let taken = await ask(HTTPExchange(route: route(broker)), nil)
        #expect(taken.result == .neverSent && taken.text == "taken back")
        let split = await ask(
            HTTPExchange(route: route(broker)),
            HTTPMessage(method: "GET", target: "/", headers: [("X-A", "1\r\nX-B: 2")]))
        #expect(split.result == .neverSent)
        let space = await ask(HTTPExchange(route: route(broker)), HTTPMessage(method: "GET", target: "/a b"))
        #expect(space.result == .neverSent && broker.requests.isEmpty)
        // A port below 1024 that no test can have taken.
        var gone = HTTPExchange(route: route(broker, pool: "b"))
        gone.route.port = 1
        #expect(await ask(gone).result == .neverSent)
    }

    @Test("A proxy that accepts and never answers: no connection in time, nothing sent")
    func deadProxy() async throws {
        let proxy = try LoopbackBroker { _, _ in .hang }
        var route = NetworkRoute(pool: "p", host: "api.broker.example", port: 443, trust: .full)
        route.proxy = NetworkRoute.Proxy(host: "127.0.0.1", port: proxy.port)
        let outcome = await ask(HTTPExchange(route: route, connectTimeout: 80_000_000))
        #expect(outcome.result == .neverSent && outcome.written == nil)
    }
}
