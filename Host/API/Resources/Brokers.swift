import Adapters
import Domain
import Engine
import Hummingbird

/// `/api/brokers`: every adapter whose manifest was found, loaded or not, and why.
extension Backend {
    func listBrokers(_ call: Call) async throws -> Answer {
        var query = call.query
        let page = try page(adapters.statuses, &query) { $0.id }
        return .list(page.items, next: page.next) { $0.broker($1, circuit: circuit(of: $1.id), sessions: nil) }
    }

    func showBroker(_ call: Call) async throws -> Answer {
        let text = call.parameter(0)
        guard let status = adapters.statuses.first(where: { $0.id == text }) else {
            throw Problem.notFound("broker", text, remedy: "GET /api/brokers lists brokers")
        }
        let covered = coveredAccounts(try call.caller())
        let sessions = adapters.sessions.filter { $0.id.adapter.rawValue == text }
        return .json(reserving: 4_096) {
            $0.broker(status, circuit: circuit(of: text), sessions: (sessions, covered))
        }
    }
}

extension JSONWriter {
    /// Paths of files on the machine are left out: they say nothing to a client.
    ///
    /// - Parameter sessions: of one adapter shown whole, with the accounts that the caller may see.
    fileprivate mutating func broker(
        _ status: AdapterStatus, circuit: CircuitBreaker.State?,
        sessions: (all: [AdapterSession], covered: Set<AccountID>?)?
    ) {
        object { json in
            json.member("id", status.id)
            json.member("state", status.state.rawValue)
            json.key("refusal")
            if let refusal = status.refusal {
                json.object {
                    $0.member("code", refusal.code.rawValue)
                    $0.member("message", refusal.text)
                }
            } else {
                json.null()
            }
            json.list("warnings", status.warnings)
            json.member("name", status.description?.name)
            json.member("version", status.version)
            json.member("language", status.language)
            json.member("isolation", status.isolation.rawValue)
            json.member("required", status.isRequired)
            json.member("sha256", status.sha256)
            json.member("abi_minor", status.abiMinor.map(Int64.init))
            json.list("capabilities", status.capabilities.names)
            json.list("offers", status.description?.offers.names ?? [])
            if sessions != nil, let description = status.description { json.descriptor(description) }
            json.member("circuit", circuit?.rawValue)
            if let sessions { json.flows(sessions.all, covered: sessions.covered) }
            json.key("health")
            json.counters(status.counters)
        }
    }

    private mutating func descriptor(_ description: AdapterDescription) {
        member("vendor", description.vendor)
        member("licence", description.licence)
        member("homepage", description.homepage)
        member("visibility_delay_ms", description.visibilityDelayNanoseconds / 1_000_000)
        member("max_batch", description.maximumBatch)
        member("max_in_flight", description.maximumInFlight)
        list("rate_limits", description.rateBuckets) { json, bucket in
            json.object {
                $0.member("id", bucket.id)
                $0.member("by", bucket.scopeKey)
                $0.member("mode", bucket.mode.rawValue)
                $0.list("windows", bucket.windows) { json, window in
                    json.object {
                        $0.member("units", Int64(window.units))
                        $0.member("per_ms", window.windowNanoseconds / 1_000_000)
                    }
                }
            }
        }
        document("config_schema", description.configSchema)
        document("order_options_schema", description.orderOptionsSchema)
        document("capability_document", description.capabilityDocument)
    }

    /// An adapter's own JSON; what does not parse is left out as `null`.
    mutating func document(_ name: String, _ text: String?) {
        member(name, text.flatMap { try? JSONValue.parse($0, limits: .large) } ?? .null)
    }

    private mutating func counters(_ counters: AdapterCounters) {
        func count(_ value: UInt64) -> Int64 { Int64(clamping: value) }
        object {
            $0.member("calls", count(counters.calls))
            $0.member("slow_calls", count(counters.slowCalls))
            $0.member("overrun_calls", count(counters.overrunCalls))
            $0.member("longest_call_us", counters.longestCallNanoseconds / 1_000)
            $0.member("breaches", count(counters.breaches))
            $0.member("late_completions", count(counters.lateCompletions))
            $0.member("deadlines", count(counters.deadlines))
            $0.member("dropped_log_lines", count(counters.droppedLogLines))
            $0.member("dropped_candles", count(counters.droppedCandles))
            $0.member("quota_refusals", count(counters.quotaRefusals))
            $0.member("throttled", count(counters.throttled))
            $0.member("circuit_openings", count(counters.circuitOpenings))
        }
    }
}
