import AdapterKit
import CSluice
import Signing

/// The host's services as the script plays them: requests and frames are recorded, secrets are kept in memory, templates
/// are made by the same code as in the real host.
///
/// Lives as long as its host, whose lane it is used on alone.
final class ScriptedServices {
    let table: UnsafeMutablePointer<sluice_services>
    var secrets: [Signing.Secret?] = []
    var names: [SecretName: UInt64] = [:]
    /// Until when kept secrets are good.
    var kept: [SecretName: Int64] = [:]
    var lastNonce: Int64 = 0
    var clockOffset: Int64 = 0
    let evaluator = TemplateEvaluator()

    init() {
        table = .allocate(capacity: 1)
        fill()
    }

    deinit { table.deallocate() }

    /// The handle of a name; made where it is new.
    func handle(_ name: SecretName) -> UInt64 {
        if let known = names[name] { return known }
        secrets.append(nil)
        names[name] = UInt64(secrets.count)
        return UInt64(secrets.count)
    }

    @discardableResult
    func put(_ name: SecretName, _ secret: Signing.Secret) -> UInt64 {
        let handle = handle(name)
        secrets[Int(handle) - 1] = secret
        return handle
    }

    func isKnown(_ handle: UInt64) -> Bool { handle > 0 && handle <= UInt64(secrets.count) }

    func value(_ handle: UInt64) -> Signing.Secret? {
        handle > 0 && handle <= UInt64(secrets.count) ? secrets[Int(handle) - 1] : nil
    }
}

/// What templates take from the scripted host.
struct ScriptedEnvironment: TemplateEnvironment {
    let host: ScriptedHost

    func secret(_ handle: UInt64) -> Signing.Secret? { host.services.value(handle) }
    var nowNanoseconds: Int64 { host.now.nanoseconds &+ host.services.clockOffset }

    mutating func nextNonce(unitNanoseconds: Int64) -> Int64 {
        host.services.lastNonce = max(host.services.lastNonce + 1, nowNanoseconds / unitNanoseconds)
        return host.services.lastNonce
    }

    mutating func fillRandom(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices { bytes[index] = host.nextChance() }
    }
}

extension ScriptedHost {
    /// The value of a template that stands by value in an entity; `nil`, and a violation, where it cannot be made.
    func made(
        _ cell: Cell, _ offset: Int, _ part: RequestPart, _ slots: TemplateSlots, _ what: String
    ) -> [UInt8]? {
        var environment = ScriptedEnvironment(host: self)
        do {
            guard cell.has(offset, SLUICE_SIZE_template) else { return [] }
            let template = try Signing.Template(reading: cell.base + offset, room: cell.size - offset)
            try template.checkSlots(in: part, values: slots.values.count)
            return try services.evaluator.value(template, in: &environment, slots: slots)
        } catch {
            violations.append("\(what): \(error)")
            return nil
        }
    }

    /// The headers of a request or a connection.
    func madeHeaders(_ cell: Cell, _ offset: Int, _ slots: TemplateSlots, _ what: String) -> [SentRequest.Header]? {
        guard let span = cell.span(offset, limit: 1_000) else {
            violations.append("\(what): headers break the contract")
            return nil
        }
        var headers: [SentRequest.Header] = []
        for header in span.cells {
            let name = header.text(SLUICE_AT_header_name) ?? ""
            guard let value = made(header, SLUICE_AT_header_value, .header, slots, "\(what): header \(name)") else {
                return nil
            }
            headers.append(SentRequest.Header(name: name, value: String(decoding: value, as: UTF8.self)))
        }
        return headers
    }

    func tokens(_ cell: Cell, _ offset: Int) -> [UInt64] {
        let count = min(cell.uint64(offset + SLUICE_AT_span_count), 10_000)
        let stride = Int(cell.uint32(offset + SLUICE_AT_span_stride))
        guard count > 0, stride >= 8, let start = cell.pointer(offset) else { return [] }
        return (0..<Int(count)).map { start.loadUnaligned(fromByteOffset: $0 * stride, as: UInt64.self) }
    }

