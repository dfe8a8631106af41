import Exact

/// What a replay found: how much was played, and every difference.
public struct ReplayReport: Hashable, Sendable {
    /// One thing that the adapter did otherwise than recorded.
    public struct Difference: Hashable, Sendable, CustomStringConvertible {
        /// The frame's number in the recording.
        public var frame: Int64
        /// `complete in on_http`: the host function and the adapter's function it was called from.
        public var call: String
        /// What differs: `result.outcome`, `call`, `order`, `status`.
        public var field: String
        public var expected: String
        public var got: String

        public var description: String { "frame \(frame), \(call): \(field) is \(got), recorded is \(expected)" }
    }

    public var adapter: String
    /// The version that was recorded.
    public var version: String
    public var recordedAt: String
    /// Calls of the adapter that were replayed.
    public internal(set) var laneCalls = 0
    /// Calls of the host that the recording holds for them.
    public internal(set) var hostCalls = 0
    /// Why the recording ends before its session did; `nil`: it does not.
    public internal(set) var ending: String?
    public internal(set) var differences: [Difference] = []

    /// Whether something was replayed and everything was as recorded.
    public var isSame: Bool { differences.isEmpty && laneCalls > 0 }

    /// The report for people.
    public var text: String {
        var lines = [
            "\(adapter) \(version), recorded \(recordedAt): \(laneCalls) calls of the adapter, \(hostCalls) of the host"
        ]
        if let ending { lines.append("note: \(ending)") }
        lines += differences.map { "difference: \($0)" }
        lines.append(
            laneCalls == 0
                ? "no call was replayed" : differences.isEmpty ? "same" : "\(differences.count) differ")
        return lines.joined(separator: "\n")
    }

    /// The report for machines.
    public var json: String {
        var json = JSONWriter(pretty: true)
        json.beginObject()
        json.member("adapter", adapter)
        json.member("version", version)
        json.member("recorded_at", recordedAt)
        json.member("lane_calls", laneCalls)
        json.member("host_calls", hostCalls)
        json.member("ending", ending)
        json.member("same", isSame)
        json.key("differences")
        json.beginArray()
        for difference in differences {
            json.beginObject()
            json.member("frame", difference.frame)
            json.member("call", difference.call)
            json.member("field", difference.field)
            json.member("expected", difference.expected)
            json.member("got", difference.got)
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return String(decoding: json.bytes, as: UTF8.self)
    }
}
