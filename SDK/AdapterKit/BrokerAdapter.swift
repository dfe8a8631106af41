/// A broker adapter: a pure translator that the host calls on one session's *lane*, that is, never concurrently.
///
/// Write a final class, declare in `descriptor` what it can do, and implement the methods of what you declared; the
/// others have answers already. Each command is ended exactly once, now or later, by one of `Command`'s methods. Methods
/// are pure computation (soft budget 2 ms): no sockets, files, threads, clocks, sleeping or waiting.
///
/// What the host passes (`Order`, `OrderReference`, ...) is a view that lives until the method returns; the compiler
/// refuses to store it. Copy what you keep.
public protocol BrokerAdapter: AnyObject {
    /// Who the adapter is and what it can do.
    static var descriptor: Descriptor { get }

    /// A sentence for a raw broker code, where you know one.
    static func explain(brokerCode: String) -> StaticString?

    /// Makes a session. Read the options here; no host function may be called before `open`.
    init(host: Host, options: SessionOptions) throws(AdapterFailure)

    /// Begins the login. `Host.sessionState` reports the way to ready. By itself: ready at once.
    func open(_ command: Command)
    /// Ends the login. Commands still open are ended within 5 s; then the host ends them. By itself: closed at once.
    func close(_ command: Command)

    /// Places one order.
    func submit(_ order: Order, _ command: Command)
    /// Places several, each with its own command. By itself: one `submit` each.
    func submitBatch(_ orders: OrderBatch)
    /// Changes a live order. Accepted: the order now carries `changes.clientReference`. A race lost against a fill or a
    /// cancel is a reject with `.notFound` or `.alreadyFinal`.
    func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command)
    /// Cancels a live order. Accepted: the broker took the request; `.canceled` follows by `Host.orderUpdate`.
    func cancel(_ reference: OrderReference, _ command: Command)
    /// Cancels every live order that the filter matches.
    func cancelAll(_ filter: Filter, _ command: Command)
    /// Says what the broker would make of these orders, without placing them: `send(margins:)`, then `ok()`.
    func preview(_ orders: OrderBasket, _ command: Command)
    /// Reads: rows by `Command.send`, then `ok(nextCursor:)`.
    func query(_ kind: QueryKind, _ filter: Filter, _ command: Command)
    /// Looks orders up at the broker. Each command ends in `found` (after the order's trade updates), `provenAbsent` or
    /// `indeterminate`.
    func reconcile(_ items: ReconcileItems)

    /// A timer asked for by `Host.timer`.
    func onTimer(_ timer: TimerID, tag: UInt64)
    /// A price of a watched instrument. May be conflated to the latest.
    func onQuote(_ quote: Quote)
    /// A finished bar of a watched instrument. Never conflated.
    func onCandle(_ candle: Candle)
    /// The host ended this command itself, on its deadline. Nothing more is expected for it.
    func onCancelled(token: UInt64)
}

extension BrokerAdapter {
    public static func explain(brokerCode: String) -> StaticString? { nil }

    public func open(_ command: Command) {
        command.host.sessionState(.ready)
        command.ok()
    }

    public func close(_ command: Command) {
        command.host.sessionState(.closed)
        command.ok()
    }

    public func submitBatch(_ orders: OrderBatch) {
        orders.each { order, command in submit(order, command) }
    }

    // What is declared and not written answers that it is missing: nothing left the machine, and the operator sees why.

    public func submit(_ order: Order, _ command: Command) { command.notSent(.missing("submit")) }

    public func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        command.notSent(.missing("modify"))
    }

    public func cancel(_ reference: OrderReference, _ command: Command) { command.notSent(.missing("cancel")) }

    public func cancelAll(_ filter: Filter, _ command: Command) { command.notSent(.missing("cancelAll")) }

    public func preview(_ orders: OrderBasket, _ command: Command) { command.notSent(.missing("preview")) }

    public func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) { command.notSent(.missing("query")) }

    public func reconcile(_ items: ReconcileItems) {
        items.each { _, command in command.indeterminate(.missing("reconcile")) }
    }

    public func onTimer(_ timer: TimerID, tag: UInt64) {}
    public func onQuote(_ quote: Quote) {}
    public func onCandle(_ candle: Candle) {}
    public func onCancelled(token: UInt64) {}
}

extension AdapterError {
    static func missing(_ method: String) -> AdapterError {
        AdapterError(.unsupported, "the adapter declares \(method) and does not implement it")
    }
}
