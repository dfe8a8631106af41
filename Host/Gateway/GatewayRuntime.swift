package import Adapters
package import Domain
import Engine
import Faults
import Foundation
import Instruments
package import Logging
package import Prices
import RiskConfiguration
package import Settings
package import Store
import Telemetry

/// Everything of a gateway but its HTTP face, built from a configuration and started in the order of RELIABILITY.md §8:
/// lock and quick check, migrations, state from the journal, limits, prices, adapters, sessions.
package final class GatewayRuntime: Sendable {
    package let configuration: SluiceConfiguration
    package let store: Store
    package let gateway: Gateway
    package let adapters: AdapterHost
    package let market: MarketData
    package let telemetry: TelemetryService
    package let players: [ReplayPlayer]
    private let threads: GatewayThreads
    /// When venues trade; `nil` = the configuration names no calendar.
    private let calendar: TradingCalendar?
    private let logger: Logger
    private let pacing = ThreadPacing()

    /// Why a gateway could not be built.
    package struct StartFailure: Error, CustomStringConvertible {
        package let description: String
    }

    /// - Parameter executableDirectory: Where libraries are looked for after the manifest's directory.
    package init(
        _ configuration: SluiceConfiguration, executableDirectory: String?, logger: Logger,
        options: Gateway.Options = Gateway.Options()
    ) throws {
        self.configuration = configuration
        self.logger = logger
        try Self.checkSecrets(configuration)
        store = try Store(directory: configuration.data)
        let overlay = try configuration.instrumentOverlay.map { try InstrumentOverlay.read(file: $0) } ?? []
        calendar = try Self.readCalendar(configuration)
        var freshness = InstrumentFreshness()
        if let calendar { freshness.venueSession = { calendar.dayBegin(of: $0, at: $1) } }
        let master = try InstrumentMaster(
            directory: store.directory, overlay: overlay, freshness: freshness,
            now: SystemLaneClock.shared.wall())
        let table = master.table
        market = MarketData(master: master, quotes: QuoteHub(clock: SystemWallClock()))
        telemetry = TelemetryService(
            configuration.telemetry, directory: store.directory,
            configurationHash: SHA256.digest(configuration.canonicalText.utf8)?.hexadecimal ?? "", logger: logger)
        var options = options
        options.reconciliation.read(configuration.reconciliation)
        options.network = NetworkAccess(configuration, dataDirectory: store.directory, logger: logger)
        gateway = try Gateway(
            storage: store, clock: SystemLaneClock.shared, market: market,
            clientOrderIDPrefix: try Self.clientOrderIDPrefix(store), capture: telemetry.capture, options: options,
            logger: logger)
        threads = GatewayThreads(gateway)
        adapters = AdapterHost(
            AdapterHostConfiguration(
                directories: configuration.adapters.directories, libraryPath: configuration.adapters.libraryPath,
                executableDirectory: executableDirectory, dataDirectory: store.directory,
                requirePins: configuration.adapters.requirePins, hostVersion: Sluice.version,
                swiftRelease: Sluice.swiftRelease), logger: logger)
        let quotes = market.quotes
        players = try configuration.replays.map { replay in
            try ReplayPlayer(replay, instruments: table.snapshot, hub: quotes)
        }
    }

    /// A secret that others can read is one no more: nothing begins with it.
    private static func checkSecrets(_ configuration: SluiceConfiguration) throws {
        for account in configuration.accounts {
            for (name, reference) in account.secrets.sorted(by: { $0.key < $1.key }) {
                do throws(SecretReference.Failure) { try reference.checkAccess() } catch {
                    throw StartFailure(description: "secret \(name) of account \(account.account.id): \(error)")
                }
            }
        }
    }

    private static func readCalendar(_ configuration: SluiceConfiguration) throws -> TradingCalendar? {
        try configuration.calendarFile.map { path in
            guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8)
            else { throw StartFailure(description: "rms.calendar: \(path) cannot be read as UTF-8 text") }
            return try TradingCalendar(text, file: path)
        }
    }

    /// Drawn once for a data directory, so that ids of two gateways never meet at one broker.
    private static func clientOrderIDPrefix(_ store: Store) throws -> UInt64 {
        if let known = try store.meta("client_order_id_prefix"), let prefix = UInt64(known) { return prefix }
        let prefix = UInt64.random(in: 0..<ClientOrderID.prefixLimit)
        try store.setMeta("client_order_id_prefix", to: "\(prefix)")
        return prefix
    }

    /// Seeds what the configuration names and the store does not know, and begins to serve.
    ///
    /// - Parameter playsPrices: `false` = recorded prices wait for `stepPrices`.
    package func start(playsPrices: Bool = true) async throws {
        try adapters.load()
        FaultPoint.hit(.startAdaptersLoaded)
        let limits = try await loadLimits()
        FaultPoint.hit(.startLimitsLoaded)
        threads.start()
        FaultPoint.hit(.startThreadsRunning)
        telemetry.start(gateway, now: gateway.clock.wall(), version: Sluice.version)
        let rates = Dictionary(
            configuration.currencyRates.map { (CurrencyRates.Pair(from: $0.from, to: $0.to), $0.rate) },
            uniquingKeysWith: { _, last in last })
        gateway.start(limits: limits, adapters: adapters, calendar: calendar, rates: CurrencyRates(rates))
        try await seed()
        gateway.streamPrices(configuration.priceStreams, adapters: adapters)
        if playsPrices {
            for player in players {
                Thread.detachNewThread { [pacing, logger] in
                    Thread.current.name = "sluice.prices"
                    do { try player.run(pacing: pacing) } catch {
                        logger.error("Recorded prices stopped", metadata: ["reason": "\(error)"])
                    }
                }
            }
        }
    }

    /// Publishes the next bar of every recorded instrument.
    package func stepPrices() throws {
        for player in players { _ = try player.step() }
    }

    /// Limits in force: the version in the journal, else the document that the configuration names, else the shipped
    /// defaults.
    private func loadLimits() async throws -> RiskLimits {
        let stored = gateway.riskConfiguration
        if stored.version > 0 {
            let document = try RiskDocument(stored.document, file: "the risk document of version \(stored.version)")
            return document.standingLimits(version: stored.version, accounts: gateway.accounts())
        }
        return RiskLimits(version: 0)
    }

    private func seed() async throws {
        let now = gateway.clock.wall()
        let known = Set(gateway.accounts().map(\.id))
        var added: [Account] = []
        for configured in configuration.accounts where !known.contains(configured.account.id) {
            try await gateway.put(configured.account, by: .configuration)
            added.append(configured.account)
        }
        FaultPoint.hit(.startAccountsSeeded)
        let groups = Set(gateway.groups(for: .everything).map(\.id))
        for group in configuration.groups where !groups.contains(group.id) {
            _ = try await gateway.put(group, expectedVersion: 0, by: .configuration)
        }
        FaultPoint.hit(.startGroupsSeeded)
        try await applyLimits()
        FaultPoint.hit(.startLimitsApplied)
        gateway.connect(added.filter(\.isEnabled), adapters: adapters)
        logger.info(
            "Serving",
            metadata: [
                "accounts": "\(gateway.accounts().count)",
                "milliseconds": "\(gateway.clock.wall().since(now) / 1_000_000)",
            ])
    }

    /// Puts the document in force for the accounts that there are now. Version 1 comes from the configuration.
    package func applyLimits() async throws {
        let stored = gateway.riskConfiguration
        let text: String
        let file: String
        if stored.version > 0 {
            (text, file) = (stored.document, "the risk document of version \(stored.version)")
        } else if let path = configuration.rmsFile {
            guard let data = FileManager.default.contents(atPath: path), let found = String(data: data, encoding: .utf8)
            else { throw StartFailure(description: "rms.file: \(path) cannot be read as UTF-8 text") }
            (text, file) = (found, path)
        } else {
            (text, file) = ("rms: 1\n", "the empty risk document")
        }
        let document = try RiskDocument(text, file: file)
        if stored.version == 0 {
            let limits = try document.limits(version: 1, accounts: gateway.accounts())
            try await gateway.apply(
                limits,
                RiskVersion(
                    version: 1, document: text, reason: "the first start", by: "configuration",
                    at: gateway.clock.wall()))
        } else {
            let accounts = gateway.accounts()
            gateway.refresh(document.standingLimits(version: stored.version, accounts: accounts))
            let contradictions = document.contradictions(accounts: accounts)
            if let first = contradictions.first {
                logger.warning(
                    "The risk document in force contradicts itself",
                    metadata: [
                        "config.version": "\(stored.version)", "contradictions": "\(contradictions.count)",
                        "first": "\(first)",
                    ])
            }
        }
    }

    /// Adds or changes an account: durable, bound by limits, connected.
    package func put(_ account: Account, by actor: Actor) async throws {
        try await gateway.put(account, by: actor)
        try await applyLimits()
        if account.isEnabled { gateway.connect([account], adapters: adapters) }
    }

    /// Graceful stop: admission ends, what was not handed over is withdrawn, sessions close, the last batch is written.
    package func stop() async {
        pacing.stop()
        gateway.stopPrices()
        await gateway.drain()
        FaultPoint.hit(.stopDrained)
        let late = await adapters.shutdown()
        FaultPoint.hit(.stopSessionsClosed)
        if !late.isEmpty {
            logger.warning(
                "Sessions did not end in time",
                metadata: ["sessions": "\(late.map(\.description).joined(separator: " "))"])
        }
        threads.stop()
        FaultPoint.hit(.stopThreadsEnded)
        gateway.noteState()
        FaultPoint.hit(.stopStateNoted)
        telemetry.stop()
        do { try market.master.close() } catch {
            logger.error("The instrument master did not close", metadata: ["failure": "\(error)"])
        }
        do { try store.close() } catch { logger.error("The store did not close", metadata: ["failure": "\(error)"]) }
    }
}

/// What this build is.
package enum Sluice {
    package static let version = "0.1.0"
    /// The Swift release whose runtime the host carries; adapters on the dynamic runtime must match it.
    package static let swiftRelease = "6.3.1"
}
