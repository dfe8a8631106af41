package import Domain

// What comparing our books with a broker's brings to light. Each is a fact of the journal: a person can see what was
// found, when, and what was done about it.

/// A fact that contradicts what was known of an order (RELIABILITY.md V12), with the numbers that show it.
package struct Anomaly: Hashable, Sendable {
    /// Stored: never renumbered.
    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// More was executed than was ordered.
        case overfill = 1
        /// An execution that the order's end had not named.
        case fillAfterEnd = 2
        /// What had ended shows life at the broker.
        case revived = 3
        /// The broker counts more executed than it shows executions for.
        case executionsMissing = 4
        /// More was taken back than was executed.
        case takenBackBeyond = 5

        package var rawName: String {
            switch self {
            case .overfill: "overfill"
            case .fillAfterEnd: "fill_after_end"
            case .revived: "revived"
            case .executionsMissing: "executions_missing"
            case .takenBackBeyond: "taken_back_beyond"
            }
        }
    }
    package var run: RunID
    package var order: Int32
    package var kind: Kind
    /// Steps: ordered, and executed by distinct executions, overfill included.
    package var ordered: Int64
    package var executed: Int64
    /// Steps that are beyond what was ordered, or missing of what the broker counts; 0 where the kind has none.
    package var excess: Int64
    package var at: Timestamp

    package init(
        run: RunID, order: Int32, kind: Kind, ordered: Int64, executed: Int64, excess: Int64, at: Timestamp
    ) {
        (self.run, self.order, self.kind) = (run, order, kind)
        (self.ordered, self.executed, self.excess, self.at) = (ordered, executed, excess, at)
    }
}

/// How a person, or a rule that the operator chose, settled an order without evidence from its broker.
package struct Resolution: Hashable, Sendable {
    /// Stored: never renumbered.
    package enum Outcome: UInt8, Hashable, Sendable, CaseIterable {
        /// Executed as far as the execution says that was recorded with it; the rest counts as canceled.
        case filled = 1
        case canceled = 2
        case rejected = 3
        /// The broker never had it.
        case absent = 4
        /// A held order may go at once, as far as message rates let it.
        case released = 5
        /// A held order is withdrawn.
        case dropped = 6

        /// It says what became of an order whose fate was open.
        package var isEnd: Bool { self != .released && self != .dropped }

        package var rawName: String {
            switch self {
            case .filled: "filled"
            case .canceled: "canceled"
            case .rejected: "rejected"
            case .absent: "absent"
            case .released: "released"
            case .dropped: "dropped"
            }
        }
    }
    package var outcome: Outcome
    package var reason: String
    /// The person, or `rule:order-missing`.
    package var by: String
    package var at: Timestamp

    package init(outcome: Outcome, reason: String, by: String, at: Timestamp) {
        (self.outcome, self.reason, self.by, self.at) = (outcome, reason, by, at)
    }
}

/// An account's position set to what its broker says: it had changed elsewhere.
package struct PositionAdoption: Hashable, Sendable {
    package var account: Int32
    package var instrument: Int32
    /// The new position, signed steps, and the one it takes the place of.
    package var quantity: Int64
    package var before: Int64
    /// Average cost in points.
    package var price: Int64
    /// What the day's result counts the difference from, points.
    package var mark: Int64
    /// Raw value of the one product it is held under; 0 = not known, or several.
    package var productCode: UInt8
    package var reason: String
    package var by: String
    package var at: Timestamp

    package init(
        account: Int32, instrument: Int32, quantity: Int64, before: Int64, price: Int64, mark: Int64,
        productCode: UInt8,
        reason: String, by: String, at: Timestamp
    ) {
        (self.account, self.instrument, self.quantity, self.before) = (account, instrument, quantity, before)
        (self.price, self.mark, self.productCode) = (price, mark, productCode)
        (self.reason, self.by, self.at) = (reason, by, at)
    }
}

/// Our books and the broker's disagree.
package struct Difference: Hashable, Sendable {
    /// What differs. Stored: never renumbered.
    package enum Cause: UInt8, Hashable, Sendable, CaseIterable {
        /// The broker has a live order that did not come from here.
        case orderElsewhere = 1
        /// The broker says that it never had, or no longer has, an order that is live here.
        case orderMissing = 2
        /// An order that has ended here is live at the broker.
        case orderEnded = 3
        /// A position in something that was never traded from here.
        case positionElsewhere = 4
        /// A position of another size than the executions that are known make.
        case position = 5

        package var rawName: String {
            switch self {
            case .orderElsewhere: "order_elsewhere"
            case .orderMissing: "order_missing"
            case .orderEnded: "order_ended"
            case .positionElsewhere: "position_elsewhere"
            case .position: "position"
            }
        }
    }

    /// What is done about it. Stored: never renumbered.
    package enum Action: UInt8, Hashable, Sendable, CaseIterable {
        /// A person is told; nothing changes.
        case flag = 1
        /// The broker's word is taken over.
        case adopt = 2
        /// A person is told, and the account only reduces until one resumes it.
        case reduce = 3

        package var rawName: String {
            switch self {
            case .flag: "flag"
            case .adopt: "adopt"
            case .reduce: "reduce"
            }
        }
        package init?(rawName: String) {
            guard let found = Self.allCases.first(where: { $0.rawName == rawName }) else { return nil }
            self = found
        }
    }

    package var account: Int32
    package var cause: Cause
    package var action: Action
    /// What it is about: an instrument's id or a broker's order id.
    package var subject: String
    /// Units, signed for positions; `nil` = there is none.
    package var ours: ExactDecimal?
    package var theirs: ExactDecimal?
    package var at: Timestamp

    package init(
        account: Int32, cause: Cause, action: Action, subject: String, ours: ExactDecimal?, theirs: ExactDecimal?,
        at: Timestamp
    ) {
        (self.account, self.cause, self.action, self.subject) = (account, cause, action, subject)
        (self.ours, self.theirs, self.at) = (ours, theirs, at)
    }
}
