import Domain
import Testing

@testable import Gateway

@Suite("Queues of live clients")
struct EventQueueTests {
    @Test("A queue that is full is emptied, says so once, and goes on with what comes after")
    func overflow() async throws {
        let hub = EventHub()
        let slow = try #require(hub.subscribe())
        let event = EventView(
            id: "1-0", at: Timestamp(nanoseconds: 1), topic: .runs, type: "t", run: nil, leg: nil, account: nil,
            group: nil, facts: [:])
        let items = [EventHub.Item](repeating: .event(LiveEvent(event)), count: 1_000)
        let rounds = EventQueue.capacity / items.count + 1
        for _ in 0..<rounds { slow.post(LiveBatch(items)) }
        guard case .fellBehind = await slow.next() else {
            Issue.record("it does not say that it fell behind")
            return
        }
        slow.post(LiveBatch(Array(items.prefix(3))))
        guard case .batches(let after) = await slow.next() else {
            Issue.record("nothing came after it fell behind")
            return
        }
        #expect(after.map(\.items.count) == [3])
        slow.nudge()
        guard case .idle = await slow.next() else {
            Issue.record("no sign of life")
            return
        }
        hub.unsubscribe(slow)
        guard case .ended = await slow.next() else {
            Issue.record("it does not end")
            return
        }
        #expect(hub.count == 0)
    }
}
