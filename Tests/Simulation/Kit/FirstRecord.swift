package import Domain
package import Engine

/// Journal records by the engine's name: the store's record type is called the same.
package enum FirstRecord {
    package static func bytes(_ events: [Event], at now: Timestamp) -> [UInt8] {
        var bytes: [UInt8] = []
        JournalRecord.encode(events: events, sequence: 1, at: now, into: &bytes)
        return bytes
    }
}
