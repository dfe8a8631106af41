import Domain

/// `EXCHANGE:SYMBOL` where both are certain: shares of the Indian exchanges' default series and of a named American
/// exchange, the two indices whose name is the same there, and pairs of exchanges that join base and quote, `.P` for a
/// perpetual. No futures and options, no `US:EQ` (the listing exchange is not known), no roots that are spelled otherwise
/// there (`M&M`), no foreign exchange (its prices are another source's).
extension PublicNamespace {
    private static let exchanges: [(venue: Substring, exchange: String)] = [
        ("NSE", "NSE"), ("BSE", "BSE"), ("XNAS", "NASDAQ"), ("XNYS", "NYSE"), ("ARCX", "AMEX"), ("BINANCE", "BINANCE"),
        ("BINANCEUSDM", "BINANCE"), ("BYBIT", "BYBIT"), ("OKX", "OKX"), ("KRAKEN", "KRAKEN"), ("COINBASE", "COINBASE"),
        ("KUCOIN", "KUCOIN"), ("BITGET", "BITGET"), ("UPBIT", "UPBIT"),
    ]
    private static let sameIndices: Set<Substring> = ["NIFTY", "BANKNIFTY"]
    private static let shareVenuesThere: Set<Substring> = ["NSE", "BSE", "XNAS", "XNYS", "ARCX"]

    static func tradingViewName(_ parts: InstrumentIDParts) -> String? {
        guard let exchange = exchanges.first(where: { $0.venue == parts.venue })?.exchange else { return nil }
        switch parts.kind {
        case .equity:
            guard shareVenuesThere.contains(parts.venue), parts.series == nil, isPlain(parts.root) else { return nil }
            return "\(exchange):\(parts.root)"
        case .index:
            return parts.venue == "NSE" && sameIndices.contains(parts.root) ? "\(exchange):\(parts.root)" : nil
        case .spot:
            let codes = parts.root.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.venue != "BINANCEUSDM", codes.count == 2, codes.allSatisfy({ isPlain($0) }) else { return nil }
            return "\(exchange):\(codes[0])\(codes[1])"
        case .perpetual:
            let codes = parts.root.split(separator: "-", omittingEmptySubsequences: false)
            guard parts.venue == "BINANCEUSDM", codes.count == 3, codes.allSatisfy({ isPlain($0) }) else { return nil }
            return "\(exchange):\(codes[0])\(codes[1]).P"
        case .future, .option, .foreignExchange: return nil
        }
    }

    static func tradingViewIDs(_ text: String) throws(Malformed) -> [String] {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2 else {
            throw Malformed(
                reason: "'\(text.prefix(64))' is no EXCHANGE:SYMBOL, like NSE:RELIANCE or BINANCE:BTCUSDT.P")
        }
        let venues = exchanges.filter { $0.exchange == halves[0] }.map(\.venue)
        let isPerpetual = halves[1].hasSuffix(".P")
        let symbol = isPerpetual ? halves[1].dropLast(2) : halves[1]
        guard !venues.isEmpty, isPlain(symbol), symbol.utf8.count <= 40 else {
            throw Malformed(
                reason: "of '\(text.prefix(64))' no instrument is certain: exchanges are "
                    + Set(exchanges.map(\.exchange)).sorted().joined(separator: " ")
                    + ", symbols are letters and digits, with .P for a perpetual")
        }
        // Base and quote are joined: every place of the joint is tried, and the master knows which there is.
        let joints = symbol.indices.dropFirst()
        return venues.flatMap { venue -> [String] in
            if isPerpetual {
                return joints.map { "\(venue):PERP:\(symbol[..<$0])-\(symbol[$0...])-\(symbol[$0...])" }
            }
            if shareVenuesThere.contains(venue) { return ["\(venue):EQ:\(symbol)", "\(venue):IDX:\(symbol)"] }
            return joints.map { "\(venue):SPOT:\(symbol[..<$0])-\(symbol[$0...])" }
        }
    }
}
