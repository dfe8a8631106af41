/// Requests of one priority in one scope: the oldest of each account, account after account.
struct RateTurns: Sendable {
    private var accounts = LaneQueue<String>()
    private var queues: [String: LaneQueue<RateRequest>] = [:]
    /// Those withdrawn or expired since included: they go when they come to the front.
    private(set) var count = 0

    var isEmpty: Bool { count == 0 }

    mutating func append(_ request: RateRequest) {
        if queues[request.account] == nil { accounts.append(request.account) }
        queues[request.account, default: LaneQueue()].append(request)
        count += 1
    }

    /// The request whose turn it is; those that no longer wait are dropped on the way.
    mutating func first(where isWaiting: (UInt64) -> Bool) -> RateRequest? {
        while let account = accounts.first {
            if let request = queues[account]?.first {
                if isWaiting(request.id) { return request }
                _ = queues[account]?.popFirst()
                count -= 1
            } else {
                _ = accounts.popFirst()
                queues[account] = nil
            }
        }
        return nil
    }

    /// Takes what `first` named and gives the turn to the next account.
    mutating func removeFirst() {
        guard let account = accounts.popFirst(), queues[account]?.popFirst() != nil else { return }
        count -= 1
        if queues[account]?.isEmpty == false { accounts.append(account) } else { queues[account] = nil }
    }

    /// Drops those that no longer wait.
    mutating func compact(where isWaiting: (UInt64) -> Bool) {
        for account in queues.keys {
            if let removed = queues[account]?.removeAll(where: { !isWaiting($0.id) }) { count -= removed.count }
        }
    }
}
