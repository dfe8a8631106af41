/// Messages that earlier legs of the parent will send, by scope.
struct PendingCounts: Sendable {
    /// By account and by adapter number; empty for a parent of one leg, which has none before it.
    private var accounts: [Int32] = []
    private var adapters: [Int32] = []
    private var total = 0

    init(legs: Int, accounts: Int, adapters: Int) {
        guard legs > 1 else { return }
        self.accounts = Array(repeating: 0, count: accounts)
        self.adapters = Array(repeating: 0, count: adapters)
    }

    mutating func add(_ account: Int32, _ adapter: Int32, _ messages: Int) {
        guard !accounts.isEmpty else { return }
        accounts[Int(account)] &+= Int32(truncatingIfNeeded: messages)
        adapters[Int(adapter)] &+= Int32(truncatingIfNeeded: messages)
        total += messages
    }

    func messages(_ account: Int32, _ adapter: Int32) -> PendingMessages {
        guard total > 0 else { return PendingMessages() }
        return PendingMessages(
            account: Int(accounts[Int(account)]), group: total, adapter: Int(adapters[Int(adapter)]), firm: total)
    }
}
