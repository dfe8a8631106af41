import Domain
import Testing

@testable import Engine

@Suite("The state is a fold of the journal")
struct StateBytesTests {
    @Test(
        "A replay without limits, prices and funds gives the bytes of the state that decided (V16)", arguments: 0..<60)
    func replay(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(steps: 150, &random)
        var bytes: [UInt8] = []
        JournalRecord.encode(events: history.events, sequence: 1, at: history.fixture.now, into: &bytes)
        var engine = history.base
        for event in try JournalRecord.decode(bytes).events { engine.apply(event) }
        let (replayed, live) = (engine.stateBytes(), history.fixture.engine.stateBytes())
        let isSame = replayed == live
        let place = zip(replayed, live).enumerated().first { $0.element.0 != $0.element.1 }?.offset ?? 0
        #expect(isSame, "byte \(place) of \(replayed.count) and \(live.count)")
        for run in history.fixture.engine.runs.all {
            #expect(history.fixture.engine.quantityFlaw(of: run.id) == nil && run.admission.shareFlaw == nil)
        }
        #expect(history.fixture.engine.reservationFlaws() == [])
        // One event less is another state: the bytes tell states apart.
        var shorter = history.base
        for event in history.events.dropLast() { shorter.apply(event) }
        if let last = history.events.last, last.kind != .gapClosed, last.kind != .orderReported {
            let isOther = shorter.stateBytes() != replayed
            #expect(isOther, "\(last.kind)")
        }
    }

    @Test(
        "A snapshot and the events after it give the bytes and the state of a replay of all events", arguments: 0..<60)
    func snapshot(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(steps: 150, &random)
        let cut = Int(random.next() % UInt64(history.events.count + 1))
        var whole = history.base
        for event in history.events[..<cut] { whole.apply(event) }
        let bytes = whole.stateBytes()
        var resumed = try Engine(clientOrderIDPrefix: whole.clientOrderIDPrefix, stateBytes: bytes)
        #expect(resumed.stateBytes() == bytes, "reading back and writing again changes nothing")
        #expect(resumed.differences(from: whole) == [])
        for event in history.events[cut...] {
            whole.apply(event)
            resumed.apply(event)
        }
        #expect(resumed.differences(from: whole) == [])
        #expect(resumed.stateBytes() == whole.stateBytes())
        whole.renewMargins()
        resumed.renewMargins()
        for account in whole.accounts.indices {
            #expect(resumed.reservedMargin(Int32(account)) == whole.reservedMargin(Int32(account)))
        }
        #expect(resumed.reservationFlaws() == [])
        // Message rates stand on the limits: under those of the engine that decided they are as full as there.
        let live = history.fixture.engine
        resumed.setLimits(live.limits)
        resumed.renewRates()
        let kinds: [KeyPath<RateBook, ScopeLogs>] = [
            \.accounts, \.groups, \.adapters, \.aggregates, \.firm, \.strategies,
        ]
        for kind in kinds {
            let (known, told) = (live.rates[keyPath: kind], resumed.rates[keyPath: kind])
            #expect(known.rings.count == told.rings.count)
            for place in known.rings.indices { #expect(told[place: place] == known[place: place]) }
        }
        #expect(live.rates.accounts.rings.contains { $0 != SendRing(limit: $0.limit, window: $0.window) })
    }

    @Test("Damaged bytes of a snapshot are refused or read, and never trap", arguments: 0..<40)
    func damaged(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let history = try History(steps: 30, &random)
        let bytes = history.fixture.engine.stateBytes()
        #expect(throws: EventCodingError.self) {
            try Engine(clientOrderIDPrefix: 1, stateBytes: Array(bytes.dropLast()))
        }
        for _ in 0..<40 {
            var damaged = bytes
            damaged[Int(random.next() % UInt64(bytes.count))] ^= UInt8(truncatingIfNeeded: 1 << (random.next() % 8))
            _ = try? Engine(clientOrderIDPrefix: 1, stateBytes: damaged)
        }
    }
}
