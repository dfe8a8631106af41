/// The demo's configuration, as an operator would write it.
enum DemoFiles {
    /// The accounts with what they start with and take part with, in US dollars; the demo's arithmetic stands on them.
    static let accounts: [(id: String, capital: String)] = [
        ("P1", "50000"), ("P2", "100000"), ("P3", "150000"), ("P4", "200000"), ("P5", "250000"),
    ]
    /// A group that may send two messages in ten seconds, so that a fan-out can be stopped half-way.
    static let pacedGroup = "paced"
    static let group = "family"
    /// The account with the tighter limit, and the limit.
    static let tightAccount = "P5"
    static let tightLimit = "15000"
    /// Basis points by which the default limits let a price differ from the last one.
    static let bandBasisPoints = 500
    static let symbols = ["US:EQ:AAPL", "US:EQ:IBM", "US:EQ:MSFT"]

    /// `sluice.yaml`.
    ///
    /// - Parameters:
    ///   - market: the directory of the recorded prices.
    ///   - libraries: directories that may hold the adapters' libraries.
    ///   - pace: the pause between two bars, as a duration.
    ///   - port: 0 = a free one.
    static func sluice(market: String, libraries: [String], pace: String, port: Int) -> String {
        let files = symbols.map { quoted("\(market)/\($0.map { $0 == ":" ? "_" : String($0) }.joined()).daily.csv") }
        let rows = accounts.map { account in
            """
              - { id: \(account.id), adapter: paper, owner: \(account.id), environment: sandbox, currency: USD,
                  config: { starting_cash: "\(account.capital)" } }
            """
        }
        return """
            # A gateway with five simulated accounts and recorded prices of three shares.
            data: ./sluice-data
            http: { host: 127.0.0.1, port: \(port) }
            adapters:
              directories: [./adapters.d]
              library_path: [\(libraries.map(quoted).joined(separator: ", "))]
            accounts:
            \(rows.joined(separator: "\n"))
            rms: { file: rms.yaml }
            prices:
              replay:
                - { files: [\(files.joined(separator: ", "))], every: \(pace), loop: true }
            instruments: { overlay: overlay.yaml }

            """
    }

    /// What no broker's dump says here: tick, lot and currency of the shares.
    static let overlay = """
        # Shares of the recorded prices. Source: US equities above one dollar trade in cents, one share at a time.
        US:EQ:AAPL: { tick: "0.01", lot_size: 1, currency: USD, source: "US equity tick and round lot" }
        US:EQ:IBM: { tick: "0.01", lot_size: 1, currency: USD, source: "US equity tick and round lot" }
        US:EQ:MSFT: { tick: "0.01", lot_size: 1, currency: USD, source: "US equity tick and round lot" }
        US:EQ:GOOG: { tick: "0.01", lot_size: 1, currency: USD, source: "US equity tick and round lot" }

        """

    /// The limits: finite ones for everybody, and a tighter one for the account whose leg the demo has refused.
    static let rms = """
        rms: 1
        profiles:
          demo:
            allow-list:
              - { segments: [US], products: [CASH], order_types: [MARKET, LIMIT], time_in_force: [DAY],
                  sides: [BUY, SELL], order_classes: [REGULAR] }
            market-protection: { convert: limit, bps: 200 }
            price-collar: { bps: \(bandBasisPoints), max_age: 10m }
            quantity-limits: { min: 1, max: 1000 }
            notional-limits: { max: "50000 USD" }
            message-rate: { windows: [ { limit: 10, per: 1s } ], max_hold: 30s }
            max-open-orders: { max: 50 }
            max-position: { max: 1000 }
            gross-exposure: { max: "250000 USD" }
            margin-buffer: { bps: 500, max_age: 10m, rates: [ { match: "*", bps: 10000 } ] }
            daily-loss: { max: "20000 USD", then: reducing }
        firm: { profile: demo }
        accounts:
          - { id: \(tightAccount), limits: { notional-limits: { max: "\(tightLimit) USD" } } }

        """

    /// For the demo alone: a group that it makes, which sends no more than two orders in ten seconds.
    static let pacedLimits = """
        groups:
          - { id: \(pacedGroup), limits: { message-rate: { windows: [ { limit: 2, per: 10s } ] } } }

        """

    static let manifest = """
        manifest: 1
        id: paper
        library: libsluice-paper.so
        enabled: true
        required: true
        isolation: in_process

        """

    /// Double quotes, with what YAML would read in them escaped.
    private static func quoted(_ text: String) -> String {
        "\"" + text.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }.joined() + "\""
    }

    /// Writes all of it into a directory, making it where it is missing.
    ///
    /// - Parameter hasPacedGroup: Whether the limits name the group that the demo makes; nobody else has it.
    /// - Returns: the path of `sluice.yaml`.
    static func write(
        into directory: String, market: String, pace: String, port: Int, hasPacedGroup: Bool
    ) throws -> String {
        try FileAccess.makeDirectory("\(directory)/adapters.d")
        let libraries = Executable.directory.map { [$0] } ?? []
        for (name, text) in [
            ("sluice.yaml", sluice(market: market, libraries: libraries, pace: pace, port: port)),
            ("overlay.yaml", overlay), ("rms.yaml", rms + (hasPacedGroup ? pacedLimits : "")),
            ("adapters.d/paper.yaml", manifest),
        ] {
            try FileAccess.write(Array(text.utf8), to: "\(directory)/\(name)")
        }
        return "\(directory)/sluice.yaml"
    }
}
