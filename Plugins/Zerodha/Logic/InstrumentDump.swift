import AdapterKit
import Exact

/// The broker's daily list of instruments: CSV, about 100,000 lines, read in chunks as they arrive (FACTS.md §10).
///
/// The columns are found by their names in the first line, so that a new or moved column changes nothing; a column that
/// is needed and missing ends the reading before a row is given. A line that cannot be read is given as a row without an
/// id, with as much of its names as there is, so that nothing is withdrawn for it; a line of an exchange that is none of
/// ours is left out. A list that ends in the middle of a line is cut off and no list.
struct InstrumentDump {
    /// Why a dump, or a line of it, is of no use.
    struct Fault: Error, Equatable {
        let text: String
    }

    /// Lines that gave a row.
    private(set) var accepted = 0
    /// Lines that could not be read, and the reasons of the first few.
    private(set) var refused = 0
    /// Lines of exchanges that are none of ours.
    private(set) var foreign = 0
    private(set) var reasons: [String] = []

    private var rest: [UInt8] = []
    private var columns: Columns?
    private var line = 0

    /// Bytes of one line at most; a real one has some 120.
    static let longestLine = 4_096

    /// Takes the next part of the file and gives the rows that it completes.
    mutating func add(_ part: UnsafeRawBufferPointer, _ row: (InstrumentRow) -> Void) throws(Fault) {
        var start = 0
        let bytes = part.bindMemory(to: UInt8.self)
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            if rest.isEmpty {
                try read(UnsafeBufferPointer(rebasing: bytes[start..<end]), row)
            } else {
                rest.append(contentsOf: bytes[start..<end])
                let whole = rest
                rest.removeAll(keepingCapacity: true)
                try whole.withUnsafeBufferPointer { (line) throws(Fault) in try read(line, row) }
            }
            start = end + 1
        }
        guard rest.count + bytes.count - start <= Self.longestLine else {
            throw Fault(text: "line \(line + 1) is longer than \(Self.longestLine) bytes")
        }
        rest.append(contentsOf: bytes[start...])
    }

    /// Ends the reading.
    mutating func finish(_ row: (InstrumentRow) -> Void) throws(Fault) {
        let last = rest
        rest = []
        if last.contains(where: { $0 != UInt8(ascii: "\r") }) {
            let taken = accepted
            try last.withUnsafeBufferPointer { (line) throws(Fault) in try read(line, isLast: true, row) }
            // A number that was cut would still be one; the name of an exchange would not.
            guard columns?.endWithExchange != false, accepted > taken || line == 1 else {
                throw Fault(text: "the list ends in the middle of line \(line)")
            }
        }
        guard columns != nil else { throw Fault(text: "the instrument list is empty") }
        guard accepted > 0 else { throw Fault(text: "the instrument list names no instrument that can be read") }
    }

    /// - Parameter isLast: it has no end; one that cannot be read gives no row.
    private mutating func read(
        _ bytes: UnsafeBufferPointer<UInt8>, isLast: Bool = false, _ row: (InstrumentRow) -> Void
    ) throws(Fault) {
        line += 1
        let bytes = bytes.last == UInt8(ascii: "\r") ? UnsafeBufferPointer(rebasing: bytes.dropLast()) : bytes
        guard !bytes.isEmpty else { return }
        guard let columns else {
            self.columns = try Columns(Self.cells(Self.withoutMark(bytes)))
            return
        }
        // As text whatever the charset, so that the names can be read where they are plain.
        let text = String(validating: bytes, as: UTF8.self)
        let cells = Self.cells(
            of: Substring(text ?? String(decoding: bytes, as: UTF8.self)), isQuoted: Self.isQuoted(bytes))
        guard !columns.areForeign(cells) else {
            foreign += 1
            return
        }
        do throws(Fault) {
            // Bytes of another charset would make a name that the broker does not know.
            guard text != nil else { throw Fault(text: "it is no UTF-8") }
            row(try columns.row(cells))
            accepted += 1
        } catch {
            refused += 1
            let reason = "line \(line): \(error.text)"
            if reasons.count < 20 { reasons.append(reason) }
            if !isLast { row(columns.unreadable(cells, reason: reason)) }
        }
    }

    /// A file may begin with the mark of UTF-8, which is no part of the first column's name.
    private static func withoutMark(_ bytes: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        bytes.starts(with: [0xef, 0xbb, 0xbf]) ? UnsafeBufferPointer(rebasing: bytes.dropFirst(3)) : bytes
    }

    /// The cells of one line. A quoted cell may hold commas, and `""` is one quote (RFC 4180).
    static func cells(_ line: UnsafeBufferPointer<UInt8>) throws(Fault) -> [Substring] {
        guard let whole = String(validating: line, as: UTF8.self) else { throw Fault(text: "it is no UTF-8") }
        return cells(of: Substring(whole), isQuoted: isQuoted(line))
    }

    private static func isQuoted(_ line: UnsafeBufferPointer<UInt8>) -> Bool { line.contains(UInt8(ascii: "\"")) }

    private static func cells(of text: Substring, isQuoted: Bool) -> [Substring] {
        guard isQuoted else { return text.split(separator: ",", omittingEmptySubsequences: false) }
        var cells: [Substring] = []
        var cell = ""
        var isQuoted = false
        var previousWasQuote = false
        for character in text {
            if isQuoted {
                if character == "\"" { (isQuoted, previousWasQuote) = (false, true) } else { cell.append(character) }
            } else if character == "\"" {
                if previousWasQuote { cell.append("\"") }
                (isQuoted, previousWasQuote) = (true, false)
            } else if character == "," {
                cells.append(Substring(cell))
                (cell, previousWasQuote) = ("", false)
            } else {
                cell.append(character)
                previousWasQuote = false
            }
        }
        cells.append(Substring(cell))
        return cells
    }
}

