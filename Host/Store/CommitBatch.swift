package import Domain

/// Everything that becomes durable together: one record of the journal and the projections of what it holds.
///
/// Each array is written in its order. Of several rows of one run or leg the last one holds, but a caller that folds
/// them first saves the writes.
package struct CommitBatch: Sendable {
    package var record: JournalRecord
    /// New runs and new states of known ones.
    package var runs: [RunRow] = []
    /// New legs and new states of known ones.
    package var legs: [LegRow] = []
    /// Executions never seen before: a repeated one fails the batch, since whoever decides must have dropped it.
    package var executions: [ExecutionRow] = []
    /// The runs that events in `record` are about, so that a run's events can be found again. A repeated one counts
    /// once.
    package var touchedRuns: [RunID] = []
    package var idempotency: [IdempotencyRow] = []
    package var keyValues: [KeyValueWrite] = []
    /// Changes of API keys, which become durable together with the record that says who made them.
    package var keys: [KeyWrite] = []
    package var meta: [MetaWrite] = []

    package init(record: JournalRecord) { self.record = record }
}
