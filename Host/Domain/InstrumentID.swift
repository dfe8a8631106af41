/// What kind of thing is traded.
package enum InstrumentKind: UInt8, VocabularyWord {
    case equity = 1
    case index = 2
    case future = 3
    case option = 4
    case perpetual = 5
    case spot = 6
    case foreignExchange = 7

    package var rawName: String {
        switch self {
        case .equity: "EQ"
        case .index: "IDX"
        case .future: "FUT"
        case .option: "OPT"
        case .perpetual: "PERP"
        case .spot: "SPOT"
        case .foreignExchange: "FX"
        }
    }
}

/// The canonical name of an instrument: `NFO:OPT:NIFTY:20261231:26000:C` (INTERFACES.md §2).
///
/// There is one spelling, compared as bytes. Lower case is accepted and made canonical; every other deviation is an
/// error that says what would be right.
package struct InstrumentID: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    /// Why a text is not an instrument id, in a sentence.
    package struct Malformed: Error, Hashable, CustomStringConvertible {
        package let reason: String
        package var description: String { reason }
    }

    /// For text that was canonical when it was stored.
    package init(canonical text: String) { self.text = text }

    package init(_ input: String) throws(Malformed) {
        guard input.utf8.count <= 128 else { throw Malformed(reason: "an instrument id has at most 128 characters") }
        let canonical = String(decoding: input.utf8.map { (97...122).contains($0) ? $0 - 32 : $0 }, as: UTF8.self)
        let terms = canonical.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard terms.count >= 3 else {
            throw Malformed(reason: "an instrument id is VENUE:KIND:ROOT with further terms, like NSE:EQ:RELIANCE")
        }
        guard Self.venues.contains(terms[0]) || terms[0] == Self.anyVenue else {
            throw Malformed(reason: "\(quoted(terms[0])) is not a venue; venues are \(Self.venueList)")
        }
        guard let kind = InstrumentKind(rawName: terms[1]) else {
            throw Malformed(reason: "\(quoted(terms[1])) is not a kind; kinds are \(InstrumentKind.choices)")
        }
        if terms[0] == Self.anyVenue, kind != .spot, kind != .perpetual {
            throw Malformed(reason: "the venue ANY is for SPOT and PERP only")
        }
        try Self.checkRoot(terms[2], kind: kind)
        try Self.checkTerms(Array(terms[3...]), kind: kind, venue: terms[0])
        text = canonical
    }

    package var venue: Substring { text[..<(text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex)] }
    package var kind: InstrumentKind {
        InstrumentKind(rawName: String(text.split(separator: ":", maxSplits: 2)[1])) ?? .equity
    }
    package var root: Substring { text.split(separator: ":", maxSplits: 3)[2] }
    /// The last trading date that a future's or option's id names.
    package var expiry: CivilDate? {
        let terms = text.split(separator: ":")
        return terms.count > 3 && (kind == .future || kind == .option) ? CivilDate(compact: terms[3]) : nil
    }

    /// Stands for the account's own venue, whichever that is.
    package static let anyVenue = "ANY"
    /// Whether it names no venue, so that each account has an instrument of its own for it.
    package var isOfAnyVenue: Bool { venue == Self.anyVenue }
    /// The same kind and terms at another venue.
    package func at(_ venue: String) -> InstrumentID {
        InstrumentID(canonical: venue + text[(text.utf8.firstIndex(of: UInt8(ascii: ":")) ?? text.endIndex)...])
    }

    package static let venues: Set<String> = [
        "NSE", "NFO", "CDS", "NCO", "BSE", "BFO", "BCD", "MCX", "NCDEX", "US", "OPRA", "XNAS", "XNYS", "ARCX", "CME",
        "CBOT", "NYMEX", "COMEX", "IDEALPRO", "BINANCE", "BINANCEUSDM", "BINANCECOINM", "BYBIT", "OKX", "KRAKEN",
        "KRAKENFUTURES", "COINBASE", "KUCOIN", "GATE", "UPBIT", "DERIBIT", "BITGET",
    ]
    private static let venueList = venues.sorted().joined(separator: " ")

    private static func checkRoot(_ root: String, kind: InstrumentKind) throws(Malformed) {
        guard !root.isEmpty else { throw Malformed(reason: "the root is empty") }
        let bytes = Array(root.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%") {
                guard index + 2 < bytes.count, let high = hexDigit(bytes[index + 1]),
                    let low = hexDigit(bytes[index + 2])
                else {
                    throw Malformed(reason: "\(quoted(root)): a percent sign is followed by two hexadecimal digits")
                }
                let decoded = high << 4 | low
                let isDashInCode = decoded == UInt8(ascii: "-") && kind.hasCurrencyPair
                guard !isPlain(decoded) || isDashInCode else {
                    throw Malformed(reason: "\(quoted(root)): %\(hex(decoded)) is written as the character itself")
                }
                guard decoded >= 32, decoded != 127 else {
                    throw Malformed(reason: "\(quoted(root)): control characters are not allowed")
                }
                index += 3
            } else {
                guard isPlain(bytes[index]) else {
                    throw Malformed(
                        reason: "\(quoted(root)): a root holds A-Z 0-9 & - . _, everything else percent-encoded")
                }
                index += 1
            }
        }
        let parts = root.split(separator: "-", omittingEmptySubsequences: false)
        let wanted: Int? =
            switch kind {
            case .spot, .foreignExchange: 2
            case .perpetual: 3
            default: nil
            }
        if let wanted, parts.count != wanted || parts.contains(where: \.isEmpty) {
            throw Malformed(
                reason: wanted == 2
                    ? "\(quoted(root)): a \(kind.rawName) root is BASE-QUOTE, a dash inside a code is %2D"
                    : "\(quoted(root)): a PERP root is BASE-QUOTE-SETTLE, a dash inside a code is %2D")
        }
    }

    private static func checkTerms(_ terms: [String], kind: InstrumentKind, venue: String) throws(Malformed) {
        switch kind {
        case .equity:
            guard terms.count <= 1 else { throw Malformed(reason: "an EQ id ends with the root or one series") }
            guard let series = terms.first else { return }
            guard !series.isEmpty, series.utf8.allSatisfy({ (65...90).contains($0) || (48...57).contains($0) }) else {
                throw Malformed(reason: "\(quoted(series)) is not a series")
            }
            guard venue != "BSE" else { throw Malformed(reason: "BSE group letters are never named") }
            guard !(venue == "NSE" && series == "EQ") else {
                throw Malformed(reason: "EQ is the default series of NSE and is left out")
            }
        case .index, .perpetual, .spot, .foreignExchange:
            guard terms.isEmpty else { throw Malformed(reason: "a \(kind.rawName) id ends with the root") }
        case .future:
            guard terms.count == 1, CivilDate(compact: terms[0]) != nil else {
                throw Malformed(reason: "a FUT id ends with its last trading date, like 20261231")
            }
        case .option:
            guard terms.count == 3, CivilDate(compact: terms[0]) != nil else {
                throw Malformed(reason: "an OPT id ends with date, strike and C or P, like 20261231:26000:C")
            }
            guard let strike = ExactDecimal(terms[1]), !strike.isNegative, !strike.isZero,
                strike.description == terms[1]
            else {
                throw Malformed(reason: "\(quoted(terms[1])) is not a strike: a plain decimal without trailing zeros")
            }
            guard terms[2] == "C" || terms[2] == "P" else {
                throw Malformed(reason: "\(quoted(terms[2])) is neither C nor P")
            }
        }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (65...90).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "&") || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 48...57: byte - 48
        case 65...70: byte - 55
        default: nil
        }
    }

    private static func hex(_ byte: UInt8) -> String {
        let digits = Array("0123456789ABCDEF")
        return String([digits[Int(byte >> 4)], digits[Int(byte & 15)]])
    }
}

extension InstrumentKind {
    /// The root names currencies joined by dashes.
    fileprivate var hasCurrencyPair: Bool {
        self == .spot || self == .perpetual || self == .foreignExchange || self == .future
    }
}

private func quoted(_ text: String) -> String { "'\(text.prefix(64))'" }
