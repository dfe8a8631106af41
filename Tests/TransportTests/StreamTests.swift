import Foundation
import LoopbackBroker
import NIOConcurrencyHelpers
import NIOPosix
import NIOSSL
import Testing

@testable import Transport

/// Hears a stream and lets a test wait for what it hears.
private final class Listener: LinkObserver {
    enum News: Equatable {
        case state(LinkState, String)
        case bytes([UInt8])
        case sent(SendResult)
    }
    private let stream: AsyncStream<News>
    private let heard: AsyncStream<News>.Continuation
    init() { (stream, heard) = AsyncStream.makeStream(of: News.self) }

    func makeUpgrade(_ now: Moment) throws(NotSent) -> UpgradeMessage { UpgradeMessage(target: "/") }
    func linkIs(_ state: LinkState, status: Int, reason: String) { heard.yield(.state(state, reason)) }
    func linkReceived(_ kind: FrameKind, _ payload: [UInt8]) { heard.yield(.bytes(payload)) }
    func jitter() -> UInt64 { 0 }

    /// The first of the news from here on that fits, and what came before it.
    func next(_ isMeant: (News) -> Bool) async -> (news: News?, before: [News]) {
        var before: [News] = []
        for await news in stream {
            if isMeant(news) { return (news, before) }
            before.append(news)
        }
        return (nil, before)
    }

    /// Its reason; `nil`, and an issue, where the state does not come: a connection that is lost three times before.
    func state(_ wanted: LinkState) async -> String? {
        var losses: [String] = []
        for await news in stream {
            guard case .state(let state, let reason) = news else { continue }
            if state == wanted { return reason }
            if state == .lost { losses.append(reason) }
            if losses.count == 3 { break }
        }
        Issue.record("the stream is not \(wanted): \(losses)")
        return nil
    }

    /// Waits until so many bytes have come.
    func bytes(_ count: Int) async -> [UInt8] {
        var all: [UInt8] = []
        while all.count < count {
            guard case .bytes(let part)? = await next({ if case .bytes = $0 { true } else { false } }).news else {
                break
            }
            all += part
        }
        return all
    }

    func say(_ bytes: [UInt8], over link: any SocketLink) { link.send(Frame(bytes, self)) }

    private final class Frame: FrameObserver {
        let bytes: [UInt8]
        let listener: Listener
        init(_ bytes: [UInt8], _ listener: Listener) { (self.bytes, self.listener) = (bytes, listener) }
        func makeFrame(_ now: Moment) throws(NotSent) -> (kind: FrameKind, payload: [UInt8]) { (.bytes, bytes) }
        func end(_ result: SendResult, written: Moment?, done: Moment, text: String?) {
            listener.heard.yield(.sent(result))
        }
    }
}

private final class Asker: HTTPObserver {
    private let continuation: CheckedContinuation<HTTPOutcome, Never>
    init(_ continuation: CheckedContinuation<HTTPOutcome, Never>) { self.continuation = continuation }
    func makeMessage(_ now: Moment) throws(NotSent) -> HTTPMessage {
        HTTPMessage(method: "POST", target: "/orders", body: Array("quantity=1".utf8))
    }
    func receive(_ part: [UInt8]) {}
    func end(_ outcome: HTTPOutcome) { continuation.resume(returning: outcome) }
}

@Suite("Byte streams, certificates, addresses and proxies") struct StreamTests {
    private static func transport(_ roots: [NIOSSLCertificate] = []) -> NetworkTransport {
        NetworkTransport(
            group: MultiThreadedEventLoopGroup.singleton,
            trust: roots.isEmpty ? ServerTrust() : ServerTrust(roots: .certificates(roots)))
    }

    private static func route(_ port: Int, _ trust: CertificateTrust?) -> NetworkRoute {
        NetworkRoute(pool: "a", host: "127.0.0.1", port: port, trust: trust)
    }

    private static func open(
        _ route: NetworkRoute, _ listener: Listener, _ transport: NetworkTransport = .shared
    ) -> any SocketLink {
        var link = LinkSpecification(route: route, isWebSocket: false)
        link.firstPause = 20_000_000
        link.connectTimeout = 500_000_000
        return transport.open(link, listener)
    }

