import Domain
import Foundation
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

/// Withdrawals against a lane that works: an order that both were told of would be called not sent and be at the broker,
/// one that neither was told of would never end. `SLUICE_HAMMER=N` goes on N times as long.
@Suite("Withdrawals against a lane that works")
struct WithdrawalTests {
    private static let length =
        ProcessInfo.processInfo.environment["SLUICE_HAMMER"].flatMap { Int($0) }.map { max(1, $0) } ?? 1

    /// Who ended each order of a round. Each side counts in an array of its own.
    private final class Tally: Sendable {
        private let box: NIOLockedValueBox<[UInt8]>
        init(_ count: Int) { box = NIOLockedValueBox([UInt8](repeating: 0, count: count)) }
        func add(_ ids: some Sequence<UInt64>, from first: UInt64 = 0) {
            box.withLockedValue { counts in for id in ids { counts[Int(id - first)] += 1 } }
        }
        func take() -> [UInt8] {
            box.withLockedValue { counts in
                defer { counts = [UInt8](repeating: 0, count: counts.count) }
                return counts
            }
        }
    }

    /// Two threads that meet at the beginning and at the end of each round.
    private final class Ring: Sendable {
        private let (go, done) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        private let isOver = NIOLockedValueBox(false)

        init(_ body: @escaping @Sendable () -> Void) {
            Thread.detachNewThread { [self] in
                while true {
                    go.wait()
                    let isOver = isOver.withLockedValue { $0 }
                    if !isOver { body() }
                    done.signal()
                    if isOver { return }
                }
            }
        }
        func begin() { go.signal() }
        func join() { done.wait() }
        func end() {
            isOver.withLockedValue { $0 = true }
            go.signal()
            done.wait()
        }
    }

    @Test(
        "Each order in the lane's hands is given to the adapter or taken back: never both, never neither",
        arguments: 0..<4)
    func hands(seed: UInt64) throws {
        let stage = try Stage()
        let count = 256
        let entries = (0..<count).map {
            Inbox.Entry(command: .submit(PreparedOrder(stage.order("\($0)"))), queued: 0)
        }
        let ids = entries.map { entry in if case .submit(let order) = entry.command { order.id } else { UInt64.max } }
        let first = try #require(ids.first)
        let (inbox, shared) = (LaneInbox(), SessionShared())
        let (given, withdrawn) = (Tally(count), Tally(count))
        let isDispatching = NIOLockedValueBox(false)
        // As a lane does it: takes some, claims them one by one, and puts the rest back when its time is over.
        let random = NIOLockedValueBox(SeededGenerator(seed: seed))
        let lane = Ring {
            var random = random.withLockedValue { random in
                _ = random.next()
                return random
            }
            var taken: [Inbox.Entry] = []
            var mine: [UInt64] = []
            while true {
                inbox.withLock { $0.take(32, room: 32, into: &taken, shared) }
                if taken.isEmpty { break }
                let end = random.next() % 4 == 0 ? Int(random.next() % UInt64(taken.count)) : taken.count
                for entry in taken[..<end] {
                    guard case .submit(let order) = entry.command else { continue }
                    if inbox.claim(order.id, shared) { mine.append(order.id) }
                }
                if end < taken.count { inbox.withLock { [taken] in $0.putBack(taken[end...], shared) } }
                taken.removeAll(keepingCapacity: true)
            }
            given.add(mine, from: first)
            isDispatching.withLockedValue { $0 = false }
        }
        var choice = SeededGenerator(seed: seed &+ 77)
        var (both, neither, won) = (0, 0, [0, 0])
        for round in 0..<(250 * Self.length) {
            inbox.withLock { inbox in
                for entry in entries { inbox.normal.append(entry) }
                inbox.queuedSubmits += count
            }
            isDispatching.withLockedValue { $0 = true }
            lane.begin()
            var mine: [UInt64] = []
            while isDispatching.withLockedValue({ $0 }) {
                var wanted: Set<UInt64>?
                if round % 8 > 0 {
                    wanted = []
                    for _ in 0..<8 { wanted?.insert(first + choice.next() % UInt64(count)) }
                } else if choice.next() % 64 > 0 {
                    continue
                }
                mine += inbox.withLock { $0.withdraw(wanted, shared) }
            }
            lane.join()
            withdrawn.add(mine, from: first)
            for (one, other) in zip(given.take(), withdrawn.take()) {
                if one + other > 1 { both += 1 }
                if one + other == 0 { neither += 1 }
                won[0] += Int(one)
                won[1] += Int(other)
            }
        }
        lane.end()
        #expect((both, neither) == (0, 0))
        #expect(won.allSatisfy { $0 > 0 }, "one side won every order (\(won)): nothing was raced for")
    }

    @Test(
        "A session's orders end by a completion or are taken back, each once",
        arguments: [
            ([], ""), (["-DMAX_BATCH=16"], ""),
            ([], "rate: { orders: { windows: [ { units: 64, per: 1ms } ] } }\n"),
        ])
    func session(flags: [String], manifest: String) throws {
        let workshop = try Workshop()
        try workshop.install("scripted", "scripted", flags)
        try workshop.manifest("scripted", manifest)
        let host = workshop.host()
        try host.load()
        let completed = NIOLockedValueBox<[UInt64]>([])
        let (isOpen, news) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
        let recorder = Recorder { _, events in
            for event in events {
                switch event {
                case .submitted(let completion): completed.withLockedValue { $0.append(completion.id) }
                case .session(let status) where status.state == .ready: isOpen.signal()
                default: break
                }
            }
            news.signal()
        }
        let session = try #require(
            host.makeSessions(for: [Stage.account("A0", login: "l")], services: SessionServices(), delegate: recorder)
                .sessions.first)
        _ = session.open()
        isOpen.wait()
        let stage = try Stage()
        var random = SeededGenerator(seed: 5)
        var (withdrawn, all): ([UInt64], [UInt64]) = ([], [])
        for _ in 0..<(20 * Self.length) {
            let orders = (0..<64).map { _ in stage.order("accept") }
            all += orders.map(\.id)
            #expect(session.submit(orders) == orders.count)
            for _ in 0..<6 {
                let wanted = orders.map(\.id).filter { _ in random.next() % 8 == 0 }
                withdrawn += session.withdrawSubmits(Set(wanted))
            }
            if random.next() % 4 == 0 { withdrawn += session.withdrawSubmits() }
        }
        while completed.withLockedValue({ $0.count }) + withdrawn.count < all.count {
            guard news.wait(timeout: .now() + 20) == .success else { break }  // an order that nobody ended
        }
        host.close(session)
        #expect((completed.withLockedValue { $0 } + withdrawn).sorted() == all)
        #expect(!withdrawn.isEmpty && withdrawn.count < all.count)
        #expect(recorder.submitted.allSatisfy { $0.outcome == .accepted })
    }
}
