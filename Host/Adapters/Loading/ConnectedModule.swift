import CSluice
import Domain
import Recording

/// The other half of an adapter with a network (`sluice_connected`): its functions, each proved present, and whom it
/// talks to.
///
/// `@unchecked Sendable`: function pointers of a library that is never unloaded, and values that never change.
struct ConnectedModule: @unchecked Sendable {
    typealias Session = OpaquePointer?
    let connections: AdapterConnections
    let table: UnsafePointer<sluice_connected>
    let authReply: @convention(c) (Session, sluice_token, sluice_str, sluice_span) -> sluice_status
    let commandReply: @convention(c) (Session, sluice_token, sluice_str, sluice_str) -> sluice_status
    let modifyBatch: @convention(c) (Session, sluice_span) -> sluice_status
    let cancelBatch: @convention(c) (Session, sluice_span) -> sluice_status
    let subscribe: @convention(c) (Session, sluice_token, UInt32, sluice_span) -> sluice_status
    let unsubscribe: @convention(c) (Session, sluice_token, sluice_span) -> sluice_status
    let vendorCall: @convention(c) (Session, sluice_token, UInt32, sluice_str, sluice_str) -> sluice_status
    let onHTTP: @convention(c) (Session, UnsafePointer<sluice_answer>?) -> Void
    let onHTTPChunk: @convention(c) (Session, UInt64, sluice_bytes) -> Void
    let onSent: @convention(c) (Session, UnsafePointer<sluice_transport>?) -> Void
    let onWebSocket: @convention(c) (Session, UInt64, UInt32, sluice_bytes) -> Void
    let onStream: @convention(c) (Session, UInt64, sluice_bytes) -> Void
    let onStreamState: @convention(c) (Session, UInt64, UInt32, UInt32, sluice_str) -> Void
    let onWebhook: @convention(c) (Session, UnsafePointer<sluice_webhook>?) -> Void
    let onConfig: @convention(c) (Session, UInt32, sluice_str) -> Void

