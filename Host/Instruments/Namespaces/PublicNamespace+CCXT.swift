import Domain

/// Unified symbols: `BASE/QUOTE` for spot, `:SETTLE` for what settles, `-YYMMDD` for what expires, `-STRIKE-C` for options.
/// They do not name the exchange, so that a name fits each of them. Codes of letters and digits alone.
extension PublicNamespace {
    static let cryptoVenues = [
        "BINANCE", "BINANCEUSDM", "BINANCECOINM", "BYBIT", "OKX", "KRAKEN", "KRAKENFUTURES", "COINBASE", "KUCOIN",
        "GATE",
        "UPBIT", "DERIBIT", "BITGET", "ANY",
    ]

    static func ccxtName(_ parts: InstrumentIDParts) -> String? {
        let codes = parts.root.split(separator: "-", omittingEmptySubsequences: false)
        guard cryptoVenues.contains(String(parts.venue)), codes.allSatisfy({ isPlain($0) }) else { return nil }
        switch parts.kind {
        case .spot: return codes.count == 2 ? "\(codes[0])/\(codes[1])" : nil
        case .perpetual, .future, .option:
            guard codes.count == 3 else { return nil }
            let head = "\(codes[0])/\(codes[1]):\(codes[2])"
            guard parts.kind != .perpetual else { return head }
            guard let date = parts.expiry.flatMap(compact) else { return nil }
            guard parts.kind == .option else { return "\(head)-\(date)" }
            guard let strike = parts.strike, let right = parts.right else { return nil }
            return "\(head)-\(date)-\(strike)-\(right)"
        case .equity, .index, .foreignExchange: return nil
        }
    }

    static func ccxtIDs(_ text: String) throws(Malformed) -> [String] {
        let wrong = Malformed(
            reason: "'\(text.prefix(64))' is no unified symbol: BASE/QUOTE, with :SETTLE, -YYMMDD and -STRIKE-C or -P "
                + "where it has them, like BTC/USDT, BTC/USDT:USDT or BTC/USDT:BTC-261225-50000-C")
        let halves = text.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, isPlain(halves[0]) else { throw wrong }
        let quoted = halves[1].split(separator: ":", omittingEmptySubsequences: false)
        guard quoted.count <= 2, isPlain(quoted[0]) else { throw wrong }
        let pair = "\(halves[0])-\(quoted[0])"
        let end: String
        if quoted.count == 1 {
            end = "SPOT:\(pair)"
        } else {
            let terms = quoted[1].split(separator: "-", omittingEmptySubsequences: false)
            guard isPlain(terms[0]) else { throw wrong }
            let root = "\(pair)-\(terms[0])"
            switch terms.count {
            case 1: end = "PERP:\(root)"
            case 2, 4:
                guard let date = date(compact: terms[1]) else { throw wrong }
                if terms.count == 2 {
                    end = "FUT:\(root):\(date)"
                } else {
                    guard ExactDecimal(String(terms[2]))?.description == String(terms[2]),
                        terms[3] == "C" || terms[3] == "P"
                    else { throw wrong }
                    end = "OPT:\(root):\(date):\(terms[2]):\(terms[3])"
                }
            default: throw wrong
            }
        }
        return cryptoVenues.map { "\($0):\(end)" }
    }
}