    func costs(_ cell: Cell, _ offset: Int) -> [Cost] {
        cell.elements(offset).map {
            Cost(
                $0.text(SLUICE_AT_cost_bucket) ?? "", units: $0.uint32(SLUICE_AT_cost_units),
                scope: $0.text(SLUICE_AT_cost_scope))
        }
    }

    private func captures(_ cell: Cell) -> [Capture] {
        cell.elements(SLUICE_AT_request_captures).compactMap { item in
            let pointer = item.text(SLUICE_AT_capture_pointer) ?? ""
            let source: Capture.Source
            switch item.uint32(SLUICE_AT_capture_source) {
            case SLUICE_CAPTURE_JSON: source = .json(pointer)
            case SLUICE_CAPTURE_HEADER: source = .header(pointer)
            case SLUICE_CAPTURE_COOKIE: source = .cookie(pointer)
            case SLUICE_CAPTURE_TEXT: source = .body
            default: return nil
            }
            return Capture(
                source, as: item.text(SLUICE_AT_capture_secret) ?? "",
                expiresAt: item.time(SLUICE_AT_capture_expires_at),
                isOptional: item.uint32(SLUICE_AT_capture_flags) & SLUICE_CAPTURE_OPTIONAL != 0)
        }
    }

    /// The base URL of a declared endpoint in the session's environment.
    func baseURL(_ endpoint: String) -> String? {
        guard let connections else { return nil }
        for cell in connections.elements(SLUICE_AT_connections_endpoints)
        where cell.text(SLUICE_AT_endpoint_id) == endpoint {
            let live = cell.text(SLUICE_AT_endpoint_live) ?? ""
            return environment == .sandbox ? cell.text(SLUICE_AT_endpoint_sandbox) ?? live : live
        }
        return nil
    }

    func send(_ cell: Cell) -> Int32 {
        checked("http_send") { () throws(Refusal) in
            guard let effect = Effect(rawValue: cell.uint32(SLUICE_AT_request_effect)) else {
                throw .breach("effect is \(cell.uint32(SLUICE_AT_request_effect)); SLUICE_EFFECT_* is 1 to 4")
            }
            try checkRequest(cell, effect)
            let place = try place(
                cell, account: SLUICE_AT_request_account, endpoint: SLUICE_AT_request_endpoint,
                host: SLUICE_AT_request_host, kinds: [.https])
            let costs = try declaredCosts(cell, SLUICE_AT_request_costs)
            try checkSecrets(cell, SLUICE_AT_request_target, "target")
            try checkSecrets(cell, SLUICE_AT_request_body, "body")
            for value in cell.elements(SLUICE_AT_request_values) { try checkSecrets(value, 0, "values") }
            for header in cell.elements(SLUICE_AT_request_headers) {
                try checkSecrets(header, SLUICE_AT_header_value, "headers")
            }
            let served = try openTokens(cell, SLUICE_AT_request_tokens, for: effect)
            try checkRoom(cell.uint64(SLUICE_AT_request_tag))
            return make(cell, effect, endpoint: place.id, base: place.base, costs: costs, tokens: served)
        }
    }