extension InstrumentDump {
    /// Where each column stands.
    struct Columns {
        private let count: Int
        private let token, symbol, name, expiry, strike, tick, lot, kind, segment, exchange: Int

        init(_ header: [Substring]) throws(Fault) {
            func place(_ name: String) throws(Fault) -> Int {
                let places = header.indices.filter { header[$0].lowercased() == name }
                guard places.count <= 1 else { throw Fault(text: "the column \(name) stands twice in the first line") }
                guard let place = places.first else { throw Fault(text: "the column \(name) is missing") }
                return place
            }
            count = header.count
            token = try place("instrument_token")
            symbol = try place("tradingsymbol")
            name = try place("name")
            expiry = try place("expiry")
            strike = try place("strike")
            tick = try place("tick_size")
            lot = try place("lot_size")
            kind = try place("instrument_type")
            segment = try place("segment")
            exchange = try place("exchange")
        }

        var endWithExchange: Bool { exchange == count - 1 }

        /// Whether a line is of an exchange that is none of ours. Of one that cannot be told it is not.
        func areForeign(_ cells: [Substring]) -> Bool {
            guard cells.count == count else { return false }
            let text = cells[exchange]
            return !text.isEmpty && Exchange(rawValue: String(text)) == nil && Self.isPlain(text)
        }

        /// A line that cannot be read, with as much of the names of its instrument as can be.
        func unreadable(_ cells: [Substring], reason: String) -> InstrumentRow {
            guard cells.count == count else { return .unreadable(reason: reason) }
            let exchange = Exchange(rawValue: String(cells[exchange]))
            let tradingSymbol = cells[symbol]
            let isNamed = !tradingSymbol.isEmpty && Self.isPlain(tradingSymbol)
            return .unreadable(
                alias: exchange.flatMap { isNamed ? Symbol($0, String(tradingSymbol)).alias : nil },
                brokerData: UInt32(cells[token]).map { Array(String($0).utf8) }, reason: reason)
        }

        /// Without the mark that stands for bytes of another charset.
        private static func isPlain(_ text: Substring) -> Bool { !text.unicodeScalars.contains("\u{fffd}") }

        /// The instrument of one line.
        func row(_ cells: [Substring]) throws(Fault) -> InstrumentRow {
            guard cells.count == count else { throw Fault(text: "\(cells.count) cells instead of \(count)") }
            guard let exchange = Exchange(rawValue: String(cells[exchange])) else {
                throw Fault(text: "exchange \(cells[exchange]) is none of ours")
            }
            let tradingSymbol = String(cells[symbol])
            guard !tradingSymbol.isEmpty else { throw Fault(text: "tradingsymbol is empty") }
            guard let token = UInt32(cells[token]) else {
                throw Fault(text: "instrument_token \(cells[token]) is no number")
            }
            guard let tick = ExactDecimal(String(cells[tick])), !tick.isNegative else {
                throw Fault(text: "tick_size \(cells[tick]) is no price step")
            }
            guard let lot = ExactDecimal(String(cells[lot])), !lot.isNegative else {
                throw Fault(text: "lot_size \(cells[lot]) is no quantity")
            }
            let id = try canonicalID(cells, exchange: exchange, tradingSymbol: tradingSymbol)
            // Where lots are counted, the list says 1 and the units of a lot are not told: an overlay has to.
            let lotSize = exchange.countsLots ? nil : Optional(lot).unlessZero
            return InstrumentRow(
                StoredInstrument(
                    id: id, alias: Symbol(exchange, tradingSymbol).alias, brokerData: Array(String(token).utf8),
                    currency: "INR", lotSize: lotSize, multiplier: exchange.countsLots ? nil : 1,
                    tick: Optional(tick).unlessZero),
                name: cells[name].isEmpty ? nil : String(cells[name]))
        }

