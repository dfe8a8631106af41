import Domain
import Engine
import Gateway
import Hummingbird
import Prices

/// `/api/symbols`: the instrument master.
extension Backend {
    func searchSymbols(_ call: Call) async throws -> Answer {
        var query = call.query
        let limit = query.limit(default: 20, maximum: 500)
        let venue = query.value("venue", "one of \(InstrumentID.venues.sorted().joined(separator: ", "))") { text in
            InstrumentID.venues.contains(text.uppercased()) ? text.uppercased() : nil
        }
        let kind = query.value("kind", "one of \(InstrumentKind.choices)") { InstrumentKind(rawName: $0.uppercased()) }
        let text = query.text("query")
        if text == nil || (text?.utf8.count ?? 0) > 128 {
            query.refuse(
                "query", text, "is no search text", remedy: "send 1 to 128 bytes: beginnings of words of id or name")
        }
        try query.check()
        let snapshot = gateway.market.instruments.snapshot
        let found = snapshot.search(text ?? "", venue: venue, kind: kind, limit: limit)
        return .list(found) { json, index in
            if let id = snapshot.id(index) { json.instrument(id, index, snapshot, nil) }
        }
    }

    func showSymbol(_ call: Call) async throws -> Answer {
        let text = call.parameter(0)
        let snapshot = gateway.market.instruments.snapshot
        guard let id = try? InstrumentID(text), let index = snapshot.index(of: id) else {
            throw Problem.notFound("symbol", text, remedy: "GET /api/symbols/search?query= finds instruments")
        }
        return .json(reserving: 1_024) { $0.instrument(id, index, snapshot, gateway.market.reference(id)) }
    }
}

extension JSONWriter {
    /// An instrument; one whose figures are incomplete has `null` where they are missing, and says what is.
    fileprivate mutating func instrument(
        _ id: InstrumentID, _ index: InstrumentIndex, _ snapshot: InstrumentSnapshot, _ last: (ExactDecimal, Timestamp)?
    ) {
        let record = snapshot.record(index)
        let refusal = snapshot.refusal(index)
        object {
            $0.member("symbol", id.text)
            $0.member("name", snapshot.name(index))
            $0.member("venue", String(id.venue))
            $0.member("kind", id.kind.rawName)
            $0.member("currency", record?.currency.description)
            $0.member("tick_size", text: record?.tickSize)
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
}