    private static func ask(
        _ route: NetworkRoute, _ transport: NetworkTransport = .shared
    ) async -> HTTPOutcome {
        await withCheckedContinuation { continuation in
            _ = transport.send(
                HTTPExchange(
                    route: route, connectTimeout: 500_000_000, firstByteTimeout: 100_000_000, isMutation: true),
                Asker(continuation))
        }
    }

    @Test("A plain stream carries bytes both ways, comes back after a break, and ends for good when closed")
    func plain() async throws {
        let server = try EchoServer()
        let listener = Listener()
        let link = Self.open(Self.route(server.port, nil), listener)
        #expect(await listener.state(.open) != nil)
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0) }
        listener.say(bytes, over: link)
        link.consumed(1_000)
        #expect(await listener.bytes(bytes.count) == bytes)
        server.drop()
        #expect(await listener.state(.lost) != nil)
        #expect(await listener.state(.open) != nil)
        #expect(server.peers.count == 2)
        link.close(code: 1000, reason: "done")
        #expect(await listener.state(.closed) != nil)
        listener.say([1], over: link)
        let last = await listener.next { if case .sent = $0 { true } else { false } }
        #expect(last.news == .sent(.neverSent))
    }

    @Test("A stream over TLS stands where the chain leads to a known root and the name fits")
    func verified() async throws {
        let root = try TestCertificate(name: "DNS:root.example", isAuthority: true)
        let server = try EchoServer(TestCertificate(name: "IP:127.0.0.1", issuer: root))
        let listener = Listener()
        let link = Self.open(Self.route(server.port, .full), listener, Self.transport([root.certificate]))
        #expect(await listener.state(.open) != nil)
        listener.say(Array("hello".utf8), over: link)
        #expect(await listener.bytes(5) == Array("hello".utf8))
        link.close(code: 1000, reason: "")
    }

    @Test("A certificate that nobody known has signed, or of another name, is refused before a byte is sent")
    func refused() async throws {
        let alone = try EchoServer(TestCertificate(name: "IP:127.0.0.1"))
        let unknown = await Self.ask(Self.route(alone.port, .full))
        #expect(unknown.result == .neverSent && unknown.written == nil, "\(unknown)")
        let root = try TestCertificate(name: "DNS:root.example", isAuthority: true)
        let other = try EchoServer(TestCertificate(name: "DNS:other.example", issuer: root))
        let named = await Self.ask(Self.route(other.port, .full), Self.transport([root.certificate]))
        #expect(named.result == .neverSent && named.written == nil, "\(named)")
        #expect(alone.received.isEmpty && other.received.isEmpty)
        let listener = Listener()
        let link = Self.open(Self.route(alone.port, .full), listener)
        #expect(await listener.state(.lost)?.contains("TLS") == true)
        link.close(code: 1000, reason: "")
    }

    @Test("A pinned certificate is taken whoever signed it, and no other is")
    func pinned() async throws {
        let certificate = try TestCertificate(name: "DNS:anything.example")
        let server = try EchoServer(certificate)
        let listener = Listener()
        let link = Self.open(Self.route(server.port, .pinned(certificate.digest)), listener)
        #expect(await listener.state(.open) != nil)
        link.close(code: 1000, reason: "")
        var wrong = certificate.digest
        wrong[0] ^= 1
        let outcome = await Self.ask(Self.route(server.port, .pinned(wrong)))
        #expect(outcome.result == .neverSent && outcome.written == nil, "\(outcome)")
    }

    @Test("An unverified server is taken on this machine, and never through a proxy")
    func unverified() async throws {
        let server = try EchoServer(TestCertificate(name: "IP:127.0.0.1"))
        let listener = Listener()
        let link = Self.open(Self.route(server.port, .loopbackOnly), listener)
        #expect(await listener.state(.open) != nil)
        link.close(code: 1000, reason: "")
        let proxy = try LoopbackBroker { _, _ in .hang }
        var route = Self.route(server.port, .loopbackOnly)
        route.proxy = NetworkRoute.Proxy(host: "127.0.0.1", port: proxy.port)
        let outcome = await Self.ask(route)
        #expect(outcome.result == .neverSent && proxy.requests.isEmpty, "\(outcome)")
    }

    @Test("Each account's connections leave from its own address; one that this machine does not have sends nothing")
    func source() async throws {
        let server = try EchoServer()
        for source in ["127.0.0.7", "127.0.0.8"] {
            var route = Self.route(server.port, nil)
            (route.pool, route.source) = (source, source)
            let listener = Listener()
            let link = Self.open(route, listener)
            #expect(await listener.state(.open) != nil)
            listener.say([1], over: link)
            #expect(await listener.bytes(1) == [1])
            link.close(code: 1000, reason: "")
        }
        #expect(server.peers == ["127.0.0.7", "127.0.0.8"])
        var foreign = Self.route(server.port, nil)
        foreign.source = "203.0.113.9"
        let outcome = await Self.ask(foreign)
        #expect(outcome.result == .neverSent && outcome.written == nil, "\(outcome)")
        #expect(server.peers.count == 2)
    }

    @Test("Behind a proxy that tunnels and then is silent a plain request may have left, one over TLS has not")
    func silentTunnel() async throws {
        let proxy = try LoopbackBroker { request, _ in request.method == "CONNECT" ? .answer(200, "") : .hang }
        var route = NetworkRoute(pool: "p", host: "api.broker.example", port: 80, trust: nil)
        route.proxy = NetworkRoute.Proxy(host: "127.0.0.1", port: proxy.port)
        let plain = await Self.ask(route)
        #expect(plain.result == .sentNoReply && plain.written != nil, "\(plain)")
        (route.port, route.trust) = (443, .full)
        let secured = await Self.ask(route)
        #expect(secured.result == .neverSent && secured.written == nil, "\(secured)")
    }

    @Test("A proxy that accepts and never answers gives a stream no connection, and says why")
    func deadProxy() async throws {
        let proxy = try LoopbackBroker { _, _ in .hang }
        var route = NetworkRoute(pool: "p", host: "stream.broker.example", port: 443, trust: .full)
        route.proxy = NetworkRoute.Proxy(host: "127.0.0.1", port: proxy.port)
        let listener = Listener()
        let link = Self.open(route, listener)
        #expect(await listener.state(.lost)?.contains("in time") == true)
        link.close(code: 1000, reason: "")
    }
}

