package import Domain

/// Why the store did not do what it was asked, with the facts that a person needs to mend it.
///
/// Four families: opening (`unsafeDirectory` to `setting`), the disk (`diskFull` to `corruptRecord`), a batch or value
/// that must not be written (`sequence` to `invalidValue`), and the state of the store itself (`stopped`, `closed`).
package enum StoreFailure: Error, Hashable, Sendable {
    /// The data directory, or a file in it, is open to others. `remedy` is the command that mends it.
    case unsafeDirectory(path: String, problem: String, remedy: String)
    /// Another process holds the data directory; `nil` where its id could not be read from the lock file.
    case inUse(path: String, processID: Int32?)
    /// Migrations in the file that this build does not know: it was written by a newer one.
    case newerDatabase(path: String, migrations: [String])
    /// The quick check at start-up found the file damaged.
    case damaged(path: String, findings: [String])
    /// The journal does not end with the record that was written last.
    case brokenChain(path: String, noted: String, found: String)
    /// A setting that durability rests on did not read back as required.
    case setting(name: String, expected: String, found: String)

    /// ENOSPC, or the page limit is reached.
    case diskFull(String)
    /// EIO and its kin. What was being written may or may not be found after a restart.
    case inputOutput(String)
    /// The file or its file system cannot be written.
    case readOnly(String)
    /// Another connection holds the database: never expected, since one process owns it.
    case locked(String)
    /// SQLite reports the file malformed.
    case corrupt(String)
    /// A journal record is missing, out of order or fails its checksum.
    case corruptRecord(sequence: UInt64, problem: String)

    /// A record whose number is not the last one's plus one.
    case sequence(expected: UInt64, found: UInt64)
    case duplicateExecution(adapterID: AdapterID, accountID: AccountID, executionID: String)
    case duplicateClientOrderID(ClientOrderID, leg: LegID)
    case duplicateIdempotencyKey(caller: String, key: String)
    case duplicateKey(id: String)
    /// An update would change what is fixed at creation: a run's group, a leg's account.
    case contradiction(subject: String, problem: String)
    /// A value outside what the store holds.
    case invalidValue(field: String, value: String, expected: String)
    /// A key that is to be changed does not exist.
    case unknownKey(id: String)

    /// An earlier write failed: nothing is written until the store is opened again.
    indirect case stopped(cause: StoreFailure)
    /// `close()` was called.
    case closed
    /// Any other answer of SQLite: its extended result code and message.
    case other(code: Int32, message: String)
}

extension StoreFailure {
    /// A stable word for logs, metrics and problem documents.
    package var code: String {
        switch self {
        case .unsafeDirectory: "unsafe_directory"
        case .inUse: "in_use"
        case .newerDatabase: "newer_database"
        case .damaged: "damaged"
        case .brokenChain: "broken_chain"
        case .setting: "setting"
        case .diskFull: "disk_full"
        case .inputOutput: "input_output"
        case .readOnly: "read_only"
        case .locked: "locked"
        case .corrupt: "corrupt"
        case .corruptRecord: "corrupt_record"
        case .sequence: "sequence"
        case .duplicateExecution: "duplicate_execution"
        case .duplicateClientOrderID: "duplicate_client_order_id"
        case .duplicateIdempotencyKey: "duplicate_idempotency_key"
        case .duplicateKey: "duplicate_key"
        case .contradiction: "contradiction"
        case .invalidValue: "invalid_value"
        case .unknownKey: "unknown_key"
        case .stopped: "stopped"
        case .closed: "closed"
        case .other: "other"
        }
    }

    /// Whether the medium failed, as opposed to the caller: after such a failure any write stops the store.
    package var isStorageFault: Bool {
        switch self {
        case .diskFull, .inputOutput, .readOnly, .locked, .corrupt, .corruptRecord, .other: true
        default: false
        }
    }

    /// Whether the batch that failed may all the same be found after a restart: its frames can have reached the disk
    /// although writing or flushing reported an error. Never treat such a batch as undone; read `lastSequence` after
    /// reopening.
    package var isOutcomeUnknown: Bool {
        switch self {
        case .diskFull, .inputOutput, .corrupt, .other: true
        case .stopped(let cause): cause.isOutcomeUnknown
        default: false
        }
    }
}

extension StoreFailure: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unsafeDirectory(let path, let problem, let remedy): "\(path) \(problem); mend it with: \(remedy)"
        case .inUse(let path, .some(let processID)): "\(path) is in use by process \(processID); stop it first"
        case .inUse(let path, nil): "\(path) is in use by another process; stop it first"
        case .newerDatabase(let path, let migrations):
            "\(path) was written by a newer build: its schema is version "
                + "\(migrations.compactMap(Schema.version(of:)).max().map(String.init) ?? "unknown"), this build reads up "
                + "to version \(Schema.version) (unknown migrations: \(migrations.joined(separator: ", "))); "
                + "run that build or restore a backup made before the upgrade"
        case .damaged(let path, let findings):
            "\(path) is damaged (\(findings.joined(separator: "; "))); restore a backup"
        case .brokenChain(let path, let noted, let found):
            "the journal in \(path) ends with \(found), but \(noted) was written last: records were cut off or changed; "
                + "'sluice check' says which, then restore a backup"
        case .setting(let name, let expected, let found): "\(name) reads back \(found) where \(expected) is required"
        case .diskFull(let message): "the disk is full: \(message)"
        case .inputOutput(let message): "the disk failed: \(message)"
        case .readOnly(let message): "the database cannot be written: \(message)"
        case .locked(let message): "the database is locked: \(message)"
        case .corrupt(let message): "the database is malformed: \(message)"
        case .corruptRecord(let sequence, let problem): "journal record \(sequence) \(problem)"
        case .sequence(let expected, let found): "journal record \(found) where \(expected) is next"
        case .duplicateExecution(let adapter, let account, let execution):
            "execution \(execution) of account \(account) at \(adapter) is stored already"
        case .duplicateClientOrderID(let id, let leg): "client order id \(id) of leg \(leg) belongs to another leg"
        case .duplicateIdempotencyKey(let caller, let key): "idempotency key \(key) of \(caller) is stored already"
        case .duplicateKey(let id): "API key \(id) exists already"
        case .contradiction(let subject, let problem): "\(subject) \(problem)"
        case .invalidValue(let field, let value, let expected): "\(field) is \(value), expected \(expected)"
        case .unknownKey(let id): "API key \(id) does not exist"
        case .stopped(let cause): "the store has stopped after a failed write (\(cause)); reopen it"
        case .closed: "the store is closed"
        case .other(let code, let message): "SQLite answered \(code): \(message)"
        }
    }
}
