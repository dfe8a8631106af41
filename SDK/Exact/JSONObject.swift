/// The members of a JSON object, in order, no key twice.
///
/// Two keys are the same when Swift says so, that is under canonical equivalence; a lookup follows the same rule.
public struct JSONObject: Sendable {
    private var members: [(key: String, value: JSONValue)] = []
    /// Positions by key, kept only beyond a few members: a short scan beats hashing, a long one is a way to attack.
    private var positions: [String: Int]?
    private static let scannedCount = 32

    /// An object without members.
    public init() {}

    /// An object with these members; of two with one key the later value stays, at the place of the earlier.
    public init(_ members: some Sequence<(String, JSONValue)>) {
        for (key, value) in members { append(key, value) }
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there are no members.
    public var isEmpty: Bool { members.isEmpty }

    /// The keys, in order.
    public var keys: [String] { members.map(\.key) }

    /// The value of `key`. Setting replaces it in place or appends it; setting `nil` removes the member.
    public subscript(key: String) -> JSONValue? {
        get { position(of: key).map { members[$0].value } }
        set {
            if let newValue {
                append(key, newValue)
            } else if let position = position(of: key) {
                members.remove(at: position)
                indexIfLarge()
            }
        }
    }

    /// Adds a member at the end. A key that is there already keeps its place and takes the new value.
    ///
    /// - Returns: The value that was replaced.
    @discardableResult
    public mutating func append(_ key: String, _ value: JSONValue) -> JSONValue? {
        if let position = position(of: key) {
            let replaced = members[position].value
            members[position].value = value
            return replaced
        }
        appendUnchecked(key, value)
        return nil
    }

    /// Whether there is a member `key`.
    public func contains(key: String) -> Bool { position(of: key) != nil }
}

extension JSONObject: Hashable {
    /// Whether both have the same members in the same order.
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        left.members.elementsEqual(right.members) { $0.key == $1.key && $0.value == $1.value }
    }

    /// Feeds the members to the hasher, in order.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(members.count)
        for (key, value) in members {
            hasher.combine(key)
            hasher.combine(value)
        }
    }
}

extension JSONObject: Sequence {
    /// Walks the members in order.
    public func makeIterator() -> IndexingIterator<[(key: String, value: JSONValue)]> { members.makeIterator() }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object, its members in the order written.
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}

// MARK: - For the parser

extension JSONObject {
    init(reserving capacity: Int) { members.reserveCapacity(capacity) }

    /// Adds a member whose key the caller knows to be new.
    mutating func appendUnchecked(_ key: String, _ value: JSONValue) {
        members.append((key, value))
        if positions != nil { positions?[key] = members.count - 1 } else { indexIfLarge() }
    }

    private func position(of key: String) -> Int? {
        if let positions { return positions[key] }
        for position in members.indices where members[position].key == key { return position }  // copies no values
        return nil
    }

    private mutating func indexIfLarge() {
        positions = nil
        guard members.count > Self.scannedCount else { return }
        var positions: [String: Int] = [:]
        for (position, member) in members.enumerated() { positions[member.key] = position }
        self.positions = positions
    }
}
