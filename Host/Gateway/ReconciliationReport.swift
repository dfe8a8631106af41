package import Domain
package import Engine
package import Exact

/// A broker's answer to one question. A list without rows says that there is nothing; a failed question says nothing.
package enum Answered<Row: Sendable>: Sendable {
    case rows([Row])
    case failed(String)
    /// The adapter cannot be asked.
    case unsupported

    package var rows: [Row]? { if case .rows(let rows) = self { rows } else { nil } }
}

/// What the last comparison of one account with its broker came to.
package struct ReconciliationReport: Sendable {
    package enum Status: String, Sendable, CaseIterable {
        /// Not compared since the start.
        case pending
        case matched
        case differs
        /// A question failed or cannot be asked: what it would have told is not known.
        case incomplete
    }
    package enum Cause: String, Sendable, CaseIterable { case start, reconnect, interval, quiet, confirmation, request }

    /// One list and what it came to.
    package struct Part: Sendable {
        package enum State: String, Sendable, CaseIterable { case pending, answered, failed, unsupported, skipped }
        package var state = State.pending
        /// Why it failed or was passed over.
        package var reason: String?
        package var rows = 0
        package var matched = 0
        package var localOnly = 0
        package var brokerOnly = 0
        package var differs = 0
        /// Executions that were not known before.
        package var booked = 0

        package init() {}

        init<Row>(_ answer: Answered<Row>) {
            switch answer {
            case .rows(let rows): (state, self.rows) = (.answered, rows.count)
            case .failed(let text): (state, reason) = (.failed, text)
            case .unsupported: state = .unsupported
            }
        }
    }

    /// A difference that stands: seen by two comparisons in a row, the last among them.
    package struct Standing: Sendable {
        package var cause: Difference.Cause
        package var action: Difference.Action
        package var subject: String
        package var ours: ExactDecimal?
        package var theirs: ExactDecimal?
        package var order: LegID?
        package var since: Timestamp
    }

    package var account: AccountID
    package var status = Status.pending
    package var cause: Cause?
    package var askedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var orders = Part()
    package var executions = Part()
    package var positions = Part()
    package var holdings = Part()
    /// When the broker's figures of its money that are in use were asked for; `nil` = none are known.
    package var fundsAsOf: Timestamp?
    /// Orders whose fate look-ups are to settle.
    package var openOrders = 0
    package var differences: [Standing] = []

    package init(account: AccountID) { self.account = account }
}

/// One account's comparisons.
struct AccountReconciliation: Sendable {
    /// What names a difference: numbers included, so that other numbers are another one.
    struct Key: Hashable, Sendable {
        var cause: Difference.Cause
        var subject: String
        var ours: ExactDecimal?
        var theirs: ExactDecimal?
    }
    var dueAt: Timestamp
    var cause: ReconciliationReport.Cause
    /// Under way since; `nil` = not.
    var askedAt: Timestamp?
    var report: ReconciliationReport
    /// Differences that one comparison has shown, and when the first did.
    var suspects: [Key: Timestamp] = [:]
    var standing: [Key: ReconciliationReport.Standing] = [:]
    /// Orders of ours that the broker says it never had, with the look-ups that said so.
    var absences: [OrderPlace: Int] = [:]
    /// Comparisons in a row that were followed by another one soon.
    var looks = 0
    var waiters: [ReconciliationWaiter] = []
}
