import Domain
import Engine
import Gateway
import Hummingbird
import Instruments
import NIOPosix

/// `/api/symbols`: the instrument master.
extension Backend {
    func searchSymbols(_ call: Call) async throws -> Answer {
        var query = call.query
        let limit = query.limit(default: 20, maximum: 500)
        let venue = query.venue()
        let kind = query.value("kind", "one of \(InstrumentKind.choices)") { InstrumentKind(rawName: $0.uppercased()) }
        let text = query.text("query")
        if text == nil || (text?.utf8.count ?? 0) > 128 {
            query.refuse(
                "query", text, "is no search text", remedy: "send 1 to 128 bytes: beginnings of words")
        }
        try query.check()
        let (snapshot, found) = gateway.market.master.search(
            text ?? "", venue: venue == InstrumentID.anyVenue ? nil : venue, kind: kind, limit: limit)
        return .list(found) { json, index in
            if let id = snapshot.id(index) { json.instrument(id, index, snapshot, nil) }
        }
    }

    func showSymbol(_ call: Call) async throws -> Answer {
        var query = call.query
        let namespace = query.text("namespace") ?? "sluice"
        let venue = query.venue()
        try query.check()
        return try await showSymbol(call.parameter(0), in: namespace, venue: venue)
    }

    private func showSymbol(_ text: String, in namespace: String, venue: String?) async throws -> Answer {
        let master = gateway.market.master
        let index = try Self.found(master.lookUp(text, in: namespace, venue: venue), text, namespace)
        let snapshot = gateway.market.instruments.snapshot
        guard let id = snapshot.id(index) else { throw Self.unknown(text) }
        let identity = try await NIOThreadPool.singleton.runIfActive { try master.identity(of: id) }
        let last = gateway.market.reference(id)
        return .json(reserving: 2_048) { json in
            json.object {
                $0.instrumentMembers(id, index, snapshot, last)
                $0.identity(identity, index, snapshot)
            }
        }
    }

    private static func unknown(_ text: String) -> Problem {
        Problem.notFound("symbol", text, remedy: "GET /api/symbols/search?query= finds instruments")
    }

    /// What a lookup found, or why it found none.
    private static func found(
        _ lookup: InstrumentMaster.Lookup, _ text: String, _ namespace: String
    ) throws(Problem) -> InstrumentIndex {
        switch lookup {
        case .found(let index): return index
        case .none: throw unknown(text)
        case .several(let ids):
            throw Problem(
                .conflict, "ambiguous_symbol", path: "{symbol}", value: text,
                "\(namespace) calls several instruments so: \(ids.map(\.text).joined(separator: ", "))",
                remedy: "name one of them, or add ?venue= where their venues differ")
        case .malformed(let reason):
            let what = namespace == "sluice" ? "an instrument id" : "a name of \(namespace)"
            throw Problem(
                .badRequest, "invalid_request", path: "{symbol}", value: text, reason, remedy: "write \(what)")
        case .unknownNamespace(let known):
            throw Problem(
                .badRequest, "invalid_request", path: "?namespace", value: namespace, "there is no such namespace",
                remedy: "one of \(known.joined(separator: ", "))")
        }
    }

    /// Asks adapters for their instruments now.
    func syncSymbols(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let timeout = query.integer("timeout_ms", 0...300_000) ?? 60_000
        try query.check()
        var reader = ObjectReader(try await call.object())
        let named = reader.text("adapter_id")
        let accepts = reader.boolean("accept_shrinking", default: false)
        reader.finish(Schema.syncRequest)
        var adapter: AdapterID?
        if let named {
            adapter = AdapterID(named)
            if adapter == nil {
                reader.refuse(
                    "adapter_id", .string(named), "is no adapter id", remedy: "GET /api/brokers lists adapters")
            }
        }
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let reports = try await gateway.syncInstruments(
            adapter, acceptsShrinking: accepts, by: principal.caller.actor, timeoutMilliseconds: timeout)
        return .list(reports) { $0.refresh($1) }
    }

