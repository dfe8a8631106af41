import Domain

/// The parameters of a query, each decoded once and given at most once.
struct QueryParameters: Sendable {
    private var items: [(name: String, value: String)] = []
    private(set) var entries: [Problem.Entry] = []

    /// Nothing asked.
    init() {}

    /// - Parameter known: the parameters that the route has; `nil` = any, of which 64 are kept.
    init(_ query: String?, known: [String]?) {
        guard let query, !query.isEmpty else { return }
        for part in query.utf8.split(separator: UInt8(ascii: "&")) {
            let pieces = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            let value = pieces.count > 1 ? pieces[1] : pieces[0][pieces[0].endIndex...]
            guard let name = PercentEncoding.decoded(pieces[0], plusIsSpace: true),
                let text = PercentEncoding.decoded(value, plusIsSpace: true)
            else {
                refuse("", "\(Substring(part))", "is not percent-encoded UTF-8", remedy: "encode it as name=value")
                continue
            }
            guard let known else {
                if items.count < 64, !items.contains(where: { $0.name == name }) { items.append((name, text)) }
                continue
            }
            guard known.contains(name) else {
                let names = known.isEmpty ? "the route takes none" : "parameters are \(known.joined(separator: ", "))"
                refuse(name, text, "there is no such parameter", remedy: names)
                continue
            }
            guard !items.contains(where: { $0.name == name }) else {
                refuse(name, text, "the parameter is given twice", remedy: "give it once")
                continue
            }
            items.append((name, text))
        }
    }

    mutating func refuse(_ name: String, _ value: String?, _ message: String, remedy: String) {
        entries.append(Problem.Entry(path: "?\(name.prefix(64))", value: value, message: message, remedy: remedy))
    }

    /// Refuses the request if anything was wrong.
    func check() throws(Problem) {
        guard entries.isEmpty else { throw .invalid(entries) }
    }

    /// Every parameter that was given.
    var texts: [String: String] { Dictionary(uniqueKeysWithValues: items.map { ($0.name, $0.value) }) }

    /// The parameter, `nil` where it is absent or empty.
    func text(_ name: String) -> String? {
        items.first { $0.name == name }.flatMap { $0.value.isEmpty ? nil : $0.value }
    }

    mutating func integer(_ name: String, _ range: ClosedRange<Int64>) -> Int64? {
        guard let text = text(name) else { return nil }
        guard let value = ExactDecimal(text)?.int64, range.contains(value) else {
            refuse(
                name, text, "is no whole number of the range",
                remedy: "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return value
    }

    /// One of the words of `choices`.
    mutating func word(_ name: String, _ choices: [String]) -> String? {
        guard let text = text(name) else { return nil }
        guard choices.contains(text) else {
            refuse(name, text, "is none of the words", remedy: "one of \(choices.joined(separator: ", "))")
            return nil
        }
        return text
    }

    /// A value that `read` makes of the text.
    mutating func value<Value>(_ name: String, _ rule: String, _ read: (String) -> Value?) -> Value? {
        guard let text = text(name) else { return nil }
        guard let value = read(text) else {
            refuse(name, text, "is not valid here", remedy: "expected \(rule)")
            return nil
        }
        return value
    }

    /// An account to filter by: `account`, or `account_id` as bodies name it.
    mutating func account() -> AccountID? {
        value("account_id", AccountID.rule) { AccountID($0) } ?? value("account", AccountID.rule) { AccountID($0) }
    }

    /// A group to filter by: `group`, or `group_id` as bodies name it.
    mutating func group() -> GroupID? {
        value("group_id", GroupID.rule) { GroupID($0) } ?? value("group", GroupID.rule) { GroupID($0) }
    }

    /// `limit`: 1 to `maximum`.
    mutating func limit(default fallback: Int = 50, maximum: Int = 200) -> Int {
        integer("limit", 1...Int64(maximum)).map(Int.init) ?? fallback
    }
}

/// Percent-encoding, undone exactly once.
enum PercentEncoding {
    /// `nil` for a broken escape and for what is no UTF-8 afterwards.
    static func decoded(_ bytes: some Collection<UInt8>, plusIsSpace: Bool = false) -> String? {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var iterator = bytes.makeIterator()
        while let byte = iterator.next() {
            switch byte {
            case UInt8(ascii: "%"):
                guard let high = iterator.next().flatMap(digit), let low = iterator.next().flatMap(digit) else {
                    return nil
                }
                result.append(high << 4 | low)
            case UInt8(ascii: "+") where plusIsSpace: result.append(UInt8(ascii: " "))
            default: result.append(byte)
            }
        }
        return String(validating: result, as: UTF8.self)
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        case 97...102: byte - 87
        default: nil
        }
    }
}
