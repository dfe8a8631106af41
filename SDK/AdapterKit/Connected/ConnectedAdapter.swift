/// An adapter that talks to a broker: it says what it wants sent, the host sends it and brings the answers.
///
/// Beyond `BrokerAdapter` it declares whom it talks to (`connections`) and implements the methods of what it declared; the
/// others have answers already. Requests and their answers meet in `Host.send(_:then:)`; what comes without being asked
/// for arrives here.
public protocol ConnectedAdapter: BrokerAdapter {
    /// Whom it talks to, with what, and what more it can do.
    static var connections: Connections { get }

    /// A person answered the challenge of the login. The session goes on to opening, then ready or failed.
    func authReply(_ answer: ChallengeAnswer, _ command: Command)
    /// An answer to a question of `Host.ask`; `token` is the command's, which the adapter has kept.
    func commandReply(token: UInt64, question: String, option: String)
    /// Changes several orders. By itself: one `modify` each.
    func modifyBatch(_ items: ModifyBatch)
    /// Cancels several orders. By itself: one `cancel` each.
    func cancelBatch(_ items: CancelBatch)
    /// Adds to what the session streams, or changes its mode.
    func subscribe(_ instruments: InstrumentList, _ mode: SubscriptionMode, _ command: Command)
    /// Takes from what the session streams.
    func unsubscribe(_ instruments: InstrumentList, _ command: Command)
    /// A declared call by name; `arguments` is a JSON object that the host validated. Ends with `ok(document:)`.
    func vendorCall(_ name: String, _ arguments: String, _ command: Command)

    /// A frame of a WebSocket.
    func onFrame(_ stream: StreamID, _ kind: FrameKind, _ payload: Bytes)
    /// Bytes of a TCP or TLS stream, cut anywhere.
    func onBytes(_ stream: StreamID, _ payload: Bytes)
    /// Where a WebSocket or stream stands. `httpStatus`: of a refused upgrade, else 0.
    func onStream(_ stream: StreamID, _ state: StreamState, httpStatus: Int, reason: String?)
    /// What became of a frame: once for each that was taken.
    func onSent(_ transport: Transport)
    /// A call that the broker made to us. Not to be trusted before its signature was checked.
    func onWebhook(_ webhook: Webhook)
    /// An account's config as it is from now on: a JSON object.
    func onConfig(account: Int, _ config: String)
}

extension ConnectedAdapter {
    // What is declared and not written answers that it is missing: nothing left the machine, and the operator sees why.

    public func authReply(_ answer: ChallengeAnswer, _ command: Command) { command.notSent(.missing("authReply")) }

    public func commandReply(token: UInt64, question: String, option: String) {}

    public func modifyBatch(_ items: ModifyBatch) {
        items.each { reference, changes, command in modify(reference, changes, command) }
    }

    public func cancelBatch(_ items: CancelBatch) {
        items.each { reference, command in cancel(reference, command) }
    }

    public func subscribe(_ instruments: InstrumentList, _ mode: SubscriptionMode, _ command: Command) {
        command.notSent(.missing("subscribe"))
    }

    public func unsubscribe(_ instruments: InstrumentList, _ command: Command) {
        command.notSent(.missing("unsubscribe"))
    }

    public func vendorCall(_ name: String, _ arguments: String, _ command: Command) {
        command.notSent(.missing("vendorCall"))
    }

    public func onFrame(_ stream: StreamID, _ kind: FrameKind, _ payload: Bytes) {}
    public func onBytes(_ stream: StreamID, _ payload: Bytes) {}
    public func onStream(_ stream: StreamID, _ state: StreamState, httpStatus: Int, reason: String?) {}
    public func onSent(_ transport: Transport) {}
    public func onWebhook(_ webhook: Webhook) {}
    public func onConfig(account: Int, _ config: String) {}
}

/// How much of an instrument's prices is streamed.
public enum SubscriptionMode: UInt32, Sendable {
    /// The last price.
    case last = 1
    /// Best bid and ask, volume, the day's prices.
    case quote
    /// The book's levels too.
    case depth
}
