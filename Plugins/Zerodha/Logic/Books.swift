import AdapterKit
import Exact

/// What the adapter remembers between two readings of the broker's books, all of it within bounds.
struct Books {
    /// Orders of ours by the broker's id: trades name no tag.
    private var known: [String: Known] = [:]
    /// Orders that the broker cut.
    var slices = Slices()
    /// Whether orders of ours may still move, so that the books have to be read again.
    var mayMove = false
    /// Units a lot by alias, as positions tell where the list does not (FACTS.md §10).
    private var lots: [String: ExactDecimal] = [:]
    private var lotsAskedAt: Timestamp?
    /// Rows that could not be understood and were told to the operator: once each.
    private var told: Set<String> = []
    /// Until then the broker may have orders of ours under ids that nobody knows.
    private var unnamedUntil = Timestamp(nanoseconds: .min)
    /// One reading at a time; a wish that comes meanwhile makes one more.
    var isReading = false
    var isWantedAgain = false
    var timer: TimerID?

    /// A day has 5,000 orders (FACTS.md §7); of more the memory starts anew, and the book tells them again.
    static let most = 20_000
    /// How often the broker lets one order be modified (FACTS.md §3.4).
    static let mostModifications = 25
    /// How often each order was; what went before this process is not known, and the broker refuses by itself.
    private var modifications: [String: Int] = [:]

    func mayModify(_ orderID: String) -> Bool { modifications[orderID, default: 0] < Self.mostModifications }

    mutating func countModification(_ orderID: String) {
        if modifications.count >= Self.most { modifications.removeAll() }
        modifications[orderID, default: 0] += 1
    }

    private struct Known {
        let reference: ClientReference
        /// Until when it counts as open, whatever the book lacks: without end once the book has shown it live.
        var openUntil: Timestamp
    }

    /// Whose reference an order of the broker's carries.
    func reference(of orderID: String) -> ClientReference? {
        known[orderID]?.reference ?? slices.family(of: orderID)?.reference
    }

    /// The broker accepted it. Its book may lack it for a while.
    mutating func accepted(_ orderID: String, _ reference: ClientReference, hiddenUntil: Timestamp) {
        remember(orderID, reference, openUntil: hiddenUntil)
    }

    /// The broker may have an order of ours under an id that nobody knows yet.
    mutating func mayHaveMore(until: Timestamp) { unnamedUntil = max(unnamedUntil, until) }

    /// The broker shows them.
    mutating func remember(_ records: [OrderRecord]) {
        for record in records {
            let openUntil = Timestamp(nanoseconds: record.isFinal ? .min : .max)
            if let reference = record.clientReference {
                remember(record.orderID, reference, openUntil: openUntil)
            } else {
                known[record.orderID]?.openUntil = openUntil
            }
        }
    }

    private mutating func remember(_ orderID: String, _ reference: ClientReference, openUntil: Timestamp) {
        guard !reference.isAbsent else { return }
        if known.count >= Self.most { known.removeAll() }
        known[orderID] = Known(reference: reference, openUntil: openUntil)
    }

    /// Whether an order of ours is open as far as is known, though the book that was just read shows none.
    func holdsOpen(at now: Timestamp) -> Bool {
        now < unnamedUntil || known.values.contains { now < $0.openUntil }
    }

    // MARK: Lots

    /// The units of a lot, as a position of the instrument tells it.
    func lot(_ symbol: Symbol) -> ExactDecimal? { lots[symbol.alias] }

    /// Learns lots from the rows of `GET /portfolio/positions`.
    mutating func learnLots(_ positions: JSONValue) {
        for row in (positions["net"]?.array ?? []) + (positions["day"]?.array ?? []) {
            guard let symbol = row.object.flatMap(Symbol.init), symbol.exchange.countsLots,
                let multiplier = row["multiplier"]?.decimalOrText, multiplier > .zero
            else { continue }
            if lots.count >= Self.most { lots.removeAll() }
            lots[symbol.alias] = multiplier
        }
    }

    /// Whether positions may be asked for lots: what they did not tell they tell no sooner by being asked at once again.
    mutating func mayAskForLots(at now: Timestamp) -> Bool {
        if let asked = lotsAskedAt, now.nanoseconds &- asked.nanoseconds < 60_000_000_000 { return false }
        lotsAskedAt = now
        return true
    }

    /// Whether a row that cannot be understood is news to the operator.
    mutating func isNews(_ row: String) -> Bool {
        if told.count >= Self.most { told.removeAll() }
        return told.insert(row).inserted
    }

    /// Ends what waits.
    mutating func stop(_ host: Host) {
        if let timer { host.cancelTimer(timer) }
        timer = nil
        mayMove = false
        isWantedAgain = false
        // The next login reads the book, of another day perhaps.
        for orderID in known.keys { known[orderID]?.openUntil = Timestamp(nanoseconds: .min) }
        unnamedUntil = Timestamp(nanoseconds: .min)
    }
}
