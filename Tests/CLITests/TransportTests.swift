import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import CLI

@Suite("HTTP to a gateway")
struct TransportTests {
    @Test("Method, path, headers and body arrive as they were given, and the answer comes back whole")
    func roundTrip() async throws {
        let server = try await EchoServer.start()
        let transport = HTTPTransport(Connection(url: "http://127.0.0.1:\(server.port)", key: "k"))
        let client = GatewayClient(transport: transport, key: "k-1")
        let answer = try await client.send(
            .patch, "/api/orders/a%2Fb?x=1", body: .object(["price": .number("1.10")]), idempotencyKey: "i-1")
        #expect(answer.status == 202)
        #expect(
            answer.value.text("seen")
                == "PATCH /api/orders/a%2Fb?x=1 | Bearer k-1 | i-1 | application/json | {\"price\":1.10}")
        await transport.shutDown()
        try await server.channel.close()
    }

    @Test("A port where nobody listens is certain not to have got anything")
    func refused() async throws {
        // Bound and not listening: nobody else can be given the port meanwhile.
        let closed = try ClosedPort()
        defer { closed.release() }
        let transport = HTTPTransport(Connection(url: "http://127.0.0.1:\(closed.port)", key: "k"))
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(APIRequest(.post, "/api/orders", body: []))
        }
        #expect(failure?.isCertainlyNotSent == true)
        await transport.shutDown()
    }

    @Test("A gateway that hangs up in the middle leaves the outcome open")
    func broken() async throws {
        let server = try await EchoServer.start(hangsUp: true)
        let transport = HTTPTransport(Connection(url: "http://127.0.0.1:\(server.port)", key: "k"))
        let failure = await #expect(throws: TransportFailure.self) {
            try await transport.send(APIRequest(.post, "/api/orders", body: [1]))
        }
        #expect(failure?.isCertainlyNotSent == false)
        await transport.shutDown()
        try await server.channel.close()
    }
}

/// A port of this machine that refuses connections for as long as it is held.
private struct ClosedPort {
    struct Failure: Error {}
    let port: Int
    private let descriptor: Int32

    init() throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = descriptor
        let bound = withUnsafeMutableBytes(of: &address) { bytes -> Bool in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, pointer, length) == 0 && getsockname(descriptor, pointer, &length) == 0
        }
        guard descriptor >= 0, bound else { throw Failure() }
        port = Int(UInt16(bigEndian: address.sin_port))
    }

    func release() { close(descriptor) }
}

/// Answers each request with what it saw of it.
private struct EchoServer {
    let channel: any Channel
    let port: Int

    static func start(hangsUp: Bool = false) async throws -> EchoServer {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Echo(hangsUp: hangsUp))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        return EchoServer(channel: channel, port: channel.localAddress?.port ?? 0)
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let hangsUp: Bool
        private var head: HTTPRequestHead?
        private var body = ""

        init(hangsUp: Bool) { self.hangsUp = hangsUp }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body(let part): body += String(buffer: part)
            case .end:
                guard !hangsUp, let head else { return context.close(promise: nil) }
                let words = [
                    "\(head.method.rawValue) \(head.uri)", head.headers.first(name: "authorization") ?? "",
                    head.headers.first(name: "idempotency-key") ?? "", head.headers.first(name: "content-type") ?? "",
                    body,
                ]
                let text = words.joined(separator: " | ").split(separator: "\"", omittingEmptySubsequences: false)
                    .joined(separator: "\\\"")
                let answer = ByteBuffer(string: "{\"seen\":\"\(text)\"}")
                let headers: HTTPHeaders = ["content-length": "\(answer.readableBytes)"]
                context.write(
                    wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .accepted, headers: headers))),
                    promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(answer))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
