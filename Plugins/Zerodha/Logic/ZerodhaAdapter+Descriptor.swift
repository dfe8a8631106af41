import AdapterKit

extension ZerodhaAdapter {
    /// How long the broker's book may lack what the broker has accepted.
    static let visibilityDelayNanoseconds: Int64 = 45_000_000_000

    static let descriptor = Descriptor(
        id: "zerodha", name: "Zerodha (Kite Connect 3)", version: "1.0.0", vendor: "Sluice",
        licence: "Apache-2.0", homepage: "https://kite.trade",
        capabilities: [
            .submit, .modify, .cancel, .preview, .queryOrders, .queryTrades, .queryPositions, .queryHoldings,
            .queryFunds, .queryInstruments, .queryProfile, .queryOrderHistory, .queryQuotes, .queryCandles, .reconcile,
        ],
        // It carries a tag, finds nothing by it and takes a second order with the same one (FACTS.md §6).
        recovery: [.echoesTag, .streamsReports],
        // A look-up is believed when "at least some tens of seconds" have passed (FACTS.md §5).
        visibilityDelayNanoseconds: visibilityDelayNanoseconds,
        configSchema: KiteSettings.schema, capabilityDocument: capabilityDocument,
        orderOptionsSchema: OrderOptions.schema, rateBuckets: buckets, clientReferenceMax: 20)

    /// FACTS.md §7. Seconds are counted by API key, days by user and API key: both are the login's.
    private static let buckets = [
        RateBucket(
            id: Call.Bucket.orders.rawValue, scopeKey: "login",
            windows: [
                RateBucket.Window(units: 10, perNanoseconds: 1_000_000_000),
                RateBucket.Window(units: 400, perNanoseconds: 60_000_000_000),
            ]),
        // Placements alone are counted by the day: no number of them takes the cancels away.
        RateBucket(
            id: Call.Bucket.placements.rawValue, scopeKey: "login",
            windows: [RateBucket.Window(unitsPerDay: 5_000, resetsAfterMidnightNanoseconds: 0, zone: "Asia/Kolkata")]),
        RateBucket(
            id: Call.Bucket.quotes.rawValue, scopeKey: "login",
            windows: [RateBucket.Window(units: 1, perNanoseconds: 1_000_000_000)]),
        RateBucket(
            id: Call.Bucket.candles.rawValue, scopeKey: "login",
            windows: [RateBucket.Window(units: 3, perNanoseconds: 1_000_000_000)]),
        RateBucket(
            id: Call.Bucket.others.rawValue, scopeKey: "login",
            windows: [RateBucket.Window(units: 10, perNanoseconds: 1_000_000_000)]),
    ]

    static let connections = Connections(
        endpoints: [
            Connections.Endpoint(.https, endpoint, live: "https://api.kite.trade"),
            Connections.Endpoint(.webSocket, streamEndpoint, live: "wss://ws.kite.trade"),
        ],
        secrets: [
            Connections.SecretNeed("api_key", "names the application to the broker", isRequired: true),
            Connections.SecretNeed("api_secret", "signs logins and checks postbacks", isRequired: true),
            Connections.SecretNeed("request_token", "what the login page gives, good once", isRequired: false),
            Connections.SecretNeed("access_token", "the login itself, until 06:00 Indian time", isRequired: false),
            Connections.SecretNeed(
                "refresh_token", "renews a login, for platforms that the broker approved", isRequired: false),
            Connections.SecretNeed("public_token", "comes with a login and is not used", isRequired: false),
            Connections.SecretNeed("enctoken", "comes with a login and is not used", isRequired: false),
        ],
        vendorCalls: sessionCalls + [listCall]
            + VendorCall.all.map {
                Connections.VendorCall(
                    $0.name, $0.effect == .read ? .read : .mutation, $0.text, isReducing: $0.effect == .reducing,
                    argumentsSchema: $0.schema)
            },
        capabilities: [.subscribe, .vendorCall, .takesWebhooks],
        maxSubscriptions: 3_000,
        maxRequests: 256,
        loginText: "open the login page, sign in with the second factor; the broker leads back with a request_token")

