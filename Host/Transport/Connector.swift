import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// Why no connection stands. Nothing of a request was written: the request is not made before.
struct ConnectFailure: Error {
    var text: String
}

/// Makes connections: address, tunnel, TLS, each under one deadline.
struct Connector: Sendable {
    let trust: ServerTrust

    /// Connects and leaves the pipeline with TLS alone, if any. Fails with `ConnectFailure`. On `loop`.
    func connect(_ route: NetworkRoute, on loop: any EventLoop, timeout: Int64) -> EventLoopFuture<any Channel> {
        let (host, port) = route.proxy.map { ($0.host, $0.port) } ?? (route.host, route.port)
        if route.trust == .loopbackOnly, route.proxy != nil {
            return loop.makeFailedFuture(
                ConnectFailure(text: "an unverified server is taken on this machine alone, never through a proxy"))
        }
        var bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(.nanoseconds(timeout))
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.maxMessagesPerRead, value: 4)
        if let source = route.source {
            do {
                bootstrap = bootstrap.bind(to: try SocketAddress(ipAddress: source, port: 0))
            } catch {
                return loop.makeFailedFuture(
                    ConnectFailure(text: "the source address \(source) is not usable: \(error)"))
            }
        }
        let deadline = NIODeadline.now() + .nanoseconds(timeout)
        let connected = bootstrap.connect(host: host, port: port).flatMapErrorThrowing { error in
            throw ConnectFailure(text: "could not connect to \(host) port \(port): \(Self.words(error))")
        }
        return connected.flatMap { channel in self.furnish(channel, route, deadline) }
    }

    private func furnish(
        _ channel: any Channel, _ route: NetworkRoute, _ deadline: NIODeadline
    ) -> EventLoopFuture<any Channel> {
        let loop = channel.eventLoop
        if route.trust == .loopbackOnly, !IPText.isLoopback(channel.remoteAddress) {
            channel.close(promise: nil)
            return loop.makeFailedFuture(
                ConnectFailure(text: "\(route.host) is not this machine, and its certificate is not verified"))
        }
        let late = loop.assumeIsolated().scheduleTask(deadline: deadline) { channel.close(promise: nil) }
        let tunnelled: EventLoopFuture<Void>
        if route.proxy != nil {
            let handler = TunnelHandler(route, loop)
            let stands = handler.promise.futureResult
            tunnelled = Self.add(handler, to: channel).flatMap { stands }
        } else {
            tunnelled = loop.makeSucceededVoidFuture()
        }
        return tunnelled.flatMap { () -> EventLoopFuture<Void> in
            guard let trust = route.trust else { return loop.makeSucceededVoidFuture() }
            do {
                let handler = try self.trust.handler(for: route, trust)
                let waiter = HandshakeWaiter(loop)
                let stands = waiter.promise.futureResult
                try channel.pipeline.syncOperations.addHandlers(handler, waiter)
                return stands
            } catch {
                return loop.makeFailedFuture(ConnectFailure(text: "TLS cannot be set up: \(error)"))
            }
        }
        .map { channel }
        .flatMapErrorThrowing { error in
            channel.close(promise: nil)
            if NIODeadline.now() >= deadline {
                throw ConnectFailure(text: "\(route.host) gave no connection in time")
            }
            throw error as? ConnectFailure ?? ConnectFailure(text: Self.words(error))
        }
        .always { _ in late.cancel() }
    }

    private static func add(_ handler: some ChannelHandler, to channel: any Channel) -> EventLoopFuture<Void> {
        let loop = channel.eventLoop
        return loop.makeCompletedFuture(Result { try channel.pipeline.syncOperations.addHandler(handler) })
    }

    static func words(_ error: any Error) -> String {
        switch error {
        case let error as NIOConnectionError:
            if let single = error.connectionErrors.first { return words(single.error) }
            if let dns = error.dnsAError ?? error.dnsAAAAError { return "the name is not found: \(dns)" }
            return "no address answered"
        case let error as IOError: return error.description
        case ChannelError.connectTimeout: return "no answer in time"
        default: return "\(error)"
        }
    }
}

/// Asks a proxy for a tunnel and gets out of the way. Nothing but the server's name leaves before.
private final class TunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    let promise: EventLoopPromise<Void>
    private let authority: String
    private var heard: [UInt8] = []
    private var isOver = false

    init(_ route: NetworkRoute, _ loop: any EventLoop) {
        promise = loop.makePromise()
        let name = route.host.utf8.contains(UInt8(ascii: ":")) ? "[\(route.host)]" : route.host
        authority = "\(name):\(route.port)"
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let text = "CONNECT \(authority) HTTP/1.1\r\nHost: \(authority)\r\n\r\n"
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heard.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        guard heard.count <= 8192 else { return fail(context, "the proxy's answer is too long") }
        guard heard.count >= 4, heard.suffix(4).elementsEqual("\r\n\r\n".utf8) else { return }
        let line = String(decoding: heard.prefix { $0 != 0x0D }, as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), words[1].count == 3, words[1].hasPrefix("2") else {
            return fail(context, "the proxy refused the tunnel")
        }
        isOver = true
        let promise = promise
        context.pipeline.syncOperations.removeHandler(context: context).cascade(to: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail(context, Connector.words(error)) }

    func channelInactive(context: ChannelHandlerContext) {
        fail(context, "the proxy hung up")
        context.fireChannelInactive()
    }

    private func fail(_ context: ChannelHandlerContext, _ text: String) {
        guard !isOver else { return }
        isOver = true
        promise.fail(ConnectFailure(text: text))
        context.close(promise: nil)
    }
}

/// Waits for TLS to stand, then leaves the pipeline.
private final class HandshakeWaiter: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    let promise: EventLoopPromise<Void>
    private var isOver = false

    init(_ loop: any EventLoop) { promise = loop.makePromise() }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case TLSUserEvent.handshakeCompleted? = event as? TLSUserEvent, !isOver else {
            return context.fireUserInboundEventTriggered(event)
        }
        isOver = true
        let promise = promise
        context.pipeline.syncOperations.removeHandler(context: context).cascade(to: promise)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { fail("TLS failed: \(error)") }

    func channelInactive(context: ChannelHandlerContext) {
        fail("the server hung up during TLS")
        context.fireChannelInactive()
    }

    private func fail(_ text: String) {
        guard !isOver else { return }
        isOver = true
        promise.fail(ConnectFailure(text: text))
    }
}
