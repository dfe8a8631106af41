import Testing

@testable import Adapters

@Suite("A circuit breaker")
struct CircuitBreakerTests {
    private static let second: Int64 = 1_000_000_000
    private static let policy = CircuitBreaker.Policy(faults: 3, window: 10 * second, pause: 5 * second, reducing: 2)

    private func opened(hasReadProbe: Bool = true) -> CircuitBreaker {
        var breaker = CircuitBreaker(Self.policy, hasReadProbe: hasReadProbe)
        for at in 1...3 as ClosedRange<Int64> { breaker.answered(isFault: true, dispatched: at, now: at) }
        return breaker
    }

    @Test("It opens with the last of so many faults in a window, not before, and old faults do not count")
    func opens() {
        var breaker = CircuitBreaker(Self.policy)
        breaker.answered(isFault: true, dispatched: 0, now: 0)
        breaker.answered(isFault: true, dispatched: 1, now: 1)
        #expect(breaker.state(now: 2) == .closed)
        breaker.answered(isFault: true, dispatched: 0, now: 10 * Self.second)  // the first is forgotten
        #expect(breaker.state(now: 10 * Self.second) == .closed)
        breaker.answered(isFault: true, dispatched: 0, now: 10 * Self.second)
        #expect(breaker.state(now: 10 * Self.second) == .open)
    }

    @Test("Rejections are answers, and few faults among many answers do not open it, an outage after them does")
    func answers() {
        var breaker = CircuitBreaker(Self.policy)
        for at in 0..<1_000 as Range<Int64> {
            breaker.answered(isFault: at % 10 == 0, dispatched: at, now: at * 1_000_000)
        }
        #expect(breaker.state(now: Self.second) == .closed)
        for at in 1_000...1_003 as ClosedRange<Int64> {
            breaker.answered(isFault: true, dispatched: at, now: at * 1_000_000)
        }
        #expect(breaker.state(now: 1_003_000_000) == .open)
    }

    @Test("While it is open, what opens risk and what reads is refused, what reduces risk passes within a quota")
    func whileOpen() {
        var breaker = opened()
        #expect(!breaker.admit(.opening, now: 4) && !breaker.admit(.read, now: 4))
        #expect(breaker.admit(.reducing, now: 4) && breaker.admit(.reducing, now: 5))
        #expect(breaker.admit(.reducing, now: 6) == false)
        #expect(breaker.admit(.reducing, now: Self.second + 4) == true)
        #expect(breaker.takeProbe(now: 5) == false)
    }

    @Test("After the pause one read is asked; an answer closes it, a fault doubles the pause up to its bound")
    func probing() {
        var breaker = opened()
        var now = 3 + 5 * Self.second
        #expect(breaker.nextWake == now)
        #expect(breaker.state(now: now) == .halfOpen)
        for pause in [10, 20, 40, 60, 60] as [Int64] {
            #expect(breaker.takeProbe(now: now) && !breaker.takeProbe(now: now))
            #expect(!breaker.admit(.opening, now: now) && breaker.admit(.read, now: now))
            breaker.answered(isFault: true, dispatched: now, now: now)
            #expect(breaker.state(now: now) == .open && breaker.pauseLeft(now: now) == pause * Self.second)
            now += pause * Self.second
        }
        #expect(breaker.takeProbe(now: now) == true)
        #expect(breaker.takeProbe(now: now + 5 * Self.second - 1) == false)
        #expect(breaker.takeProbe(now: now + 5 * Self.second) == true, "a probe that says nothing is asked again")
        breaker.answered(isFault: false, dispatched: now, now: now + 6 * Self.second)
        #expect(breaker.state(now: now) == .closed && breaker.isQuiet && breaker.admit(.opening, now: now))
    }

    @Test("What was asked before it opened neither closes it nor prolongs it")
    func stale() {
        var breaker = opened()
        let probing = 3 + 5 * Self.second
        breaker.answered(isFault: false, dispatched: 2, now: 4)
        #expect(breaker.state(now: 4) == .open)
        breaker.answered(isFault: true, dispatched: 2, now: probing)
        #expect(breaker.state(now: probing) == .halfOpen)
    }

    @Test("A cancel that is answered while it is open closes it")
    func answeredCancel() {
        var breaker = opened()
        #expect(breaker.admit(.reducing, now: 10) == true)
        breaker.answered(isFault: false, dispatched: 10, now: 11)
        #expect(breaker.state(now: 11) == .closed)
    }

    @Test("Without a read to ask, one order at a time is the probe; after a new login the probe comes at once")
    func otherProbes() {
        var breaker = opened(hasReadProbe: false)
        #expect(!breaker.takeProbe(now: 6 * Self.second) && breaker.nextWake == nil)
        #expect(breaker.admit(.opening, now: 6 * Self.second) && !breaker.admit(.opening, now: 6 * Self.second))
        var other = opened()
        other.loggedIn(now: 10)
        #expect(other.takeProbe(now: 10) == true)
    }

    @Test("Its states follow a model, and it neither lets more through than it says nor stays shut", arguments: 0..<15)
    func model(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var breaker = CircuitBreaker(Self.policy)
        var (now, reduced): (Int64, [Int64]) = (0, [])
        var (opened, pauseEnd, pause): (Int64?, Int64, Int64) = (nil, 0, 5 * Self.second)
        var seen: Set<String> = []
        for _ in 0..<1_000 {
            now += Int64.random(in: 0...400_000_000, using: &random)
            let state = breaker.state(now: now)
            seen.insert(state.rawValue)
            // The model: open until the pause's end, half-open until an answer.
            #expect(state == (opened == nil ? .closed : now < pauseEnd ? .open : .halfOpen), "seed \(seed) at \(now)")
            #expect(breaker.admit(.opening, now: now) == (state == .closed))
            #expect(breaker.admit(.read, now: now) == (state != .open))
            if state != .closed, breaker.admit(.reducing, now: now) { reduced.append(now) }
            #expect(reduced.count { $0 > now - Self.second } <= 2)
            if state == .open { #expect(breaker.takeProbe(now: now) == false) }
            let asked = state == .halfOpen && breaker.takeProbe(now: now)
            guard asked || (state == .closed && Bool.random(using: &random)) else { continue }
            let isFault = Int.random(in: 0..<10, using: &random) < 7
            breaker.answered(isFault: isFault, dispatched: now, now: now)
            if state == .halfOpen {
                if isFault {
                    (opened, pauseEnd, pause) = (now, now + pause, min(60 * Self.second, pause * 2))
                } else {
                    (opened, pause) = (nil, 5 * Self.second)
                }
            } else if breaker.state(now: now) == .open {
                (opened, pauseEnd, pause) = (now, now + pause, min(60 * Self.second, pause * 2))
            }
        }
        #expect(seen == ["closed", "open", "half_open"])
    }
}
