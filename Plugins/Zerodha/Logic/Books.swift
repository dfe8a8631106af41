import AdapterKit

/// What the adapter remembers between two readings of the broker's books, all of it within bounds.
struct Books {
    /// Whose reference an order of the broker's carries: trades name the order only.
    private(set) var references: [String: ClientReference] = [:]
    /// Whether orders of ours may still move, so that the books have to be read again.
    var mayMove = false
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

    mutating func remember(_ orderID: String, _ reference: ClientReference?) {
        guard let reference, !reference.isAbsent else { return }
        if references.count >= Self.most { references.removeAll() }
        references[orderID] = reference
    }

    mutating func remember(_ records: [OrderRecord]) {
        for record in records { remember(record.orderID, record.clientReference) }
    }

    /// Ends what waits.
    mutating func stop(_ host: Host) {
        if let timer { host.cancelTimer(timer) }
        timer = nil
        mayMove = false
        isWantedAgain = false
    }
}
