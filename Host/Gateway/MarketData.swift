package import Adapters
package import Domain
package import Instruments
import NIOConcurrencyHelpers
package import Prices

/// Instruments and prices as the gateway uses them: what the engine looks up, and what sessions watch.
///
/// Any thread. Holds at most `maximumWatches` pairs of session and instrument a session.
package final class MarketData: PriceSource {
    package let master: InstrumentMaster
    package var instruments: InstrumentTable { master.table }
    package let quotes: QuoteHub
    private let watchers = NIOLockedValueBox<[InstrumentIndex: [AdapterSession]]>([:])
    private let subscription = NIOLockedValueBox<QuoteHub.Subscription?>(nil)

    package init(master: InstrumentMaster, quotes: QuoteHub) { (self.master, self.quotes) = (master, quotes) }

    /// With instruments that nothing is stored of: simulations.
    package convenience init(instruments: InstrumentTable, quotes: QuoteHub) {
        self.init(master: InstrumentMaster(table: instruments), quotes: quotes)
    }

    /// Begins to pass prices on: to sessions that watch, and to `reference`.
    func start(reference: @escaping @Sendable ([(InstrumentID, ExactDecimal, Timestamp)]) -> Void) {
        let made = quotes.subscribe { [weak self] batch in
            guard let self else { return }
            let snapshot = self.instruments.snapshot
            reference(
                batch.references.compactMap { index, price in
                    snapshot.id(index).map { ($0, price.price, price.receivedTime) }
                })
            self.deliver(batch)
        }
        subscription.withLockedValue { $0 = made }
    }

    func stop() { subscription.withLockedValue { $0?.cancel() } }

    private func deliver(_ batch: PriceBatch) {
        let watchers = watchers.withLockedValue { $0 }
        guard !watchers.isEmpty else { return }
        // A candle first: what happened within the bar comes before the close that its quote tells.
        for candle in batch.candles {
            for session in watchers[candle.instrument] ?? [] { session.deliver(candle.candle, of: candle.instrument) }
        }
        for quote in batch.quotes {
            for session in watchers[quote.instrument] ?? [] { session.deliver(quote.quote, of: quote.instrument) }
        }
    }

    /// Takes prices that an adapter streams. What no instrument has is dropped; a hub that is full drops the batch, as
    /// prices are only worth the newest one.
    func publish(_ ticks: [(instrument: InstrumentIndex?, quote: Quote)]) {
        let snapshot = instruments.snapshot
        var batch = PriceBatch()
        batch.quotes.reserveCapacity(ticks.count)
        for tick in ticks {
            guard let index = tick.instrument ?? snapshot.index(of: tick.quote.symbol), let id = snapshot.id(index)
            else {
                continue
            }
            var quote = tick.quote
            quote.symbol = id
            batch.quotes.append(IndexedQuote(index, quote))
        }
        try? quotes.publish(batch)
    }

    package func record(_ id: InstrumentID) -> InstrumentRecord? {
        let snapshot = instruments.snapshot
        return snapshot.index(of: id).flatMap { snapshot.record($0) }
    }

    package func index(_ id: InstrumentID) -> InstrumentIndex? { instruments.snapshot.index(of: id) }

    package func reference(_ id: InstrumentID) -> (ExactDecimal, Timestamp)? {
        index(id).flatMap { quotes.reference(of: $0) }.map { ($0.price, $0.receivedTime) }
    }

    /// The instrument that an adapter calls, or called at last, by a name (`InstrumentMaster.instrument(alias:of:)`). Any
    /// thread.
    package func instrument(alias: String, of adapter: AdapterID) -> InstrumentByAlias? {
        master.instrument(alias: alias, of: adapter.rawValue)
    }

    /// The same in the form that adapters read; `nil` also where figures of it are missing.
    func adapterInstrument(alias: String, of adapter: AdapterID) -> AdapterInstrument? {
        guard let found = instrument(alias: alias, of: adapter), let record = found.record else { return nil }
        return try? AdapterInstrument(
            index: found.index, record: record, alias: found.handle.alias, brokerData: found.handle.brokerData)
    }

    /// An instrument in the form that an adapter reads; `nil` where the adapter gave no name of it, or figures are missing.
    func adapterInstrument(_ id: InstrumentID, of adapter: AdapterID) -> AdapterInstrument? {
        let snapshot = instruments.snapshot
        guard let index = snapshot.index(of: id), let record = snapshot.record(index),
            let handle = snapshot.handle(index, for: adapter.rawValue)
        else { return nil }
        return try? AdapterInstrument(
            index: index, record: record, alias: handle.alias, brokerData: handle.brokerData)
    }

    // MARK: PriceSource

    package func resolve(_ id: InstrumentID) -> InstrumentIndex? { index(id) }

    package func snapshot(_ instrument: InstrumentIndex) -> Quote? {
        instruments.snapshot.id(instrument).flatMap { quotes.state(of: instrument)?.quote(of: $0) }
    }

    package func watch(_ instrument: InstrumentIndex, for session: AdapterSession) {
        watchers.withLockedValue { watchers in
            if watchers[instrument]?.contains(where: { $0 === session }) == true { return }
            watchers[instrument, default: []].append(session)
        }
    }

    package func unwatch(_ instrument: InstrumentIndex, for session: AdapterSession) {
        watchers.withLockedValue { $0[instrument]?.removeAll { $0 === session } }
    }
}
