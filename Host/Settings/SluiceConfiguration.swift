package import Domain

/// What `sluice.yaml`, the environment and the flags say together (INTERFACES.md §4). Every path is absolute.
package struct SluiceConfiguration: Hashable, Sendable {
    package struct HTTP: Hashable, Sendable {
        package var host = "127.0.0.1"
        /// 0 = a free one.
        package var port = 8080
        package var limits = Limits()

        package struct Limits: Hashable, Sendable {
            package var bodyBytes = 65_536
            package var connections = 1024
            package var idleTimeoutNanoseconds: Int64 = 60_000_000_000
            package var requestTimeoutNanoseconds: Int64 = 60_000_000_000

            package init() {}
        }

        package init() {}

        /// Whether only this machine can reach the port.
        package var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    }

    package struct Adapters: Hashable, Sendable {
        /// Where manifests are read, in this order.
        package var directories: [String]
        /// Where libraries are looked for after the manifest's and the executable's directory.
        package var libraryPath: [String]
        package var requirePins: Bool

        package init(directories: [String], libraryPath: [String] = [], requirePins: Bool = false) {
            (self.directories, self.libraryPath, self.requirePins) = (directories, libraryPath, requirePins)
        }
    }

    /// Where an account's requests leave from.
    package struct Egress: Hashable, Sendable {
        /// A local IP address; `nil` = the system chooses.
        package var source: String?
        /// `nil` = direct.
        package var proxy: String?

        package init(source: String? = nil, proxy: String? = nil) { (self.source, self.proxy) = (source, proxy) }
    }

    /// An account with what the host needs to connect it and no one else should see.
    package struct ConfiguredAccount: Hashable, Sendable {
        package var account: Account
        /// Addresses in place of the manifest's, by name.
        package var endpoints: [String: String]
        package var egress: Egress
        package var secrets: [String: SecretReference]

        package init(
            account: Account, endpoints: [String: String] = [:], egress: Egress = Egress(),
            secrets: [String: SecretReference] = [:]
        ) {
            (self.account, self.endpoints, self.egress, self.secrets) = (account, endpoints, egress, secrets)
        }
    }

    /// Units of `to` for one of `from`, in this direction only.
    package struct CurrencyRate: Hashable, Sendable {
        package var from: Currency
        package var to: Currency
        /// Positive.
        package var rate: ExactDecimal

        package init(from: Currency, to: Currency, rate: ExactDecimal) {
            (self.from, self.to, self.rate) = (from, to, rate)
        }
    }

    /// How often books are compared with brokers', and what is done about what differs.
    package struct Reconciliation: Hashable, Sendable {
        package var intervalNanoseconds: Int64 = 60_000_000_000
        package var quietGapNanoseconds: Int64 = 20_000_000_000
        /// By cause, in the document's words.
        package var actions: [String: String] = Dictionary(
            uniqueKeysWithValues: Self.choices.map { ($0.cause, $0.actions[0]) })

        /// The causes, and what each may be answered with; the first word is the default.
        package static let choices: [(cause: String, actions: [String])] = [
            ("order_elsewhere", ["adopt", "flag", "reduce"]), ("order_missing", ["flag", "reduce", "adopt"]),
            ("order_ended", ["flag", "reduce"]), ("position_elsewhere", ["flag", "reduce", "adopt"]),
            ("position", ["flag", "reduce", "adopt"]),
        ]

        package init() {}
    }

    /// What telemetry keeps beside the journal, and for how long.
    package struct Telemetry: Hashable, Sendable {
        /// Off: nothing is captured, counted or kept.
        package var isEnabled = true
        package var maximumAgeNanoseconds: Int64 = 30 * 86_400_000_000_000
        /// Of `telemetry.db`.
        package var maximumBytes: Int64 = 2 << 30

        package init() {}
    }

    /// Recorded prices to play.
    package struct Replay: Hashable, Sendable {
        /// Files, or directories of files.
        package var files: [String]
        /// Pause between two bars of an instrument; `nil` = the recorded distance.
        package var everyNanoseconds: Int64?
        package var loops: Bool
        /// Divides the pause.
        package var speed: ExactDecimal

        package init(files: [String], everyNanoseconds: Int64?, loops: Bool = false, speed: ExactDecimal = 1) {
            (self.files, self.everyNanoseconds, self.loops, self.speed) = (files, everyNanoseconds, loops, speed)
        }
    }

    /// Prices to stream from a broker over an account's login.
    package struct PriceStream: Hashable, Sendable {
        /// How much is streamed of an instrument.
        package enum Detail: UInt8, VocabularyWord {
            /// The last trade.
            case last = 1
            /// With sizes and the day's prices.
            case quote = 2
            /// With the book's best levels.
            case depth = 3

            package var rawName: String {
                switch self {
                case .last: "last"
                case .quote: "quote"
                case .depth: "depth"
                }
            }
        }
        package var account: AccountID
        /// Streamed as long as the gateway runs.
        package var symbols: [InstrumentID]
        /// Whether instruments of the account's open positions and working orders are streamed too.
        package var followsBook: Bool
        package var detail: Detail

        package init(account: AccountID, symbols: [InstrumentID], followsBook: Bool, detail: Detail) {
            (self.account, self.symbols, self.followsBook, self.detail) = (account, symbols, followsBook, detail)
        }
    }

    /// The file it was read from; `nil` = defaults alone.
    package var file: String?
    package var data: String
    package var http = HTTP()
    package var adapters: Adapters
    package var accounts: [ConfiguredAccount] = []
    package var groups: [ExecutionGroup] = []
    /// The document of version 1 of the limits; `nil` = the shipped defaults.
    package var rmsFile: String?
    /// Rates between currencies for limits and results; what is not stated does not exist.
    package var currencyRates: [CurrencyRate] = []
    /// When venues trade; `nil` = no calendar, and `trading-hours: { calendar: venue }` refuses.
    package var calendarFile: String?
    /// Resuming a scope takes another person than the one who stopped it, and than the one whose order led to it.
    package var needsSecondPerson = false
    package var reconciliation = Reconciliation()
    package var telemetry = Telemetry()
    /// Memory to take at the start and to keep, bytes; 0 = it is taken as it is needed.
    package var memoryReserve: Int64 = 0
    package var replays: [Replay] = []
    package var priceStreams: [PriceStream] = []
    package var exports = Exports()
    /// `nil` = none.
    package var instrumentOverlay: String?
    /// What is allowed but probably not meant; for the log and readiness.
    package var warnings: [String] = []

    /// Defaults but for the places that have none: where data lives and where manifests are.
    package init(data: String, adapters: Adapters) { (self.data, self.adapters) = (data, adapters) }
}

