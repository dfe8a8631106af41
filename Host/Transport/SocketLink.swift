/// The state of a long-lived connection.
package enum LinkState: UInt8, Hashable, Sendable {
    case opening = 1
    case open
    /// It comes back by itself, after a pause.
    case lost
    /// For good.
    case closed
}

package enum FrameKind: UInt8, Hashable, Sendable {
    case text = 1
    case binary
    /// Bytes of a plain stream.
    case bytes
}

/// The opening request of a WebSocket.
package struct UpgradeMessage: Hashable, Sendable {
    package var target: String
    package var headers: [Header]
    package var subprotocol: String?

    package struct Header: Hashable, Sendable {
        package var name: String
        package var value: String
        package init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
    }

    package init(target: String, headers: [Header] = [], subprotocol: String? = nil) {
        (self.target, self.headers, self.subprotocol) = (target, headers, subprotocol)
    }
}

/// What a long-lived connection is to be.
package struct LinkSpecification: Sendable {
    package var route: NetworkRoute
    /// `false`: a plain stream of bytes.
    package var isWebSocket: Bool
    package var connectTimeout: Int64 = 5_000_000_000
    package var pingInterval: Int64 = 30_000_000_000
    /// Nothing received for so long: lost. 0 = never.
    package var idleTimeout: Int64 = 0
    package var maximumFrame: Int = 1 << 20
    /// The first pause before a reconnect; it doubles up to `longestPause`, and jitter takes up to half of it.
    package var firstPause: Int64 = 1_000_000_000
    package var longestPause: Int64 = 60_000_000_000

    package init(route: NetworkRoute, isWebSocket: Bool) { (self.route, self.isWebSocket) = (route, isWebSocket) }
}

/// Hears a long-lived connection. Called on an event loop; must not block.
package protocol LinkObserver: AnyObject, Sendable {
    /// The opening request, anew for each try.
    func makeUpgrade(_ now: Moment) throws(NotSent) -> UpgradeMessage
    /// - Parameter status: the HTTP status of a refused upgrade, else 0.
    func linkIs(_ state: LinkState, status: Int, reason: String)
    /// Each is to be given back by `SocketLink.consumed`: while `waitingFrames` wait, the socket is not read.
    func linkReceived(_ kind: FrameKind, _ payload: [UInt8])
    /// Any number, for the jitter of a pause.
    func jitter() -> UInt64
}

/// Makes one frame and hears of it. Called on an event loop; must not block.
package protocol FrameObserver: AnyObject, Sendable {
    /// As `HTTPObserver.makeMessage`: what was made is written.
    func makeFrame(_ now: Moment) throws(NotSent) -> (kind: FrameKind, payload: [UInt8])
    /// Once. `done` means written, not answered.
    func end(_ result: SendResult, written: Moment?, done: Moment, text: String?)
}

/// A long-lived connection that comes back by itself. Any thread.
package protocol SocketLink: AnyObject, Sendable {
    /// Sends a frame, or says at once that it was never sent where the connection is not open.
    func send(_ frame: any FrameObserver)
    /// Ends it for good. A WebSocket says why.
    func close(code: UInt16, reason: String)
    func consumed(_ frames: Int)
}

/// The network as sessions see it: the machine's, or a script's.
package protocol Transport: AnyObject, Sendable {
    var now: Moment { get }
    /// Begins one try of a request; the observer hears the end exactly once. Any thread; returns at once.
    func send(_ exchange: HTTPExchange, _ observer: any HTTPObserver) -> any HTTPFlow
    func open(_ link: LinkSpecification, _ observer: any LinkObserver) -> any SocketLink
}

package enum LinkBounds {
    /// Frames received that may wait for the session; then the socket is not read.
    package static let waitingFrames = 256
}
