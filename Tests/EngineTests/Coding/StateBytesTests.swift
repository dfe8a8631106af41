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
}
