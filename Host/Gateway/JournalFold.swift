import Domain
package import Engine
import Store
import Telemetry

/// What the journal's records make, one after the other: the engine's state, and the results of the days that ended.
///
/// A start, the auditor and a snapshot's reader fold by this alone, so they come to the same.
package struct JournalFold: Sendable {
    package var engine: Engine
    var days = ClosedDays()

    package init(clientOrderIDPrefix: UInt64) {
        engine = Engine(clientOrderIDPrefix: clientOrderIDPrefix)
    }

    init(engine: Engine, days: ClosedDays) { (self.engine, self.days) = (engine, days) }

    /// What a snapshot holds.
    ///
    /// - Throws: where its bytes are not whole. Any bytes may be given.
    init(clientOrderIDPrefix: UInt64, _ snapshot: StateSnapshot) throws(EventCodingError) {
        engine = try Engine(clientOrderIDPrefix: clientOrderIDPrefix, stateBytes: snapshot.state)
        days = try ClosedDays(bytes: snapshot.results)
    }

    mutating func apply(_ event: Event, at time: Timestamp) {
        if case .dayOpened(let opening) = event { days.add(Gateway.closedDay(opening, engine, at: time)) }
        engine.apply(event)
    }

    func snapshot(after anchor: ChainAnchor) -> StateSnapshot {
        StateSnapshot(
            layout: Engine.stateLayout, anchor: anchor, state: engine.stateBytes(), results: days.bytes)
    }
}

/// Results of ended days, oldest first: kept, so that a telemetry file that was lost or failed is filled again at the next
/// start, and handed out once.
struct ClosedDays: Sendable {
    /// Beyond it the oldest are given up for newer ones; a replay of the whole journal has them.
    static let maximum = 100_000

    private(set) var results: [DayResult] = []
    /// Of the results, at their end: not handed out yet.
    private var untaken = 0

    init() {}

    mutating func add(_ more: [DayResult]) {
        guard !more.isEmpty else { return }
        results += more
        if results.count > Self.maximum { results.removeFirst(results.count - Self.maximum) }
        untaken = min(untaken + more.count, results.count)
    }

    mutating func take() -> [DayResult] {
        defer { untaken = 0 }
        return Array(results.suffix(untaken))
    }
}

// MARK: - As bytes

extension ClosedDays {
    var bytes: [UInt8] {
        var writer = EventWriter(base: Timestamp(nanoseconds: 0), capacity: 1 << 12)
        writer.write(count: results.count)
        for result in results {
            writer.write(result.account.rawValue)
            writer.write(result.day)
            writer.write(result.currency)
            writer.write(byte: result.result == nil ? 0 : 1)
            writer.write(result.result ?? 0)
            writer.write(result.fees)
            writer.write(result.at)
        }
        return writer.bytes
    }

    /// All of them count as not handed out.
    init(bytes: [UInt8]) throws(EventCodingError) {
        let outcome = bytes.withUnsafeBytes { buffer -> Result<[DayResult], EventCodingError> in
            var reader = EventReader(buffer, base: Timestamp(nanoseconds: 0))
            do throws(EventCodingError) {
                var results: [DayResult] = []
                for _ in 0..<(try reader.readCount(ofAtLeast: 7, "ended days")) {
                    results.append(try Self.read(&reader))
                }
                guard reader.isAtEnd else {
                    throw EventCodingError(.malformed, offset: reader.offset, expected: "the end of the days")
                }
                return .success(results)
            } catch {
                return .failure(error)
            }
        }
        add(try outcome.get())
    }

    private static func read(_ reader: inout EventReader) throws(EventCodingError) -> DayResult {
        let (account, day) = (try reader.readAccountID(), try reader.readSigned())
        let currency = try reader.readCurrency()
        let isKnown = try reader.read { $0 < 2 ? $0 == 1 : nil }
        let result = try reader.readSigned()
        return DayResult(
            account: account, day: day, currency: currency, result: isKnown ? result : nil,
            fees: try reader.readSigned(), at: try reader.readTime(), isClosed: true)
    }
}
