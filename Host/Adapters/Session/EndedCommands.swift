/// Commands that the host ended itself, so that a late answer is known for what it is. Holds a bound; the oldest go.
struct EndedCommands {
    struct Entry {
        var kind: CommandKind
        var id: UInt64
    }
    private var entries: [UInt64: Entry] = [:]
    private var order = LaneQueue<UInt64>()

    mutating func insert(_ token: UInt64, _ entry: Entry) {
        if order.count >= Bounds.endedCommands, let oldest = order.popFirst() { entries[oldest] = nil }
        entries[token] = entry
        order.append(token)
    }

    /// Each answer is taken once: a second one is an ordinary unknown token.
    mutating func take(_ token: UInt64) -> Entry? { entries.removeValue(forKey: token) }

    func contains(_ token: UInt64) -> Bool { entries[token] != nil }
}
