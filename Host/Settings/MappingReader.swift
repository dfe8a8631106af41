/// Reads the members of one mapping and remembers which were asked for, so that `finish()` can name the others.
///
/// No accessor throws: an error is recorded, `nil` or the default is returned, and reading goes on to find the next one.
/// The document as a whole fails in the end, so a value made up after an error is never used. A member whose value is
/// empty (`key:` or `null`) counts as absent.
package final class MappingReader {
    private let members: [DocumentNode.Member]
    /// Places by key, kept only beyond a few members: a short scan beats hashing.
    private let places: [String: Int]?
    private let place: Place
    private let errors: ErrorCollector
    private var asked: [String] = []
    private var isAsked: [Bool]
    private var isOpenEnded = false
    /// The way to the mapping itself, `accounts[2]`.
    package let path: String

    init(_ members: [DocumentNode.Member], place: Place, path: String, errors: ErrorCollector) {
        self.members = members
        places =
            members.count <= 24
            ? nil : Dictionary(members.enumerated().map { ($1.key, $0) }, uniquingKeysWith: { first, _ in first })
        isAsked = Array(repeating: false, count: members.count)
        (self.place, self.path, self.errors) = (place, path, errors)
    }

    // MARK: Fields

    /// The value of a member that must be there.
    package func required<Value>(_ key: String, _ type: FieldType<Value>) -> Value? {
        if let value = value(of: key) { return type.read(value) }
        let member = member(key)
        errors.report(
            member?.keyPlace ?? place, path: path.appending(key: key),
            message: member == nil ? "'\(key)' is missing" : "there is no value",
            remedy: "expected \(type.expectation)")
        return nil
    }

    /// The value of a member that may be left out.
    package func optional<Value>(_ key: String, _ type: @autoclosure () -> FieldType<Value>) -> Value? {
        guard let value = value(of: key) else { return nil }
        return type().read(value)
    }

    /// The value of a member, or what holds when it is left out.
    package func value<Value>(
        _ key: String, _ type: @autoclosure () -> FieldType<Value>, default: Value
    ) -> Value {
        optional(key, type()) ?? `default`
    }

    /// The members of a nested mapping, or an empty mapping when it is left out. Call `finish()` on it.
    package func section(_ key: String) -> MappingReader {
        if let value = value(of: key) {
            if let reader = value.mapping { return reader }
            value.reportMismatch(expected: "a mapping")
        }
        let place = member(key)?.keyPlace ?? place
        return MappingReader([], place: place, path: path.appending(key: key), errors: errors)
    }

    /// The mappings of a list, none when it is left out. Call `finish()` on each.
    package func sections(_ key: String) -> [MappingReader] {
        guard let value = value(of: key) else { return [] }
        guard let items = value.items else {
            value.reportMismatch(expected: "a list of mappings")
            return []
        }
        return items.compactMap { item in
            if let reader = item.mapping { return reader }
            item.reportMismatch(expected: "a mapping")
            return nil
        }
    }

    // MARK: What is there

    /// The keys, in the order written.
    package var keys: [String] { indices.map { members[$0].key } }

    /// Whether the member is there with a value.
    package func contains(_ key: String) -> Bool { member(key).map { !$0.value.isNull } ?? false }

    /// The value of a member as it stands; `nil` when it is absent or empty. Counts as asked for.
    package func value(of key: String) -> FieldValue? {
        let index = index(of: key)
        if let index {
            if !isAsked[index] { asked.append(key) }
            isAsked[index] = true
        } else if !asked.contains(key) {
            asked.append(key)
        }
        guard let index, !members[index].value.isNull else { return nil }
        return FieldValue(node: members[index].value, at: .key(key), of: path, errors: errors)
    }

    /// All members, for mappings whose keys are the writer's. Each counts as asked for, empty ones included.
    package func entries() -> [(key: String, value: FieldValue)] {
        isOpenEnded = true
        return indices.map { index in
            let member = members[index]
            return (
                member.key, FieldValue(node: member.value, at: .key(member.key), of: path, errors: errors)
            )
        }
    }

    /// Where members stand; of two with one key, which is an error by then, only the first.
    private var indices: [Int] { members.indices.filter { index(of: members[$0].key) == $0 } }

    private func index(of key: String) -> Int? {
        if let places { return places[key] }
        return members.firstIndex { $0.key == key }
    }

    private func member(_ key: String) -> DocumentNode.Member? { index(of: key).map { members[$0] } }

    // MARK: Complaints

    /// Records an error about the mapping, or about one of its members.
    package func report(_ message: String, remedy: String? = nil, at key: String? = nil) {
        guard let key else {
            errors.report(place, path: path, message: message, remedy: remedy)
            return
        }
        let member = member(key)
        var value: String?
        if let node = member?.value, case .scalar(let scalar) = node.content { value = scalar.text.excerpt }
        errors.report(
            member?.value.place ?? place, path: path.appending(key: key), value: value, message: message,
            remedy: remedy)
    }

    /// Reports the keys nobody asked for, each with the nearest known one.
    package func finish() {
        guard !isOpenEnded else { return }
        for index in indices where !isAsked[index] { reportUnknown(members[index].key, known: asked) }
    }

    /// Reports a key that is not known here, with the nearest known one.
    package func reportUnknown(_ key: String, known: [String]) {
        let remedy: String
        if let nearest = nearestWord(to: key, among: known) {
            remedy = "did you mean '\(nearest)'?"
        } else {
            remedy = known.isEmpty ? "no keys are known here" : "known keys are \(known.joined(separator: ", "))"
        }
        errors.report(
            member(key)?.keyPlace ?? place, path: path.appending(key: key), value: key.excerpt,
            message: "the key '\(key.excerpt)' is not known", remedy: remedy)
    }
}

/// The known word that a misspelt one probably means: at most a third of its letters differ.
package func nearestWord(to word: String, among known: [String]) -> String? {
    guard word.utf8.count <= 64 else { return nil }
    let letters = Array(word.lowercased().utf8)
    let ranked = known.map { (word: $0, distance: editDistance(letters, Array($0.lowercased().utf8))) }
    guard let best = ranked.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, max(letters.count, best.word.utf8.count) / 3) ? best.word : nil
}

/// Insertions, deletions, substitutions and swaps of neighbours that make one text of the other.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var (beforeLast, last) = ([Int](), Array(0...right.count))
    for (row, letter) in left.enumerated() {
        var current = [row + 1]
        for (column, other) in right.enumerated() {
            var cost = min(last[column] + (letter == other ? 0 : 1), last[column + 1] + 1, current[column] + 1)
            if row > 0, column > 0, letter == right[column - 1], left[row - 1] == other {
                cost = min(cost, beforeLast[column - 1] + 1)
            }
            current.append(cost)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
