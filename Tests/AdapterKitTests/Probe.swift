import AdapterKit
import AdapterTesting
import Exact

/// What a test wants its adapter to do.
///
/// `@unchecked Sendable`: a test makes one, hands it to its own adapter, and uses both from its own thread only.
final class Script: @unchecked Sendable {
    var submit: (Order, Command) -> Void = { $1.accept(brokerOrderID: "B-\($0.clientReference)", state: .open) }
    var modify: (OrderReference, Changes, Command) -> Void = { _, _, command in command.accept() }
    var cancel: (OrderReference, Command) -> Void = { $1.accept() }
    var cancelAll: (Filter, Command) -> Void = { $1.ok() }
    var preview: (OrderBasket, Command) -> Void = { $1.ok() }
    var query: (QueryKind, Filter, Command) -> Void = { $2.ok() }
    var reconcile: (ReconcileItem, Command) -> Void = { $1.indeterminate() }
    var timer: (TimerID, UInt64) -> Void = { _, _ in }
    var quote: (Quote) -> Void = { _ in }
    var candle: (Candle) -> Void = { _ in }
    var cancelled: [UInt64] = []
    var host: Host?
    var options: SessionOptions?
    var calls = 0

    /// A host with one session of an adapter that follows this script.
    func host(
        accounts: [AccountOptions] = [AccountOptions(id: "A1", currency: "INR", config: #"{"fee": 0.05}"#)],
        store: [StoreKey: [UInt8]] = [:]
    ) throws -> ScriptedHost {
        try Probe.$script.withValue(self) { try ScriptedHost(Probe.self, accounts: accounts, store: store) }
    }
}

/// Declares everything and does what its script says.
final class Probe: BrokerAdapter {
    @TaskLocal static var script = Script()

    static let descriptor = Descriptor(
        id: "probe", name: "Probe", version: "1.2.3",
        capabilities: [
            .submit, .submitBatch, .modify, .cancel, .cancelAll, .preview, .queryOrders, .queryTrades, .queryPositions,
            .queryHoldings, .queryFunds, .queryMargins, .queryInstruments, .queryProfile, .queryOrderHistory,
            .queryQuotes, .queryCandles, .reconcile, .consumesPrices,
        ], recovery: [.streamsReports],
        rateBuckets: [
            RateBucket(id: "orders", scopeKey: "account", windows: [.init(units: 10, perNanoseconds: 1_000_000_000)])
        ], maxBatch: 10)

    static func explain(brokerCode: String) -> StaticString? { brokerCode == "E42" ? "no such thing" : nil }

    let script = Probe.script

    init(host: Host, options: SessionOptions) throws(AdapterFailure) {
        script.host = host
        script.options = options
        if try options.accounts[0].configuration()["refuse"]?.bool == true { throw AdapterFailure("config: refuse") }
    }

    func submit(_ order: Order, _ command: Command) { call { script.submit(order, command) } }
    func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        call { script.modify(reference, changes, command) }
    }
    func cancel(_ reference: OrderReference, _ command: Command) { call { script.cancel(reference, command) } }
    func cancelAll(_ filter: Filter, _ command: Command) { call { script.cancelAll(filter, command) } }
    func preview(_ orders: OrderBasket, _ command: Command) { call { script.preview(orders, command) } }
    func query(_ kind: QueryKind, _ filter: Filter, _ command: Command) { call { script.query(kind, filter, command) } }
    func reconcile(_ items: ReconcileItems) { call { items.each { script.reconcile($0, $1) } } }
    func onTimer(_ timer: TimerID, tag: UInt64) { script.timer(timer, tag) }
    func onQuote(_ quote: Quote) { script.quote(quote) }
    func onCandle(_ candle: Candle) { script.candle(candle) }
    func onCancelled(token: UInt64) { script.cancelled.append(token) }

    private func call(_ body: () -> Void) {
        script.calls += 1
        body()
    }
}

/// Declares nothing, so nothing may be asked of it.
final class Mute: BrokerAdapter {
    static let descriptor = Descriptor(id: "mute", name: "Mute", version: "1", capabilities: [])
    init(host: Host, options: SessionOptions) throws(AdapterFailure) {}
}

/// Declares everything and implements nothing.
final class Hollow: BrokerAdapter {
    static let descriptor = Descriptor(
        id: "hollow", name: "Hollow", version: "1",
        capabilities: [.submit, .modify, .cancel, .cancelAll, .preview, .queryFunds, .reconcile])
    init(host: Host, options: SessionOptions) throws(AdapterFailure) {}
}

// MARK: - Samples

let nifty = StoredInstrument(
    uid: 7, id: "NFO:OPT:NIFTY:20261231:26000:C", alias: "NIFTY26D26000CE", brokerData: [1, 2, 3], currency: "INR",
    lotSize: 75, multiplier: 1, contractSize: 1, tick: ExactDecimal(mantissa: 5, exponent: -2))

func reference(_ text: String) -> ClientReference { ClientReference(text) ?? .absent }

func limitOrder(
    _ name: String = "abcdefghij01234567", price: ExactDecimal? = ExactDecimal("2500.05"), account: Int = 0
) -> StoredOrder {
    StoredOrder(
        account: account, instrument: nifty, side: .sell, type: .limit, quantity: 150, price: price, product: .carry,
        timeInForce: .goodTillDate, orderClass: .iceberg, flags: [.closing, .postOnly],
        clientReference: reference(name),
        runID: "run-é-1", disclosedQuantity: 75, validUntil: Timestamp(nanoseconds: 1_800_000_000_000_000_000),
        options: #"{"x": 1}"#)
}
