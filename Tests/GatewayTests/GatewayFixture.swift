import Domain
import Engine
import Foundation
import Gateway
import Logging
import Settings
import Testing

/// A gateway over a temporary data directory with real adapter libraries, prices stepped by the test.
final class GatewayFixture: Sendable {
    let directory: URL
    let runtime: GatewayRuntime
    var gateway: Gateway { runtime.gateway }

    static let caller = Caller(keyID: "tester", person: "tester", authority: .everything)
    static let symbol = try! InstrumentID("US:EQ:AAPL")

    /// Where `swift build` puts the adapters' libraries: beside the test bundle.
    static var productsDirectory: String {
        Bundle.main.executableURL.map { $0.deletingLastPathComponent().path } ?? "."
    }
    static var hasAdapters: Bool {
        FileManager.default.fileExists(atPath: librariesDirectory + "/libsluice-paper.so")
    }
    static var librariesDirectory: String {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        for candidate in [productsDirectory, root + "/.build/debug", root + "/.build/release"]
        where FileManager.default.fileExists(atPath: candidate + "/libsluice-paper.so") {
            return candidate
        }
        return productsDirectory
    }

    static func makeDirectory() -> URL {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-\(UUID().uuidString)")
        try! FileManager.default.createDirectory(
            at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return url
    }

    init(
        directory: URL = GatewayFixture.makeDirectory(), accounts: Int = 3, config: String = "{}",
        adapter: String = "paper", others: [String] = [], currency: String = "USD", files: [String: String] = [:],
        overlay: String = "",
        rms: String = "rms: 1\n", reconcile: String = "{}",
        candles: String = GatewayFixture.candles
    ) async throws {
        self.directory = directory
        let adapters = directory.appendingPathComponent("adapters.d")
        let market = directory.appendingPathComponent("market")
        for url in [adapters, market] {
            try FileManager.default.createDirectory(
                at: url, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        }
        for adapter in [adapter] + others {
            try "manifest: 1\nid: \(adapter)\nlibrary: libsluice-\(adapter).so\n".write(
                to: adapters.appendingPathComponent("\(adapter).yaml"), atomically: true, encoding: .utf8)
        }
        for (name, text) in files {
            try text.write(to: market.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        try candles.write(
            to: market.appendingPathComponent("US_EQ_AAPL.daily.csv"), atomically: true, encoding: .utf8)
        try """
        "US:EQ:AAPL": { tick: 0.01, lot_size: 1, currency: USD, source: test }
        \(overlay)
        """.write(to: directory.appendingPathComponent("overlay.yaml"), atomically: true, encoding: .utf8)
        try rms.write(to: directory.appendingPathComponent("rms.yaml"), atomically: true, encoding: .utf8)
        var text = """
            data: ./data
            adapters: { directories: [./adapters.d] }
            instruments: { overlay: overlay.yaml }
            rms: { file: rms.yaml, reconcile: \(reconcile) }
            prices: { replay: [ { files: ./market, every: 1s } ] }
            accounts:

            """
        for index in 1...accounts {
            text +=
                "  - { id: P\(index), adapter: \(adapter), environment: sandbox, currency: \(currency), config: \(config) }\n"
        }
        for (index, adapter) in others.enumerated() {
            text +=
                "  - { id: Q\(index + 1), adapter: \(adapter), environment: sandbox, currency: \(currency), config: {} }\n"
        }
        text += "groups:\n  - { id: family, policy: proportional, accounts: ["
        text +=
            ((1...accounts).map { " { account_id: P\($0), capital: \"\($0)000\" }" }
            + others.indices.map { " { account_id: Q\($0 + 1), capital: \"\($0 + 1)000\" }" }).joined(separator: ",")
        text += " ] }\n"
        let file = directory.appendingPathComponent("sluice.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        let configuration = try SluiceConfiguration.load(
            file: file.path, environment: [:], workingDirectory: directory.path,
            now: Timestamp(nanoseconds: 1_764_000_000_000_000_000))
        var logger = Logger(label: "test")
        logger.logLevel = .error
        // A second look comes soon, so that tests need not wait for it.
        var options = Gateway.Options()
        options.reconciliation.confirmation = 200_000_000
        runtime = try GatewayRuntime(
            configuration, executableDirectory: Self.librariesDirectory, logger: logger, options: options)
        try await runtime.start(playsPrices: false)
        try runtime.stepPrices()
        try await ready(accounts + others.count)
    }

    /// Waits until every account is ready and its funds are known.
    private func ready(_ accounts: Int) async throws {
        for _ in 0..<500 {
            let statuses = gateway.accountStatuses()
            if statuses.count == accounts,
                statuses.allSatisfy({ $0.isReady && ($0.funds != nil || $0.account.id.rawValue.hasPrefix("Q")) })
            {
                return
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        Issue.record("accounts did not become ready: \(gateway.accountStatuses()) \(runtime.adapters.statuses)")
    }

    static let candles = """
        time,open,high,low,close,volume
        2011-01-03T00:00:00Z,100.00,101.00,99.00,100.00,1000000
        2011-01-04T00:00:00Z,100.00,102.00,98.00,101.00,1000000
        2011-01-05T00:00:00Z,101.00,103.00,100.00,102.00,1000000
        2011-01-06T00:00:00Z,102.00,104.00,101.00,103.00,1000000

        """

    func parent(
        _ side: Side = .buy, _ quantity: Int64, price: String? = nil, account: String? = nil
    ) -> ParentOrder {
        var order = ParentOrder(
            target: account.map { .account(AccountID($0)!) } ?? .group(GroupID("family")!), symbol: Self.symbol,
            side: side, orderType: price == nil ? .market : .limit, product: .intraday)
        order.quantity = ExactDecimal(quantity)
        order.limitPrice = price.flatMap { ExactDecimal($0) }
        return order
    }

    func place(
        _ order: ParentOrder, key: String = UUID().uuidString, wait: WaitLevel = .done, timeout: Int64 = 5_000
    ) async throws -> Gateway.Placement {
        try await gateway.place(
            order, by: Self.caller, idempotency: Idempotency(key: key, fingerprint: Array("\(order)".utf8)),
            receivedAt: gateway.clock.wall(), wait: wait, timeoutMilliseconds: timeout)
    }

    func stop() async { await runtime.stop() }
}
