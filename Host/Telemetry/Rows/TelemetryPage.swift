package import Domain

/// Where a reader of telemetry goes on: behind the row with this time and id. Text form `time-run-leg`.
///
/// Rows are ordered by the receipt of their request, then by run, then by leg, so that a cursor stays valid while rows are
/// added and while old ones are removed.
package struct TelemetryCursor: Hashable, Sendable, CustomStringConvertible {
    /// Nanoseconds.
    package var at: Int64
    /// Number of the run, or of the process session.
    package var id: Int64
    /// Place of the leg, from 0; 0 for runs and sessions.
    package var leg: Int64

    package init(at: Int64, id: Int64, leg: Int64 = 0) { (self.at, self.id, self.leg) = (at, id, leg) }

    /// `nil` for what `description` cannot have made.
    package init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 3, let at = Int64(parts[0]), let id = Int64(parts[1]), let leg = Int64(parts[2]), at >= 0,
            id >= 0, leg >= 0
        else { return nil }
        self.init(at: at, id: id, leg: leg)
        guard description == text else { return nil }
    }

    package var description: String { "\(at)-\(id)-\(leg)" }
}

/// What rows a reader wants; `nil` = all. Times bound the receipt of the request.
package struct TelemetryFilter: Hashable, Sendable {
    /// At or after.
    package var from: Timestamp?
    /// Before.
    package var to: Timestamp?
    /// Any of these; what a key that is bound to groups may see. Rows without a group are left out.
    package var groups: Set<GroupID>?
    /// Legs of it; runs with a leg of it.
    package var account: AccountID?
    /// Legs of it; runs with a leg of it.
    package var adapter: AdapterID?
    /// In the answer's words: `FILLED` for legs, `DONE` for runs.
    package var status: String?
    package var strategy: String?

    package init(
        from: Timestamp? = nil, to: Timestamp? = nil, groups: Set<GroupID>? = nil, account: AccountID? = nil,
        adapter: AdapterID? = nil, status: String? = nil, strategy: String? = nil
    ) {
        (self.from, self.to, self.groups, self.account) = (from, to, groups, account)
        (self.adapter, self.status, self.strategy) = (adapter, status, strategy)
    }
}

/// One page of rows, oldest first.
package struct TelemetryPage<Row: Sendable>: Sendable {
    package var rows: [Row]
    /// Where the next page begins; `nil` = there is none.
    package var next: TelemetryCursor?

    package init(rows: [Row], next: TelemetryCursor?) { (self.rows, self.next) = (rows, next) }
}
