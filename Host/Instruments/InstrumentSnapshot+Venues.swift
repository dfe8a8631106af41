package import Domain

extension InstrumentSnapshot {
    /// What a source lists of an id's kind and terms, whatever its venue, in order of venues: what `ANY:SPOT:BTC-USDT` may
    /// mean for its accounts. Costs a look-up for each venue of the source.
    package func listings(of source: String, like id: InstrumentID) -> [InstrumentID] {
        venues(of: source).compactMap { venue in
            let named = id.at(venue)
            return index(of: named).map { lists($0, in: source) } ?? false ? named : nil
        }
    }
}
