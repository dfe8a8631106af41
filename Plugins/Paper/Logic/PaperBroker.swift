public import AdapterKit
import Exact

/// The paper adapter: a thin shell around `SimulatedBroker`, one for each account of the session. Accounts share nothing.
///
/// It sends nothing anywhere. Every command is answered by the simulation, in the call that brought it or, with an
/// acknowledgement delay, by a timer.
public final class PaperBroker: BrokerAdapter {
    /// What the paper adapter is and offers.
    public static let descriptor = Descriptor(
        id: "paper", name: "Paper trading", version: "1.0.0", vendor: "Sluice", licence: "Apache-2.0",
        capabilities: [
            .submit, .submitBatch, .modify, .cancel, .cancelAll, .preview, .queryOrders, .queryTrades,
            .queryPositions, .queryHoldings, .queryFunds, .queryMargins, .queryInstruments, .queryProfile, .reconcile,
            .consumesPrices,
        ],
        recovery: [.dedupesClientReference, .lookupByClientReference, .streamsReports],
        configSchema: Settings.schema, capabilityDocument: Settings.capabilityDocument, maxBatch: 1_000,
        clientReferenceMax: 18)

    let host: Host
    let options: SessionOptions
    /// None in a data session, which only lists instruments.
    let accounts: [PaperAccount]
    /// What a data session lists.
    let listed: [[Settings.ListedInstrument]]
    /// The open that is under way, and the next account it restores.
    private var opening: (command: Command, next: Int)?

    /// Reads the accounts' settings. Throws `AdapterFailure` naming the account and the setting that is wrong.
    public init(host: Host, options: SessionOptions) throws(AdapterFailure) {
        self.host = host
        self.options = options
        var accounts: [PaperAccount] = []
        let login = Login(options.environment)
        for (index, account) in options.accounts.enumerated() {
            accounts.append(
                try PaperAccount(account, index: index, host: host, login: login, loginName: options.login))
        }
        listed = accounts.map(\.settings.listedInstruments)
        self.accounts = options.role == .trading ? accounts : []
    }

    /// A sentence for each code that this broker gives.
    public static func explain(brokerCode: String) -> StaticString? {
        switch brokerCode {
        case "FUNDS": "The account's available funds do not cover the order's margin and fees."
        case "HOLDINGS": "A delivery or cash sale needs as much in holdings, less what is offered for sale already."
        case "PRICE_BAND": "The price lies further from the last price than price_band_bps allows."
        case "NO_PRICE": "No price of the instrument is known yet and reject_market_without_price is set."
        case "WORKING_ORDERS": "The account has max_working_orders working orders."
        case "DUPLICATE_REFERENCE": "An order with this client reference is remembered; it may be live."
        case "BELOW_EXECUTED": "The new total is not above what has been executed already."
        case "MODIFICATIONS": "The order has been modified as often as is allowed."
        case "NOT_FOUND": "The account remembers no such order."
        case "FINAL": "The order was filled, canceled, rejected or expired before the request came."
        case "AMOUNT": "The amount does not fit the account's books."
        case "EXECUTIONS": "The order has had as many executions as are allowed."
        case "NOT_FILLED_AT_ONCE": "An IOC order's rest, or a FOK order that could not be filled whole."
        case "EXPIRED": "The order's time in force ended."
        case "REFUSED_LATE": "A scenario had the broker turn down an order that it had accepted."
        case "THROTTLED": "A scenario had the broker take no more requests."
        case "SESSION_EXPIRED": "A scenario had the login end; it is being renewed."
        case "WIRE": "Too many requests travel to the simulated broker at once."
        default: nil
        }
    }

    // MARK: - Session

    /// Restores the accounts, a few at a time so that no call grows long, and is ready.
    public func open(_ command: Command) {
        host.sessionState(.opening)
        opening = (command, 0)
        continueOpening()
    }

    private func continueOpening() {
        guard var step = opening else { return }
        var records = 0
        while step.next < accounts.count {
            do {
                records += try accounts[step.next].restore(among: accounts)
            } catch {
                let account = accounts[step.next].options.id
                let error = AdapterError(.internal, "paper account \(account) cannot be restored: \(error)")
                opening = nil
                host.sessionState(.failed, error: error)
                step.command.reject(error)
                return
            }
            step.next += 1
            guard records >= 2_000, step.next < accounts.count else { continue }
            opening = step
            if (try? host.timer(afterNanoseconds: 0, tag: TimerTag.opening.rawValue)) != nil { return }
            records = 0  // without a timer it is done in one go
        }
        opening = nil
        host.sessionState(.ready)
        step.command.ok()
    }

    /// What is on the wire still arrives: an order that was sent cannot be called back.
    public func close(_ command: Command) {
        for account in accounts {
            receive(account, by: Timestamp(nanoseconds: .max))
            account.settle(among: accounts)
            account.deliverAll()
            account.settle(among: accounts)
        }
        host.sessionState(.closed)
        command.ok()
    }

    // MARK: - Prices and timers

    /// Every account that knows the instrument sees the quote, in the order of the accounts.
    public func onQuote(_ quote: Quote) {
        let now = host.now
        for account in accounts {
            guard let number = account.number(uid: quote.instrument, id: quote.instrumentID) else { continue }
            account.broker.apply(
                MarketQuote(
                    last: quote.last, lastSize: quote.lastSize, bid: quote.bid, bidSize: quote.bidSize, ask: quote.ask,
                    askSize: quote.askSize, exchangeTime: quote.exchangeTime, receivedTime: quote.receivedTime),
                to: number, at: now)
            account.settle(among: accounts)
        }
    }

    /// Every account that knows the instrument sees the bar, in the order of the accounts.
    public func onCandle(_ candle: Candle) {
        guard let start = candle.start, let open = candle.open, let high = candle.high, let low = candle.low,
            let close = candle.close
        else {
            host.metric("paper_candles_not_believed", .counter, 1)
            return
        }
        let bar = MarketCandle(
            start: start, lengthNanoseconds: candle.lengthNanoseconds, open: open, high: high, low: low, close: close,
            volume: candle.volume)
        let now = host.now
        for account in accounts {
            guard let number = account.number(uid: candle.instrument, id: candle.instrumentID) else { continue }
            if !account.broker.apply(bar, to: number, at: now) {
                host.metric("paper_candles_not_believed", .counter, 1)
            }
            account.settle(among: accounts)
        }
    }

    /// Goes on with an open, or does what is due for one account.
    public func onTimer(_ timer: TimerID, tag: UInt64) {
        switch TimerTag(tag) {
        case .opening: continueOpening()
        case .wake(let index) where accounts.indices.contains(index): accounts[index].wake(among: accounts)
        case .arrival(let index) where accounts.indices.contains(index):
            accounts[index].arrivalTimer = nil
            receive(accounts[index], by: host.now)
            accounts[index].settle(among: accounts)
        case .delivery(let index) where accounts.indices.contains(index):
            accounts[index].wakeForDelivery(among: accounts)
        case .wake, .arrival, .delivery: break
        }
    }

    /// What was sent to the simulated broker and has arrived by now is done.
    private func receive(_ account: PaperAccount, by now: Timestamp) {
        while let traveller = account.wire.receive(by: now) { arrive(traveller, account) }
    }
}

/// The entry of the library, under a name of its own (see `Entry/entry.c`). Any thread.
@c(sluice_paper_entry)
public func paperEntry(_ hello: UnsafeRawPointer?, _ reply: UnsafeMutableRawPointer?) -> Int32 {
    adapterEntry(PaperBroker.self, hello, reply)
}
