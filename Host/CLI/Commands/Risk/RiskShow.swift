import ArgumentParser
import Exact

extension RiskCommand {
    struct Show: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "The limits that bind a scope, each with the place it comes from; or the document itself.",
            discussion: """
                Example: sluice rms show account:P1

                'sluice rms show --document > rms.yaml' writes the live document, ready to be edited and applied; with \
                --version the one of that version. What it is goes to standard error, so that the file holds the document \
                alone.
                """)
        @Argument(help: ArgumentHelp(stringLiteral: RiskArguments.scopeRule + ". Default: firm.")) var scope: String?
        @Flag(help: "Print the document instead.") var document = false
        @Option(help: "Print the document of this version.") var version: Int64?
        @Flag(help: "Also list what a control does when it fires, where that is as shipped.") var all = false
        @OptionGroup var connection: ConnectionOptions

        func validate() throws {
            if let scope {
                try RiskArguments.checkScope(scope)
                if document || version != nil {
                    throw ValidationError("a document is of all scopes; leave out either '\(scope)' or --document")
                }
            }
            if let version, version < 0 { throw ValidationError("--version must be 0 or more") }
        }

        func run(in session: Session) async throws {
            if document || version != nil {
                try await showDocument(in: session)
            } else {
                let path = APIPath.make("api", "rms", "effective", query: [("scope", scope ?? "firm")])
                let all = all
                try await session.show(.get, path) { Self.lines($0, $1, all: all) }
            }
        }

        private func showDocument(in session: Session) async throws {
            let path = APIPath.make("api", "rms", "config", query: [("version", version.map { String($0) })])
            let now = session.surroundings.now()
            try await session.show(.get, path) { answer, style in
                var facts = ["version \(answer.text("version"))"]
                let (time, person) = (answer.text("applied_at"), answer.text("applied_by"))
                if !time.isEmpty { facts.append("applied \(Units.time(time, now: now))") }
                if !person.isEmpty { facts.append("by \(person)") }
                let reason = answer.text("reason")
                session.console.error(facts.joined(separator: " ") + (reason.isEmpty ? "" : ": \(reason)"))
                let text = answer["document"]?.string ?? ""
                // A file gets the document as it is; a terminal must not act on what somebody wrote into it.
                guard style.width != nil else {
                    session.console.unchanged(Array(text.utf8))
                    return []
                }
                var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                if lines.last?.isEmpty == true { lines.removeLast() }
                return lines.map { String($0).displayable }
            }
        }

        /// Keys that every control has and that seldom say anything.
        private static let common: Set<String> = ["action", "cool_off", "mode", "severity"]

        private static func lines(_ answer: JSONValue, _ style: Style, all: Bool) -> [String] {
            let scope = answer.text("scope")
            let known = answer["limits"]?.array ?? []
            let rows = known.filter { row in
                all || row.text("origin") != "shipped default" || !common.contains(row.text("key"))
            }
            let hidden = known.count - rows.count
            let footer =
                hidden > 0
                ? ["", style(.dim, "\(hidden) actions, modes and severities as shipped: --all lists them")] : []
            let header = "limits of \(style(.bold, scope)), version \(answer.text("version"))"
            guard !rows.isEmpty else { return [header, "nothing bounds its total"] }
            var table = Table([
                .text("CONTROL"), .text("KEY"), .text("FROM"), .text("BINDS").optional, .sentence("VALUE"),
            ])
            let values = Self.aligned(rows.map { $0.text("value") })
            // Whose total a row bounds goes without saying as long as it is the scope's own.
            let bindsOthers = rows.contains { $0.text("binds") != scope }
            var last = ""
            for (row, value) in zip(rows, values) {
                let control = row.text("control")
                table.append([
                    Table.Cell(control, control == last ? .dim : .bold), Table.Cell(row.text("key")),
                    Table.Cell(row.text("origin"), row.text("origin") == "shipped default" ? .dim : .plain),
                    Table.Cell(bindsOthers ? row.text("binds") : ""), Table.Cell(value),
                ])
                last = control
            }
            return [header, ""] + table.lines(style) + footer
        }

        /// Values that are figures end at the same column; words and lists stay where they begin.
        static func aligned(_ values: [String]) -> [String] {
            func isFigure(_ text: String) -> Bool {
                let first = text.first { $0 != "-" }
                return text.count <= 24 && first?.isASCII == true && first?.isNumber == true
            }
            let width = values.reduce(0) { isFigure($1) ? max($0, $1.count) : $0 }
            return values.map { isFigure($0) ? String(repeating: " ", count: width - $0.count) + $0 : $0 }
        }
    }

    struct History: ClientCommand {
        static let configuration = CommandConfiguration(
            abstract: "Every version of the limits: who made it, when and why.",
            discussion: "Example: sluice rms history --limit 20")
        @OptionGroup var page: PageOptions
        @OptionGroup var connection: ConnectionOptions

        func run(in session: Session) async throws {
            let now = session.surroundings.now()
            try await session.show(.get, APIPath.make("api", "rms", "history", query: page.query)) { answer, style in
                var table = Table([
                    .number("VERSION"), .text("TIME"), .text("BY").optional, .number("CHANGES"), .text("TEXT").optional,
                    .sentence("REASON"),
                ])
                for item in answer.items {
                    table.append([
                        Table.Cell(item.text("version"), .bold),
                        Table.Cell(Units.time(item.text("applied_at"), now: now)), Table.Cell(item.text("applied_by")),
                        Table.Cell(item.text("changes")),
                        // Said only of the exception: a version that can be neither shown nor gone back to.
                        Table.Cell(item["is_document_kept"] == false ? "not kept" : "", .dim),
                        Table.Cell(item.text("reason")),
                    ])
                }
                return table.isEmpty ? ["no versions"] : table.lines(style) + answer.nextPage(style)
            }
        }
    }
}
