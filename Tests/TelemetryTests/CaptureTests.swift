import Foundation
import NIOConcurrencyHelpers
import Telemetry
import Testing

@Suite("Capture")
struct CaptureTests {
    @Test("While capture is off nothing is taken, and what the event would cost to make is not paid")
    func off() {
        let capture = Capture()
        var made = 0
        for _ in 0..<10 {
            capture.record(
                {
                    made += 1
                    return CaptureEvent(.touched, run: 1)
                }())
        }
        #expect(made == 0 && capture.accepted == 0 && capture.drain { _ in } == 0)
    }

    @Test("A full ring drops what comes, counts it, and goes on once it was drained")
    func full() {
        let capture = Capture(isOn: true)
        let capacity = Capture.ringCapacity
        for number in 0..<(capacity + 100) { capture.record(CaptureEvent(.touched, run: UInt64(number))) }
        #expect(capture.dropped == 100 && capture.accepted == UInt64(capacity))
        var runs: [UInt64] = []
        #expect(capture.drain { runs.append($0.run) } == capacity)
        #expect(runs == Array(0..<UInt64(capacity)), "the oldest are those that stay, in order")
        capture.record(CaptureEvent(.touched, run: 7))
        var last: UInt64?
        #expect(capture.drain { last = $0.run } == 1 && last == 7 && capture.dropped == 100)
    }

    @Test(
        "Of every producer what was taken comes out whole, once and in order, whatever drains meanwhile",
        arguments: 0..<4)
    func producers(seed: UInt64) async {
        let capture = Capture(isOn: true)
        let (producers, each) = (4, 60_000)
        let done = NIOLockedValueBox(0)
        for producer in 0..<producers {
            Thread.detachNewThread {
                for number in 0..<each {
                    var event = CaptureEvent(.answered, run: UInt64(producer), leg: Int32(number))
                    // A torn event would show here.
                    (event.first, event.sixth) = (Int64(number), Int64(number) &* 31)
                    capture.record(event)
                }
                done.withLockedValue { $0 += 1 }
            }
        }
        var lastOfProducer = [Int64](repeating: -1, count: producers)
        var taken: UInt64 = 0
        var isWhole = true
        var random = SeededGenerator(seed: seed)
        while true {
            let isOver = done.withLockedValue { $0 } == producers
            let limit = Int.random(in: 1...5_000, using: &random)
            let count = capture.drain(limitPerRing: limit) { event in
                let producer = Int(event.run)
                isWhole =
                    isWhole && event.first > lastOfProducer[producer] && event.sixth == event.first &* 31
                    && event.first == Int64(event.leg)
                lastOfProducer[producer] = event.first
            }
            taken += UInt64(count)
            if isOver, count == 0 { break }
        }
        #expect(isWhole, "an event came torn, twice or out of order")
        #expect(taken == capture.accepted)
        #expect(capture.accepted + capture.dropped == UInt64(producers * each))
    }

    @Test("A ring whose thread has ended is taken over: threads that come and go do not use up the rings")
    func threads() {
        let capture = Capture(isOn: true)
        for number in 0..<(Capture.maximumRings * 3) {
            let group = DispatchGroup()
            group.enter()
            // The thread's end is what counts, not its last statement: a Thread's exit is waited for by the next's turn.
            let thread = Thread {
                capture.record(CaptureEvent(.touched, run: UInt64(number)))
                group.leave()
            }
            thread.start()
            group.wait()
            while !thread.isFinished { usleep(50) }
        }
        #expect(capture.drain { _ in } + Int(capture.dropped) == Capture.maximumRings * 3)
        #expect(capture.dropped < UInt64(Capture.maximumRings), "rings of ended threads were not taken over")
    }
}
