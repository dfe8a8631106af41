/// Legs whose margin the brokers' figures may not contain yet, by account (RISK.md §2, `M_res`).
///
/// Lists through one pool: a leg takes no memory of its account's own, and those of one fan-out stand side by side. A leg
/// is named by its first order. The pool keeps the room of what was removed for what comes.
struct UnsettledLegs: Sendable {
    private struct Entry: Sendable {
        var leg: OrderPlace
        /// Minor units of the account's currency, not negative.
        var margin: Int64
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
    mutating func insert(_ leg: OrderPlace, of account: Int32, margin: Int64) {
        let entry = Entry(leg: leg, margin: margin, next: heads[Int(account)])
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

    /// Adds to what a leg needs, which may be in there.
    mutating func add(_ margin: Int64, to leg: OrderPlace, of account: Int32) {
        guard let cursor = cursor(at: leg, of: account) else { return insert(leg, of: account, margin: margin) }
        let place = Int(cursor.place)
        entries[place].margin = saturatingSum(entries[place].margin, margin)
    }

    /// `nil` = it is not in there.
    func margin(of leg: OrderPlace, of account: Int32) -> Int64? {
        cursor(at: leg, of: account).map { entries[Int($0.place)].margin }
    }

    /// - Returns: its margin; `nil` = it was not in there.
    mutating func remove(_ leg: OrderPlace, of account: Int32) -> Int64? {
        guard var cursor = cursor(at: leg, of: account) else { return nil }
        let margin = entries[Int(cursor.place)].margin
        remove(at: &cursor)
        return margin
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

    /// - Precondition: a leg stands there.
    func margin(at cursor: Cursor) -> Int64 { entries[Int(cursor.place)].margin }

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
