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

// MARK: - As bytes

extension SquareOffTable {
    func write(to writer: inout EventWriter) {
        writer.write(last)
        writer.write(count: active.count)
        for squareOff in active { writer.write(squareOff) }
        writer.write(count: ended.count)
        for (squareOff, end) in ended {
            writer.write(squareOff)
            writer.write(byte: end.outcome.rawValue)
            writer.write(end.by, end.reason, end.at)
        }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        last = try reader.readSigned()
        active = try reader.readList(ofAtLeast: 6, "square-offs") { reader throws(EventCodingError) in
            try reader.readSquareOff()
        }
        for _ in 0..<(try reader.readCount(ofAtLeast: 10, "ended square-offs")) {
            let squareOff = try reader.readSquareOff()
            let outcome = try reader.read(SquareOff.End.Outcome.init(rawValue:))
            let (by, reason) = (try reader.readText(), try reader.readText())
            ended.append(
                (squareOff, SquareOff.End(outcome: outcome, reason: reason, by: by, at: try reader.readTime())))
        }
    }
}

extension EventWriter {
    fileprivate mutating func write(_ squareOff: SquareOff) {
        write(squareOff.id)
        write(squareOff.scope)
        write(squareOff.by, squareOff.reason, squareOff.at)
    }
}
