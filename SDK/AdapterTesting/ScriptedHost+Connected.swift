public import AdapterKit
import CSluice
import Exact
import Signing

// What a test plays as the broker: answers, frames, webhooks, and the commands of an adapter that talks to one.

extension ScriptedHost {
    /// Gives an account a secret, as its configuration would.
    public func setSecret(_ name: String, _ value: String, account: Int = 0) {
        services.put(SecretName(account: UInt32(account), name: name), Signing.Secret(value))
    }

    /// A secret as it is now, for a test to compare; `nil`: there is none.
    public func secret(_ name: String, account: Int = 0) -> String? {
        services.names[SecretName(account: UInt32(account), name: name)]
            .flatMap { services.value($0) }
            .map { secret in secret.withBytes { String(decoding: $0, as: UTF8.self) } }
    }

    /// Whether the adapter asked for a secret to be kept over a restart, and until when.
    public func keptUntil(_ name: String, account: Int = 0) -> Timestamp? {
        services.kept[SecretName(account: UInt32(account), name: name)].map { Timestamp(nanoseconds: $0) }
    }

    /// What the adapter said last that the broker's clock is ahead, nanoseconds; 0 before.
    public var brokerClockOffset: Int64 { services.clockOffset }

    // MARK: Answers

    /// Answers a request. Captures are taken out first, as the host does.
    public func answer(
        _ request: SentRequest, status: Int = 200, headers: [String: String] = [:], body: [UInt8] = []
    ) {
        guard let index = requests.firstIndex(of: request) else { return }
        requests.remove(at: index)
        var (headers, body) = (headers, body)
        var captured: [(name: String, handle: UInt64)] = []
        let isGood = (200...299).contains(status)
        var missing: String?
        for capture in request.captures {
            // A failure may hold the secret too: then it is taken out and kept by nobody.
            let isReadable = body.isEmpty || (try? JSONValue.parse(body, limits: .large)) != nil
            if let value = taken(capture, &headers, &body) {
                guard isGood else { continue }
                let name = SecretName(account: UInt32(request.account), name: capture.secret)
                captured.append((capture.secret, services.put(name, Signing.Secret(value))))
            } else if isGood && !capture.isOptional || capture.isJSON && !isReadable {
                missing = missing ?? capture.secret
            }
        }
        if let missing {
            log.append(LogLine(level: .error, text: "A capture found nothing", fields: ["secret": missing]))
            withhold(&headers, &body)
        }
        if request.isStreamed {
            var start = 0
            while start < body.count {
                let end = min(start + 64 << 10, body.count)
                deliver(part: Array(body[start..<end]), of: request.tag)
                start = end
            }
            body = []
        }
        deliver(request.tag, .done, status: status, headers: headers, body: body, captured: captured)
    }

    /// The same with a text.
    public func answer(_ request: SentRequest, status: Int = 200, headers: [String: String] = [:], text: String) {
        answer(request, status: status, headers: headers, body: Array(text.utf8))
    }

    /// Ends a request that was not answered whole. What came before the end reaches the adapter, unless secrets were to be
    /// captured from it.
    public func fail(
        _ request: SentRequest, _ result: TransportResult, status: Int = 0, headers: [String: String] = [:],
        body: [UInt8] = [], text: String? = nil
    ) {
        guard let index = requests.firstIndex(of: request) else { return }
        requests.remove(at: index)
        var (headers, body) = (headers, body)
        if !request.captures.isEmpty, status != 0 { withhold(&headers, &body) }
        deliver(request.tag, result, status: status, headers: headers, body: body, captured: [], text: text)
    }

    /// Nothing is shown of an answer from which a secret could not be taken out.
    private func withhold(_ headers: inout [String: String], _ body: inout [UInt8]) {
        let harmless: Set = ["content-type", "date", "retry-after", "server"]
        headers = headers.filter { harmless.contains($0.key.lowercased()) }
        body = []
    }

    /// One part of a streamed body.
    public func deliver(part: [UInt8], of tag: UInt64) {
        connectedLane { functions, session in
            part.withUnsafeBufferPointer {
                functions.pointee.on_http_chunk(
                    session, tag, sluice_bytes(ptr: $0.baseAddress, len: UInt64($0.count)))
            }
        }
    }

    /// Takes a secret out of an answer and leaves `***` in its place; where it stands a second time, there too.
    private func taken(_ capture: Capture, _ headers: inout [String: String], _ body: inout [UInt8]) -> String? {
        let found: String?
        switch capture.source {
        case .body:
            found = String(decoding: body, as: UTF8.self)
            body = Array("***".utf8)
        case .header(let name):
            let key = headers.keys.first { $0.lowercased() == name.lowercased() }
            found = key.flatMap { headers[$0] }
            if let key { headers[key] = "***" }
        case .cookie(let name):
            let key = headers.keys.first {
                $0.lowercased() == "set-cookie" && headers[$0]?.hasPrefix("\(name)=") == true
            }
            let line = key.flatMap { headers[$0] } ?? ""
            found = key == nil ? nil : String(line.dropFirst(name.utf8.count + 1).prefix { $0 != ";" })
            if let key { headers[key] = "\(name)=***\(line.drop { $0 != ";" })" }
        case .json(let pointer):
            guard let document = try? JSONValue.parse(body, limits: .large), let value = document.value(at: pointer)
            else { return nil }
            switch value {
            case .string(let text):
                found = text
                body = JSONValue.redact(body, text)
            case .number(let digits):
                found = digits
                body = document.masked(pointer.split(separator: "/").map(String.init)[...]).serialized()
            default: found = nil
            }
        }
        guard let found, !found.isEmpty else { return nil }
        if found.utf8.count >= 8 {
            for (name, value) in headers { headers[name] = value.replacing(found, with: "***") }
            body = JSONValue.replaced(body, Array(found.utf8), by: Array("***".utf8))
        }
        return found
    }

