import Exact

/// Compares a request with a recorded one: forms as fields, JSON as values, queries as sets, numbers by value.
struct Comparison {
    /// A value that the host made up, since the intent names none: a field that holds it is not compared.
    var invented: String
    var findings: [Finding] = []

    init(invented: String) { self.invented = invented }

    mutating func request(_ sent: SentRequest, base: String, _ record: JSONObject) {
        if let method = record["method"]?.string, method != sent.method {
            findings.append(Finding("method", expected: method, found: sent.method))
        }
        let basePath = Comparison.path(ofURL: base)
        if let path = record["path"]?.string {
            let others = (record["path_alternatives"]?.array ?? []).compactMap(\.string)
            let made = [sent.path, basePath + sent.path].map(Comparison.plain)
            if !([path] + others).contains(where: { made.contains(Comparison.plain($0)) }) {
                findings.append(Finding("path", expected: path, found: basePath + sent.path))
            }
        }
        if let host = record["host"]?.string, !base.hasPrefix(host) {
            findings.append(Finding("host", expected: host, found: base))
        }
        query(sent, record)
        headers(sent, record)
        body(sent, record)
    }

    /// A path without the slash at its end.
    private static func plain(_ path: String) -> String { path.hasSuffix("/") ? String(path.dropLast()) : path }

    private static func path(ofURL url: String) -> String {
        guard let scheme = url.firstRange(of: "://") else { return "" }
        let rest = url[scheme.upperBound...]
        return rest.firstIndex(of: "/").map { String(rest[$0...]) } ?? ""
    }

    // MARK: Parts

    private mutating func query(_ sent: SentRequest, _ record: JSONObject) {
        var expected: [(String, JSONValue)] = []
        if let raw = record["query_raw"]?.string, !raw.isEmpty, raw.contains("=") {
            expected = Comparison.pairs(raw).map { ($0.0, .string($0.1)) }
        } else {
            for (name, value) in record["query"]?.object ?? JSONObject() {
                for item in value.array ?? [value] { expected.append((name, item)) }
            }
        }
        fields("query", expected, Comparison.pairs(sent.query), redundant: record)
    }

    private mutating func headers(_ sent: SentRequest, _ record: JSONObject) {
        guard let expected = record["headers"]?.object else { return }
        let hosts: Set = [
            "user-agent", "host", "accept", "accept-encoding", "connection", "content-length", "content-type",
        ]
        for (name, value) in expected {
            let found = sent.header(name)
            if found == nil, hosts.contains(name.lowercased()) { continue }
            if found != value.string {
                findings.append(
                    Finding("header \(name)", expected: value.string ?? "", found: found ?? "absent"))
            }
        }
        let names = Set(expected.keys.map { $0.lowercased() }).union(hosts)
        for header in sent.headers where !names.contains(header.name.lowercased()) {
            findings.append(Finding("header \(header.name)", expected: "absent", found: header.value))
        }
    }

    private mutating func body(_ sent: SentRequest, _ record: JSONObject) {
        guard let body = record["body"], !body.isNull else {
            if let raw = record["body_raw"]?.string, !raw.isEmpty {
                if raw != sent.bodyText { findings.append(Finding("body", expected: raw, found: sent.bodyText)) }
            } else if !sent.body.isEmpty, sent.bodyText != "{}" {
                findings.append(Finding("body", expected: "none", found: sent.bodyText))
            }
            return
        }
        let type = record["content_type"]?.string ?? ""
        if !type.isEmpty, let found = sent.header("content-type"), !found.hasPrefix(Comparison.media(type)) {
            findings.append(Finding("content type", expected: type, found: found))
        }
        if type.contains("form") {
            let expected =
                record["body_raw"]?.string.map { Comparison.pairs($0).map { ($0.0, JSONValue.string($0.1)) } }
                ?? (body.object ?? JSONObject()).map { ($0.key, $0.value) }
            fields("body", expected, Comparison.pairs(sent.bodyText), redundant: record)
        } else {
            guard let found = try? JSONValue.parse(sent.body, limits: .large) else {
                findings.append(Finding("body", expected: body.serializedText(), found: sent.bodyText))
                return
            }
            let optional = Set((record["redundant_fields"]?.array ?? []).compactMap(\.string))
            values("body", body, found, optional: optional)
        }
    }

