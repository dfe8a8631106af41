import Domain
import Gateway
import Telemetry

/// Numbers over what telemetry has kept. Percentiles come from merged histograms, never from other percentiles.
extension Backend {
    /// Everything captured until now, kept, and read away from the event loops.
    ///
    /// - Parameter withDays: results of the days under way as well, which asks every account.
    private func telemetry<Value: Sendable>(
        withDays: Bool = false, _ body: @escaping @Sendable (TelemetryStore) throws -> Value
    ) async throws -> Value {
        let service = runtime.telemetry
        guard let store = service.store else {
            throw Problem(
                .serviceUnavailable, "telemetry_off",
                "nothing is kept: telemetry is off, or its file could not be opened")
        }
        do {
            return try await offLoop {
                service.flush(withDays: withDays)
                return try body(store)
            }
        } catch let failure as TelemetryStore.Failure {
            if failure.isTooWide {
                throw Problem(
                    .badRequest, "too_many_rows", path: "query", value: "", failure.description,
                    remedy: "narrow it by from, to, group, account, adapter or strategy, or ask for wider steps")
            }
            throw Problem(.serviceUnavailable, "telemetry_failed", failure.description)
        }
    }

    func showLatency(_ call: Call) async throws -> Answer {
        var query = call.query
        let (from, to) = query.window()
        var question = LatencyQuestion(from: from, to: to)
        question.groups = query.groups(for: try call.caller())
        question.account = query.account()
        question.adapter = query.value("adapter", AdapterID.rule) { AdapterID($0) }
        question.stage = query.word("stage", Stage.allCases.map(\.rawName)).flatMap { name in
            Stage.allCases.first { $0.rawName == name }
        }
        let names = LatencyQuestion.Dimension.allCases.map(\.rawValue)
        question.by =
            query.value("by", "some of \(names.joined(separator: ",")), or none") { text in
                if text == "none" { return [] }
                let words = text.split(separator: ",").map { LatencyQuestion.Dimension(rawValue: String($0)) }
                return words.contains(nil) ? nil : Set(words.compactMap(\.self))
            } ?? [.adapter]
        question.step = query.value("step_minutes", "a whole number from 1 to 10080") { text in
            Int64(text).flatMap { (1...10_080).contains($0) ? $0 * 60 : nil }
        }
        try query.check()
        let asked = question
        let rows = try await telemetry { try $0.latencies(asked) }
        return .list(rows) { json, row in json.latency(row) }
    }

    func showSummary(_ call: Call) async throws -> Answer {
        var query = call.query
        let filter = query.telemetryFilter(for: try call.caller())
        try query.check()
        var question = LatencyQuestion(
            from: filter.from, to: filter.to, groups: filter.groups, account: filter.account, adapter: filter.adapter)
        question.by = []
        let asked = question
        let (totals, counts, latencies) = try await telemetry { store in
            (try store.totals(filter), try store.legCounts(filter), try store.latencies(asked))
        }
        let (legs, refusals) = (counts.statuses, counts.refusals)
        let failed = ["REFUSED", "REJECTED", "NOT_SENT", "UNKNOWN"].reduce(0) { $0 + (legs[$1] ?? 0) }
        return .json(reserving: 2_048) {
            $0.object {
                $0.member("from", filter.from)
                $0.member("to", filter.to)
                $0.member("runs", totals.runs.values.reduce(0, +))
                $0.counts("runs_by_status", totals.runs)
                $0.member("legs", legs.values.reduce(0, +))
                $0.counts("legs_by_status", legs)
                $0.member("legs_failed", failed)
                $0.list("refusals", refusals) { json, refusal in
                    json.object {
                        $0.member("code", refusal.code)
                        $0.member("legs", refusal.legs)
                    }
                }
                $0.key("send_spread_us")
                $0.object {
                    $0.member("runs", totals.spreads)
                    $0.member("mean", totals.meanSpread.map { $0 / 1_000 })
                    $0.member("max", totals.longestSpread.map { $0 / 1_000 })
                }
                $0.list("latency", latencies) { $0.latency($1) }
            }
        }
    }

    func showOutcomes(_ call: Call) async throws -> Answer {
        var query = call.query
        let filter = query.telemetryFilter(for: try call.caller())
        try query.check()
        let outcomes = try await telemetry { try $0.outcomes(filter) }
        return .list(outcomes) { json, outcome in
            json.object {
                $0.member("adapter_id", outcome.adapter.rawValue)
                $0.member("account_id", outcome.account.rawValue)
                $0.member("status", outcome.status)
                $0.member("code", outcome.code)
                $0.member("legs", outcome.legs)
                $0.member("retries", outcome.retries)
                $0.member("mean_adapter_us", outcome.adapterTime.map { $0 / 1_000 })
                $0.member("mean_wire_us", outcome.wireTime.map { $0 / 1_000 })
                $0.member("mean_network_us", outcome.networkTime.map { $0 / 1_000 })
                $0.member("mean_broker_us", outcome.brokerTime.map { $0 / 1_000 })
                $0.member("sent_first", outcome.sentFirst)
                $0.member("sent_with_others", outcome.ranked)
                $0.member("mean_send_place_permille", outcome.sendPlace)
            }
        }
    }

