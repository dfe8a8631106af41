package import Domain
import Engine
import Gateway
package import Logging
import NIOConcurrencyHelpers
package import Settings

/// Puts one directory a period into a directory: the data sets of the period, and a manifest with their hashes.
///
/// Periods are aligned to 1970 in UTC. A period's directory appears whole or not at all: it is written under another name,
/// brought to the disk and renamed. What is there is never written again; periods that passed while nobody exported are
/// made up for, `maximumBacklog` at most. Rows stand as they are when they are exported: an order that still worked at the
/// end of its period may have ended since.
package final class ScheduledExport: Sendable {
    /// Periods that one start makes up for.
    package static let maximumBacklog = 7
    /// How long after a period's end it is exported, nanoseconds: what was decided in it is on the disk by then.
    package static let grace: Int64 = 5_000_000_000

    private let sources: ExportSources
    private let settings: SluiceConfiguration.Exports
    private let directory: String
    private let logger: Logger

    /// `nil` where no directory is configured.
    package init?(_ settings: SluiceConfiguration.Exports, sources: ExportSources, logger: Logger) {
        guard let directory = settings.directory else { return nil }
        (self.settings, self.sources, self.directory, self.logger) = (settings, sources, directory, logger)
    }

    /// Exports period after period until the task is cancelled. A failure is logged and tried again with the next period.
    package func run() async {
        while !Task.isCancelled {
            await makeUp()
            let now = sources.gateway.clock.wall().nanoseconds
            let next = (now - Self.grace).dividedFloor(by: settings.everyNanoseconds) + 1
            let wait = next * settings.everyNanoseconds + Self.grace - now
            do { try await Task.sleep(for: .nanoseconds(max(1_000_000_000, wait))) } catch { return }
        }
    }

    /// Exports the periods that have ended and are not there yet, oldest first.
    package func makeUp() async {
        let now = sources.gateway.clock.wall().nanoseconds - Self.grace
        let current = now.dividedFloor(by: settings.everyNanoseconds)
        // A new directory begins with the period that has just ended, and nothing before its first one is made up for.
        let oldest = PeriodDirectory.oldest(in: directory)?.nanoseconds.dividedFloor(by: settings.everyNanoseconds)
        for period in max(0, current - Int64(Self.maximumBacklog), oldest ?? current - 1)..<max(0, current) {
            let from = Timestamp(nanoseconds: period * settings.everyNanoseconds)
            let to = Timestamp(nanoseconds: (period + 1) * settings.everyNanoseconds)
            do {
                if let name = try await export(from: from, to: to) {
                    logger.notice("Export written", metadata: ["export.directory": "\(name)"])
                }
            } catch {
                logger.error(
                    "Scheduled export failed", metadata: ["export.from": "\(from.rfc3339)", "failure": "\(error)"])
                return
            }
        }
    }

    /// Exports one period.
    ///
    /// - Returns: its directory; `nil` where it is there already.
    /// - Throws: `GatewayError` where the store, `PeriodDirectory.Failure` where the directory fails. Nothing of the period
    ///   is there then.
    @discardableResult
    package func export(from: Timestamp, to: Timestamp) async throws -> String? {
        try await withTaskExecutorPreference(ExportThread.shared) {
            guard let period = try PeriodDirectory(in: directory, from: from) else { return nil }
            do {
                var manifest = ExportManifest(
                    from: from, to: to, createdAt: sources.gateway.clock.wall(), format: settings.format)
                for name in settings.datasets {
                    var parameters = ["format": settings.format]
                    if ExportDataset(rawValue: name)?.filters.contains(.from) == true {
                        (parameters["from"], parameters["to"]) = (from.rfc3339, to.rfc3339)
                    }
                    let request = try ExportRequest(dataset: name, parameters: parameters)
                    manifest.files.append(try await write(request, into: period))
                }
                try period.finish(manifest)
                return period.path
            } catch {
                period.abandon()
                throw error
            }
        }
    }

    private func write(_ request: ExportRequest, into period: PeriodDirectory) async throws -> ExportManifest.File {
        let name = "\(request.dataset.rawValue).\(request.format.rawValue)"
        let file = try period.file(name)
        var stream = sources.open(request)
        while let portion = try await stream.next() {
            try Task.checkCancellation()
            try file.write(portion)
        }
        let (bytes, digest) = try file.finish()
        return ExportManifest.File(
            name: name, dataset: request.dataset.rawValue, rows: stream.rows, bytes: bytes, sha256: digest)
    }
}

/// What a period's directory holds, for whoever takes it further: `manifest.json`.
struct ExportManifest {
    struct File {
        var name: String
        var dataset: String
        var rows: Int64
        var bytes: Int64
        /// Lower-case hexadecimal.
        var sha256: String
    }

    var from: Timestamp
    var to: Timestamp
    var createdAt: Timestamp
    var format: String
    var files: [File] = []

    func json() -> [UInt8] {
        var json = JSONWriter(reserving: 1_024, pretty: true)
        json.beginObject()
        json.member("manifest", 1)
        json.member("from", from.rfc3339)
        json.member("to", to.rfc3339)
        json.member("created_at", createdAt.rfc3339)
        json.member("version", Sluice.version)
        json.member("format", format)
        json.key("files")
        json.beginArray()
        for file in files {
            json.beginObject()
            json.member("name", file.name)
            json.member("dataset", file.dataset)
            json.member("rows", file.rows)
            json.member("bytes", file.bytes)
            json.member("sha256", file.sha256)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes + [UInt8(ascii: "\n")]
    }
}
