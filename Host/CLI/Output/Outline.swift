import Exact

/// Any answer as indented names and values, for what has no table of its own.
enum Outline {
    /// Lines of a document. Lists of plain values stay on one line; texts longer than a line keep their own lines.
    static func lines(_ value: JSONValue, _ style: Style) -> [String] { lines(value, style, indent: 0) }

    private static func lines(_ value: JSONValue, _ style: Style, indent: Int) -> [String] {
        let margin = String(repeating: " ", count: indent)
        switch value {
        case .object(let members):
            let width = members.reduce(0) { isPlain($1.value) ? max($0, $1.key.count) : $0 }
            return members.flatMap { key, member -> [String] in
                let name = key.displayable
                if let text = plain(member) {
                    if text.isEmpty { return [] }
                    let padding = String(repeating: " ", count: max(0, width - name.count))
                    return ["\(margin)\(style(.dim, name))\(padding)  \(text)"]
                }
                let inner = lines(member, style, indent: indent + 2)
                return inner.isEmpty ? [] : ["\(margin)\(style(.bold, name))"] + inner
            }
        case .array(let elements):
            return elements.flatMap { element -> [String] in
                var inner = lines(element, style, indent: indent + 2)
                guard let first = inner.first else { return [] }
                inner[0] = "\(margin)- \(first.dropFirst(min(indent + 2, first.count)))"
                return inner
            }
        default:
            let text = plain(value) ?? ""
            return text.isEmpty ? [] : ["\(margin)\(text)"]
        }
    }

    private static func isPlain(_ value: JSONValue) -> Bool { plain(value) != nil }

    /// A scalar, or a list of scalars on one line; `nil` for structures.
    private static func plain(_ value: JSONValue) -> String? {
        switch value {
        case .null: return ""
        case .bool(let flag): return flag ? "yes" : "no"
        case .number(let token): return token
        case .string(let text): return text.displayable
        case .array(let elements):
            let texts = elements.compactMap { element -> String? in
                if case .array = element { return nil }
                return plain(element)
            }
            return texts.count == elements.count ? texts.joined(separator: ", ") : nil
        case .object(let members): return members.isEmpty ? "" : nil
        }
    }
}