    func showSymbolStatistics(_ call: Call) async throws -> Answer {
        let statistics = gateway.market.master.statistics(at: gateway.clock.wall())
        return .json(reserving: 2_048) { $0.statistics(statistics) }
    }

    /// A person's word on figures that adapters say differently.
    func acknowledgeSymbol(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let text = call.parameter(0)
        var reader = ObjectReader(try await call.object())
        let adapter = reader.required("adapter_id", "whose figures are right") { $0.text("adapter_id") }
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        reader.finish(Schema.acknowledgeRequest)
        guard let adapter, let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let index = try Self.found(gateway.market.master.lookUp(text, in: "sluice"), text, "sluice")
        guard let id = gateway.market.instruments.snapshot.id(index) else { throw Self.unknown(text) }
        try await gateway.acknowledgeInstrument(
            id, believing: adapter, reason: reason, by: principal.caller.actor)
        return try await showSymbol(text, in: "sluice", venue: nil)
    }
}

extension QueryParameters {
    /// A venue, in capitals.
    fileprivate mutating func venue() -> String? {
        value("venue", "one of ANY, \(InstrumentID.venues.sorted().joined(separator: ", "))") { text in
            let upper = text.uppercased()
            return InstrumentID.venues.contains(upper) || upper == InstrumentID.anyVenue ? upper : nil
        }
    }
}

extension JSONWriter {
    /// An instrument; one whose figures are incomplete has `null` where they are missing, and says what is.
    fileprivate mutating func instrument(
        _ id: InstrumentID, _ index: InstrumentIndex, _ snapshot: InstrumentSnapshot, _ last: (ExactDecimal, Timestamp)?
    ) {
        object { $0.instrumentMembers(id, index, snapshot, last) }
    }

    fileprivate mutating func instrumentMembers(
        _ id: InstrumentID, _ index: InstrumentIndex, _ snapshot: InstrumentSnapshot, _ last: (ExactDecimal, Timestamp)?
    ) {
        let record = snapshot.record(index)
        let refusal = snapshot.refusal(index)
        write {
            $0.member("symbol", id.text)
            $0.member("name", snapshot.name(index))
            $0.member("venue", String(id.venue))
            $0.member("kind", id.kind.rawName)
            $0.member("currency", record?.currency.description)
            $0.member("tick_size", text: record?.tickSize)
            if let table = record?.tickTable {
                $0.list("tick_table", table.bands) { json, band in
                    json.object {
                        $0.member("from", text: band.from)
                        $0.member("tick", text: band.tick)
                    }
                }
            } else {
                $0.member("tick_table", String?.none)
            }
            $0.member("lot_size", text: record?.lotSize)
            $0.member("multiplier", text: record?.multiplier)
            $0.member("contract_size", text: record?.contractSize)
            $0.member("freeze_quantity", text: record?.freezeQuantity)
            $0.member("min_quantity", text: record?.minimumQuantity)
            $0.member("max_quantity", text: record?.maximumQuantity)
            $0.member("price_low", text: record?.priceLow)
            $0.member("price_high", text: record?.priceHigh)
            $0.member("expiry", (record?.expiry ?? id.expiry)?.description)
            $0.member("tradable", refusal == nil && record != nil)
            $0.member("refusal", refusal)
            $0.member("source", record?.source)
            if let last {
                $0.member("last_price", text: last.0)
                $0.member("last_price_at", last.1)
            }
        }
    }

    private mutating func write(_ body: (inout JSONWriter) -> Void) { body(&self) }

