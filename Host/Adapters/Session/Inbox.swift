import Domain
import NIOConcurrencyHelpers

/// What waits for a lane. Everything here is touched under the session's inbox lock.
struct Inbox: Sendable {
    /// A pointer's size each: a queue moves its elements several times.
    enum Command: Sendable {
        case submit(PreparedOrder)
        indirect case modify(ModifyCommand)
        indirect case cancel(CancelCommand)
        indirect case cancelAll(CancelAllCommand)
        indirect case lookUp(LookupCommand)
        case query(QueryOperation)
        indirect case open(LifecycleRequest)
        case close
    }
    struct Entry: Sendable {
        var command: Command
        /// Monotonic instant of queueing.
        var queued: Int64
    }

    /// Cancels and the end of the session: they overtake everything.
    var urgent = LaneQueue<Entry>()
    var normal = LaneQueue<Entry>()
    /// Submits among `normal`: while there are none, no cancel needs to look for its own order's submit.
    var queuedSubmits = 0
    var quotes: [InstrumentIndex: Quote] = [:]
    var quoteOrder = LaneQueue<InstrumentIndex>()
    var candles = LaneQueue<(instrument: InstrumentIndex, candle: Candle)>()
    var watched: Set<InstrumentIndex> = []
    /// Whether the scheduler has been told, or the lane is having its turn.
    var isScheduled = false
    /// `close` was asked for: nothing but what is queued is taken any more.
    var isClosing = false
    var droppedCandles: UInt64 = 0
    /// Counts withdrawals; those since the last `take` concern what the lane has in its hands.
    var withdrawals: UInt64 = 0
    private var withdrawnIDs: Set<UInt64> = []
    private var withdrewAll = false

    var hasCommands: Bool { !urgent.isEmpty || !normal.isEmpty }
    var hasPrices: Bool { !quoteOrder.isEmpty || !candles.isEmpty }

    /// Takes up to `limit` commands: every urgent one first, then at most `room` others.
    ///
    /// A cancel whose own submit still waits goes behind it: the adapter would not know the order. Returns the number
    /// of withdrawals so far: later ones concern what was taken now.
    mutating func take(_ limit: Int, room: Int, into taken: inout [Entry]) -> UInt64 {
        isScheduled = true
        if withdrewAll || !withdrawnIDs.isEmpty {
            withdrewAll = false
            withdrawnIDs.removeAll()
        }
        var count = 0
        if !urgent.isEmpty, queuedSubmits > 0 { deferCancelsOfQueuedOrders() }
        while count < limit, let entry = urgent.popFirst() {
            taken.append(entry)
            count += 1
        }
        var room = room
        while count < limit, room > 0, let entry = normal.popFirst() {
            if case .submit = entry.command { queuedSubmits -= 1 }
            taken.append(entry)
            count += 1
            room -= 1
        }
        return withdrawals
    }

    /// Takes submits out of the queue and notes the wish for those in the lane's hands. `nil` = all.
    mutating func withdraw(_ ids: Set<UInt64>?) -> [UInt64] {
        withdrawals &+= 1
        if let ids { withdrawnIDs.formUnion(ids) } else { withdrewAll = true }
        guard queuedSubmits > 0 else { return [] }
        return removeNormal { command in
            guard case .submit(let submit) = command else { return false }
            return ids?.contains(submit.id) ?? true
        }
        .compactMap { entry in
            guard case .submit(let submit) = entry.command else { return nil }
            return submit.id
        }
    }

    /// Takes back what the lane had no time for, in front of everything of its kind. Returns what was withdrawn meanwhile.
    mutating func putBack(_ entries: some Collection<Entry>) -> [Entry] {
        var (overtaking, others, withdrawn): ([Entry], [Entry], [Entry]) = ([], [], [])
        for entry in entries {
            switch entry.command {
            case .submit(let order) where isWithdrawn(order.id): withdrawn.append(entry)
            case .submit:
                queuedSubmits += 1
                others.append(entry)
            case .cancel, .cancelAll, .close: overtaking.append(entry)
            default: others.append(entry)
            }
        }
        urgent.prepend(overtaking)
        normal.prepend(others)
        return withdrawn
    }

    func isWithdrawn(_ id: UInt64) -> Bool { withdrewAll || withdrawnIDs.contains(id) }

    private mutating func deferCancelsOfQueuedOrders() {
        var waiting: Set<ClientOrderID> = []
        for case .submit(let order) in normal.waiting.lazy.map(\.command) { waiting.insert(order.clientOrderID) }
        let deferred = urgent.removeAll { entry in
            guard case .cancel(let cancel) = entry.command, let id = cancel.reference.clientOrderID else {
                return false
            }
            return waiting.contains(id)
        }
        for entry in deferred { normal.append(entry) }
    }

    /// Takes out every command that waits in `normal` and passes the test.
    mutating func removeNormal(where shouldRemove: (Command) -> Bool) -> [Entry] {
        let removed = normal.removeAll { shouldRemove($0.command) }
        for case .submit in removed.lazy.map(\.command) { queuedSubmits -= 1 }
        return removed
    }
}

/// A wish to open the session, and who hears how it went.
struct LifecycleRequest: Sendable {
    var deadline: Int64
    var completion: (@Sendable (Result<Void, QueryFailure>) -> Void)?
}

/// The inbox behind its lock, shared by the session's face and its core.
final class LaneInbox: Sendable {
    private let box = NIOLockedValueBox(Inbox())

    @inline(__always)
    func withLock<Result>(_ body: (inout Inbox) -> Result) -> Result { box.withLockedValue(body) }
}
