package import Domain

extension FieldType where Value == String {
    /// Text: in quotes, or unquoted where it cannot be taken for a number, a truth value or null.
    package static var text: FieldType<String> { text("text, in quotes where it looks like a number or a truth value") }

    /// Text that is described otherwise in errors.
    package static func text(_ expectation: @autoclosure @escaping () -> String) -> FieldType<String> {
        FieldType(expectation()) { value in
            if let text = value.text { return text }
            value.reportMismatch(expected: expectation())
            return nil
        }
    }

    /// Text that is not empty, of at most `maximumLength` bytes.
    package static func text(maximumLength: Int) -> FieldType<String> {
        FieldType.text.filter("text of 1 to \(maximumLength) bytes") { (1...maximumLength).contains($0.utf8.count) }
    }

    /// Text or a number, taken as it is written: `0012` stays `0012`. For identifiers, which people write without quotes.
    package static var textOrNumber: FieldType<String> {
        FieldType("text or a number") { value in
            switch value.kind {
            case .text, .number: return value.scalarText
            default:
                value.reportMismatch(expected: "text or a number")
                return nil
            }
        }
    }

    /// One of several words, spelt exactly.
    package static func choice(_ words: [String]) -> FieldType<String> {
        word(Dictionary(words.map { ($0, $0) }, uniquingKeysWith: { first, _ in first }), listed: words)
    }
}

extension FieldType {
    /// One of several words, spelt exactly, each of which means a value.
    package static func choice(_ words: KeyValuePairs<String, Value>) -> FieldType<Value> {
        let meanings = Dictionary(words.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return word(meanings, listed: words.map(\.key))
    }

    fileprivate static func word(_ meanings: [String: Value], listed words: [String]) -> FieldType<Value> {
        let expectation = words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
        return FieldType(expectation) { value in
            // `true`, `on` or `1` may well be a word: the text decides, not its looks.
            guard let text = value.scalarText, value.kind != .null else {
                value.reportMismatch(expected: expectation)
                return nil
            }
            if let meaning = meanings[text] { return meaning }
            let nearest = nearestWord(to: text, among: words).map { "; did you mean '\($0)'?" } ?? ""
            value.report("\(value.quoted) is not known", remedy: "expected \(expectation)\(nearest)")
            return nil
        }
    }
}

extension FieldType where Value: VocabularyWord {
    /// A word of one of Domain's vocabularies, in its `rawName` spelling.
    package static func word(_: Value.Type = Value.self) -> FieldType<Value> {
        let words = Value.allCases.map(\.rawName)
        let meanings = Dictionary(Value.allCases.map { ($0.rawName, $0) }, uniquingKeysWith: { first, _ in first })
        return word(meanings, listed: words)
    }
}

extension FieldType where Value == Bool {
    /// `true` or `false`.
    package static var boolean: FieldType<Bool> {
        FieldType("true or false") { value in
            if let boolean = value.boolean { return boolean }
            value.reportMismatch(expected: "true or false")
            return nil
        }
    }
}

extension FieldType where Value == ExactDecimal {
    /// A number, or text that holds one and nothing else, read exactly: `500.05`, `"500.05"`.
    package static var decimal: FieldType<ExactDecimal> {
        FieldType("a decimal number") { readDecimal($0, expected: "a decimal number", acceptsText: true) }
    }

    /// A decimal above zero.
    package static var positiveDecimal: FieldType<ExactDecimal> {
        FieldType.decimal.filter("a decimal number above 0") { $0 > .zero }
    }

    /// A decimal within bounds.
    package static func decimal(in range: ClosedRange<ExactDecimal>) -> FieldType<ExactDecimal> {
        FieldType.decimal.filter("a decimal number from \(range.lowerBound) to \(range.upperBound)") {
            range.contains($0)
        }
    }
}

extension FieldType where Value == Int64 {
    /// A whole number written as a number (`5`, `1e3`), within bounds.
    package static func integer(_ range: ClosedRange<Int64> = .min ... .max) -> FieldType<Int64> {
        integer(range, acceptsText: false)
    }

    /// A whole number, or text that holds one: `40`, `"40"`. For fields that the HTTP API writes as text.
    package static func integerOrText(_ range: ClosedRange<Int64> = .min ... .max) -> FieldType<Int64> {
        integer(range, acceptsText: true)
    }

    private static func integer(_ range: ClosedRange<Int64>, acceptsText: Bool) -> FieldType<Int64> {
        func expectation() -> String {
            switch (range.lowerBound, range.upperBound) {
            case (.min, .max): "a whole number"
            case (let lower, .max): "a whole number from \(lower)"
            case (let lower, let upper): "a whole number from \(lower) to \(upper)"
            }
        }
        return FieldType(expectation()) { value in
            guard let decimal = readDecimal(value, expected: expectation(), acceptsText: acceptsText) else {
                return nil
            }
            if let integer = decimal.int64, range.contains(integer) { return integer }
            value.reportInvalid(expected: expectation())
            return nil
        }
    }
}

extension FieldType where Value == Int {
    /// A whole number within bounds, as an `Int`.
    package static func count(_ range: ClosedRange<Int>) -> FieldType<Int> {
        FieldType<Int64>.integer(Int64(range.lowerBound)...Int64(range.upperBound)).map { Int($0) }
    }
}

private func readDecimal(
    _ value: FieldValue, expected: @autoclosure () -> String, acceptsText: Bool
) -> ExactDecimal? {
    let isArgument =
        if case .scalar(let scalar) = value.node.content { scalar.style == .argument } else { false }
    guard let text = value.scalarText, value.kind == .number || (value.kind == .text && (acceptsText || isArgument)),
        ScalarKind(plain: text) == .number
    else {
        value.reportMismatch(expected: expected())
        return nil
    }
    if let decimal = ExactDecimal(text) { return decimal }
    value.report(
        "\(value.quoted) cannot be held exactly", remedy: "expected \(expected()) of at most 38 digits on either side")
    return nil
}

// MARK: - Domain's names

extension FieldType where Value == Currency {
    package static var currency: FieldType<Currency> {
        FieldType<String>.text.map("a currency of 1 to 8 characters A-Z 0-9, like INR") { Currency($0) }
    }
}

extension FieldType where Value: NamedIdentifier {
    /// An account, group or other name. Digits need no quotes.
    package static var identifier: FieldType<Value> {
        FieldType<String>.textOrNumber.map(Value.rule) { Value($0) }
    }
}

extension FieldType where Value == AdapterID {
    package static var adapterID: FieldType<AdapterID> {
        FieldType<String>.textOrNumber.map(AdapterID.rule) { AdapterID($0) }
    }
}

extension FieldType where Value == InstrumentID {
    /// A canonical instrument id; the error says what is wrong with another text.
    package static var instrumentID: FieldType<InstrumentID> {
        FieldType<InstrumentID>("an instrument id like NSE:EQ:RELIANCE") { value in
            guard let text = FieldType<String>.text("an instrument id like NSE:EQ:RELIANCE").read(value) else {
                return nil
            }
            do throws(InstrumentID.Malformed) {
                return try InstrumentID(text)
            } catch {
                value.report("\(value.quoted) is not an instrument id", remedy: error.reason.printable)
                return nil
            }
        }
    }
}
