import Domain

extension ConfigurationReader {
    func readAccounts(_ readers: [MappingReader]) -> [SluiceConfiguration.ConfiguredAccount] {
        var seen: Set<AccountID> = []
        return readers.compactMap { reader in
            guard let configured = readAccount(reader) else { return nil }
            if !seen.insert(configured.account.id).inserted {
                reader.report("the account is listed already", remedy: "an id comes once", at: "id")
            }
            return configured
        }
    }

    private func readAccount(_ reader: MappingReader) -> SluiceConfiguration.ConfiguredAccount? {
        let name = FieldType<String>.textOrNumber.filter("1 to 64 bytes") { (1...64).contains($0.utf8.count) }
        let id = reader.required("id", FieldType<AccountID>.identifier)
        let adapter = reader.required("adapter", .adapterID)
        let login = reader.optional("login", name)
        let owner = reader.optional("owner", name)
        let environment = reader.value("environment", FieldType<TradingEnvironment>.word(), default: .live)
        let currency = reader.required("currency", .currency)
        let isEnabled = reader.value("enabled", .boolean, default: true)
        let config = reader.value("config", FieldType<String>.jsonObject, default: "{}")
        let endpoints = reader.value("endpoints", .entries(of: .endpoint), default: [])
        let secrets = reader.value("secrets", .entries(of: .secretReference, hidesValues: true), default: [])
        let egress = readEgress(reader.section("egress"))
        reader.finish()
        guard let id, let adapter, let currency else { return nil }
        return SluiceConfiguration.ConfiguredAccount(
            account: Account(
                id: id, adapter: adapter, login: login, owner: owner, environment: environment, currency: currency,
                config: config, isEnabled: isEnabled),
            endpoints: byName(endpoints), egress: egress, secrets: byName(secrets))
    }

    private func readEgress(_ reader: MappingReader) -> SluiceConfiguration.Egress {
        // Empty text means none here, so that a file can name the field without setting it.
        func unlessEmpty(_ key: String, _ type: FieldType<String>) -> String? {
            if reader.value(of: key)?.text == "" { return nil }
            return reader.optional(key, type)
        }
        let egress = SluiceConfiguration.Egress(
            source: unlessEmpty("source", .ipAddress), proxy: unlessEmpty("proxy", .endpoint))
        reader.finish()
        return egress
    }

    private func byName<Value>(_ entries: [(key: String, value: Value)]) -> [String: Value] {
        Dictionary(entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
    }
}
