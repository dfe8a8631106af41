import Domain
import Store

/// Durable storage in memory: what was committed survives a crash of the gateway, nothing else does.
///
/// It refuses what the real store refuses, since there each refusal stops the gateway: a number out of order, an execution,
/// a client order id or an idempotency key stored twice.
///
/// `@unchecked Sendable`: a world has one thread, and its disk is touched by it alone.
final class SimulatedDisk: JournalStorage, @unchecked Sendable {
    /// What the next commit comes to.
    enum Fate {
        case works
        /// Nothing of it is there after a restart.
        case fails
        /// It says that it failed, and after a restart it is there all the same.
        case failsLate
    }

    private(set) var records: [JournalRecord] = []
    private var keys: [String: IdempotencyRow] = [:]
    private var clientOrders: [ClientOrderID: LegID] = [:]
    private var executions: Set<String> = []
    private var values: [String: [String: [UInt8]]] = [:]
    private var failure: StoreFailure?
    var fate = Fate.works
    /// Told of every record that is durable, and of refusals.
    var onRecord: (JournalRecord) -> Void = { _ in }
    var onViolation: (String) -> Void = { _ in }

    var lastSequence: UInt64 { UInt64(records.count) }
    var hasFailed: Bool { failure != nil }

    /// A process opens it anew.
    func reopen() { (failure, fate) = (nil, .works) }

    /// The process that had it open is gone: what it still tries comes to nothing.
    func cutOff() { failure = .closed }

    func commit(_ batch: CommitBatch) throws(StoreFailure) {
        if let failure { throw .stopped(cause: failure) }
        switch fate {
        case .works: try store(batch)
        case .fails: throw fail(.inputOutput("simulated"))
        case .failsLate:
            try store(batch)
            throw fail(.inputOutput("simulated, and written all the same"))
        }
    }

    private func fail(_ failure: StoreFailure) -> StoreFailure {
        self.failure = failure
        return failure
    }

    private func store(_ batch: CommitBatch) throws(StoreFailure) {
        do throws(StoreFailure) {
            try check(batch)
        } catch {
            onViolation("V13/V9/V14: the store would refuse the batch: \(error)")
            throw fail(error)
        }
        records.append(batch.record)
        for row in batch.idempotency { keys["\(row.caller) \(row.key)"] = row }
        for row in batch.legs { clientOrders[row.clientOrderID] = row.leg }
        for row in batch.executions { executions.insert(Self.name(row)) }
        for value in batch.keyValues {
            values["\(value.adapterID) \(value.accountID)", default: [:]][value.key] = value.value
        }
        onRecord(batch.record)
    }

    private func check(_ batch: CommitBatch) throws(StoreFailure) {
        guard batch.record.sequence == lastSequence + 1 else {
            throw .sequence(expected: lastSequence + 1, found: batch.record.sequence)
        }
        for row in batch.idempotency where keys["\(row.caller) \(row.key)"] != nil {
            throw .duplicateIdempotencyKey(caller: row.caller, key: row.key)
        }
        for row in batch.legs {
            if let leg = clientOrders[row.clientOrderID], leg != row.leg {
                throw .duplicateClientOrderID(row.clientOrderID, leg: row.leg)
            }
        }
        var new: Set<String> = []
        for row in batch.executions
        where executions.contains(Self.name(row)) || !new.insert(Self.name(row)).inserted {
            throw .duplicateExecution(
                adapterID: row.adapterID, accountID: row.accountID, executionID: row.executionID)
        }
    }

    private static func name(_ row: ExecutionRow) -> String { "\(row.adapterID) \(row.accountID) \(row.executionID)" }

    func write(_ keyValues: [KeyValueWrite]) throws(StoreFailure) {
        if let failure { throw .stopped(cause: failure) }
        for value in keyValues {
            values["\(value.adapterID) \(value.accountID)", default: [:]][value.key] = value.value
        }
    }

    func forEachRecord(from sequence: UInt64, _ body: (JournalRecord) throws -> Void) throws {
        for record in records where record.sequence >= sequence { try body(record) }
    }

    func idempotency(caller: String, key: String) throws(StoreFailure) -> IdempotencyRow? { keys["\(caller) \(key)"] }

    func keyValues(adapterID: AdapterID, accountID: AccountID) throws(StoreFailure) -> [KeyValue] {
        (values["\(adapterID) \(accountID)"] ?? [:]).sorted { $0.key < $1.key }.map { KeyValue(key: $0, value: $1) }
    }

    // Facts of a data directory: the gateway itself asks for none.
    func meta(_ name: String) throws(StoreFailure) -> String? { nil }
    func setMeta(_ name: String, to value: String) throws(StoreFailure) { throw .closed }
}
