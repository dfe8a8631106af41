package import Domain
package import Settings

/// What the name of a market data file says: `US_EQ_AAPL.daily.csv` holds daily candles of US:EQ:AAPL.
///
/// `_` stands for `:`, so an instrument whose root has an underscore has no file name.
package struct MarketFileName: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        /// `time,open,high,low,close,volume`; the length of a bar in nanoseconds.
        case candles(lengthNanoseconds: Int64)
        /// `time,bid,bid_size,ask,ask_size`: the last quote of each minute.
        case quotes
    }

    package var instrument: InstrumentID
    package var content: Content

    package init(path: String) throws(ConfigurationErrors) {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let parts = name.split(separator: ".").map(String.init)
        let content: Content? =
            switch parts.dropLast().last {
            case "daily": .candles(lengthNanoseconds: 86_400_000_000_000)
            case "minute": .candles(lengthNanoseconds: 60_000_000_000)
            case "quotes": .quotes
            default: nil
            }
        func failure(_ message: String, _ remedy: String) -> ConfigurationErrors {
            ConfigurationErrors(ConfigurationError(file: path, path: "", message: message, remedy: remedy))
        }
        guard let content, parts.count >= 3, parts.last == "csv" else {
            throw failure(
                "the name does not say what the file holds",
                "expected one like US_EQ_AAPL.daily.csv, .minute.csv or .quotes.csv")
        }
        let text = parts.dropLast(2).joined(separator: ".").map { $0 == "_" ? ":" : $0 }
        do throws(InstrumentID.Malformed) {
            instrument = try InstrumentID(String(text))
        } catch {
            throw failure("the name is no instrument's", "\(error.reason); _ stands for : in a file name")
        }
        self.content = content
    }
}

/// One row of a market data file.
package enum MarketRow: Hashable, Sendable {
    case candle(Candle)
    case quote(Quote)

    /// As `Domain.Candle`, before anyone has received it.
    package struct Candle: Hashable, Sendable {
        package var start: Timestamp
        package var lengthNanoseconds: Int64
        package var open: ExactDecimal
        package var high: ExactDecimal
        package var low: ExactDecimal
        package var close: ExactDecimal
        package var volume: ExactDecimal

        package init(
            start: Timestamp, lengthNanoseconds: Int64, open: ExactDecimal, high: ExactDecimal, low: ExactDecimal,
            close: ExactDecimal, volume: ExactDecimal
        ) {
            (self.start, self.lengthNanoseconds) = (start, lengthNanoseconds)
            (self.open, self.high, self.low, self.close, self.volume) = (open, high, low, close, volume)
        }
    }

    package struct Quote: Hashable, Sendable {
        package var time: Timestamp
        package var bid: ExactDecimal
        package var bidSize: ExactDecimal
        package var ask: ExactDecimal
        package var askSize: ExactDecimal

        package init(
            time: Timestamp, bid: ExactDecimal, bidSize: ExactDecimal, ask: ExactDecimal, askSize: ExactDecimal
        ) {
            (self.time, self.bid, self.bidSize, self.ask, self.askSize) = (time, bid, bidSize, ask, askSize)
        }
    }

    /// As written in the file: the start of a bar, the minute of a quote.
    package var time: Timestamp {
        switch self {
        case .candle(let candle): candle.start
        case .quote(let quote): quote.time
        }
    }

    /// When the row is known to the world: a bar at its end, a minute's last quote at the end of the minute.
    package var knownTime: Timestamp {
        switch self {
        case .candle(let candle): candle.start.advanced(by: candle.lengthNanoseconds)
        case .quote(let quote): quote.time.advanced(by: 60_000_000_000)
        }
    }
}

