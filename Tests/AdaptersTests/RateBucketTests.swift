import Testing

@testable import Adapters

@Suite("A rate bucket")
struct RateBucketTests {
    private static let second: Int64 = 1_000_000_000
    private static func rule(_ windows: (units: UInt32, seconds: Int64)..., mode: RateRule.Mode = .queue) -> RateRule {
        RateRule(
            id: "orders", scopeKey: "account",
            windows: windows.map { RateWindow(units: $0.units, windowNanoseconds: $0.seconds * second) }, mode: mode)
    }

    private func request(
        _ id: UInt64, _ account: String = "A", scope: String = "login", _ priority: RatePriority = .ordinary,
        units: UInt32 = 1, deadline: Int64 = .max
    ) -> RateRequest {
        RateRequest(
            id: id, scope: scope, account: account, units: units, priority: priority, deadline: deadline)
    }

    private func drain(_ bucket: inout RateBucket, _ now: Int64) -> [UInt64] {
        var ids: [UInt64] = []
        while let id = bucket.nextGranted(now: now) { ids.append(id) }
        return ids
    }

    @Test("No span of a window's length sees more units than the window has, whatever comes", arguments: 0..<60)
    func strict(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let windows: [(units: UInt32, seconds: Int64)] = [
            (UInt32.random(in: 1...200, using: &random), Int64.random(in: 1...3, using: &random)),
            (UInt32.random(in: 1...300, using: &random), Int64.random(in: 4...9, using: &random)),
        ]
        var bucket = RateBucket(Self.rule(windows[0], windows[1]))
        var (now, id): (Int64, UInt64) = (0, 0)
        var grants: [(at: Int64, units: Int64)] = []
        var units: [UInt64: Int64] = [:]
        for _ in 0..<1_500 {
            now += Int64.random(in: 0...20_000_000, using: &random)
            id += 1
            let wanted = UInt32.random(in: 1...3, using: &random)
            units[id] = Int64(wanted)
            let priority = RatePriority.allCases.randomElement(using: &random) ?? .ordinary
            if bucket.admit(request(id, "A\(id % 3)", priority, units: wanted), now: now) == .granted {
                grants.append((now, Int64(wanted)))
            }
            if id % 7 == 0 { bucket.withdraw(UInt64.random(in: 1...id, using: &random)) }
            for granted in drain(&bucket, now) { grants.append((now, units[granted] ?? 0)) }
        }
        for window in windows {
            var (start, sum): (Int, Int64) = (0, 0)
            for grant in grants {
                sum += grant.units
                while grants[start].at <= grant.at - window.seconds * Self.second {
                    sum -= grants[start].units
                    start += 1
                }
                #expect(sum <= Int64(window.units), "seed \(seed): \(sum) in a window of \(window.units)")
            }
        }
        #expect(grants.count > 5)
    }

    @Test("Units that are given back later leave the others counted where they were", arguments: 0..<10)
    func givenBack(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let most = UInt32.random(in: 2...90, using: &random)
        var bucket = RateBucket(Self.rule((most, 1), mode: .refuse), keepsReserve: false)
        var (now, id, given): (Int64, UInt64, Int) = (0, 0, 0)
        var kept: [(at: Int64, units: Int64)] = []
        for _ in 0..<800 {
            now += Int64.random(in: 0...20_000_000, using: &random)
            id += 1
            let wanted = UInt32.random(in: 1...2, using: &random)
            if bucket.admit(request(id, units: wanted), now: now) == .granted { kept.append((now, Int64(wanted))) }
            // One of some time ago, or of just now.
            if Int.random(in: 0..<4, using: &random) == 0, !kept.isEmpty {
                let back = kept.remove(at: max(0, kept.count - 1 - Int.random(in: 0..<80, using: &random)))
                bucket.giveBack(UInt32(back.units), scope: "login", takenAt: back.at)
                given += 1
            }
            let sum = kept.reversed().prefix { $0.at > now - Self.second }.reduce(0) { $0 + $1.units }
            if sum > Int64(most) { Issue.record("seed \(seed): \(sum) in a window of \(most)") }
        }
        #expect(given > 50)
        // What was given back is there again: nothing is lost for good.
        now += Self.second
        for _ in 0..<most {
            id += 1
            #expect(bucket.admit(request(id), now: now) == .granted)
        }
    }

