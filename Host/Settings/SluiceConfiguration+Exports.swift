extension SluiceConfiguration {
    /// What leaves the gateway by itself. Nothing does unless it is named.
    package struct Exports: Hashable, Sendable {
        /// Where files are put; `nil` = no export is scheduled.
        package var directory: String?
        /// Length of the period that one export covers, aligned to 1970 in UTC: a day is a UTC day.
        package var everyNanoseconds: Int64 = 86_400_000_000_000
        package var datasets = ["runs", "legs", "events", "pnl", "audit"]
        package var format = "csv"
        /// Where ended runs are sent as OTLP/JSON; `nil` = nowhere.
        package var collector: String?
        /// Header fields that the collector wants, by name: what lets the gateway in.
        package var collectorHeaders: [String: SecretReference] = [:]

        package static let allDatasets = ["runs", "legs", "events", "latency", "pnl", "positions", "audit"]
        package static let allFormats = ["csv", "json", "ndjson"]

        package init() {}
    }
}

extension ConfigurationReader {
    func readExports(_ reader: MappingReader) -> SluiceConfiguration.Exports {
        var exports = SluiceConfiguration.Exports()
        let scheduled = reader.section("scheduled")
        exports.directory = scheduled.optional("directory", path)
        exports.everyNanoseconds = scheduled.value(
            "every", FieldType<Int64>.duration(60_000_000_000...31_622_400_000_000_000),
            default: exports.everyNanoseconds)
        let words = FieldType<String>.choice(SluiceConfiguration.Exports.allDatasets)
        exports.datasets = scheduled.value(
            "datasets", FieldType<[String]>.list(of: words, count: 1...SluiceConfiguration.Exports.allDatasets.count),
            default: exports.datasets)
        exports.format = scheduled.value(
            "format", .choice(SluiceConfiguration.Exports.allFormats), default: exports.format)
        scheduled.finish()
        let otlp = reader.section("otlp")
        exports.collector = otlp.optional(
            "endpoint",
            FieldType<String>.endpoint.filter("an http or https address, like http://127.0.0.1:4318/v1/traces") {
                $0.hasPrefix("http")
            })
        let headers = otlp.value(
            "headers", FieldType<[(key: String, value: SecretReference)]>.headerFields, default: [])
        exports.collectorHeaders = Dictionary(headers, uniquingKeysWith: { first, _ in first })
        otlp.finish()
        reader.finish()
        return exports
    }
}

extension FieldType where Value == [(key: String, value: SecretReference)] {
    /// Names of header fields (RFC 9110 §5.1), each once whatever its capitals, with where its value is kept. Those that say
    /// what a message is are the sender's.
    fileprivate static var headerFields: Self {
        let whole = Self.entries(of: .secretReference, hidesValues: true)
        let rule =
            "names of header fields other than Host, Content-Type, Content-Length and Transfer-Encoding, each once, with "
            + "env:NAME or file:/path"
        return whole.filter(rule) { entries in
            let names = entries.map { $0.key.lowercased() }
            return Set(names).count == names.count
                && names.allSatisfy { name in
                    let isToken = name.utf8.allSatisfy {
                        (97...122).contains($0) || (48...57).contains($0) || "!#$%&'*+-.^_`|~".utf8.contains($0)
                    }
                    return (1...64).contains(name.utf8.count) && isToken
                        && !["host", "content-type", "content-length", "transfer-encoding"].contains(name)
                }
        }
    }
}
