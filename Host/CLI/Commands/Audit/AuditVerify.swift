import ArgumentParser
import Exact
import Gateway
import Store

extension AuditCommand {
    /// Of a running gateway, or alone on a data directory.
    struct Verify: SurroundedCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare every record of the journal with its hash and with the record before it.",
            discussion: """
                Example: sluice audit verify
                Alone:   sluice audit verify --offline ./sluice-data
                Later:   sluice audit verify --anchor 48213:9f2c…

                It finds any edit, deletion and reordering. Its last line is an anchor: the number and hash of the last \
                record. Kept outside of this machine and given again later with --anchor, it also finds an end that was \
                cut off and a journal that was written anew as a whole, which nothing inside the machine can.

                The exit status is 0 for a whole journal, 1 for one that is not or that cannot be looked at.
                """)
        @Option(help: "What an earlier verification printed.") var anchor: String?
        @Option(help: "Look at this data directory itself; no gateway may run on it.") var offline: String?
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if let anchor, ChainAnchor(anchor) == nil { throw ValidationError("--anchor is \(ChainAnchor.rule)") }
        }

        func run(in surroundings: Surroundings) async throws {
            guard let offline else {
                return try await CommandLineEntry.withSession(connection, surroundings) { session in
                    let body: JSONObject = anchor.map { ["anchor": .string($0)] } ?? [:]
                    let answer = try await session.show(
                        .post, "/api/audit/verify", body: .object(body), timeoutMilliseconds: 600_000
                    ) { Self.lines($0, $1) }
                    if answer["whole"]?.bool != true { throw CommandFailure.refused }
                }
            }
            let report: ChainReport
            do {
                report = try DirectoryCheck.verifyChain(offline, against: anchor.flatMap { ChainAnchor($0) })
            } catch {
                throw CommandFailure.message("\(error)", remedy: nil)
            }
            let value = Self.value(report)
            if connection.json {
                surroundings.console.unchanged(value.serialized())
            } else {
                for line in Self.lines(value, surroundings.console.style) { surroundings.console.out(line) }
            }
            if !report.isWhole { throw CommandFailure.refused }
        }

        /// As the gateway answers it.
        private static func value(_ report: ChainReport) -> JSONValue {
            .object([
                "whole": .bool(report.isWhole), "records": .number("\(report.records)"),
                "anchor": .string(report.anchor.description),
                "chained_at_upgrade": .number("\(report.chainedAtUpgrade)"),
                "findings": .array(
                    report.findings.map { finding in
                        .object([
                            "code": .string(finding.code), "record": .number("\(finding.sequence)"),
                            "message": .string(finding.description),
                        ])
                    }), "omitted_findings": .number("\(report.omittedFindings)"),
            ])
        }

        private static func lines(_ report: JSONValue, _ style: Style) -> [String] {
            var lines = (report["findings"]?.array ?? []).map { style(.bad, $0.text("message")) }
            let omitted = report.text("omitted_findings")
            if omitted != "0", !omitted.isEmpty { lines.append(style(.bad, "and \(omitted) more")) }
            let count = report.text("records")
            lines.append(
                report["whole"]?.bool == true
                    ? style(.good, "whole: each of \(count) records is the one that was written")
                    : style(.bad, "not whole, of \(count) records"))
            let upgraded = report.text("chained_at_upgrade")
            if upgraded != "0", !upgraded.isEmpty {
                lines.append("records 1 to \(upgraded) were chained when the database was upgraded")
            }
            lines.append("anchor \(report.text("anchor"))")
            return lines
        }
    }
}
