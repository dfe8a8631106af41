package import Exact

/// The first line of a recording: what was recorded, of which build.
public struct RecordingHeader: Hashable, Sendable {
    /// The version of the format.
    public static let format: Int64 = 1
    /// The adapter's id.
    public var adapter: String
    public var version: String
    /// SHA-256 of the library that was recorded.
    public var sha256: String
    public var abiMinor: UInt32
    /// When the recording began, for people.
    public var startedAt: String

    public init(adapter: String, version: String, sha256: String, abiMinor: UInt32, startedAt: String) {
        (self.adapter, self.version, self.sha256) = (adapter, version, sha256)
        (self.abiMinor, self.startedAt) = (abiMinor, startedAt)
    }

    var line: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("sluice_recording", Self.format)
        json.member("adapter", adapter)
        json.member("version", version)
        json.member("sha256", sha256)
        json.member("abi_minor", Int64(abiMinor))
        json.member("started_at", startedAt)
        json.endObject()
        return json.bytes
    }

    /// `nil`: no header of this format.
    package init?(_ line: JSONValue) {
        guard line["sluice_recording"]?.int64 == Self.format, let adapter = line["adapter"]?.string else { return nil }
        self.adapter = adapter
        version = line["version"]?.string ?? ""
        sha256 = line["sha256"]?.string ?? ""
        abiMinor = UInt32(clamping: line["abi_minor"]?.int64 ?? 0)
        startedAt = line["started_at"]?.string ?? ""
    }
}
