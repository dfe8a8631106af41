/// Legs whose margin the brokers' figures may not contain yet, by account (RISK.md §2, `M_res`).
///
/// Lists through one pool: a leg takes no memory of its account's own, and those of one fan-out stand side by side. A leg
/// is named by its first order. The pool keeps the room of what was removed for what comes.
struct UnsettledLegs: Sendable {
    private struct Entry: Sendable {
        var leg: OrderPlace
        /// The next of the account, or of those that are free; -1 = none.
        var next: Int32
    }

    /// By account; -1 = none.
    private var heads: [Int32] = []
    private var entries: [Entry] = []
    private var free: Int32 = -1

    init() {}

    init(accounts: Int) { heads = Array(repeating: -1, count: accounts) }

    mutating func addAccount() { heads.append(-1) }

    /// - Precondition: it is not in there.
    mutating func insert(_ leg: OrderPlace, of account: Int32) {
        let entry = Entry(leg: leg, next: heads[Int(account)])
        guard free >= 0 else {
            heads[Int(account)] = Int32(entries.count)
            entries.append(entry)
            return
        }
        let place = free
        free = entries[Int(place)].next
        entries[Int(place)] = entry
        heads[Int(account)] = place
    }

    func contains(_ leg: OrderPlace, of account: Int32) -> Bool { cursor(at: leg, of: account) != nil }

    /// - Returns: whether it was in there.
    mutating func remove(_ leg: OrderPlace, of account: Int32) -> Bool {
        guard var cursor = cursor(at: leg, of: account) else { return false }
        remove(at: &cursor)
        return true
    }

    mutating func removeAll(of account: Int32) {
        var cursor = cursor(of: account)
        while leg(at: cursor) != nil { remove(at: &cursor) }
    }

    // MARK: One after the other

    /// A place in an account's list. Good until the list is changed other than by `remove(at:)` with it.
    struct Cursor {
        fileprivate let account: Int32
        fileprivate var previous: Int32 = -1
        fileprivate var place: Int32
    }

    func cursor(of account: Int32) -> Cursor { Cursor(account: account, place: heads[Int(account)]) }

    private func cursor(at leg: OrderPlace, of account: Int32) -> Cursor? {
        var cursor = cursor(of: account)
        while let found = self.leg(at: cursor), found != leg { advance(&cursor) }
        return cursor.place < 0 ? nil : cursor
    }

    /// `nil` = the list ends here.
    func leg(at cursor: Cursor) -> OrderPlace? { cursor.place < 0 ? nil : entries[Int(cursor.place)].leg }

    func advance(_ cursor: inout Cursor) {
        cursor.previous = cursor.place
        cursor.place = entries[Int(cursor.place)].next
    }

    /// Takes the leg out; the cursor stands at the one behind it then.
    mutating func remove(at cursor: inout Cursor) {
        let place = cursor.place
        let next = entries[Int(place)].next
        if cursor.previous < 0 { heads[Int(cursor.account)] = next } else { entries[Int(cursor.previous)].next = next }
        entries[Int(place)].next = free
        free = place
        cursor.place = next
    }
}
