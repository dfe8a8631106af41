/// How a value of a document becomes a value of the program: what is expected, in words, and the reading itself.
///
/// ```swift
/// let port = http.value("port", .integer(0...65_535), default: 8080)
/// let currency = account.required("currency", .currency)
/// let windows = rate.optional("windows", .list(of: .mapping { Window($0) }))
/// ```
/// A reading that fails has reported why and returns `nil`. Types of one's own are built from others with `map` and
/// `filter`, or from a closure.
package struct FieldType<Value> {
    /// What is right, as errors say it after "expected": `a duration like 2s`.
    package var expectation: String { describe() }
    private let describe: () -> String
    private let reading: (FieldValue) -> Value?

    /// - Parameters:
    ///   - expectation: Made into text only when an error needs it.
    ///   - read: Returns the value, or reports an error at the given place and returns `nil`.
    package init(_ expectation: @autoclosure @escaping () -> String, read: @escaping (FieldValue) -> Value?) {
        (describe, reading) = (expectation, read)
    }

    package func read(_ value: FieldValue) -> Value? { reading(value) }

    /// Another type made of this one's values. Where `transform` returns `nil`, the error says what was expected.
    package func map<New>(
        _ expectation: @autoclosure @escaping () -> String? = nil, _ transform: @escaping (Value) -> New?
    ) -> FieldType<New> {
        let describe = { expectation() ?? self.expectation }
        return FieldType<New>(describe()) { value in
            guard let read = self.read(value) else { return nil }
            if let new = transform(read) { return new }
            value.reportInvalid(expected: describe())
            return nil
        }
    }

    /// The same type with fewer values.
    package func filter(
        _ expectation: @autoclosure @escaping () -> String, _ isAccepted: @escaping (Value) -> Bool
    ) -> FieldType<Value> {
        map(expectation()) { isAccepted($0) ? $0 : nil }
    }
}

/// A limit: `unlimited` is written out, never meant by silence.
package enum Allowance<Value> {
    case unlimited
    case limited(Value)
}
extension Allowance: Equatable where Value: Equatable {}
extension Allowance: Hashable where Value: Hashable {}
extension Allowance: Sendable where Value: Sendable {}

// MARK: - Structure

extension FieldType {
    /// A list, each of whose items is an `item`. All items are read, so all their errors are found.
    package static func list<Item>(of item: FieldType<Item>, count: ClosedRange<Int>? = nil) -> FieldType<[Item]>
    where Value == [Item] {
        let bounds = count.map { " of \($0.lowerBound) to \($0.upperBound) items" } ?? ""
        return FieldType<[Item]>("a list\(bounds), each item \(item.expectation)") { value in
            guard let items = value.items else {
                value.reportMismatch(expected: "a list\(bounds), each item \(item.expectation)")
                return nil
            }
            if let count, !count.contains(items.count) {
                value.report("the list has \(items.count) items", remedy: "expected a list\(bounds)")
                return nil
            }
            let read = items.map(item.read)
            return read.contains { $0 == nil } ? nil : read.compactMap(\.self)
        }
    }

    /// One `item` or a list of them: `"20000 INR"` or `["20000 INR", "500 USD"]`.
    package static func oneOrMore<Item>(_ item: FieldType<Item>) -> FieldType<[Item]> where Value == [Item] {
        FieldType<[Item]>("\(item.expectation), or a list of such") { value in
            if value.kind == .list { return FieldType<[Item]>.list(of: item).read(value) }
            return item.read(value).map { [$0] }
        }
    }

    /// A mapping read by `body`, which returns `nil` after having reported why. Keys it did not ask for are errors.
    package static func mapping(_ body: @escaping (MappingReader) -> Value?) -> FieldType<Value> {
        FieldType("a mapping") { value in
            guard let reader = value.mapping else {
                value.reportMismatch(expected: "a mapping")
                return nil
            }
            let result = body(reader)
            reader.finish()
            return result
        }
    }

    /// A mapping with keys of the writer's choice and values of one type, in the order written.
    ///
    /// - Parameter hidesValues: Errors do not repeat what was written, which may be secret.
    package static func entries<Item>(
        of item: FieldType<Item>, hidesValues: Bool = false
    ) -> FieldType<[(key: String, value: Item)]>
    where Value == [(key: String, value: Item)] {
        let expectation = "a mapping of names, each value \(item.expectation)"
        return FieldType<[(key: String, value: Item)]>(expectation) { value in
            guard let reader = value.mapping else {
                if hidesValues {
                    value.reportWithoutValue("this is no mapping", remedy: "expected \(expectation)")
                } else {
                    value.reportMismatch(expected: expectation)
                }
                return nil
            }
            let members = reader.entries()
            let read = members.compactMap { member in item.read(member.value).map { (key: member.key, value: $0) } }
            return read.count == members.count ? read : nil
        }
    }

    /// The word `unlimited`, or a value of `type`.
    package static func allowance<Limit>(_ type: FieldType<Limit>) -> FieldType<Allowance<Limit>>
    where Value == Allowance<Limit> {
        FieldType<Allowance<Limit>>("\(type.expectation), or unlimited") { value in
            if value.text == "unlimited" { return .unlimited }
            var value = value
            value.alternative = "unlimited"
            return type.read(value).map { .limited($0) }
        }
    }
}
