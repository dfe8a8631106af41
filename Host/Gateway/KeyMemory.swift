import Domain

/// Idempotency keys in flight, and the answers of recent ones, so that a repeated request seldom asks the disk.
///
/// Bounded: beyond `capacity` the oldest answers are forgotten (the store has them for seven days).
struct KeyMemory {
    static let capacity = 100_000

    struct Key: Hashable {
        var caller: String
        var key: String
    }

    struct Answer {
        var fingerprint: [UInt8]
        /// `r42` or `r42-1`.
        var subject: String
    }

    private var inFlight: Set<Key> = []
    private var answers: [Key: Answer] = [:]
    private var order: [Key] = []
    private var head = 0
    /// Everything that the store knows is in memory: a miss needs no look-up there.
    var isComplete = false

    enum Finding {
        case new
        case inFlight
        case known(Answer)
        /// Not in memory, but the store may know it.
        case askStore
    }

    /// Looks a key up and, where it is new or may be, marks it as in flight.
    mutating func begin(_ key: Key) -> Finding {
        if inFlight.contains(key) { return .inFlight }
        if let answer = answers[key] { return .known(answer) }
        inFlight.insert(key)
        return isComplete ? .new : .askStore
    }

    /// The request came to nothing that is kept: the key is free again.
    mutating func abandon(_ key: Key) { inFlight.remove(key) }

    /// The answer is durable.
    mutating func finish(_ key: Key, _ answer: Answer) {
        inFlight.remove(key)
        if answers.updateValue(answer, forKey: key) == nil { order.append(key) }
        guard order.count - head > Self.capacity else { return }
        answers[order[head]] = nil
        isComplete = false
        head += 1
        if head > Self.capacity {
            order.removeFirst(head)
            head = 0
        }
    }
}
