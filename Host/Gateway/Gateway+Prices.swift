package import Adapters
import Domain
package import Settings

extension Gateway {
    /// Begins to stream what `prices.stream` names. Call once, after the accounts are there.
    package func streamPrices(_ rules: [SluiceConfiguration.PriceStream], adapters: AdapterHost) {
        guard !rules.isEmpty else { return }
        let made = PriceFeeds(rules, adapters: adapters, services: sessionServices(), logger: logger) { [weak self] in
            self
        }
        feeds.withLockedValue { $0 = made }
    }

    /// Makes no further session of prices.
    package func stopPrices() { feeds.withLockedValue { $0 }?.stop() }

    /// Instruments that an account has a position or a working order in.
    func instrumentsInUse(of account: AccountID) -> [InstrumentID] {
        state.withLockedValue { state in
            state.engine.accountNumber(account).map { state.engine.instrumentsInUse(of: $0) } ?? []
        }
    }

    /// Prices whose source is gone count as too old from now on, whatever age the limits allow.
    func lostPrices(of instruments: [InstrumentID]) {
        guard !instruments.isEmpty else { return }
        market.quotes.forget(instruments.compactMap { market.index($0) })
        state.withLockedValue { state in
            for id in instruments {
                guard let number = state.engine.instrumentNumber(id) else { continue }
                state.engine.ageReference(number)
            }
        }
    }
}
