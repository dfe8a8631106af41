package import Domain

/// Whose latencies a window counts, in one minute.
struct LatencyWindowKey: Hashable, Sendable {
    /// Minutes since 1970, of the receipt of the request.
    var minute: Int64
    var adapter: AdapterID
    var account: AccountID
    /// `nil` for orders on one account.
    var group: GroupID?
}

/// What a report of latencies is about. Times are widened to whole minutes, the grain in which histograms are kept.
package struct LatencyQuestion: Hashable, Sendable {
    /// What rows are told apart by, beside the stage. Everything else is merged.
    package enum Dimension: String, CaseIterable, Hashable, Sendable { case adapter, account, group }

    package var from: Timestamp?
    package var to: Timestamp?
    package var groups: Set<GroupID>?
    package var account: AccountID?
    package var adapter: AdapterID?
    package var stage: Stage?
    package var by: Set<Dimension>
    /// Seconds of one row's window, a multiple of 60; `nil` = one row over all the time.
    package var step: Int64?

    package init(
        from: Timestamp? = nil, to: Timestamp? = nil, groups: Set<GroupID>? = nil, account: AccountID? = nil,
        adapter: AdapterID? = nil, stage: Stage? = nil, by: Set<Dimension> = [.adapter], step: Int64? = nil
    ) {
        (self.from, self.to, self.groups, self.account) = (from, to, groups, account)
        (self.adapter, self.stage, self.by, self.step) = (adapter, stage, by, step)
    }
}

/// Latencies from the receipt of the request to a stage, over all legs that the row's names cover.
package struct LatencyRow: Hashable, Sendable {
    /// Where the row's window begins; `nil` = the question's whole time.
    package var start: Timestamp?
    package var adapter: AdapterID?
    package var account: AccountID?
    package var group: GroupID?
    package var stage: Stage
    /// Microseconds.
    package var summary: LatencyHistogram.Summary
}
