/// What is too large to be meant. Each is checked where an adapter's pointer is first read, and refused, never cut.
enum Bounds {
    /// An order id, execution id, account name, alias or cursor.
    static let identifierBytes = 256
    /// A broker's words, an adapter's sentence.
    static let textBytes = 65_536
    static let adapterStateBytes = 1024
    static let brokerDataBytes = 256
    /// An instrument id.
    static let instrumentBytes = 128
    static let keyBytes = 256
    static let valueBytes = 65_536
    /// Rows or updates in one host call.
    static let rowsPerCall: UInt64 = 10_000
    /// Reports that may wait for one turn's end.
    static let eventsPerTurn = 262_144
    static let childrenPerResult: UInt64 = 1_000
    static let feesPerTrade: UInt64 = 64
    static let fieldsPerLogLine: UInt64 = 64
    static let logTextBytes = 4096
    static let metricNames = 256
    static let metricNameBytes = 64
    static let randomBytes: UInt64 = 4096
    static let pendingTimers = 4096
    static let watchedInstruments = 100_000
    static let pagesPerQuery = 10_000
    static let rowsPerQuery = 1_000_000
    /// Descriptor texts: schemas and the capability document.
    static let documentBytes = 1_048_576
    /// Commands that the host ended and whose late answers it still recognises.
    static let endedCommands = 10_000
    /// After so many breaches of the contract a session is poisoned.
    static let breachesUntilPoisoned: UInt64 = 1_000
}

/// An argument of an adapter that breaks the contract: which one, and what would have been right.
struct ContractBreach: Error, CustomStringConvertible {
    let field: String
    let reason: String
    init(_ field: String, _ reason: String) { (self.field, self.reason) = (field, reason) }
    var description: String { "\(field): \(reason)" }
}
