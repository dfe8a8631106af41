import ArgumentParser
import Exact
import Faults
import Gateway

/// `sluice check`
struct CheckCommand: SurroundedCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract:
            "Audit a data directory that no gateway runs on: the file, the chain of records, and all that is made of them.",
        discussion: """
            Example: sluice check ./sluice-data
            Example: sluice check --rebuild ./sluice-data

            It reads every record, rebuilds the state from the first one on, makes the tables of runs, legs and executions \
            anew and compares. Nothing is changed but with --rebuild, which first puts the tables made of the journal in \
            the place of the stored ones; idempotency keys and API keys are not in the journal as a whole and stay.

            The exit status is 0 for a sound directory, 1 for one that is not or that cannot be looked at.
            """)
    @Argument(help: "The data directory. Default: SLUICE_DATA, else ./sluice-data.") var directory: String?
    @Flag(help: "Make the tables anew from the journal first.") var rebuild = false
    @Flag(help: "Print one JSON document.") var json = false
    #if DEBUG
        /// For the crash harness: the places at which it ends this build, one a line.
        @Flag(name: .customLong("fault-points"), help: .hidden) var faultPoints = false
    #endif

    func run(in surroundings: Surroundings) async throws {
        #if DEBUG
            if faultPoints {
                for point in FaultPoint.allCases { surroundings.console.out(point.rawValue) }
                return
            }
        #endif
        let place = directory ?? surroundings.environment["SLUICE_DATA"].flatMap { $0.isEmpty ? nil : $0 }
        let console = surroundings.console
        let report: CheckReport
        do {
            report = try DirectoryCheck.run(place ?? "./sluice-data", rebuilds: rebuild) { done, all in
                guard console.errorStyle.width != nil else { return }
                console.progress("read \(done) of \(all) records")
            }
        } catch {
            throw CommandFailure.message("\(error)", remedy: nil)
        }
        if console.errorStyle.width != nil { console.progress("") }
        if json {
            console.unchanged(Self.value(report).serialized())
        } else {
            for line in Self.lines(report, console.style) { console.out(line) }
        }
        if !report.isSound { throw CommandFailure.refused }
    }

    private static func value(_ report: CheckReport) -> JSONValue {
        .object([
            "directory": .string(report.directory), "sound": .bool(report.isSound), "rebuilt": .bool(report.isRebuilt),
            "records": .number("\(report.records)"), "events": .number("\(report.events)"),
            "runs": .number("\(report.runs)"), "orders": .number("\(report.orders)"),
            "open_orders": .number("\(report.openOrders)"),
            "anchor": report.anchor.isEmpty ? .null : .string(report.anchor),
            "checks": .array(
                report.items.map { item in
                    .object([
                        "name": .string(item.name), "verdict": .string(item.verdict.rawValue),
                        "note": .string(item.note), "milliseconds": .number("\(item.milliseconds)"),
                        "findings": .array(item.findings.map { .string($0) }),
                        "omitted_findings": .number("\(item.omittedFindings)"),
                    ])
                }),
        ])
    }

    private static func lines(_ report: CheckReport, _ style: Style) -> [String] {
        var table = Table([.text("CHECK"), .text("VERDICT"), .number("MS"), .sentence("WHAT")])
        for item in report.items {
            let tone: Style.Tone =
                switch item.verdict {
                case .ok: .good
                case .failed: .bad
                case .skipped: .warning
                }
            table.append([
                Table.Cell(item.name, .bold), Table.Cell(item.verdict.rawValue, tone),
                Table.Cell("\(item.milliseconds)"), Table.Cell(item.note),
            ])
        }
        var lines = table.lines(style)
        for item in report.items where !item.findings.isEmpty {
            lines.append("")
            lines.append(style(.bad, "\(item.name):"))
            lines += item.findings.map { "  \($0.displayable)" }
            if item.omittedFindings > 0 { lines.append("  and \(item.omittedFindings) more") }
        }
        lines.append("")
        lines.append(
            "\(report.records) records, \(report.events) events, \(report.runs) runs, \(report.orders) orders, "
                + "\(report.openOrders) open")
        if report.isRebuilt { lines.append("the tables were made anew") }
        if !report.anchor.isEmpty { lines.append("anchor \(report.anchor)") }
        lines.append(
            report.isSound
                ? style(.good, "\(report.directory) is sound") : style(.bad, "\(report.directory) is not sound"))
        return lines
    }
}
