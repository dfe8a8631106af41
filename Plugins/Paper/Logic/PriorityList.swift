/// Working orders of one kind in the order in which the market reaches them: by rank, then by time.
///
/// A rank is a price with its sign chosen so that the lowest rank is reached first. Kept sorted with the first at the
/// end, so that taking it off moves nothing; an insertion moves at most the bound of working orders.
struct PriorityList: Sendable, Equatable {
    struct Entry: Sendable, Equatable {
        var rank: Int64
        var sequence: UInt64
        var number: OrderNumber

        func isReached(before other: Entry) -> Bool {
            rank != other.rank ? rank < other.rank : sequence < other.sequence
        }
    }

    private var entries: [Entry] = []

    var isEmpty: Bool { entries.isEmpty }
    var count: Int { entries.count }
    var first: Entry? { entries.last }

    mutating func insert(_ entry: Entry) {
        entries.insert(entry, at: place(of: entry))
    }

    mutating func removeFirst() {
        if !entries.isEmpty { entries.removeLast() }
    }

    /// Takes an entry out; one that is not there changes nothing.
    mutating func remove(rank: Int64, sequence: UInt64) {
        let index = place(of: Entry(rank: rank, sequence: sequence, number: OrderNumber(0)))
        guard index < entries.count, entries[index].rank == rank, entries[index].sequence == sequence else { return }
        entries.remove(at: index)
    }

    /// Every entry, the first to be reached first.
    var inOrder: ReversedCollection<[Entry]> { entries.reversed() }

    mutating func scaleRanks(by factor: Int64) {
        for index in entries.indices { entries[index].rank *= factor }  // the grid checked that prices still fit
    }

    /// The first index whose entry is not reached after `entry`.
    private func place(of entry: Entry) -> Int {
        var (low, high) = (0, entries.count)
        while low < high {
            let middle = (low + high) / 2
            if entry.isReached(before: entries[middle]) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
