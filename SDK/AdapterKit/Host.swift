import CSluice

/// What the host does for one session. An adapter gets it at creation and keeps it.
///
/// Every function may be called from within one of the adapter's own methods (a *lane call*) only; at any other time the
/// host refuses with `.wrongLane` and nothing happens. `Host` is not `Sendable`, so the compiler keeps it on the lane.
/// Nothing calls back into the adapter before a function returns.
public final class Host {
    // One lane call at a time, and the host calls nothing back: no access of these can overlap with another, and the check
    // of it at run time would be a tenth of what a request costs.
    // A pointer to a C table, never a copy of it: metadata of imported C structs must not be needed at run time.
    @exclusivity(unchecked) private var table: UnsafePointer<sluice_host>?
    let scratch: UnsafeMutablePointer<Scratch>
    @exclusivity(unchecked) private var endedByHost = RecentTokens()
    /// The host's services, once they were asked for.
    @exclusivity(unchecked) var services: UnsafePointer<sluice_services>?
    @exclusivity(unchecked) var handlers = AnswerHandlers()
    /// The memory of the last request, for the next.
    @exclusivity(unchecked) var spareRequest: RequestStorage?

    init(_ table: UnsafePointer<sluice_host>) {
        self.table = table
        scratch = .allocate(capacity: 1)
        scratch.initialize(to: Scratch())
    }

    deinit {
        scratch.pointee.free()
        scratch.deinitialize(count: 1)
        scratch.deallocate()
    }

    /// The session is gone: whatever still holds this host gets `.state` from now on.
    func detach() {
        table = nil
        services = nil
        handlers = AnswerHandlers()  // they hold the adapter, which holds this
    }

    /// Calls one host function with fresh scratch memory.
    @inline(__always)
    func call(_ body: (UnsafePointer<sluice_host>, UnsafeMutablePointer<Scratch>) -> Int32) -> HostStatus {
        guard let table else { return .state }
        scratch.pointee.reset()
        return HostStatus(rawValue: body(table, scratch))
    }

    /// The same, for functions that yield something.
    @inline(__always)
    func yield<Value>(
        _ initial: Value, _ body: (UnsafePointer<sluice_host>, inout Value) -> Int32
    ) throws(HostError) -> Value {
        var value = initial
        let status = call { table, _ in body(table, &value) }
        guard status.isOK else { throw HostError(status: status) }
        return value
    }
}

// MARK: - Logs, metrics, clock, chance

extension Host {
    /// Writes one line to the operator's log. `text` is a constant sentence; facts go in `fields`. No secret belongs here.
    ///
    /// Lines over the manifest's log rate are dropped and counted.
    public func log(_ level: LogLevel, _ text: StaticString, _ fields: KeyValuePairs<String, String> = [:]) {
        _ = call { table, scratch in
            table.pointee.log(table, level.rawValue, scratch.pointee.text(text), scratch.pointee.fields(fields))
            return SLUICE_OK
        }
    }

    /// The wall clock, frozen during one lane call.
    public var now: Timestamp {
        guard let table else { return Timestamp(nanoseconds: 0) }
        return Timestamp(nanoseconds: table.pointee.now(table))
    }

    /// Bytes from the system's cryptographic source (from the seed in replay). At most 4,096 a call.
    public func random(_ count: Int) throws(HostError) -> [UInt8] {
        guard count >= 0, count <= 4096 else { throw HostError(status: .invalid) }
        return try yield([UInt8](repeating: 0, count: count)) { table, bytes in
            bytes.withUnsafeMutableBufferPointer { table.pointee.random(table, $0.baseAddress, UInt64($0.count)) }
        }
    }

    /// Counts or measures something for the operator. `name` is [a-z0-9_]{1,64}; at most 256 names a session.
    @discardableResult
    public func metric(_ name: StaticString, _ kind: MetricKind, _ value: Int64) -> HostStatus {
        call { table, scratch in table.pointee.metric(table, scratch.pointee.text(name), kind.rawValue, value) }
    }
}

// MARK: - Timers

/// A timer that is waiting. `onTimer` names it when its time has come.
public struct TimerID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

extension Host {
    /// Asks for one `onTimer(_:tag:)` after a monotonic delay. At most 4,096 timers wait (`.quota`).
    @discardableResult
    public func timer(afterNanoseconds delay: Int64, tag: UInt64) throws(HostError) -> TimerID {
        TimerID(rawValue: try yield(0) { table, timer in table.pointee.timer_after(table, delay, tag, &timer) })
    }

