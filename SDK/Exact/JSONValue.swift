/// A JSON document held in memory, with numbers exactly as they were written.
///
/// Equality is that of the documents as written: `1.0` and `1` differ, and so do two orders of the same members.
/// Compare `decimal` for numeric equality. (Arrays and objects hold their elements out of line, so the type needs no
/// `indirect`, which would cost an allocation for every scalar.)
public enum JSONValue: Hashable, Sendable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// The token exactly as written, `2500.050` or `1e400`. Read it through `decimal` or `int64`.
    case number(String)
    /// Text, with its escapes resolved.
    case string(String)
    /// A list.
    case array([JSONValue])
    /// Members in the order they were written, no key twice.
    case object(JSONObject)
}

extension JSONValue {
    /// A number with the value of `decimal`.
    public init(_ decimal: ExactDecimal) { self = .number(decimal.description) }

    /// An integer.
    public init(_ integer: Int64) { self = .number(String(integer)) }

    /// Whether this is `null`.
    public var isNull: Bool { self == .null }

    /// The text of a string; `nil` for every other kind.
    public var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The exact value of a number; `nil` for every other kind, and for a number that cannot be held exactly.
    public var decimal: ExactDecimal? {
        guard case .number(let token) = self else { return nil }
        return ExactDecimal(token)
    }

    /// The exact value of a number, or of a string that holds a decimal and nothing else: `2500.05` and `"2500.05"`.
    public var decimalOrText: ExactDecimal? {
        switch self {
        case .number(let text), .string(let text): ExactDecimal(text)
        default: nil
        }
    }

    /// The value of a number that is exactly an integer (`1`, `1.0`, `1e3`) and fits.
    public var int64: Int64? { decimal?.int64 }

    /// The value of `true` or `false`; `nil` for every other kind.
    public var bool: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements of an array; `nil` for every other kind.
    public var array: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The object; `nil` for every other kind.
    public var object: JSONObject? {
        guard case .object(let object) = self else { return nil }
        return object
    }

    /// The member `key` of an object; `nil` when absent or when this is no object.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// The element at `index` of an array; `nil` when out of range or when this is no array.
    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// The value a JSON pointer (RFC 6901) leads to, `/accounts/3/capital`; the empty pointer is the whole document.
    public func value(at pointer: String) -> JSONValue? {
        guard !pointer.isEmpty else { return self }
        guard pointer.utf8.first == UInt8(ascii: "/") else { return nil }
        var value = self
        for token in pointer.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            switch value {
            case .object(let object):
                guard let key = Self.key(ofToken: token), let member = object[key] else { return nil }
                value = member
            case .array:
                let isPlain = token.count <= 18 && token.allSatisfy { $0 &- UInt8(ascii: "0") <= 9 }
                guard isPlain, token.count == 1 || token.first != UInt8(ascii: "0"),
                    let index = Int(Substring(token)), let element = value[index]
                else { return nil }
                value = element
            default: return nil
            }
        }
        return value
    }

    /// Undoes `~0` and `~1`. A tilde before anything else is no pointer.
    private static func key(ofToken token: Substring.UTF8View) -> String? {
        guard token.contains(UInt8(ascii: "~")) else { return String(Substring(token)) }
        var bytes: [UInt8] = []
        var rest = token[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "~") else {
                bytes.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "0"): bytes.append(UInt8(ascii: "~"))
            case UInt8(ascii: "1"): bytes.append(UInt8(ascii: "/"))
            default: return nil
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

// MARK: - Literals (none for a fraction: that would pass through binary floating point)

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// A string.
    public init(stringLiteral value: String) { self = .string(value) }
    /// An integer.
    public init(integerLiteral value: Int64) { self.init(value) }
    /// A truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// An array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// An object, its members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
