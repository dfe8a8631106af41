import CSluice
public import Exact

/// What became of a send.
public enum TransportResult: UInt32, Sendable {
    /// Written, and answered whole (a frame: written).
    case done = 1
    /// Certain: no byte of it left the machine.
    case neverSent
    /// Some or all bytes left, no answer came.
    case sentNoReply
    /// An answer began and broke off, or passed its bound.
    case replyTruncated
    /// A rate bucket or a circuit breaker: never sent.
    case blockedByLimit
    /// Taken back before it was written.
    case aborted
}

/// The record of one send. A view: it lives as long as the call it came with.
public struct Transport: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    /// A number that is none of the known ones counts as sent without reply, the result that claims least.
    public var result: TransportResult {
        TransportResult(rawValue: cell.uint32(SLUICE_AT_transport_result)) ?? .sentNoReply
    }
    /// Of a frame: the tag that it was sent with.
    public var tag: UInt64 { cell.uint64(SLUICE_AT_transport_tag) }
    public var tries: Int { Int(cell.uint32(SLUICE_AT_transport_tries)) }
    public var queuedAt: Timestamp? { cell.time(SLUICE_AT_transport_queued) }
    /// When the last byte was handed to the machine's network; `nil`: none was.
    public var writtenAt: Timestamp? { cell.time(SLUICE_AT_transport_written) }
    public var firstByteAt: Timestamp? { cell.time(SLUICE_AT_transport_first_byte) }
    public var doneAt: Timestamp? { cell.time(SLUICE_AT_transport_done) }
    /// What went wrong, for people.
    public var text: String? { cell.text(SLUICE_AT_transport_text) }

    /// The error that the record proves, or `nil` where the broker answered whole.
    public var error: AdapterError? {
        switch result {
        case .done: nil
        case .neverSent: AdapterError(.network, text, certainty: .notSent)
        case .blockedByLimit: AdapterError(.rateLimited, text, certainty: .notSent)
        case .aborted: AdapterError(.internal, text ?? "taken back before it was sent", certainty: .notSent)
        case .sentNoReply: AdapterError(.timeout, text, certainty: .unknown)
        case .replyTruncated: AdapterError(.truncated, text, certainty: .unknown)
        }
    }
}

/// What became of a request. A view: it lives as long as the call it came with.
public struct Answer: ~Escapable {
    let cell: Cell

    @_lifetime(immortal)
    init(_ cell: Cell) { self.cell = cell }

    public var transport: Transport {
        @_lifetime(copy self)
        get { Transport(cell.embedded(SLUICE_AT_answer_transport, room: SLUICE_SIZE_transport)) }
    }
    /// The HTTP status; 0: none came.
    public var status: Int { Int(cell.uint32(SLUICE_AT_answer_status)) }
    /// Whether the broker answered whole, with a status of 200...299.
    public var isSuccess: Bool { (200...299).contains(status) && transport.result == .done }
    /// Decompressed; empty for a streamed one.
    public var body: Bytes {
        @_lifetime(copy self)
        get { Bytes(cell.memory(SLUICE_AT_answer_body) ?? UnsafeRawBufferPointer(start: nil, count: 0)) }
    }

    /// The first header of a name (lower case), or `nil`.
    public func header(_ name: String) -> String? { cell.field(SLUICE_AT_answer_headers, name) }

    /// The handle of a captured secret, or `nil` where it was not there.
    public func captured(_ name: String) -> SecretHandle? { cell.namedSecret(SLUICE_AT_answer_captured, name) }

    /// The body as JSON, numbers exact.
    public func json(limits: JSONLimits = .large) throws(JSONError) -> JSONValue {
        guard let memory = cell.memory(SLUICE_AT_answer_body) else { return try JSONValue.parse([], limits: limits) }
        return try JSONValue.parse(memory.bindMemory(to: UInt8.self), limits: limits)
    }
}

extension Cell {
    /// The value of a `sluice_field` in a span of them.
    func field(_ offset: Int, _ name: String) -> String? {
        guard let fields = span(offset, limit: 10_000) else { return nil }
        for index in 0..<fields.count where fields[index].equals(SLUICE_AT_field_key, name) {
            return fields[index].text(SLUICE_AT_field_value)
        }
        return nil
    }

    /// The handle of a `sluice_named_secret` in a span of them.
    func namedSecret(_ offset: Int, _ name: String) -> SecretHandle? {
        guard let secrets = span(offset, limit: 10_000) else { return nil }
        for index in 0..<secrets.count where secrets[index].equals(SLUICE_AT_named_secret_name, name) {
            let handle = secrets[index].uint64(SLUICE_AT_named_secret_handle)
            return handle == 0 ? nil : SecretHandle(rawValue: handle)
        }
        return nil
    }

    /// Whether a text is `name`.
    func equals(_ offset: Int, _ name: String) -> Bool {
        guard let memory = memory(offset) else { return false }
        return memory.elementsEqual(name.utf8)
    }

    /// A span within the entity; `nil` where it breaks the contract.
    @inline(__always)
    package func span(_ offset: Int, limit: Int) -> CellSpan? {
        guard has(offset, SLUICE_SIZE_span) else { return CellSpan(sluice_span(), limit: limit) }
        return CellSpan(
            sluice_span(
                ptr: pointer(offset), count: uint64(offset + 8), stride: uint32(offset + 16), reserved: 0),
            limit: limit)
    }
}