extension SluiceConfiguration {
    /// Reads the file, if there is one, with the environment over it and the flags over both.
    ///
    /// - Parameters:
    ///   - file: Path of `sluice.yaml`; `nil` = defaults, environment and flags alone.
    ///   - flags: Each with `origin` naming the flag (`--port`), `path` as in `SettingDescription.keys`.
    ///   - workingDirectory: What relative paths in variables and flags, and a relative `file`, are relative to.
    ///   - now: The creation time of groups.
    package static func load(
        file: String?, environment: [String: String], flags: [DocumentReader.Override] = [], workingDirectory: String,
        now: Timestamp
    ) throws(ConfigurationErrors) -> SluiceConfiguration {
        let path = file.map { absolutePath($0, in: workingDirectory) }
        let bytes = if let path { try DocumentReader.contents(ofFile: path) } else { [UInt8]() }
        return try read(
            bytes, file: path, environment: environment, flags: flags, workingDirectory: workingDirectory, now: now)
    }

    /// The same for bytes at hand. Relative paths in them are relative to the directory of `file`.
    package static func read(
        _ bytes: [UInt8], file: String?, environment: [String: String] = [:], flags: [DocumentReader.Override] = [],
        workingDirectory: String, now: Timestamp
    ) throws(ConfigurationErrors) -> SluiceConfiguration {
        let directory =
            file.map { file in
                String(file.prefix(upTo: file.lastIndex(of: "/") ?? file.startIndex))
            } ?? workingDirectory
        let variables = EnvironmentOverrides(environment)
        var reader = ConfigurationReader(
            path: .path(in: directory.isEmpty && file != nil ? "/" : directory, workingDirectory: workingDirectory),
            now: now)
        reader.warnings = variables.warnings
        var configuration = try DocumentReader.read(
            bytes, file: file ?? "configuration", overrides: variables.overrides + flags, emptyAsMapping: true
        ) { reader.read($0) }
        configuration.file = file
        return configuration
    }
}
