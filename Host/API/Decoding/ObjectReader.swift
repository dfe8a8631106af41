import Domain

/// Reads the members of one JSON object by name, and notes everything that is wrong instead of stopping at the first.
///
/// A member of value `null` counts as left out. Each name is asked for at most once; what is there and was never asked
/// for is unknown, and refused by `finish`.
struct ObjectReader {
    private let members: [(signature: UInt64, key: String, value: JSONValue)]
    /// JSON pointer to the object.
    private let path: String
    private(set) var entries: [Problem.Entry] = []
    /// Members that were asked for and are there: fewer than there are means that one is unknown.
    private var found = 0

    init(_ object: JSONObject, at path: String = "") {
        members = object.map { (Self.signature($0.key), $0.key, $0.value) }
        self.path = path
    }

    /// Length and first bytes of a key: what two keys mostly differ in, compared in one instruction.
    @inline(__always)
    private static func signature(_ key: String) -> UInt64 {
        var signature = UInt64(truncatingIfNeeded: key.utf8.count)
        for byte in key.utf8.prefix(7) { signature = signature << 8 | UInt64(byte) }
        return signature
    }

    /// Notes that a field is wrong.
    mutating func refuse(_ name: String, _ value: JSONValue?, _ message: String, remedy: String) {
        entries.append(
            Problem.Entry(path: pointer(name), value: value.map(Self.shown), message: message, remedy: remedy))
    }

    mutating func refuse(_ more: [Problem.Entry]) { entries += more }

    func pointer(_ name: String) -> String { "\(path)/\(Self.escaped(name))" }

    /// The member, `nil` where it is absent or `null`.
    mutating func take(_ name: String) -> JSONValue? {
        let signature = Self.signature(name)
        for member in members where member.signature == signature && member.key == name {
            found += 1
            if case .null = member.value { return nil }
            return member.value
        }
        return nil
    }

    /// Notes a required member that is missing; passes any value through.
    mutating func required<Value>(
        _ name: String, _ remedy: @autoclosure () -> String, _ read: (inout Self) -> Value?
    ) -> Value? {
        let before = entries.count
        let value = read(&self)
        if value == nil, entries.count == before { refuse(name, nil, "'\(name)' is missing", remedy: remedy()) }
        return value
    }

    /// Ends the reading: members that were never asked for are refused.
    ///
    /// - Parameter schema: what the object may have.
    mutating func finish(_ schema: Schema) {
        guard found != members.count else { return }
        let names = Set(schema.names)
        for (_, key, value) in members where !names.contains(key) {
            refuse(
                key, value, "there is no field '\(key.prefix(64))'",
                remedy: "fields are \(schema.names.joined(separator: ", "))")
        }
    }

    // MARK: Kinds of values