    private static func media(_ type: String) -> String { String(type.prefix { $0 != ";" }) }

    /// Compares named fields; a name may come several times, in any order.
    private mutating func fields(
        _ place: String, _ expected: [(String, JSONValue)], _ sent: [(String, String)], redundant record: JSONObject
    ) {
        let optional = Set((record["redundant_fields"]?.array ?? []).compactMap(\.string))
        var left = sent
        for (name, value) in expected {
            if let index = left.firstIndex(where: { $0.0 == name && Comparison.isSame(value, text: $0.1) }) {
                left.remove(at: index)
            } else if let index = left.firstIndex(where: { $0.0 == name }) {
                findings.append(
                    Finding("\(place).\(name)", expected: Comparison.text(value), found: left[index].1))
                left.remove(at: index)
            } else if !optional.contains(name) {
                findings.append(Finding("\(place).\(name)", expected: Comparison.text(value), found: "absent"))
            }
        }
        for (name, value) in left where value != invented {
            findings.append(Finding("\(place).\(name)", expected: "absent", found: value))
        }
    }

    /// Compares JSON by value.
    private mutating func values(
        _ place: String, _ expected: JSONValue, _ found: JSONValue, optional: Set<String>
    ) {
        if let members = expected.object, let others = found.object {
            for (name, value) in members {
                guard let other = others[name] else {
                    if !optional.contains(name), !value.isNull {
                        findings.append(
                            Finding("\(place).\(name)", expected: Comparison.text(value), found: "absent"))
                    }
                    continue
                }
                values("\(place).\(name)", value, other, optional: optional)
            }
            for (name, value) in others where members[name] == nil && value.string != invented {
                findings.append(Finding("\(place).\(name)", expected: "absent", found: Comparison.text(value)))
            }
        } else if let items = expected.array, let others = found.array {
            if items.count != others.count {
                findings.append(
                    Finding(place, expected: "\(items.count) items", found: "\(others.count) items"))
                return
            }
            for (index, item) in items.enumerated() {
                values("\(place)[\(index)]", item, others[index], optional: optional)
            }
        } else if !Comparison.isSame(expected, found) {
            findings.append(
                Finding(place, expected: Comparison.text(expected), found: Comparison.text(found)))
        }
    }

    // MARK: Values

    /// Whether two values say the same; numbers by value, in text or not.
    static func isSame(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        if expected == found { return true }
        if let left = expected.decimalOrText, let right = found.decimalOrText {
            return left == right && (expected.string == nil) == (found.string == nil)
        }
        return false
    }

    static func isSame(_ expected: JSONValue, text found: String) -> Bool {
        let wanted = text(expected)
        if wanted == found
            || wanted.lowercased() == found.lowercased() && ["true", "false"].contains(found.lowercased())
        {
            return true
        }
        if let left = ExactDecimal(wanted), let right = ExactDecimal(found) { return left == right }
        guard let first = wanted.first, first == "{" || first == "[", let left = try? JSONValue.parse(wanted),
            let right = try? JSONValue.parse(found)
        else { return false }
        var comparison = Comparison(invented: "")
        comparison.values("", left, right, optional: [])
        return comparison.findings.isEmpty
    }

    /// A text cut to what a line shows.
    static func short(_ text: String) -> String { text.count <= 160 ? text : "\(text.prefix(157))..." }

    static func text(_ value: JSONValue) -> String { value.string ?? value.serializedText() }

    /// The decoded fields of a form or a query.
    static func pairs(_ text: String) -> [(String, String)] {
        text.split(separator: "&").map { field in
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(parts[0]), parts.count > 1 ? decoded(parts[1]) : "")
        }
    }

    private static func decoded(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(UInt8(ascii: " "))
            } else if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
