import COpenSSL
import NIOCore
import NIOWebSocket

/// A WebSocket or a byte stream that comes back by itself. The face of it: any thread; the work is `LinkCore`'s.
final class NetworkLink: SocketLink {
    private let loop: any EventLoop
    private let core: NIOLoopBoundBox<LinkCore>

    init(
        _ link: LinkSpecification, _ observer: any LinkObserver, _ loop: any EventLoop, _ connector: Connector,
        clock: @escaping @Sendable () -> Moment
    ) {
        self.loop = loop
        core = NIOLoopBoundBox.makeBoxSendingValue(
            LinkCore(link, observer, loop, connector, clock: clock), as: LinkCore.self, eventLoop: loop)
        let core = core
        loop.execute { core.value.connect() }
    }

    func send(_ frame: any FrameObserver) {
        let core = core
        loop.execute { core.value.send(frame) }
    }

    func close(code: UInt16, reason: String) {
        let core = core
        loop.execute { core.value.closeForGood(code: code, reason: reason) }
    }

    func consumed(_ frames: Int) {
        let core = core
        loop.execute { core.value.consumed(frames) }
    }
}

/// The life of a link: connect, be open, be lost, pause, connect again, until it is closed. On its loop alone.
final class LinkCore {
    let link: LinkSpecification
    let observer: any LinkObserver
    private let loop: any EventLoop
    private let connector: Connector
    private let clock: @Sendable () -> Moment
    private var channel: (any Channel)?
    private var handler: LinkHandler?
    private var pause: Int64
    private var isClosed = false
    private var waiting = 0
    private var isPaused = false

    init(
        _ link: LinkSpecification, _ observer: any LinkObserver, _ loop: any EventLoop, _ connector: Connector,
        clock: @escaping @Sendable () -> Moment
    ) {
        (self.link, self.observer, self.loop, self.connector) = (link, observer, loop, connector)
        (self.clock, pause) = (clock, link.firstPause)
    }

    func connect() {
        guard !isClosed else { return }
        observer.linkIs(.opening, status: 0, reason: "")
        connector.connect(link.route, on: loop, timeout: link.connectTimeout).assumeIsolated()
            .whenComplete { [self] result in
                switch result {
                case .failure(let error): lost((error as? ConnectFailure)?.text ?? "\(error)")
                case .success(let channel) where isClosed: channel.close(promise: nil)
                case .success(let channel): begin(channel)
                }
            }
    }

    private func begin(_ channel: any Channel) {
        (self.channel, waiting, isPaused) = (channel, 0, false)
        let handler = LinkHandler(self)
        self.handler = handler
        do {
            try channel.pipeline.syncOperations.addHandler(handler)
            guard link.isWebSocket else {
                try channel.pipeline.syncOperations.addHandler(PlainFrames(), position: .before(handler))
                return opened()
            }
            let request = try UpgradeRequest(observer.makeUpgrade(clock()), link.route)
            try channel.pipeline.syncOperations.addHandler(
                UpgradeHandler(self, request, link.connectTimeout), position: .before(handler))
        } catch {
            hangUp((error as? NotSent)?.text ?? "\(error)")
        }
    }

    // MARK: - What the handlers say

    func opened() {
        pause = link.firstPause
        handler?.start()
        observer.linkIs(.open, status: 0, reason: "")
    }

    /// The server took no WebSocket. Client errors are its last word, others may pass.
    func refused(status: Int) {
        let reason = "the upgrade was refused with status \(status)"
        guard (400..<500).contains(status), status != 408, status != 429 else { return hangUp(reason) }
        end(status: status, reason: reason)
    }

    func received(_ kind: FrameKind, _ payload: [UInt8]) {
        waiting += 1
        if waiting >= LinkBounds.waitingFrames, !isPaused {
            isPaused = true
            channel?.setOption(.autoRead, value: false).whenFailure { _ in }
        }
        observer.linkReceived(kind, payload)
    }

    func consumed(_ frames: Int) {
        waiting = max(0, waiting - frames)
        guard isPaused, waiting <= LinkBounds.waitingFrames / 2 else { return }
        isPaused = false
        channel?.setOption(.autoRead, value: true).whenFailure { _ in }
    }

    /// Ends this connection; another follows.
    func hangUp(_ reason: String) {
        guard let channel else { return }
        (self.channel, handler) = (nil, nil)
        channel.close(promise: nil)
        lost(reason)
    }

    private func lost(_ reason: String) {
        guard !isClosed else { return }
        observer.linkIs(.lost, status: 0, reason: reason)
        let half = pause / 2
        let wait = pause - half + Int64(observer.jitter() % UInt64(max(1, half)))
        pause = min(link.longestPause, pause * 2)
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(wait)) { [weak self] in self?.connect() }
    }

    private func end(status: Int, reason: String) {
        guard !isClosed else { return }
        isClosed = true
        let channel = channel
        (self.channel, handler) = (nil, nil)
        channel?.close(promise: nil)
        observer.linkIs(.closed, status: status, reason: reason)
    }

    // MARK: - What the session says

    func send(_ frame: any FrameObserver) {
        guard !isClosed, let channel, channel.isActive, let handler, handler.isOpen else {
            return frame.end(.neverSent, written: nil, done: clock(), text: "the connection is not open")
        }
        let made: (kind: FrameKind, payload: [UInt8])
        do throws(NotSent) {
            made = try frame.makeFrame(clock())
            guard (made.kind == .bytes) != link.isWebSocket else {
                throw NotSent("a frame of this kind does not go over this connection")
            }
        } catch {
            return frame.end(.neverSent, written: nil, done: clock(), text: error.text)
        }
        let clock = clock
        let began = clock()
        handler.write(made.kind, made.payload).assumeIsolated().whenComplete { result in
            let now = clock()
            switch result {
            case .success: frame.end(.done, written: now, done: now, text: nil)
            // The connection may have broken between two of its bytes.
            case .failure(let error):
                frame.end(.sentNoReply, written: began, done: now, text: "the frame may not have left whole: \(error)")
            }
        }
    }

    func closeForGood(code: UInt16, reason: String) {
        if link.isWebSocket, let handler, handler.isOpen { handler.writeClose(code, reason) }
        end(status: 0, reason: "closed by the session")
    }
}
