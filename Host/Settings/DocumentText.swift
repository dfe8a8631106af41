/// The text of a document with the places of its nodes, for edits that leave everything else as a person wrote it:
/// comments, order and layout stay.
///
/// An edit is a change of text, and the text is read again after each. Whoever edits checks what the new text means; an
/// edit that would not leave a readable document throws and changes nothing. A value type; touches nothing outside.
package struct DocumentText {
    /// One step of the way to a value.
    package enum Step: Hashable, Sendable {
        case key(String)
        /// The item of a list of mappings whose `key` has this value.
        case item(key: String, value: String)
    }

    /// The document as it stands.
    package private(set) var text: String
    private let file: String
    private var scalars: [Unicode.Scalar]
    private var root: DocumentNode

    /// - Parameter file: For the places of errors.
    package init(_ text: String, file: String) throws(ConfigurationErrors) {
        // The parser counts from behind a byte order mark.
        let text = text.first == "\u{FEFF}" ? String(text.dropFirst()) : text
        (self.text, self.file) = (text, file)
        scalars = Array(text.unicodeScalars)
        let errors = ErrorCollector(file: file, limit: ConfigurationErrors.limit)
        let parsed = DocumentParser.parse(Array(text.utf8), limits: .default, errors: errors)
        try errors.failIfNeeded()
        root = parsed ?? .null(at: .start)
    }

    /// Whether there is a value, and whether it is a mapping.
    package func kind(at path: [Step]) -> FieldValue.Kind? {
        guard let node = node(path[...], in: root) else { return nil }
        return FieldValue(node: node, at: .none, of: "", errors: ErrorCollector(file: file, limit: 1)).kind
    }

    /// Puts a value, written in flow style (`5`, `{ a: 1 }`), at a place; mappings and lists on the way are made.
    package mutating func set(_ path: [Step], to flow: String) throws(ConfigurationErrors) {
        var depth = 0
        var node = root
        var holder: (member: DocumentNode.Member, isFlow: Bool)?
        while depth < path.count, let next = Self.child(path[depth], of: node) {
            if case .mapping(let members) = node.content, case .key(let key) = path[depth] {
                holder = members.first { $0.key == key }.map { ($0, node.isFlow) }
            } else {
                holder = nil
            }
            (node, depth) = (next, depth + 1)
        }
        let value = Self.nested(path[depth...], flow)
        guard depth < path.count else { return try replace(node, of: holder?.member, with: flow) }
        switch (node.content, path[depth]) {
        case (.mapping(let members), .key(let key)):
            try insert("\(Self.quoted(key)): \(value)", into: node, after: members.last?.value.extent)
        case (.sequence(let items), .item):
            try insert(node.isFlow ? value : "- " + value, into: node, after: items.last?.extent)
        default:
            try replace(node, of: holder?.member, with: Self.nested(path[depth...], flow, isWhole: true))
        }
    }

    /// Takes the member at the end of the path out, if it is there, and every mapping that this leaves empty, but never
    /// the first `keeping` steps of the path.
    package mutating func remove(_ path: [Step], keeping: Int) throws(ConfigurationErrors) {
        var count = path.count
        while count > max(1, keeping + 1), case .mapping(let members)? = node(path[..<(count - 1)], in: root)?.content,
            members.count == 1, case .key = path[count - 2]
        {
            count -= 1
        }
        guard count > 0, case .key(let key) = path[count - 1], let parent = node(path[..<(count - 1)], in: root),
            case .mapping(let members) = parent.content, let index = members.firstIndex(where: { $0.key == key })
        else { return }
        let member = members[index]
        if members.count == 1, !parent.isFlow, count > 1, case .key(let name) = path[count - 2],
            case .mapping(let outer)? = node(path[..<(count - 2)], in: root)?.content
        {
            return try replace(parent, of: outer.first { $0.key == name }, with: "{}")
        }
        let end = max(member.value.extent.upperBound, member.keyExtent.upperBound)
        if index + 1 < members.count, parent.isFlow || startsBehindDash(member) {
            return try edit(member.keyExtent.lowerBound..<members[index + 1].keyExtent.lowerBound, "")
        }
        if parent.isFlow {
            let start = index > 0 ? max(members[index - 1].value.extent.upperBound, 0) : member.keyExtent.lowerBound
            return try edit(start..<(index > 0 ? end : max(end, parent.extent.upperBound - 1)), "")
        }
        var (start, stop) = (member.keyExtent.lowerBound, lineEnd(after: end))
        while start > 0, !Self.isBreak(scalars[start - 1]) { start -= 1 }
        if stop < scalars.count {
            stop += scalars[stop] == "\r" && stop + 1 < scalars.count && scalars[stop + 1] == "\n" ? 2 : 1
        } else if start > 0 {
            start -= 1
        }
        try edit(start..<stop, "")
    }

    // MARK: Finding

    private func node(_ path: ArraySlice<Step>, in node: DocumentNode) -> DocumentNode? {
        guard let step = path.first else { return node }
        return Self.child(step, of: node).flatMap { self.node(path.dropFirst(), in: $0) }
    }

    private static func child(_ step: Step, of node: DocumentNode) -> DocumentNode? {
        switch (step, node.content) {
        case (.key(let key), .mapping(let members)): members.first { $0.key == key }?.value
        case (.item(let key, let value), .sequence(let items)):
            items.first { item in
                guard case .mapping(let members) = item.content,
                    case .scalar(let scalar)? = members.first(where: { $0.key == key })?.value.content
                else { return false }
                return scalar.text == value
            }
        default: nil
        }
    }

    /// Whether a member is the first of a mapping that begins behind the dash of a list.
    private func startsBehindDash(_ member: DocumentNode.Member) -> Bool {
        var index = member.keyExtent.lowerBound
        while index > 0, !Self.isBreak(scalars[index - 1]) {
            index -= 1
            if scalars[index] == "-" { return true }
        }
        return false
    }

    private func lineEnd(after index: Int) -> Int {
        var index = index
        while index < scalars.count, !Self.isBreak(scalars[index]) { index += 1 }
        return index
    }

    /// What the parser takes for the end of a line.
    private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
        default: false
        }
    }

    // MARK: Changing

    private mutating func replace(
        _ node: DocumentNode, of member: DocumentNode.Member?, with flow: String
    ) throws(ConfigurationErrors) {
        var isBlock = false
        switch node.content {
        case .scalar: isBlock = node.extent.isEmpty
        case .mapping, .sequence: isBlock = !node.isFlow
        }
        // A block's place does not suit a value in flow style: that goes behind the key.
        guard isBlock, let member else { return try edit(node.extent, flow) }
        var start = member.keyExtent.upperBound
        while start < scalars.count, scalars[start] != ":" { start += 1 }
        try edit(min(start + 1, scalars.count)..<max(start + 1, node.extent.upperBound), " " + flow)
    }

    private mutating func insert(
        _ addition: String, into node: DocumentNode, after last: Range<Int>?
    ) throws(ConfigurationErrors) {
        guard let last else {
            let isMapping = if case .mapping = node.content { true } else { false }
            return try edit(node.extent, isMapping ? "{ \(addition) }" : "[ \(addition) ]")
        }
        if node.isFlow { return try edit(last.upperBound..<last.upperBound, ", " + addition) }
        let end = lineEnd(after: last.upperBound)
        let indentation = String(repeating: " ", count: max(0, Int(node.place.column) - 1))
        try edit(end..<end, "\n" + indentation + addition)
    }

    private mutating func edit(_ range: Range<Int>, _ replacement: String) throws(ConfigurationErrors) {
        guard range.lowerBound >= 0, range.upperBound <= scalars.count else {
            throw ConfigurationErrors(
                ConfigurationError(file: file, path: "", message: "the place of the edit cannot be told"))
        }
        var changed = String.UnicodeScalarView()
        changed.append(contentsOf: scalars[..<range.lowerBound])
        changed.append(contentsOf: replacement.unicodeScalars)
        changed.append(contentsOf: scalars[range.upperBound...])
        self = try DocumentText(String(changed), file: file)
    }

    /// The value wrapped in the mappings and lists that lead to it.
    private static func nested(_ path: ArraySlice<Step>, _ flow: String, isWhole: Bool = false) -> String {
        guard let first = path.first else { return flow }
        let inner = nested(path.dropFirst(), flow, isWhole: true)
        switch first {
        case .key(let key): return isWhole ? "{ \(quoted(key)): \(inner) }" : inner
        case .item(let key, let value):
            let members = path.count == 1 ? "" : ", " + inner.dropFirst(2).dropLast(2)
            let item = "{ \(key): \(quoted(value))\(members) }"
            return isWhole ? "[ \(item) ]" : item
        }
    }

    /// A text as it can stand in a document: in quotes where it would be taken for something else.
    package static func quoted(_ text: String) -> String {
        let isPlain =
            !text.isEmpty && text.utf8.count <= 64 && ScalarKind(plain: text) == .text
            && text.utf8.allSatisfy { $0 &- 48 <= 9 || ($0 | 0x20) &- 97 <= 25 || $0 == 0x5F || $0 == 0x2D }
            && text.utf8.first != 0x2D
        if isPlain { return text }
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": quoted += "\\" + String(scalar)
            case _
            where scalar.value < 0x20 || scalar.value == 0x7F || scalar.value == 0x85 || scalar.value == 0xFEFF
                || scalar.value == 0x2028 || scalar.value == 0x2029:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted += String(scalar)
            }
        }
        return quoted + "\""
    }
}
