import CHost
import Glibc
import NIOConcurrencyHelpers

/// One worker thread for the lanes of one adapter, so that a hung adapter delays nobody else.
///
/// Before it parks the worker stays awake for some 30 µs: handing work to an awake thread costs nanoseconds, waking a
/// parked one 25 µs. Lanes take turns in the order of their wakes.
///
/// `@unchecked Sendable`: `ready`, `isParked` and `isStopped` are touched only under `mutex`; `hasWork` only atomically;
/// everything else belongs to the worker thread alone.
package final class ThreadLanes: LaneScheduler, @unchecked Sendable {
    private struct Wake: Comparable {
        var at: Int64
        var lane: ObjectIdentifier
        static func < (left: Wake, right: Wake) -> Bool { left.at < right.at }
    }

    private let clock: any LaneClock
    private let spinNanoseconds: Int64
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let hasWork: UnsafeMutablePointer<UInt64>
    private var ready: [any Lane] = []
    private var isParked = false
    private var isStopped = false
    // The worker's own.
    private var sleepers = MinimumHeap<Wake>()
    private var sleeping: [ObjectIdentifier: (lane: any Lane, wake: Int64)] = [:]

    /// - Parameters:
    ///   - name: of the thread, cut to the 15 bytes that the system shows.
    ///   - clock: must be the machine's monotonic clock, since parking waits on it.
    package init(name: String, clock: any LaneClock = SystemLaneClock.shared, spinNanoseconds: Int64 = 30_000) {
        self.clock = clock
        self.spinNanoseconds = spinNanoseconds
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        hasWork = .allocate(capacity: 1)
        hasWork.initialize(to: 0)
        mutex.initialize(to: pthread_mutex_t())
        condition.initialize(to: pthread_cond_t())
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(condition, &attributes)
        pthread_condattr_destroy(&attributes)
        start(name: name)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
        hasWork.deallocate()
    }

    private final class Start {
        let worker: ThreadLanes
        let name: String
        init(_ worker: ThreadLanes, _ name: String) { (self.worker, self.name) = (worker, name) }
    }

    private func start(name: String) {
        let start = Unmanaged.passRetained(Start(self, String(decoding: name.utf8.prefix(15), as: UTF8.self)))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                chost_name_thread(start.name)
                start.worker.run()
                return nil
            }, start.toOpaque())
        guard status == 0 else {
            // No thread, no adapter: the process is out of resources before it began to trade.
            start.release()
            fatalError("a lane thread could not be created: error \(status)")
        }
        pthread_detach(thread)
    }

    package func wake(_ lane: any Lane) {
        pthread_mutex_lock(mutex)
        let wanted = !isStopped
        if wanted { ready.append(lane) }
        let parked = isParked && wanted
        if parked { isParked = false }
        pthread_mutex_unlock(mutex)
        chost_store(hasWork, 1)
        if parked { pthread_cond_signal(condition) }
    }

    package func stop() {
        pthread_mutex_lock(mutex)
        isStopped = true
        ready.removeAll()
        isParked = false
        pthread_mutex_unlock(mutex)
        chost_store(hasWork, 1)
        pthread_cond_signal(condition)
    }

    // MARK: - The worker

    private func run() {
        var queue: [any Lane] = []
        while take(into: &queue) {
            takeDue(into: &queue)
            guard !queue.isEmpty else {
                if !spin() { park() }
                continue
            }
            let round = queue
            queue.removeAll(keepingCapacity: true)
            for lane in round {
                switch lane.turn() {
                case .more: queue.append(lane)
                case .idle(let wake?): sleep(lane, until: wake)
                case .idle(nil), .ended: sleeping[ObjectIdentifier(lane)] = nil
                }
            }
        }
    }

    /// Moves what was woken into `turns`. `false`: the scheduler was stopped.
    private func take(into turns: inout [any Lane]) -> Bool {
        guard chost_load(hasWork) != 0 else { return true }
        pthread_mutex_lock(mutex)
        chost_store(hasWork, 0)
        let stopped = isStopped
        turns.append(contentsOf: ready)
        ready.removeAll(keepingCapacity: true)
        pthread_mutex_unlock(mutex)
        return !stopped
    }

    private func sleep(_ lane: any Lane, until wake: Int64) {
        let key = ObjectIdentifier(lane)
        if sleeping[key]?.wake == wake { return }
        sleeping[key] = (lane, wake)
        sleepers.insert(Wake(at: wake, lane: key))
        if sleepers.count > 64 + 2 * sleeping.count {
            sleepers.removeAll { [sleeping] in sleeping[$0.lane]?.wake != $0.at }
        }
    }

    /// Appends the sleepers that are due. An entry that no longer matches its lane's wish is dropped.
    private func takeDue(into turns: inout [any Lane]) {
        guard !sleepers.isEmpty else { return }
        let now = clock.monotonic()
        while let first = sleepers.first, first.at <= now {
            sleepers.removeFirst()
            guard let sleeper = sleeping[first.lane], sleeper.wake == first.at else { continue }
            sleeping[first.lane] = nil
            turns.append(sleeper.lane)
        }
    }

    /// Stays awake a little; `true` as soon as there is work.
    private func spin() -> Bool {
        let end = min(clock.monotonic() &+ spinNanoseconds, sleepers.first?.at ?? .max)
        repeat {
            for _ in 0..<32 {
                if chost_load(hasWork) != 0 { return true }
                chost_pause()
            }
        } while clock.monotonic() < end
        return false
    }

    private func park() {
        pthread_mutex_lock(mutex)
        if ready.isEmpty && !isStopped {
            isParked = true
            while isParked {
                guard let wake = sleepers.first?.at else {
                    pthread_cond_wait(condition, mutex)
                    continue
                }
                var until = timespec(tv_sec: Int(wake / 1_000_000_000), tv_nsec: Int(wake % 1_000_000_000))
                if pthread_cond_timedwait(condition, mutex, &until) == ETIMEDOUT { break }
            }
            isParked = false
        }
        pthread_mutex_unlock(mutex)
    }
}
