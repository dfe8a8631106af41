import Domain

/// Reads the mappings of `sluice.yaml`. Every key asked for here has its entry in `SettingDescription.all`.
struct ConfigurationReader {
    let path: FieldType<String>
    let now: Timestamp
    var warnings: [String] = []

    init(path: FieldType<String>, now: Timestamp) { (self.path, self.now) = (path, now) }

    mutating func read(_ root: MappingReader) -> SluiceConfiguration? {
        let data = root.optional("data", path) ?? relative("./sluice-data")
        let http = readHTTP(root.section("http"))
        let adapters = readAdapters(root.section("adapters"))
        let accounts = readAccounts(root.sections("accounts"))
        let currencies = Dictionary(
            accounts.map { ($0.account.id, $0.account.currency) }, uniquingKeysWith: { first, _ in first })
        let groups = readGroups(root.sections("groups"), currencies: currencies)
        let rms = root.section("rms")
        let rmsFile = rms.optional("file", path)
        let calendarFile = rms.optional("calendar", path)
        let rates = rms.sections("rates").compactMap(readRate)
        let needsSecondPerson = rms.value("two_person_resume", .boolean, default: false)
        let reconciliation = readReconciliation(rms.section("reconcile"))
        rms.finish()
        let prices = root.section("prices")
        let replays = prices.sections("replay").compactMap(readReplay)
        let streams = readStreams(prices.sections("stream"), accounts: Set(accounts.map(\.account.id)))
        prices.finish()
        let instruments = root.section("instruments")
        let overlay = instruments.optional("overlay", path)
        instruments.finish()
        let telemetry = readTelemetry(root.section("telemetry"))
        let exports = readExports(root.section("exports"))
        let memory = root.section("memory")
        // 16 MiB to 1 TiB.
        let memoryReserve = memory.optional("reserve", .byteSize((16 << 20)...(1 << 40))) ?? 0
        memory.finish()
        var configuration = SluiceConfiguration(data: data, adapters: adapters)
        (configuration.http, configuration.accounts, configuration.groups) = (http, accounts, groups)
        (configuration.rmsFile, configuration.replays) = (rmsFile, replays)
        (configuration.priceStreams, configuration.currencyRates) = (streams, rates)
        (configuration.calendarFile, configuration.needsSecondPerson) = (calendarFile, needsSecondPerson)
        (configuration.instrumentOverlay, configuration.warnings) = (overlay, warnings)
        configuration.reconciliation = reconciliation
        (configuration.telemetry, configuration.exports) = (telemetry, exports)
        configuration.memoryReserve = memoryReserve
        return configuration
    }

    /// A default path, resolved as if the document had it.
    private func relative(_ text: String) -> String {
        let node = DocumentNode(content: .scalar(.init(text: text, style: .quoted)), place: .start)
        let unused = ErrorCollector(file: "", limit: 1)  // a default is a well-formed path
        return path.read(FieldValue(node: node, at: .none, of: "", errors: unused)) ?? text
    }

    /// `{ from: USDT, to: USD, rate: "1.0002" }`.
    func readRate(_ section: MappingReader) -> SluiceConfiguration.CurrencyRate? {
        defer { section.finish() }
        let from = section.required("from", .currency)
        let to = section.required("to", .currency)
        let rate = section.required("rate", .positiveDecimal)
        guard let from, let to, let rate else { return nil }
        guard from != to else {
            section.report("a currency has no rate to itself", remedy: "leave it out", at: "to")
            return nil
        }
        return SluiceConfiguration.CurrencyRate(from: from, to: to, rate: rate)
    }

    private mutating func readHTTP(_ reader: MappingReader) -> SluiceConfiguration.HTTP {
        var http = SluiceConfiguration.HTTP()
        http.host = reader.value("host", .listenHost, default: http.host)
        http.port = reader.value("port", .count(0...65_535), default: http.port)
        let tls = reader.section("tls")
        for key in ["certificate", "key"] where tls.value(of: key) != nil {
            tls.report(
                "TLS is not served", remedy: "leave http.tls out and put a proxy that ends TLS in front", at: key)
        }
        tls.finish()
        let limits = reader.section("limits")
        http.limits.bodyBytes = limits.value("body_bytes", .count(1024...(16 << 20)), default: http.limits.bodyBytes)
        http.limits.connections = limits.value("connections", .count(1...100_000), default: http.limits.connections)
        let time = FieldType<Int64>.duration(1_000_000...3_600_000_000_000)
        http.limits.idleTimeoutNanoseconds = limits.value(
            "idle_timeout", time, default: http.limits.idleTimeoutNanoseconds)
        http.limits.requestTimeoutNanoseconds = limits.value(
            "request_timeout", time, default: http.limits.requestTimeoutNanoseconds)
        limits.finish()
        reader.finish()
        if !http.isLoopback {
            warnings.append(
                "http.host \(http.host) can be reached from other machines and TLS is not served: "
                    + "keys and orders pass in clear unless a proxy in front ends TLS")
        }
        return http
    }