extension StreamTests {
    @Test(
        "An operator's own authority stands in the place of the system's: chain and name are verified, no other is taken"
    )
    func ownAuthority() async throws {
        func pem(_ certificates: TestCertificate...) throws -> [UInt8] {
            let texts = try certificates.map { certificate in
                "-----BEGIN CERTIFICATE-----\n"
                    + Data(try certificate.certificate.toDERBytes()).base64EncodedString(
                        options: .lineLength64Characters)
                    + "\n-----END CERTIFICATE-----\n"
            }
            return Array(texts.joined().utf8)
        }
        let root = try TestCertificate(name: "DNS:root.example", isAuthority: true)
        let other = try TestCertificate(name: "DNS:other.example", isAuthority: true)
        let trust = CertificateTrust.authorities(try CertificateAuthorities(pem: try pem(root)))
        let server = try EchoServer(TestCertificate(name: "IP:127.0.0.1", issuer: root))
        let listener = Listener()
        let link = Self.open(Self.route(server.port, trust), listener)
        #expect(await listener.state(.open) != nil)
        link.close(code: 1000, reason: "")
        let named = try EchoServer(TestCertificate(name: "DNS:broker.example", issuer: root))
        let alone = try EchoServer(TestCertificate(name: "IP:127.0.0.1"))
        for (port, trust) in [
            (named.port, trust), (alone.port, trust),
            (server.port, .authorities(try CertificateAuthorities(pem: try pem(other)))), (server.port, .full),
        ] {
            let outcome = await Self.ask(Self.route(port, trust))
            #expect(outcome.result == .neverSent && outcome.written == nil, "\(outcome)")
        }
        #expect(named.received.isEmpty && alone.received.isEmpty && server.received.isEmpty)
    }

    @Test(
        "A file without certificates is no authority", arguments: ["", "nothing", "-----BEGIN CERTIFICATE-----\nAA\n"])
    func noAuthority(text: String) {
        #expect(throws: CertificateAuthorities.Unusable.self) { try CertificateAuthorities(pem: Array(text.utf8)) }
    }
}
