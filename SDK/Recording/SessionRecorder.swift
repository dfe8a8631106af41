public import CSluice
import Exact

/// Where frames go. Called on the session's lane: must not block.
public protocol FrameSink: AnyObject, Sendable {
    /// Whether it still takes frames. A sink that has reached its bound takes none for ever.
    var isOpen: Bool { get }
    /// One frame, a JSON object in one line without its end.
    func append(_ frame: [UInt8])
    /// The session has ended.
    func end()
}

/// Stands between a host and one session of an adapter and writes down every call that crosses, in both directions.
///
/// The adapter is given the recorder's tables in the host's place and the host calls the recorder's functions in the
/// adapter's, so neither side knows, and a session that is not recorded pays nothing.
///
/// Secrets are left out by construction: a request is written as its template, before anything is signed; what a capture
/// took never came this way; handles are numbers. `redact` is for an adapter that was shown a secret and repeats it.
///
/// Not `Sendable`: used on the session's lane alone, like the session. Never freed, since its tables must not be.
public final class SessionRecorder {
    private let sink: any FrameSink
    private let redact: ([UInt8]) -> [UInt8]
    private let real: UnsafePointer<sluice_host>
    private let services: UnsafePointer<sluice_services>?
    private let functions: UnsafePointer<sluice_session_functions>
    private let connected: UnsafePointer<sluice_connected>?
    private var session: OpaquePointer?
    private var number: Int64 = 0
    /// Secret values that the adapter was given in this lane call.
    private var masked: [[UInt8]] = []
    private lazy var tap = HostTap(self)

    /// - Parameters:
    ///   - host: the session's real table.
    ///   - redact: takes the secrets that the host knows out of a value.
    public init(
        _ module: UnsafePointer<sluice_module>, connected: UnsafePointer<sluice_connected>?,
        host: UnsafePointer<sluice_host>, about: RecordingHeader, sink: any FrameSink,
        redact: @escaping ([UInt8]) -> [UInt8]
    ) {
        (real, self.connected, self.sink, self.redact) = (host, connected, sink, redact)
        functions = module.pointee.session
        var id = SLUICE_SERVICES
        services = id.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) {
                host.pointee.get_extension(host, sluice_str(ptr: $0.baseAddress, len: UInt64($0.count)))
            }
        }?.assumingMemoryBound(to: sluice_services.self)
        _ = Unmanaged.passRetained(self)
        sink.append(about.line)
    }

    // MARK: - Making the session

    /// The table that the adapter is given.
    public var host: UnsafePointer<sluice_host> { UnsafePointer(tap.table) }

    /// What the host calls in the adapter's place.
    public static var functions: sluice_session_functions { sessionTable() }

    /// The other half, in the place of an adapter's own.
    public static func connected(over real: sluice_connected) -> sluice_connected { connectedTable(real) }

    /// Makes the adapter's session by `create` and gives the handle that stands for it.
    public func create(
        _ options: UnsafePointer<sluice_session_options>,
        _ create: (UnsafePointer<sluice_host>, UnsafeMutablePointer<OpaquePointer?>) -> sluice_status,
        _ handle: UnsafeMutablePointer<OpaquePointer?>
    ) -> sluice_status {
        begin("session_create", isLane: false) { $0.entity("options", options, .sessionOptions) }
        var made: OpaquePointer?
        let status = create(host, &made)
        done("session_create", status)
        session = made
        handle.pointee = made == nil ? nil : OpaquePointer(Unmanaged.passUnretained(self).toOpaque())
        if status < 0 || made == nil { sink.end() }
        return status
    }

    static func of(_ session: OpaquePointer?) -> SessionRecorder? {
        session.map { Unmanaged<SessionRecorder>.fromOpaque(UnsafeRawPointer($0)).takeUnretainedValue() }
    }

    // MARK: - Lane calls

    func lane(
        _ name: String, _ arguments: HostEnd.Arguments,
        _ body: (UnsafePointer<sluice_session_functions>, OpaquePointer?) -> sluice_status
    ) -> sluice_status {
        begin(name, isLane: name != "destroy", arguments)
        let status = body(functions, session)
        done(name, status)
        return status
    }

    func connectedLane(
        _ name: String, _ arguments: HostEnd.Arguments,
        _ body: (UnsafePointer<sluice_connected>, OpaquePointer?) -> sluice_status
    ) -> sluice_status {
        guard let connected else { return SLUICE_ERR_UNSUPPORTED }
        return lane(name, arguments) { _, session in body(connected, session) }
    }

    /// Remembers what the rows of a query will be.
    func expectRows(_ entity: Entity?, of token: UInt64) { tap.rows[token] = entity }

    func finish() { sink.end() }

    // MARK: - Frames

    private func frame(_ kind: String, _ name: String) -> FrameWriter {
        number += 1
        var frame = FrameWriter(redact: masked.isEmpty ? redact : { [masked, redact] in Self.mask(redact($0), masked) })
        frame.json.beginObject()
        frame.json.member("n", number)
        frame.json.member(kind, name)
        return frame
    }

    private func begin(_ name: String, isLane: Bool, _ arguments: HostEnd.Arguments) {
        guard sink.isOpen else { return }
        var frame = frame("lane", name)
        if isLane { frame.json.member("now", real.pointee.now(real)) }
        frame.json.key("arguments")
        frame.json.beginObject()
        arguments(&frame)
        frame.json.endObject()
        frame.json.endObject()
        sink.append(frame.json.bytes)
    }

    private func done(_ name: String, _ status: sluice_status) {
        masked.removeAll()
        guard sink.isOpen else { return }
        var frame = frame("done", name)
        frame.json.member("status", Int64(status))
        frame.json.endObject()
        sink.append(frame.json.bytes)
    }

    /// The bytes with every value that was shown in this call replaced.
    private static func mask(_ bytes: [UInt8], _ values: [[UInt8]]) -> [UInt8] {
        var out = bytes
        for value in values where value.count >= 4 {
            var index = 0
            while index + value.count <= out.count {
                if out[index..<(index + value.count)].elementsEqual(value) {
                    out.replaceSubrange(index..<(index + value.count), with: Yields.mask.utf8)
                }
                index += 1
            }
        }
        return out
    }
}

