/// What was looked at in a data directory, and what was found.
package struct CheckReport: Sendable {
    package enum Verdict: String, Sendable {
        case ok
        case failed
        /// It could not be judged; `note` says why.
        case skipped
    }

    package struct Item: Sendable {
        /// `file`, `chain`, `journal`, `replay`, `invariants`, `tables`, `idempotency`, `keys`.
        package var name: String
        package var verdict: Verdict
        /// What was looked at.
        package var note: String
        /// At most `maximumFindings`.
        package var findings: [String]
        package var omittedFindings = 0
        package var milliseconds: Int64
    }

    package var directory: String
    package var items: [Item] = []
    package var records: UInt64 = 0
    package var events: UInt64 = 0
    package var runs: UInt64 = 0
    package var orders: UInt64 = 0
    package var openOrders: UInt64 = 0
    /// Number and hash of the last record; empty where the chain was not walked.
    package var anchor = ""
    package var isRebuilt = false

    package static let maximumFindings = 20
    package var isSound: Bool { !items.contains { $0.verdict == .failed } }
}

/// CheckFindings of one item, counted beyond what is kept.
struct CheckFindings {
    private(set) var kept: [String] = []
    private(set) var omitted = 0

    mutating func add(_ finding: String?) {
        guard let finding else { return }
        if kept.count < CheckReport.maximumFindings { kept.append(finding) } else { omitted += 1 }
    }
    mutating func add(_ findings: some Sequence<String>) { for finding in findings { add(finding) } }
    mutating func add(_ other: CheckFindings) {
        for finding in other.kept { add(finding) }
        omitted += other.omitted
    }
}