    /// `nil`: the adapter has no network.
    static func find(in module: UnsafePointer<sluice_module>, id: AdapterID) throws(AdapterRefusal) -> ConnectedModule?
    {
        var name = SLUICE_CONNECTED
        let found: UnsafeRawPointer? = name.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { characters in
                module.pointee.get_extension?(
                    module, sluice_str(ptr: characters.baseAddress, len: UInt64(characters.count)))
            }
        }
        guard let found else { return nil }
        do throws(ContractBreach) {
            let pointer = found.assumingMemoryBound(to: sluice_connected.self)
            guard let table = try checkedEntity(pointer, size: MemoryLayout<sluice_connected>.size, "connected") else {
                return nil
            }
            guard let describe = table.pointee.describe,
                let made = ConnectedModule(table.pointee, at: table, try read(describe(module)))
            else { throw ContractBreach("connected", "has a null slot") }
            return made
        } catch {
            throw AdapterRefusal(.tableInvalid, "\(id): \(error)")
        }
    }

    /// - Parameter place: where the adapter's own table lies.
    private init?(
        _ table: sluice_connected, at place: UnsafePointer<sluice_connected>, _ connections: AdapterConnections
    ) {
        guard let authReply = table.auth_reply, let commandReply = table.command_reply,
            let modifyBatch = table.modify_batch, let cancelBatch = table.cancel_batch,
            let subscribe = table.subscribe, let unsubscribe = table.unsubscribe, let vendorCall = table.vendor_call,
            let onHTTP = table.on_http,
            let onHTTPChunk = table.on_http_chunk, let onSent = table.on_sent, let onWebSocket = table.on_ws,
            let onStream = table.on_stream, let onStreamState = table.on_stream_state,
            let onWebhook = table.on_webhook, let onConfig = table.on_config
        else { return nil }
        (self.table, self.connections) = (place, connections)
        (self.modifyBatch, self.cancelBatch, self.onConfig) = (modifyBatch, cancelBatch, onConfig)
        (self.authReply, self.commandReply, self.subscribe) = (authReply, commandReply, subscribe)
        (self.unsubscribe, self.vendorCall, self.onHTTP) = (unsubscribe, vendorCall, onHTTP)
        (self.onHTTPChunk, self.onSent, self.onWebSocket) = (onHTTPChunk, onSent, onWebSocket)
        (self.onStream, self.onStreamState, self.onWebhook) = (onStream, onStreamState, onWebhook)
    }

    /// The same through a recorder, whose sessions stand for the adapter's.
    var recorded: ConnectedModule {
        ConnectedModule(SessionRecorder.connected(over: table.pointee), at: table, connections) ?? self
    }

    private static func read(
        _ pointer: UnsafePointer<sluice_connections>?
    ) throws(ContractBreach) -> AdapterConnections {
        let size = MemoryLayout<sluice_connections>.size
        guard let value = try checkedEntity(pointer, size: size, "connections")?.pointee else {
            throw ContractBreach("connections", "is null")
        }
        guard value.login_validity_ns >= 0 else {
            throw ContractBreach("connections.login_validity_ns", "is \(value.login_validity_ns); 0 or more")
        }
        let requests = value.max_requests == 0 ? 64 : Int(value.max_requests)
        guard requests <= ServiceBounds.openRequests else {
            throw ContractBreach(
                "connections.max_requests", "is \(requests); at most \(ServiceBounds.openRequests)")
        }
        return AdapterConnections(
            capabilities: .init(rawValue: value.capabilities), endpoints: try endpoints(value.endpoints),
            secrets: try secrets(value.secrets), vendorCalls: try vendorCalls(value.vendor_calls),
            maximumSubscriptions: Int(value.max_subscriptions), loginValidityNanoseconds: value.login_validity_ns,
            maximumRequests: requests, loginText: try value.login_text.text("connections.login_text", limit: 1024))
    }

    private static func endpoints(_ span: sluice_span) throws(ContractBreach) -> [AdapterConnections.Endpoint] {
        let size = MemoryLayout<sluice_endpoint>.size
        let span = try SpanReader(span, size: size, limit: 64, "connections.endpoints")
        var result: [AdapterConnections.Endpoint] = []
        for index in 0..<span.count {
            let value = try span.element(index, size: size, "connections.endpoints")
                .assumingMemoryBound(to: sluice_endpoint.self).pointee
            let id = try value.id.required("endpoints.id", limit: 64)
            guard let kind = UInt8(exactly: value.kind).flatMap(AdapterConnections.EndpointKind.init) else {
                throw ContractBreach("endpoints.kind", "is \(value.kind); SLUICE_ENDPOINT_* is 1 to 4")
            }
            guard let check = UInt8(exactly: value.verification).flatMap(AdapterConnections.Verification.init) else {
                throw ContractBreach("endpoints.verification", "is \(value.verification); SLUICE_VERIFY_* is 0 to 2")
            }
            guard !result.contains(where: { $0.id == id }) else {
                throw ContractBreach("endpoints.id", "\(id.printableLine) stands twice")
            }
            let suffix = try value.host_suffix.text("endpoints.host_suffix", limit: 253)
            guard suffix == nil || suffix?.first == "." else {
                throw ContractBreach("endpoints.host_suffix", "does not begin with a dot")
            }
            let endpoint = AdapterConnections.Endpoint(
                id: id, kind: kind, live: try value.live.text("endpoints.live", limit: 2048),
                sandbox: try value.sandbox.text("endpoints.sandbox", limit: 2048), hostSuffix: suffix,
                verification: check)
            for text in [endpoint.live, endpoint.sandbox].compactMap(\.self) where BaseAddress(text) == nil {
                throw ContractBreach("endpoints", "\(id.printableLine) has no usable address: \(text.printableLine)")
            }
            result.append(endpoint)
        }
        return result
    }

    private static func secrets(_ span: sluice_span) throws(ContractBreach) -> [AdapterConnections.SecretNeed] {
        let size = MemoryLayout<sluice_secret_need>.size
        let span = try SpanReader(span, size: size, limit: 64, "connections.secrets")
        var result: [AdapterConnections.SecretNeed] = []
        for index in 0..<span.count {
            let value = try span.element(index, size: size, "connections.secrets")
                .assumingMemoryBound(to: sluice_secret_need.self).pointee
            let name = try value.name.required("secrets.name", limit: 64)
            guard ServiceBounds.isName(name) else {
                throw ContractBreach("secrets.name", "\(name.printableLine) is not [a-z0-9_]{1,64}")
            }
            result.append(
                AdapterConnections.SecretNeed(
                    name: name, isRequired: value.is_required != 0,
                    purpose: try value.purpose.text("secrets.purpose", limit: 1024),
                    needsReveal: value.needs_reveal != 0))
        }
        return result
    }

    private static func vendorCalls(_ span: sluice_span) throws(ContractBreach) -> [AdapterConnections.VendorCall] {
        let size = MemoryLayout<sluice_vendor_call>.size
        let span = try SpanReader(span, size: size, limit: 256, "connections.vendor_calls")
        var result: [AdapterConnections.VendorCall] = []
        for index in 0..<span.count {
            let value = try span.element(index, size: size, "connections.vendor_calls")
                .assumingMemoryBound(to: sluice_vendor_call.self).pointee
            let name = try value.name.required("vendor_calls.name", limit: 64)
            let isReducing = value.effect == SLUICE_EFFECT_REDUCING
            guard ServiceBounds.isName(name),
                let effect = isReducing ? RequestEffect.mutation : RequestEffect(raw: value.effect)
            else {
                throw ContractBreach(
                    "vendor_calls", "\(name.printableLine) is not [a-z0-9_]{1,64}, or its effect is \(value.effect)")
            }
            result.append(
                AdapterConnections.VendorCall(
                    name: name, effect: effect, isReducing: isReducing,
                    argumentsSchema: try value.arguments_schema.text(
                        "vendor_calls.arguments_schema", limit: Bounds.documentBytes),
                    resultSchema: try value.result_schema.text(
                        "vendor_calls.result_schema", limit: Bounds.documentBytes),
                    text: try value.text.text("vendor_calls.text", limit: 1024)))
        }
        return result
    }
}

extension RequestEffect {
    init?(raw: UInt32) {
        guard let known = UInt8(exactly: raw).flatMap(RequestEffect.init(rawValue:)) else { return nil }
        self = known
    }
}