    private static let capabilityDocument = #"""
        {"venues":["NSE","BSE","NFO","BFO","CDS","BCD","MCX","NCO"],
        "slicing_option":"autoslice",
        "modifiable":["quantity","price","trigger_price","order_type","time_in_force","disclosed_quantity","options"],
        "cases":{"packet_frame":"0001{size16}{packet}","intents":[{"op":"holdings_summary"},{"op":"holdings_compact"},{"op":"authorise_holdings"},
        {"op":"alert_create","name":"N","type":"simple","lhs_exchange":"NSE","lhs_tradingsymbol":"INFY","lhs_attribute":"LastTradedPrice","operator":">=","rhs_type":"constant","rhs_constant":"1500"},
        {"op":"alert_modify","uuid":"U","name":"N","type":"simple","lhs_exchange":"NSE","lhs_tradingsymbol":"INFY","lhs_attribute":"LastTradedPrice","operator":">=","rhs_type":"constant","rhs_constant":"1500"},
        {"op":"alert_list"},{"op":"alert_get","uuid":"U"},{"op":"alert_history","uuid":"U"},{"op":"alert_delete","uuids":["U"]},
        {"op":"profile_full"},{"op":"gtt_get","gtt_id":1},{"op":"order_trades","order_id":"1"},{"op":"invalidate_refresh_token","refresh_token":"R"},
        {"op":"cover_trigger_range","side":"SELL","instruments":[{"exchange":"NSE","symbol":"INFY"}]},
        {"op":"basket_margin","consider_positions":true,"orders":[{"exchange":"NSE","symbol":"INFY","side":"BUY","product":"DELIVERY","order_type":"MARKET","quantity":1}]},
        {"op":"funds","segment":"equity"},{"op":"funds","segment":"commodity"},{"op":"instruments","exchange":"NSE"},
        {"op":"auction_instruments"},{"op":"gtt_list"},{"op":"gtt_delete","gtt_id":1},
        {"op":"convert_position","exchange":"NSE","symbol":"INFY","side":"BUY","position_type":"DAY","quantity":1,"from_product":"INTRADAY","to_product":"DELIVERY"},
        {"op":"order_margin","orders":[{"exchange":"NSE","symbol":"INFY","side":"BUY","product":"DELIVERY","order_type":"MARKET","quantity":1}]},
        {"op":"order_charges","orders":[{"order_id":"1","exchange":"NSE","symbol":"INFY","side":"BUY","product":"DELIVERY","order_type":"MARKET","quantity":1,"average_price":1}]},
        {"op":"gtt_place","gtt_type":"SINGLE","exchange":"NSE","symbol":"INFY","trigger_prices":[702],"last_price":798,"orders":[{"side":"BUY","quantity":1,"order_type":"LIMIT","product":"DELIVERY","limit_price":702.5}]},
        {"op":"gtt_modify","gtt_id":1,"gtt_type":"SINGLE","exchange":"NSE","symbol":"INFY","trigger_prices":[702],"last_price":798,"orders":[{"side":"BUY","quantity":1,"order_type":"LIMIT","product":"DELIVERY","limit_price":702.5}]},
        {"op":"quote","instruments":[{"exchange":"NSE","symbol":"INFY"}]},{"op":"ohlc","instruments":[{"exchange":"NSE","symbol":"INFY"}]},
        {"op":"ltp","instruments":[{"exchange":"NSE","symbol":"INFY"}]},
        {"op":"candles","instrument_token":5633,"interval":"1m","from":"2017-12-15 09:15:00","to":"2017-12-15 09:20:00"},
        {"op":"candles","instrument_token":5633,"interval":"5m","from":"2017-12-15 09:15:00","to":"2017-12-15 09:20:00"},
        {"op":"candles","instrument_token":5633,"interval":"1d","from":"2017-12-15 09:15:00","to":"2017-12-15 09:20:00"}]},
        "combinations":[
        {"order_classes":["REGULAR"],"order_types":["MARKET","LIMIT","STOP","STOP_LIMIT"],"products":["DELIVERY","INTRADAY","CARRY","MARGIN"],"time_in_force":["DAY","IOC","GTD"],"flags":["after_market"]},
        {"order_classes":["COVER"],"order_types":["MARKET","LIMIT"],"products":["INTRADAY"],"time_in_force":["DAY","IOC","GTD"]},
        {"order_classes":["ICEBERG"],"order_types":["LIMIT","MARKET"],"products":["DELIVERY","INTRADAY","CARRY","MARGIN"],"time_in_force":["DAY","IOC","GTD"]},
        {"order_classes":["AUCTION"],"order_types":["LIMIT"],"sides":["SELL"],"products":["DELIVERY"],"time_in_force":["DAY","IOC","GTD"]}]}
        """#
}
