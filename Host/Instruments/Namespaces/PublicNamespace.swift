package import Domain

/// A naming scheme of the trade whose names follow from the canonical id alone: nothing is stored of it.
///
/// Pure functions both ways. What a scheme has no certain name for has none here: `name` is `nil`, and a text that is
/// none of its names is refused with the reason. A name may fit several ids (`BTC/USDT` of every exchange): `candidates`
/// gives all, and the caller takes one that is known alone, or none.
package enum PublicNamespace: String, CaseIterable, Sendable {
    /// `NFO:NIFTY29DEC2626000CE`: exchange and symbol of OpenAlgo, joined by a colon.
    case openalgo
    /// `AAPL  260918C00260000`: options of OPRA by the 21 characters of the Options Clearing Corporation.
    case osi
    /// `BTC/USDT:USDT-261225-50000-C`: unified symbols of ccxt, the same at every exchange.
    case ccxt
    /// `NSE:RELIANCE`, `BINANCE:BTCUSDT.P`: where an exchange of TradingView is certainly the venue.
    case tradingview

    /// Why a text is no name of a scheme, in a sentence.
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let reason: String
        package var description: String { reason }
    }

    /// What the scheme calls an instrument; `nil` where it has no certain name for it.
    package func name(of id: InstrumentID) -> String? {
        let parts = InstrumentIDParts(id)
        return switch self {
        case .openalgo: Self.openAlgoName(parts)
        case .osi: Self.osiName(parts)
        case .ccxt: Self.ccxtName(parts)
        case .tradingview: Self.tradingViewName(parts)
        }
    }

    /// Every id that the scheme may mean by a name, whether or not such an instrument exists. Lower case is accepted.
    package func candidates(for text: String) throws(Malformed) -> [InstrumentID] {
        guard text.utf8.count <= 128, text.utf8.allSatisfy({ (32...126).contains($0) }) else {
            throw Malformed(reason: "a name has at most 128 printable ASCII characters")
        }
        let upper = text.uppercased()
        let texts: [String] =
            switch self {
            case .openalgo: try Self.openAlgoIDs(upper)
            case .osi: try Self.osiIDs(upper)
            case .ccxt: try Self.ccxtIDs(upper)
            case .tradingview: try Self.tradingViewIDs(upper)
            }
        // Whatever the scheme says, an id is one only by our own rules, and only where it leads back.
        return texts.compactMap { try? InstrumentID($0) }.filter { name(of: $0) == upper || self == .osi }
    }
}

// MARK: What schemes share

extension PublicNamespace {
    /// Digits and capitals alone: other characters are spelled differently by every scheme.
    static func isPlain(_ text: some StringProtocol) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { (65...90).contains($0) || (48...57).contains($0) }
    }

    static func isDigits(_ text: some StringProtocol) -> Bool { text.utf8.allSatisfy { (48...57).contains($0) } }

    static func two(_ number: Int64) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// Two digits of a year are of this century; `nil` for a date of another.
    static func shortYear(_ date: CivilDate) -> String? {
        (2000...2099).contains(date.year) ? two(date.year % 100) : nil
    }

    /// `261225`; `nil` for a date of another century.
    static func compact(_ date: CivilDate) -> String? { shortYear(date).map { $0 + two(date.month) + two(date.day) } }

    /// Reads `261225` as `20261225`.
    static func date(compact text: some StringProtocol) -> String? {
        text.utf8.count == 6 && CivilDate(compact: "20\(text)") != nil ? "20\(text)" : nil
    }
}
