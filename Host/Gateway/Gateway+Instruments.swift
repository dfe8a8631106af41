import Adapters
import Domain
import Engine
import Prices

extension Gateway {
    /// Asks an adapter once for the instruments it knows, and merges them into the table: unknown ones are added, an
    /// overlay's figures stay above them. A session that takes commands is needed; the first of an adapter does.
    func askInstruments(_ session: AdapterSession) {
        let adapter = session.id.adapter
        guard session.adapter.description.capabilities.contains(.queryInstruments),
            state.withLockedValue({ $0.instrumentsAsked.insert(adapter).inserted })
        else { return }
        session.query(.instruments, accountIndex: 0, deadline: clock.monotonic() + 60_000_000_000) { result in
            switch result {
            case .success(let rows):
                guard !rows.isEmpty else { return }
                let merge = self.market.instruments.merge(rows.map(InstrumentFields.init), from: adapter.rawValue)
                self.logger.info(
                    "Instruments merged",
                    metadata: [
                        "adapter.id": "\(adapter)", "rows": "\(rows.count)", "added": "\(merge.addedCount)",
                        "refused": "\(merge.refusedCount)", "disagreeing": "\(merge.disagreements.count)",
                    ])
            case .failure(let failure):
                // Asked again when a session of the adapter becomes ready the next time.
                self.state.withLockedValue { _ = $0.instrumentsAsked.remove(adapter) }
                self.logger.warning(
                    "Instruments could not be read", metadata: ["adapter.id": "\(adapter)", "reason": "\(failure)"])
            }
        }
    }
}

extension InstrumentFields {
    /// What an adapter's row says.
    init(_ row: InstrumentRow) {
        self.init(id: row.id)
        (name, currency, tickSize, lotSize) = (row.name, row.currency, row.tickSize, row.lotSize)
        (multiplier, contractSize, freezeQuantity) = (row.multiplier, row.contractSize, row.freezeQuantity)
        (priceLow, priceHigh) = (row.priceLow, row.priceHigh)
    }
}
