package import Domain

extension AdapterSession {
    /// A new price, by the price source; what the adapter has not seen yet is replaced by it. Unwatched: ignored.
    package func deliver(_ quote: Quote, of instrument: InstrumentIndex) {
        let mustWake = inbox.withLock { inbox in
            guard inbox.watched.contains(instrument) else { return false }
            if inbox.quotes.updateValue(quote, forKey: instrument) == nil { inbox.quoteOrder.append(instrument) }
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustWake { scheduler.wake(self) }
    }

    /// A finished bar, by the price source. None is replaced; beyond the bound the oldest is dropped and counted.
    package func deliver(_ candle: Candle, of instrument: InstrumentIndex) {
        let mustWake = inbox.withLock { inbox in
            guard inbox.watched.contains(instrument) else { return false }
            if inbox.candles.count >= candleBound {
                _ = inbox.candles.popFirst()
                inbox.droppedCandles &+= 1
            }
            inbox.candles.append((instrument: instrument, candle: candle))
            defer { inbox.isScheduled = true }
            return !inbox.isScheduled
        }
        if mustWake { scheduler.wake(self) }
    }

    func startPrices(_ instrument: InstrumentIndex) { inbox.withLock { _ = $0.watched.insert(instrument) } }

    func stopPrices(_ instrument: InstrumentIndex) {
        inbox.withLock { inbox in
            inbox.watched.remove(instrument)
            inbox.quotes[instrument] = nil
        }
    }
}
