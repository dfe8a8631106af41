import Domain

/// Every word once, sorted, with the places that have it.
struct WordIndex: Sendable {
    private let words: [String]
    /// `places[starts[w]..<starts[w + 1]]` are the places that have the word `w`.
    private let starts: [Int32]
    private let places: [Int32]

    /// Words of one place after the other; one may come twice at a place.
    struct Builder {
        private var texts = TextColumn()
        private var index = NumberIndex()
        /// By word: the places that have it, and the last of them.
        private var counts: [Int32] = []
        private var latest: [Int32] = []
        /// The words of every place, and by place where they end.
        private var held: [Int32] = []
        private var ends: [Int32] = []

        mutating func add(_ word: Substring) {
            var word = word
            word.withUTF8 { add($0) }
        }

        mutating func add(_ word: UnsafeBufferPointer<UInt8>) {
            let hash = word.textHash
            let known = index.find(hash: hash) { texts.withBytes(Int($0)) { $0?.isSame(as: word) ?? false } }
            let (number, place) = (known ?? Int32(texts.count), Int32(ends.count))
            if known == nil {
                texts.append(bytes: word)
                index.add(number, hash: hash)
                counts.append(0)
                latest.append(-1)
            }
            guard latest[Int(number)] != place else { return }
            latest[Int(number)] = place
            counts[Int(number)] += 1
            held.append(number)
        }

        /// Adds, in capitals, the runs of ASCII letters and digits and of whatever is not ASCII.
        mutating func addRuns(of text: UnsafeBufferPointer<UInt8>) {
            guard text.allSatisfy({ $0 < 0x80 }) else { return addRuns(of: String(decoding: text, as: UTF8.self)) }
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: text.count) { capitals in
                for (place, byte) in text.enumerated() { capitals[place] = byte &- 97 < 26 ? byte - 32 : byte }
                addCapitals(UnsafeBufferPointer(capitals))
            }
        }

        mutating func addRuns(of text: String) {
            var capitals = text.uppercased()
            capitals.withUTF8 { addCapitals($0) }
        }

        private mutating func addCapitals(_ text: UnsafeBufferPointer<UInt8>) {
            var start = 0
            while start < text.count {
                var end = start
                while end < text.count, Self.isWordByte(text[end]) { end += 1 }
                if start < end { add(UnsafeBufferPointer(rebasing: text[start..<end])) }
                start = end + 1
            }
        }

        private static func isWordByte(_ byte: UInt8) -> Bool {
            byte &- 48 <= 9 || (byte | 0x20) &- 97 <= 25 || byte >= 0x80
        }

        /// What comes next is of the next place.
        mutating func endPlace() { ends.append(Int32(held.count)) }

        /// The index; the builder is empty afterwards.
        mutating func made() -> WordIndex {
            (index, latest) = (NumberIndex(), [])
            var named = (0..<texts.count).map { (text: texts[$0] ?? "", number: $0) }
            texts = TextColumn()
            named.sort { $0.text < $1.text }
            // Where the next place of a word goes: at last where those of the next word in order begin.
            var (starts, next): ([Int32], [Int32]) = ([0], [Int32](repeating: 0, count: named.count))
            starts.reserveCapacity(named.count + 1)
            for (text:_, number:number) in named {
                let start = starts[starts.count - 1]
                next[number] = start
                starts.append(start + counts[number])
            }
            var places = [Int32](repeating: 0, count: held.count)
            var word = 0
            for (place, end) in ends.enumerated() {
                while word < end {
                    let number = Int(held[word])
                    places[Int(next[number])] = Int32(place)
                    next[number] += 1
                    word += 1
                }
            }
            return WordIndex(words: named.map(\.text), starts: starts, places: places)
        }
    }

    func mark(beginningWith prefix: String, in bits: inout Bits, exact: inout Bits) {
        let found = words.range(of: prefix[...], within: words.indices) { $0[...] }
        for place in places[Int(starts[found.lowerBound])..<Int(starts[found.upperBound])] { bits.insert(Int(place)) }
        // Several where the same letters are spelt in several ways, of marks and letters for instance.
        for word in found.prefix(while: { words[$0] == prefix }) {
            for place in places[Int(starts[word])..<Int(starts[word + 1])] { exact.insert(Int(place)) }
        }
    }
}

/// Expiries by their usual spellings: `20261229`, `2026-12-29`, `29DEC26`, `29-DEC-2026`, `26DEC`, `DEC26`, `261229` and
/// `26D29`, and their beginnings; days below ten with and without their zero.
struct ExpiryWords: Sendable {
    private struct Spelling: Sendable {
        let text: String
        /// A shorter beginning says too little: `26` begins every date of a year and half of all strikes.
        let least: Int
        let expiry: Int32
    }

