package import Domain
import Foundation
import Glibc
package import Logging
import NIOConcurrencyHelpers
package import Settings
package import Telemetry

/// Telemetry of a running gateway: the capture that steps feed, the thread that drains it, what is kept, and the session
/// that says how this process began and ended.
///
/// Nothing here is on the trading path, and nothing here keeps a gateway from starting: where the file cannot be had, it
/// is logged, and counters go on without it.
package final class TelemetryService: Sendable {
    package let capture: Capture
    /// `nil` = telemetry is off, or its file could not be opened.
    package let store: TelemetryStore?
    private let configuration: SluiceConfiguration.Telemetry
    private let configurationHash: String
    private let logger: Logger
    private let state = NIOLockedValueBox(State())
    private let pause = WakeSignal()
    private let running = DispatchGroup()

    private struct State {
        var recorder: TelemetryRecorder?
        var session: ProcessSession?
        var isStopping = false
    }

    /// How often rings are drained, nanoseconds: at 100,000 events a second of one thread they are an eighth full.
    private static let drainInterval: Int64 = 20_000_000

    /// - Parameters:
    ///   - directory: The data directory, locked by the caller.
    ///   - configurationHash: of the effective configuration.
    package init(
        _ configuration: SluiceConfiguration.Telemetry, directory: String, configurationHash: String, logger: Logger
    ) {
        (self.configuration, self.configurationHash, self.logger) = (configuration, configurationHash, logger)
        capture = Capture(isOn: configuration.isEnabled)
        guard configuration.isEnabled else {
            store = nil
            return
        }
        do throws(TelemetryStore.Failure) {
            let opened = try TelemetryStore(directory: directory)
            if opened.hasMovedAside {
                logger.warning(
                    "Telemetry begins anew, the unreadable file is aside", metadata: ["path": "\(opened.path)"])
            }
            store = opened
        } catch {
            logger.error("Telemetry is not kept", metadata: ["failure": "\(error)"])
            store = nil
        }
    }

    /// Drains, keeps and answers; `nil` before `start`.
    package var recorder: TelemetryRecorder? { state.withLockedValue { $0.recorder } }
    /// This process; `nil` where nothing is kept.
    package var session: ProcessSession? { state.withLockedValue { $0.session } }

    /// Begins a session, takes up what an earlier process left unkept, and drains from now on.
    package func start(_ source: any TelemetrySource, now: Timestamp, version: String) {
        let retention = TelemetryStore.Retention(
            maximumAge: configuration.maximumAgeNanoseconds, maximumSize: configuration.maximumBytes)
        let recorder = TelemetryRecorder(capture: capture, source: source, store: store, retention: retention)
        var session: ProcessSession?
        if let store {
            do throws(TelemetryStore.Failure) {
                session = try store.beginSession(at: now, version: version, configurationHash: configurationHash)
            } catch {
                logger.error("The telemetry session was not noted", metadata: ["failure": "\(error)"])
            }
        }
        state.withLockedValue { ($0.recorder, $0.session) = (recorder, session) }
        guard configuration.isEnabled else { return }
        running.enter()
        Thread.detachNewThread { [self] in
            Thread.current.name = "sluice.telemetry"
            recorder.catchUp(now: now)
            while !state.withLockedValue({ $0.isStopping }) {
                if !recorder.step(now: .now) { pause.wait(atMost: Self.drainInterval, spinning: 0) }
            }
            running.leave()
        }
    }

    /// Everything that was captured until now, for a reader that wants to see what has just happened. Blocks on the disk.
    ///
    /// - Parameter withDays: results of the days under way as well, which asks every account.
    package func flush(withDays: Bool = false) { recorder?.flush(now: .now, withDays: withDays) }

    /// Keeps what is left, notes the session's end and closes the file. Blocks on the disk.
    package func stop() {
        state.withLockedValue { $0.isStopping = true }
        pause.raise()
        running.wait()
        flush()
        if let store, let session {
            do throws(TelemetryStore.Failure) {
                try store.endSession(session.id, at: .now, reason: "stopped")
            } catch {
                logger.warning("The telemetry session's end was not noted", metadata: ["failure": "\(error)"])
            }
        }
        store?.close()
    }
}

extension Timestamp {
    fileprivate static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
