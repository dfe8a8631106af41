import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// A broker's server on 127.0.0.1 for tests: it keeps what it is sent, answers what the test says, and can misbehave.
///
/// Any thread. The handler is called on an event loop, once a request, with the request's number from 0.
package final class LoopbackBroker: Sendable {
    package struct Request: Sendable {
        package var method: String
        package var target: String
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        package var text: String { String(decoding: body, as: UTF8.self) }
        package var path: String { String(target.prefix { $0 != "?" }) }
        package subscript(_ name: String) -> String? {
            headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    /// What becomes of one request.
    package enum Behaviour: Sendable {
        case answer(Int, String, [(name: String, value: String)] = [])
        /// The same with a body that need not be text.
        case bytes(Int, [UInt8], [(name: String, value: String)] = [])
        /// The request is read whole and accepted; the reply is lost with the connection.
        case loseReply
        /// Accepted, and never a byte of an answer.
        case hang
        /// An answer of so many bytes.
        case large(Int)
        /// The head promises more than comes before the connection breaks.
        case truncated(String)
        /// The body says it is gzip, and is not.
        case brokenGzip
        /// What a proxy or a maintenance page says.
        case html(Int)

        package static func json(_ text: String, _ status: Int = 200) -> Behaviour {
            .answer(status, text, [("Content-Type", "application/json")])
        }
    }

    /// The other end of one WebSocket.
    package final class Socket: Sendable {
        package let request: Request
        private let channel: any Channel
        fileprivate let received = NIOLockedValueBox<[String]>([])
        fileprivate init(_ request: Request, _ channel: any Channel) {
            (self.request, self.channel) = (request, channel)
        }

        /// Frames received, as text.
        package var frames: [String] { received.withLockedValue { $0 } }
        package func send(_ text: String) {
            channel.writeAndFlush(
                WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: text)), promise: nil)
        }
        package func send(_ bytes: [UInt8]) {
            channel.writeAndFlush(
                WebSocketFrame(fin: true, opcode: .binary, data: ByteBuffer(bytes: bytes)), promise: nil)
        }
        /// Breaks the connection without a word.
        package func drop() { channel.close(promise: nil) }
    }

    private struct State {
        var requests: [Request] = []
        var sockets: [Socket] = []
        var channels: [ObjectIdentifier: any Channel] = [:]
    }
    private let state = NIOLockedValueBox(State())
    private let server: any Channel

    package typealias Handler = @Sendable (Request, Int) -> Behaviour

    package init(_ handler: @escaping Handler) throws {
        let state = state
        server = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                state.withLockedValue { $0.channels[ObjectIdentifier(channel)] = channel }
                channel.closeFuture.whenComplete { _ in
                    state.withLockedValue { $0.channels[ObjectIdentifier(channel)] = nil }
                }
                return channel.eventLoop.makeCompletedFuture {
                    try Self.furnish(channel, state, handler)
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    deinit { stop() }

    package var port: Int { server.localAddress?.port ?? 0 }
    package var http: String { "http://127.0.0.1:\(port)" }
    package var webSocket: String { "ws://127.0.0.1:\(port)" }
    /// Every request so far, oldest first.
    package var requests: [Request] { state.withLockedValue { $0.requests } }
    package var sockets: [Socket] { state.withLockedValue { $0.sockets } }

    package func stop() {
        server.close(promise: nil)
        for channel in state.withLockedValue({ Array($0.channels.values) }) { channel.close(promise: nil) }
    }

    private static func furnish(
        _ channel: any Channel, _ state: NIOLockedValueBox<State>, _ handler: @escaping Handler
    ) throws {
        let upgrader = NIOWebSocketServerUpgrader(
            maxFrameSize: 1 << 24,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, head in
                let socket = Socket(
                    Request(
                        method: "GET", target: head.uri, headers: head.headers.map { ($0.name, $0.value) }, body: []),
                    channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(SocketHandler(socket))
                    state.withLockedValue { $0.sockets.append(socket) }
                }
            })
        let answering = AnsweringHandler { request in
            let number = state.withLockedValue { state in
                state.requests.append(request)
                return state.requests.count - 1
            }
            return handler(request, number)
        }
        try channel.pipeline.syncOperations.configureHTTPServerPipeline(
            withServerUpgrade: (
                upgraders: [upgrader],
                completionHandler: { context in
                    let pipeline = context.pipeline.syncOperations
                    if let answering = try? pipeline.handler(type: AnsweringHandler.self) {
                        pipeline.removeHandler(answering, promise: nil)
                    }
                }
            ))
        try channel.pipeline.syncOperations.addHandler(answering)
    }
}

/// Collects a request and does what the test says.
private final class AnsweringHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let decide: (LoopbackBroker.Request) -> LoopbackBroker.Behaviour
    private var request: LoopbackBroker.Request?

    init(_ decide: @escaping (LoopbackBroker.Request) -> LoopbackBroker.Behaviour) { self.decide = decide }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = LoopbackBroker.Request(
                method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) },
                body: [])
        case .body(let part): request?.body.append(contentsOf: part.readableBytesView)
        case .end:
            guard let whole = request else { return }
            request = nil
            perform(decide(whole), context)
        }
    }

    private func perform(_ behaviour: LoopbackBroker.Behaviour, _ context: ChannelHandlerContext) {
        switch behaviour {
        case .answer(let status, let text, let headers): write(context, status, Array(text.utf8), headers)
        case .bytes(let status, let body, let headers): write(context, status, body, headers)
        case .loseReply: context.close(promise: nil)
        case .hang: break
        case .large(let count): write(context, 200, [UInt8](repeating: UInt8(ascii: "x"), count: count), [])
        case .truncated(let text):
            write(context, 200, Array(text.utf8), [], promises: text.utf8.count + 100)
            context.close(promise: nil)
        case .brokenGzip: write(context, 200, Array("this is no gzip at all".utf8), [("Content-Encoding", "gzip")])
        case .html(let status):
            write(
                context, status, Array("<html><body><h1>Service Unavailable</h1></body></html>".utf8),
                [("Content-Type", "text/html")])
        }
    }

    private func write(
        _ context: ChannelHandlerContext, _ status: Int, _ body: [UInt8], _ headers: [(name: String, value: String)],
        promises: Int? = nil
    ) {
        var fields = HTTPHeaders(headers.map { ($0.name, $0.value) })
        fields.replaceOrAdd(name: "Content-Length", value: "\(promises ?? body.count)")
        let head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: fields)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        if promises == nil { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
    }

    /// A client that hangs up is no event of the test.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Keeps what comes over a WebSocket, answers pings and closes.
private final class SocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame
    private let socket: LoopbackBroker.Socket
    init(_ socket: LoopbackBroker.Socket) { self.socket = socket }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        switch frame.opcode {
        case .text, .binary:
            let text = String(decoding: frame.unmaskedData.readableBytesView, as: UTF8.self)
            socket.received.withLockedValue { $0.append(text) }
        case .ping:
            context.writeAndFlush(
                wrapOutboundOut(WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)), promise: nil)
        case .connectionClose: context.close(promise: nil)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