    private let spellings: [Spelling]
    /// By expiry: the places that have it.
    private let places: [[Int32]]

    struct Builder {
        private var places: [CivilDate: [Int32]] = [:]

        mutating func add(_ expiry: CivilDate, _ place: Int32) { places[expiry, default: []].append(place) }

        func made() -> ExpiryWords {
            var spellings: [Spelling] = []
            var all: [[Int32]] = []
            for (expiry, places) in places {
                spellings += ExpiryWords.spellings(expiry, Int32(all.count))
                all.append(places)
            }
            spellings.sort { $0.text < $1.text }
            return ExpiryWords(spellings: spellings, places: all)
        }
    }

    func mark(beginningWith term: String, in bits: inout Bits, exact: inout Bits) {
        guard let first = term.utf8.first, first &- 48 <= 9 || first &- 65 <= 25 else { return }
        let plain = term.utf8.contains(UInt8(ascii: "-")) ? term.filter { $0 != "-" } : term
        for spelling in spellings[spellings.range(of: plain[...], within: spellings.indices) { $0.text[...] }]
        where plain.utf8.count >= spelling.least {
            for place in places[Int(spelling.expiry)] {
                bits.insert(Int(place))
                if spelling.text == plain { exact.insert(Int(place)) }
            }
        }
    }

    private static func spellings(_ date: CivilDate, _ expiry: Int32) -> [Spelling] {
        func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let month = MonthName.all[Int(date.month) - 1]
        let (year, day, number) = (two(date.year % 100), two(date.day), two(date.month))
        let short = date.day < 10 ? ["\(date.day)\(month)\(year)", "\(date.day)\(month)\(date.year)"] : []
        let letter = date.month < 10 ? "\(date.month)" : ["O", "N", "D"][Int(date.month) - 10]
        let all: [(String, Int)] = [
            ("\(date.description.filter { $0 != "-" })", 4), ("\(year)\(number)\(day)", 5),
            ("\(day)\(month)\(year)", 2), ("\(day)\(month)\(date.year)", 2), ("\(year)\(month)", 3),
            ("\(year)\(letter)\(day)", 5), ("\(month)\(year)", 3), ("\(month)\(date.year)", 3),
            ("\(MonthName.whole[Int(date.month) - 1])\(date.year)", 4),
        ]
        return (all + short.map { ($0, 4) }).map { Spelling(text: $0.0, least: $0.1, expiry: expiry) }
    }
}

/// The months as exchanges write them.
enum MonthName {
    static let all = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
    static let whole = [
        "JANUARY", "FEBRUARY", "MARCH", "APRIL", "MAY", "JUNE", "JULY", "AUGUST", "SEPTEMBER", "OCTOBER", "NOVEMBER",
        "DECEMBER",
    ]
}

extension Array {
    /// Where texts that begin with `prefix` stand in a sorted run.
    func range(of prefix: Substring, within run: Range<Int>, text: (Element) -> Substring) -> Range<Int> {
        func firstIndex(from start: Int, where isAfter: (Substring) -> Bool) -> Int {
            var (low, high) = (start, run.upperBound)
            while low < high {
                let middle = low + (high - low) / 2
                if isAfter(text(self[middle])) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        let start = firstIndex(from: run.lowerBound) { $0 >= prefix }
        return start..<firstIndex(from: start) { !$0.hasPrefix(prefix) }
    }
}

/// A set of small integers.
struct Bits: Sendable {
    private var words: [UInt64]

    init(count: Int, allSet: Bool = false) {
        words = [UInt64](repeating: allSet ? .max : 0, count: (count + 63) / 64)
        if allSet, count % 64 != 0 { words[words.count - 1] = (1 << UInt64(count % 64)) - 1 }
    }

    func contains(_ member: Int) -> Bool { words[member >> 6] & 1 << UInt64(member & 63) != 0 }

    mutating func insert(_ member: Int) { words[member >> 6] |= 1 << UInt64(member & 63) }

    mutating func insert(_ members: Range<Int>) {
        var member = members.lowerBound
        while member < members.upperBound {
            if member & 63 == 0, members.upperBound - member >= 64 {
                words[member >> 6] = .max
                member += 64
            } else {
                insert(member)
                member += 1
            }
        }
    }

    mutating func formUnion(_ other: Bits) {
        for index in words.indices { words[index] |= other.words[index] }
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
