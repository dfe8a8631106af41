import Exact

/// Looks for what a recording expects in the document that a vendor call answers with. The document is the broker's, so its
/// names are too: case and underscores do not count.
struct DocumentCheck {
    let document: JSONValue

    init(_ document: JSONValue) { self.document = document }

    func compare(_ wanted: inout Expectation) {
        for name in wanted.object.keys where !["outcome", "order_ids", "accepted", "rejected"].contains(name) {
            guard let value = wanted.take(name) else { continue }
            if let items = value.array {
                if items.isEmpty, let count = longestList(document) {
                    wanted.fail(name, expected: "none", found: "\(count) in the document")
                }
                for (index, item) in items.enumerated() where !holds(item) {
                    wanted.fail(
                        "\(name)[\(index)]", expected: Comparison.short(Comparison.text(item)),
                        found: "nothing like it in the document")
                }
            } else if let object = value.object {
                if !holds(value) {
                    wanted.fail(
                        name, expected: Comparison.short(JSONValue.object(object).serializedText()),
                        found: "nothing like it in the document")
                }
            } else {
                let found = values(named: name, in: document)
                if !found.contains(where: { isSame(value, $0) }) {
                    wanted.fail(
                        name, expected: Comparison.text(value),
                        found: found.isEmpty
                            ? "nothing of that name in the document"
                            : found.map { Comparison.short(Comparison.text($0)) }.joined(separator: ", "))
                }
            }
        }
    }

    private func isSame(_ expected: JSONValue, _ found: JSONValue) -> Bool {
        if expected == found || Comparison.text(expected) == Comparison.text(found) { return true }
        guard let left = expected.decimalOrText, let right = found.decimalOrText else { return false }
        return left == right
    }

    /// Whether some object of the document has every member, or some list every element.
    private func holds(_ item: JSONValue) -> Bool { holds(item, in: document) }

    private func holds(_ item: JSONValue, in value: JSONValue) -> Bool {
        if let members = item.object {
            guard let object = value.object else { return value.array?.contains { holds(item, in: $0) } ?? false }
            let isHere = members.allSatisfy { member in
                values(named: member.key, in: value, depth: 2).contains { isSame(member.value, $0) }
            }
            return isHere || object.contains { holds(item, in: $0.value) }
        }
        if let parts = item.array {
            if let list = value.array, list.count >= parts.count, zip(parts, list).allSatisfy({ isSame($0, $1) }) {
                return true
            }
        } else if isSame(item, value) {
            return true
        }
        if let object = value.object { return object.contains { holds(item, in: $0.value) } }
        return value.array?.contains { holds(item, in: $0) } ?? false
    }

    /// How many objects the longest list of the document has; `nil`: there is no list of objects.
    private func longestList(_ value: JSONValue) -> Int? {
        let parts = value.object?.map(\.value) ?? value.array ?? []
        let own = value.array?.count { $0.object != nil } ?? 0
        return (parts.compactMap { longestList($0) } + [own]).max().flatMap { $0 > 0 ? $0 : nil }
    }

    private func values(named name: String, in value: JSONValue, depth: Int = 16) -> [JSONValue] {
        guard depth > 0 else { return [] }
        let wanted = plain(name)
        if let object = value.object {
            return object.flatMap { member in
                (plain(member.key) == wanted ? [member.value] : [])
                    + values(named: name, in: member.value, depth: depth - 1)
            }
        }
        return (value.array ?? []).flatMap { values(named: name, in: $0, depth: depth - 1) }
    }

    private func plain(_ name: String) -> String { String(name.lowercased().filter { $0 != "_" && $0 != "-" }) }
}
