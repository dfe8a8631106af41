import AdapterKit
import Exact
import Testing

@testable import Paper

@Suite("Settings")
struct SettingsTests {
    private func read(_ text: String) throws -> Settings {
        try Settings(config: try JSONValue.parse(text), currency: "INR")
    }

    /// Every default that the schema states, gathered into a config.
    private func defaults(_ schema: JSONValue) -> JSONValue {
        var object = JSONObject()
        for (key, property) in schema["properties"]?.object ?? JSONObject() {
            if property["properties"] != nil {
                object.append(key, defaults(property))
            } else if let value = property["default"] {
                object.append(key, value)
            }
        }
        return .object(object)
    }

    @Test("The schema's defaults are the ones that hold where nothing is set")
    func defaultsAgree() throws {
        let schema = try JSONValue.parse(Settings.schema)
        let stated = defaults(schema)
        #expect(stated.object?.count ?? 0 > 10)
        #expect(try Settings(config: stated, currency: "INR") == Settings())
        #expect(try read("{}") == Settings())
    }

    @Test("The schema knows every setting that is read")
    func schemaIsWhole() throws {
        let full = """
            {"starting_cash":"5","margin_bps":{"INTRADAY":1,"CARRY":2,"MARGIN":3,"WRITTEN_OPTION":4},"slippage_bps":5,
            "fees":{"per_order":"1","bps":"2.5","minimum":"3","maximum":"4","decimals":1},"participation_bps":6,
            "quote_size_bps":7,"fills_from":"quotes","ack_delay_ms":8,"fill_delay_ms":9,"day_end":"10:30",
            "price_band_bps":11,"reject_market_without_price":true,"max_working_orders":12,"max_remembered_orders":13,
            "max_instruments":14,"positions":[],"instruments":[],"scenario":{}}
            """
        let settings = try read(full)
        #expect(settings.fees.rate == 25_000)
        #expect(settings.dayEndNanoseconds == 37_800_000_000_000)
        #expect(settings.acknowledgementDelayNanoseconds == 8_000_000)
        let schema = try JSONValue.parse(Settings.schema)
        let config = try JSONValue.parse(full)
        #expect(config.object?.keys.sorted() == schema["properties"]?.object?.keys.sorted())
        for section in ["margin_bps", "fees"] {
            let stated = schema["properties"]?[section]?["properties"]?.object?.keys.sorted()
            #expect(config[section]?.object?.keys.sorted() == stated)
        }
    }

    @Test(
        "A wrong setting is refused by name, value and what would be right",
        arguments: [
            (#"{"slippage_bps":-1}"#, "config.slippage_bps is -1; it must be a whole number from 0 to 10000"),
            (#"{"day_end":"25:00"}"#, "config.day_end is \"25:00\"; it must be a time of day in UTC, such as 10:00"),
            (
                #"{"fees":{"bps":"0.00001"}}"#,
                "config.fees.bps is 0.00001; it must be 0 to 10000 with at most four decimals"
            ),
            (
                #"{"starting_cash":"-5"}"#,
                "config.starting_cash is -5; it must be an amount from 0 to 10^15 with at most 18 decimals"
            ),
            (#"{"leverage":5}"#, "config.leverage is not a setting of the paper adapter"),
            (#"{"fills_from":"trades"}"#, "config.fills_from is \"trades\"; it must be auto, quotes or candles"),
            (#"{"positions":[{"product":"CASH"}]}"#, "config.positions[0].quantity is missing"),
            (#"[]"#, "config is not an object"),
        ])
    func refusals(_ text: String, _ expected: String) throws {
        let config = try JSONValue.parse(text)
        do {
            _ = try Settings(config: config, currency: "INR")
            Issue.record("accepted")
        } catch {
            #expect(error.text == expected)
        }
    }

    @Test("The end of a day is the first one after an instant, before the epoch too")
    func dayEnds() {
        var settings = Settings()
        settings.dayEndNanoseconds = 3_600_000_000_000
        #expect(settings.dayEnd(after: Timestamp(nanoseconds: 0)).nanoseconds == 3_600_000_000_000)
        #expect(
            settings.dayEnd(after: Timestamp(nanoseconds: 3_600_000_000_000)).nanoseconds
                == 90_000_000_000_000)
        #expect(settings.dayEnd(after: Timestamp(nanoseconds: -82_800_000_000_001)).nanoseconds == -82_800_000_000_000)
        #expect(settings.dayEnd(after: Timestamp(nanoseconds: .max)).nanoseconds == .max)
    }

    @Test("Seeded positions are there before the first order")
    func seeds() throws {
        let settings = try read(
            """
            {"positions":[
              {"instrument":"NSE:EQ:ACME","product":"DELIVERY","quantity":"5","average_price":"90.05"},
              {"instrument":"NFO:FUT:ACME:20261231","product":"CARRY","quantity":"-75","average_price":"91"}]}
            """)
        var desk = Desk(settings)
        #expect(try desk.bucket(.delivery).heldQuantity == 5)
        #expect(try desk.bucket(.carry, on: Desk.future).quantity == -75)
        #expect(desk.broker.ledger.usedTotal == Money(1_365))
        try desk.quote(last: "100")
        #expect(try desk.fillsOf(.sell, 5, .limit, price: "95") == ["5@100"])
    }

    @Test("The capability document is JSON and names what the adapter offers")
    func capabilities() throws {
        let document = try JSONValue.parse(Settings.capabilityDocument)
        #expect(document["combinations"]?.array?.count == 4)
        #expect(document["max_batch"]?.int64 == Int64(PaperBroker.descriptor.maxBatch))
    }
}
