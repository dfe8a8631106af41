import Domain

/// Finds instruments by the beginnings of words. Made once for a snapshot, then only read.
///
/// Instruments stand in the order in which they are shown: those without terms (shares, indexes, pairs) before futures
/// and options, each by id. A query is answered with one bit an instrument.
struct InstrumentSearch: Sendable {
    /// Instrument numbers in order of display.
    private let order: [Int32]
    /// Their ids, in the same order, and where the second run (futures and options) begins.
    private let ids: [String]
    private let kinds: [InstrumentKind]
    private let firstDerivative: Int
    /// Every word once, sorted.
    private let words: [String]
    /// `places[starts[w]..<starts[w + 1]]` are the places in `order` that have the word `w`.
    private let starts: [Int32]
    private let places: [Int32]

    init(ids: [InstrumentID], names: [String?]) {
        let parts = ids.map { InstrumentIDParts($0) }
        var keyed = ids.enumerated().map { number, id in
            (isDerivative: parts[number].isDatedDerivative, text: id.text, number: Int32(number))
        }
        keyed.sort { $0.isDerivative != $1.isDerivative ? !$0.isDerivative : $0.text < $1.text }
        order = keyed.map(\.number)
        self.ids = keyed.map(\.text)
        kinds = order.map { parts[Int($0)].kind }
        firstDerivative = keyed.firstIndex { $0.isDerivative } ?? keyed.count

        var numbers: [Substring: UInt64] = [:]
        var pairs: [UInt64] = []  // word number above, place below
        for place in keyed.indices {
            let number = Int(order[place])
            Self.forEachWord(root: parts[number].root, name: names[number]) { word in
                let number = numbers[word] ?? UInt64(numbers.count)
                if number == numbers.count { numbers[word] = number }
                pairs.append(number << 32 | UInt64(place))
            }
        }
        let sorted = numbers.sorted { $0.key < $1.key }
        var ranks = [UInt64](repeating: 0, count: sorted.count)
        for (rank, entry) in sorted.enumerated() { ranks[Int(entry.value)] = UInt64(rank) }
        pairs = pairs.map { ranks[Int($0 >> 32)] << 32 | $0 & 0xFFFF_FFFF }
        pairs.sort()
        words = sorted.map { String($0.key) }
        var starts = [Int32](repeating: 0, count: words.count + 1)
        for pair in pairs { starts[Int(pair >> 32) + 1] += 1 }
        for index in words.indices { starts[index + 1] += starts[index] }
        self.starts = starts
        places = pairs.map { Int32(truncatingIfNeeded: $0 & 0xFFFF_FFFF) }
    }

    func find(_ query: String, venue: String?, kind: InstrumentKind?, limit: Int) -> [Int32] {
        guard query.utf8.count <= 128 else { return [] }
        let terms = query.uppercased().split(whereSeparator: \.isWhitespace).map(String.init)
        guard !terms.isEmpty else { return [] }
        var matches = Bits(count: order.count, allSet: true)
        var exact = Bits(count: order.count)
        for term in terms {
            var found = Bits(count: order.count)
            markIDs(beginningWith: term, in: &found)
            markWords(beginningWith: term, in: &found, exact: &exact)
            matches.formIntersection(found)
        }
        if let venue {
            var found = Bits(count: order.count)
            markIDs(beginningWith: venue.uppercased() + ":", in: &found)
            matches.formIntersection(found)
        }
        exact.formIntersection(matches)
        matches.subtract(exact)
        var result: [Int32] = []
        for bits in [exact, matches] where result.count < limit {
            bits.visit { place in
                if kind == nil || kinds[place] == kind { result.append(order[place]) }
                return result.count < limit
            }
        }
        return result
    }

    // MARK: Ranges of a sorted array

    private func markIDs(beginningWith prefix: String, in bits: inout Bits) {
        for run in [0..<firstDerivative, firstDerivative..<ids.count] {
            bits.insert(range(of: prefix, in: ids, within: run))
        }
    }

    private func markWords(beginningWith prefix: String, in bits: inout Bits, exact: inout Bits) {
        let found = range(of: prefix, in: words, within: words.indices)
        for place in places[Int(starts[found.lowerBound])..<Int(starts[found.upperBound])] { bits.insert(Int(place)) }
        if let first = found.first, words[first] == prefix {
            for place in places[Int(starts[first])..<Int(starts[first + 1])] { exact.insert(Int(place)) }
        }
    }

    /// Where texts beginning with `prefix` stand in a sorted run.
    private func range(of prefix: String, in texts: [String], within run: Range<Int>) -> Range<Int> {
        func firstIndex(from start: Int, where isAfter: (String) -> Bool) -> Int {
            var (low, high) = (start, run.upperBound)
            while low < high {
                let middle = low + (high - low) / 2
                if isAfter(texts[middle]) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        let start = firstIndex(from: run.lowerBound) { $0 >= prefix }
        return start..<firstIndex(from: start) { !$0.hasPrefix(prefix) }
    }

    /// The root, its parts, and the words of the name, in capitals; one may come twice.
    private static func forEachWord(root: Substring, name: String?, _ body: (Substring) -> Void) {
        body(root)
        forEachRun(of: root) { if $0 != root { body($0) } }
        guard let name else { return }
        forEachRun(of: name.uppercased()[...], body)
    }

    /// Runs of ASCII letters and digits and of whatever is not ASCII.
    private static func forEachRun(of text: Substring, _ body: (Substring) -> Void) {
        let bytes = text.utf8
        var start = bytes.startIndex
        while start < bytes.endIndex {
            var end = start
            while end < bytes.endIndex, isWordByte(bytes[end]) { end = bytes.index(after: end) }
            if start < end { body(text[start..<end]) }
            start = end < bytes.endIndex ? bytes.index(after: end) : end
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte &- 48 <= 9 || (byte | 0x20) &- 97 <= 25 || byte >= 0x80
    }
}

/// A set of small integers.
struct Bits {
    private var words: [UInt64]

    init(count: Int, allSet: Bool = false) {
        words = [UInt64](repeating: allSet ? .max : 0, count: (count + 63) / 64)
        if allSet, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    mutating func insert(_ member: Int) { words[member >> 6] |= 1 << UInt64(member & 63) }

    mutating func insert(_ members: Range<Int>) {
        for member in members { insert(member) }
    }

    mutating func formIntersection(_ other: Bits) {
        for index in words.indices { words[index] &= other.words[index] }
    }

    mutating func subtract(_ other: Bits) {
        for index in words.indices { words[index] &= ~other.words[index] }
    }

    /// Visits the members from the smallest, until `body` returns `false`.
    func visit(_ body: (Int) -> Bool) {
        for index in words.indices {
            var rest = words[index]
            while rest != 0 {
                guard body(index << 6 + rest.trailingZeroBitCount) else { return }
                rest &= rest - 1
            }
        }
    }
}
