import Domain
import Foundation
import NIOConcurrencyHelpers
import Testing

@testable import Telemetry

/// A gateway as the recorder sees it: runs that the test puts in and takes out.
private final class Source: TelemetrySource {
    struct Known {
        var rows: (run: RunSummary, legs: [LegTiming])
        var refusal: String?
    }
    let runs = NIOLockedValueBox<[RunID: Known]>([:])

    func put(_ rows: (run: RunSummary, legs: [LegTiming]), refusal: String? = nil) {
        runs.withLockedValue { $0[rows.run.run] = Known(rows: rows, refusal: refusal) }
    }

    func telemetryContexts(of wanted: [RunID]) -> [RunContext?] {
        runs.withLockedValue { runs in
            wanted.map { id in
                runs[id].map { known in
                    RunContext(
                        group: known.rows.run.group, strategy: known.rows.run.strategy,
                        receivedAt: known.rows.run.receivedAt, admittedAt: known.rows.run.admittedAt,
                        legs: known.rows.legs.map {
                            RunContext.Party(account: $0.account, adapter: $0.adapter, refusal: known.refusal)
                        })
                }
            }
        }
    }

    func telemetryRows(of wanted: [RunID]) -> [(run: RunSummary, legs: [LegTiming])?] {
        runs.withLockedValue { runs in wanted.map { runs[$0]?.rows } }
    }

    func telemetryRuns(limit: Int) -> [RunID] { runs.withLockedValue { Array($0.keys.sorted().suffix(limit)) } }
    func takeClosedDays() -> [DayResult] { [] }
    func openDays() -> [DayResult] { [] }
}

@Suite("The recorder")
struct RecorderTests {
    private static let retention = TelemetryStore.Retention(maximumAge: .max / 20, maximumSize: 1 << 40)
    private static let now = Timestamp(nanoseconds: Sample.start + 100_000_000_000)

    private static func admitted(_ run: UInt64) -> CaptureEvent { CaptureEvent(.admitted, run: run, leg: 1) }

    private static func answered(_ run: UInt64, _ received: Timestamp, leg: Int32 = 0, microseconds: Int64)
        -> CaptureEvent
    {
        var event = CaptureEvent(.answered, run: run, leg: leg)
        event.third = received.nanoseconds + microseconds * 500
        event.sixth = received.nanoseconds + microseconds * 1_000
        return event
    }

