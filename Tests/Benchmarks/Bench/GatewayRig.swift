import Adapters
import Domain
import Engine
import Gateway
import Glibc
import Prices
import Settings
import Synchronization

/// A whole gateway over a data directory, with paper accounts that hold plenty, one group of all of them, one instrument
/// with a price, and limits that compute but do not bind.
final class GatewayRig: Sendable {
    let directory: String
    let runtime: GatewayRuntime
    let accounts: Int
    var gateway: Gateway { runtime.gateway }
    static let group = GroupID(unchecked: "bench")
    static let caller = Caller(keyID: "bench", person: "bench", authority: .everything)
    let symbol: InstrumentID
    private let nextKey = Atomic<Int>(0)

    /// - Parameter compared: how often books are compared with the broker's: a comparison asks for all of a day's orders, which
    ///   of a bench that makes a million is more work than the bench.
    init(
        directory: String, accounts: Int, port: Int = 0, margin: BenchLimits.Margin = .unlimited,
        compared: String = "1m"
    ) throws {
        (self.directory, self.accounts) = (directory, accounts)
        symbol = try InstrumentID("US:EQ:ACME")
        let file = directory + "/sluice.yaml"
        try Self.writeFiles(directory, file, accounts, margin, compared)
        let configuration = try SluiceConfiguration.load(
            file: file, environment: [:], workingDirectory: directory, now: SystemLaneClock.shared.wall())
        runtime = try GatewayRuntime(configuration, executableDirectory: Files.executableDirectory, logger: .quiet)
    }

    private static func writeFiles(
        _ directory: String, _ file: String, _ accounts: Int, _ margin: BenchLimits.Margin, _ compared: String
    ) throws {
        mkdir(directory + "/adapters.d", 0o700)
        try Files.writeManifest(of: "paper", in: directory + "/adapters.d")
        try Files.write(
            "\"US:EQ:ACME\": { tick: 0.01, lot_size: 1, currency: USD, source: bench }\n",
            to: directory + "/overlay.yaml")
        try Files.write(BenchLimits.document(margin), to: directory + "/rms.yaml")
        var text = """
            data: ./data
            adapters: { directories: [./adapters.d] }
            instruments: { overlay: overlay.yaml }
            rms: { file: rms.yaml, reconcile: { interval: \(compared) } }
            accounts:

            """
        for index in 1...accounts {
            text +=
                "  - { id: P\(index), adapter: paper, environment: sandbox, currency: USD, "
                + "config: { starting_cash: \"\(BenchLimits.much)\" } }\n"
        }
        text += "groups:\n  - { id: bench, policy: equal, accounts: ["
        text += (1...accounts).map { " { account_id: P\($0) }" }.joined(separator: ",")
        text += " ] }\n"
        for legs in [1, 5, 50, 100] where legs < accounts {
            text += "  - { id: legs\(legs), policy: equal, accounts: ["
            text += (1...legs).map { " { account_id: P\($0) }" }.joined(separator: ",")
            text += " ] }\n"
        }
        try Files.write(text, to: file)
    }

    /// Starts, and waits until every account is ready and its funds are known.
    ///
    /// - Returns: nanoseconds until it served, and until all was ready.
    @discardableResult
    func start() async throws -> (serving: Int64, ready: Int64) {
        let start = Clock.now()
        try await runtime.start(playsPrices: false)
        let serving = Clock.now() - start
        try publishPrice()
        for _ in 0..<30_000 {
            let statuses = gateway.accountStatuses()
            if statuses.count == accounts, statuses.allSatisfy({ $0.isReady && $0.funds != nil }) {
                return (serving, Clock.now() - start)
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        throw BenchFailure("accounts did not become ready: \(runtime.adapters.statuses)")
    }

    func publishPrice() throws {
        guard let index = runtime.market.instruments.snapshot.index(of: symbol) else {
            throw BenchFailure("no instrument")
        }
        try runtime.market.quotes.publish(
            PriceBatch(quotes: [
                IndexedQuote(index, Quote(symbol: symbol, last: 100, receivedTime: SystemLaneClock.shared.wall()))
            ]))
    }

    /// A market order over the group of so many accounts, a unit for each.
    func parent(legs: Int, side: Side = .buy, price: ExactDecimal? = nil) -> ParentOrder {
        let group = legs == accounts ? Self.group : GroupID(unchecked: "legs\(legs)")
        var order = ParentOrder(
            target: .group(group), symbol: symbol, side: side, orderType: price == nil ? .market : .limit,
            product: .intraday)
        order.quantity = ExactDecimal(Int64(legs))
        order.limitPrice = price
        return order
    }

    @discardableResult
    func place(_ order: ParentOrder, wait: WaitLevel = .durable) async throws -> Gateway.Placement {
        let key = "k\(nextKey.add(1, ordering: .relaxed).newValue)"
        return try await gateway.place(
            order, by: Self.caller, idempotency: Idempotency(key: key, fingerprint: [1]),
            receivedAt: SystemLaneClock.shared.wall(), wait: wait, timeoutMilliseconds: 60_000)
    }

    /// What is on disk, counted by SQLite in the closed database.
    static func rowsOnDisk(_ directory: String, _ query: String) throws -> Int {
        try ReadDatabase.count(directory + "/data/sluice.db", query)
    }

    func stop() async { await runtime.stop() }
}
