import Domain
import Instruments
import Settings

/// The files of a replay, laid side by side: hands out what comes next.
struct ReplayTape: Sendable {
    /// One file and the row at its head.
    ///
    /// `@unchecked`: a tape is a value that its player keeps behind a lock, and nobody else has its readers, so one
    /// thread at a time uses them.
    private final class Track: @unchecked Sendable {
        let reader: MarketFileReader
        var head: MarketRow?

        init(_ reader: MarketFileReader) throws(ConfigurationErrors) {
            self.reader = reader
            head = try reader.next()
        }

        func advance() throws(ConfigurationErrors) { head = try reader.next() }

        func rewind() throws(ConfigurationErrors) {
            try reader.rewind()
            head = try reader.next()
        }
    }

    private struct Part: Sendable {
        let index: InstrumentIndex
        let id: InstrumentID
        var tracks: [Track]

        /// When its next rows are known; `nil` at the end.
        var knownTime: Timestamp? { tracks.compactMap { $0.head?.knownTime }.min() }
    }

    private var parts: [Part] = []
    private let pace: ReplayPlayer.Pace
    private let loops: Bool
    private let speed: ExactDecimal
    private var lastKnownTime: Timestamp?

    var instruments: [InstrumentID] { parts.map(\.id) }

    init(
        files: [String], pace: ReplayPlayer.Pace, loops: Bool, speed: ExactDecimal, instruments: InstrumentSnapshot
    ) throws(ConfigurationErrors) {
        (self.pace, self.loops, self.speed) = (pace, loops, speed)
        let paths = try MarketDirectory.files(files)
        guard paths.count <= ReplayPlayer.maximumFiles else {
            throw Self.failure("", "there are \(paths.count) files", "at most \(ReplayPlayer.maximumFiles) are played")
        }
        var errors: [ConfigurationError] = []
        for path in paths {
            do throws(ConfigurationErrors) {
                try add(path, instruments: instruments)
            } catch {
                errors += error.errors
            }
        }
        if !errors.isEmpty { throw ConfigurationErrors(errors) }
        parts.sort { $0.id.text < $1.id.text }
    }

    private mutating func add(_ path: String, instruments: InstrumentSnapshot) throws(ConfigurationErrors) {
        let reader = try MarketFileReader(path: path)
        let id = reader.name.instrument
        guard let index = instruments.index(of: id) else {
            throw Self.failure(path, "the instrument \(id) is not known", "give its figures in the instrument overlay")
        }
        var count = 0
        while try reader.next() != nil { count += 1 }
        guard count > 0 else { throw Self.failure(path, "there are no rows", "expected at least one") }
        try reader.rewind()
        let track = try Track(reader)
        if let part = parts.firstIndex(where: { $0.index == index }) {
            parts[part].tracks.append(track)
        } else {
            parts.append(Part(index: index, id: id, tracks: [track]))
        }
    }

    /// What is published next, and how long to wait after it. `nil` at the end.
    mutating func next() throws(ConfigurationErrors) -> (batch: PriceBatch, pauseNanoseconds: Int64)? {
        switch pace {
        case .every(let nanoseconds):
            if loops {
                for part in parts where part.knownTime == nil { try Self.rewind(part) }
            }
            let due = ordered(parts)
            guard !due.isEmpty else { return nil }
            return (try take(due), divided(nanoseconds))
        case .recorded:
            guard let time = parts.compactMap(\.knownTime).min() else { return nil }
            let batch = try take(ordered(parts.filter { $0.knownTime == time }))
            if let next = parts.compactMap(\.knownTime).min() {
                lastKnownTime = time
                return (batch, divided(next.since(time)))
            }
            guard loops else { return (batch, 0) }
            for part in parts { try Self.rewind(part) }
            // From the last bar back to the first there is no recorded distance: the one before the last stands in.
            let distance = lastKnownTime.map { time.since($0) } ?? 0
            return (batch, divided(max(distance, 1_000_000)))
        }
    }

    // MARK: Rows

    private func ordered(_ parts: [Part]) -> [(part: Part, time: Timestamp)] {
        parts.compactMap { part in part.knownTime.map { (part, $0) } }
            .sorted { ($0.time, $0.part.id.text) < ($1.time, $1.part.id.text) }
    }

    private func take(_ due: [(part: Part, time: Timestamp)]) throws(ConfigurationErrors) -> PriceBatch {
        var batch = PriceBatch()
        for (part, time) in due {
            for track in part.tracks {
                while let row = track.head, row.knownTime == time {
                    Self.append(row, of: part, to: &batch)
                    try track.advance()
                }
            }
        }
        return batch
    }

    private static func append(_ row: MarketRow, of part: Part, to batch: inout PriceBatch) {
        let unstamped = Timestamp(nanoseconds: 0)  // the hub stamps arrivals
        switch row {
        case .candle(let row):
            let candle = Candle(
                symbol: part.id, start: row.start, lengthNanoseconds: row.lengthNanoseconds, open: row.open,
                high: row.high, low: row.low, close: row.close, volume: row.volume, receivedTime: unstamped)
            batch.candles.append(IndexedCandle(part.index, candle))
            let end = row.start.advanced(by: row.lengthNanoseconds)
            let quote = Quote(symbol: part.id, last: row.close, sourceTime: end, receivedTime: unstamped)
            batch.quotes.append(IndexedQuote(part.index, quote))
        case .quote(let row):
            let quote = Quote(
                symbol: part.id, bid: row.bid, bidSize: row.bidSize, ask: row.ask, askSize: row.askSize,
                sourceTime: row.time, receivedTime: unstamped)
            batch.quotes.append(IndexedQuote(part.index, quote))
        }
    }

    private static func rewind(_ part: Part) throws(ConfigurationErrors) {
        for track in part.tracks { try track.rewind() }
    }

    /// A pause at the speed of the replay, rounded down to a nanosecond; at most what Int64 holds.
    private func divided(_ nanoseconds: Int64) -> Int64 {
        guard let pause = ExactDecimal(nanoseconds).divided(by: speed, rounding: .down) else { return .max }
        return Int64(exactly: pause) ?? .max
    }

    private static func failure(_ path: String, _ message: String, _ remedy: String) -> ConfigurationErrors {
        ConfigurationErrors(ConfigurationError(file: path, path: "", message: message, remedy: remedy))
    }
}
