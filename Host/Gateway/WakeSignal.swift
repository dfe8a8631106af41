import Glibc
import Synchronization

/// Wakes one thread. It stays awake for a moment before it parks, since waking a parked thread costs more than a commit
/// of one row (DESIGN.md §4).
///
/// `@unchecked`: the two pointers are set once and name objects that POSIX lets any thread use.
final class WakeSignal: @unchecked Sendable {
    private let raised = Atomic<Bool>(false)
    private let isParked = Atomic<Bool>(false)
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>

    init() {
        lock = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(lock)
        condition.deallocate()
        lock.deallocate()
    }

    /// Any thread.
    func raise() {
        raised.store(true, ordering: .sequentiallyConsistent)
        guard isParked.load(ordering: .sequentiallyConsistent) else { return }
        pthread_mutex_lock(lock)
        pthread_cond_signal(condition)
        pthread_mutex_unlock(lock)
    }

    /// The one waiting thread. Returns when raised or after `nanoseconds`.
    func wait(atMost nanoseconds: Int64, spinning spin: Int64) {
        if raised.exchange(false, ordering: .sequentiallyConsistent) { return }
        let start = Self.monotonic()
        while Self.monotonic() - start < min(spin, nanoseconds) {
            if raised.exchange(false, ordering: .sequentiallyConsistent) { return }
        }
        pthread_mutex_lock(lock)
        isParked.store(true, ordering: .sequentiallyConsistent)
        let deadline = start + nanoseconds
        var until = timespec(tv_sec: Int(deadline / 1_000_000_000), tv_nsec: Int(deadline % 1_000_000_000))
        while !raised.load(ordering: .sequentiallyConsistent) {
            if pthread_cond_timedwait(condition, lock, &until) != 0 { break }
        }
        isParked.store(false, ordering: .sequentiallyConsistent)
        raised.store(false, ordering: .sequentiallyConsistent)
        pthread_mutex_unlock(lock)
    }

    private static func monotonic() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}
