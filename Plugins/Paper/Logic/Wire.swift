import AdapterKit

/// What a client has asked of one account, with all it needs to be done later.
enum Request {
    case submit(Ticket, InstrumentTerms)
    case modify(OrderIdentity, Revision, unsupported: AdapterError?)
    case cancel(OrderIdentity)
    case cancelAll(instrumentID: String?)
}

/// The way from the client to the simulated broker of one account: with an acknowledgement delay, requests travel for that long and
/// arrive in the order in which they were sent.
///
/// A request on the wire is neither accepted nor lost, so a look-up of its order says *indeterminate*. At most
/// `Wire.most` travel at a time; one more is refused at once. They live in memory only: what a crash takes from the wire
/// never reached the broker, and a look-up after the restart says so truly.
struct Wire {
    struct Traveller {
        var arrivesAt: Timestamp
        var request: Request
        var command: Command
        /// What it meets where it arrives.
        var hit: FaultPlan.Hit?
    }

    static let most = 10_000

    private var queue = Queue<Traveller>()
    /// References of submits on the wire.
    private var references: Set<ClientReference> = []

    var isFull: Bool { queue.count >= Self.most }
    var nextArrival: Timestamp? { queue.first?.arrivesAt }

    mutating func send(_ traveller: Traveller) {
        var traveller = traveller
        if let last = latestArrival, last > traveller.arrivesAt { traveller.arrivesAt = last }  // nobody overtakes
        latestArrival = traveller.arrivesAt
        if case .submit(let ticket, _) = traveller.request, let reference = ticket.reference {
            references.insert(reference)
        }
        queue.append(traveller)
    }

    private var latestArrival: Timestamp?

    /// The next request that has arrived by `now`; `nil`: none.
    mutating func receive(by now: Timestamp) -> Traveller? {
        guard let first = queue.first, first.arrivesAt <= now, let traveller = queue.removeFirst() else { return nil }
        if case .submit(let ticket, _) = traveller.request, let reference = ticket.reference {
            references.remove(reference)
        }
        return traveller
    }

    /// Whether a submit with this reference is on its way.
    func carries(_ reference: ClientReference) -> Bool { references.contains(reference) }
}
