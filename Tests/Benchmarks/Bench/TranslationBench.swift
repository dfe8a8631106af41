import Adapters
import CBench
import Domain
import NIOConcurrencyHelpers
import Synchronization
import Transport

/// A network that makes a message when it is asked for one and holds it until its answer is due, so that the way out and
/// the way back are two measurements.
private final class HeldNetwork: Transport {
    private final class Flow: HTTPFlow { func consumed(_ parts: Int) {} }
    private final class Link: SocketLink {
        func send(_ frame: any FrameObserver) {}
        func close(code: UInt16, reason: String) {}
        func consumed(_ frames: Int) {}
    }
    struct Held {
        var observer: any HTTPObserver
        var message: HTTPMessage
        var made: Moment
    }

    private let clock: any LaneClock
    private let flow = Flow()
    private let held = NIOLockedValueBox<[Held]>([])

    init(_ clock: any LaneClock) { self.clock = clock }

    var now: Moment { Moment(monotonic: clock.monotonic(), wall: clock.wall().nanoseconds) }

    func send(_ exchange: HTTPExchange, _ observer: any HTTPObserver) -> any HTTPFlow {
        let now = now
        if let message = try? observer.makeMessage(now) {
            let made = self.now  // ready
            held.withLockedValue { $0.append(Held(observer: observer, message: message, made: made)) }
        }
        return flow
    }

    func open(_ link: LinkSpecification, _ observer: any LinkObserver) -> any SocketLink { Link() }

    func take() -> Held? { held.withLockedValue { $0.popLast() } }
}

/// The machine's clock, moved on between orders so that no rate limit of the broker holds one back.
private final class AdvancedClock: LaneClock {
    private let machine = SystemLaneClock.shared
    private let offset = Atomic<Int64>(0)
    func monotonic() -> Int64 { machine.monotonic() &+ offset.load(ordering: .relaxed) }
    func wall() -> Timestamp {
        Timestamp(nanoseconds: machine.wall().nanoseconds &+ offset.load(ordering: .relaxed))
    }
    func advance(by nanoseconds: Int64) { offset.add(nanoseconds, ordering: .relaxed) }
}

/// One account of the broker's library, and what a measured step needs: it is called through C, by name.
private final class TranslationRig {
    let clock = AdvancedClock()
    let lanes: SteppedLanes
    let network: HeldNetwork
    let rig: BrokerRig
    let session: AdapterSession
    var command: SubmitCommand?
    var answer: (observer: any HTTPObserver, outcome: HTTPOutcome)?

    init(orders: Int) throws {
        let lanes = SteppedLanes(clock: clock)
        (self.lanes, network) = (lanes, HeldNetwork(clock))
        rig = try BrokerRig(
            accounts: 1, orders: orders,
            environment: LaneEnvironment(clock: clock, random: SystemLaneRandom.shared) { _ in lanes },
            transport: network)
        guard let session = rig.sessions.first else { throw BenchFailure("no session was made") }
        self.session = session
    }