    private func deliver(
        _ tag: UInt64, _ result: TransportResult, status: Int, headers: [String: String], body: [UInt8],
        captured: [(name: String, handle: UInt64)], text: String? = nil
    ) {
        scratch.reset()
        let memory = scratch.take(SLUICE_SIZE_answer).assumingMemoryBound(to: sluice_answer.self)
        var entity = sluice_answer()
        entity.struct_size = UInt32(SLUICE_SIZE_answer)
        entity.status = UInt32(status)
        entity.transport = transport(tag, result, text)
        entity.headers = self.headers(headers)
        entity.body = scratch.bytes(body)
        entity.captured = named(captured)
        memory.pointee = entity
        connectedLane { functions, session in functions.pointee.on_http(session, memory) }
    }

    private func transport(_ tag: UInt64, _ result: TransportResult, _ text: String?) -> sluice_transport {
        var entity = sluice_transport()
        entity.struct_size = UInt32(SLUICE_SIZE_transport)
        entity.result = result.rawValue
        entity.tag = tag
        entity.tries = 1
        entity.queued = now.nanoseconds
        let wasWritten = result == .done || result == .sentNoReply || result == .replyTruncated
        entity.written = wasWritten ? now.nanoseconds : Int64.min
        entity.first_byte = result == .done || result == .replyTruncated ? now.nanoseconds : Int64.min
        entity.done = now.nanoseconds
        entity.text = scratch.text(text)
        return entity
    }

    /// Names in lower case, in their order.
    private func headers(_ headers: [String: String]) -> sluice_span {
        scratch.fields(headers.sorted { $0.key < $1.key }.map { (key: $0.key.lowercased(), value: $0.value) })
    }

    private func named(_ secrets: [(name: String, handle: UInt64)]) -> sluice_span {
        scratch.list(secrets, of: sluice_named_secret(), size: SLUICE_SIZE_named_secret) { scratch, secret, item in
            item.name = scratch.text(secret.name)
            item.handle = secret.handle
        }
    }

    // MARK: Streams

    /// Tells where a stream stands.
    public func stream(_ id: UInt64, is state: StreamState, httpStatus: Int = 0, reason: String? = nil) {
        if state == .closed, let index = streams.firstIndex(where: { $0.id == id }) { streams[index].isClosed = true }
        scratch.reset()
        let text = scratch.text(reason)
        connectedLane { functions, session in
            functions.pointee.on_stream_state(session, id, state.rawValue, UInt32(httpStatus), text)
        }
    }

    /// A text frame from the broker.
    public func receive(_ id: UInt64, text: String) { receive(id, .text, Array(text.utf8)) }

    /// A binary frame from the broker, or bytes of a TCP or TLS stream.
    public func receive(_ id: UInt64, _ kind: FrameKind = .binary, _ bytes: [UInt8]) {
        scratch.reset()
        let view = scratch.bytes(bytes)
        connectedLane { functions, session in
            if kind == .bytes {
                functions.pointee.on_stream(session, id, view)
            } else {
                functions.pointee.on_ws(session, id, kind.rawValue, view)
            }
        }
    }

    /// Tells what became of a frame.
    public func sent(_ frame: SentFrame, _ result: TransportResult = .done) {
        scratch.reset()
        var entity = transport(frame.tag, result, nil)
        connectedLane { functions, session in functions.pointee.on_sent(session, &entity) }
    }

    /// A call that the broker makes to us.
    public func webhook(headers: [String: String] = [:], body: [UInt8], account: Int = 0) {
        scratch.reset()
        var entity = sluice_webhook()
        entity.struct_size = UInt32(SLUICE_SIZE_webhook)
        entity.account = UInt32(account)
        entity.headers = self.headers(headers)
        entity.body = scratch.bytes(body)
        entity.received_time = now.nanoseconds
        connectedLane { functions, session in functions.pointee.on_webhook(session, &entity) }
    }

    // MARK: Commands

    /// Answers the challenge of a login; the fields become secrets.
    @discardableResult
    public func authReply(_ challenge: String, _ fields: [String: String], account: Int = 0) -> Sent {
        let handles = fields.sorted { $0.key < $1.key }.map { field in
            (
                name: field.key,
                handle: services.put(
                    SecretName(account: UInt32(account), name: field.key), Signing.Secret(field.value))
            )
        }
        return connectedCommand { functions, session, token in
            functions.pointee.auth_reply(session, token, scratch.text(challenge), named(handles))
        }
    }

