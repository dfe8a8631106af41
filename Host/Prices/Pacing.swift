import Glibc
import NIOConcurrencyHelpers

/// Who waits between two steps of something that is played: a thread, a simulation or a test.
package protocol Pacing: Sendable {
    /// Returns after `nanoseconds`, or at once when it is over. `false` = stop.
    func wait(nanoseconds: Int64) -> Bool
}

/// Waits on the monotonic clock of the calling thread's machine, until `stop()`. Lateness of one wait shortens the next,
/// so that a replay does not drift. One thread waits; any thread stops.
package final class ThreadPacing: Pacing {
    /// The reading end of a pipe, readable once stopped, and its writing end.
    private let wakeUp: (read: Int32, write: Int32)
    private let due = NIOLockedValueBox<Int64?>(nil)

    package init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "the system gives no file descriptors")
        wakeUp = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(wakeUp.read)
        close(wakeUp.write)
    }

    /// Ends the wait going on and every later one. May be called twice.
    package func stop() {
        var mark: UInt8 = 1
        _ = write(wakeUp.write, &mark, 1)  // fails only when the pipe is full, which means stopped as well
    }

    package func wait(nanoseconds: Int64) -> Bool {
        let now = Self.monotonicNanoseconds()
        let target = due.withLockedValue { due in
            let (sum, overflow) = max(due ?? now, now &- max(nanoseconds, 0)).addingReportingOverflow(
                max(nanoseconds, 0))
            let target = overflow ? Int64.max : sum
            due = target
            return target
        }
        while true {
            let left = max(0, target &- Self.monotonicNanoseconds())
            var descriptor = pollfd(fd: wakeUp.read, events: Int16(POLLIN), revents: 0)
            let milliseconds = left / 1_000_000 + (left % 1_000_000 == 0 ? 0 : 1)
            if poll(&descriptor, 1, Int32(clamping: milliseconds)) > 0 { return false }
            if Self.monotonicNanoseconds() >= target { return true }
        }
    }

    private static func monotonicNanoseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
    }
}
