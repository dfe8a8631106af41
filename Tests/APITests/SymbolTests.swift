import Domain
import Gateway
import Instruments
import Testing

@testable import API

@Suite("Instruments over HTTP")
struct SymbolTests {
    private func list(_ source: String, freeze: ExactDecimal, in fixture: APIFixture) throws {
        var row = InstrumentFields(id: try InstrumentID("US:EQ:AAPL"))
        (row.currency, row.freezeQuantity, row.alias) = (Currency("USD"), freeze, "\(source)-AAPL")
        let load = InstrumentLoad(source: source)
        load.append([row])
        try fixture.runtime.market.master.finish(load, at: fixture.gateway.clock.wall())
    }

    @Test("Names, ages and quarantines are shown, and a person's word settles a difference")
    func acknowledge() async throws {
        let fixture = try await APIFixture(accounts: 1)
        try list("alpha", freeze: 100, in: fixture)
        try list("beta", freeze: 50, in: fixture)
        try await APIFixture.router(fixture) { client in
            let path = "/api/symbols/US:EQ:AAPL"
            let shown = try await client.send(.get, path)
            #expect(shown.body["quarantines"]?.array?.first?["adapter_id"]?.string == "beta")
            #expect(shown.body["quarantines"]?.array?.first?["stated"]?.string == "50")
            #expect(
                shown.body["aliases"]?.array?.compactMap { $0["alias"]?.string }
                    == ["US:EQ:AAPL", "alpha-AAPL", "beta-AAPL"])
            let statistics = try await client.send(.get, "/api/symbols/cache/stats")
            #expect(statistics.body["quarantined"]?.decimalOrText == 1)
            #expect(statistics.body["adapters"]?.array?.compactMap { $0["adapter_id"]?.string } == ["alpha", "beta"])

            let unknown = try await client.send(
                .post, path + "/acknowledge", ["adapter_id": "gamma", "reason": "a guess"])
            #expect(unknown.status == 400 && unknown.body["detail"]?.string?.contains("gamma does not list it") == true)
            let silent = try await client.send(.post, path + "/acknowledge", ["adapter_id": "beta"])
            #expect(silent.status == 400)
            let settled = try await client.send(
                .post, path + "/acknowledge", ["adapter_id": "beta", "reason": "circular 12"])
            #expect(settled.status == 200 && settled.body["quarantines"]?.array?.isEmpty == true)
            #expect(settled.body["freeze_quantity"]?.string == "50")
        }
    }

    @Test("A tick table is shown with its instrument, and what all its ticks are multiples of")
    func tickTable() async throws {
        let fixture = try await APIFixture(accounts: 1)
        var row = InstrumentFields(id: try InstrumentID("NSE:EQ:INFY"))
        (row.currency, row.lotSize, row.tickTable) = (Currency("INR"), 1, try TickTable("0:0.01 250:0.05"))
        let load = InstrumentLoad(source: "alpha")
        load.append([row])
        try fixture.runtime.market.master.finish(load, at: fixture.gateway.clock.wall())
        try await APIFixture.router(fixture) { client in
            let shown = try await client.send(.get, "/api/symbols/NSE%3AEQ%3AINFY")
            #expect(shown.body["tick_size"]?.string == "0.01")
            let bands = shown.body["tick_table"]?.array ?? []
            #expect(
                bands.map { $0["from"]?.string } == ["0", "250"]
                    && bands.map { $0["tick"]?.string } == ["0.01", "0.05"])
        }
    }

    @Test(
        "An instrument is shown by any of its names, ambiguous and malformed ones are refused with what would be right")
    func namespaces() async throws {
        let fixture = try await APIFixture(accounts: 1)
        var rows: [InstrumentFields] = []
        for text in ["BINANCE:SPOT:BTC-USDT", "BYBIT:SPOT:BTC-USDT", "OPRA:OPT:AAPL:20270917:260:C"] {
            var row = InstrumentFields(id: try InstrumentID(text))
            (row.currency, row.tickSize, row.lotSize, row.multiplier) = (Currency("USD"), 1, 1, 1)
            (row.alias, row.isin) = ("alpha:\(text)", text.hasPrefix("OPRA") ? ISIN("US0378331005") : nil)
            rows.append(row)
        }
        let load = InstrumentLoad(source: "alpha")
        load.append(rows)
        try fixture.runtime.market.master.finish(load, at: fixture.gateway.clock.wall())
        try await APIFixture.router(fixture) { client in
            for (name, query) in [
                ("AAPL%20%20270917C00260000", "namespace=osi"), ("US0378331005", "namespace=isin"),
                ("alpha%3AOPRA%3AOPT%3AAAPL%3A20270917%3A260%3AC", "namespace=alpha"),
                ("opra:opt:aapl:20270917:260:c", "namespace=sluice"),
            ] {
                let shown = try await client.send(.get, "/api/symbols/\(name)?\(query)")
                #expect(shown.body["symbol"]?.string == "OPRA:OPT:AAPL:20270917:260:C", "\(name) \(shown.body)")
                let names = (shown.body["aliases"]?.array ?? []).map {
                    "\($0["namespace"]?.string ?? "") \($0["alias"]?.string ?? "")"
                }
                #expect(names.contains("osi AAPL  270917C00260000") && names.contains("isin US0378331005"))
            }
            let both = try await client.send(.get, "/api/symbols/BTC%2FUSDT?namespace=ccxt")
            #expect(both.status == 409 && both.body["code"]?.string == "ambiguous_symbol")
            #expect(both.body["detail"]?.string?.contains("BYBIT:SPOT:BTC-USDT") == true)
            let one = try await client.send(.get, "/api/symbols/BTC%2FUSDT?namespace=ccxt&venue=BYBIT")
            #expect(one.body["symbol"]?.string == "BYBIT:SPOT:BTC-USDT")
            let unknown = try await client.send(.get, "/api/symbols/AAPL?namespace=moon")
            #expect(unknown.status == 400 && "\(unknown.body)".contains("tradingview, alpha"))
            #expect(try await client.send(.get, "/api/symbols/AAPL?namespace=osi").status == 400)
            #expect(try await client.send(.get, "/api/symbols/ETH%2FUSDT?namespace=ccxt").status == 404)
        }
    }

    @Test(
        "A malformed id is refused with the reason, not called unknown",
        arguments: [
            ("PAPER:EQ:X", "is not a venue"), ("NFO:OPT:NIFTY:20261231:292.50:P", "without trailing zeros"),
            ("NSE:EQ:X:EQ", "is left out"), ("nse:eq:m%2526m", "written as the character itself"),
        ])
    func malformed(text: String, reason: String) async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            for answer in [
                try await client.send(.get, "/api/symbols/\(text)"),
                try await client.send(
                    .post, "/api/symbols/\(text)/acknowledge", ["adapter_id": "beta", "reason": "circular 12"]),
            ] {
                #expect(
                    answer.status == 400 && answer.body["detail"]?.string?.contains(reason) == true, "\(answer.body)")
            }
            #expect(try await client.send(.get, "/api/symbols/NSE:EQ:NOSUCH").status == 404)
        }
    }

    @Test("A sync names adapters that cannot be asked, and refuses what is no adapter id")
    func sync() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            let all = try await client.send(.post, "/api/symbols/sync", [:])
            #expect(all.status == 200 && all.body["items"]?.array?.isEmpty == true)
            let named = try await client.send(.post, "/api/symbols/sync", ["adapter_id": "gamma"])
            #expect(named.body["items"]?.array?.first?["status"]?.string == "failed")
            #expect(try await client.send(.post, "/api/symbols/sync", ["adapter_id": "Not An Id"]).status == 400)
            #expect(try await client.send(.post, "/api/symbols/sync", ["adapter": "gamma"]).status == 400)
        }
    }

    @Test("A search that was asked before is answered from memory, and counted")
    func searches() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            for _ in 0..<3 {
                let found = try await client.send(.get, "/api/symbols/search?query=aa")
                #expect(found.body["items"]?.array?.first?["symbol"]?.string == "US:EQ:AAPL")
            }
            let searches = try await client.send(.get, "/api/symbols/cache/stats").body["searches"]
            #expect(searches?["asked"]?.decimalOrText == 3 && searches?["remembered"]?.decimalOrText == 2)
        }
    }
}
