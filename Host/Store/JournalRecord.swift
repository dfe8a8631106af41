package import Domain

/// One packed record of the journal: everything that was decided in one commit batch.
///
/// The journal is the truth, all tables beside it are projections. The store does not look into `bytes`; it keeps them
/// under a checksum and hands them back unchanged or not at all.
package struct JournalRecord: Hashable, Sendable {
    /// From 1, without gaps.
    package var sequence: UInt64
    package var recordedAt: Timestamp
    /// How `bytes` are to be read; the writer's business.
    package var formatVersion: UInt32
    /// At most `maximumBytes`.
    package var bytes: [UInt8]

    /// 64 MiB: a batch of 100,000 legs takes a third of it.
    package static let maximumBytes = 64 << 20

    package init(sequence: UInt64, recordedAt: Timestamp, formatVersion: UInt32, bytes: [UInt8]) {
        (self.sequence, self.recordedAt) = (sequence, recordedAt)
        (self.formatVersion, self.bytes) = (formatVersion, bytes)
    }
}
