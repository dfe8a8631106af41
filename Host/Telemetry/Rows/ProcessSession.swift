package import Domain

/// One life of the gateway's process over a data directory.
package struct ProcessSession: Hashable, Sendable {
    /// Counts from 1 within the telemetry file.
    package var id: Int64
    package var startedAt: Timestamp
    /// When its end was recorded; `nil` = it runs, or nobody recorded an end: see `reason`.
    package var endedAt: Timestamp?
    /// Why it ended: `stopped`; `killed` where the next start found no end recorded; `nil` while it runs.
    package var reason: String?
    package var version: String
    /// SHA-256 of the effective configuration in hexadecimal, so that two sessions can be told apart by what they ran
    /// with. Secrets are no part of it, only what they are referred to by.
    package var configurationHash: String

    package init(
        id: Int64, startedAt: Timestamp, endedAt: Timestamp?, reason: String?, version: String,
        configurationHash: String
    ) {
        (self.id, self.startedAt, self.endedAt, self.reason) = (id, startedAt, endedAt, reason)
        (self.version, self.configurationHash) = (version, configurationHash)
    }
}
