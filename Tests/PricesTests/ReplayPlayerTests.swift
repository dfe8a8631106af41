import Domain
import InstrumentKit
import NIOConcurrencyHelpers
import Prices
import Settings
import Testing

@Suite("Replay player")
struct ReplayPlayerTests {
    private let clock = ManualClock()
    private static let header = "time,open,high,low,close,volume\n"
    private static let shipped = ["US:EQ:AAPL", "US:EQ:GOOG", "US:EQ:IBM", "US:EQ:MSFT"]

    /// A player of `files`, with what its hub delivers.
    private func play<Result>(
        _ files: [String], instruments: [String], pace: ReplayPlayer.Pace = .every(nanoseconds: 1_000_000_000),
        loops: Bool = false, speed: ExactDecimal = 1, _ body: (ReplayPlayer, Recorder) throws -> Result
    ) throws -> Result {
        let hub = QuoteHub(clock: clock)
        let recorder = Recorder()
        let subscription = hub.subscribe(recorder.record)
        defer { subscription?.cancel() }
        let player = try ReplayPlayer(
            files: files, pace: pace, loops: loops, speed: speed, instruments: table(instruments).snapshot, hub: hub)
        return try body(player, recorder)
    }

    @Test("A step publishes one bar of each instrument: the candle at its end, its close as the last trade at arrival")
    func oneBarEach() throws {
        let directory = try #require(RecordedMarket.directory)
        try play([directory], instruments: Self.shipped) { (player, recorder) throws in
            #expect(player.instruments.map(\.text) == Self.shipped)
            #expect(try player.step() == .published(quotes: 4, candles: 4, pauseNanoseconds: 1_000_000_000))
            #expect(recorder.candles.map(\.symbol.text) == Self.shipped)
            #expect(recorder.quotes.map(\.last) == recorder.candles.map(\.close))
            #expect(recorder.candles.map(\.close.description) == ["329.57", "604.35", "147.48", "27.98"])
            #expect(recorder.candles.allSatisfy { $0.start.description == "2011-01-03T00:00:00.000000Z" })
            #expect(recorder.quotes.allSatisfy { $0.sourceTime?.description == "2011-01-04T00:00:00.000000Z" })
            #expect(recorder.quotes.allSatisfy { $0.receivedTime == self.clock.now() })
        }
    }

    @Test("The shipped files are played to the end, then prices only age")
    func toTheEnd() throws {
        let directory = try #require(RecordedMarket.directory)
        try play([directory], instruments: Self.shipped) { (player, recorder) throws in
            var steps = 0
            while try player.step() != .finished {
                steps += 1
                clock.advance(1_000)
            }
            #expect(steps == 543 && recorder.candles.count == 4 * 543)
            #expect(try player.step() == .finished)
            #expect(recorder.candles.count == 4 * 543)
        }
    }

    @Test("The same files play the same", arguments: [ReplayPlayer.Pace.every(nanoseconds: 1), .recorded])
    func determinism(pace: ReplayPlayer.Pace) throws {
        let directory = try #require(RecordedMarket.directory)
        func played(_ files: [String]) throws -> [PriceBatch] {
            try play(files, instruments: Self.shipped, pace: pace) { (player, recorder) throws in
                for _ in 0..<200 { _ = try player.step() }
                return recorder.all
            }
        }
        let files = try MarketDirectory.files([directory])
        #expect(try played([directory]) == played(files.reversed()))
    }

    @Test("A loop begins again, each instrument by itself")
    func loop() throws {
        let files = [
            "US_EQ_A.minute.csv": Self.header + "2020-01-01T00:00:00Z,1,1,1,1,1\n2020-01-01T00:01:00Z,2,2,2,2,1\n",
            "US_EQ_B.minute.csv": Self.header
                + "2020-01-01T00:00:00Z,5,5,5,5,1\n2020-01-01T00:01:00Z,6,6,6,6,1\n2020-01-01T00:02:00Z,7,7,7,7,1\n",
        ]
        try withFiles(files) { directory in
            try play([directory], instruments: ["US:EQ:A", "US:EQ:B"], loops: true) { (player, recorder) throws in
                for _ in 0..<7 {
                    #expect(try player.step() == .published(quotes: 2, candles: 2, pauseNanoseconds: 1_000_000_000))
                }
                let closes = recorder.candles
                #expect(closes.filter { $0.symbol.text == "US:EQ:A" }.map(\.close) == [1, 2, 1, 2, 1, 2, 1])
                #expect(closes.filter { $0.symbol.text == "US:EQ:B" }.map(\.close) == [5, 6, 7, 5, 6, 7, 5])
            }
        }
    }

