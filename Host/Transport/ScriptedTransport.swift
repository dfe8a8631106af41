import NIOConcurrencyHelpers

/// A network without sockets, for simulations and tests: what is sent waits here until the test says what becomes of it.
/// Any thread; observers are called on the thread that answers.
package final class ScriptedTransport: Transport {
    /// One try of a request that nothing has happened to yet.
    package final class Pending: HTTPFlow {
        package let exchange: HTTPExchange
        private let observer: any HTTPObserver
        private let transport: ScriptedTransport
        private let state = NIOLockedValueBox<(message: HTTPMessage?, written: Moment?, consumed: Int)>((nil, nil, 0))

        fileprivate init(_ exchange: HTTPExchange, _ observer: any HTTPObserver, _ transport: ScriptedTransport) {
            (self.exchange, self.observer, self.transport) = (exchange, observer, transport)
        }

        /// What was written; `nil` before `write`.
        package var message: HTTPMessage? { state.withLockedValue { $0.message } }
        /// Parts that the session has used up.
        package var consumed: Int { state.withLockedValue { $0.consumed } }

        package func consumed(_ parts: Int) { state.withLockedValue { $0.consumed += parts } }

        /// Makes and writes the request. `nil`: it was taken back, and has ended.
        @discardableResult
        package func write() -> HTTPMessage? {
            do throws(NotSent) {
                let message = try observer.makeMessage(transport.now)
                state.withLockedValue { $0 = (message, transport.now, $0.consumed) }
                return message
            } catch {
                end(.neverSent, text: error.text)
                return nil
            }
        }

        package func part(_ bytes: [UInt8]) { observer.receive(bytes) }

        /// Ends it with an answer.
        package func answer(
            _ status: Int, _ body: String, headers: [(name: String, value: String)] = [], roundTrip: Int64? = nil
        ) {
            var outcome = HTTPOutcome(.done, done: transport.now)
            (outcome.status, outcome.headers, outcome.body) = (status, headers, Array(body.utf8))
            (outcome.written, outcome.firstByte) = (state.withLockedValue { $0.written }, transport.now)
            outcome.roundTrip = roundTrip
            observer.end(outcome)
        }

        package func end(
            _ result: SendResult, status: Int = 0, text: String? = nil, body: String = "",
            headers: [(name: String, value: String)] = []
        ) {
            var outcome = HTTPOutcome(result, done: transport.now, text: text)
            (outcome.headers, outcome.body) = (headers, Array(body.utf8))
            outcome.written = state.withLockedValue { $0.written }
            outcome.status = status
            observer.end(outcome)
        }
    }

    /// A link that does what the test says.
    package final class Link: SocketLink {
        package let specification: LinkSpecification
        package let observer: any LinkObserver
        private let transport: ScriptedTransport
        private let state = NIOLockedValueBox<(isOpen: Bool, isClosed: Bool, sent: [[UInt8]], failing: Bool)>(
            (false, false, [], false))

        fileprivate init(_ link: LinkSpecification, _ observer: any LinkObserver, _ transport: ScriptedTransport) {
            (specification, self.observer, self.transport) = (link, observer, transport)
        }

        package var sent: [[UInt8]] { state.withLockedValue { $0.sent } }
        package var isClosed: Bool { state.withLockedValue { $0.isClosed } }

        @discardableResult
        package func open() throws(NotSent) -> UpgradeMessage {
            let message = try observer.makeUpgrade(transport.now)
            state.withLockedValue { $0.isOpen = true }
            observer.linkIs(.open, status: 0, reason: "")
            return message
        }

        package func lose(_ reason: String) {
            state.withLockedValue { $0.isOpen = false }
            observer.linkIs(.lost, status: 0, reason: reason)
        }

        /// From now on frames leave in part.
        package func breakSending() { state.withLockedValue { $0.failing = true } }

        package func receive(_ kind: FrameKind, _ text: String) { observer.linkReceived(kind, Array(text.utf8)) }

        package func send(_ frame: any FrameObserver) {
            let now = transport.now
            guard state.withLockedValue({ $0.isOpen }) else {
                return frame.end(.neverSent, written: nil, done: now, text: "the connection is not open")
            }
            do throws(NotSent) {
                let made = try frame.makeFrame(now)
                let isFailing = state.withLockedValue { state in
                    state.sent.append(made.payload)
                    return state.failing
                }
                frame.end(
                    isFailing ? .sentNoReply : .done, written: now, done: now, text: isFailing ? "broken" : nil)
            } catch {
                frame.end(.neverSent, written: nil, done: now, text: error.text)
            }
        }

        package func close(code: UInt16, reason: String) {
            let isFirst = state.withLockedValue { state in
                defer { (state.isOpen, state.isClosed) = (false, true) }
                return !state.isClosed
            }
            if isFirst { observer.linkIs(.closed, status: 0, reason: reason) }
        }

        package func consumed(_ frames: Int) {}
    }

    private let clock: @Sendable () -> Moment
    private let state = NIOLockedValueBox<(pending: [Pending], links: [Link])>(([], []))

    package init(clock: @escaping @Sendable () -> Moment) { self.clock = clock }

    package var now: Moment { clock() }
    /// Every try so far, oldest first.
    package var requests: [Pending] { state.withLockedValue { $0.pending } }
    package var links: [Link] { state.withLockedValue { $0.links } }

    package func send(_ exchange: HTTPExchange, _ observer: any HTTPObserver) -> any HTTPFlow {
        let pending = Pending(exchange, observer, self)
        state.withLockedValue { $0.pending.append(pending) }
        return pending
    }

    package func open(_ link: LinkSpecification, _ observer: any LinkObserver) -> any SocketLink {
        let made = Link(link, observer, self)
        state.withLockedValue { $0.links.append(made) }
        return made
    }
}
