import Domain

/// Finds instruments by the beginnings of words. Made once for a snapshot, then only read.
///
/// Instruments stand in the order in which they are shown: those without terms (shares, indexes, pairs) before futures
/// and options, each by id. A query is answered with one bit an instrument. What a hundred thousand options share (kind,
/// side, expiry) is held once, so that each of them costs a few bytes only.
struct InstrumentSearch: Sendable {
    /// Instrument numbers in order of display.
    private let order: [Int32]
    /// Their ids, in the same order, and where the second run (futures and options) begins.
    private let ids: [String]
    private let kinds: [InstrumentKind]
    private let firstDerivative: Int
    /// Roots, words of names, series, strikes, ISINs.
    private let words: WordIndex
    /// Adapters' names without what stands before their last colon.
    private let aliases: [Alias]
    /// The spellings of expiries, and where each expiry stands.
    private let dates: ExpiryWords
    private let calls: Bits
    private let puts: Bits
    private let byKind: [InstrumentKind: Bits]

    /// An adapter's name in capitals, from behind its last colon on.
    private struct Alias: Sendable {
        let text: Substring
        let place: Int32
    }

    init(ids: [InstrumentID], names: [String?], isins: [Int32: ISIN] = [:], handles: [[InstrumentHandle?]] = []) {
        let parts = ids.map { InstrumentIDParts($0) }
        var keyed = ids.enumerated().map { number, id in
            (isDerivative: parts[number].isDatedDerivative, text: id.text, number: Int32(number))
        }
        keyed.sort { $0.isDerivative != $1.isDerivative ? !$0.isDerivative : $0.text < $1.text }
        order = keyed.map(\.number)
        self.ids = keyed.map(\.text)
        kinds = order.map { parts[Int($0)].kind }
        firstDerivative = keyed.firstIndex { $0.isDerivative } ?? keyed.count

        var words = WordIndex.Builder()
        var dates = ExpiryWords.Builder()
        var (calls, puts) = (Bits(count: ids.count), Bits(count: ids.count))
        var byKind: [InstrumentKind: Bits] = [:]
        for place in keyed.indices {
            let number = Int(order[place])
            let part = parts[number]
            byKind[part.kind, default: Bits(count: ids.count)].insert(place)
            Self.forEachWord(root: part.root, name: names[number]) { words.add($0, Int32(place)) }
            if let series = part.series { words.add(series, Int32(place)) }
            if let strike = part.strike { words.add(strike, Int32(place)) }
            if let isin = isins[order[place]] { words.add(isin.text[...], Int32(place)) }
            if let expiry = part.expiry { dates.add(expiry, Int32(place)) }
            switch part.right {
            case "C": calls.insert(place)
            case "P": puts.insert(place)
            default: break
            }
        }
        var aliases: [Alias] = []
        for source in handles {
            aliases.reserveCapacity(aliases.count + source.count)
            for place in keyed.indices {
                guard let text = source[Int(order[place])]?.alias else { continue }
                let upper = text.utf8.contains { $0 &- 97 <= 25 } ? text.uppercased() : text
                let start = upper.utf8.lastIndex(of: UInt8(ascii: ":")).map { upper.utf8.index(after: $0) }
                aliases.append(Alias(text: upper[(start ?? upper.startIndex)...], place: Int32(place)))
                if upper.utf8.contains(UInt8(ascii: " ")) {
                    Self.forEachRun(of: upper[...]) { words.add($0, Int32(place)) }
                }
            }
        }
        self.words = words.made()
        self.dates = dates.made()
        (self.calls, self.puts, self.byKind) = (calls, puts, byKind)
        aliases.sort { $0.text < $1.text }
        self.aliases = aliases
    }

    func find(_ query: String, venue: String?, kind: InstrumentKind?, limit: Int) -> [Int32] {
        guard query.utf8.count <= 128 else { return [] }
        let terms = Set(query.uppercased().split(whereSeparator: \.isWhitespace).map(String.init))
        guard !terms.isEmpty else { return [] }
        var matches = Bits(count: order.count, allSet: true)
        var (whole, part) = (matches, Bits(count: order.count))
        for term in terms {
            var (found, exact) = (Bits(count: order.count), Bits(count: order.count))
            markIDs(beginningWith: term, in: &found)
            markIDs(beginningWith: term + ":", in: &exact)
            words.mark(beginningWith: term, in: &found, exact: &exact)
            markAliases(beginningWith: term, in: &found, exact: &exact)
            dates.mark(beginningWith: term, in: &found, exact: &exact)
            markWord(term, in: &exact)
            found.formUnion(exact)
            matches.formIntersection(found)
            whole.formIntersection(exact)
            part.formUnion(exact)
        }
        if let venue {
            var found = Bits(count: order.count)
            markIDs(beginningWith: venue.uppercased() + ":", in: &found)
            matches.formIntersection(found)
        }
        // Where every term is a whole word, then where one is, then the others.
        whole.formIntersection(matches)
        part.formIntersection(matches)
        part.subtract(whole)
        matches.subtract(whole)
        matches.subtract(part)
        var result: [Int32] = []
        for bits in [whole, part, matches] where result.count < limit {
            bits.visit { place in
                if kind == nil || kinds[place] == kind { result.append(order[place]) }
                return result.count < limit
            }
        }
        return result
    }

    // MARK: What a term may mean

    private func markIDs(beginningWith prefix: String, in bits: inout Bits) {
        for run in [0..<firstDerivative, firstDerivative..<ids.count] {
            bits.insert(ids.range(of: prefix[...], within: run) { $0[...] })
        }
    }

    /// `NSE:INFY` and `INFY` both find what an adapter calls `NSE:INFY`.
    private func markAliases(beginningWith term: String, in bits: inout Bits, exact: inout Bits) {
        let start = term.utf8.lastIndex(of: UInt8(ascii: ":")).map { term.utf8.index(after: $0) } ?? term.startIndex
        let isQualified = start != term.startIndex
        let prefix = term[start...]
        // Those that are the whole word stand first.
        var isWhole = true
        for alias in aliases[aliases.range(of: prefix, within: aliases.indices) { $0.text }] {
            if isWhole { isWhole = alias.text == prefix }
            if isQualified, !alias.text.base.hasPrefix(term) { continue }
            bits.insert(Int(alias.place))
            if isWhole { exact.insert(Int(alias.place)) }
        }
    }

    /// Words for a kind, or for the right that an option gives. Whole words alone: `C` begins half of all names.
    private func markWord(_ term: String, in exact: inout Bits) {
        switch term {
        case "C", "CE", "CALL", "CALLS": exact.formUnion(calls)
        case "P", "PE", "PUT", "PUTS": exact.formUnion(puts)
        default: if let kind = Self.kindWords[term], let bits = byKind[kind] { exact.formUnion(bits) }
        }
    }

    private static let kindWords: [String: InstrumentKind] = [
        "EQ": .equity, "EQUITY": .equity, "IDX": .index, "INDEX": .index, "FUT": .future, "FUTURE": .future,
        "FUTURES": .future, "OPT": .option, "OPTION": .option, "OPTIONS": .option, "PERP": .perpetual,
        "PERPETUAL": .perpetual, "SPOT": .spot, "FX": .foreignExchange,
    ]

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