        private func canonicalID(
            _ cells: [Substring], exchange: Exchange, tradingSymbol: String
        ) throws(Fault) -> String {
            let venue = exchange.rawValue
            if cells[segment] == "INDICES" { return "\(venue):IDX:\(CanonicalRoot.index(tradingSymbol))" }
            switch cells[kind] {
            case "EQ": return "\(venue):EQ:\(CanonicalRoot.equity(tradingSymbol, exchange))"
            case "FUT": return "\(venue):FUT:\(try root(cells)):\(try day(cells))"
            case "CE", "PE":
                guard let strike = ExactDecimal(String(cells[strike])), strike > .zero else {
                    throw Fault(text: "strike \(cells[strike]) of an option is no price")
                }
                return "\(venue):OPT:\(try root(cells)):\(try day(cells)):\(strike):\(cells[kind] == "CE" ? "C" : "P")"
            default: throw Fault(text: "instrument_type \(cells[kind]) is none of EQ, FUT, CE, PE")
            }
        }

        /// The underlying of a derivative: the list calls it the name, or leaves the name empty and has it in the
        /// trading symbol alone.
        private func root(_ cells: [Substring]) throws(Fault) -> String {
            guard cells[name].isEmpty else { return CanonicalRoot.encoded(String(cells[name])) }
            let strike = cells[kind] == "FUT" ? "" : ExactDecimal(String(cells[strike])).map(\.description) ?? ""
            let end = strike + cells[kind]
            guard
                let root = CanonicalRoot.derivative(
                    String(cells[symbol]), end: end, expiry: try day(cells))
            else {
                throw Fault(
                    text: "name is empty and tradingsymbol \(cells[symbol]) does not end in expiry \(cells[expiry])"
                        + " and \(end)")
            }
            return root
        }

        private func day(_ cells: [Substring]) throws(Fault) -> String {
            var text = String(cells[expiry])
            let isDay = text.withUTF8 { $0.count == 10 && IndianTime.day($0, at: 0) != nil }
            guard isDay else { throw Fault(text: "expiry \(cells[expiry]) is no day") }
            return text.filter { $0 != "-" }
        }
    }
}

/// Roots of canonical ids from the broker's trading symbols.
enum CanonicalRoot {
    /// Capitals, digits and `& - . _` stand for themselves, everything else is percent-encoded.
    static func encoded(_ text: String) -> String {
        var result = ""
        for byte in text.uppercased().utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "&"),
                UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
                result.append(Character(UnicodeScalar(byte)))
            default:
                let digits = Array("0123456789ABCDEF")
                result += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
        return result
    }

    /// `CENTRALBK-BE` is the share in series BE. A series has two characters; a longer end is part of the name
    /// (`BAJAJ-AUTO`). The Bombay exchange's groups are no part of its symbols.
    static func equity(_ tradingSymbol: String, _ exchange: Exchange) -> String {
        guard exchange == .nse, let dash = tradingSymbol.lastIndex(of: "-"), dash != tradingSymbol.startIndex else {
            return encoded(tradingSymbol)
        }
        let series = tradingSymbol[tradingSymbol.index(after: dash)...]
        guard series.utf8.count == 2, series.utf8.allSatisfy(isSeriesByte) else { return encoded(tradingSymbol) }
        let root = encoded(String(tradingSymbol[..<dash]))
        return series == "EQ" ? root : "\(root):\(series)"
    }

    /// The underlying in the trading symbol of a derivative: what stands before the expiry, which is `18JAN` for a
    /// monthly and `18118` (month as 1...9, O, N, D) for a weekly contract, and before `end`, its strike and kind.
    /// `expiry` is `YYYYMMDD`. Nil where the symbol has another form.
    static func derivative(_ tradingSymbol: String, end: String, expiry: String) -> String? {
        let digits = Array(expiry)
        guard tradingSymbol.hasSuffix(end), digits.count == 8, let month = Int(String(digits[4...5])),
            (1...12).contains(month)
        else { return nil }
        let year = String(digits[2...3])
        let names = [
            "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC",
        ]
        let letters = Array("123456789OND")
        let stem = tradingSymbol.dropLast(end.count)
        for day in [year + names[month - 1], year + String(letters[month - 1]) + String(digits[6...7])]
        where stem.hasSuffix(day) && stem.count > day.count {
            return encoded(String(stem.dropLast(day.count)))
        }
        return nil
    }

    /// The venue's indices by the names that derivatives on them use.
    static func index(_ tradingSymbol: String) -> String {
        switch tradingSymbol {
        case "NIFTY 50": "NIFTY"
        case "NIFTY BANK": "BANKNIFTY"
        case "NIFTY FIN SERVICE": "FINNIFTY"
        case "NIFTY MID SELECT": "MIDCPNIFTY"
        case "NIFTY NEXT 50": "NIFTYNXT50"
        default: encoded(tradingSymbol)
        }
    }

    private static func isSeriesByte(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
