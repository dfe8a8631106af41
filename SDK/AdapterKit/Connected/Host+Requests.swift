import CSluice

extension Host {
    /// Begins a request that serves a command of an account.
    public func request(
        _ method: HTTPMethod, _ endpoint: String, _ path: String = "", for command: Command, effect: Effect
    ) -> Request {
        let request = request(method, endpoint, path, account: Int(command.account), effect: effect)
        request.storage.tokens.append(command.token)
        return request
    }

    /// Begins a request of the adapter's own: a login, a keep-alive, a look-up that no command asked for.
    public func request(
        _ method: HTTPMethod, _ endpoint: String, _ path: String = "", account: Int, effect: Effect
    ) -> Request {
        let storage = spareRequest ?? RequestStorage()
        spareRequest = nil
        storage.method = method
        storage.endpoint = endpoint
        storage.target.bytes.append(contentsOf: path.utf8)
        return Request(storage, self, account: account, effect: effect)
    }

    /// Gives the memory of a request to the next one.
    func recycle(_ storage: RequestStorage) {
        storage.reset()
        spareRequest = storage
    }

    /// Hands a request over. `.ok`: `then` runs exactly once, in a later call, unless the session ends before.
    ///
    /// Anything else: nothing left the machine and `then` never runs. `.notFound`: no such endpoint, secret or bucket;
    /// `.invalid`: a template or field breaks the contract (the log names it); `.quota`: too many requests are open.
    @discardableResult
    public func send(_ request: consuming Request, then: @escaping (Answer) -> Void) -> HostStatus {
        post(request, AnswerHandler(then: then, part: nil))
    }

    /// The same for an answer whose body comes in parts of at most 64 KiB; `then` runs after the last, with no body.
    @discardableResult
    public func send(
        _ request: consuming Request, parts: @escaping (Bytes) -> Void, then: @escaping (Answer) -> Void
    ) -> HostStatus {
        request.isStreamed = true
        return post(request, AnswerHandler(then: then, part: parts))
    }

    /// Hands a request over that serves one command. A request that the host refuses ends the command as not sent.
    public func send(
        _ request: consuming Request, for command: Command, then: @escaping (Answer) -> Void
    ) {
        let status = post(request, AnswerHandler(then: then, part: nil))
        if !status.isOK { command.notSent(.refused(status)) }
    }

    private func post(_ request: borrowing Request, _ handler: AnswerHandler) -> HostStatus {
        let tag = handlers.nextTag()
        let status = callServices { table, services, scratch in
            services.pointee.http_send(table, request.lay(tag, &scratch.pointee))
        }
        if status.isOK { handlers.keep(handler, for: tag) }
        return status
    }

    /// Runs what waits for an answer.
    func answer(_ answer: Cell) {
        let transport = answer.embedded(SLUICE_AT_answer_transport, room: SLUICE_SIZE_transport)
        guard let handler = handlers.take(transport.uint64(SLUICE_AT_transport_tag)) else {
            log(.error, "Host call refused: an answer to a request that is not open")
            return
        }
        handler.then(Answer(answer))
    }

    /// Runs what waits for a part of a body.
    func part(_ tag: UInt64, _ bytes: UnsafeRawBufferPointer) {
        guard let part = handlers[tag]?.part else {
            log(.error, "Host call refused: a part of an answer that is not open")
            return
        }
        part(Bytes(bytes))
    }
}

/// What waits for one answer.
struct AnswerHandler {
    var then: (Answer) -> Void
    var part: ((Bytes) -> Void)?
}

extension AdapterError {
    /// The host did not take a request: nothing left the machine.
    public static func refused(_ status: HostStatus) -> AdapterError {
        switch status {
        case .quota: AdapterError(.rateLimited, "too many requests are open", certainty: .notSent)
        default: AdapterError(.internal, "the host refused the request: \(status)", certainty: .notSent)
        }
    }
}

