import Domain

/// OpenAlgo names an instrument by exchange and symbol; here both, joined by a colon. Shares of the default series by
/// their symbol, contracts by base, `DDMMMYY`, and `FUT` or strike and `CE` or `PE`. The common indices stand at
/// `NSE_INDEX` and `BSE_INDEX`; of other indices, other series and other venues no name is certain.
extension PublicNamespace {
    private static let shareVenues: Set<Substring> = ["NSE", "BSE"]
    private static let contractVenues: Set<Substring> = ["NFO", "BFO", "CDS", "BCD", "MCX", "NCDEX", "NCO"]
    private static let indices: [Substring: Set<Substring>] = [
        "NSE": ["NIFTY", "BANKNIFTY", "FINNIFTY", "MIDCPNIFTY", "NIFTYNXT50"], "BSE": ["SENSEX", "BANKEX"],
    ]

    static func openAlgoName(_ parts: InstrumentIDParts) -> String? {
        guard !parts.root.utf8.contains(UInt8(ascii: "%")) else { return nil }
        switch parts.kind {
        case .equity:
            guard shareVenues.contains(parts.venue), parts.series == nil else { return nil }
            return "\(parts.venue):\(parts.root)"
        case .index:
            return indices[parts.venue]?.contains(parts.root) == true ? "\(parts.venue)_INDEX:\(parts.root)" : nil
        case .future, .option:
            guard contractVenues.contains(parts.venue), let expiry = parts.expiry, let year = shortYear(expiry) else {
                return nil
            }
            let head = "\(parts.venue):\(parts.root)\(two(expiry.day))\(MonthName.all[Int(expiry.month) - 1])\(year)"
            guard parts.kind == .option else { return head + "FUT" }
            guard let strike = parts.strike, let right = parts.right else { return nil }
            return "\(head)\(strike)\(right == "C" ? "CE" : "PE")"
        case .perpetual, .spot, .foreignExchange: return nil
        }
    }

    static func openAlgoIDs(_ text: String) throws(Malformed) -> [String] {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, !halves[1].isEmpty else {
            throw Malformed(
                reason: "'\(text.prefix(64))' is no EXCHANGE:SYMBOL, like NFO:NIFTY29DEC2626000CE or NSE_INDEX:NIFTY")
        }
        let (exchange, symbol) = (halves[0], halves[1])
        if shareVenues.contains(exchange) { return ["\(exchange):EQ:\(symbol)"] }
        if exchange == "NSE_INDEX" || exchange == "BSE_INDEX" { return ["\(exchange.prefix(3)):IDX:\(symbol)"] }
        guard contractVenues.contains(exchange) else {
            throw Malformed(
                reason: "'\(exchange.prefix(32))' is no exchange of it; exchanges are NSE BSE NSE_INDEX BSE_INDEX "
                    + contractVenues.sorted().joined(separator: " "))
        }
        let isFuture = symbol.hasSuffix("FUT")
        guard isFuture || symbol.hasSuffix("CE") || symbol.hasSuffix("PE") else {
            throw Malformed(reason: "'\(symbol.prefix(64))' ends in none of FUT, CE and PE")
        }
        let stem = symbol.dropLast(isFuture ? 3 : 2)
        var found: [String] = []
        // The base may end in digits and the strike begins with some: every place of a date is tried.
        for start in stem.indices.dropFirst() {
            let rest = stem[start...]
            guard rest.utf8.count >= 7 else { break }
            let (day, month, year) = (rest.prefix(2), rest.dropFirst(2).prefix(3), rest.dropFirst(5).prefix(2))
            guard isDigits(day), isDigits(year), let number = MonthName.all.firstIndex(of: String(month)) else {
                continue
            }
            let (base, strike) = (stem[..<start], rest.dropFirst(7))
            let date = "20\(year)\(two(Int64(number + 1)))\(day)"
            if isFuture {
                if strike.isEmpty { found.append("\(exchange):FUT:\(base):\(date)") }
            } else {
                found.append("\(exchange):OPT:\(base):\(date):\(strike):\(symbol.hasSuffix("CE") ? "C" : "P")")
            }
        }
        guard !found.isEmpty else {
            throw Malformed(reason: "'\(symbol.prefix(64))' holds no date DDMMMYY before its end")
        }
        return found
    }
}
