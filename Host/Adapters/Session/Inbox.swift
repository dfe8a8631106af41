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
        case service(ServiceCall)
        case close
    }
    struct Entry: Sendable {
        var command: Command
        /// Monotonic instant of queueing.
        var queued: Int64
        /// It waited for a unit of its rate limit and has it.
        var isPaid = false
    }

    /// Cancels and the end of the session: they overtake everything.
    var urgent = LaneQueue<Entry>()
    var normal = LaneQueue<Entry>()
    /// Submits among `normal`: while there are none, no cancel needs to look for its own order's submit.
    var queuedSubmits = 0
    /// Commands that wait for a unit of a rate limit, by the number under which the bucket knows them.
    private(set) var parked: [UInt64: Entry] = [:]
    private(set) var parkedCancels = 0
    /// Cancels of orders whose submit is parked: the adapter would not know the order yet.
    private var behind: [ClientOrderID: [Entry]] = [:]
    var quotes: [InstrumentIndex: Quote] = [:]
    var quoteOrder = LaneQueue<InstrumentIndex>()
    var candles = LaneQueue<(instrument: InstrumentIndex, candle: Candle)>()
    var watched: Set<InstrumentIndex> = []
    /// What has come from the network.
    var arrivals = LaneQueue<NetworkEvent>()
    /// The session has ended: nothing arrives any more.
    var isOver = false
    /// Whether the scheduler has been told, or the lane is having its turn.
    var isScheduled = false
    /// `close` was asked for: nothing but what is queued is taken any more.
    var isClosing = false
    var droppedCandles: UInt64 = 0
    /// Ids of the submits that the lane took last, in its order: those beyond what it has claimed for the adapter can still
    /// be taken back.
    private var hands: [UInt64] = []
    /// Taken back from the lane's hands, since it took them.
    private var withdrawnHands: Set<UInt64> = []

    var hasCommands: Bool { !urgent.isEmpty || !normal.isEmpty }
    var hasPrices: Bool { !quoteOrder.isEmpty || !candles.isEmpty }

    /// Takes up to `limit` commands: every urgent one first, then at most `room` others.
    ///
    /// A cancel whose own submit still waits goes behind it: the adapter would not know the order. The lane claims each
    /// submit before it gives it to the adapter, in the order in which it took them.
    mutating func take(_ limit: Int, room: Int, into taken: inout [Entry], _ shared: SessionShared) {
        isScheduled = true
        emptyHands(shared)
        if !parked.isEmpty, !urgent.isEmpty { deferCancelsOfParkedOrders() }
        var count = 0
        if !urgent.isEmpty, queuedSubmits > 0 { deferCancelsOfQueuedOrders() }
        while count < limit, let entry = urgent.popFirst() {
            taken.append(entry)
            count += 1
        }
        var room = room
        while count < limit, room > 0, let entry = normal.popFirst() {
            if case .submit(let order) = entry.command {
                queuedSubmits -= 1
                hands.append(order.id)
            }
            taken.append(entry)
            count += 1
            room -= 1
        }
    }

    /// From here on a withdrawal finds nothing in the lane's hands.
    mutating func emptyHands(_ shared: SessionShared) {
        hands.removeAll(keepingCapacity: true)
        if !withdrawnHands.isEmpty { withdrawnHands.removeAll() }
        shared.store(.claimed, 0)
    }

    /// Whether the adapter may be given a submit of the lane's hands, once a withdrawal has frozen the count.
    mutating func claim(_ id: UInt64, _ shared: SessionShared) -> Bool {
        shared.increment(.claimed)
        return !withdrawnHands.contains(id)
    }

    /// Takes submits out of the queue, out of the wait for a rate limit, and out of the lane's hands as far as it has not
    /// claimed them for the adapter. `nil` = all. None of the ids returned is ever given to the adapter.
    mutating func withdraw(_ ids: Set<UInt64>?, _ shared: SessionShared) -> [UInt64] {
        func isMeant(_ command: Command) -> Bool {
            guard case .submit(let submit) = command else { return false }
            return ids?.contains(submit.id) ?? true
        }
        var withdrawn: [UInt64] = []
        if !hands.isEmpty {
            let claimed = min(hands.count, Int(clamping: shared.freeze(.claimed)))
            for id in hands[claimed...] where ids?.contains(id) ?? true && withdrawnHands.insert(id).inserted {
                withdrawn.append(id)
            }
        }
        var removed = queuedSubmits > 0 ? removeNormal(where: isMeant) : []
        if !parked.isEmpty {
            let numbers = parked.filter { isMeant($0.value.command) }.keys.sorted()
            removed += numbers.compactMap { unpark($0) }
        }
        return withdrawn
            + removed.compactMap { entry in
                guard case .submit(let submit) = entry.command else { return nil }
                return submit.id
            }
    }

    /// Takes back what the lane had no time for, in front of everything of its kind; what was withdrawn meanwhile is gone.
    mutating func putBack(_ entries: some Collection<Entry>, _ shared: SessionShared) {
        var (overtaking, others): ([Entry], [Entry]) = ([], [])
        for entry in entries {
            switch entry.command {
            case .submit(let order) where withdrawnHands.contains(order.id): break
            case .submit:
                queuedSubmits += 1
                others.append(entry)
            case .cancel, .cancelAll, .close: overtaking.append(entry)
            default: others.append(entry)
            }
        }
        emptyHands(shared)
        urgent.prepend(overtaking)
        normal.prepend(others)
    }

    // MARK: - Waiting for a rate limit

    mutating func park(_ number: UInt64, _ entry: Entry, isCancel: Bool) {
        parked[number] = entry
        if isCancel { parkedCancels += 1 }
    }

    /// Takes a parked command into the lane's hands; `nil`: it was withdrawn. Cancels that stood behind it come next.
    mutating func unpark(_ number: UInt64) -> Entry? {
        guard let entry = parked.removeValue(forKey: number) else { return nil }
        switch entry.command {
        case .cancel, .cancelAll: parkedCancels -= 1
        case .submit(let order):
            if let cancels = behind.removeValue(forKey: order.clientOrderID) {
                parkedCancels -= cancels.count
                urgent.prepend(cancels)
            }
        default: break
        }
        return entry
    }

    /// Everything parked, in the order in which it came, and nothing is left.
    mutating func takeParked() -> [Entry] {
        let entries = parked.sorted { $0.key < $1.key }.map(\.value)
        for number in parked.keys { _ = unpark(number) }
        return entries
    }

    private mutating func deferCancelsOfParkedOrders() {
        var waiting: Set<ClientOrderID> = []
        for case .submit(let order) in parked.values.lazy.map(\.command) { waiting.insert(order.clientOrderID) }
        guard !waiting.isEmpty else { return }
        let deferred = urgent.removeAll { entry in
            guard case .cancel(let cancel) = entry.command else { return false }
            return cancel.reference.clientOrderID.map(waiting.contains) ?? false
        }
        for entry in deferred {
            guard case .cancel(let cancel) = entry.command, let id = cancel.reference.clientOrderID else { continue }
            behind[id, default: []].append(entry)
            parkedCancels += 1
        }
    }

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

    /// Whether the lane may give the adapter the next submit of those in its hands; from then on no withdrawal finds it.
    /// The lane asks for each of them, in the order in which it took them.
    @inline(__always)
    func claim(_ id: UInt64, _ shared: SessionShared) -> Bool {
        shared.claim(.claimed) || withLock { $0.claim(id, shared) }
    }
}
