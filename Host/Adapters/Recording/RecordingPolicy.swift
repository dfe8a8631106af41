import Settings

/// `record:` of a manifest: what crosses the boundary of each of the adapter's sessions is written to a file of its own.
package struct RecordingPolicy: Hashable, Sendable {
    /// A file's bound; at it the recording of the session stops, the session goes on.
    package var sessionMegabytes = 64
    /// The newest files that are kept for the adapter; older ones are deleted when another begins.
    package var keep = 8

    package init() {}
}

extension FieldType where Value == RecordingPolicy {
    static var recordingPolicy: FieldType<RecordingPolicy> {
        .mapping { document in
            var policy = RecordingPolicy()
            policy.sessionMegabytes = document.value(
                "session_mb", .count(1...1024), default: policy.sessionMegabytes)
            policy.keep = document.value("keep", .count(1...1000), default: policy.keep)
            return policy
        }
    }
}

/// Where a session's recording stands.
package struct RecordingStatus: Hashable, Sendable {
    package var path: String
    /// Bytes taken so far.
    package var bytes: Int
    package var frames: Int
    /// Why it stopped before the session did; `nil`: it goes on, or is whole.
    package var stopped: String?
}
