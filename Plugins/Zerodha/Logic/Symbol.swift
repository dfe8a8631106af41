import AdapterKit
import Exact

/// How the broker names an instrument: exchange and trading symbol, `NSE:INFY` when both stand in one text.
struct Symbol: Hashable, Sendable {
    let exchange: Exchange
    let tradingSymbol: String

    init(_ exchange: Exchange, _ tradingSymbol: String) {
        self.exchange = exchange
        self.tradingSymbol = tradingSymbol
    }

    /// The `exchange` and `tradingsymbol` of a row of the broker's; `nil` where one is missing or unknown.
    init?(_ row: JSONObject) {
        guard let exchange = row["exchange"]?.string.flatMap(Exchange.init(rawValue:)),
            let tradingSymbol = row["tradingsymbol"]?.filled
        else { return nil }
        self.init(exchange, tradingSymbol)
    }

    /// Reads `NSE:INFY`; a symbol may hold further colons.
    init?(_ text: String) {
        var text = text
        let parts: (Exchange, String)? = text.withUTF8 { bytes in
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon + 1 < bytes.count,
                let exchange = Exchange(rawValue: String(decoding: bytes[..<colon], as: UTF8.self))
            else { return nil }
            return (exchange, String(decoding: bytes[(colon + 1)...], as: UTF8.self))
        }
        guard let (exchange, tradingSymbol) = parts else { return nil }
        self.init(exchange, tradingSymbol)
    }

    /// Whether a canonical instrument id, `NSE:IDX:NIFTY`, names an index.
    static func isIndex(_ id: String) -> Bool {
        var id = id
        return id.withUTF8 { bytes in
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { return false }
            return bytes[(colon + 1)...].starts(with: "IDX:".utf8)
        }
    }

    /// `NSE:INFY`: the alias that the host keeps for us, and the key of the broker's quotes.
    var alias: String { "\(exchange.rawValue):\(tradingSymbol)" }

    /// The broker's name for the instrument of an order, from the alias that came with its instrument list.
    static func of(_ instrument: borrowing Instrument) throws(AdapterError) -> Symbol {
        guard let alias = instrument.alias else {
            throw AdapterError(
                .instrument, "the broker's name of this instrument is not known: sync the instruments of this adapter",
                field: "instrument", certainty: .notSent, retry: .never)
        }
        if let symbol = Symbol(alias) { return symbol }
        let id = instrument.id
        guard let venue = Exchange(rawValue: String(id.prefix { $0 != ":" })), !alias.isEmpty else {
            throw AdapterError(
                .instrument, "the broker does not trade at this venue", field: "instrument", certainty: .notSent,
                retry: .never)
        }
        return Symbol(venue, alias)
    }

    /// The broker's number of an instrument, which came with its list; `nil` before that.
    static func token(of instrument: borrowing Instrument) -> UInt32? {
        instrument.brokerData.flatMap { UInt32(String(decoding: $0, as: UTF8.self)) }
    }

    /// A quantity of ours in what the broker counts: lots at MCX and in currencies, else units (FACTS.md §3.2).
    ///
    /// - Throws: Where lots are counted and the lot is unknown, or the quantity is no whole number of what is counted.
    func brokerQuantity(_ units: ExactDecimal, lotSize: ExactDecimal?) throws(AdapterError) -> ExactDecimal {
        var counted = units
        if exchange.countsLots {
            guard let lotSize, !lotSize.isZero else {
                throw AdapterError(
                    .instrument, "\(exchange.rawValue) counts lots, and the instrument's lot_size is not known",
                    field: "instrument.lot_size", certainty: .notSent, retry: .never)
            }
            guard let lots = units.dividedExactly(by: lotSize), let whole = ExactDecimal(mantissa: lots, exponent: 0)
            else {
                throw .invalid("\(units) is no multiple of the lot, \(lotSize)", field: "quantity")
            }
            counted = whole
        }
        guard counted.isInteger else { throw .invalid("\(units) is no whole number", field: "quantity") }
        if exchange.isDerivative, !exchange.countsLots, let lotSize, !lotSize.isZero,
            units.dividedExactly(by: lotSize) == nil
        {
            throw .invalid("\(units) is no multiple of the lot, \(lotSize)", field: "quantity")
        }
        return counted
    }

    /// What the broker counts, in our units.
    func units(_ brokerQuantity: ExactDecimal, lotSize: ExactDecimal?) -> ExactDecimal? {
        guard exchange.countsLots else { return brokerQuantity }
        return lotSize.flatMap { brokerQuantity.multiplied(by: $0) }
    }
}
