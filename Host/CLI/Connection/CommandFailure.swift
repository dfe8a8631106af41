import Exact

/// Why a command did not do what it was asked. Each becomes an exit status and lines on standard error.
enum CommandFailure: Error, Sendable {
    /// The command line itself is wrong.
    case usage(String, remedy: String?)
    /// Something on this side of the connection.
    case message(String, remedy: String?)
    /// No answer came. Of a change it is then not known whether it happened, unless it certainly was not sent.
    case transport(TransportFailure, idempotencyKey: String?, isRead: Bool)
    /// The gateway said no, and why.
    case problem(Problem, idempotencyKey: String?)
    /// The answer is already on standard output and says itself what was refused.
    case refused

    var isUsage: Bool {
        if case .usage = self { return true }
        return false
    }

    /// What a person reads.
    func lines(_ style: Style) -> [String] {
        switch self {
        case .usage(let text, let remedy), .message(let text, let remedy):
            // Several errors stand on lines of their own.
            let parts = text.split(separator: "\n").map { String($0).displayable }
            return ["\(style(.bad, "error:")) \(parts.first ?? "")"] + parts.dropFirst().map { "  \($0)" }
                + (remedy.map { ["  remedy: \($0.displayable)"] } ?? [])
        case .transport(let failure, let key, let isRead):
            var lines = ["\(style(.bad, "error:")) \(failure.message.displayable)"]
            if failure.isCertainlyNotSent {
                lines.append("  nothing was sent; is the gateway running ('sluice serve'), and is --url right?")
            } else if !isRead {
                lines.append("  it is not known whether the gateway did it")
                lines.append(
                    key.map { "  repeat it safely with --idempotency-key \($0)" }
                        ?? "  look what there is before repeating it")
            }
            return lines
        case .problem(let problem, let key):
            var lines = problem.lines(style)
            if let key, problem.isWorthRetrying { lines.append("  repeat it safely with --idempotency-key \(key)") }
            return lines
        case .refused: return []
        }
    }
}

/// A problem document (RFC 9457) with the fields it blames.
struct Problem: Hashable, Sendable {
    struct Entry: Hashable, Sendable {
        var path: String
        var value: String
        var message: String
        var remedy: String
    }

    var status: Int
    var code: String
    var title: String
    var detail: String
    var entries: [Entry]
    var requestID: String
    /// The control that refused a change, with its numbers; `null` for other problems.
    var reject: JSONValue
    /// The stored version, where a change was made to another one.
    var currentVersion: String
    /// What lies between that version and the document that was sent.
    var changes: [JSONValue]

    /// Entries that are shown: as many errors as the gateway names of one document, and its word on the rest.
    static let shownEntries = 1_001

    /// Reads a document leniently: what it lacks stays empty, so that any answer can be shown.
    init(_ value: JSONValue, status: Int) {
        self.status = value["status"]?.int64.flatMap(Int.init(exactly:)) ?? status
        code = value.text("code")
        title = value.text("title")
        detail = value.text("detail")
        requestID = value.text("request_id")
        reject = value["reject"] ?? .null
        currentVersion = value.text("current_version")
        changes = value["changes"]?.array ?? []
        entries = (value["errors"]?.array ?? []).map { entry in
            Entry(
                path: entry.text("path"),
                value: entry["value"].map { $0.isNull ? "" : $0.string?.displayable ?? $0.serializedText() } ?? "",
                message: entry.text("message"), remedy: entry.text("remedy"))
        }
    }

    /// Whether the same request may be taken later.
    var isWorthRetrying: Bool { [409, 429, 503].contains(status) && code != "version_mismatch" }

    func lines(_ style: Style) -> [String] {
        let headline = title.isEmpty ? "the gateway answered \(status)" : title
        let mark = [String(status), code].filter { !$0.isEmpty && $0 != "0" }.joined(separator: " ")
        var lines = ["\(style(.bad, "refused:")) \(headline) (\(mark))"]
        if !detail.isEmpty, detail != title { lines.append("  \(detail)") }
        lines += entries.prefix(Self.shownEntries).flatMap { $0.lines(style) }
        if entries.count > Self.shownEntries { lines.append("  and \(entries.count - Self.shownEntries) more") }
        if !reject.isNull { lines.append("  \(RunReport.numbers(reject, style))") }
        if !changes.isEmpty {
            lines.append(
                "  what was sent would make \(RiskChanges.count(changes)) to the stored version \(currentVersion):")
            lines += RiskChanges.lines(changes, style).map { "    \($0)" }
        }
        if !requestID.isEmpty { lines.append(style(.dim, "  request \(requestID)")) }
        return lines
    }
}

extension Problem.Entry {
    /// What the gateway puts before the place of an error inside a document.
    private static let documentMark = "/document: "

    /// An error of a document is one line, as compilers write it: `line 3, column 5: firm.limits: message (remedy)`.
    /// Of other fields the remedy has a line of its own.
    fileprivate func lines(_ style: Style) -> [String] {
        if path.hasPrefix(Self.documentMark) {
            let place = String(path.dropFirst(Self.documentMark.count))
            return ["  \(style(.bold, place)): \(message)" + (remedy.isEmpty ? "" : " (\(remedy))")]
        }
        let place = path.isEmpty ? "request" : path
        let value = value.isEmpty ? "" : " = \(value)"
        return ["  \(style(.bold, place))\(value): \(message)"]
            + (remedy.isEmpty ? [] : ["    remedy: \(remedy)"])
    }
}