    /// Text of 1 to `maximum` bytes without control characters.
    mutating func text(_ name: String, maximum: Int = 64) -> String? {
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value, (1...maximum).contains(text.utf8.count),
            text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 })
        else {
            refuse(name, value, "is no such text", remedy: "expected 1 to \(maximum) bytes without control characters")
            return nil
        }
        return text
    }

    /// A text of lines, as files hold them: with tabs and line ends.
    mutating func lines(_ name: String, maximum: Int) -> String? {
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value, text.utf8.count <= maximum,
            text.utf8.allSatisfy({ $0 >= 32 && $0 != 127 || $0 == 9 || $0 == 10 || $0 == 13 })
        else {
            refuse(
                name, value, "is no such text",
                remedy: "expected at most \(maximum) bytes without control characters but tabs and line ends")
            return nil
        }
        return text
    }

    mutating func boolean(_ name: String) -> Bool? {
        guard let value = take(name) else { return nil }
        guard case .bool(let bool) = value else {
            refuse(name, value, "is neither true nor false", remedy: "expected true or false")
            return nil
        }
        return bool
    }

    mutating func boolean(_ name: String, default fallback: Bool) -> Bool { boolean(name) ?? fallback }

    /// A decimal, as a string or a number, read exactly.
    mutating func decimal(_ name: String, _ rule: DecimalRule = .any) -> ExactDecimal? {
        guard let value = take(name) else { return nil }
        let text: String
        switch value {
        case .string(let string), .number(let string): text = string
        default:
            refuse(name, value, "is no decimal", remedy: "expected a decimal, as a string like \"2500.05\" or a number")
            return nil
        }
        guard let decimal = ExactDecimal(text) else {
            refuse(
                name, value, "is no decimal that can be held exactly",
                remedy:
                    "expected digits like \"2500.05\", at most 38 of them; no NaN, no infinity, no thousands separators"
            )
            return nil
        }
        guard rule.allows(decimal) else {
            refuse(name, value, rule.message, remedy: rule.remedy)
            return nil
        }
        return decimal
    }

    /// A whole number, as a number or a string.
    mutating func integer(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let value = take(name) else { return nil }
        guard let integer = value.decimalOrText?.int64, range.contains(integer) else {
            refuse(name, value, "is no whole number of the range", remedy: Self.rule(range))
            return nil
        }
        return integer
    }

    private static func rule(_ range: ClosedRange<Int64>) -> String {
        range.upperBound == .max
            ? "expected a whole number from \(range.lowerBound)"
            : "expected a whole number from \(range.lowerBound) to \(range.upperBound)"
    }

    mutating func word<Word>(_ name: String, _ words: WordTable<Word>) -> Word? {
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value, let word = words[text] else {
            refuse(name, value, "is none of the words", remedy: "one of \(Word.choices)")
            return nil
        }
        return word
    }

    mutating func identifier<ID: NamedIdentifier>(_ name: String, _ type: ID.Type = ID.self) -> ID? {
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value, let id = ID(text) else {
            refuse(name, value, "is no identifier", remedy: "expected \(ID.rule)")
            return nil
        }
        return id
    }

    /// An instant of RFC 3339.
    mutating func time(_ name: String) -> Timestamp? {
        guard let value = take(name) else { return nil }
        guard case .string(let text) = value, text.utf8.count <= 64, let time = Timestamp(rfc3339: text) else {
            refuse(name, value, "is no instant", remedy: "expected RFC 3339, like 2026-12-31T15:30:00Z")
            return nil
        }
        return time
    }

    /// A list of at most `maximum` items, each read by `read`, which gets the item's pointer.
    mutating func list<Item>(
        _ name: String, maximum: Int, _ read: (inout Self, JSONValue, String) -> Item?
    ) -> [Item]? {
        guard let value = take(name) else { return nil }
        guard case .array(let items) = value, items.count <= maximum else {
            refuse(name, value, "is no such list", remedy: "expected a list of at most \(maximum) items")
            return nil
        }
        return items.enumerated().compactMap { read(&self, $1, "\(pointer(name))/\($0)") }
    }

    // MARK: Text

    /// A value as an entry quotes it: a string bare, everything else as JSON.
    static func shown(_ value: JSONValue) -> String {
        switch value {
        case .string(let text), .number(let text): text
        case .bool(let bool): bool ? "true" : "false"
        case .null: "null"
        case .array(let items): items.count > 100 ? "a list of \(items.count) items" : value.serializedText()
        case .object(let object): object.count > 100 ? "an object of \(object.count) members" : value.serializedText()
        }
    }

    private static func escaped(_ name: String) -> String {
        guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) || name.utf8.count > 64
        else { return name }
        return name.prefix(64).map { $0 == "~" ? "~0" : $0 == "/" ? "~1" : String($0) }.joined()
    }
}

/// What a decimal of a request must be, beyond being one.
enum DecimalRule {
    case any, positive, notNegative

    func allows(_ value: ExactDecimal) -> Bool {
        switch self {
        case .any: true
        case .positive: !value.isNegative && !value.isZero
        case .notNegative: !value.isNegative
        }
    }

    var message: String { self == .positive ? "is not above zero" : "is below zero" }
    var remedy: String { self == .positive ? "expected a decimal above 0" : "expected a decimal from 0" }
}
