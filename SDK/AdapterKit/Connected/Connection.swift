import CSluice

/// A WebSocket or byte stream to open. The host connects, answers pings, reconnects with back-off and makes the templates
/// anew each time; `ConnectedAdapter.onStream` tells each time that it is open.
public struct Connection: Sendable {
    /// A declared endpoint: `.webSocket`, `.tcp` or `.tls`.
    public var endpoint: String
    /// By its place in `SessionOptions.accounts`.
    public var account: Int
    /// Path and query; `nil`: the base URL's alone.
    public var target: Template?
    public var headers: [(name: String, value: Template)] = []
    /// Within the endpoint's host suffix; `nil`: the base URL's.
    public var hostName: String?
    public var subprotocol: String?
    /// 0: 30 s.
    public var pingIntervalNanoseconds: Int64 = 0
    /// Nothing received for so long: lost. 0: never.
    public var idleTimeoutNanoseconds: Int64 = 0
    /// Bytes, 0: 1 MiB. A longer frame ends the connection.
    public var maxFrame: UInt64 = 0
    public var costs: [Cost] = []

    /// A connection by its endpoint and target.
    public init(_ endpoint: String, account: Int, target: Template? = nil) {
        self.endpoint = endpoint
        self.account = account
        self.target = target
    }
}

/// A WebSocket or byte stream of the session.
public struct StreamID: RawRepresentable, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
}

/// Where a WebSocket or byte stream stands.
public enum StreamState: UInt32, Sendable {
    case opening = 1
    /// Also after each reconnect: authenticate, subscribe and read the gap again.
    case open
    /// The host reconnects with back-off.
    case lost
    /// For good: by the adapter's own wish or by the broker's refusal.
    case closed
}

/// What a frame is.
public enum FrameKind: UInt32, Sendable {
    case text = 1
    case binary
    /// Of a TCP or TLS stream.
    case bytes
}

/// One frame to send.
public struct Frame {
    public var kind: FrameKind
    public var payload: Payload
    public var effect: Effect
    /// Comes back by `onSent`, below 2^63.
    public var tag: UInt64 = 0
    /// A cancel or a closing order: overtakes others and may use the reserve.
    public var isUrgent = false
    public var costs: [Cost] = []
    public var notAfter: Timestamp?
    var tokens: [UInt64] = []

    /// What a frame carries.
    public enum Payload {
        case bytes([UInt8])
        case template(PreparedTemplate)
    }

    /// A text frame of these words.
    public static func text(_ text: String, effect: Effect, tag: UInt64 = 0) -> Frame {
        Frame(kind: .text, payload: .bytes(Array(text.utf8)), effect: effect, tag: tag)
    }

    /// A text frame that is made at egress.
    public static func text(_ template: Template, effect: Effect, tag: UInt64 = 0) -> Frame {
        Frame(kind: .text, payload: .template(PreparedTemplate(template)), effect: effect, tag: tag)
    }

    /// A binary frame.
    public static func binary(_ bytes: [UInt8], effect: Effect, tag: UInt64 = 0) -> Frame {
        Frame(kind: .binary, payload: .bytes(bytes), effect: effect, tag: tag)
    }

    /// Bytes of a TCP or TLS stream.
    public static func bytes(_ bytes: [UInt8], effect: Effect, tag: UInt64 = 0) -> Frame {
        Frame(kind: .bytes, payload: .bytes(bytes), effect: effect, tag: tag)
    }

    /// A command that the frame serves.
    public mutating func serves(_ command: Command) { tokens.append(command.token) }
}

extension Host {
    /// Opens a WebSocket. At most 16 streams a session (`.quota`).
    public func openWebSocket(_ connection: Connection) throws(HostError) -> StreamID {
        try open(connection) { table, services, entity, stream in services.pointee.ws_open(table, entity, stream) }
    }

