package import Domain

/// What is wrong with a value that an adapter's schema describes: where, what is there, and what would be right.
package struct SchemaFinding: Hashable, Sendable, CustomStringConvertible {
    /// A JSON pointer into the value, `/legs/0/quantity`; empty = the value itself.
    package var path: String
    /// `nil`: it is missing.
    package var value: JSONValue?
    package var message: String
    package var remedy: String

    package var description: String {
        let place = path.isEmpty ? "it" : path
        let shown = value.map { " \(String($0.serializedText().prefix(100)))" } ?? ""
        return "\(place)\(shown) \(message); \(remedy)"
    }
}

/// An adapter's JSON Schema (draft 2020-12), as far as adapters use it: type, enum, const, properties, required,
/// additionalProperties, items, prefixless arrays, bounds of numbers, texts and lists, pattern, and allOf, anyOf, oneOf,
/// not. A keyword that changes what is valid and that is not among them makes the schema unusable: a check that is skipped
/// is none.
///
/// Numbers are compared exactly. A pattern is a regular expression as Swift reads one; it may match anywhere.
package struct JSONSchema: Hashable, Sendable {
    private let root: JSONValue

    /// Nesting of schema and value; deeper ones are refused.
    private static let depth = 32
    /// Findings of one value; what is wrong beyond them is not listed.
    private static let findings = 20

    /// Why a schema cannot be used.
    package struct Unusable: Error, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter text: at most 1 MiB.
    package init(_ text: String) throws(Unusable) {
        let root: JSONValue
        do {
            root = try JSONValue.parse(
                text, limits: JSONLimits(maximumBytes: 1 << 20, maximumDepth: 64, maximumElements: 100_000))
        } catch {
            throw Unusable(description: "the schema is no JSON: \(error)")
        }
        self.root = root
        try Self.check(root, "", depth: 0)
    }

    // MARK: - The schema itself

    private static let annotations: Set = [
        "$schema", "$id", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly",
        "writeOnly",
        "format", "contentEncoding", "contentMediaType", "secret",
    ]
    private static let kinds = ["object", "array", "string", "number", "integer", "boolean", "null"]

    private static func check(_ schema: JSONValue, _ path: String, depth: Int) throws(Unusable) {
        guard depth < Self.depth else { throw Unusable(description: "\(path) is nested too deep") }
        if schema.bool != nil { return }
        guard let object = schema.object else { throw Unusable(description: "\(path) is no schema") }
        for (key, value) in object {
            let place = "\(path)/\(key)"
            switch key {
            case "type":
                let names = value.array?.map(\.string) ?? [value.string]
                guard !names.isEmpty, names.allSatisfy({ $0.map(kinds.contains) ?? false }) else {
                    throw Unusable(description: "\(place) names no type: \(kinds.joined(separator: ", "))")
                }
            case "properties":
                guard let members = value.object else { throw Unusable(description: "\(place) is no object") }
                for (name, member) in members { try check(member, "\(place)/\(name)", depth: depth + 1) }
            case "required":
                guard value.array?.allSatisfy({ $0.string != nil }) ?? false else {
                    throw Unusable(description: "\(place) is no list of names")
                }
            case "enum":
                guard value.array?.isEmpty == false else { throw Unusable(description: "\(place) is an empty list") }
            case "allOf", "anyOf", "oneOf":
                guard let parts = value.array, !parts.isEmpty else {
                    throw Unusable(description: "\(place) is an empty list")
                }
                for (index, part) in parts.enumerated() { try check(part, "\(place)/\(index)", depth: depth + 1) }
            case "additionalProperties", "items", "not": try check(value, place, depth: depth + 1)
            case "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum":
                guard value.decimal != nil else { throw Unusable(description: "\(place) is no number") }
            case "minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties":
                guard let count = value.int64, count >= 0 else { throw Unusable(description: "\(place) is no count") }
            case "uniqueItems":
                guard value.bool != nil else { throw Unusable(description: "\(place) is neither true nor false") }
            case "pattern":
                guard let pattern = value.string, (try? Regex(pattern)) != nil else {
                    throw Unusable(description: "\(place) is no regular expression")
                }
            case "const": break
            default:
                guard annotations.contains(key) else {
                    throw Unusable(description: "\(place) is a keyword that this host does not check")
                }
            }
        }
    }

    // MARK: - Values

    /// What is wrong with a value; empty: nothing.
    package func findings(_ value: JSONValue) -> [SchemaFinding] {
        var found: [SchemaFinding] = []
        Self.look(value, root, "", &found, depth: 0)
        return found
    }

    /// The value with the defaults of what its objects lack.
    package func defaulted(_ value: JSONValue) -> JSONValue { Self.defaulted(value, root, depth: 0) }

    private static func defaulted(_ value: JSONValue, _ schema: JSONValue, depth: Int) -> JSONValue {
        guard depth < Self.depth, case .object(var members) = value, let properties = schema["properties"]?.object
        else {
            return value
        }
        for (name, schema) in properties {
            guard let present = members[name] ?? schema["default"] else { continue }
            members[name] = defaulted(present, schema, depth: depth + 1)
        }
        return .object(members)
    }

    private static func look(
        _ value: JSONValue, _ schema: JSONValue, _ path: String, _ found: inout [SchemaFinding], depth: Int
    ) {
        guard found.count < findings else { return }
        guard depth < Self.depth else {
            return found.append(
                SchemaFinding(path: path, value: nil, message: "is nested too deep", remedy: "flatten it"))
        }
        if schema.bool == false {
            return found.append(
                SchemaFinding(path: path, value: value, message: "is not known", remedy: "leave it out"))
        }
        guard let rules = schema.object else { return }
        let description = rules["description"]?.string
        func refuse(_ message: String, _ remedy: String) {
            found.append(
                SchemaFinding(
                    path: path, value: value, message: message,
                    remedy: "expected " + remedy + (description.map { " (\($0))" } ?? "")))
        }
        if let types = rules["type"] {
            let names = types.array?.compactMap(\.string) ?? [types.string].compactMap(\.self)
            guard names.contains(where: { isKind(value, $0) }) else {
                return refuse("is of another type", names.joined(separator: " or "))
            }
        }
        if let words = rules["enum"]?.array, !words.contains(where: { isEqual($0, value) }) {
            return refuse("is none of them", words.map { $0.serializedText() }.joined(separator: ", "))
        }
        if let constant = rules["const"], !isEqual(constant, value) {
            return refuse("is another value", constant.serializedText())
        }
        switch value {
        case .string(let text): look(text, rules, refuse)
        case .number: value.decimal.map { look($0, rules, refuse) }
        case .array(let items):
            bounds(items.count, rules, "minItems", "maxItems", "elements", refuse)
            if rules["uniqueItems"]?.bool == true,
                items.indices.contains(where: { place in items[..<place].contains { isEqual($0, items[place]) } })
            {
                refuse("holds one element twice", "each once")
            }
            if let schema = rules["items"] {
                for (index, item) in items.enumerated() {
                    look(item, schema, "\(path)/\(index)", &found, depth: depth + 1)
                }
            }
        case .object(let members): look(members, rules, path, &found, depth: depth)
        default: break
        }
        if case .object(let members) = value {
            bounds(members.count, rules, "minProperties", "maxProperties", "members", refuse)
        }
        found += combine(value, rules, path, depth: depth)
    }

    private static func look(
        _ members: JSONObject, _ rules: JSONObject, _ path: String, _ found: inout [SchemaFinding], depth: Int
    ) {
        let properties = rules["properties"]?.object ?? JSONObject()
        for name in rules["required"]?.array?.compactMap(\.string) ?? [] where !members.contains(key: name) {
            let what = properties[name]?["description"]?.string ?? properties[name]?["type"]?.serializedText()
            found.append(
                SchemaFinding(
                    path: "\(path)/\(token(name))", value: nil, message: "is missing",
                    remedy: what.map { "expected \($0)" } ?? "give it"))
        }
        for (name, member) in members {
            let place = "\(path)/\(token(name))"
            if let schema = properties[name] {
                look(member, schema, place, &found, depth: depth + 1)
            } else if let schema = rules["additionalProperties"] {
                if schema.bool == false {
                    let known = properties.keys.joined(separator: ", ")
                    found.append(
                        SchemaFinding(
                            path: place, value: member, message: "is not known",
                            remedy: known.isEmpty ? "nothing is expected here" : "expected one of \(known)"))
                } else {
                    look(member, schema, place, &found, depth: depth + 1)
                }
            }
        }
    }

    private static func look(_ text: String, _ rules: JSONObject, _ refuse: (String, String) -> Void) {
        bounds(text.unicodeScalars.count, rules, "minLength", "maxLength", "characters", refuse)
        if let pattern = rules["pattern"]?.string, let expression = try? Regex(pattern),
            (try? expression.firstMatch(in: text)) == nil
        {
            refuse("does not fit", "what matches \(pattern)")
        }
    }

    private static func look(_ number: ExactDecimal, _ rules: JSONObject, _ refuse: (String, String) -> Void) {
        if let least = rules["minimum"]?.decimal, number < least { refuse("is too small", "at least \(least)") }
        if let most = rules["maximum"]?.decimal, number > most { refuse("is too large", "at most \(most)") }
        if let bound = rules["exclusiveMinimum"]?.decimal, number <= bound {
            refuse("is too small", "more than \(bound)")
        }
        if let bound = rules["exclusiveMaximum"]?.decimal, number >= bound {
            refuse("is too large", "less than \(bound)")
        }
    }

    private static func bounds(
        _ count: Int, _ rules: JSONObject, _ least: String, _ most: String, _ what: String,
        _ refuse: (String, String) -> Void
    ) {
        if let least = rules[least]?.int64, count < least { refuse("has \(count) \(what)", "at least \(least)") }
        if let most = rules[most]?.int64, count > most { refuse("has \(count) \(what)", "at most \(most)") }
    }

    private static func combine(
        _ value: JSONValue, _ rules: JSONObject, _ path: String, depth: Int
    ) -> [SchemaFinding] {
        func found(_ part: JSONValue) -> [SchemaFinding] {
            var inner: [SchemaFinding] = []
            look(value, part, path, &inner, depth: depth + 1)
            return inner
        }
        func tries(_ name: String) -> [[SchemaFinding]] { (rules[name]?.array ?? []).map(found) }
        func refusal(_ message: String, _ remedy: String) -> SchemaFinding {
            SchemaFinding(path: path, value: value, message: message, remedy: remedy)
        }
        var all = tries("allOf").flatMap(\.self)
        for name in ["anyOf", "oneOf"] where rules[name] != nil {
            let tries = tries(name)
            let fitting = tries.count(where: \.isEmpty)
            if fitting == 0 {
                all += tries.min { $0.count < $1.count } ?? []  // of the form that it is nearest to
            } else if name == "oneOf", fitting > 1 {
                all.append(refusal("fits \(fitting) forms", "expected exactly one"))
            }
        }
        if let rule = rules["not"], found(rule).isEmpty {
            all.append(refusal("is what it must not be", "expected something else"))
        }
        return all
    }

    // MARK: - Words

    private static func isKind(_ value: JSONValue, _ name: String) -> Bool {
        switch (name, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .bool), ("null", .null): true
        case ("number", .number): value.decimal != nil
        case ("integer", .number): value.int64 != nil
        default: false
        }
    }

    private static func isEqual(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if case .number = left, case .number = right, let left = left.decimal, let right = right.decimal {
            return left == right
        }
        return left == right
    }

    private static func token(_ name: String) -> String {
        name.replacing("~", with: "~0").replacing("/", with: "~1")
    }
}
