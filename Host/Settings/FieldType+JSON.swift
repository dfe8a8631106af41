import Exact

extension FieldType where Value == String {
    /// A mapping of any shape, as the JSON text an adapter's schema will judge. Numbers keep the digits they were
    /// written with.
    package static var jsonObject: FieldType<String> {
        FieldType("a mapping") { value in
            guard value.kind == .mapping else {
                value.reportMismatch(expected: "a mapping")
                return nil
            }
            var writer = JSONWriter()
            guard write(value.node, path: value.path, errors: value.errors, to: &writer) else { return nil }
            return String(decoding: writer.bytes, as: UTF8.self)
        }
    }
}

/// Writes a node as JSON. Recurses no deeper than the document, which is bounded. `false` after an error was reported;
/// what was written is then of no use but complete, so that writing can go on.
private func write(_ node: DocumentNode, path: String, errors: ErrorCollector, to writer: inout JSONWriter) -> Bool {
    switch node.content {
    case .sequence(let nodes):
        var isWhole = true
        writer.beginArray()
        for (index, item) in nodes.enumerated() {
            isWhole = write(item, path: path.appending(index: index), errors: errors, to: &writer) && isWhole
        }
        writer.endArray()
        return isWhole
    case .mapping(let members):
        var isWhole = true
        writer.beginObject()
        for member in members {
            writer.key(member.key)
            isWhole = write(member.value, path: path.appending(key: member.key), errors: errors, to: &writer) && isWhole
        }
        writer.endObject()
        return isWhole
    case .scalar(let scalar):
        switch scalar.kind {
        case .null: writer.null()
        case .boolean(let value): writer.bool(value)
        case .number: writer.raw(scalar.text)
        case .text: writer.string(scalar.text)
        case .oddNumber:
            writer.null()
            errors.report(
                node.place, path: path, value: scalar.text.excerpt,
                message: "\(scalar.text.excerpt) is a number that JSON cannot write",
                remedy: "write it like 5, -0.5 or 1.5e3, or in quotes if it is text")
            return false
        }
        return true
    }
}
