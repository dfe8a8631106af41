import Domain
import Exact
import Gateway
import Store

/// `/api/audit`: what was decided and done, and whether the record of it is whole.
extension Backend {
    func listAudit(_ call: Call) async throws -> Answer {
        var query = call.query
        let limit = query.limit()
        let instant = "RFC 3339, like 2026-12-31T15:30:00Z"
        let filter = Gateway.AuditFilter(
            from: query.value("from", instant) { Timestamp(rfc3339: $0) },
            to: query.value("to", instant) { Timestamp(rfc3339: $0) },
            person: query.text("person"),
            kind: query.word("kind", AuditKind.allCases.map(\.rawValue)).flatMap(AuditKind.init(rawValue:)),
            before: query.value("cursor", "next_cursor of the page before") { Gateway.AuditPlace($0) }, limit: limit)
        if let from = filter.from, let to = filter.to, from >= to {
            query.refuse("to", to.rfc3339, "is not after from", remedy: "name a later instant")
        }
        try query.check()
        let keys = keys
        let page = try await gateway.audit(filter) { keys.person(of: $0) }
        return .list(page.items, next: page.next?.description) { $0.auditEntry($1) }
    }

    func verifyAudit(_ call: Call) async throws -> Answer {
        var reader = ObjectReader(try await call.object())
        let text = reader.text("anchor", maximum: 100)
        let anchor = text.flatMap { ChainAnchor($0) }
        if let text, anchor == nil {
            reader.refuse("anchor", .string(text), "is no anchor", remedy: "expected \(ChainAnchor.rule)")
        }
        reader.finish(Schema.auditVerifyRequest)
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let report = try await gateway.verifyJournal(against: anchor)
        return .json(reserving: 512) { $0.chainReport(report) }
    }
}

extension JSONWriter {
    fileprivate mutating func auditEntry(_ entry: AuditEntry) {
        object {
            $0.member("id", entry.id)
            $0.member("at", entry.at)
            $0.member("kind", entry.kind.rawValue)
            $0.member("type", entry.type)
            $0.member("by", entry.by)
            $0.member("key_id", entry.key.isEmpty ? nil : entry.key)
            $0.member("subject", entry.subject)
            $0.member("reason", entry.reason)
            $0.member("facts", .object(entry.facts))
        }
    }

    fileprivate mutating func chainReport(_ report: ChainReport) {
        object {
            $0.member("whole", report.isWhole)
            $0.member("records", Int64(clamping: report.records))
            $0.member("anchor", report.anchor.description)
            $0.member("chained_at_upgrade", Int64(clamping: report.chainedAtUpgrade))
            $0.list("findings", report.findings) { json, finding in
                json.object {
                    $0.member("code", finding.code)
                    $0.member("record", Int64(clamping: finding.sequence))
                    $0.member("message", finding.description)
                }
            }
            $0.member("omitted_findings", Int64(report.omittedFindings))
        }
    }
}