    @Test("A run is kept once it has settled, with what capture saw of its waits and retries")
    func keeping() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: store, retention: Self.retention)
        var rows = Sample.run(1, second: 99, legs: 1)
        rows.legs[0].waits = []
        source.put(rows)
        capture.record(Self.admitted(1))
        var waited = CaptureEvent(.waited, run: 1, detail: WaitReason.rate.rawValue)
        waited.first = rows.legs[0].times[.queued] - 700
        capture.record(waited)
        capture.record(CaptureEvent(.retried, run: 1, detail: 0))
        capture.record(CaptureEvent(.retried, run: 1, detail: 2))
        recorder.step(now: Self.now)
        #expect(try store.runs().rows.isEmpty, "not before it has settled")
        recorder.step(now: Self.now.advanced(by: 400_000_000))
        let leg = try #require(try store.run(RunID(number: 1))?.legs.first)
        #expect(
            leg.retries == LegTiming.Retries(cancels: 1, lookUps: 1)
                && leg.waits == [LegTiming.Wait(reason: .rate, duration: 700)])
        let figures = recorder.metrics.figures
        #expect(
            figures.keptRuns == 1 && figures.retries == ["cancel": 1, "look_up": 1] && figures.waits == ["rate": 1])
        store.close()
    }

    @Test("Late news of a run that was forgotten does not take away what was seen of it; what nobody saw is not zero")
    func lateNews() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let source = Source()
        var rows = Sample.run(1, second: 99, legs: 2)
        for index in rows.legs.indices { (rows.legs[index].waits, rows.legs[index].retries) = ([], nil) }
        source.put(rows)
        source.put(Sample.run(2, second: 99, legs: 1))
        let seen = Capture(isOn: true)
        let first = TelemetryRecorder(capture: seen, source: source, store: store, retention: Self.retention)
        seen.record(Self.admitted(1))
        seen.record(CaptureEvent(.retried, run: 1, leg: 1, detail: 2))
        var waited = CaptureEvent(.waited, run: 1, detail: WaitReason.session.rawValue)
        waited.first = rows.legs[0].times[.queued] - 500
        seen.record(waited)
        first.flush(now: Self.now)
        let kept = try #require(try store.run(RunID(number: 1))).legs
        #expect(kept.map(\.retries) == [LegTiming.Retries(), LegTiming.Retries(lookUps: 1)])
        #expect(kept[0].waits == [LegTiming.Wait(reason: .session, duration: 500)])
        // Another process, or the same one twenty thousand runs later.
        let later = Capture(isOn: true)
        let second = TelemetryRecorder(capture: later, source: source, store: store, retention: Self.retention)
        later.record(CaptureEvent(.retried, run: 1, leg: 1, detail: 0))
        later.record(CaptureEvent(.touched, run: 2))
        second.flush(now: Self.now)
        let now = try #require(try store.run(RunID(number: 1))).legs
        #expect(now.map(\.retries) == [LegTiming.Retries(), LegTiming.Retries(cancels: 1, lookUps: 1)])
        #expect(now[0].waits == kept[0].waits)
        #expect(try store.run(RunID(number: 2))?.legs.map(\.retries) == [nil], "its beginning was not seen")
        store.close()
    }

    @Test(
        "What lay on the wire is taken apart by the shortest round trip that was measured, and no further",
        arguments: 0..<50)
    func network(seed: UInt64) throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: store, retention: Self.retention)
        var random = SeededGenerator(seed: seed)
        let rows = Sample.run(1, second: 99, legs: 2)
        source.put(rows)
        capture.record(Self.admitted(1))
        let trips = (0..<3).map { _ in Int64.random(in: 0...2_000, using: &random) }
        for trip in trips {
            var measured = CaptureEvent(.measured, run: 1, leg: 0)
            measured.first = trip
            capture.record(measured)
        }
        recorder.flush(now: Self.now)
        let legs = try #require(try store.run(RunID(number: 1))).legs
        let wire = try #require(legs[0].wireTime)
        #expect(legs[0].networkTime == min(wire, trips.min() ?? 0) && legs[0].brokerTime.map { $0 >= 0 } == true)
        #expect((legs[0].networkTime ?? 0) + (legs[0].brokerTime ?? 0) == wire)
        #expect(legs[1].networkTime == nil && legs[1].brokerTime == nil && legs[1].wireTime != nil)
        // The next process knows no more than the file; what is there stays.
        let again = TelemetryRecorder(
            capture: Capture(isOn: true), source: source, store: store, retention: Self.retention)
        var open = rows
        open.run.doneAt = nil
        try store.keep([(open.run, legs)])
        again.catchUp(now: Self.now)
        again.flush(now: Self.now)
        #expect(try store.run(RunID(number: 1))?.legs.map(\.networkTime) == legs.map(\.networkTime))
        let counts = try store.outcomes(TelemetryFilter(account: legs[0].account))
        #expect((counts[0].networkTime ?? 0) + (counts[0].brokerTime ?? 0) == wire && counts.count == 1)
        store.close()
    }

    @Test("Latencies are counted for adapters, in buckets that name a run, and by the minute in the file")
    func counting() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: store, retention: Self.retention)
        let rows = Sample.run(7, second: 1, legs: 2)
        source.put(rows)
        capture.record(Self.admitted(7))
        capture.record(Self.answered(7, rows.run.receivedAt, leg: 0, microseconds: 300))
        capture.record(Self.answered(7, rows.run.receivedAt, leg: 1, microseconds: 700_000))
        recorder.flush(now: Self.now)
        let figures = recorder.metrics.figures
        #expect(figures.legs == [MetricsBook.LegKey(adapter: "paper", outcome: "accepted"): 2])
        let buckets = try #require(figures.latencies[MetricsBook.LatencyKey(adapter: "paper", stage: .acknowledged)])
        #expect(buckets.counts.reduce(0, +) == 2 && buckets.sum == 700_300_000)
        let place = try #require(MetricsBook.bounds.firstIndex(of: 500))
        #expect(buckets.counts[place] == 1 && buckets.exemplars[place]?.run == RunID(number: 7))
        let acked = try store.latencies(LatencyQuestion(stage: .acknowledged, by: [.account]))
        #expect(acked.map(\.summary.count) == [1, 1] && acked.first?.summary.p50 == 300)
        #expect((699_300...700_700).contains(acked.last?.summary.p50 ?? 0), "within a thousandth")
        store.close()
    }

    @Test("A stage of a leg that is told twice, by a fill and by a report, or by a second slice, counts once")
    func countedOnce() throws {
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: nil, retention: nil)
        let rows = Sample.run(7, second: 1, legs: 1)
        source.put(rows)
        let at = rows.run.receivedAt.nanoseconds + 5_000_000
        var filled = CaptureEvent(.filled, run: 7)
        (filled.first, filled.second, filled.third) = (at, at, at)
        var ended = CaptureEvent(.ended, run: 7)
        ended.first = at
        for event in [filled, ended] { capture.record(event) }
        for _ in 0..<2 { capture.record(Self.answered(7, rows.run.receivedAt, microseconds: 300)) }
        recorder.step(now: Self.now)
        let latencies = recorder.metrics.figures.latencies
        for stage in [Stage.acknowledged, .dispatched, .firstFill, .done] {
            let buckets = latencies[MetricsBook.LatencyKey(adapter: "paper", stage: stage)]
            #expect(buckets?.counts.reduce(0, +) == 1, "\(stage)")
        }
    }

    @Test("What a run's events cannot be tied to is counted as lost, not silently left out")
    func losing() throws {
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: nil, retention: nil)
        capture.record(Self.admitted(99))
        recorder.step(now: Self.now)
        #expect(recorder.metrics.figures.lostRows == 1)
    }

    @Test(
        "After a start everything in memory that was not kept as ended is kept, and what was known of its waits stays")
    func catchingUp() throws {
        let fixture = try StoreFixture()
        let store = try fixture.open()
        let live = Sample.run(1, second: 1, legs: 1, isDone: false)
        try store.keep([live, Sample.run(2, second: 2, legs: 1)])
        let source = Source()
        var ended = Sample.run(1, second: 1, legs: 1)
        ended.legs[0].waits = []
        source.put(ended)
        source.put(Sample.run(2, second: 2, legs: 1))
        source.put(Sample.run(3, second: 3, legs: 2))
        let recorder = TelemetryRecorder(
            capture: Capture(isOn: true), source: source, store: store, retention: Self.retention)
        recorder.catchUp(now: Self.now)
        recorder.flush(now: Self.now)
        #expect(try store.runs().rows.map(\.status) == ["DONE", "DONE", "DONE"])
        let first = try #require(try store.run(RunID(number: 1)))
        #expect(
            first.legs[0].status == "FILLED" && first.legs[0].waits.map(\.reason) == live.legs[0].waits.map(\.reason))
        #expect(recorder.metrics.figures.keptRuns == 2, "what was kept as ended is not written again")
        store.close()
    }

    @Test("However many names callers choose, a label has a bounded number of values")
    func labels() throws {
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: nil, retention: nil)
        let count = 500
        for number in 1...count {
            let name = "\"evil\\\n\(number)"
            source.put(
                Sample.run(
                    UInt64(number), second: 1, legs: 1, group: GroupID(unchecked: "g\(number)"), strategy: name),
                refusal: "code-\(number)")
            capture.record(Self.admitted(UInt64(number)))
        }
        recorder.step(now: Self.now)
        let figures = recorder.metrics.figures
        #expect(figures.strategies.count == MetricsBook.maximumStrategies + 1)
        #expect(figures.strategies["other"] == UInt64(count - MetricsBook.maximumStrategies))
        #expect(
            figures.runs.count == MetricsBook.maximumGroups + 1 && figures.runs.values.reduce(0, +) == UInt64(count))
        #expect(figures.refusals.count == MetricsBook.maximumCodes + 1)
        for format in [MetricsText.Format.plain, .openMetrics] {
            var text = MetricsText(format)
            text.write(figures, capture: capture)
            text.finish()
            // Every line is a comment or `name{labels} value`, whatever a caller called its strategy.
            for line in text.text.split(separator: "\n") where !line.hasPrefix("#") {
                #expect(line.hasPrefix("sluice_") && line.last?.isNumber == true, "\(line)")
            }
            #expect(text.text.contains("strategy=\"\\\"evil\\\\\\n1\""), "escaped as the format wants")
        }
    }

    @Test("OpenMetrics ends with its mark and shows a run in a bucket; the plain format has neither")
    func formats() throws {
        let (source, capture) = (Source(), Capture(isOn: true))
        let recorder = TelemetryRecorder(capture: capture, source: source, store: nil, retention: nil)
        let rows = Sample.run(7, second: 1, legs: 1)
        source.put(rows)
        capture.record(Self.answered(7, rows.run.receivedAt, microseconds: 300))
        recorder.step(now: Self.now)
        func written(_ format: MetricsText.Format) -> String {
            var text = MetricsText(format)
            text.write(recorder.metrics.figures, capture: capture)
            text.finish()
            return text.text
        }
        let (plain, open) = (written(.plain), written(.openMetrics))
        let bucket = "sluice_leg_stage_latency_seconds_bucket{adapter=\"paper\",stage=\"acked\",le=\"0.0005\"} 1"
        #expect(plain.contains(bucket + "\n") && !plain.contains("# EOF"))
        #expect(open.contains(bucket + " # {run_id=\"r7\"} 0.0003 ") && open.hasSuffix("# EOF\n"))
        #expect(plain.contains("# TYPE sluice_legs_total counter") && open.contains("# TYPE sluice_legs counter"))
        #expect(plain.contains("sluice_legs_total{adapter=\"paper\",outcome=\"accepted\"} 1"))
    }
}
