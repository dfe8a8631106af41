import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOWebSocket

/// Frames from server to client, which are not masked (RFC 6455 §5.2).
enum WebSocketFrames {
    enum Opcode: UInt8 {
        case text = 0x81
        case close = 0x88
        case ping = 0x89
        case pong = 0x8A
    }

    enum CloseCode: UInt16 {
        case goingAway = 1_001
        case protocolError = 1_002
        case tooBig = 1_009
    }

    /// Control frames hold at most 125 bytes.
    static func write(_ opcode: Opcode, _ bytes: [UInt8], to buffer: inout ByteBuffer) {
        buffer.writeInteger(opcode.rawValue)
        switch bytes.count {
        case ..<126: buffer.writeInteger(UInt8(bytes.count))
        case ..<65_536:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(bytes.count))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(bytes.count))
        }
        buffer.writeBytes(bytes)
    }

    static func writeClose(_ code: CloseCode, to buffer: inout ByteBuffer) {
        write(.close, [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)], to: &buffer)
    }
}

/// Turns a connection into a WebSocket when its answer says 101: from there on what comes in is frames.
///
/// What goes out stays the answer's body, which a 101 sends as it is; so a client's back-pressure is the connection's.
///
/// `@unchecked`: used on its channel's event loop only, as every handler of a pipeline.
final class WebSocketSwitch: ChannelOutboundHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .head(let head) = unwrapOutboundIn(data), head.status == .switchingProtocols else {
            return context.write(data, promise: promise)
        }
        context.write(data, promise: promise)
        let pipeline = context.pipeline.syncOperations
        do {
            let decoder = try pipeline.context(handlerType: ByteToMessageHandler<HTTPRequestDecoder>.self)
            pipeline.removeHandler(context: decoder, promise: nil)
            try pipeline.addHandlers(
                [
                    ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketListener.maximumFrame)),
                    WebSocketListener(),
                ], position: .first)
        } catch {
            context.close(promise: nil)
        }
    }
}

/// What a client may say: pings are answered, a close is returned and ends the connection; other messages are read and have
/// no meaning here.
///
/// `@unchecked`: used on its channel's event loop only.
final class WebSocketListener: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    static let maximumFrame = 4_096

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        // A client's frames are masked; one that is not is a proxy's or an attacker's (RFC 6455 §5.1).
        guard frame.maskKey != nil else { return close(context, .protocolError) }
        switch frame.opcode {
        case .ping:
            var payload = frame.unmaskedData
            var buffer = context.channel.allocator.buffer(capacity: 128)
            WebSocketFrames.write(.pong, payload.readBytes(length: payload.readableBytes) ?? [], to: &buffer)
            context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        case .connectionClose: close(context, .goingAway)
        default: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        close(context, error as? NIOWebSocketError == .invalidFrameLength ? .tooBig : .protocolError)
    }

    private func close(_ context: ChannelHandlerContext, _ code: WebSocketFrames.CloseCode) {
        var buffer = context.channel.allocator.buffer(capacity: 4)
        WebSocketFrames.writeClose(code, to: &buffer)
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
        context.close(promise: nil)
    }
}
