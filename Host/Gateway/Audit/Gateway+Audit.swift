package import Domain
import Engine
package import Store

extension Gateway {
    /// Which lines of the audit to show; a `nil` filter lets all pass.
    package struct AuditFilter: Sendable {
        /// Only what was recorded at or after.
        package var from: Timestamp?
        /// Only what was recorded before.
        package var to: Timestamp?
        package var person: String?
        package var kind: AuditKind?
        /// Only what stands before this place in the journal.
        package var before: AuditPlace?
        package var limit: Int

        package init(
            from: Timestamp?, to: Timestamp?, person: String?, kind: AuditKind?, before: AuditPlace?, limit: Int
        ) {
            (self.from, self.to, self.person, self.kind) = (from, to, person, kind)
            (self.before, self.limit) = (before, limit)
        }
    }

    /// A place in the journal: an event of a record.
    package struct AuditPlace: Hashable, Sendable, CustomStringConvertible {
        package var sequence: UInt64
        package var index: Int

        package init(sequence: UInt64, index: Int) { (self.sequence, self.index) = (sequence, index) }

        package init?(_ text: String) {
            let parts = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
            guard parts.count == 2, parts.allSatisfy({ part in part.allSatisfy { (48...57).contains($0) } }),
                let sequence = UInt64(Substring(parts[0])), let index = Int(Substring(parts[1]))
            else { return nil }
            self.init(sequence: sequence, index: index)
        }

        package var description: String { "\(sequence)-\(index)" }
    }

    /// The most records that one page of the audit decodes: with rare kinds a page may be short, even empty, and yet have
    /// a next one.
    package static let auditRecordsExamined = 5_000

    /// What was decided, done and heard, newest first, read from the journal itself.
    ///
    /// - Parameter person: The person that an API key names.
    package func audit(
        _ filter: AuditFilter, person: @escaping @Sendable (String) -> String?
    ) async throws(GatewayError) -> (items: [AuditEntry], next: AuditPlace?) {
        try await settle()
        guard let store = storage as? Store else { return ([], nil) }
        let state = state
        return try await onReader { _ in
            var items: [AuditEntry] = []
            var place = filter.before
            var examined = 0
            while true {
                // The record that the page before ended in may hold more.
                let before = place.map { $0.index > 0 ? $0.sequence + 1 : $0.sequence }
                let page = try store.recentRecords(
                    before: before, from: filter.from, to: filter.to,
                    limit: min(100, Self.auditRecordsExamined - examined))
                for record in page.rows {
                    examined += 1
                    var events = try JournalCoder.events(record)
                    if let place, place.sequence == record.sequence { events = Array(events.prefix(place.index)) }
                    let entries = state.withLockedValue { state in
                        let describer = AuditDescriber(engine: state.engine, person: person)
                        return events.enumerated().reversed().map { index, event in
                            describer.entry(event, sequence: record.sequence, index: index, at: record.recordedAt)
                        }
                    }
                    for entry in entries
                    where (filter.kind ?? entry.kind) == entry.kind && (filter.person ?? entry.by) == entry.by {
                        if items.count == filter.limit, let last = items.last.flatMap({ AuditPlace($0.id) }) {
                            return (items, last)
                        }
                        items.append(entry)
                    }
                    place = AuditPlace(sequence: record.sequence, index: 0)
                }
                guard let next = page.next else { return (items, nil) }
                place = AuditPlace(sequence: next, index: 0)
                if examined >= Self.auditRecordsExamined || page.rows.isEmpty { return (items, place) }
            }
        }
    }

    /// Walks the whole chain of records against their hashes, beside the running gateway. One walk at a time.
    package func verifyJournal(against anchor: ChainAnchor?) async throws(GatewayError) -> ChainReport {
        try await settle()
        guard let store = storage as? Store else { throw .notServing("the storage keeps no chain") }
        let isFirst = state.withLockedValue { state in
            defer { state.isVerifying = true }
            return !state.isVerifying
        }
        guard isFirst else { throw .inUse("the journal is being verified already") }
        defer { state.withLockedValue { $0.isVerifying = false } }
        return try await onReader { _ in try store.verifyChain(against: anchor) }
    }
}
