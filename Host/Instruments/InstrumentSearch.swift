import Domain

/// Finds instruments by the beginnings of words. Made once for a snapshot, then only read.
///
/// Instruments stand in the order in which they are shown: those without terms (shares, indexes, pairs) before futures
/// and options, each by id. A query is answered with one bit an instrument. What a hundred thousand options share (kind,
/// side, expiry) is held once, so that each of them costs a few bytes only.
struct InstrumentSearch: Sendable {
    /// Instrument numbers in order of display, and where the second run (futures and options) begins.
    private let order: [Int32]
    private let firstDerivative: Int
    /// Ids by instrument number, in the memory of the snapshot.
    private let ids: [InstrumentID]
    /// By place in the order.
    private let kinds: [InstrumentKind]
    /// Roots, words of names, series, strikes, ISINs.
    private let words: WordIndex
    private let aliases: AliasWords
    /// The spellings of expiries, and where each expiry stands.
    private let dates: ExpiryWords
    private let calls: Bits
    private let puts: Bits
    private let byKind: [InstrumentKind: Bits]

    /// - Parameter aliases: By adapter, its names by instrument number.
    init(ids: [InstrumentID], names: TextColumn, isins: [Int32: ISIN], aliases: [TextColumn]) {
        var (first, second): ([Int32], [Int32]) = ([], [])
        for number in ids.indices {
            let part = InstrumentIDParts(ids[number])
            if part.isDatedDerivative { second.append(Int32(number)) } else { first.append(Int32(number)) }
        }
        first.sort { ids[Int($0)].text < ids[Int($1)].text }
        second.sort { ids[Int($0)].text < ids[Int($1)].text }
        firstDerivative = first.count
        let order = first + second
        (self.order, self.ids) = (order, ids)
        kinds = order.map { InstrumentIDParts(ids[Int($0)]).kind }

        var words = WordIndex.Builder()
        var named = AliasWords.Builder(aliases)
        var dates = ExpiryWords.Builder()
        var (calls, puts) = (Bits(count: ids.count), Bits(count: ids.count))
        var byKind: [InstrumentKind: Bits] = [:]
        for (place, number) in order.enumerated() {
            let part = InstrumentIDParts(ids[Int(number)])
            byKind[part.kind, default: Bits(count: ids.count)].insert(place)
            words.add(part.root)
            words.addRuns(of: String(part.root))
            names.withBytes(Int(number)) { if let name = $0 { words.addRuns(of: name) } }
            if let series = part.series { words.add(series) }
            if let strike = part.strike { words.add(strike) }
            if let isin = isins[number] { words.add(isin.text[...]) }
            if let expiry = part.expiry { dates.add(expiry, Int32(place)) }
            switch part.right {
            case "C": calls.insert(place)
            case "P": puts.insert(place)
            default: break
            }
            named.add(number, at: Int32(place)) { words.addRuns(of: $0) }
            words.endPlace()
        }
        self.words = words.made()
        self.aliases = named.made()
        self.dates = dates.made()
        (self.calls, self.puts, self.byKind) = (calls, puts, byKind)
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
            aliases.mark(beginningWith: term, in: &found, exact: &exact)
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
        for run in [0..<firstDerivative, firstDerivative..<order.count] {
            bits.insert(order.range(of: prefix[...], within: run) { ids[Int($0)].text[...] })
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
}
