import Synchronization

/// A bounded queue between one producer and one consumer, without a lock.
///
/// The producer writes a slot, then publishes it by moving `head`; the consumer reads up to `head`, then gives slots back by
/// moving `tail`. A full ring drops what comes and counts it: the producer never waits.
struct CaptureRing: ~Copyable {
    /// Events a ring holds: half a second of 30,000 events a second.
    static let capacity: UInt64 = 16_384

    private let slots: UnsafeMutablePointer<CaptureEvent>
    /// Events ever put in; written by the producer alone.
    private let head = Atomic<UInt64>(0)
    /// What the producer knows of `tail`: it looks again only when the ring seems full.
    private let knownTail = Atomic<UInt64>(0)
    /// Events ever taken out; written by the consumer alone.
    private let tail = Atomic<UInt64>(0)
    private let lost = Atomic<UInt64>(0)
    /// 1 while a thread is its producer.
    private let isOwned = Atomic<UInt8>(1)

    init() {
        slots = .allocate(capacity: Int(Self.capacity))
    }

    /// Frees the slots and keeps the rest: a thread that is just ending may still say so. Nobody may use the ring after it.
    borrowing func freeSlots() { slots.deallocate() }

    /// The producer's thread alone.
    @inline(__always)
    borrowing func push(_ event: CaptureEvent) {
        let place = head.load(ordering: .relaxed)
        if place &- knownTail.load(ordering: .relaxed) >= Self.capacity {
            let known = tail.load(ordering: .acquiring)
            knownTail.store(known, ordering: .relaxed)
            guard place &- known < Self.capacity else {
                lost.add(1, ordering: .relaxed)
                return
            }
        }
        (slots + Int(place & (Self.capacity - 1))).initialize(to: event)
        head.store(place &+ 1, ordering: .releasing)
    }

    /// The consumer alone: hands over what is there, oldest first, at most `limit`.
    ///
    /// - Returns: how many.
    borrowing func drain(limit: Int, _ body: (CaptureEvent) -> Void) -> Int {
        let place = tail.load(ordering: .relaxed)
        let count = min(head.load(ordering: .acquiring) &- place, UInt64(limit))
        for step in 0..<count { body(slots[Int((place &+ step) & (Self.capacity - 1))]) }
        tail.store(place &+ count, ordering: .releasing)
        return Int(count)
    }

    /// Events dropped since the start.
    var dropped: UInt64 { lost.load(ordering: .relaxed) }
    /// Events accepted since the start.
    var accepted: UInt64 { head.load(ordering: .relaxed) }

    /// The producer's thread has ended: another may take its place.
    borrowing func abandon() { isOwned.store(0, ordering: .releasing) }

    /// Takes the place of a producer whose thread has ended. Everything it did happened before.
    borrowing func adopt() -> Bool {
        isOwned.compareExchange(expected: 0, desired: 1, ordering: .acquiringAndReleasing).exchanged
    }
}
