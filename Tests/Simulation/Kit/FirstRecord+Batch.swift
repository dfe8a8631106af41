package import Domain
package import Store

package import enum Engine.Event

extension FirstRecord {
    package static func batch(_ events: [Event], at now: Timestamp) -> CommitBatch {
        CommitBatch(
            record: JournalRecord(sequence: 1, recordedAt: now, formatVersion: 1, bytes: bytes(events, at: now)))
    }
}
