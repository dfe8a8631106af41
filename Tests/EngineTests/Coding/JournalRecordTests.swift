import Domain
import Testing

@testable import Engine

@Suite("A journal record")
struct JournalRecordTests {
    private static let at = Timestamp(nanoseconds: 1_795_000_000_000_000_000)

    private static func record(_ events: [Event], sequence: UInt64 = 77, at: Timestamp = at) -> [UInt8] {
        var bytes: [UInt8] = []
        JournalRecord.encode(events: events, sequence: sequence, at: at, into: &bytes)
        return bytes
    }

    /// A record of one event whose kind and fields are given as bytes.
    private static func record(kind: UInt8, fields: [UInt8]) -> [UInt8] {
        var writer = EventWriter(base: at)
        for byte in [0x53, 0x4c, 0x4a, 0x31, 1, 77] as [UInt8] { writer.write(byte: byte) }
        writer.write(at.nanoseconds)
        writer.write(count: 1)
        writer.write(byte: kind)
        writer.write(fields)
        return writer.bytes
    }

    private static func error(of bytes: [UInt8]) -> EventCodingError? {
        do {
            _ = try JournalRecord.decode(bytes)
            return nil
        } catch {
            return error
        }
    }

    // MARK: The format

    /// The worked example of the format's description.
    private static let example: [Event] = [
        .ordersReleased(run: RunID(number: 300), orders: [0, 1, 64]),
        .orderAnswered(
            OrderAnswer(
                run: RunID(number: 300), order: 1, outcome: .rejected, brokerOrderID: "B1", exchangeOrderID: nil,
                error: AdapterError(code: .funds, brokerText: "short ₹", httpStatus: 400), adapterState: [0xAB],
                dispatchedAt: at.advanced(by: -1_000), writtenAt: at.advanced(by: 0), firstByteAt: nil,
                answeredAt: at.advanced(by: 500))),
    ]
    private static let exampleBytes: [UInt8] = [
        // "SLJ1", version 1, sequence 77, base time, two events
        0x53, 0x4c, 0x4a, 0x31, 0x01, 0x4d, 0x80, 0x80, 0x9c, 0xbd, 0xab, 0xbf, 0x8f, 0xe9, 0x31, 0x02,
        // ordersReleased, 7 bytes: run 300, three orders 0, 1, 64
        0x12, 0x07, 0xac, 0x02, 0x03, 0x00, 0x02, 0x80, 0x01,
        // orderAnswered, 29 bytes: flags 0, 2, 3; run 300; order 1; rejected; "B1"
        0x0a, 0x1d, 0x0d, 0xac, 0x02, 0x02, 0x02, 0x02, 0x42, 0x31,
        // error: flags 1, 4; funds; "short ₹"; 400
        0x12, 0x08, 0x09, 0x73, 0x68, 0x6f, 0x72, 0x74, 0x20, 0xe2, 0x82, 0xb9, 0xa0, 0x06,
        // adapter state of one byte; dispatched -1000, written 0, answered +500
        0x01, 0xab, 0xcf, 0x0f, 0x00, 0xe8, 0x07,
    ]

    @Test("The format does not drift: a known record has known bytes")
    func golden() throws {
        #expect(Self.record(Self.example) == Self.exampleBytes)
        #expect(try JournalRecord.decode(Self.exampleBytes).events == Self.example)
    }

    @Test("Stored numbers of kinds and words do not move")
    func storedNumbers() {
        #expect(Event.Kind.allCases.prefix(21).map(\.rawValue) == Array(1...21))
        #expect(ControlID.unknownOutstanding.rawValue == 31)
        #expect(ControlID.modeNotMet.rawValue == 104)
        #expect(LocalCancelReason.shutdown.rawValue == 5)
        #expect(TradingStatus.halted.rawValue == 2)
        #expect(TradingStatus.coolOff.rawValue == 3)
    }

