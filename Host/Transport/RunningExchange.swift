import NIOCore
import NIOHTTP1

/// One try of a request under way. On its loop alone.
final class RunningExchange {
    let exchange: HTTPExchange
    let observer: any HTTPObserver
    private let clock: @Sendable () -> Moment
    private let loop: any EventLoop
    /// `nil` until it has one.
    var connection: HTTPConnection?
    private var isWriting = false
    private var written: Moment?
    private var firstByte: Moment?
    private var roundTrip: Int64?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var received = 0
    private var waiting = 0
    private var isPaused = false
    private var hasEnded = false
    private var timers: [Scheduled<Void>] = []

    init(
        _ exchange: HTTPExchange, _ observer: any HTTPObserver, _ loop: any EventLoop,
        clock: @escaping @Sendable () -> Moment
    ) {
        (self.exchange, self.observer, self.loop, self.clock) = (exchange, observer, loop, clock)
    }

    var isOver: Bool { hasEnded }
    var isKeptAlive: Bool { head?.isKeepAlive ?? false }

    func startTotal() { schedule(exchange.totalTimeout, "no whole answer in time") }

    private func schedule(_ nanoseconds: Int64, _ text: String) {
        timers.append(
            loop.assumeIsolated().scheduleTask(in: .nanoseconds(nanoseconds)) { [weak self] in self?.timeOut(text) })
    }

    private func timeOut(_ text: String) {
        guard !hasEnded else { return }
        let connection = connection
        breakOff(text)
        connection?.abandon(isMutation: exchange.isMutation)
    }

    // MARK: - Out

    func noteWriting() {
        isWriting = true
        written = clock()
        loop.assumeIsolated().scheduleTask(in: .nanoseconds(exchange.firstByteTimeout)) { [weak self] in
            guard let self, firstByte == nil else { return }
            timeOut("no answer in time")
        }
        .keep(in: &timers)
    }

    func noteWritten() { if !hasEnded { written = clock() } }

    // MARK: - In

    func noteFirstByte() {
        guard firstByte == nil, isWriting else { return }
        firstByte = clock()
        roundTrip = connection?.roundTrip
    }

    func take(_ head: HTTPResponseHead) {
        noteFirstByte()
        self.head = head
        if !exchange.isStreamed, let length = head.headers.first(name: "content-length").flatMap(Int.init) {
            body.reserveCapacity(min(length, min(exchange.maximumBody, 1 << 20)))
        }
    }

    /// `false`: more than the bound came, and the exchange has ended.
    func take(_ part: ByteBuffer) -> Bool {
        received += part.readableBytes
        guard received <= exchange.maximumBody else {
            breakOff("the answer is longer than \(exchange.maximumBody) bytes")
            return false
        }
        guard exchange.isStreamed else {
            body.append(contentsOf: part.readableBytesView)
            return true
        }
        var part = part
        while part.readableBytes > 0 {
            let bytes = part.readBytes(length: min(part.readableBytes, HTTPExchange.partBytes)) ?? []
            waiting += 1
            observer.receive(bytes)
        }
        if waiting >= HTTPExchange.waitingParts, !isPaused {
            isPaused = true
            connection?.setReading(false)
        }
        return true
    }

    func consumed(_ parts: Int) {
        waiting = max(0, waiting - parts)
        if isPaused, waiting <= HTTPExchange.waitingParts / 2 {
            isPaused = false
            connection?.setReading(true)
        }
    }

    // MARK: - The end

    func complete() { end(.done, nil) }

    /// Nothing more will come. What was known so far decides what it was.
    func breakOff(_ text: String) {
        if !isWriting { return end(.neverSent, text) }
        end(firstByte == nil ? .sentNoReply : .replyTruncated, text)
    }

    func fail(_ result: SendResult, _ text: String) { end(result, text) }

    private func end(_ result: SendResult, _ text: String?) {
        guard !hasEnded else { return }
        hasEnded = true
        for timer in timers { timer.cancel() }
        timers = []
        if isPaused { connection?.setReading(true) }
        connection = nil
        var outcome = HTTPOutcome(result, done: clock(), text: text)
        (outcome.written, outcome.firstByte, outcome.roundTrip) = (written, firstByte, roundTrip)
        if let head {
            outcome.status = Int(head.status.code)
            outcome.headers = head.headers.map { (name: $0.name.lowercased(), value: $0.value) }
        }
        if !exchange.isStreamed { outcome.body = body }
        body = []
        observer.end(outcome)
    }
}

extension Scheduled where T == Void {
    fileprivate func keep(in timers: inout [Scheduled<Void>]) { timers.append(self) }
}
