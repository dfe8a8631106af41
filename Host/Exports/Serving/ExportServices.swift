import Domain
import Gateway
package import Logging
import NIOConcurrencyHelpers
package import Settings

/// What leaves the gateway by itself, as long as it runs: the scheduled export and the traces for a collector.
package final class ExportServices: Sendable {
    private let scheduled: ScheduledExport?
    private let push: TracePush?
    private let tasks = NIOLockedValueBox<[Task<Void, Never>]>([])

    package init(
        _ settings: SluiceConfiguration.Exports, collector: Collector?, sources: ExportSources, logger: Logger
    ) {
        scheduled = ScheduledExport(settings, sources: sources, logger: logger)
        let telemetry = sources.telemetry
        push = collector.map { collector in
            TracePush(collector, gateway: sources.gateway, logger: logger) { counts in
                telemetry.recorder?.metrics.note(
                    traces: ["sent": counts.sent, "failed": counts.failed, "dropped": counts.dropped])
            }
        }
    }

    package func start() {
        tasks.withLockedValue { tasks in
            if let scheduled { tasks.append(Task { await scheduled.run() }) }
            if let push { tasks.append(Task { await push.run() }) }
        }
    }

    /// Ends what is under way; a period that is not whole is not there.
    package func stop() async {
        let tasks = tasks.withLockedValue { exchange(&$0, with: []) }
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
    }
}