    /// Makes the request at once and keeps it for the test to answer.
    private func make(
        _ cell: Cell, _ effect: Effect, endpoint: String, base: String, costs: [Cost], tokens: [UInt64]
    ) -> Int32 {
        let tag = cell.uint64(SLUICE_AT_request_tag)
        let method = cell.text(SLUICE_AT_request_method) ?? ""
        var slots = TemplateSlots(method: method, baseURL: base)
        for (index, value) in cell.elements(SLUICE_AT_request_values).enumerated() {
            guard let made = made(value, 0, .value(index), slots, "http_send: values") else {
                return SLUICE_ERR_INVALID
            }
            slots.values.append(made)
        }
        guard let body = made(cell, SLUICE_AT_request_body, .body, slots, "http_send: body") else {
            return SLUICE_ERR_INVALID
        }
        slots.body = body
        guard let target = made(cell, SLUICE_AT_request_target, .target, slots, "http_send: target"),
            target.first == UInt8(ascii: "/")
        else { return isBroken("http_send: target") }
        slots.target = target
        guard let headers = madeHeaders(cell, SLUICE_AT_request_headers, slots, "http_send") else {
            return SLUICE_ERR_INVALID
        }
        let flags = cell.uint32(SLUICE_AT_request_flags)
        let request = SentRequest(
            tag: tag, tokens: tokens,
            account: Int(cell.uint32(SLUICE_AT_request_account)),
            endpoint: endpoint, hostName: cell.text(SLUICE_AT_request_host), method: method,
            target: String(decoding: target, as: UTF8.self), headers: headers, body: body, effect: effect,
            costs: costs, captures: captures(cell),
            idempotencyKey: cell.text(SLUICE_AT_request_idempotency_key),
            isStreamed: flags & SLUICE_REQUEST_STREAM != 0, isUrgent: flags & SLUICE_REQUEST_PRIORITY != 0,
            isReplayable: flags & SLUICE_REQUEST_REPLAYABLE != 0, notAfter: cell.time(SLUICE_AT_request_not_after))
        requests.append(request)
        everyRequest.append(request)
        return SLUICE_OK
    }

    func openStream(_ cell: Cell, isWebSocket: Bool, _ stream: UnsafeMutablePointer<UInt64>?) -> Int32 {
        checked(isWebSocket ? "ws_open" : "stream_open") { () throws(Refusal) in
            guard let stream else { throw .breach("the place for the stream's number is null") }
            let place = try place(
                cell, account: SLUICE_AT_connection_account, endpoint: SLUICE_AT_connection_endpoint,
                host: SLUICE_AT_connection_host, kinds: isWebSocket ? [.webSocket] : [.tcp, .tls])
            guard streams.count(where: { !$0.isClosed }) < Bound.streams else {
                throw Refusal(status: SLUICE_ERR_QUOTA, violation: nil)
            }
            let frame = UInt64(bitPattern: cell.int64(SLUICE_AT_connection_max_frame))
            guard frame <= Bound.frameBytes else { throw .breach("max_frame is \(frame); at most \(Bound.frameBytes)") }
            try checkTimeout(cell, SLUICE_AT_connection_ping_interval_ns, "ping_interval_ns")
            try checkTimeout(cell, SLUICE_AT_connection_idle_timeout_ns, "idle_timeout_ns")
            return open(cell, isWebSocket: isWebSocket, endpoint: place.id, base: place.base, stream)
        }
    }

    private func open(
        _ cell: Cell, isWebSocket: Bool, endpoint: String, base: String, _ stream: UnsafeMutablePointer<UInt64>
    ) -> Int32 {
        var slots = TemplateSlots(method: "GET", baseURL: base)
        guard let target = made(cell, SLUICE_AT_connection_target, .target, slots, "connection: target") else {
            return SLUICE_ERR_INVALID
        }
        slots.target = target
        guard let headers = madeHeaders(cell, SLUICE_AT_connection_headers, slots, "connection") else {
            return SLUICE_ERR_INVALID
        }
        streams.append(
            OpenStream(
                id: UInt64(streams.count + 1), account: Int(cell.uint32(SLUICE_AT_connection_account)),
                endpoint: endpoint, target: String(decoding: target, as: UTF8.self), headers: headers,
                isWebSocket: isWebSocket))
        stream.pointee = UInt64(streams.count)
        return SLUICE_OK
    }