/// Reads a market data file row by row, strictly: the exact header, each column, times that ascend, prices that fit
/// together. Memory is bounded by one line. Owned by one thread at a time.
package final class MarketFileReader {
    package let name: MarketFileName
    private let lines: LineReader
    private var lastTime: Timestamp?

    package init(path: String) throws(ConfigurationErrors) {
        name = try MarketFileName(path: path)
        lines = try LineReader(path: path, maximumBytes: 1024)
        try readHeader()
    }

    /// The line of the row read last, from 1.
    package var line: Int { lines.number }

    /// The next row; `nil` after the last.
    package func next() throws(ConfigurationErrors) -> MarketRow? {
        guard let line = try lines.next() else { return nil }
        var cells = Cells(line: line, names: Self.columns(name.content), lines: lines)
        let time = try cells.time()
        if let lastTime, time <= lastTime {
            throw lines.failure(
                column: 1, "time", "\(time) does not come after \(lastTime)", remedy: "times ascend from row to row")
        }
        lastTime = time
        switch name.content {
        case .candles(let length):
            let candle = MarketRow.Candle(
                start: time, lengthNanoseconds: length, open: try cells.decimal(), high: try cells.decimal(),
                low: try cells.decimal(), close: try cells.decimal(), volume: try cells.size())
            try cells.end()
            if candle.high < max(candle.open, candle.close) || candle.low > min(candle.open, candle.close) {
                throw lines.failure(
                    column: 1, candle.high < max(candle.open, candle.close) ? "high" : "low",
                    "open \(candle.open) and close \(candle.close) are not between low \(candle.low) and high \(candle.high)"
                )
            }
            return .candle(candle)
        case .quotes:
            let quote = MarketRow.Quote(
                time: time, bid: try cells.decimal(), bidSize: try cells.size(), ask: try cells.decimal(),
                askSize: try cells.size())
            try cells.end()
            if quote.bid > quote.ask {
                throw lines.failure(column: 1, "bid", "\(quote.bid) is above the ask \(quote.ask)")
            }
            return .quote(quote)
        }
    }

    /// Starts again at the first row.
    package func rewind() throws(ConfigurationErrors) {
        try lines.rewind()
        lastTime = nil
        try readHeader()
    }

    private func readHeader() throws(ConfigurationErrors) {
        let expected = Self.columns(name.content).joined(separator: ",")
        guard let header = try lines.next(), header.elementsEqual(expected.utf8) else {
            throw lines.failure(column: 1, "", "the header is not that of such a file", remedy: "expected \(expected)")
        }
    }

    static func columns(_ content: MarketFileName.Content) -> [String] {
        switch content {
        case .candles: ["time", "open", "high", "low", "close", "volume"]
        case .quotes: ["time", "bid", "bid_size", "ask", "ask_size"]
        }
    }
}

/// The cells of one line, taken from left to right.
private struct Cells {
    private let line: ArraySlice<UInt8>
    private var rest: ArraySlice<UInt8>?
    private var names: ArraySlice<String>
    private let lines: LineReader
    private let count: Int

    init(line: ArraySlice<UInt8>, names: [String], lines: LineReader) {
        (self.line, rest, self.names, self.lines, count) = (line, line, names[...], lines, names.count)
    }

    mutating func time() throws(ConfigurationErrors) -> Timestamp {
        let (cell, name, column) = try take()
        let text = String(decoding: cell, as: UTF8.self)
        guard text.hasSuffix("Z"), let time = Timestamp(rfc3339: text) else {
            throw failure(text, name, column, "expected a time in UTC like 2013-10-07T08:00:00Z")
        }
        return time
    }

    mutating func decimal() throws(ConfigurationErrors) -> ExactDecimal {
        let (cell, name, column) = try take()
        guard let value = cell.withUnsafeBufferPointer({ ExactDecimal.parse($0) }) else {
            throw failure(String(decoding: cell, as: UTF8.self), name, column, "expected a decimal number")
        }
        return value
    }

    mutating func size() throws(ConfigurationErrors) -> ExactDecimal {
        let (cell, name, column) = try take()
        guard let value = cell.withUnsafeBufferPointer({ ExactDecimal.parse($0) }), !value.isNegative else {
            throw failure(String(decoding: cell, as: UTF8.self), name, column, "expected a decimal number from 0")
        }
        return value
    }

    /// Makes sure that nothing follows.
    mutating func end() throws(ConfigurationErrors) {
        if rest != nil { throw wrongCount() }
    }

    private mutating func take() throws(ConfigurationErrors) -> (cell: ArraySlice<UInt8>, name: String, column: Int) {
        guard let rest, let name = names.popFirst() else { throw wrongCount() }
        let column = rest.startIndex - line.startIndex + 1
        let end = rest.firstIndex(of: UInt8(ascii: ","))
        self.rest = end.map { rest[($0 + 1)...] }
        return (rest[..<(end ?? rest.endIndex)], name, column)
    }

    private func wrongCount() -> ConfigurationErrors {
        let found = line.count { $0 == UInt8(ascii: ",") } + 1
        return lines.failure(
            column: 1, "", line.isEmpty ? "the line is empty" : "the row has \(found) columns",
            remedy: "expected \(count)")
    }

    private func failure(_ text: String, _ name: String, _ column: Int, _ remedy: String) -> ConfigurationErrors {
        let excerpt = ConfigurationError.excerpt(of: text)
        return lines.failure(column: column, name, "'\(excerpt)' is not accepted", remedy: remedy, value: excerpt)
    }
}