    /// Answers every request that is not an order's: the login's, and the readings of the books.
    func rest(until isReached: () -> Bool = { false }) {
        for _ in 0..<100 {
            lanes.runUntilIdle()
            guard let held = network.take(), !isReached() else { return }
            held.observer.end(Self.outcome(of: held, Array(#"{"status":"success","data":[]}"#.utf8), clock))
        }
    }

    static func outcome(of held: HeldNetwork.Held, _ body: [UInt8], _ clock: any LaneClock) -> HTTPOutcome {
        let now = Moment(monotonic: clock.monotonic(), wall: clock.wall().nanoseconds)
        var outcome = HTTPOutcome(.done, done: now)
        (outcome.status, outcome.body) = (200, body)
        outcome.headers = [
            ("content-type", "application/json"), ("date", "Thu, 26 Nov 2026 04:30:00 GMT"), ("server", "broker"),
            ("content-length", "\(body.count)"),
        ]
        (outcome.written, outcome.firstByte) = (held.made, now)
        return outcome
    }

    func translate() {
        guard let command else { return }
        _ = session.submit([command])
        lanes.runUntilIdle()
    }

    func parse() {
        guard let answer else { return }
        answer.observer.end(answer.outcome)
        lanes.runUntilIdle()
    }

    /// Runs one of the two by way of its name in C.
    func counted(
        _ name: (@convention(c) (UnsafeMutableRawPointer?) -> Void, UnsafeMutableRawPointer?) -> Void,
        _ step: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void
    ) {
        name(step, Unmanaged.passUnretained(self).toOpaque())
    }
}

/// An order from the call of the adapter until its request stands ready, signed, and from its answer's bytes until the
/// adapter's completion has come: the host's session and the broker's library, through C, and no network between them. Then
/// the same with all that the lane does around it: from the command's queueing until the delegate has heard, with rate
/// limits, verdict, bookkeeping and the hand-over between threads' queues.
///
/// One order at a time of one account, so that nothing is shared among several. The session is a real one.
func measureTranslation(_ bench: Bench) async throws {
    let orders = bench.count ?? bench.size(4_000, quick: 200)
    var (out, back, both) = (Samples(), Samples(), Samples())
    var (laneOut, laneBack, lane) = (Samples(), Samples(), Samples())
    var (outAllocations, backAllocations, accepted, bytes) = (UInt64(0), UInt64(0), 0, 0)
    var left = orders
    while left > 0 {
        // The broker takes 5,000 orders a day of an account.
        let share = min(left, 4_500)
        left -= share
        let rig = try TranslationRig(orders: share)
        rig.rest()
        let before = rig.rig.delegate.accepted.load(ordering: .acquiring)
        for number in 0..<share {
            rig.clock.advance(by: 200_000_000)
            rig.rest()
            rig.command = rig.rig.command()
            let body = Array(#"{"status":"success","data":{"order_id":"\#(151_220_000_000_000 + number)"}}"#.utf8)
            var allocations = cbench_allocations()
            let start = Clock.now()
            rig.counted(cbench_count_translation) { context in
                context.map { Unmanaged<TranslationRig>.fromOpaque($0).takeUnretainedValue().translate() }
            }
            let ready = Clock.now()
            outAllocations += cbench_allocations() - allocations
            guard let held = rig.network.take(), held.message.method == "POST" else {
                throw BenchFailure("order \(number) made no request")
            }
            bytes += held.message.body.count
            rig.answer = (held.observer, TranslationRig.outcome(of: held, body, rig.clock))
            allocations = cbench_allocations()
            let arrivedAt = rig.clock.monotonic()
            let arrived = Clock.now()
            rig.counted(cbench_count_parse) { context in
                context.map { Unmanaged<TranslationRig>.fromOpaque($0).takeUnretainedValue().parse() }
            }
            let done = Clock.now()
            backAllocations += cbench_allocations() - allocations
            guard number > share / 20 else { continue }
            let translated = held.made.monotonic - rig.rig.delegate.dispatched.load(ordering: .relaxed)
            let parsed = rig.rig.delegate.acked.load(ordering: .relaxed) - arrivedAt
            out.add(translated)
            back.add(parsed)
            both.add(translated + parsed)
            laneOut.add(ready - start)
            laneBack.add(done - arrived)
            lane.add(ready - start + done - arrived)
        }
        accepted += rig.rig.delegate.accepted.load(ordering: .acquiring) - before
    }
    bench.expect(accepted == orders, "\(accepted) of \(orders) orders were accepted")
    let count = UInt64(max(1, orders))
    bench.report(
        Row("translation: order to signed request", out, note: "\(bytes / orders) bytes of body"))
    bench.report(Row("translation: answer to completion", back))
    bench.report(Row("translation: both together", both, budget: 5_000))
    bench.report(
        Row("translation: with the lane, out", laneOut, note: "\(outAllocations / count) allocations"))
    bench.report(
        Row("translation: with the lane, back", laneBack, note: "\(backAllocations / count) allocations"))
    bench.report(
        Row("translation: with the lane", lane, note: "from the command's queueing until the delegate has heard"))
}
