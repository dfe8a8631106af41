package import Domain

/// What the pump needs of storage: the durable store implements it, and so does the simulated disk of the simulation.
///
/// Calls are synchronous and may block on the disk. A failed `commit` or `write` leaves nothing of its batch visible
/// and stops the storage: every later one answers `.stopped` until it is opened anew.
package protocol JournalStorage: Sendable {
    /// The number of the last durable record, 0 in an empty journal.
    var lastSequence: UInt64 { get }

    /// Returns once the whole batch is durable. `batch.record.sequence` must be `lastSequence + 1`.
    func commit(_ batch: CommitBatch) throws(StoreFailure)

    /// Key-values that belong to no batch, durable on return.
    func write(_ keyValues: [KeyValueWrite]) throws(StoreFailure)

    /// Hands over the records from `sequence` on in order, in bounded memory. Throws what `body` throws, or a
    /// `StoreFailure`, `.corruptRecord` for the first record that is missing or damaged.
    func forEachRecord(from sequence: UInt64, _ body: (JournalRecord) throws -> Void) throws

    func idempotency(caller: String, key: String) throws(StoreFailure) -> IdempotencyRow?

    /// All values of one adapter for one account, by key.
    func keyValues(adapterID: AdapterID, accountID: AccountID) throws(StoreFailure) -> [KeyValue]

    func meta(_ name: String) throws(StoreFailure) -> String?
    func setMeta(_ name: String, to value: String) throws(StoreFailure)
}