    /// These two number their cases by place: a case put between others would give stored numbers a new meaning.
    @Test("Words that are numbered by their place are only ever appended to")
    func appendOnlyWords() {
        func names<Word: RawRepresentable>(_ type: Word.Type) -> String where Word.RawValue == UInt8 {
            (1..<255).compactMap { type.init(rawValue: $0) }.map { "\($0)" }.joined(separator: " ")
        }
        #expect(
            names(Rejection.Sentence.self).hasPrefix(
                """
                notAuthorised notTradable expired offTick offLot outsideDayRange unknownField notAllowed \
                shortNotAllowed halted reducing coolingOff marketOrdersRefused aboveCollar belowCollar \
                aboveInnerCollar belowInnerCollar stopOutsideCollar noReference staleReference belowMinimum \
                aboveMaximum aboveMaximumLots belowMinimumNotional aboveMaximumNotional parentQuantity \
                parentNotional overflow freezeBelowLot tooManySlices rateExceeded rateHoldTooLong \
                tooManyOpenOrders positionExceeded exposureExceeded exposureNoPrice exposureNoLimit marginShort \
                noFunds staleFunds noMarginRate lossReached lossNoPrice unknownOutstanding notReady unsupported \
                deadlinePassed othersFailed zeroAfterClip outsideSession afterMarketNotAllowed noCalendar \
                strategyRunsUsed strategiesUncounted tooManyModifications duplicateOrder duplicatesUncounted \
                tooManyOrdersToday tooManyModificationsToday tooManyLotsToday tooManyCancelsToday \
                netExposureExceeded concentrationExceeded leverageExceeded noEquity currencyNotConvertible \
                notHeld noHoldings nakedOption drawdownReached groupLossReached losingStreak selfTrade \
                selfTradeCanceling aggregateNotional aggregateRate aggregateOpenOrders aggregatePosition \
                aggregateExposure aggregateLoss
                """))
        #expect(
            names(AdapterErrorCode.self).hasPrefix(
                """
                invalid unsupported clock authExpired authRejected forbidden rateLimited funds brokerRisk \
                priceBand quantityRule marketClosed halted instrument duplicate notFound alreadyFinal network \
                timeout truncated brokerServerError protocolError internalError
                """))
    }

    @Test("Times far from the base, at either end of time, come back")
    func extremeTimes() throws {
        let ends = [Timestamp(nanoseconds: .min), Timestamp(nanoseconds: .max), Timestamp(nanoseconds: 0)]
        for base in ends {
            for time in ends {
                let event = Event.ordersQueued(run: RunID(number: 1), orders: [], durableAt: time, queuedAt: time)
                #expect(try JournalRecord.decode(Self.record([event], at: base)).events == [event])
            }
        }
    }

    // MARK: Other versions

    @Test("A kind of event that is not known is refused by its number", arguments: [0, 99, 200, 255] as [UInt8])
    func unknownKind(kind: UInt8) {
        let error = Self.error(of: Self.record(kind: kind, fields: [1, 2, 3]))
        #expect(error?.kind == .unknownEvent)
        #expect(error?.found == UInt64(kind))
        #expect(error?.offset == 16)
        #expect(error?.description.contains("a later version of the gateway wrote it") == true)
    }

    @Test("Fields that a later version appended are skipped")
    func appendedTail() throws {
        let fields: [UInt8] = [0xac, 0x02, 0x02]  // run 300, order 1
        let event = Event.gapClosed(run: RunID(number: 300), order: 1)
        for tail in [[], [0xff], [0x80, 0x80, 0x80], Array(repeating: 9, count: 200)] as [[UInt8]] {
            #expect(try JournalRecord.decode(Self.record(kind: 20, fields: fields + tail)).events == [event])
        }
    }

    @Test("A tail is skipped on every kind of event", arguments: Event.Kind.allCases)
    func appendedTailOfEveryKind(kind: Event.Kind) throws {
        var sample = EventSampler(seed: UInt64(kind.rawValue))
        let event = sample.event(kind)
        var writer = EventWriter(base: Self.at)
        writer.write(event)
        let fields = try writer.bytes.withUnsafeBytes { buffer in
            var reader = EventReader(buffer, base: Self.at)
            _ = try reader.readByte("kind")
            return try reader.readBytes()
        }
        let longer = Self.record(kind: kind.rawValue, fields: fields + [0xde, 0xad])
        #expect(try JournalRecord.decode(longer).events == [event])
    }

    @Test("Fields do not reach beyond their event")
    func shortEvent() {
        // The order's place is missing; the bytes of the next event are not taken for it.
        let error = Self.error(of: Self.record(kind: 20, fields: [0xac, 0x02]))
        #expect(error?.kind == .truncated)
    }

    @Test("Another format is refused with its number, other bytes as no record")
    func header() {
        var other = Self.exampleBytes
        other[4] = 2
        #expect(
            Self.error(of: other)
                == EventCodingError(.unsupportedVersion, offset: 4, expected: "format version 1", found: 2))
        #expect(Self.error(of: Array("SQLite format 3".utf8))?.kind == .notARecord)
        #expect(Self.error(of: [])?.kind == .truncated)
        #expect(Self.error(of: Self.exampleBytes + [0])?.kind == .malformed)
    }

    @Test("The header is read without the events")
    func headerAlone() throws {
        let header = try Self.exampleBytes.prefix(20).withUnsafeBytes { try JournalRecord.decodeHeader($0) }
        #expect(header == JournalRecord.Header(formatVersion: 1, sequence: 77, at: Self.at, eventCount: 2))
    }

    // MARK: Broken bytes

    @Test("Every prefix of a record is an error", arguments: 0..<40)
    func truncation(seed: UInt64) {
        var sample = EventSampler(seed: seed)
        let bytes = Self.record([sample.event(), sample.event()])
        for length in 0..<min(bytes.count, 1_500) {
            #expect(Self.error(of: Array(bytes.prefix(length))) != nil, "length \(length)")
        }
    }

    @Test("Corrupt bytes are an error or other events, and never a trap", arguments: 0..<100)
    func corruption(seed: UInt64) {
        var sample = EventSampler(seed: seed)
        let intact = Self.record(sample.list(upTo: 4) { $0.event() })
        for _ in 0..<100 {
            var bytes = intact
            for _ in 0...sample.below(3) {
                let place = sample.below(bytes.count)
                switch sample.below(4) {
                case 0: bytes[place] ^= 1 << UInt8(sample.below(8))
                case 1: bytes[place] = sample.pick([0, 0x7f, 0x80, 0xff])
                case 2: bytes.remove(at: place)
                default: bytes.insert(UInt8(truncatingIfNeeded: sample.bits()), at: place)
                }
            }
            guard let decoded = try? JournalRecord.decode(bytes) else { continue }
            // Whatever was read can be written and read again.
            let again = Self.record(decoded.events, sequence: decoded.header.sequence, at: decoded.header.at)
            #expect((try? JournalRecord.decode(again))?.events == decoded.events)
        }
    }

    @Test("Noise behind a good header is never a trap", arguments: 0..<200)
    func noise(seed: UInt64) {
        var sample = EventSampler(seed: seed)
        for _ in 0..<50 {
            let kind = sample.word(Event.Kind.self)
            let noise = sample.list(upTo: 80) { UInt8(truncatingIfNeeded: $0.flag() ? $0.bits() : UInt64($0.below(4))) }
            _ = Self.error(of: Self.record(kind: kind.rawValue, fields: noise))
        }
    }

    @Test("A count is not believed beyond the bytes that are left")
    func hugeCount() {
        // run 300, then 2^63 orders
        let fields: [UInt8] = [0xac, 0x02, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]
        let error = Self.error(of: Self.record(kind: 18, fields: fields))
        #expect(error?.kind == .malformed)
        #expect(error?.found == 1 << 63)
        #expect(error?.expected.contains("orders") == true)
    }

    @Test("An unknown word is an error that names its type and the number found")
    func unknownWord() {
        let error = Self.error(of: Self.record(kind: 17, fields: [0x01, 0x00, 0x63]))
        #expect(
            error == EventCodingError(.unknownValue, offset: 20, expected: "a value of LocalCancelReason", found: 99))
        #expect(error?.description == "byte 20: expected a value of LocalCancelReason, found 99")
    }

    @Test("A flag that is not known is an error: its field would have no length")
    func unknownFlag() {
        let error = Self.error(of: Self.record(kind: 19, fields: [0x01, 0x00, 0x01, 0x02]))
        #expect(error?.kind == .unknownValue)
        #expect(error?.found == 2)
    }
}
