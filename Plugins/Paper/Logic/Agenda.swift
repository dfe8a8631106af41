import AdapterKit

/// What is still to come down the simulated wire, each at its instant; what is due together comes in the order it was
/// added.
///
/// It lives in memory only, as a wire does: what a crash takes from it was never delivered.
struct Agenda<Item> {
    /// Most entries; beyond it `add` refuses, and the caller delivers at once.
    static var most: Int { 10_000 }

    // Keys stand apart from what they name, so that moving them costs little.
    private var keys: [(at: Timestamp, number: UInt64)] = []
    private var items: [UInt64: Item] = [:]
    private var lastNumber: UInt64 = 0

    var count: Int { keys.count }
    var next: Timestamp? { keys.first?.at }

    /// `false`: it is full, and nothing was added.
    mutating func add(_ item: Item, at time: Timestamp) -> Bool {
        guard keys.count < Self.most else { return false }
        var (low, high) = (0, keys.count)
        while low < high {
            let middle = (low + high) / 2
            if keys[middle].at <= time { low = middle + 1 } else { high = middle }
        }
        lastNumber += 1
        keys.insert((time, lastNumber), at: low)
        items[lastNumber] = item
        return true
    }

    /// The first entry that is due by `now`; `nil`: none.
    mutating func take(by now: Timestamp) -> Item? {
        guard let first = keys.first, first.at <= now else { return nil }
        keys.removeFirst()
        return items.removeValue(forKey: first.number)
    }
}
