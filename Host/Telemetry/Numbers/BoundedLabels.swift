/// Values of a label, at most `bound` of them: the first that come keep their names, every later one counts as `other`.
///
/// A label value may be chosen by a caller (a strategy) or by many (groups); without a bound each would make series in
/// every scraper for ever.
struct BoundedLabels: Sendable {
    static let other = "other"
    let bound: Int
    private var known: Set<String> = []

    init(bound: Int) { self.bound = bound }

    mutating func label(_ value: String) -> String {
        if known.contains(value) { return value }
        guard known.count < bound else { return Self.other }
        known.insert(value)
        return value
    }
}
