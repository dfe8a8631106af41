import Domain
import Testing

@testable import Engine

@Suite("Events come back from their bytes")
struct EventRoundTripTests {
    @Test("A record holds what was put into it, and equal events are equal bytes", arguments: 0..<400)
    func recordRoundTrip(seed: UInt64) throws {
        var sample = EventSampler(seed: seed)
        let events = sample.list(upTo: 12) { $0.event() }
        let (sequence, at) = (sample.unsigned(), sample.time())
        var bytes: [UInt8] = [7, 7]  // what the array held before stays
        JournalRecord.encode(events: events, sequence: sequence, at: at, into: &bytes)
        #expect(bytes.prefix(2) == [7, 7])
        let record = Array(bytes.dropFirst(2))
        let decoded = try JournalRecord.decode(record)
        #expect(decoded.events == events)
        #expect(
            decoded.header
                == JournalRecord.Header(formatVersion: 1, sequence: sequence, at: at, eventCount: events.count))
        var again: [UInt8] = []
        JournalRecord.encode(events: decoded.events, sequence: sequence, at: at, into: &again)
        #expect(again == record)
    }

    @Test("Every kind of event comes back, in all sizes", arguments: Event.Kind.allCases)
    func everyKind(kind: Event.Kind) throws {
        for seed in 0..<60 as Range<UInt64> {
            var sample = EventSampler(seed: seed << 8 | UInt64(kind.rawValue))
            let event = sample.event(kind)
            try #require(event.kind == kind)
            var writer = EventWriter(base: Timestamp(nanoseconds: 1_000), capacity: 1)
            writer.write(event)
            let bytes = writer.bytes
            #expect(bytes.first == kind.rawValue)
            let read = try bytes.withUnsafeBytes { buffer in
                var reader = EventReader(buffer, base: Timestamp(nanoseconds: 1_000))
                let event = try reader.readEvent()
                return (event, reader.isAtEnd)
            }
            #expect(read.0 == event, "seed \(seed)")
            #expect(read.1)
        }
    }

    @Test("Broker options stand in one order, whatever the dictionary's")
    func brokerOptionsAreSorted() throws {
        var sample = EventSampler(seed: 5)
        var (one, other) = (sample.parentOrder(), sample.parentOrder())
        other = one
        one.brokerOptions = [:]
        other.brokerOptions = Dictionary(minimumCapacity: 1_000)
        for name in ["zerodha", "paper", "é", "ibkr", "a"] { one.brokerOptions[name] = "{}" }
        for name in ["a", "é", "ibkr", "paper", "zerodha"] { other.brokerOptions[name] = "{}" }
        var first = EventWriter(base: Timestamp(nanoseconds: 0))
        var second = EventWriter(base: Timestamp(nanoseconds: 0))
        first.write(one)
        second.write(other)
        #expect(first.bytes == second.bytes)
    }

    /// A field with a default in its initialiser can be forgotten by the codec and by the sampler alike.
    @Test("The codec was written for the fields that the types have")
    func fieldCounts() {
        var sample = EventSampler(seed: 1)
        func expectFields(_ value: Any, _ count: Int) {
            #expect(Mirror(reflecting: value).children.count == count, "\(type(of: value))")
        }
        expectFields(sample.accountRecord(), 8)
        expectFields(sample.groupRecord(), 12)
        expectFields(sample.member(), 8)
        expectFields(sample.instrumentRecord(), 16)
        expectFields(sample.stateChange(), 8)
        expectFields(sample.stateChange().scope, 2)
        expectFields(sample.dayOpening(), 4)
        expectFields(DayOpening.Mark(instrument: 1, points: 1), 2)
        expectFields(sample.parentOrder(), 31)
        expectFields(sample.admission(), 24)
        expectFields(LegInstrument(number: nil, unitsPerStep: 1), 4)
        expectFields(sample.admission().origin, 3)
        expectFields(RunAdmission.LeftOut(account: sample.account(), reason: ""), 2)
        expectFields(RunAdmission.Reference(points: 1, age: 1), 2)
        expectFields(sample.leg(), 15)
        expectFields(sample.funds(), 4)
        expectFields(sample.rejection(), 9)
        expectFields(sample.error(), 7)
        expectFields(sample.answer(), 11)
        expectFields(sample.report(), 7)
        expectFields(sample.execution(), 14)
        expectFields(Order.Replacement(clientSequence: 1, quantity: 1, limitPrice: 1, stopPrice: 1), 7)
        expectFields(Order.Terms(quantity: 1, limitPrice: 1, stopPrice: 1), 4)
        expectFields(Order.Words(), 3)
    }

    @Test("An answer to an order is small")
    func answerSize() {
        let at = Timestamp(nanoseconds: 1_795_000_000_000_000_000)
        let answer = OrderAnswer(
            run: RunID(number: 4_211), order: 17, outcome: .accepted, brokerOrderID: "250101000100017",
            exchangeOrderID: nil, error: nil, adapterState: [], dispatchedAt: at.advanced(by: -41_000_000),
            writtenAt: at.advanced(by: -40_900_000), firstByteAt: at.advanced(by: -1_200_000),
            answeredAt: at.advanced(by: -1_100_000))
        var writer = EventWriter(base: at)
        writer.write(Event.orderAnswered(answer))
        #expect(writer.count <= 40)
    }
}
