/// Where a node stands. `origin` names another source than the document: the variable or flag that overrides it.
struct Place {
    var line: Int32
    var column: Int32
    var origin: String?

    static let start = Place(line: 1, column: 1)
    static func override(_ origin: String) -> Place { Place(line: 0, column: 0, origin: origin) }
}

/// A document as it was written: texts are not interpreted before a field says what it wants.
struct DocumentNode {
    enum Content {
        case scalar(Scalar)
        case sequence([DocumentNode])
        case mapping([Member])
    }

    struct Member {
        var key: String
        var keyPlace: Place
        var value: DocumentNode
        /// Where the key's text is.
        var keyExtent: Range<Int> = 0..<0
    }

    struct Scalar {
        enum Style {
            case plain
            /// Single or double quotes or a block scalar: text, whatever it looks like.
            case quoted
            /// From a variable or a flag, which have no quotes: whatever the field wants.
            case argument
        }
        var text: String
        var style: Style

        /// What the scalar is by the core schema of YAML 1.2.
        var kind: ScalarKind { style == .quoted ? .text : ScalarKind(plain: text) }
    }

    var content: Content
    var place: Place
    /// Where the text of the node is, in Unicode scalars from the document's first; empty where it has none of its own.
    var extent: Range<Int> = 0..<0
    /// `true` = a mapping or list in braces or brackets.
    var isFlow = false

    static func null(at place: Place) -> DocumentNode {
        DocumentNode(content: .scalar(Scalar(text: "", style: .plain)), place: place)
    }

    var isNull: Bool {
        guard case .scalar(let scalar) = content else { return false }
        return scalar.kind == .null && scalar.style != .argument
    }
}

/// The type of an unquoted scalar by the core schema of YAML 1.2 (no `yes`, no `0:30` in base 60).
enum ScalarKind: Equatable {
    case null
    case boolean(Bool)
    /// Spelt as in JSON, so it can be read exactly.
    case number
    /// A number to YAML but not to us: `+5`, `.5`, `5.`, `007`, `0x1F`, `.inf`.
    case oddNumber
    case text

    init(plain text: String) {
        switch text {
        case "", "~", "null", "Null", "NULL": self = .null
        case "true", "True", "TRUE": self = .boolean(true)
        case "false", "False", "FALSE": self = .boolean(false)
        default: self = Self.numeric(Array(text.utf8))
        }
    }

    private static func numeric(_ bytes: [UInt8]) -> ScalarKind {
        guard let first = bytes.first, isDigit(first) || first == 0x2B || first == 0x2D || first == 0x2E else {
            return .text
        }
        let unsigned = first == 0x2B || first == 0x2D ? bytes.dropFirst() : bytes[...]
        switch String(decoding: unsigned, as: UTF8.self) {
        case ".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN": return .oddNumber
        case let text where text.hasPrefix("0x") || text.hasPrefix("0o"):
            let isOctal = text.hasPrefix("0o")
            let digits = unsigned.dropFirst(2)
            let isNumber = !digits.isEmpty && digits.allSatisfy { isOctal ? (48...55).contains($0) : isHexDigit($0) }
            return isNumber ? .oddNumber : .text
        default: break
        }
        var rest = unsigned
        let whole = takeDigits(&rest)
        var isOdd = first == 0x2B || (whole > 1 && unsigned.first == 0x30) || whole == 0
        var fraction = 0
        if rest.first == 0x2E {
            rest = rest.dropFirst()
            fraction = takeDigits(&rest)
            if fraction == 0 { isOdd = true }
        }
        guard whole + fraction > 0 else { return .text }
        if let letter = rest.first, letter | 0x20 == 0x65 {
            rest = rest.dropFirst()
            if let sign = rest.first, sign == 0x2B || sign == 0x2D { rest = rest.dropFirst() }
            guard takeDigits(&rest) > 0 else { return .text }
        }
        guard rest.isEmpty else { return .text }
        return isOdd ? .oddNumber : .number
    }

    private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> Int {
        let count = rest.prefix(while: isDigit).count
        rest = rest.dropFirst(count)
        return count
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 <= 9 }
    private static func isHexDigit(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 <= 5 }
}
