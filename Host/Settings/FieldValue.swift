package import Exact

/// One value of a document on its way to a field: what was written, where, and how to complain about it.
///
/// Belongs to the reading of one document and to the thread that does it.
package struct FieldValue {
    /// The last step of the way; put into words only when an error or a nested reader needs them.
    enum Step {
        case none
        case key(String)
        case index(Int)
    }

    let node: DocumentNode
    private let parentPath: String
    private let step: Step
    let errors: ErrorCollector
    /// What else would be right here than what the type that reads it knows of: `unlimited`.
    var alternative: String?

    init(node: DocumentNode, at step: Step, of parentPath: String, errors: ErrorCollector) {
        (self.node, self.step, self.parentPath, self.errors) = (node, step, parentPath, errors)
    }

    /// The way to the value, `accounts[2].currency`.
    package var path: String {
        switch step {
        case .none: parentPath
        case .key(let key): parentPath.appending(key: key)
        case .index(let index): parentPath.appending(index: index)
        }
    }

    package enum Kind: String, Hashable, Sendable {
        case null, boolean, number, text, list, mapping
    }

    /// What was written. A variable's or flag's value is `text`, `number` or `boolean` by its looks.
    package var kind: Kind {
        switch node.content {
        case .sequence: .list
        case .mapping: .mapping
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: scalar.style == .argument ? .text : .null
            case .boolean: .boolean
            case .number, .oddNumber: .number
            case .text: .text
            }
        }
    }

    /// Line and column of the value, from 1; 0 where it comes from a variable or a flag.
    package var position: (line: Int, column: Int) { (Int(node.place.line), Int(node.place.column)) }

    /// Whether it comes from a variable or a flag.
    package var isOverride: Bool { node.place.origin != nil }

    /// The text of a scalar exactly as written, quotes resolved, whatever it stands for. `nil` for lists and mappings.
    package var scalarText: String? {
        guard case .scalar(let scalar) = node.content else { return nil }
        return scalar.text
    }

    /// The text, where it is text: in quotes, or unquoted and neither a number nor `true`, `false`, `null`.
    package var text: String? {
        guard case .scalar(let scalar) = node.content else { return nil }
        return scalar.style == .argument || scalar.kind == .text ? scalar.text : nil
    }

    /// The exact value of a number that was written as a number.
    package var number: ExactDecimal? {
        guard case .scalar(let scalar) = node.content, scalar.kind == .number else { return nil }
        return ExactDecimal(scalar.text)
    }

    package var boolean: Bool? {
        guard case .scalar(let scalar) = node.content, case .boolean(let value) = scalar.kind else { return nil }
        return value
    }

    /// The items of a list.
    package var items: [FieldValue]? {
        guard case .sequence(let nodes) = node.content else { return nil }
        let path = path
        return nodes.enumerated().map { index, node in
            FieldValue(node: node, at: .index(index), of: path, errors: errors)
        }
    }

    /// A reader of the members of a mapping. Whoever takes it calls `finish()`.
    package var mapping: MappingReader? {
        guard case .mapping(let members) = node.content else { return nil }
        return MappingReader(members, place: node.place, path: path, errors: errors)
    }

    // MARK: Complaints

    /// Records an error at this value. Reading goes on, so that all errors are found at once.
    package func report(_ message: String, remedy: String? = nil) {
        var remedy = remedy
        if let alternative, let known = remedy, known.hasPrefix("expected ") { remedy = "\(known), or \(alternative)" }
        errors.report(node.place, path: path, value: scalarText?.excerpt, message: message, remedy: remedy)
    }

    /// Records an error that does not repeat the value: it may be a secret.
    package func reportWithoutValue(_ message: String, remedy: String? = nil) {
        errors.report(node.place, path: path, message: message, remedy: remedy)
    }

    /// Records that this is not what the field wants, in the words `'fast' is text; expected a duration like 2s`.
    package func reportMismatch(expected: String) {
        var remedy = "expected \(expected)"
        switch node.content {
        case .scalar(let scalar) where scalar.style == .plain && scalar.kind != .text && scalar.kind != .null:
            if scalar.kind == .oddNumber {
                remedy += "; numbers are written like 5, -0.5 or 1.5e3, text in quotes"
            }
        default: break
        }
        report(foundDescription, remedy: remedy)
    }

    /// Records that the type is right but the value is not: `'rupees' is not a currency`.
    package func reportInvalid(expected: String) {
        report("\(quoted) is not accepted", remedy: "expected \(expected)")
    }

    /// The value as errors quote it.
    package var quoted: String {
        switch kind {
        case .null: "nothing"
        case .boolean, .number: (scalarText ?? "").excerpt
        case .text: "'\((scalarText ?? "").excerpt)'"
        case .list: "a list"
        case .mapping: "a mapping"
        }
    }

    private var foundDescription: String {
        switch kind {
        case .null: "there is no value"
        case .boolean: "\(quoted) is a truth value"
        case .number: "\(quoted) is a number"
        case .text: "\(quoted) is text"
        case .list: "this is a list"
        case .mapping: "this is a mapping"
        }
    }
}
