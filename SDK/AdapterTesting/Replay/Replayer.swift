import CSluice
import Exact
import Recording

/// The host of a replay: calls the adapter as recorded, and answers and compares what it does.
final class Replayer: HostEnd {
    let module: UnsafePointer<sluice_module>
    let connected: UnsafePointer<sluice_connected>?
    var session: OpaquePointer?
    lazy var tap = HostTap(self)
    /// Of the call under way.
    let memory = EntityMemory()
    private let ignored: Set<String>
    private var report: ReplayReport
    private var call: RecordedCall?
    /// Host calls of the recording that the adapter has not made yet, in order.
    private var pending: [RecordedCall.HostCall] = []
    /// Host calls that were answered: what is only read may be read again.
    private var answered: [RecordedCall.HostCall] = []
    private var isInLane = false
    private var invented: UInt64 = 1 << 62

    let hasServices = true

    init(_ module: UnsafePointer<sluice_module>, _ header: RecordingHeader, ignoring ignored: Set<String>) {
        (self.module, self.ignored) = (module, ignored)
        connected = ScriptedHost.connected(module)
        report = ReplayReport(adapter: header.adapter, version: header.version, recordedAt: header.startedAt)
        // An adapter may call late: the tables and who answers them stay.
        _ = Unmanaged.passRetained(self)
    }

    /// Host functions that change nothing: they are found by what is asked, in any order.
    private static let reads: Set = [
        "kv_get", "kv_list", "secret_open", "secret_expiry", "secret_reveal", "instrument_by_alias", "crypto",
    ]

    // MARK: - Calls of the adapter

    func play(_ call: RecordedCall) {
        (self.call, pending, answered) = (call, call.hostCalls, [])
        report.laneCalls += 1
        report.hostCalls += call.hostCalls.count
        isInLane = call.name != "session_create" && call.name != "destroy"
        let status = perform(call.name, call.arguments)
        isInLane = false
        memory.free()
        for missing in pending where !ignored.contains(missing.name) {
            differ(missing.number, missing.name, "call", missing.name + Self.excerpt(missing.arguments), "none")
        }
        guard let status else {
            return differ(call.number, nil, "call", "answered", "a function that this library does not have")
        }
        if status != call.status { differ(call.doneNumber, nil, "status", "\(call.status)", "\(status)") }
    }

    func finish(_ ending: String?) -> ReplayReport {
        if let session { module.pointee.session.pointee.destroy(session) }
        session = nil
        report.ending = ending
        return report
    }

    // MARK: - Calls of the host

    func now() -> sluice_time { isInLane ? call?.now ?? Int64.min : Int64.min }

    func call(
        _ name: String, _ arguments: Arguments, _ yields: (inout Yields) -> Void, _ forward: Forward
    ) -> sluice_status {
        var writer = FrameWriter()
        writer.json.beginObject()
        arguments(&writer)
        writer.json.endObject()
        let given = (try? JSONValue.parse(writer.json.bytes, limits: .large)) ?? .null
        guard isInLane else { return SLUICE_ERR_WRONG_LANE }  // refused by a host, and so in no recording
        guard let recorded = take(name, given) else { return unexpected(name, given, yields) }
        if recorded.status >= 0 {
            var filling = Yields(filling: recorded.yields, memory)
            yields(&filling)
        }
        return recorded.status
    }

    func list(
        _ account: UInt32, _ prefix: sluice_str, _ context: UnsafeMutableRawPointer?, _ each: Each?
    ) -> sluice_status {
        var found: [JSONValue] = []
        let status = call(
            "kv_list",
            {
                $0.uint32("account", account)
                $0.text("prefix", prefix)
            }, { found = $0.recorded("found")?.array ?? [] }, { _, _ in SLUICE_ERR_UNSUPPORTED })
        // While `each` runs the host is closed.
        let wasInLane = isInLane
        isInLane = false
        defer { isInLane = wasInLane }
        for entry in found { each?(context, memory.text(entry["key"]), memory.bytes(entry["value"])) }
        return status
    }

    /// The recorded call that this one is, compared and taken.
    private func take(_ name: String, _ given: JSONValue) -> RecordedCall.HostCall? {
        let isRead = Self.reads.contains(name)
        func isEqual(_ recorded: RecordedCall.HostCall) -> Bool {
            recorded.name == name && recorded.arguments.map { Self.isSame($0, given) } != false
        }
        let place = pending.firstIndex(where: isEqual) ?? (isRead ? nil : pending.firstIndex { $0.name == name })
        guard let place else { return isRead ? answered.last(where: isEqual) : nil }
        let recorded = pending.remove(at: place)
        answered.append(recorded)
        guard !ignored.contains(name) else { return recorded }
        let overtaken = pending[..<place].first { !Self.reads.contains($0.name) && !ignored.contains($0.name) }
        if !isRead, let overtaken {
            differ(recorded.number, name, "order", "after \(overtaken.name) of frame \(overtaken.number)", "before it")
        }
        if let expected = recorded.arguments { compare(expected, given, "", recorded) }
        return recorded
    }

    private func unexpected(
        _ name: String, _ given: JSONValue, _ yields: (inout Yields) -> Void
    ) -> sluice_status {
        if !ignored.contains(name) {
            differ(call?.doneNumber ?? 0, name, "call", "none", name + Self.excerpt(given))
        }
        guard !Self.reads.contains(name) else { return SLUICE_ERR_NOT_FOUND }
        invented += 1
        let number = JSONValue.number("\(invented)")
        var filling = Yields(filling: ["timer": number, "stream": number, "handle": number], memory)
        yields(&filling)
        return SLUICE_OK
    }

    // MARK: - Comparing

    private func differ(_ frame: Int64, _ name: String?, _ field: String, _ expected: String, _ got: String) {
        let lane = call?.name ?? ""
        report.differences.append(
            ReplayReport.Difference(
                frame: frame, call: name.map { "\($0) in \(lane)" } ?? lane, field: field, expected: expected, got: got)
        )
    }

    private func compare(_ expected: JSONValue?, _ got: JSONValue?, _ path: String, _ frame: RecordedCall.HostCall) {
        switch (expected, got) {
        case (.object(let left)?, .object(let right)?):
            for key in left.keys + right.keys.filter({ !left.contains(key: $0) }) {
                compare(left[key], right[key], path.isEmpty ? key : "\(path).\(key)", frame)
            }
        case (.array(let left)?, .array(let right)?) where left.count == right.count:
            for index in left.indices { compare(left[index], right[index], "\(path)[\(index)]", frame) }
        default:
            guard !Self.isSame(expected, got) else { return }
            differ(frame.number, frame.name, path, Self.text(expected), Self.text(got))
        }
    }

    /// Byte for byte: two spellings of one letter are two texts to a broker.
    private static func isSame(_ left: JSONValue?, _ right: JSONValue?) -> Bool {
        switch (left, right) {
        case (.string(let left)?, .string(let right)?): left.utf8.elementsEqual(right.utf8)
        case (.object(let left)?, .object(let right)?):
            left.count == right.count && left.allSatisfy { isSame($0.value, right[$0.key]) }
        case (.array(let left)?, .array(let right)?):
            left.count == right.count && zip(left, right).allSatisfy { isSame($0, $1) }
        default: left == right
        }
    }

    private static func text(_ value: JSONValue?) -> String { value.map { cut($0.serializedText()) } ?? "absent" }

    private static func excerpt(_ value: JSONValue?) -> String { value.map { " " + cut($0.serializedText()) } ?? "" }

    private static func cut(_ text: String) -> String { text.count <= 300 ? text : "\(text.prefix(300))…" }
}
