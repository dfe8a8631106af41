import Foundation
import Glibc

/// A directory with everything that a gateway needs: configuration, limits, adapters, recorded candles, room for data.
final class Site: Sendable {
    static let accounts = ["P1", "P2", "P3", "P4", "P5"]
    static let group = "family"
    static let symbols = ["US:EQ:AAPL", "US:EQ:MSFT"]
    static let startingCash = "10000000"

    /// What differs between scenarios.
    struct Options: Sendable {
        /// Orders that one account may send a second; what is above is held.
        var ordersPerSecond = 100_000
        /// The largest notional of P5's orders, so that one leg of a large fan-out is refused.
        var tightLimit = "30000 USD"
        /// Where the data goes; `nil` = into the site.
        var data: String?
        /// Manifests beside the paper adapter's: name without `.yaml`, and text.
        var manifests: [(name: String, text: String)] = []
        /// Files put beside the manifests.
        var libraries: [(name: String, bytes: [UInt8])] = []
        /// What goes wrong on the wire of every paper account: a flow mapping, the value of `config.scenario`.
        var scenario: String?
        /// What `rms.reconcile` says.
        var reconcile = "{}"
        /// More rows for `accounts`.
        var moreAccounts: [String] = []
        /// More controls of everybody's limits.
        var moreLimits: [String] = []
        /// Files in place of or beside those of the site, made from its directory and its data directory.
        var files: (@Sendable (_ directory: String, _ data: String) -> [(name: String, text: String)])?

        /// The replayed prices of any symbol.
        static var candles: String { Site.candles }
    }

    let directory: String
    let data: String
    var configuration: String { "\(directory)/sluice.yaml" }

    init(_ options: Options = Options()) throws {
        let base = FileManager.default.temporaryDirectory.path
        directory = "\(base)/sluice-e2e-\(UUID().uuidString.prefix(13))"
        data = options.data ?? "\(directory)/data"
        for folder in ["", "/adapters.d", "/market"] {
            guard mkdir(directory + folder, 0o700) == 0 else {
                throw Failure("cannot make \(directory)\(folder): \(String(cString: strerror(errno)))")
            }
        }
        try write("adapters.d/paper.yaml", "manifest: 1\nid: paper\nlibrary: libsluice-paper.so\nrequired: true\n")
        for manifest in options.manifests { try write("adapters.d/\(manifest.name).yaml", manifest.text) }
        for library in options.libraries { try write("adapters.d/\(library.name)", bytes: library.bytes) }
        for symbol in Self.symbols {
            let name = symbol.replacingOccurrences(of: ":", with: "_")
            try write("market/\(name).daily.csv", Self.candles)
        }
        let overlay = Self.symbols.map { "\"\($0)\": { tick: 0.01, lot_size: 1, currency: USD, source: test }\n" }
        try write("overlay.yaml", overlay.joined())
        try write("rms.yaml", Self.limits(options))
        try write("sluice.yaml", configuration(options))
        for file in options.files?(directory, data) ?? [] { try write(file.name, file.text) }
    }

    func remove() { try? FileManager.default.removeItem(atPath: directory) }

    func write(_ name: String, _ text: String) throws { try write(name, bytes: Array(text.utf8)) }

    private func write(_ name: String, bytes: [UInt8]) throws {
        guard
            FileManager.default.createFile(
                atPath: "\(directory)/\(name)", contents: Data(bytes), attributes: [.posixPermissions: 0o600])
        else { throw Failure("cannot write \(directory)/\(name)") }
    }

    private func configuration(_ options: Options) -> String {
        // Cash settles at the end of the day: half a day from now, whenever the tests run.
        let dayEnd = (Int(Date().timeIntervalSince1970) / 3_600 + 12) % 24
        let accounts = Self.accounts.map { id in
            "  - { id: \(id), adapter: paper, environment: sandbox, currency: USD, config: { starting_cash: "
                + "\"\(Self.startingCash)\", day_end: \"\(dayEnd < 10 ? "0" : "")\(dayEnd):00\"\(options.scenario.map { ", scenario: \($0)" } ?? "") } }\n"
        }
        let members = Self.accounts.enumerated().map {
            "{ account_id: \($0.element), capital: \"\(($0.offset + 1) * 50_000)\" }"
        }
        return """
            data: \(data)
            adapters: { directories: [./adapters.d] }
            instruments: { overlay: overlay.yaml }
            rms: { file: rms.yaml, reconcile: \(options.reconcile) }
            prices: { replay: [ { files: ./market, every: 100ms, loop: true } ] }
            accounts:
            \(accounts.joined())\(options.moreAccounts.map { "  - \($0)\n" }.joined())
            groups:
              - { id: \(Self.group), policy: proportional, accounts: [ \(members.joined(separator: ", ")) ] }

            """
    }

    /// Wide for everybody, so that orders meet the market; P5's notional is tight.
    private static func limits(_ options: Options) -> String {
        """
        rms: 1
        profiles:
          wide:
            allow-list:
              - { segments: [US], products: [CASH], order_types: [MARKET, LIMIT], time_in_force: [DAY],
                  sides: [BUY, SELL], order_classes: [REGULAR], short_selling: true }
            market-protection: { convert: none }
            price-collar: { bps: 9900, max_age: 10m }
            quantity-limits: { min: 1, max: 100000 }
            notional-limits: { max: "1000000 USD", parent_max: unlimited }
            message-rate: { windows: [ { limit: \(options.ordersPerSecond), per: 1s } ], max_hold: 30s }
            max-open-orders: { max: 5000, per_instrument: 5000 }
            max-position: { max: unlimited }
            gross-exposure: { max: unlimited }
            margin-buffer: unlimited
            daily-loss: { max: unlimited }
        \(options.moreLimits.map { "    \($0)\n" }.joined())firm: { profile: wide }
        accounts:
          - { id: P5, limits: { notional-limits: { max: "\(options.tightLimit)" } } }
        """
    }

    /// Sixty days between 96 and 104 whose volume is at times too small for one order.
    private static let candles: String = {
        var random = SeededGenerator(11)
        var close = 10_000
        var text = "time,open,high,low,close,volume\n"
        for day in 0..<60 {
            let open = close
            close = min(10_350, max(9_650, open + Int.random(in: -120...120, using: &random)))
            let high = max(open, close) + Int.random(in: 0...50, using: &random)
            let low = min(open, close) - Int.random(in: 0...50, using: &random)
            let volume = Int.random(in: 0..<4, using: &random) == 0 ? 300 : 50_000
            let date = "2011-0\(1 + day / 28)-\(day % 28 < 9 ? "0" : "")\(day % 28 + 1)"
            let prices = [open, high, low, close].map { "\($0 / 100).\($0 % 100 < 10 ? "0" : "")\($0 % 100)" }
            text += "\(date)T00:00:00Z,\(prices.joined(separator: ",")),\(volume)\n"
        }
        return text
    }()
}
