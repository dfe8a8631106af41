import AdapterKit
import Exact

extension VendorCall {
    /// Prices, by the broker's names.
    static let market: [VendorCall] = [
        VendorCall(
            name: "quote", effect: .read, text: "prices, volume and book of up to 500 instruments",
            schema: quotes(500)
        ) { (arguments) throws(AdapterError) in .quotes(try symbols(&arguments, 500), .whole) },
        VendorCall(
            name: "ohlc", effect: .read, text: "last price and the day's prices of up to 1,000 instruments",
            schema: quotes(1_000)
        ) { (arguments) throws(AdapterError) in .quotes(try symbols(&arguments, 1_000), .prices) },
        VendorCall(
            name: "ltp", effect: .read, text: "last price of up to 1,000 instruments", schema: quotes(1_000)
        ) { (arguments) throws(AdapterError) in .quotes(try symbols(&arguments, 1_000), .last) },
        VendorCall(
            name: "candles", effect: .read, text: "bars of one instrument, by its instrument_token",
            schema: Schema.object(
                [
                    "instrument_token": Schema.identifier, "interval": Schema.text, "from": Schema.text,
                    "to": Schema.text, "continuous": Schema.flag, "open_interest": Schema.flag,
                ], required: ["instrument_token", "interval", "from", "to"])
        ) { (arguments) throws(AdapterError) in
            let token = try arguments.text("instrument_token")
            let name = try arguments.text("interval")
            guard let interval = Candles.Interval(name) else {
                throw .invalid(
                    "interval \(name) is none of 1m, 3m, 5m, 10m, 15m, 30m, 60m, 1d", field: "arguments.interval")
            }
            let from = try moment("from", &arguments)
            let to = try moment("to", &arguments)
            let continuous = try arguments.flag("continuous")
            guard let first = IndianTime.instant(from), let last = IndianTime.instant(to),
                first.nanoseconds <= last.nanoseconds
            else { throw .invalid("from must not be after to", field: "arguments.from") }
            guard last.nanoseconds - first.nanoseconds <= interval.longestSpan * IndianTime.dayNanoseconds else {
                throw .invalid(
                    "\(interval.rawValue) bars span \(interval.longestSpan) days a call at most",
                    field: "arguments.to")
            }
            guard !continuous || interval == .day else {
                throw .invalid("continuous goes with interval 1d", field: "arguments.continuous")
            }
            return try Candles.call(
                token: token, interval: interval, from: from, to: to, continuous: continuous,
                openInterest: arguments.flag("open_interest"))
        },
        VendorCall(
            name: "cover_trigger_range", effect: .read, text: "where the stop of a cover order may stand",
            schema: Schema.object(
                ["side": Schema.side, "instruments": Schema.list(of: Schema.instrument, 1...500)],
                required: ["side", "instruments"])
        ) { (arguments) throws(AdapterError) in
            let side = try arguments.side() == .buy ? "buy" : "sell"
            return .get(
                "/instruments/trigger_range/\(side)",
                query: try symbols(&arguments, 500).map { Call.Parameter("i", $0.alias) })
        },
    ]

    private static func quotes(_ most: Int) -> String {
        Schema.object(["instruments": Schema.list(of: Schema.instrument, 1...most)], required: ["instruments"])
    }

    private static func symbols(_ arguments: inout Arguments, _ most: Int) throws(AdapterError) -> [Symbol] {
        try arguments.each("instruments", 1...most) { (item) throws(AdapterError) in try item.symbol() }
    }

    /// Indian wall time, as the broker takes it.
    private static func moment(_ name: String, _ arguments: inout Arguments) throws(AdapterError) -> String {
        let text = try arguments.text(name)
        guard let instant = IndianTime.instant(text) else {
            throw .invalid("\(name) must be yyyy-mm-dd hh:mm:ss, Indian time", field: "arguments.\(name)")
        }
        return IndianTime.text(instant)
    }
}