    private func readAdapters(_ reader: MappingReader) -> SluiceConfiguration.Adapters {
        let paths = FieldType<[String]>.list(of: path, count: 0...64)
        let adapters = SluiceConfiguration.Adapters(
            directories: reader.optional("directories", paths) ?? [relative("./adapters.d")],
            libraryPath: reader.value("library_path", paths, default: []),
            requirePins: reader.value("require_pins", .boolean, default: false))
        reader.finish()
        return adapters
    }

    private func readReconciliation(_ reader: MappingReader) -> SluiceConfiguration.Reconciliation {
        var reconciliation = SluiceConfiguration.Reconciliation()
        let time = FieldType<Int64>.duration(1_000_000_000...86_400_000_000_000)
        reconciliation.intervalNanoseconds = reader.value(
            "interval", time, default: reconciliation.intervalNanoseconds)
        reconciliation.quietGapNanoseconds = reader.value(
            "quiet_gap", time, default: reconciliation.quietGapNanoseconds)
        for (cause, actions) in SluiceConfiguration.Reconciliation.choices {
            reconciliation.actions[cause] = reader.value(cause, .choice(actions), default: actions[0])
        }
        reader.finish()
        return reconciliation
    }

    private func readTelemetry(_ reader: MappingReader) -> SluiceConfiguration.Telemetry {
        var telemetry = SluiceConfiguration.Telemetry()
        telemetry.isEnabled = reader.value("enabled", .boolean, default: true)
        // An hour to ten years; 16 MiB to 1 TiB.
        telemetry.maximumAgeNanoseconds = reader.value(
            "max_age", .duration(3_600_000_000_000...315_360_000_000_000_000),
            default: telemetry.maximumAgeNanoseconds)
        telemetry.maximumBytes = reader.value(
            "max_size", .byteSize((16 << 20)...(1 << 40)), default: telemetry.maximumBytes)
        reader.finish()
        return telemetry
    }

    private func readStreams(
        _ readers: [MappingReader], accounts: Set<AccountID>
    ) -> [SluiceConfiguration.PriceStream] {
        var seen: Set<AccountID> = []
        return readers.compactMap { reader in
            defer { reader.finish() }
            let account = reader.required("account", FieldType<AccountID>.identifier)
            let symbols = reader.value("symbols", FieldType<[InstrumentID]>.oneOrMore(.instrumentID), default: [])
            let follows = reader.value("follow", .boolean, default: true)
            let detail = reader.value(
                "detail", FieldType<SluiceConfiguration.PriceStream.Detail>.word(), default: .depth)
            guard let account else { return nil }
            if !accounts.contains(account) {
                reader.report("there is no such account", remedy: "name one of accounts", at: "account")
            }
            if !seen.insert(account).inserted {
                reader.report("the account streams already", remedy: "list its symbols in one place", at: "account")
            }
            if symbols.isEmpty, !follows {
                reader.report("nothing would be streamed", remedy: "name symbols, or follow: true", at: "symbols")
            }
            return SluiceConfiguration.PriceStream(
                account: account, symbols: symbols, followsBook: follows, detail: detail)
        }
    }

    private func readReplay(_ reader: MappingReader) -> SluiceConfiguration.Replay? {
        defer { reader.finish() }
        let files = reader.required("files", FieldType<[String]>.oneOrMore(path))
        let every = reader.optional("every", FieldType<Int64>.duration(1_000_000...86_400_000_000_000))
        let speed = reader.optional("speed", FieldType<ExactDecimal>.positiveDecimal)
        let loops = reader.value("loop", .boolean, default: false)
        if let files, files.isEmpty { reader.report("the list is empty", remedy: "name a file", at: "files") }
        if !reader.contains("every"), !reader.contains("speed") {
            reader.report(
                "'every' is missing", remedy: "expected a duration like 1s, or speed: 1 for the recorded pace",
                at: "every")
        }
        guard let files else { return nil }
        return .init(files: files, everyNanoseconds: every, loops: loops, speed: speed ?? 1)
    }
}
