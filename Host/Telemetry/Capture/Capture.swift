import Glibc
import NIOConcurrencyHelpers
import Synchronization

/// Where the trading path leaves what happened: a ring for each thread that does, found through a thread-specific value.
///
/// `record` costs one load of a flag while capture is off, and the copy of 64 bytes while it is on; it allocates only when
/// a thread records for the first time. It never waits: a full ring drops and counts. `maximumRings` threads at most
/// record at once; what further ones leave is dropped and counted, too. A ring whose thread has ended is taken over by
/// the next new one.
///
/// `@unchecked Sendable`: the key and the flag are safe by themselves; `rings` is behind a lock and its pointers stay valid
/// until `deinit`; a ring's mutable part is touched by the one thread whose specific value points to it, and handed on
/// through the atomic `isOwned`; `drain` is serialised by `drainLock`.
package final class Capture: @unchecked Sendable {
    package static let maximumRings = 64

    private let flag = Atomic<Bool>(false)
    private var key = pthread_key_t()
    private let hasKey: Bool
    private let rings = NIOLockedValueBox<[UnsafeMutablePointer<CaptureRing>]>([])
    private let drainLock = NIOLock()
    private let homeless = Atomic<UInt64>(0)

    /// Off until `isOn` is set.
    package init(isOn: Bool = false) {
        hasKey =
            pthread_key_create(&key) { ring in
                // The thread has ended.
                ring?.assumingMemoryBound(to: CaptureRing.self).pointee.abandon()
            } == 0
        flag.store(isOn, ordering: .relaxed)
    }

    deinit {
        if hasKey { pthread_key_delete(key) }
        // Nobody who records or drains is left: each holds a reference. A thread that is ending at this moment may still be
        // in the key's destructor, so the few bytes that it touches stay.
        for ring in rings.withLockedValue({ $0 }) { ring.pointee.freeSlots() }
    }

    package var isOn: Bool {
        @inline(__always)
        get { flag.load(ordering: .relaxed) }
        set { flag.store(newValue, ordering: .relaxed) }
    }

    /// Leaves an event. Any thread; never waits.
    @inline(__always)
    package func record(_ event: @autoclosure () -> CaptureEvent) {
        guard isOn else { return }
        push(event())
    }

    /// Leaves an event whatever the flag says: for callers who asked it before they gathered the event.
    @inline(never)
    package func push(_ event: CaptureEvent) {
        guard let known = pthread_getspecific(key) else {
            guard let made = ownRing() else {
                homeless.add(1, ordering: .relaxed)
                return
            }
            made.pointee.push(event)
            return
        }
        known.assumingMemoryBound(to: CaptureRing.self).pointee.push(event)
    }

    /// A ring for a thread that has none yet.
    private func ownRing() -> UnsafeMutablePointer<CaptureRing>? {
        guard hasKey else { return nil }
        let ring = rings.withLockedValue { rings -> UnsafeMutablePointer<CaptureRing>? in
            if let left = rings.first(where: { $0.pointee.adopt() }) { return left }
            guard rings.count < Self.maximumRings else { return nil }
            let made = UnsafeMutablePointer<CaptureRing>.allocate(capacity: 1)
            made.initialize(to: CaptureRing())
            rings.append(made)
            return made
        }
        guard let ring, pthread_setspecific(key, ring) == 0 else {
            ring?.pointee.abandon()
            return nil
        }
        return ring
    }

    /// Hands over what was recorded: of each ring oldest first, at most `limit` a ring. One caller at a time; others wait.
    ///
    /// - Returns: how many events.
    package func drain(limitPerRing limit: Int = Int(CaptureRing.capacity), _ body: (CaptureEvent) -> Void) -> Int {
        drainLock.withLock {
            rings.withLockedValue { $0 }.reduce(0) { $0 + $1.pointee.drain(limit: limit, body) }
        }
    }

    /// Events that were dropped since the start, because a ring was full or all rings were taken.
    package var dropped: UInt64 {
        rings.withLockedValue { $0 }.reduce(homeless.load(ordering: .relaxed)) { $0 + $1.pointee.dropped }
    }

    /// Events that were taken since the start.
    package var accepted: UInt64 { rings.withLockedValue { $0 }.reduce(0) { $0 + $1.pointee.accepted } }

    /// Events a ring holds at most.
    package static var ringCapacity: Int { Int(CaptureRing.capacity) }
}
