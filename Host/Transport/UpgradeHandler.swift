import NIOCore
import NIOWebSocket

/// The opening request of a WebSocket as bytes, and the answer that proves the server read it.
struct UpgradeRequest {
    let bytes: [UInt8]
    let accept: String
    let subprotocol: String?

    init(_ message: UpgradeMessage, _ route: NetworkRoute) throws(NotSent) {
        try MessageCheck.checkTarget(message.target)
        var random = SystemRandomNumberGenerator()
        let key = WebSocketAccept.base64((0..<16).map { _ in UInt8.random(in: .min ... .max, using: &random) })
        var text = "GET \(message.target) HTTP/1.1\r\n"
        if !message.headers.contains(where: { $0.name.lowercased() == "host" }) {
            text += "Host: \(route.authority)\r\n"
        }
        text +=
            "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: \(key)\r\nSec-WebSocket-Version: 13\r\n"
        if let subprotocol = message.subprotocol {
            try MessageCheck.check(name: "Sec-WebSocket-Protocol", value: subprotocol)
            text += "Sec-WebSocket-Protocol: \(subprotocol)\r\n"
        }
        for header in message.headers {
            try MessageCheck.check(name: header.name, value: header.value)
            guard !header.name.lowercased().hasPrefix("sec-websocket-") else {
                throw NotSent("header \(header.name) is the host's to set")
            }
            text += "\(header.name): \(header.value)\r\n"
        }
        bytes = Array((text + "\r\n").utf8)
        subprotocol = message.subprotocol
        accept = WebSocketAccept.value(for: key) ?? ""
    }
}

/// Asks for the WebSocket, reads the answer's head, puts the frame codec in its own place.
final class UpgradeHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private weak var core: LinkCore?
    private let request: UpgradeRequest
    private let timeout: Int64
    private let maximumFrame: Int
    private var heard = ByteBuffer()
    private var isOver = false
    private var timer: Scheduled<Void>?

    init(_ core: LinkCore, _ request: UpgradeRequest, _ timeout: Int64) {
        (self.core, self.request, self.timeout) = (core, request, timeout)
        maximumFrame = core.link.maximumFrame
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: request.bytes)), promise: nil)
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(timeout)) { [weak self] in
            self?.core?.hangUp("the upgrade was not answered in time")
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) { timer?.cancel() }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOver else { return context.fireChannelRead(data) }
        var part = unwrapInboundIn(data)
        heard.writeBuffer(&part)
        guard let end = heard.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else {
            if heard.readableBytes > 32_768 { core?.hangUp("the answer to the upgrade is too long") }
            return
        }
        let length = end.upperBound - heard.readerIndex
        let head = heard.readString(length: length) ?? ""
        isOver = true
        timer?.cancel()
        judge(head, context)
    }

    private func judge(_ head: String, _ context: ChannelHandlerContext) {
        let lines = head.split(separator: "\r\n")
        let words = (lines.first ?? "").split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            return core?.hangUp("the answer to the upgrade is no HTTP") ?? ()
        }
        guard status == 101 else { return core?.refused(status: status) ?? () }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":") else { continue }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields[line[..<colon].lowercased()] = String(value)
        }
        guard fields["sec-websocket-accept"] == request.accept, fields["upgrade"]?.lowercased() == "websocket" else {
            return core?.hangUp("the server's proof of the upgrade is wrong") ?? ()
        }
        guard fields["sec-websocket-protocol"] == nil || fields["sec-websocket-protocol"] == request.subprotocol else {
            return core?.hangUp("the server chose a subprotocol that was not asked for") ?? ()
        }
        let rest = heard
        do {
            let pipeline = context.pipeline.syncOperations
            try pipeline.addHandler(WebSocketFrameEncoder(), position: .after(self))
            try pipeline.addHandler(
                ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: maximumFrame)), position: .after(self))
            core?.opened()
            if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
        } catch {
            core?.hangUp("\(error)")
        }
    }

    typealias InboundOut = ByteBuffer

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.fireErrorCaught(error) }
}
