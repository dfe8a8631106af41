import NIOCore
import NIOHTTP1

/// One HTTP/1.1 connection: one request at a time, so that what was written and what was answered can be told apart.
///
/// A client of our own over the codec, and not a ready-made one: only whoever writes the bytes can say with certainty that
/// none was written, when the last one was, and when the first one of the answer came; and a request that shares a
/// connection with others (HTTP/2, pipelining) has no such instants of its own. On the channel's loop alone.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// An answer's header fields are bounded; a longer head ends the connection.
    static var limits: NIOHTTPDecoderLimitConfiguration {
        var limits = NIOHTTPDecoderLimitConfiguration()
        (limits.maxHeaderFieldSize, limits.maxHeaderListSize, limits.maxHeaderFieldCount) = (32_768, 131_072, 200)
        return limits
    }

    private var context: ChannelHandlerContext?
    private(set) var exchange: RunningExchange?
    /// Answers still to come for requests whose wait is over; they are dropped.
    private var isSpent = false
    /// The pool takes it back, or hears that it is gone (`false`).
    let release: (HTTPConnection, Bool) -> Void
    private var isGone = false

    init(release: @escaping (HTTPConnection, Bool) -> Void) { self.release = release }

    var isUsable: Bool { !isGone && !isSpent && exchange == nil && context?.channel.isActive == true }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Writes a request. The caller has checked `isUsable` on this turn of the loop.
    func begin(_ exchange: RunningExchange, _ message: HTTPMessage, host: String) {
        guard let context else { return exchange.fail(.neverSent, "the connection is gone") }
        self.exchange = exchange
        var headers = HTTPHeaders()
        if !message.headers.contains(where: { $0.name.lowercased() == "host" }) {
            headers.add(name: "Host", value: host)
        }
        for header in message.headers where header.name.lowercased() != "content-length" {
            headers.add(name: header.name, value: header.value)
        }
        if headers["accept-encoding"].isEmpty { headers.add(name: "Accept-Encoding", value: "gzip, deflate") }
        if !message.body.isEmpty || ["POST", "PUT", "PATCH"].contains(message.method.uppercased()) {
            headers.add(name: "Content-Length", value: "\(message.body.count)")
        }
        let head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: message.method), uri: message.target, headers: headers)
        exchange.noteWriting()
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !message.body.isEmpty {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: message.body)))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { exchange.noteWritten() }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    /// The wait for the answer is over. A mutation's connection stays open a while, and its answer is dropped.
    func abandon(isMutation: Bool) {
        exchange = nil
        isSpent = true
        guard isMutation, let context, context.channel.isActive else { return close() }
        context.channel.setOption(.autoRead, value: true).whenFailure { _ in }
        let channel = context.channel
        context.eventLoop.scheduleTask(in: .seconds(60)) { channel.close(promise: nil) }
    }

    func close() {
        context?.close(promise: nil)
    }

    /// See `HTTPOutcome.roundTrip`.
    var roundTrip: Int64? { context.flatMap { RoundTrip.measured(on: $0.channel) } }

    func setReading(_ on: Bool) { _ = context?.channel.setOption(.autoRead, value: on) }

    // MARK: - What comes

    /// Bytes of the answer were seen, whatever they turn out to be.
    func heardBytes() { exchange?.noteFirstByte() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let exchange else {
            // An answer nobody waits for: of a request that was given up, or of none at all.
            return close()
        }
        switch unwrapInboundIn(data) {
        case .head(let head): exchange.take(head)
        case .body(let part):
            if !exchange.take(part) { finish(reusable: false) }
        case .end:
            let isReusable = exchange.isKeptAlive && context.channel.isActive
            exchange.complete()
            finish(reusable: isReusable)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        exchange?.breakOff("the answer cannot be read: \(error)")
        finish(reusable: false)
    }

    func channelInactive(context: ChannelHandlerContext) {
        exchange?.breakOff("the connection was closed before the answer was whole")
        exchange = nil
        if !isGone {
            isGone = true
            release(self, false)
        }
        context.fireChannelInactive()
    }

    private func finish(reusable: Bool) {
        exchange = nil
        if reusable, !isGone, !isSpent { return release(self, true) }
        isSpent = true
        close()
    }
}

/// Sees the first byte of an answer before anything tries to read it.
final class ByteWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    private let connection: HTTPConnection
    init(_ connection: HTTPConnection) { self.connection = connection }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        connection.heardBytes()
        context.fireChannelRead(data)
    }
}