    @Test("A small window is exact: a unit is free again to the nanosecond")
    func exact() {
        var bucket = RateBucket(Self.rule((2, 1), mode: .refuse), keepsReserve: false)
        #expect(bucket.admit(request(1), now: 5) == .granted)
        #expect(bucket.admit(request(2), now: 7) == .granted)
        let refused = RateVerdict.refused(RateRefusal(reason: .limit, retryAfter: Self.second - 5))
        #expect(bucket.admit(request(3), now: 10) == refused)
        #expect(bucket.admit(request(3), now: 4 + Self.second) != .granted)
        #expect(bucket.admit(request(3), now: 5 + Self.second) == .granted)
        #expect(bucket.admit(request(4), now: 6 + Self.second) != .granted)
    }

    @Test("The reserve is for cancels alone, and a cancel goes before all that waits")
    func cancelsFirst() {
        var bucket = RateBucket(Self.rule((10, 1)))
        for id in 1...9 { #expect(bucket.admit(request(UInt64(id)), now: 0) == .granted) }
        #expect(bucket.admit(request(10), now: 0) == .waiting(earliest: Self.second))
        #expect(bucket.admit(request(11, .init("B"), .closing), now: 0) == .waiting(earliest: Self.second))
        #expect(bucket.admit(request(12, .init("C"), .cancel), now: 0) == .granted)
        #expect(bucket.admit(request(13, .init("C"), .cancel), now: 0) == .waiting(earliest: Self.second))
        #expect(drain(&bucket, Self.second - 1).isEmpty)
        #expect(drain(&bucket, Self.second) == [13, 11, 10])
    }

    @Test("However many orders press, a cancel waits for other cancels only", arguments: 0..<30)
    func neverStarved(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let units = UInt32.random(in: 2...50, using: &random)
        var bucket = RateBucket(Self.rule((units, 1)))
        var (now, id): (Int64, UInt64) = (0, 0)
        var cancels: [Int64] = []
        for _ in 0..<600 {
            now += Int64.random(in: 0...5_000_000, using: &random)
            id += 1
            _ = bucket.admit(request(id, "A\(id % 5)"), now: now)
            _ = drain(&bucket, now)
            // Cancels below their reserve: at most one in a second.
            if cancels.last.map({ now - $0 >= Self.second }) ?? true {
                id += 1
                #expect(bucket.admit(request(id, "C", .cancel), now: now) == .granted, "seed \(seed) at \(now)")
                cancels.append(now)
            }
        }
        #expect(cancels.count >= 2)
    }

    @Test("Units go round among accounts, the oldest of each first")
    func fair() {
        var bucket = RateBucket(Self.rule((1, 1)))
        #expect(bucket.admit(request(1), now: 0) == .granted)
        for id in 2...6 { _ = bucket.admit(request(UInt64(id), "A"), now: 0) }
        _ = bucket.admit(request(7, "B"), now: 0)
        _ = bucket.admit(request(8, "C"), now: 0)
        _ = bucket.admit(request(9, "B"), now: 0)
        let served = (1...8).flatMap { drain(&bucket, Int64($0) * Self.second) }
        #expect(served == [2, 7, 8, 3, 9, 4, 5, 6])
        #expect(bucket.waitingCount == 0 && bucket.nextWake == nil)
    }

    @Test("Scopes are counted apart and do not hold each other up")
    func scopes() {
        var bucket = RateBucket(Self.rule((1, 1)))
        #expect(bucket.admit(request(1, scope: "x"), now: 0) == .granted)
        #expect(bucket.admit(request(2, scope: "x"), now: 0) == .waiting(earliest: Self.second))
        #expect(bucket.admit(request(3, scope: "y"), now: 0) == .granted)
        #expect(drain(&bucket, Self.second) == [2])
    }

    @Test("Beyond the bound scopes are counted as one: never more than apart, and idle ones make room")
    func boundedScopes() {
        var bucket = RateBucket(
            Self.rule((2, 1), mode: .refuse), keepsReserve: false, bounds: .init(maximumScopes: 3, maximumWaiting: 4))
        for (id, scope) in ["a", "b", "c"].enumerated() {
            #expect(bucket.admit(request(UInt64(id), scope: scope), now: 0) == .granted)
        }
        let later = ["d", "e", "f"].enumerated().map { id, scope in
            bucket.admit(request(UInt64(id + 10), scope: scope), now: 1)
        }
        #expect(later.count { $0 == .granted } == 2)
        #expect(bucket.scopes.count <= 4)
        #expect(bucket.admit(request(20, scope: "g"), now: 2 * Self.second) == .granted)
        #expect(bucket.scopes.keys.contains("g"), "what is idle has made room")
    }

    @Test("A wait has a bound, a deadline and a way out")
    func waiting() {
        var bucket = RateBucket(Self.rule((1, 10)), bounds: .init(maximumWaiting: 2))
        #expect(bucket.admit(request(1), now: 0) == .granted)
        let hopeless = RateVerdict.refused(RateRefusal(reason: .deadline, retryAfter: 10 * Self.second))
        #expect(bucket.admit(request(2, deadline: 10 * Self.second), now: 0) == hopeless)
        #expect(bucket.admit(request(3, deadline: 11 * Self.second), now: 0) == .waiting(earliest: 10 * Self.second))
        #expect(bucket.admit(request(3), now: 0) == .refused(RateRefusal(reason: .invalid)), "one number, one place")
        #expect(bucket.admit(request(4, deadline: 12 * Self.second), now: 0) == .waiting(earliest: 10 * Self.second))
        let full = RateVerdict.refused(RateRefusal(reason: .queueFull, retryAfter: 10 * Self.second))
        #expect(bucket.admit(request(5), now: 0) == full)
        #expect(bucket.admit(request(6, units: 2), now: 0) == .refused(RateRefusal(reason: .invalid)))
        #expect(drain(&bucket, 10 * Self.second) == [3])
        #expect(bucket.nextExpired(now: 12 * Self.second - 1) == nil)
        #expect(bucket.nextExpired(now: 12 * Self.second) == 4)
        #expect(bucket.nextExpired(now: 12 * Self.second) == nil && bucket.waitingCount == 0)
        #expect(bucket.admit(request(7), now: 12 * Self.second) != .granted)
        #expect(bucket.withdraw(7) && !bucket.withdraw(7))
    }

    @Test("What is given back can be taken by the next")
    func givenBack() {
        var bucket = RateBucket(Self.rule((1, 1)))
        #expect(bucket.admit(request(1), now: 0) == .granted)
        #expect(bucket.admit(request(2), now: 0) != .granted)
        bucket.giveBack(1, scope: "login", takenAt: 0)
        #expect(drain(&bucket, 0) == [2])
    }

    @Test("A broker's words tighten, and only tighten")
    func learning() {
        var bucket = RateBucket(Self.rule((100, 1), mode: .refuse))
        #expect(bucket.admit(request(1), now: 0) == .granted)
        bucket.learn(RateFeedback(remaining: 2, resetAt: 4 * Self.second), scope: "login", now: 0)
        bucket.learn(RateFeedback(remaining: 50, resetAt: 4 * Self.second), scope: "login", now: 1)  // an older answer
        #expect(bucket.admit(request(2), now: 2) == .granted)
        #expect(bucket.admit(request(3), now: 3) != .granted, "the last one is kept for a cancel")
        #expect(bucket.admit(request(4, .init("A"), .cancel), now: 3) == .granted)
        #expect(bucket.admit(request(5, .init("A"), .cancel), now: 3) != .granted)
        #expect(bucket.admit(request(6), now: 4 * Self.second) == .granted)
        bucket.learn(RateFeedback(remaining: 1_000_000, resetAt: 9 * Self.second), scope: "login", now: 4 * Self.second)
        for id in 0..<200 { _ = bucket.admit(request(UInt64(100 + id)), now: 4 * Self.second) }
        #expect(
            bucket.status(now: 4 * Self.second).scopes.first?.windows.first?.used == 90, "its own window still holds")
    }