    func showStrategies(_ call: Call) async throws -> Answer {
        var query = call.query
        let filter = query.telemetryFilter(for: try call.caller())
        try query.check()
        let reports = try await telemetry { try $0.strategies(filter) }
        return .list(reports) { json, report in
            json.object {
                $0.member("strategy", report.strategy)
                $0.member("currency", report.currency.description)
                $0.member("runs", report.runs.values.reduce(0, +))
                $0.counts("runs_by_status", report.runs)
                $0.member("legs", report.legs)
                $0.member("legs_refused", report.refused)
                $0.member("runs_priced", report.priced)
                $0.member("slippage_cost", text: report.slippageCost)
            }
        }
    }

    func showDailyResults(_ call: Call) async throws -> Answer {
        var query = call.query
        let principal = try call.caller()
        let (from, to) = query.window()
        let account = query.account()
        let adapter = query.value("adapter", AdapterID.rule) { AdapterID($0) }
        var covered = coveredAccounts(principal)
        if let wanted = query.group() {
            let members = principal.authority.covers(wanted) ? gateway.group(wanted)?.members.map(\.account) ?? [] : []
            covered = Set(members).intersection(covered ?? Set(members))
        }
        if let adapter {
            let its = Set(gateway.accounts().filter { $0.adapter == adapter }.map(\.id))
            covered = covered?.intersection(its) ?? its
        }
        try query.check()
        let day: Int64 = 86_400_000_000_000
        let first = from?.nanoseconds.dividedFloor(by: day) ?? .min
        let last = to.map { ($0.nanoseconds - 1).dividedFloor(by: day) } ?? .max
        let accounts = account.map { Set([$0]).intersection(covered ?? [$0]) } ?? covered
        let visible = try await telemetry(withDays: true) {
            try $0.dayResults(from: first, to: last, accounts: accounts)
        }
        return .list(visible) { json, result in
            json.object {
                $0.member("day", CivilDate(daysSinceEpoch: result.day).description)
                $0.member("account_id", result.account.rawValue)
                $0.member("currency", result.currency.description)
                $0.member("result", text: result.result.map { Money(minorUnits: $0, currency: result.currency) })
                $0.member("fees", text: Money(minorUnits: result.fees, currency: result.currency))
                $0.member("closed", result.isClosed)
                $0.member("at", result.at)
            }
        }
    }

    func listProcessSessions(_ call: Call) async throws -> Answer {
        var query = call.query
        let limit = query.limit()
        let cursor = query.value("cursor", "next_cursor of the page before") { TelemetryCursor($0) }
        try query.check()
        let page = try await telemetry { try $0.sessions(after: cursor, limit: limit) }
        return .list(page.rows, next: page.next?.description) { json, session in
            json.object {
                $0.member("id", session.id)
                $0.member("started_at", session.startedAt)
                $0.member("ended_at", session.endedAt)
                $0.member("reason", session.reason)
                $0.member("version", session.version)
                $0.member("configuration_hash", session.configurationHash)
            }
        }
    }
}

extension JSONWriter {
    mutating func latency(_ row: LatencyRow) {
        object {
            $0.member("start", row.start)
            $0.member("adapter_id", row.adapter?.rawValue)
            $0.member("account_id", row.account?.rawValue)
            $0.member("group_id", row.group?.rawValue)
            $0.member("stage", row.stage.rawName)
            $0.member("count", Int64(clamping: row.summary.count))
            $0.member("mean_us", Int64(clamping: row.summary.mean))
            $0.member("p50_us", Int64(clamping: row.summary.p50))
            $0.member("p90_us", Int64(clamping: row.summary.p90))
            $0.member("p99_us", Int64(clamping: row.summary.p99))
            $0.member("p999_us", Int64(clamping: row.summary.p999))
            $0.member("max_us", Int64(clamping: row.summary.maximum))
        }
    }

    /// An object of numbers, by name.
    mutating func counts(_ key: String, _ counts: [String: Int64]) {
        self.key(key)
        object { json in
            for (name, count) in counts.sorted(by: { $0.key < $1.key }) { json.member(name, count) }
        }
    }
}
