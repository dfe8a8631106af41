import Foundation

/// A value that several threads of one test share.
///
/// `@unchecked Sendable`: `value` is reached only inside `with`, which holds the lock.
final class Guarded<Value>: @unchecked Sendable {
    private let lock = NSLock()
    private var value: Value

    init(_ value: Value) { self.value = value }

    func with<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}

/// Blocking work, kept off the few threads that Swift's tasks run on.
enum Threads {
    /// Runs `body` on a thread of its own and waits for it without holding another one.
    static func run<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { continuation.resume(returning: body()) }
        }
    }

    /// Runs `body` for 0 to `count - 1` at once, each on a thread of its own, and waits for all of them.
    static func concurrently<Value: Sendable>(_ count: Int, _ body: @escaping @Sendable (Int) -> Value) -> [Value] {
        let results = Guarded([Value?](repeating: nil, count: count))
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            Thread.detachNewThread {
                let value = body(index)
                results.with { $0[index] = value }
                group.leave()
            }
        }
        group.wait()
        return results.with { $0.compactMap(\.self) }
    }

    /// Starts `body` and lets it run beside the caller.
    static func start<Value: Sendable>(_ body: @escaping @Sendable () -> Value) -> Running<Value> {
        let running = Running<Value>()
        Thread.detachNewThread { running.finish(body()) }
        return running
    }

    /// Work under way.
    final class Running<Value: Sendable>: Sendable {
        private let value = Guarded<Value?>(nil)
        private let group = DispatchGroup()

        fileprivate init() { group.enter() }

        fileprivate func finish(_ result: Value) {
            value.with { $0 = result }
            group.leave()
        }

        /// Waits for the end.
        func join() -> Value? {
            group.wait()
            return value.with { $0 }
        }
    }
}

/// Waiting for a condition: looks every 20 ms, gives up at a deadline.
enum Poll {
    static let interval: UInt32 = 20_000

    /// - Returns: what `look` found; `nil` when it found nothing in `seconds`.
    static func until<Value>(seconds: Int, _ look: () throws -> Value?) rethrows -> Value? {
        let end = ContinuousClock.now + .seconds(seconds)
        while true {
            if let found = try look() { return found }
            guard ContinuousClock.now < end else { return nil }
            usleep(interval)
        }
    }

    static func holds(seconds: Int, _ look: () throws -> Bool) rethrows -> Bool {
        try until(seconds: seconds) { try look() ? true : nil } ?? false
    }
}

/// SplitMix64: the same numbers for the same seed, everywhere.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }
}
