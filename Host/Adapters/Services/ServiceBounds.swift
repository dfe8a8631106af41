/// What the services of one session may grow to. Each is checked where a call asks for more, and refused.
enum ServiceBounds {
    static let openRequests = 4096
    static let streams = 16
    static let secrets = 256
    static let secretBytes = 65_536
    static let headers: UInt64 = 64
    static let values: UInt64 = 64
    static let captures: UInt64 = 16
    static let costs: UInt64 = 16
    static let tokens: UInt64 = 1_000
    static let bodyBytes = 128 << 20
    static let defaultBodyBytes = 4 << 20
    static let frameBytes = 16 << 20
    static let questions = 64
    /// The longest wait for an answer, and the wait for a question that names no deadline.
    static let questionNanoseconds: Int64 = 600_000_000_000
    static let usualQuestionNanoseconds: Int64 = 60_000_000_000
    static let webhookBytes = 65_536
    static let webhooksWaiting = 256
    static let ticks: UInt64 = 10_000
    static let levels: UInt64 = 64
    /// Tries of what may be repeated, the first included, and the pause before the second; it doubles.
    static let tries = 3
    static let firstPause: Int64 = 200_000_000
    /// How long a frame waits for its units at most.
    static let frameWait: Int64 = 30_000_000_000
    static let timeout: ClosedRange<Int64> = 1_000_000...600_000_000_000

    /// `[a-z0-9_]{1,64}`
    static func isName(_ text: String) -> Bool {
        (1...64).contains(text.utf8.count)
            && text.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
    }
}
