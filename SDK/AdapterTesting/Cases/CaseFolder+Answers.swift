import Exact

extension CaseFolder {
    static func answers(_ name: String, _ disk: inout CaseDisk) throws(CaseError) -> [AnswerCase] {
        var answers: [AnswerCase] = []
        for entry in try disk.entries(name) { answers.append(try answer(entry, &disk)) }
        return answers
    }

    /// An answer's own members, or those of its `response`.
    private static func answer(_ entry: CaseEntry, _ disk: inout CaseDisk) throws(CaseError) -> AnswerCase {
        let request = try entry.object("request")
        var method = ""
        var path = ""
        if let request {
            guard let verb = request["method"]?.string, !verb.isEmpty else {
                throw entry.wrong("request.method", "text", request["method"])
            }
            guard let place = request["path"]?.string, !place.isEmpty else {
                throw entry.wrong("request.path", "text", request["path"])
            }
            (method, path) = (verb, place)
        }
        var source = entry
        var status = "http_status"
        if let response = try entry.object("response") {
            source.object = response
            status = response["status"] == nil ? "http_status" : "status"
        }
        return AnswerCase(
            file: entry.file, name: entry.name, record: entry.object,
            status: try source.status(status, source.object[status]), headers: try headers(source),
            body: try body(source, &disk), method: method, path: path, answersCase: try entry.text("answers_case"),
            expect: try entry.object("expect"), verdict: try entry.text("for_order_placement"),
            retry: try entry.text("retry"))
    }

    private static func headers(_ entry: CaseEntry) throws(CaseError) -> [String: String] {
        var headers: [String: String] = [:]
        if let type = try entry.text("content_type") { headers["content-type"] = type }
        for (name, value) in try entry.object("headers") ?? JSONObject() {
            guard let text = value.string else { throw entry.wrong("headers.\(name)", "text", value) }
            headers[name] = text
        }
        return headers
    }

    /// `file` beside the entry's own file, or `body` (text as it is, anything else as JSON), or `body_raw`.
    private static func body(_ entry: CaseEntry, _ disk: inout CaseDisk) throws(CaseError) -> [UInt8] {
        if let file = try entry.text("file") {
            let folder = entry.file.split(separator: "/").dropLast().joined(separator: "/")
            return try disk.bytes(folder.isEmpty ? file : "\(folder)/\(file)", for: entry, "file")
        }
        if let raw = try entry.text("body_raw") { return Array(raw.utf8) }
        guard let body = entry.object["body"], !body.isNull else { return [] }
        return body.string.map { Array($0.utf8) } ?? body.serialized()
    }
}
