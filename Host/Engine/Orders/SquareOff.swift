package import Domain

/// The order to close all positions of a scope. It stands until all are flat or a person takes it back, over restarts too:
/// what is left to close follows from the positions, never from a plan made earlier.
package struct SquareOff: Hashable, Sendable {
    /// Counts from 1; `q1` outside.
    package var id: Int64
    package var scope: Scope
    package var reason: String
    /// The person, or `rule:daily-loss`.
    package var by: String
    package var at: Timestamp

    package init(id: Int64, scope: Scope, reason: String, by: String, at: Timestamp) {
        (self.id, self.scope, self.reason, self.by, self.at) = (id, scope, reason, by, at)
    }

    /// How it ended.
    package struct End: Hashable, Sendable {
        /// Stored: never renumbered.
        package enum Outcome: UInt8, Hashable, Sendable {
            /// All positions of the scope are flat.
            case done = 1
            /// What is left is less than a lot each and cannot be closed by an order.
            case remainder = 2
            /// A person took it back.
            case canceled = 3
        }
        package var outcome: Outcome
        package var reason: String
        package var by: String
        package var at: Timestamp
        package init(outcome: Outcome, reason: String, by: String, at: Timestamp) {
            (self.outcome, self.reason, self.by, self.at) = (outcome, reason, by, at)
        }
    }
}

/// Square-offs that stand, and the last `maximumEnded` that ended.
package struct SquareOffTable: Sendable {
    package static let maximumActive = 100
    package static let maximumEnded = 100

    /// Oldest first.
    package private(set) var active: [SquareOff] = []
    package private(set) var ended: [(squareOff: SquareOff, end: SquareOff.End)] = []
    private var last: Int64 = 0

    package var nextID: Int64 { last + 1 }

    mutating func start(_ squareOff: SquareOff) {
        last = max(last, squareOff.id)
        active.append(squareOff)
    }

    mutating func end(_ id: Int64, _ end: SquareOff.End) {
        guard let index = active.firstIndex(where: { $0.id == id }) else { return }
        ended.append((active.remove(at: index), end))
        if ended.count > Self.maximumEnded { ended.removeFirst(ended.count - Self.maximumEnded) }
    }
}