extension Request {
    /// The request as the boundary's entity.
    borrowing func lay(_ tag: UInt64, _ scratch: inout Scratch) -> UnsafePointer<sluice_request> {
        let memory = scratch.take(SLUICE_SIZE_request).assumingMemoryBound(to: sluice_request.self)
        var entity = sluice_request()
        entity.struct_size = UInt32(SLUICE_SIZE_request)
        entity.effect = effect.rawValue
        entity.tag = tag
        entity.account = scratch.account(account)
        entity.flags =
            (isStreamed ? SLUICE_REQUEST_STREAM : 0) | (isReplayable ? SLUICE_REQUEST_REPLAYABLE : 0)
            | (isUrgent ? SLUICE_REQUEST_PRIORITY : 0)
        entity.host = scratch.text(hostName)
        storage.lay(in: &entity, &scratch)
        entity.idempotency_key = scratch.text(idempotencyKey)
        entity.connect_timeout_ns = connectTimeoutNanoseconds
        entity.first_byte_timeout_ns = firstByteTimeoutNanoseconds
        entity.total_timeout_ns = totalTimeoutNanoseconds
        entity.not_after = scratch.time(notAfter)
        entity.max_body = maxBody
        memory.pointee = entity
        return UnsafePointer(memory)
    }
}

extension RequestStorage {
    /// Lays out what was written. A body's own content type is added where nobody named one.
    fileprivate func lay(in entity: inout sluice_request, _ scratch: inout Scratch) {
        entity.tokens = scratch.tokens(tokens)
        entity.endpoint = scratch.text(endpoint)
        entity.method = scratch.text(method.rawValue)
        if !values.isEmpty { entity.values = scratch.templates(values) }
        entity.target = target.lay(&scratch)
        entity.headers = headers.lay(
            after: prepared, contentType: namesContentType ? nil : contentType, &scratch)
        entity.body = body.lay(&scratch)
        if !costs.isEmpty { entity.costs = scratch.costs(costs) }
        if !captures.isEmpty { entity.captures = scratch.captures(captures) }
    }
}

extension Scratch {
    mutating func tokens(_ tokens: [UInt64]) -> sluice_span {
        guard !tokens.isEmpty else { return sluice_span() }
        let start = take(tokens.count * 8)
        for (index, token) in tokens.enumerated() {
            start.storeBytes(of: token, toByteOffset: index * 8, as: UInt64.self)
        }
        return span(start, count: tokens.count, stride: 8)
    }

    mutating func templates(_ templates: [PreparedTemplate]) -> sluice_span {
        guard !templates.isEmpty else { return sluice_span() }
        let start = take(templates.count * SLUICE_SIZE_template)
        for (index, template) in templates.enumerated() {
            (start + index * SLUICE_SIZE_template).assumingMemoryBound(to: sluice_template.self).pointee =
                template.entity
        }
        return span(start, count: templates.count, stride: SLUICE_SIZE_template)
    }

    mutating func costs(_ costs: [Cost]) -> sluice_span {
        list(costs, of: sluice_cost(), size: SLUICE_SIZE_cost) { scratch, cost, entity in
            entity.units = cost.units
            entity.bucket = scratch.text(cost.bucket)
            entity.scope = scratch.text(cost.scope)
        }
    }

    mutating func captures(_ captures: [Capture]) -> sluice_span {
        list(captures, of: sluice_capture(), size: SLUICE_SIZE_capture) { scratch, capture, entity in
            switch capture.source {
            case .json(let pointer):
                entity.source = SLUICE_CAPTURE_JSON
                entity.pointer = scratch.text(pointer)
            case .header(let name):
                entity.source = SLUICE_CAPTURE_HEADER
                entity.pointer = scratch.text(name)
            case .cookie(let name):
                entity.source = SLUICE_CAPTURE_COOKIE
                entity.pointer = scratch.text(name)
            case .body: entity.source = SLUICE_CAPTURE_TEXT
            }
            entity.flags = capture.isOptional ? SLUICE_CAPTURE_OPTIONAL : 0
            entity.secret = scratch.text(capture.secret)
            entity.expires_at = scratch.time(capture.expiresAt)
        }
    }
}