    /// Asks for one `onTimer(_:tag:)` at a wall time. At most 4,096 timers wait (`.quota`).
    @discardableResult
    public func timer(at time: Timestamp, tag: UInt64) throws(HostError) -> TimerID {
        TimerID(
            rawValue: try yield(0) { table, timer in
                table.pointee.timer_at(table, time.nanoseconds, tag, &timer)
            })
    }

    /// Takes a timer back. `.notFound`: it has fired, or never was.
    @discardableResult
    public func cancelTimer(_ timer: TimerID) -> HostStatus {
        call { table, _ in table.pointee.timer_cancel(table, timer.rawValue) }
    }
}

// MARK: - Prices and the session

extension Host {
    /// Begins or ends the flow of `onQuote` and `onCandle` for an instrument, by its canonical id.
    ///
    /// Where the host already has a price, an `onQuote` follows as soon as the current call has returned. Needs
    /// `Capabilities.consumesPrices`. At most 100,000 instruments a session.
    public func watchPrices(of instrumentID: String, _ on: Bool = true) throws(HostError) {
        let status = call { table, scratch in
            table.pointee.watch_prices(table, scratch.pointee.text(instrumentID), on ? 1 : 0)
        }
        guard status.isOK else { throw HostError(status: status) }
    }

    /// Reports where the session stands. `expiresAt`: when the login ends, if known.
    @discardableResult
    public func sessionState(
        _ state: SessionState, expiresAt: Timestamp? = nil, error: AdapterError? = nil
    ) -> HostStatus {
        call { table, scratch in
            table.pointee.session_state(
                table, state.rawValue, scratch.pointee.time(expiresAt), scratch.pointee.error(error))
        }
    }
}

// MARK: - Reports

extension Host {
    /// Reports of more than this many elements travel in several host calls.
    static let chunk = 1000

    /// News of orders, in any order and multiplicity: the host makes the same final state of them.
    @discardableResult
    public func orderUpdate(_ updates: [OrderUpdate]) -> HostStatus {
        inChunks(updates) { table, scratch, chunk in
            table.pointee.order_update(table, scratch.pointee.orderUpdates(chunk))
        }
    }

    /// News of executions, in any order and multiplicity. Only these move positions.
    @discardableResult
    public func tradeUpdate(_ updates: [TradeUpdate]) -> HostStatus {
        inChunks(updates) { table, scratch, chunk in
            table.pointee.trade_update(table, scratch.pointee.tradeUpdates(chunk))
        }
    }

    /// Calls `body` for each run of at most `chunk` elements, and stops at the first that the host refuses.
    func inChunks<Element>(
        _ elements: [Element],
        _ body: (UnsafePointer<sluice_host>, UnsafeMutablePointer<Scratch>, [Element]) -> Int32
    ) -> HostStatus {
        inChunks(elements) { chunk in
            let whole = chunk.count == elements.count ? elements : Array(chunk)
            return call { table, scratch in body(table, scratch, whole) }
        }
    }

    /// The same for whatever hands a chunk to the host.
    func inChunks<Element>(_ elements: [Element], _ send: (ArraySlice<Element>) -> HostStatus) -> HostStatus {
        var rest = elements[...]
        while !rest.isEmpty {
            let status = send(rest.prefix(Host.chunk))
            guard status.isOK else { return status }
            rest = rest.dropFirst(Host.chunk)
        }
        return .ok
    }
}

// MARK: - Completions

extension Host {
    /// Remembers that the host ended this command itself, so that a late answer to it is not taken for a fault.
    func noteEndedByHost(_ token: UInt64) { endedByHost.insert(token) }

    /// The host did not know the token of a completion. Late answers are normal; a second completion is a fault.
    @inline(never)
    func noteStrayCompletion(_ token: UInt64) {
        if endedByHost.contains(token) {
            log(.debug, "Answer came after the host had ended the command", ["token": String(token)])
        } else {
            log(.error, "Adapter fault: a command was completed twice or is not open", ["token": String(token)])
        }
    }
}

/// The last tokens that the host ended on its own. Bounded: of more than 256 the oldest are forgotten, and an answer
/// later than that is logged as a fault.
private struct RecentTokens {
    private var tokens: [UInt64] = []
    private var next = 0

    mutating func insert(_ token: UInt64) {
        if tokens.count < 256 {
            tokens.append(token)
        } else {
            tokens[next] = token
            next = (next + 1) % 256
        }
    }

    func contains(_ token: UInt64) -> Bool { tokens.contains(token) }
}