extension SessionRecorder: HostEnd {
    package var hasServices: Bool { services != nil }
    package func now() -> sluice_time { real.pointee.now(real) }

    /// Outside a lane call nothing is written: the host refuses, and the caller may be any thread.
    private var isInLane: Bool { real.pointee.now(real) != Int64.min }

    package func call(
        _ name: String, _ arguments: Arguments, _ yields: (inout Yields) -> Void, _ forward: Forward
    ) -> sluice_status {
        guard let services = services ?? Self.noServices else { return SLUICE_ERR_UNSUPPORTED }
        guard isInLane, sink.isOpen else { return forward(real, services) }
        let status = forward(real, services)
        var frame = frame("host", name)
        // What the host found broken is not read again.
        if status != SLUICE_ERR_INVALID {
            frame.json.key("arguments")
            frame.json.beginObject()
            arguments(&frame)
            frame.json.endObject()
        }
        if status >= 0 {
            frame.json.key("yields")
            frame.json.beginObject()
            var yielded = Yields(writing: frame)
            yields(&yielded)
            frame = yielded.frame
            masked += yielded.masked
            frame.json.endObject()
        }
        frame.json.member("status", Int64(status))
        frame.json.endObject()
        sink.append(frame.json.bytes)
        return status
    }

    /// Host functions of an adapter without services never look at that table.
    private static var noServices: UnsafePointer<sluice_services>? {
        UnsafePointer(bitPattern: MemoryLayout<sluice_services>.alignment)
    }

    package func list(
        _ account: UInt32, _ prefix: sluice_str, _ context: UnsafeMutableRawPointer?, _ each: Each?
    ) -> sluice_status {
        guard isInLane, sink.isOpen, let each else { return real.pointee.kv_list(real, account, prefix, context, each) }
        let relay = ListRelay(context, each)
        let status = real.pointee.kv_list(real, account, prefix, Unmanaged.passUnretained(relay).toOpaque()) {
            context, key, value in
            guard let context else { return }
            Unmanaged<ListRelay>.fromOpaque(context).takeUnretainedValue().take(key, value)
        }
        var frame = frame("host", "kv_list")
        frame.json.key("arguments")
        frame.json.beginObject()
        frame.uint32("account", account)
        if status != SLUICE_ERR_INVALID { frame.text("prefix", prefix) }
        frame.json.endObject()
        frame.json.key("yields")
        frame.json.beginObject()
        frame.json.key("found")
        frame.json.beginArray()
        for entry in relay.found {
            frame.json.beginObject()
            frame.json.key("key")
            entry.key.withUnsafeBytes { frame.value($0) }
            frame.json.key("value")
            entry.value.withUnsafeBytes { frame.value($0) }
            frame.json.endObject()
        }
        frame.json.endArray()
        frame.json.endObject()
        frame.json.member("status", Int64(status))
        frame.json.endObject()
        sink.append(frame.json.bytes)
        return status
    }
}

/// Passes the entries of a `kv_list` on and keeps them for the frame.
private final class ListRelay {
    private let context: UnsafeMutableRawPointer?
    private let each: HostEnd.Each
    var found: [(key: [UInt8], value: [UInt8])] = []

    init(_ context: UnsafeMutableRawPointer?, _ each: @escaping HostEnd.Each) {
        (self.context, self.each) = (context, each)
    }

    func take(_ key: sluice_str, _ value: sluice_bytes) {
        found.append(
            (
                Array(UnsafeRawBufferPointer(start: key.ptr, count: Int(key.len))),
                Array(UnsafeRawBufferPointer(start: value.ptr, count: Int(value.len)))
            ))
        each(context, key, value)
    }
}
