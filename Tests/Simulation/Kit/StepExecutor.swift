/// Runs the jobs of requests one at a time, when the world says so: what `await` would leave to a thread pool is a step of
/// the schedule here.
///
/// `@unchecked Sendable`: a world has one thread; jobs are queued and run on it alone.
package final class StepExecutor: TaskExecutor, @unchecked Sendable {
    private var jobs: [UnownedJob] = []
    private var head = 0

    package init() {}

    package func enqueue(_ job: consuming ExecutorJob) { jobs.append(UnownedJob(job)) }

    package var isIdle: Bool { head == jobs.count }

    /// Runs the oldest job until it waits or ends. `false`: there is none.
    package func step() -> Bool {
        guard head < jobs.count else { return false }
        let job = jobs[head]
        head += 1
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
        }
        job.runSynchronously(on: asUnownedTaskExecutor())
        return true
    }
}