    /// What stays of an instrument, its names, and who deviates from the figures in force.
    fileprivate mutating func identity(
        _ identity: InstrumentIdentity?, _ index: InstrumentIndex, _ snapshot: InstrumentSnapshot
    ) {
        member("isin", snapshot.isin(index)?.text)
        member("underlying", snapshot.underlying(index)?.text)
        member("renamed_to", snapshot.successor(index)?.text)
        member("uid", identity?.uid)
        member("valid_from", identity?.validFrom)
        member("valid_to", identity?.validTo)
        // What follows of the id and its ISIN has held as long as they have.
        let derived = snapshot.publicNames(index).map { namespace, name in
            InstrumentAlias(
                namespace: namespace, text: name, brokerData: nil,
                validFrom: identity?.validFrom ?? Timestamp(nanoseconds: 0), validTo: nil)
        }
        list("aliases", (identity?.aliases ?? []) + (identity == nil ? [] : derived)) { json, alias in
            json.object {
                $0.member("namespace", alias.namespace)
                $0.member("alias", alias.text)
                $0.member("valid_from", alias.validFrom)
                $0.member("valid_to", alias.validTo)
            }
        }
        list("quarantines", snapshot.quarantines(index)) { $0.quarantine(nil, $1) }
    }

    private mutating func quarantine(_ id: InstrumentID?, _ quarantine: InstrumentQuarantine) {
        object {
            if let id { $0.member("symbol", id.text) }
            $0.member("adapter_id", quarantine.source)
            $0.member("field", quarantine.field)
            $0.member("stated", quarantine.stated)
            $0.member("in_force", quarantine.inForce)
        }
    }

    fileprivate mutating func refresh(_ report: InstrumentRefreshReport) {
        object {
            $0.member("adapter_id", report.adapter.rawValue)
            $0.member(
                "status", report.failure != nil ? "failed" : report.merge == nil ? "under_way" : "refreshed")
            $0.member("reason", report.failure)
            $0.member("took_ms", report.nanoseconds / 1_000_000)
            $0.merge(report.merge)
        }
    }

    private mutating func merge(_ merge: InstrumentMerge?) {
        member("rows", merge.map { Int64($0.rowCount) })
        member("added", merge.map { Int64($0.addedCount) })
        member("changed", merge.map { Int64($0.changedCount) })
        member("withdrawn", merge.map { Int64($0.withdrawnCount) })
        member("kept", merge.map { Int64($0.keptCount) })
        member("renamed", merge.map { Int64($0.renames.count) })
        member("repeated", merge.map { Int64($0.repeatedCount) })
        member("cleaned", merge.map { Int64($0.cleanedCount) })
        member("disagreeing", merge.map { Int64($0.disagreements.count) })
        member("refused", merge.map { Int64($0.refusedCount) })
        list("refusals", merge?.refusals.prefix(100) ?? []) { json, refusal in
            json.object {
                $0.member("symbol", refusal.id)
                $0.member("field", refusal.field)
                $0.member("reason", refusal.reason)
            }
        }
    }

    fileprivate mutating func statistics(_ statistics: InstrumentStatistics) {
        object {
            $0.member("instruments", Int64(statistics.instruments))
            $0.member("version", statistics.version)
            $0.list("adapters", statistics.sources) { json, source in
                json.object {
                    $0.member("adapter_id", source.name)
                    $0.member("listed", Int64(source.listed))
                    $0.member("refreshed_at", source.refreshedAt)
                    $0.member("stale_for_trading", source.isStaleForTrading)
                    $0.member("stale_for_search", source.isStaleForSearch)
                    $0.member("last_attempt_at", source.last?.at)
                    $0.member("last_failure", source.last?.failure)
                    $0.member("last_took_ms", source.last.map { $0.nanoseconds / 1_000_000 })
                    $0.merge(source.last?.merge)
                }
            }
            $0.member("quarantined", Int64(statistics.quarantines.count))
            $0.list("quarantines", statistics.quarantines.prefix(500)) { json, entry in
                for quarantine in entry.quarantines { json.quarantine(entry.id, quarantine) }
            }
            $0.key("searches")
            $0.object {
                let searches = statistics.searches
                let computed = searches.asked - searches.remembered
                $0.member("asked", searches.asked)
                $0.member("remembered", searches.remembered)
                $0.member("entries", Int64(searches.entries))
                $0.member("mean_us", computed > 0 ? searches.totalNanoseconds / computed / 1_000 : 0)
                $0.member("longest_us", searches.longestNanoseconds / 1_000)
            }
        }
    }
}
