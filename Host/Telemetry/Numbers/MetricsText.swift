package import Domain

/// Figures as scrapers read them: the Prometheus text format, or OpenMetrics with exemplars where the scraper asks for it.
///
/// A writer; the caller gives families one after another and the samples of each below it. Values are exact decimals,
/// seconds and bytes are the only units, as the conventions want.
package struct MetricsText: Sendable {
    package enum Format: Hashable, Sendable {
        case plain, openMetrics

        package var contentType: String {
            switch self {
            case .plain: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    package enum Kind: String, Sendable { case counter, gauge, histogram }

    package struct Exemplar: Hashable, Sendable {
        package var run: RunID
        /// Seconds.
        package var value: ExactDecimal
        package var at: Timestamp
    }

    /// A label's value is cut at this many characters: some of them come from callers.
    static let longestLabel = 128

    package let format: Format
    package private(set) var text = ""
    private var name = ""
    private var kind = Kind.gauge

    package init(_ format: Format) { self.format = format }

    /// Begins a family. `name` is without the `_total` of counters, and ends with its unit where it has one.
    package mutating func family(_ name: String, _ kind: Kind, unit: String? = nil, _ help: String) {
        (self.name, self.kind) = (name, kind)
        let told = format == .plain && kind == .counter ? name + "_total" : name
        text += "# HELP \(told) \(help)\n# TYPE \(told) \(kind.rawValue)\n"
        if format == .openMetrics, let unit { text += "# UNIT \(told) \(unit)\n" }
    }

    /// A sample of the family: of a counter, or of a gauge.
    package mutating func sample(_ labels: [(name: String, value: String)] = [], _ value: ExactDecimal) {
        line(kind == .counter ? "_total" : "", labels, value.description, nil)
    }

    package mutating func sample(_ labels: [(name: String, value: String)] = [], _ value: UInt64) {
        line(kind == .counter ? "_total" : "", labels, "\(value)", nil)
    }

    package mutating func sample(_ labels: [(name: String, value: String)] = [], _ value: Int) {
        line(kind == .counter ? "_total" : "", labels, "\(value)", nil)
    }

    /// One histogram of the family, in seconds.
    package mutating func sample(_ labels: [(name: String, value: String)], _ buckets: MetricsBook.Buckets) {
        var total: UInt64 = 0
        for (place, count) in buckets.counts.enumerated() {
            total &+= count
            let bound = place < MetricsBook.bounds.count ? Self.bound(MetricsBook.bounds[place]) : "+Inf"
            let exemplar = buckets.exemplars[place].map { exemplar in
                Exemplar(run: exemplar.run, value: Self.seconds(exemplar.nanoseconds), at: exemplar.at)
            }
            line("_bucket", labels + [("le", bound)], "\(total)", exemplar)
        }
        line("_sum", labels, Self.seconds(Int64(clamping: buckets.sum)).description, nil)
        line("_count", labels, "\(total)", nil)
    }

    /// Ends the text; nothing may follow.
    package mutating func finish() {
        if format == .openMetrics { text += "# EOF\n" }
    }

    package static func seconds(_ nanoseconds: Int64) -> ExactDecimal {
        ExactDecimal(mantissa: Int128(nanoseconds), exponent: -9) ?? .zero
    }

    /// Microseconds as a bound in seconds, with a point always: `0.00005`, `1.0`.
    private static func bound(_ microseconds: Int64) -> String {
        let text = (ExactDecimal(mantissa: Int128(microseconds), exponent: -6) ?? .zero).description
        return text.contains(".") ? text : text + ".0"
    }

    private mutating func line(
        _ suffix: String, _ labels: [(name: String, value: String)], _ value: String, _ exemplar: Exemplar?
    ) {
        text += name + suffix
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)"
        if format == .openMetrics, let exemplar {
            let at = ExactDecimal(mantissa: Int128(exemplar.at.nanoseconds / 1_000_000), exponent: -3) ?? .zero
            text += " # {run_id=\"\(exemplar.run)\"} \(exemplar.value) \(at)"
        }
        text += "\n"
    }

    /// Backslash, quote and line feed escaped as the formats want; other control characters, which some readers refuse, as
    /// a question mark.
    static func escaped(_ value: String) -> String {
        var result = ""
        for scalar in value.unicodeScalars.prefix(longestLabel) {
            switch scalar {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            case let scalar where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value): result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension MetricsText {
    /// What telemetry itself counts.
    package mutating func write(_ figures: MetricsBook.Figures, capture: Capture) {
        counters(
            "sluice_runs", "Runs admitted, by execution group; none = orders on one account.", "group", figures.runs)
        counters(
            "sluice_strategy_runs", "Runs admitted that name a strategy.", "strategy", figures.strategies)
        family("sluice_legs", .counter, "Legs by adapter and what became of their order, refusals by risk among them.")
        for (key, count) in figures.legs.sorted(by: {
            ($0.key.adapter, $0.key.outcome) < ($1.key.adapter, $1.key.outcome)
        }) {
            sample([("adapter", key.adapter), ("outcome", key.outcome)], count)
        }
        counters("sluice_leg_refusals", "Legs refused at admission, by code.", "code", figures.refusals)
        counters("sluice_fills", "Executions booked, by adapter.", "adapter", figures.fills)
        counters(
            "sluice_leg_retries", "Cancels, modifies and look-ups answered after a leg's first send.", "kind",
            figures.retries)
        counters(
            "sluice_leg_waits", "Legs that could not be handed over when their turn came.", "reason", figures.waits)
        family(
            "sluice_leg_stage_latency_seconds", .histogram, unit: "seconds",
            "From the receipt of the request to a stage of a leg, by adapter.")
        let latencies = figures.latencies.sorted {
            ($0.key.adapter, $0.key.stage.rawValue) < ($1.key.adapter, $1.key.stage.rawValue)
        }
        for (key, buckets) in latencies {
            sample([("adapter", key.adapter), ("stage", key.stage.rawName)], buckets)
        }
        if !figures.traces.isEmpty {
            counters(
                "sluice_trace_pushes",
                "Ended runs for the collector: sent, failed (refused, or not there), dropped (they came too fast).",
                "outcome", figures.traces)
        }
        family("sluice_telemetry_events", .counter, "Events that capture took.")
        sample([], capture.accepted)
        family("sluice_telemetry_dropped_events", .counter, "Events that capture dropped because a ring was full.")
        sample([], capture.dropped)
        family("sluice_telemetry_kept_runs", .counter, "Runs written to the telemetry file, repetitions included.")
        sample([], figures.keptRuns)
        family("sluice_telemetry_lost_rows", .counter, "Runs whose telemetry could not be kept; the journal has them.")
        sample([], figures.lostRows)
        family("sluice_telemetry_failed_writes", .counter, "Writes to the telemetry file that failed.")
        sample([], figures.failedWrites)
    }

    private mutating func counters(_ name: String, _ help: String, _ label: String, _ counts: [String: UInt64]) {
        family(name, .counter, help)
        for (value, count) in counts.sorted(by: { $0.key < $1.key }) { sample([(label, value)], count) }
    }
}