    /// Opens a TCP or TLS stream. At most 16 streams a session (`.quota`).
    public func openStream(_ connection: Connection) throws(HostError) -> StreamID {
        try open(connection) { table, services, entity, stream in services.pointee.stream_open(table, entity, stream) }
    }

    private func open(
        _ connection: Connection,
        _ body: (
            UnsafePointer<sluice_host>, UnsafePointer<sluice_services>, UnsafePointer<sluice_connection>,
            UnsafeMutablePointer<UInt64>
        ) -> Int32
    ) throws(HostError) -> StreamID {
        let target = connection.target.map { PreparedTemplate($0) }
        let headers = connection.headers.map { (name: $0.name, value: PreparedTemplate($0.value)) }
        var stream: UInt64 = 0
        let status = withExtendedLifetime((target, headers)) {
            callServices { table, services, scratch in
                let memory = scratch.pointee.take(SLUICE_SIZE_connection)
                    .assumingMemoryBound(to: sluice_connection.self)
                var list = HeaderList()
                for header in headers { list.append(header.name, header.value) }
                var entity = sluice_connection()
                entity.struct_size = UInt32(SLUICE_SIZE_connection)
                entity.account = scratch.pointee.account(connection.account)
                entity.endpoint = scratch.pointee.text(connection.endpoint)
                entity.host = scratch.pointee.text(connection.hostName)
                entity.target = scratch.pointee.template(target)
                entity.headers = list.lay(&scratch.pointee)
                entity.subprotocol = scratch.pointee.text(connection.subprotocol)
                entity.ping_interval_ns = connection.pingIntervalNanoseconds
                entity.idle_timeout_ns = connection.idleTimeoutNanoseconds
                entity.max_frame = connection.maxFrame
                entity.costs = scratch.pointee.costs(connection.costs)
                memory.pointee = entity
                return body(table, services, memory, &stream)
            }
        }
        guard status.isOK else { throw HostError(status: status) }
        return StreamID(rawValue: stream)
    }

    /// Sends one frame; `onSent` tells what became of it, by its tag. Anything but `.ok`: nothing left the machine.
    @discardableResult
    public func send(_ frame: Frame, on stream: StreamID) -> HostStatus {
        guard frame.tag < AnswerHandlers.ownTags else { return .invalid }
        return callServices { table, services, scratch in
            let memory = scratch.pointee.take(SLUICE_SIZE_frame).assumingMemoryBound(to: sluice_frame.self)
            var entity = sluice_frame()
            entity.struct_size = UInt32(SLUICE_SIZE_frame)
            entity.kind = frame.kind.rawValue
            entity.tag = frame.tag
            entity.tokens = scratch.pointee.tokens(frame.tokens)
            entity.effect = frame.effect.rawValue
            entity.flags = frame.isUrgent ? SLUICE_REQUEST_PRIORITY : 0
            switch frame.payload {
            case .bytes(let bytes): entity.payload = bytes.withUnsafeBytes { scratch.pointee.literal($0) }
            case .template(let template): entity.payload = template.entity
            }
            entity.costs = scratch.pointee.costs(frame.costs)
            entity.not_after = scratch.pointee.time(frame.notAfter)
            memory.pointee = entity
            return frame.kind == .bytes
                ? services.pointee.stream_send(table, stream.rawValue, memory)
                : services.pointee.ws_send(table, stream.rawValue, memory)
        }
    }

    /// Closes a WebSocket. Its state `.closed` follows.
    @discardableResult
    public func closeWebSocket(_ stream: StreamID, code: UInt32 = 1000, reason: String = "") -> HostStatus {
        callServices { table, services, scratch in
            services.pointee.ws_close(table, stream.rawValue, code, scratch.pointee.text(reason))
        }
    }

    /// Closes a TCP or TLS stream. Its state `.closed` follows.
    @discardableResult
    public func closeStream(_ stream: StreamID) -> HostStatus {
        callServices { table, services, _ in services.pointee.stream_close(table, stream.rawValue) }
    }
}