    func sendFrame(_ stream: UInt64, _ cell: Cell, isWebSocket: Bool) -> Int32 {
        checked(isWebSocket ? "ws_send" : "stream_send") { () throws(Refusal) in
            guard let open = streams.first(where: { $0.id == stream && $0.isWebSocket == isWebSocket }) else {
                return SLUICE_ERR_NOT_FOUND
            }
            guard let kind = FrameKind(rawValue: cell.uint32(SLUICE_AT_frame_kind)), (kind == .bytes) != isWebSocket
            else {
                throw .breach("kind is \(cell.uint32(SLUICE_AT_frame_kind)), which this connection does not carry")
            }
            guard let effect = Effect(rawValue: cell.uint32(SLUICE_AT_frame_effect)) else {
                throw .breach("effect is \(cell.uint32(SLUICE_AT_frame_effect)); SLUICE_EFFECT_* is 1 to 4")
            }
            if open.isClosed { return SLUICE_ERR_STATE }
            try checkSecrets(cell, SLUICE_AT_frame_payload, "payload")
            _ = try declaredCosts(cell, SLUICE_AT_frame_costs)
            let served = try openTokens(cell, SLUICE_AT_frame_tokens, for: effect)
            guard let payload = made(cell, SLUICE_AT_frame_payload, .alone, TemplateSlots(), "frame") else {
                return SLUICE_ERR_INVALID
            }
            frames.append(
                SentFrame(
                    stream: stream, kind: kind, tag: cell.uint64(SLUICE_AT_frame_tag), tokens: served, effect: effect,
                    payload: payload))
            return SLUICE_OK
        }
    }

    func closeStream(_ stream: UInt64) -> Int32 {
        guard let index = streams.firstIndex(where: { $0.id == stream && !$0.isClosed }) else {
            return SLUICE_ERR_NOT_FOUND
        }
        streams[index].isClosed = true
        return SLUICE_OK
    }

    func report(_ cell: Cell) -> Int32 {
        guard let state = SessionState(rawValue: cell.uint32(SLUICE_AT_session_report_state)) else {
            return isBroken("session_report: state")
        }
        self.state = state
        states.append(
            StateReport(
                state: state, expiresAt: cell.time(SLUICE_AT_session_report_expires_at),
                error: cell.error(SLUICE_AT_session_report_error)))
        guard let challenge = cell.target(SLUICE_AT_session_report_challenge) else { return SLUICE_OK }
        guard let kind = Challenge.Kind(rawValue: challenge.uint32(SLUICE_AT_challenge_kind)),
            let url = made(challenge, SLUICE_AT_challenge_url, .alone, TemplateSlots(), "challenge: url")
        else { return isBroken("session_report: challenge") }
        challenges.append(
            RaisedChallenge(
                kind: kind, id: challenge.text(SLUICE_AT_challenge_id) ?? "", url: String(decoding: url, as: UTF8.self),
                prompt: challenge.text(SLUICE_AT_challenge_prompt) ?? "",
                fields: challenge.elements(SLUICE_AT_challenge_fields).map {
                    Challenge.Field(
                        $0.text(SLUICE_AT_challenge_field_name) ?? "", label: $0.text(SLUICE_AT_challenge_field_label),
                        pattern: $0.text(SLUICE_AT_challenge_field_pattern),
                        isSecret: $0.uint32(SLUICE_AT_challenge_field_is_secret) != 0)
                }))
        return SLUICE_OK
    }

    func ask(_ token: UInt64, _ cell: Cell) -> Int32 {
        guard openTokens.contains(token) else { return SLUICE_ERR_NOT_FOUND }
        questions.append(
            AskedQuestion(
                token: token, id: cell.text(SLUICE_AT_question_id) ?? "",
                text: cell.text(SLUICE_AT_question_text) ?? "",
                options: cell.elements(SLUICE_AT_question_options).map {
                    Question.Option(
                        $0.text(SLUICE_AT_option_id) ?? "", $0.text(SLUICE_AT_option_text) ?? "",
                        Question.Meaning(rawValue: $0.uint32(SLUICE_AT_option_meaning)) ?? .other)
                }))
        return SLUICE_OK
    }

    /// Makes a template that stands alone, for `crypto` and `crypto_derive`.
    func made(alone template: UnsafePointer<sluice_template>?, mayShow: Bool) -> [UInt8]? {
        var environment = ScriptedEnvironment(host: self)
        do {
            let template = try Signing.Template(reading: UnsafeRawPointer(template))
            try template.checkSlots(in: .alone, values: 0)
            if !mayShow { try template.checkRevealsNothing() }
            return try services.evaluator.value(template, in: &environment)
        } catch {
            violations.append("crypto: \(error)")
            return nil
        }
    }
}
