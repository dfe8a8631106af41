import NIOCore
import NIOWebSocket

/// One connection of a link: frames in and out, pings, silence. On its loop alone.
final class LinkHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame
    private weak var core: LinkCore?
    private let link: LinkSpecification
    private var context: ChannelHandlerContext?
    private(set) var isOpen = false
    private var lastHeard = NIODeadline.now()
    private var fragments: [UInt8]?
    private var fragmentKind = FrameKind.binary
    private var timers: [RepeatedTask] = []

    init(_ core: LinkCore) { (self.core, link) = (core, core.link) }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        stop()
    }

    func start() {
        isOpen = true
        lastHeard = .now()
        guard let loop = context?.eventLoop else { return }
        if link.isWebSocket {
            repeatEvery(link.pingInterval, loop) { $0.ping() }
        }
        if link.idleTimeout > 0 {
            repeatEvery(max(1_000_000, link.idleTimeout / 4), loop) { handler in
                if NIODeadline.now() - handler.lastHeard >= .nanoseconds(handler.link.idleTimeout) {
                    handler.core?.hangUp("nothing was received for \(handler.link.idleTimeout / 1_000_000) ms")
                }
            }
        }
    }

    private func repeatEvery(_ nanoseconds: Int64, _ loop: any EventLoop, _ body: @escaping (LinkHandler) -> Void) {
        let bound = NIOLoopBound(self, eventLoop: loop)
        let action = NIOLoopBound(body, eventLoop: loop)
        timers.append(
            loop.scheduleRepeatedTask(initialDelay: .nanoseconds(nanoseconds), delay: .nanoseconds(nanoseconds)) { _ in
                action.value(bound.value)
            })
    }

    private func stop() {
        isOpen = false
        for timer in timers { timer.cancel() }
        timers = []
    }

    // MARK: - Out

    func write(_ kind: FrameKind, _ payload: [UInt8]) -> EventLoopFuture<Void> {
        guard let context else { preconditionFailure("a closed connection is not written to") }
        let promise = context.eventLoop.makePromise(of: Void.self)
        write(kind == .text ? .text : .binary, ByteBuffer(bytes: payload), promise)
        return promise.futureResult
    }

    func writeClose(_ code: UInt16, _ reason: String) {
        var data = ByteBuffer()
        data.writeInteger(code == 0 ? 1000 : code)
        data.writeString(String(decoding: reason.utf8.prefix(120), as: UTF8.self))
        write(.connectionClose, data, nil)
    }

    private func ping() { write(.ping, ByteBuffer(), nil) }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ promise: EventLoopPromise<Void>?) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context?.writeAndFlush(wrapOutboundOut(frame), promise: promise)
    }

    // MARK: - In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        lastHeard = .now()
        let frame = unwrapInboundIn(data)
        guard link.isWebSocket else {
            var part = frame.data
            while part.readableBytes > 0 {
                core?.received(.bytes, part.readBytes(length: min(part.readableBytes, 65_536)) ?? [])
            }
            return
        }
        switch frame.opcode {
        case .text, .binary:
            guard fragments == nil else { return core?.hangUp("a frame began within another") ?? () }
            let kind = frame.opcode == .text ? FrameKind.text : .binary
            if frame.fin { return deliver(kind, Array(frame.unmaskedData.readableBytesView)) }
            (fragments, fragmentKind) = (Array(frame.unmaskedData.readableBytesView), kind)
        case .continuation:
            guard var whole = fragments else { return core?.hangUp("a frame went on that had not begun") ?? () }
            whole.append(contentsOf: frame.unmaskedData.readableBytesView)
            guard whole.count <= link.maximumFrame else {
                return core?.hangUp("a frame is longer than its bound") ?? ()
            }
            fragments = frame.fin ? nil : whole
            if frame.fin { deliver(fragmentKind, whole) }
        case .ping: write(.pong, frame.unmaskedData, nil)
        case .pong: break
        case .connectionClose:
            var data = frame.unmaskedData
            let code = data.readInteger(as: UInt16.self) ?? 1005
            let reason = data.readString(length: min(123, data.readableBytes)) ?? ""
            writeClose(code == 1005 ? 1000 : code, "")
            core?.hangUp("the server closed it with code \(code) \(reason)")
        default: core?.hangUp("a frame of unknown kind came")
        }
    }

    private func deliver(_ kind: FrameKind, _ payload: [UInt8]) { core?.received(kind, payload) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { core?.hangUp("\(error)") }

    func channelInactive(context: ChannelHandlerContext) {
        stop()
        core?.hangUp("the other end hung up")
        context.fireChannelInactive()
    }
}

/// Lets the handler above treat a stream's bytes as frames: whatever arrived together is one.
final class PlainFrames: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = WebSocketFrame
    typealias OutboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        context.fireChannelRead(
            wrapInboundOut(WebSocketFrame(fin: true, opcode: .binary, data: unwrapInboundIn(data))))
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(wrapOutboundOut(unwrapOutboundIn(data).data), promise: promise)
    }
}
