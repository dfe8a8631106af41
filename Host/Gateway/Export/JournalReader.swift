package import Domain
import Engine
import Store

/// Reads the journal from a place on to its end in bounded portions, as events or as lines of the audit.
///
/// Each event is described by the state that it led to, rebuilt beside the running gateway; the engine's lock is only
/// taken to learn names. One reader, one task: it keeps its place.
package struct JournalReader<Row: Sendable>: Sendable {
    /// A record is closed after its events; a clock that was set back by less than this hides none of them.
    private static var clockMargin: Int64 { 3_600_000_000_000 }

    /// What is read, and how.
    struct Reading: Sendable {
        var from: Timestamp?
        var to: Timestamp?
        /// Whether the rows of one event are counted in the record, or the event itself.
        var countsRows: Bool
        /// Turns one event into rows. `number` is that of the first row within the record.
        var describe: @Sendable (Engine, Event, _ sequence: UInt64, _ at: Timestamp, _ number: Int) -> [Row]
        /// When a row happened.
        var time: @Sendable (Row) -> Timestamp

        func keeps(_ row: Row) -> Bool {
            let at = time(row)
            return from.map { at >= $0 } ?? true && to.map { at < $0 } ?? true
        }

        /// Whether a record that was closed at `time` can hold rows that are wanted.
        func isTooEarly(_ time: Timestamp) -> Bool { from.map { time.advanced(by: clockMargin) < $0 } ?? false }
        func isTooLate(_ time: Timestamp) -> Bool { to.map { time > $0.advanced(by: clockMargin) } ?? false }
    }

    private let gateway: Gateway
    private let reading: Reading
    private var after: Gateway.AuditPlace
    private var scratch: Engine?
    private var isAtEnd = false

    init(_ gateway: Gateway, after: Gateway.AuditPlace?, _ reading: Reading) {
        (self.gateway, self.reading) = (gateway, reading)
        self.after = after ?? Gateway.AuditPlace(sequence: 0, index: 0)
    }

    /// The next rows; `nil` at the end of what was durable when the end was reached. May be empty before the end.
    package mutating func next() async throws(GatewayError) -> [Row]? {
        guard !isAtEnd, let store = gateway.storage as? Store else { return nil }
        try await gateway.settle()
        let known = scratch
        scratch = nil
        let (last, engine) = gateway.state.withLockedValue { state -> (UInt64, Engine) in
            if let known, known.accounts.count == state.engine.accounts.count,
                known.instruments.count == state.engine.instruments.count
            {
                return (state.durableSequence, known)
            }
            return (state.durableSequence, state.engine.withoutRuns())
        }
        let portion = JournalPortion(reading: reading, after: after, last: last, engine: engine)
        let done = try await gateway.onReader { _ in
            var portion = portion
            try portion.read(store)
            return portion
        }
        (after, scratch, isAtEnd) = (done.after, done.engine, done.isAtEnd)
        return done.rows
    }
}

/// One portion of a journal's reading: a value, so that it can go to a reader's thread and back.
private struct JournalPortion<Row: Sendable>: Sendable {
    /// Records that are looked at in one portion, and rows after which it ends.
    private static var records: Int { 1_024 }
    private static var enough: Int { 1_000 }
    /// Runs that are rebuilt at a time; beyond that what is known is dropped and read again where needed.
    private static var maximumRuns: Int { 4_000 }

    let reading: JournalReader<Row>.Reading
    var after: Gateway.AuditPlace
    let last: UInt64
    var engine: Engine
    var rows: [Row] = []
    var isAtEnd = false

    init(reading: JournalReader<Row>.Reading, after: Gateway.AuditPlace, last: UInt64, engine: Engine) {
        (self.reading, self.after, self.last, self.engine) = (reading, after, last, engine)
    }

    mutating func read(_ store: Store) throws {
        var examined = 0
        while examined < Self.records, rows.count < Self.enough {
            // The record that the place lies in may hold more.
            let first = max(1, after.sequence)
            let (records, failure) =
                first <= last ? try store.portion(from: first, limit: 16, bytes: 1 << 18) : ([], nil)
            if records.isEmpty, let failure { throw failure }
            guard !records.isEmpty else {
                isAtEnd = true
                return
            }
            for record in records {
                guard record.sequence <= last, !reading.isTooLate(record.recordedAt) else {
                    isAtEnd = true
                    return
                }
                if !reading.isTooEarly(record.recordedAt) { try read(record, store) }
                after = Gateway.AuditPlace(sequence: record.sequence + 1, index: -1)
            }
            examined += records.count
        }
    }

    private mutating func read(_ record: StoredRecord, _ store: Store) throws {
        var number = 0
        for event in try JournalCoder.events(record) {
            if let run = event.run {
                if engine.runs[run] == nil { try load(run, before: record.sequence, store) }
                engine.apply(event)
            }
            let described = reading.describe(engine, event, record.sequence, record.recordedAt, number)
            for (offset, row) in described.enumerated() {
                let index = reading.countsRows ? number + offset : number
                if record.sequence == after.sequence, index <= after.index { continue }
                if reading.keeps(row) { rows.append(row) }
            }
            number += reading.countsRows ? described.count : 1
        }
    }

    /// Brings a run to the state it was in before a record.
    private mutating func load(_ run: RunID, before sequence: UInt64, _ store: Store) throws {
        if engine.runs.count >= Self.maximumRuns { engine = engine.withoutRuns() }
        for earlier in try store.journalSequences(of: [run]) where earlier < sequence {
            guard let record = try store.record(earlier) else { continue }
            for event in try JournalCoder.events(record) where event.run == run { engine.apply(event) }
        }
    }
}

extension JournalReader where Row == EventView {
    /// Events as the stream tells them, oldest first.
    ///
    /// - Parameters:
    ///   - after: the id of the last event that is known.
    ///   - from: happened at or after.
    ///   - to: happened before.
    package static func events(
        _ gateway: Gateway, after: Gateway.AuditPlace?, from: Timestamp?, to: Timestamp?
    ) -> JournalReader {
        let reading = Reading(
            from: from, to: to, countsRows: true,
            describe: { engine, event, sequence, at, number in
                EventDescriber(engine: engine).describe([event], sequence: sequence, at: at, first: number)
            }, time: \.at)
        return JournalReader(gateway, after: after, reading)
    }
}

extension JournalReader where Row == AuditEntry {
    /// Lines of the audit, oldest first.
    ///
    /// - Parameter person: The person that an API key names.
    package static func audit(
        _ gateway: Gateway, after: Gateway.AuditPlace?, from: Timestamp?, to: Timestamp?,
        person: @escaping @Sendable (String) -> String?
    ) -> JournalReader {
        let reading = Reading(
            from: from, to: to, countsRows: false,
            describe: { engine, event, sequence, at, index in
                [AuditDescriber(engine: engine, person: person).entry(event, sequence: sequence, index: index, at: at)]
            }, time: \.at)
        return JournalReader(gateway, after: after, reading)
    }
}