    @Test("Within a step bars come by the time they were known, then by id")
    func order() throws {
        let files = [
            "US_EQ_A.minute.csv": Self.header + "2020-01-02T00:00:00Z,1,1,1,1,1\n",
            "US_EQ_C.minute.csv": Self.header + "2020-01-01T00:00:00Z,1,1,1,1,1\n",
            "US_EQ_B.minute.csv": Self.header + "2020-01-01T00:00:00Z,1,1,1,1,1\n",
        ]
        try withFiles(files) { directory in
            try play([directory], instruments: ["US:EQ:C", "US:EQ:B", "US:EQ:A"]) { (player, recorder) throws in
                _ = try player.step()
                #expect(recorder.candles.map(\.symbol.text) == ["US:EQ:B", "US:EQ:C", "US:EQ:A"])
            }
        }
    }

    @Test("At the recorded pace pauses are the recorded distances, divided by the speed")
    func recordedPace() throws {
        let files = [
            "US_EQ_A.minute.csv": Self.header + "2020-01-01T00:00:00Z,1,1,1,1,1\n2020-01-01T00:05:00Z,2,2,2,2,1\n",
            "US_EQ_B.minute.csv": Self.header + "2020-01-01T00:00:00Z,5,5,5,5,1\n2020-01-01T00:02:00Z,6,6,6,6,1\n",
        ]
        try withFiles(files) { directory in
            try play([directory], instruments: ["US:EQ:A", "US:EQ:B"], pace: .recorded, loops: true, speed: 60) {
                player, recorder in
                let steps = try (0..<4).map { _ in try player.step() }
                #expect(
                    steps == [
                        .published(quotes: 2, candles: 2, pauseNanoseconds: 2_000_000_000),
                        .published(quotes: 1, candles: 1, pauseNanoseconds: 3_000_000_000),
                        .published(quotes: 1, candles: 1, pauseNanoseconds: 3_000_000_000),
                        .published(quotes: 2, candles: 2, pauseNanoseconds: 2_000_000_000),
                    ])
                #expect(recorder.candles.map(\.close) == [1, 5, 6, 2, 1, 5])
            }
        }
    }

    @Test("Speed divides a fixed pause too")
    func speed() throws {
        let directory = try #require(RecordedMarket.directory)
        try play([directory], instruments: Self.shipped, speed: 8) { (player, _) throws in
            #expect(try player.step() == .published(quotes: 4, candles: 4, pauseNanoseconds: 125_000_000))
        }
    }

    @Test(
        "Candles and quotes of one instrument play side by side, and the split is played as traded",
        .enabled(if: ReferenceData.isPresent, ReferenceData.skipped))
    func split() throws {
        let directory = ReferenceData.directory ?? ""
        let files = ["\(directory)/US_EQ_AAPL.minute.csv", "\(directory)/US_EQ_AAPL.quotes.csv"]
        try play(files, instruments: ["US:EQ:AAPL"]) { (player, recorder) throws in
            while try player.step() != .finished { clock.advance(1_000_000_000) }
            #expect(recorder.candles.count == 2_303)
            let books = recorder.quotes.count { $0.bid != nil }
            #expect(books == 2_512)
            let closes = recorder.candles.map(\.close)
            let largest = zip(closes, closes.dropFirst()).min {
                ($0.1.subtracting($0.0) ?? 0) < ($1.1.subtracting($1.0) ?? 0)
            }
            #expect(largest.map { $0.0 > 640 && $0.1 < 93 } == true)
            let times = recorder.candles.map(\.start)
            #expect(zip(times, times.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test("Every reference file plays", .enabled(if: ReferenceData.isPresent, ReferenceData.skipped))
    func everyReferenceFile() throws {
        let names = try ReferenceData.files.map { try MarketFileName(path: $0).instrument.text }
        try play(ReferenceData.files, instruments: Array(Set(names)), pace: .recorded) { (player, recorder) throws in
            while try player.step() != .finished {}
            #expect(recorder.candles.count == 1_344 + 2_447 + 1_318 + 783 + 1_130 + 2_303 + 2_469 + 5_849)
        }
    }

    @Test("A file of an unknown instrument, without rows, or with a bad row anywhere is refused before anything plays")
    func refusedFiles() throws {
        let files = [
            "US_EQ_A.daily.csv": Self.header + "2020-01-01T00:00:00Z,1,1,1,1,1\n2020-01-02T00:00:00Z,1,1,1,1\n",
            "US_EQ_B.daily.csv": Self.header, "US_EQ_C.daily.csv": Self.header + "2020-01-01T00:00:00Z,1,1,1,1,1\n",
        ]
        try withFiles(files) { directory in
            let found = failures { try play([directory], instruments: ["US:EQ:A", "US:EQ:B"]) { _, _ in } }
            #expect(
                found == [
                    "US_EQ_B.daily.csv:0:0: : there are no rows",
                    "US_EQ_C.daily.csv:0:0: : the instrument US:EQ:C is not known",
                    "US_EQ_A.daily.csv:3:1: : the row has 5 columns",
                ])
        }
        try withFiles([:]) { directory in
            #expect(failures { try play([directory], instruments: []) { _, _ in } }.count == 1)
            #expect(failures { try play(["\(directory)/none.csv"], instruments: []) { _, _ in } }.count == 1)
        }
    }

    @Test("A batch that the hub refuses is not lost")
    func refusedBatch() throws {
        let directory = try #require(RecordedMarket.directory)
        var limits = QuoteHub.Limits()
        limits.waitingCandles = 5
        let hub = QuoteHub(clock: clock, limits: limits)
        let recorder = Recorder()
        let player = try ReplayPlayer(
            files: [directory], pace: .recorded, instruments: table(Self.shipped).snapshot, hub: hub)
        let stolen = NIOLockedValueBox<[Bool]>([])
        let recording = try #require(hub.subscribe(recorder.record))
        // While the first step is delivered, the second fits and the third does not.
        let greedy = try #require(
            hub.subscribe { _ in
                guard stolen.withLockedValue({ $0.isEmpty }) else { return }
                for _ in 0..<2 {
                    let isTaken = (try? player.step()) != nil
                    stolen.withLockedValue { $0.append(isTaken) }
                }
            })
        _ = try player.step()
        _ = try player.step()
        #expect(stolen.withLockedValue(\.self) == [true, false])
        #expect(recorder.candles.map(\.start) == recorder.candles.map(\.start).sorted() && recorder.candles.count == 12)
        _ = (recording, greedy)
    }

    @Test("Running steps and waits until its pacing says to stop")
    func running() throws {
        final class CountingPacing: Pacing {
            let waits = NIOLockedValueBox<[Int64]>([])
            func wait(nanoseconds: Int64) -> Bool {
                waits.withLockedValue {
                    $0.append(nanoseconds)
                    return $0.count < 10
                }
            }
        }
        let directory = try #require(RecordedMarket.directory)
        try play([directory], instruments: Self.shipped) { (player, recorder) throws in
            let pacing = CountingPacing()
            try player.run(pacing: pacing)
            #expect(pacing.waits.withLockedValue(\.self) == Array(repeating: 1_000_000_000, count: 10))
            #expect(recorder.all.count == 10)
        }
    }

    @Test("A stopped thread's pacing waits no longer, however long it was asked to")
    func stoppedPacing() {
        let pacing = ThreadPacing()
        #expect(pacing.wait(nanoseconds: 0))
        pacing.stop()
        pacing.stop()
        #expect(!pacing.wait(nanoseconds: .max))
        #expect(!pacing.wait(nanoseconds: 0))
    }

    @Test("A configured replay plays as configured")
    func configured() throws {
        let directory = try #require(RecordedMarket.directory)
        let hub = QuoteHub(clock: clock)
        let player = try ReplayPlayer(
            .init(files: [directory], everyNanoseconds: 2_000_000_000, loops: true, speed: 2),
            instruments: table(Self.shipped).snapshot, hub: hub)
        #expect(try player.step() == .published(quotes: 4, candles: 4, pauseNanoseconds: 1_000_000_000))
    }
}
