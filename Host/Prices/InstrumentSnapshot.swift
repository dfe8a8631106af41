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
        var names: [String?] = []
        var bands: [PriceBand] = []
        /// What holds of it, as a number of `terms`; -1 = nobody says anything.
        var effective: [Int32] = []
        var terms = TermsTable()
        var instruments: [Instrument?] = []
        /// Why it cannot be traded; none = it can.
        var reasons: [Int32: String] = [:]
        /// Source texts of overlays.
        var sourceTexts: [Int32: String] = [:]
        /// Which source is believed, by number of `sources`; -1 = none.
        var leading: [Int16] = []
        var sources: [String] = []
    }

    struct PriceBand: Hashable, Sendable {
        var low: ExactDecimal?
        var high: ExactDecimal?
    }

    /// - Parameter previous: A snapshot with the same ids and names, whose search index serves again.
    init(version: Int64, content: Content, previous: InstrumentSnapshot? = nil) {
        (self.version, self.content) = (version, content)
        search = previous?.search ?? InstrumentSearch(ids: content.ids, names: content.names)
    }

    /// How many instruments there are; their indexes are 0 up to this.
    package var count: Int { content.ids.count }

    package func index(of id: InstrumentID) -> InstrumentIndex? { content.numbers[id].map { InstrumentIndex($0) } }

    /// Looks a canonical text up.
    package func index(ofCanonical text: String) -> InstrumentIndex? { index(of: InstrumentID(canonical: text)) }

    package func id(_ index: InstrumentIndex) -> InstrumentID? {
        content.ids.indices.contains(Int(index.rawValue)) ? content.ids[Int(index.rawValue)] : nil
    }

    /// The instrument in integers. `nil` where its figures are incomplete or cannot be counted; `refusal` says why.
    package func instrument(_ index: InstrumentIndex) -> Instrument? {
        content.instruments.indices.contains(Int(index.rawValue)) ? content.instruments[Int(index.rawValue)] : nil
    }

    /// Why opening orders on it are refused; `nil` = they are not, on the table's account.
    package func refusal(_ index: InstrumentIndex) -> String? { content.reasons[index.rawValue] }

    package func name(_ index: InstrumentIndex) -> String? {
        content.names.indices.contains(Int(index.rawValue)) ? content.names[Int(index.rawValue)] : nil
    }

    /// The whole record, with `isTradable` as the table judges. `nil` exactly where `instrument` is.
    package func record(_ index: InstrumentIndex) -> InstrumentRecord? {
        guard instrument(index) != nil else { return nil }
        return Self.record(Int(index.rawValue), in: content)
    }

    /// Makes the record of an instrument whose terms are complete.
    static func record(_ number: Int, in content: Content) -> InstrumentRecord? {
        guard content.effective[number] >= 0 else { return nil }
        let (id, terms) = (content.ids[number], content.terms[content.effective[number]])
        let parts = InstrumentIDParts(id)
        guard let currency = terms.currency, let tick = terms.tickSize, let lot = terms.lotSize,
            terms.missingField(of: parts.kind) == nil
        else { return nil }
        let leading = content.leading[number]
        let source = content.sourceTexts[Int32(number)] ?? (leading >= 0 ? content.sources[Int(leading)] : "overlay")
        let band = content.bands[number]
        return InstrumentRecord(
            id: id, name: content.names[number], currency: currency, tickSize: tick, lotSize: lot,
            multiplier: terms.multiplier ?? 1, contractSize: terms.contractSize, freezeQuantity: terms.freezeQuantity,
            minimumQuantity: terms.minimumQuantity, maximumQuantity: terms.maximumQuantity, priceLow: band.low,
            priceHigh: band.high, expiry: terms.expiry ?? parts.expiry,
            isTradable: content.reasons[Int32(number)] == nil,
            source: source)
    }

    /// Instruments whose id, root or a word of whose name begins with each word of `query`, upper or lower case.
    ///
    /// An exact root comes first, underlyings before their futures and options, then by id. An empty query, or one of
    /// more than 128 bytes, finds nothing. Costs a few bits for each instrument, whatever is found.
    ///
    /// - Parameter limit: Held within 1 to 500.
    package func search(
        _ query: String, venue: String? = nil, kind: InstrumentKind? = nil, limit: Int = 20
    ) -> [InstrumentIndex] {
        search.find(query, venue: venue, kind: kind, limit: min(max(limit, 1), 500)).map { InstrumentIndex($0) }
    }
}
