/// What a person may know of one setting of `sluice.yaml`: shown by `GET /api/settings` and in the documentation.
package struct SettingDescription: Hashable, Sendable {
    /// When a changed value takes effect.
    package enum Change: String, Hashable, Sendable {
        /// At once.
        case live
        /// At the next start.
        case restart
        /// Never by itself: the entry makes what does not exist yet, later changes are made through commands.
        case seed
    }

    /// `accounts[].currency`: `[]` stands for each item of a list, `*` for a key of the writer's choice.
    package var path: String
    package var section: String
    package var description: String
    /// `bytes`, `duration` ...; `nil` where there is none.
    package var unit: String?
    /// As it would be written. `nil` = there is no default: it must be given, or nothing holds when it is left out,
    /// which the description says.
    package var defaultText: String?
    package var change: Change
    /// The environment variable that stands above the file.
    package var variable: String?

    /// Whether the setting is a list, whose items a variable separates with colons.
    package var isList: Bool

    /// The keys that lead to the setting, where it is not inside a list.
    package var keys: [String] { path.split(separator: ".").map(String.init) }
}

extension SettingDescription {
    /// Every setting of `sluice.yaml`, in the order of the documentation.
    package static let all: [SettingDescription] = [
        of(
            "data", "General", "Directory of the database and key files, created with mode 0700.", "path",
            "./sluice-data"),
        of(
            "http.host", "HTTP", "Address to listen on. Any but the loopback address must be written out.", nil,
            "127.0.0.1"),
        of("http.port", "HTTP", "Port to listen on; 0 takes a free one.", nil, "8080"),
        of("http.tls.certificate", "HTTP", "Must stay empty: TLS is not served, a proxy in front does it.", "path"),
        of("http.tls.key", "HTTP", "Must stay empty: TLS is not served, a proxy in front does it.", "path"),
        of(
            "http.limits.body_bytes", "HTTP", "Longest request body; longer ones are answered 413.", "bytes", "65536",
            .live),
        of("http.limits.connections", "HTTP", "Open connections; further ones wait to be accepted.", "count", "1024"),
        of("http.limits.idle_timeout", "HTTP", "A connection silent for so long is closed.", "duration", "60s"),
        of(
            "http.limits.request_timeout", "HTTP", "A request has to be answered within this time.", "duration", "60s",
            .live),
        of(
            "adapters.directories", "Adapters", "Directories of manifests, read in this order.", "path",
            "[./adapters.d]",
            isList: true),
        of(
            "adapters.library_path", "Adapters",
            "Further directories of adapter libraries, after the manifest's and the executable's.", "path", "[]",
            isList: true),
        of(
            "adapters.require_pins", "Adapters", "Whether a manifest without sha256 is refused.", nil, "false",
            .live),
        inList("accounts[].id", "Accounts", "Name of the account.", nil, nil),
        inList("accounts[].adapter", "Accounts", "Id of the adapter that trades for it.", nil, nil),
        inList("accounts[].login", "Accounts", "Accounts with one login share a session.", nil, "the id"),
        inList(
            "accounts[].owner", "Accounts", "Who owns it; self-trade prevention compares owners. None: not compared.",
            nil,
            nil),
        inList("accounts[].environment", "Accounts", "live, sandbox or replay.", nil, "live"),
        inList("accounts[].currency", "Accounts", "Currency of its money figures.", nil, nil),
        inList("accounts[].enabled", "Accounts", "Whether it is connected and traded.", nil, "true"),
        inList("accounts[].config.*", "Accounts", "Settings of the adapter, judged by its schema.", nil, "{}"),
        inList(
            "accounts[].endpoints.*", "Accounts", "Addresses in place of the manifest's, by name.", nil, "{}"),
        inList(
            "accounts[].egress.source", "Accounts", "Local address its requests leave from. None: the system chooses.",
            nil, nil),
        inList("accounts[].egress.proxy", "Accounts", "Proxy its requests pass through. None: direct.", nil, nil),
        inList("accounts[].secrets.*", "Accounts", "References env:NAME or file:/path, by name.", nil, "{}"),
        inList("groups[].id", "Groups", "Name of the execution group.", nil, nil),
        inList("groups[].policy", "Groups", "How a parent order is shared out.", nil, nil),
        inList(
            "groups[].carry", "Groups", "Whether remainders are carried to the next order: auto, on, off.", nil, "auto"),
        inList("groups[].mode", "Groups", "What refused legs mean for the others.", nil, "best_effort"),
        inList(
            "groups[].on_leg_failure", "Groups", "What a broker's rejection means for the other legs.", nil, "leave"),
        inList("groups[].allow_unwind", "Groups", "Whether on_leg_failure may be unwind.", nil, "false"),
        inList("groups[].drop_below_min", "Groups", "Whether an account below its min_lots is left out.", nil, "false"),
        inList("groups[].redistribute", "Groups", "Whether refused quantity goes to the other accounts.", nil, "false"),
        inList(
            "groups[].accounts[].account_id", "Groups", "An account of the group; their order decides ties.", nil, nil),
        inList("groups[].accounts[].enabled", "Groups", "Whether it takes part in the allocation.", nil, "true"),
        inList("groups[].accounts[].capital", "Groups", "Its share under proportional.", "account currency", nil),
        inList("groups[].accounts[].weight", "Groups", "Its share under weighted, a whole number from 1.", nil, nil),
        inList("groups[].accounts[].lots", "Groups", "Its lots under fixed.", "lots", nil),
        inList("groups[].accounts[].risk_budget", "Groups", "Its risk under risk_unit.", "account currency", nil),
        inList("groups[].accounts[].min_lots", "Groups", "Least lots it gets.", "lots", "0"),
        inList("groups[].accounts[].max_lots", "Groups", "Most lots it gets. None: no bound.", "lots", nil),
        of(
            "rms.file", "Risk", "Document that becomes version 1 of the limits. None: the shipped defaults.", "path",
            nil, .seed),
        inList("rms.rates[].from", "Risk", "A currency that instruments are in.", nil, nil, .restart),
        inList("rms.rates[].to", "Risk", "The currency of accounts that trade them.", nil, nil, .restart),
        inList(
            "rms.rates[].rate", "Risk",
            "Units of `to` for one of `from`. Without one, opening orders across currencies are refused.", nil, nil,
            .restart),
        of(
            "rms.calendar", "Risk",
            "Trading calendar of the venues: sessions, holidays, offsets. None: trading hours are not known.", "path",
            nil, .restart),
        of(
            "rms.two_person_resume", "Risk",
            "Whether resuming a scope takes another person than the one who stopped it or whose order led to it.", nil,
            "false", .restart),
        of(
            "rms.reconcile.interval", "Risk", "Pause between two comparisons of an account's books with its broker's.",
            "duration", "60s", .restart),
        of(
            "rms.reconcile.quiet_gap", "Risk",
            "An account with live orders whose session says nothing for this long is compared earlier.", "duration",
            "20s", .restart),
        of(
            "rms.reconcile.order_elsewhere", "Risk",
            "A live order at the broker that did not come from here: adopt, flag, reduce the account.", nil, "adopt",
            .restart),
        of(
            "rms.reconcile.order_missing", "Risk",
            "An order that the broker says it does not have: flag, reduce, adopt (it ends here, after six look-ups).",
            nil, "flag", .restart),
        of(
            "rms.reconcile.order_ended", "Risk",
            "An order that has ended here and is live at the broker: flag, reduce.", nil, "flag", .restart),
        of(
            "rms.reconcile.position_elsewhere", "Risk",
            "A position in what was never traded from here: flag, reduce, adopt.", nil, "flag", .restart),
        of(
            "rms.reconcile.position", "Risk",
            "A position of another size than our executions make: flag, reduce, adopt.",
            nil, "flag", .restart),
        inList("prices.replay[].files", "Prices", "Market data files, or directories of them.", "path", nil, .restart),
        inList(
            "prices.replay[].every", "Prices",
            "Pause between two bars of an instrument. Left out where speed is given: the recorded distance.",
            "duration",
            nil, .restart),
        inList("prices.replay[].loop", "Prices", "Whether to start again after the end.", nil, "false", .restart),
        inList("prices.replay[].speed", "Prices", "Divides the pause between bars.", "times", "1", .restart),
        inList(
            "prices.stream[].account", "Prices", "An account over whose login its broker's prices come.", "id", nil,
            .restart),
        inList(
            "prices.stream[].symbols", "Prices", "Instruments that are streamed all the time.", "instrument ids", nil,
            .restart),
        inList(
            "prices.stream[].follow", "Prices",
            "Whether instruments of the account's open positions and working orders are streamed too.", nil, "true",
            .restart),
        inList(
            "prices.stream[].detail", "Prices", "last, quote, or depth with the best levels of the book.", nil, "depth",
            .restart),
        of(
            "instruments.overlay", "Instruments",
            "File of instrument figures that stand above the brokers'. None: theirs.",
            "path"),
        of(
            "telemetry.enabled", "Telemetry",
            "Whether timings of runs and legs are captured, counted and kept. Outcomes are kept either way.", nil,
            "true"),
        of(
            "telemetry.max_age", "Telemetry", "Runs received longer ago leave telemetry.db, in the background.",
            "duration", "720h"),
        of(
            "telemetry.max_size", "Telemetry",
            "Above it the oldest runs leave telemetry.db, in the background: 16MiB to 1TiB.", "bytes", "2GiB"),
        of(
            "memory.reserve", "Memory",
            "Taken at the start and kept, in large pages where Linux gives them, so that no order waits for the kernel: 16MiB "
                + "to 1TiB. None: memory is taken as it is needed.", "bytes"),
        of(
            "exports.scheduled.directory", "Exports",
            "Where a directory of files with a manifest of hashes is put each period. None: nothing is scheduled.",
            "path"),
        of("exports.scheduled.every", "Exports", "Length of a period, aligned to 1970 in UTC.", "duration", "1d"),
        of(
            "exports.scheduled.datasets", "Exports",
            "What is exported: runs, legs, events, latency, pnl, positions, audit.",
            nil, "[runs, legs, events, pnl, audit]", isList: true),
        of("exports.scheduled.format", "Exports", "csv, json or ndjson.", nil, "csv"),
        of(
            "exports.otlp.endpoint", "Exports",
            "Collector that each ended run is sent to as OTLP/JSON, as http://127.0.0.1:4318/v1/traces. None: nowhere."),
        inList(
            "exports.otlp.headers.*", "Exports",
            "Header fields for the collector by name, each a reference env:NAME or file:/path, read at the start.", nil,
            "{}", .restart),
    ]

    /// Settings that a variable can set, by the variable's name.
    package static let byVariable: [String: SettingDescription] = Dictionary(
        all.compactMap { setting in setting.variable.map { ($0, setting) } }, uniquingKeysWith: { first, _ in first })

    private static func of(
        _ path: String, _ section: String, _ description: String, _ unit: String? = nil, _ defaultText: String? = nil,
        _ change: Change = .restart, isList: Bool = false
    ) -> SettingDescription {
        let variable = "SLUICE_" + path.uppercased().map { $0 == "." ? "_" : String($0) }.joined()
        return SettingDescription(
            path: path, section: section, description: description, unit: unit, defaultText: defaultText,
            change: change,
            variable: variable, isList: isList)
    }

    private static func inList(
        _ path: String, _ section: String, _ description: String, _ unit: String?, _ defaultText: String?,
        _ change: Change = .seed
    ) -> SettingDescription {
        SettingDescription(
            path: path, section: section, description: description, unit: unit, defaultText: defaultText,
            change: change,
            variable: nil, isList: false)
    }
}
