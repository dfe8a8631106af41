package import Domain

/// All instruments as they were known at one moment. Never changes, so any thread reads it without a lock.
package final class InstrumentSnapshot: Sendable {
    /// Counts publications, from 0 for the empty table.
    package let version: Int64
    private let content: Content
    private let search: InstrumentSearch

    /// Everything by instrument number.
    struct Content: Sendable {
        var ids: [InstrumentID] = []
        var numbers: [InstrumentID: Int32] = [:]
        var names = TextColumn()
        var bands = PriceBandColumn()
        /// What holds of it, as a number of `terms`; -1 = nobody says anything.
        var effective: [Int32] = []
        var terms = TermsTable()
        /// The integers of its figures, as a number of `formTable`; -1 = they are incomplete or cannot be counted.
        var forms: [Int32] = []
        var formTable = InstrumentForms()
        /// Why opening orders on it are refused; none = they are not.
        var reasons: [Int32: InstrumentRefusal] = [:]
        /// Adapters that deviate from the figures in force.
        var quarantines: [Int32: [InstrumentQuarantine]] = [:]
        /// What it goes by now.
        var successors: [Int32: Int32] = [:]
        var isins: [Int32: ISIN] = [:]
        /// By source and instrument: the adapter's own words for it. They stay when it is withdrawn, so that what is open
        /// can be closed.
        var handles: [HandleColumn] = []
        /// By source: what is listed by its alias.
        var aliases: [AliasIndex] = []
        /// Source texts of overlays.
        var sourceTexts: [Int32: String] = [:]
        /// Which source is believed, by number of `sources`; -1 = none.
        var leading: [Int16] = []
        var sources: [String] = []
        /// When a source's complete listing was read last, by number of `sources`; `nil` = it has no age.
        var refreshedAt: [Timestamp?] = []
        /// Instruments that each source lists, by number of `sources`.
        var listed: [Int] = []
        /// The terms that each source states of each instrument, as the registry holds them; -1 = it does not list it.
        var statements: [[Int32]] = []
        /// Where they trade, in order of names, by number of `sources`.
        var venues: [[String]] = []
    }

    struct PriceBand: Hashable, Sendable {
        var low: ExactDecimal?
        var high: ExactDecimal?
    }

    /// - Parameter previous: A snapshot with the same ids and names, whose search index serves again.
    init(version: Int64, content: Content, previous: InstrumentSnapshot? = nil) {
        (self.version, self.content) = (version, content)
        search =
            previous?.search
            ?? InstrumentSearch(
                ids: content.ids, names: content.names, isins: content.isins,
                aliases: content.handles.map(\.aliases))
    }

    /// How many instruments there are; their indexes are 0 up to this.
    package var count: Int { content.ids.count }

    package func index(of id: InstrumentID) -> InstrumentIndex? {
        content.numbers[id].map { InstrumentIndex($0) }
    }

    /// Looks a canonical text up.
    package func index(ofCanonical text: String) -> InstrumentIndex? { index(of: InstrumentID(canonical: text)) }

    package func id(_ index: InstrumentIndex) -> InstrumentID? {
        content.ids.indices.contains(Int(index.rawValue)) ? content.ids[Int(index.rawValue)] : nil
    }

    /// The instrument in integers. `nil` where its figures are incomplete or cannot be counted; `refusal` says why.
    package func instrument(_ index: InstrumentIndex) -> Instrument? {
        guard isWhole(index) else { return nil }
        let (number, band) = (Int(index.rawValue), content.bands[Int(index.rawValue)])
        return try? content.formTable[content.forms[number]].placed(at: index, priceLow: band.low, priceHigh: band.high)
    }

    private func isWhole(_ index: InstrumentIndex) -> Bool {
        content.forms.indices.contains(Int(index.rawValue)) && content.forms[Int(index.rawValue)] >= 0
    }

    /// Why opening orders on it are refused; `nil` = they are not, on the table's account.
    package func refusal(_ index: InstrumentIndex) -> String? { content.reasons[index.rawValue]?.text }

    package func refusalKind(_ index: InstrumentIndex) -> InstrumentRefusal.Kind? {
        content.reasons[index.rawValue]?.kind
    }

    /// The figure for the lack of which opening orders are refused.
    package func missingField(_ index: InstrumentIndex) -> String? { content.reasons[index.rawValue]?.field }

    /// Adapters that say another figure than the one in force, by name; opening orders through them are refused.
    package func quarantines(_ index: InstrumentIndex) -> [InstrumentQuarantine] {
        content.quarantines.isEmpty ? [] : content.quarantines[index.rawValue] ?? []
    }

    /// Every instrument on which an adapter deviates, in order of ids.
    package var allQuarantines: [(id: InstrumentID, quarantines: [InstrumentQuarantine])] {
        content.quarantines.map { (content.ids[Int($0.key)], $0.value) }.sorted { $0.0.text < $1.0.text }
    }

    /// The adapter's own words for an instrument, its successor's where it goes by another name now.
    package func handle(_ index: InstrumentIndex, for source: String) -> InstrumentHandle? {
        guard let number = content.sources.firstIndex(of: source),
            content.ids.indices.contains(Int(index.rawValue))
        else { return nil }
        if let successor = content.successors[index.rawValue],
            let handle = content.handles[number][Int(successor)]
        {
            return handle
        }
        return content.handles[number][Int(index.rawValue)]
    }

    /// The instrument that an adapter calls by a name. A name of several instruments finds none: nothing is guessed.
    package func index(ofAlias alias: String, in source: String) -> AliasMatch {
        guard let number = content.sources.firstIndex(of: source) else { return .unknown }
        return content.aliases[number].match(alias, in: content.handles[number].aliases)
    }

    package enum AliasMatch: Hashable, Sendable {
        case unknown, ambiguous
        case instrument(InstrumentIndex)
    }

    /// What an instrument goes by now.
    package func successor(_ index: InstrumentIndex) -> InstrumentID? {
        content.successors[index.rawValue].map { content.ids[Int($0)] }
    }

    package func isin(_ index: InstrumentIndex) -> ISIN? { content.isins[index.rawValue] }

    /// Instruments with an ISIN, whether or not they are listed.
    func indexes(of isin: ISIN) -> [InstrumentIndex] {
        content.isins.compactMap { $0.value == isin ? InstrumentIndex($0.key) : nil }
    }

    /// Instruments that a source lists by a name.
    func indexes(ofAlias alias: String, in source: String) -> [InstrumentIndex] {
        guard let number = content.sources.firstIndex(of: source) else { return [] }
        let aliases = content.handles[number].aliases
        switch content.aliases[number].match(alias, in: aliases) {
        case .unknown: return []
        case .instrument(let index): return [index]
        case .ambiguous:
            return (0..<aliases.count).compactMap { number in
                aliases.equals(number, alias) ? InstrumentIndex(Int32(number)) : nil
            }
        }
    }

    package func underlying(_ index: InstrumentIndex) -> InstrumentID? {
        guard content.effective.indices.contains(Int(index.rawValue)), content.effective[Int(index.rawValue)] >= 0
        else { return nil }
        return content.terms[content.effective[Int(index.rawValue)]].underlying
    }

    /// Sources, and when the complete listing of each was read last; `nil` = never, so it has no age.
    package var sources: [(name: String, refreshedAt: Timestamp?, listed: Int)] {
        content.sources.indices.map { (content.sources[$0], content.refreshedAt[$0], content.listed[$0]) }
    }

    /// Whether a source lists an instrument now.
    func lists(_ index: InstrumentIndex, in source: String) -> Bool {
        guard let number = content.sources.firstIndex(of: source),
            content.statements[number].indices.contains(Int(index.rawValue))
        else { return false }
        return content.statements[number][Int(index.rawValue)] >= 0
    }

    /// Sources whose figures have an age, and list something.
    package func forEachAgedSource(_ body: (_ name: String, _ refreshedAt: Timestamp) -> Void) {
        for number in content.sources.indices where content.listed[number] > 0 {
            if let refreshedAt = content.refreshedAt[number] { body(content.sources[number], refreshedAt) }
        }
    }

    /// The venues of what a source lists, in order of names.
    package func venues(of source: String) -> [String] {
        content.sources.firstIndex(of: source).map { content.venues[$0] } ?? []
    }

    package func refreshedAt(_ source: String) -> Timestamp? {
        content.sources.firstIndex(of: source).flatMap { content.refreshedAt[$0] }
    }

    /// The source whose figures stand; `nil` = an overlay's alone.
    package func leadingSource(_ index: InstrumentIndex) -> String? {
        guard content.leading.indices.contains(Int(index.rawValue)) else { return nil }
        let leading = content.leading[Int(index.rawValue)]
        return leading < 0 ? nil : content.sources[Int(leading)]
    }

    package func name(_ index: InstrumentIndex) -> String? {
        content.ids.indices.contains(Int(index.rawValue)) ? content.names[Int(index.rawValue)] : nil
    }

    /// The whole record, with `isTradable` as the table judges. `nil` exactly where `instrument` is.
    package func record(_ index: InstrumentIndex) -> InstrumentRecord? {
        guard isWhole(index) else { return nil }
        return Self.record(Int(index.rawValue), in: content)
    }

    /// The step by which an index is shown where no source says one: exchanges quote them in hundredths.
    private static let indexTick = ExactDecimal(mantissa: 1, exponent: -2)

    /// Makes the record of an instrument whose terms are complete.
    static func record(_ number: Int, in content: Content) -> InstrumentRecord? {
        guard content.effective[number] >= 0 else { return nil }
        let (id, terms) = (content.ids[number], content.terms[content.effective[number]])
        let parts = InstrumentIDParts(id)
        let isIndex = parts.kind == .index
        guard let currency = terms.currency,
            let tick = terms.tickTable?.step ?? terms.tickSize ?? (isIndex ? Self.indexTick : nil),
            let lot = terms.lotSize ?? (isIndex ? 1 : nil), terms.missingField(of: parts.kind) == nil
        else { return nil }
        let leading = content.leading[number]
        let source = content.sourceTexts[Int32(number)] ?? (leading >= 0 ? content.sources[Int(leading)] : "overlay")
        let band = content.bands[number]
        return InstrumentRecord(
            id: id, name: content.names[number], currency: currency, tickSize: tick, lotSize: lot,
            multiplier: terms.multiplier ?? 1, contractSize: terms.contractSize, freezeQuantity: terms.freezeQuantity,
            minimumQuantity: terms.minimumQuantity, maximumQuantity: terms.maximumQuantity, priceLow: band.low,
            priceHigh: band.high, expiry: terms.expiry ?? parts.expiry,
            isTradable: !isIndex && terms.isTradable != false,
            source: source, tickTable: terms.tickTable)
    }

    /// Instruments of which something begins with each word of `query`, upper or lower case: the id, the root, a word of the
    /// name, the series, the strike, the expiry in one of its usual spellings (`ExpiryWords`), an adapter's name for it with
    /// or without what stands before its colon, the ISIN; or is that word: the kind (`OPT`, `option`), the right (`C`, `CE`,
    /// `call`).
    ///
    /// Where every word is whole comes first, then where one is; within that underlyings before their futures and options,
    /// then by id. An empty query, or one of
    /// more than 128 bytes, finds nothing. Costs a few bits for each instrument, whatever is found.
    ///
    /// - Parameter limit: Held within 1 to 500.
    package func search(
        _ query: String, venue: String? = nil, kind: InstrumentKind? = nil, limit: Int = 20
    ) -> [InstrumentIndex] {
        search.find(query, venue: venue, kind: kind, limit: min(max(limit, 1), 500)).map { InstrumentIndex($0) }
    }
}
