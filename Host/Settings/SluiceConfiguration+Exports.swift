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
        otlp.finish()
        reader.finish()
        return exports
    }
}