    /// Answers a question of a command.
    public func commandReply(_ question: AskedQuestion, option: String) {
        scratch.reset()
        let views = (scratch.text(question.id), scratch.text(option))
        connectedLane { functions, session in
            _ = functions.pointee.command_reply(session, question.token, views.0, views.1)
        }
    }

    /// Makes a vendor call; its result is the completion's `document`.
    @discardableResult
    public func vendorCall(_ name: String, _ arguments: String = "{}", account: Int = 0) -> Sent {
        connectedCommand { functions, session, token in
            if let declared = declaredCall(name),
                let effect = Effect(rawValue: declared.uint32(SLUICE_AT_vendor_call_effect)),
                !effect.isMutation
            {
                readingCalls[token] = name
            }
            return functions.pointee.vendor_call(
                session, token, UInt32(account), scratch.text(name), scratch.text(arguments))
        }
    }

    /// What `instrument_by_alias` finds.
    func instrument(alias: String) -> StoredInstrument? {
        if let known = instruments[alias] { return known }
        guard knowsEveryAlias, !alias.isEmpty else { return nil }
        let parts = alias.split(separator: ":", maxSplits: 1).map(String.init)
        let id = parts.count == 2 ? "\(parts[0]):EQ:\(parts[1])" : "CASE:EQ:\(alias)"
        let made = StoredInstrument(id: id, alias: alias, lotSize: 1, multiplier: 1)
        instruments[alias] = made
        return made
    }

    /// Adds to what the session streams.
    @discardableResult
    public func subscribe(_ instruments: [StoredInstrument], _ mode: SubscriptionMode) -> Sent {
        connectedCommand { functions, session, token in
            functions.pointee.subscribe(session, token, mode.rawValue, list(instruments))
        }
    }

    /// Takes from what the session streams.
    @discardableResult
    public func unsubscribe(_ instruments: [StoredInstrument]) -> Sent {
        connectedCommand { functions, session, token in
            functions.pointee.unsubscribe(session, token, list(instruments))
        }
    }

    /// Whether the adapter declares a vendor call of this name.
    public func hasVendorCall(_ name: String) -> Bool { declaredCall(name) != nil }

    private func declaredCall(_ name: String) -> Cell? {
        connections?.elements(SLUICE_AT_connections_vendor_calls)
            .first { $0.text(SLUICE_AT_vendor_call_name) == name }
    }

    /// The names of the secrets that the adapter declares.
    public var declaredSecrets: [String] {
        connections?.elements(SLUICE_AT_connections_secrets).compactMap { $0.text(SLUICE_AT_secret_need_name) } ?? []
    }

    /// Instruments as one run of entities, for filters too.
    func list(_ instruments: [StoredInstrument]) -> sluice_span {
        let start = scratch.take(max(instruments.count, 1) * SLUICE_SIZE_instrument)
        for (index, instrument) in instruments.enumerated() {
            let one = scratch.instrument(instrument)
            (start + index * SLUICE_SIZE_instrument).copyMemory(from: one, byteCount: SLUICE_SIZE_instrument)
        }
        return scratch.span(start, count: instruments.count, stride: SLUICE_SIZE_instrument)
    }

    private func connectedCommand(
        _ body: (UnsafePointer<sluice_connected>, OpaquePointer, UInt64) -> Int32
    ) -> Sent {
        guard let connected else { return Sent(token: 0, status: .unsupported) }
        return command { _, session, token in body(connected, session, token) }
    }

    private func connectedLane(_ body: (UnsafePointer<sluice_connected>, OpaquePointer) -> Void) {
        guard let connected else { return }
        lane { _, session in
            body(connected, session)
            return SLUICE_OK
        }
    }
}

extension Capture {
    fileprivate var isJSON: Bool {
        if case .json = source { return true }
        return false
    }
}

extension JSONValue {
    /// The document with `***` at a place.
    func masked(_ steps: ArraySlice<String>) -> JSONValue {
        guard let step = steps.first else { return "***" }
        let name = step.replacing("~1", with: "/").replacing("~0", with: "~")
        if var members = object {
            members[name] = members[name]?.masked(steps.dropFirst())
            return .object(members)
        }
        if var items = array, let index = Int(step), items.indices.contains(index) {
            items[index] = items[index].masked(steps.dropFirst())
            return .array(items)
        }
        return self
    }

    /// The document with a secret text replaced by `***`, wherever it stands as a whole string.
    static func redact(_ body: [UInt8], _ secret: String) -> [UInt8] {
        replaced(body, JSONValue.string(secret).serialized(), by: Array("\"***\"".utf8))
    }

    /// Bytes with others in place of some of them, wherever those stand.
    static func replaced(_ body: [UInt8], _ needle: [UInt8], by mask: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var index = 0
        while index < body.count {
            if body[index...].starts(with: needle) {
                result += mask
                index += needle.count
            } else {
                result.append(body[index])
                index += 1
            }
        }
        return result
    }
}