    @Test("Retry-After holds everybody back, a cancel a second at most, and nothing for more than a day")
    func retryAfter() {
        var bucket = RateBucket(Self.rule((100, 1)))
        #expect(bucket.admit(request(1), now: 0) == .granted)
        bucket.learn(RateFeedback(retryAfter: 30 * Self.second), scope: nil, now: 0)
        #expect(bucket.admit(request(2), now: 1) == .waiting(earliest: 30 * Self.second))
        #expect(bucket.admit(request(3, .init("A"), .cancel), now: 1) == .waiting(earliest: Self.second))
        #expect(drain(&bucket, Self.second) == [3])
        #expect(bucket.admit(request(4, .init("A"), .cancel), now: Self.second) == .waiting(earliest: 2 * Self.second))
        #expect(drain(&bucket, 2 * Self.second) == [4])
        #expect(drain(&bucket, 30 * Self.second) == [2])
        bucket.learn(RateFeedback(retryAfter: .max), scope: "login", now: 40 * Self.second)
        #expect(
            bucket.admit(request(5), now: 40 * Self.second) == .waiting(earliest: 40 * Self.second + RateWindow.day))
    }

    @Test("A window with a reset counts from one time of day to the next, by the wall clock")
    func reset() throws {
        let hour = 3_600 * Self.second
        let reset = try #require(RateReset(nanosecondsAfterMidnight: 6 * hour))
        let window = RateWindow(units: 2, windowNanoseconds: RateWindow.day, reset: reset)
        var bucket = RateBucket(
            RateRule(id: "orders", scopeKey: "login", windows: [window], mode: .refuse), keepsReserve: false)
        bucket.setWallOffset(10 * RateWindow.day + 5 * hour)  // 05:00 at monotonic 0
        #expect(bucket.admit(request(1), now: 0) == .granted)
        #expect(bucket.admit(request(2), now: 1) == .granted)
        #expect(bucket.admit(request(3), now: 2) == .refused(RateRefusal(reason: .limit, retryAfter: hour - 2)))
        #expect(bucket.admit(request(4), now: hour) == .granted)
        #expect(bucket.admit(request(5), now: hour) == .granted)
        bucket.setWallOffset(10 * RateWindow.day + 4 * hour)  // the clock was set back: the period goes on
        #expect(
            bucket.admit(request(6), now: hour + 1)
                == .refused(RateRefusal(reason: .limit, retryAfter: RateWindow.day + hour - 1)))
    }

    @Test("The same steps give the same answers")
    func deterministic() {
        func run() -> [UInt64] {
            var random = SeededGenerator(seed: 3)
            var bucket = RateBucket(Self.rule((3, 1), (20, 10)))
            var (now, order): (Int64, [UInt64]) = (0, [])
            for id in 1...400 as ClosedRange<UInt64> {
                now += Int64.random(in: 0...300_000_000, using: &random)
                let scope = "s\(Int.random(in: 0...3, using: &random))"
                let verdict = bucket.admit(
                    request(id, "A\(id % 4)", scope: scope, id % 5 == 0 ? .cancel : .ordinary), now: now)
                if verdict == .granted { order.append(id) }
                order += drain(&bucket, now)
            }
            return order
        }
        #expect(run() == run())
        #expect(run().count > 100)
    }

    @Test(
        "A reset follows its zone through summer and winter",
        arguments: [
            // Berlin is 1 h ahead until 2026-03-29 01:00 UTC, then 2 h until 2026-10-25 01:00 UTC.
            ("Europe/Berlin", 0, 1_774_742_400, 1_774_821_600),
            ("Europe/Berlin", 0, 1_774_735_200, 1_774_738_800),
            ("Europe/Berlin", 0, 1_792_879_200, 1_792_969_200),
            ("Asia/Kolkata", 21_600, 1_774_742_400, 1_774_744_200),
            ("UTC", 0, 1_774_742_399, 1_774_742_400),
        ] as [(String, Int64, Int64, Int64)])
    func zones(zone: String, after: Int64, wall: Int64, next: Int64) throws {
        let reset = try #require(RateReset(nanosecondsAfterMidnight: after * Self.second, zone: zone))
        #expect(reset.next(after: wall * Self.second) == next * Self.second)
        #expect(RateReset(nanosecondsAfterMidnight: 0, zone: "Mars/Olympus") == nil)
    }
}
