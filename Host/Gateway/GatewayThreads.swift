import Dispatch
import Foundation
import Synchronization

/// The threads that drive a gateway in production: the journal, which commits and goes on to dispatch, the ticker, the one
/// that deals out events to live clients, the one that picks up changed manifests of adapters, and the auditor, which
/// reads after the journal and rests most of the time.
package final class GatewayThreads: Sendable {
    private let gateway: Gateway
    private let isStopping = Atomic<Bool>(false)
    private let running = DispatchGroup()
    private let auditorPause = WakeSignal()
    private let manifestPause = WakeSignal()

    /// Awake this long before parking, nanoseconds: a burst meets a thread that is awake.
    private static let spin: Int64 = 30_000
    private static let tickInterval: Int64 = 20_000_000
    private static let manifestInterval: Int64 = 1_000_000_000

    package init(_ gateway: Gateway) { self.gateway = gateway }

    package func start() {
        for _ in 0..<3 { running.enter() }
        Thread.detachNewThread { [self] in
            Thread.current.name = "sluice.journal"
            while true {
                if !gateway.commitStep() {
                    if isStopping.load(ordering: .acquiring) { break }
                    gateway.commitSignal.wait(atMost: 50_000_000, spinning: Self.spin)
                }
            }
            running.leave()
        }
        Thread.detachNewThread { [self] in
            Thread.current.name = "sluice.ticker"
            let pause = WakeSignal()
            while !isStopping.load(ordering: .acquiring) {
                gateway.tick()
                pause.wait(atMost: Self.tickInterval, spinning: 0)
            }
            running.leave()
        }
        Thread.detachNewThread { [self] in
            Thread.current.name = "sluice.events"
            while !isStopping.load(ordering: .acquiring) {
                if !gateway.distribute() { gateway.hub.signal.wait(atMost: Self.tickInterval, spinning: 0) }
            }
            running.leave()
        }
        running.enter()
        Thread.detachNewThread { [self] in
            Thread.current.name = "sluice.manifests"
            while true {
                manifestPause.wait(atMost: Self.manifestInterval, spinning: 0)
                if isStopping.load(ordering: .acquiring) { break }
                gateway.pickUpManifests()
            }
            running.leave()
        }
        guard let auditor = gateway.auditor else { return }
        running.enter()
        Thread.detachNewThread { [self] in
            Thread.current.name = "sluice.auditor"
            while !isStopping.load(ordering: .acquiring) {
                auditorPause.wait(atMost: auditor.step(), spinning: 0)
            }
            running.leave()
        }
    }

    /// Ends the threads after the last batch. Blocks for at most a commit, a tick and a step of the audit.
    package func stop() {
        isStopping.store(true, ordering: .releasing)
        gateway.commitSignal.raise()
        auditorPause.raise()
        manifestPause.raise()
        running.wait()
    }
}
