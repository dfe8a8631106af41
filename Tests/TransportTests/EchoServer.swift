import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import NIOSSL

/// A server of bytes on 127.0.0.1: sends back what it is sent, over TLS where it has a certificate.
final class EchoServer: Sendable {
    private struct State {
        var peers: [String] = []
        var received: [UInt8] = []
        var channels: [any Channel] = []
    }
    private let state: NIOLockedValueBox<State>
    private let server: any Channel

    init(_ certificate: TestCertificate? = nil) throws {
        let state = NIOLockedValueBox(State())
        self.state = state
        let context = try certificate.map { certificate in
            try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: [.certificate(certificate.certificate)], privateKey: .privateKey(certificate.key))
            )
        }
        server = try ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                state.withLockedValue {
                    $0.peers.append(channel.remoteAddress?.ipAddress ?? "?")
                    $0.channels.append(channel)
                }
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(
                        EchoHandler { bytes in state.withLockedValue { $0.received.append(contentsOf: bytes) } })
                }
            }
            .bind(host: "127.0.0.1", port: 0).wait()
    }

    deinit { stop() }

    var port: Int { server.localAddress?.port ?? 0 }
    /// Where connections came from, oldest first.
    var peers: [String] { state.withLockedValue { $0.peers } }
    var received: [UInt8] { state.withLockedValue { $0.received } }

    /// Breaks every connection without a word.
    func drop() {
        for channel in state.withLockedValue({ $0.channels }) { channel.close(promise: nil) }
    }

    func stop() {
        server.close(promise: nil)
        drop()
    }
}

private final class EchoHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let heard: ([UInt8]) -> Void
    init(_ heard: @escaping ([UInt8]) -> Void) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let buffer = unwrapInboundIn(data)
        heard(Array(buffer.readableBytesView))
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// A client that does not trust us is no event of the test.
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
