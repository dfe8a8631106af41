import CSluice
import Signing

/// Reads parts of requests out of an adapter's memory; every one is copied and checked. A part that is what the same
/// part of an earlier request was is not copied again.
enum RequestReader {
    /// A template that stands by value inside another entity.
    static func template(
        _ entity: UnsafeRawPointer, _ offset: Int, _ field: StaticString
    ) throws(ContractBreach) -> Template {
        try template(entity + offset, room: MemoryLayout<sluice_template>.size, field)
    }

    static func template(
        _ view: UnsafeRawPointer?, room: Int = .max, _ field: StaticString
    ) throws(ContractBreach) -> Template {
        do throws(TemplateError) {
            return try Template(reading: view, room: room)
        } catch {
            throw ContractBreach("\(field)", "\(error)")
        }
    }

    static func check(
        _ template: Template, _ part: RequestPart, values: Int, _ field: StaticString
    ) throws(ContractBreach) {
        do throws(TemplateError) {
            try template.checkSlots(in: part, values: values)
        } catch {
            throw ContractBreach("\(field)", "\(error)")
        }
    }

    static func tokens(_ span: sluice_span) throws(ContractBreach) -> [UInt64] {
        guard span.count > 0 else { return [] }
        guard span.count <= ServiceBounds.tokens, let start = span.ptr, span.stride >= 8 else {
            throw ContractBreach("tokens", "are \(span.count), their memory is null or their stride \(span.stride)")
        }
        if span.count == 1 { return [start.loadUnaligned(as: UInt64.self)] }
        return (0..<Int(span.count)).map { (start + $0 * Int(span.stride)).loadUnaligned(as: UInt64.self) }
    }

    static func headers(_ span: sluice_span, values: Int) throws(ContractBreach) -> [RequestPlan.Header] {
        let size = MemoryLayout<sluice_header>.size
        let span = try SpanReader(span, size: size, limit: ServiceBounds.headers, "headers")
        var result: [RequestPlan.Header] = []
        result.reserveCapacity(span.count)
        for index in 0..<span.count {
            let element = try span.element(index, size: size, "headers")
            let name = try element.assumingMemoryBound(to: sluice_header.self).pointee.name
                .required("headers.name", limit: 256)
            let value = try template(element, Int(SLUICE_AT_header_value), "headers.value")
            try check(value, .header, values: values, "headers.value")
            result.append(RequestPlan.Header(name, value))
        }
        return result
    }

    /// Whether the headers are those that are known.
    static func areHeaders(_ span: sluice_span, _ known: [RequestPlan.Header]) throws(ContractBreach) -> Bool {
        let size = MemoryLayout<sluice_header>.size
        let span = try SpanReader(span, size: size, limit: ServiceBounds.headers, "headers")
        guard span.count == known.count else { return false }
        for index in 0..<span.count {
            let element = try span.element(index, size: size, "headers")
            let header = known[index]
            guard element.assumingMemoryBound(to: sluice_header.self).pointee.name.holds(header.name),
                header.value.equals(
                    reading: element + Int(SLUICE_AT_header_value), room: MemoryLayout<sluice_template>.size)
            else { return false }
        }
        return true
    }

    static func target(
        _ request: UnsafePointer<sluice_request>, values: Int, at place: EndpointTable.Place
    ) throws(ContractBreach) -> RequestPlan.Target {
        let target = try template(UnsafeRawPointer(request), Int(SLUICE_AT_request_target), "target")
        try check(target, .target, values: values, "target")
        guard !target.isAbsent else { throw ContractBreach("target", "is absent") }
        return RequestPlan.Target(target, place)
    }

    /// Whether the target is the one that is known.
    static func isTarget(_ request: UnsafePointer<sluice_request>, _ known: RequestPlan.Target) -> Bool {
        known.template.equals(
            reading: UnsafeRawPointer(request) + Int(SLUICE_AT_request_target),
            room: MemoryLayout<sluice_template>.size)
    }

    static func values(_ span: sluice_span) throws(ContractBreach) -> [Template] {
        let size = MemoryLayout<sluice_template>.size
        let span = try SpanReader(span, size: size, limit: ServiceBounds.values, "values")
        var result: [Template] = []
        for index in 0..<span.count {
            let value = try template(try span.element(index, size: size, "values"), "values")
            try check(value, .value(index), values: span.count, "values")
            result.append(value)
        }
        return result
    }

    /// `nil`: one names a bucket that was not declared.
    static func costs(_ span: sluice_span, _ rates: borrowing RequestRates) throws(ContractBreach) -> [RequestPlan
        .Cost]?
    {
        guard span.count > 0 else { return [] }
        let size = MemoryLayout<sluice_cost>.size
        let span = try SpanReader(span, size: size, limit: ServiceBounds.costs, "costs")
        var result: [RequestPlan.Cost] = []
        result.reserveCapacity(span.count)
        for index in 0..<span.count {
            let cost = try span.element(index, size: size, "costs").assumingMemoryBound(to: sluice_cost.self)
            guard cost.pointee.units > 0 else { throw ContractBreach("costs.units", "is 0; at least 1") }
            guard let bucket = rates.place(of: cost.pointee.bucket) else {
                _ = try cost.pointee.bucket.required("costs.bucket")
                return nil
            }
            result.append(
                RequestPlan.Cost(
                    bucket: bucket, scope: try cost.pointee.scope.text("costs.scope"), units: cost.pointee.units))
        }
        return result
    }

    static func captures(_ span: sluice_span) throws(ContractBreach) -> [Capture] {
        let size = MemoryLayout<sluice_capture>.size
        let span = try SpanReader(span, size: size, limit: ServiceBounds.captures, "captures")
        var result: [Capture] = []
        for index in 0..<span.count {
            let value = try span.element(index, size: size, "captures").assumingMemoryBound(to: sluice_capture.self)
                .pointee
            guard let source = UInt8(exactly: value.source).flatMap(Capture.Source.init(rawValue:)) else {
                throw ContractBreach("captures.source", "is \(value.source); SLUICE_CAPTURE_* is 1 to 4")
            }
            let secret = try value.secret.required("captures.secret", limit: 64)
            guard ServiceBounds.isName(secret) else {
                throw ContractBreach("captures.secret", "\(secret.printableLine) is not [a-z0-9_]{1,64}")
            }
            let pointer = try value.pointer.text("captures.pointer", limit: 1024) ?? ""
            guard source == .text || !pointer.isEmpty else { throw ContractBreach("captures.pointer", "is absent") }
            result.append(
                Capture(
                    source: source, isOptional: value.flags & SLUICE_CAPTURE_OPTIONAL != 0, pointer: pointer,
                    secret: secret,
                    expiresAt: value.expires_at == .min || value.expires_at == 0 ? nil : value.expires_at))
        }
        return result
    }

    /// 0 = `standard`.
    static func timeout(_ value: Int64, standard: Int64, _ field: StaticString) throws(ContractBreach) -> Int64 {
        if value == 0 { return standard }
        guard ServiceBounds.timeout.contains(value) else {
            throw ContractBreach("\(field)", "is \(value) ns; 1 ms to 10 minutes")
        }
        return value
    }
}

extension SessionNetwork {
    /// A request out of an adapter's memory. `nil`: it names an endpoint or a bucket that was not declared.
    func plan(_ pointer: UnsafePointer<sluice_request>?) throws(ContractBreach) -> RequestPlan? {
        let size = MemoryLayout<sluice_request>.size
        guard let request = try checkedEntity(pointer, size: size, "request") else {
            throw ContractBreach("request", "is null")
        }
        let entity = UnsafeRawPointer(request)
        guard let effect = RequestEffect(raw: request.pointee.effect) else {
            throw ContractBreach("effect", "is \(request.pointee.effect); SLUICE_EFFECT_* is 1 to 4")
        }
        let key = try request.pointee.idempotency_key.text("idempotency_key")
        guard effect != .idempotent || key?.isEmpty == false else {
            throw ContractBreach("idempotency_key", "is absent in an idempotent mutation")
        }
        let account = Int(request.pointee.account)
        guard
            let place = try endpoints.place(account, request.pointee.endpoint, host: request.pointee.host)
        else { return nil }
        guard place.kind == .https else {
            throw ContractBreach("endpoint", "\(place.id.printableLine) is no HTTPS endpoint")
        }
        let values = try RequestReader.values(request.pointee.values)
        let body = try RequestReader.template(entity, Int(SLUICE_AT_request_body), "body")
        try RequestReader.check(body, .body, values: values.count, "body")
        guard let costs = try RequestReader.costs(request.pointee.costs, rates) else { return nil }
        let bound = request.pointee.max_body
        guard bound <= UInt64(ServiceBounds.bodyBytes) else {
            throw ContractBreach("max_body", "is \(bound); at most \(ServiceBounds.bodyBytes)")
        }
        let flags = request.pointee.flags
        let captures = try RequestReader.captures(request.pointee.captures)
        guard captures.isEmpty || flags & SLUICE_REQUEST_STREAM == 0 else {
            throw ContractBreach("captures", "stand in a request whose answer is streamed")
        }
        let total = try RequestReader.timeout(
            request.pointee.total_timeout_ns, standard: 30_000_000_000, "total_timeout_ns")
        return RequestPlan(
            tag: request.pointee.tag, effect: effect, tokens: try RequestReader.tokens(request.pointee.tokens),
            account: account, isStreamed: flags & SLUICE_REQUEST_STREAM != 0,
            isPriority: flags & SLUICE_REQUEST_PRIORITY != 0, isReplayable: flags & SLUICE_REQUEST_REPLAYABLE != 0,
            frame: try frame(request, place, values: values.count, isMutation: effect.isMutation), values: values,
            body: body,
            costs: costs,
            captures: captures,
            connectTimeout: try RequestReader.timeout(
                request.pointee.connect_timeout_ns, standard: 5_000_000_000, "connect_timeout_ns"),
            firstByteTimeout: try RequestReader.timeout(
                request.pointee.first_byte_timeout_ns, standard: 10_000_000_000, "first_byte_timeout_ns"),
            totalTimeout: total,
            notAfter: request.pointee.not_after == .min || request.pointee.not_after == 0
                ? nil : request.pointee.not_after,
            maximumBody: bound == 0 ? ServiceBounds.defaultBodyBytes : Int(bound))
    }

    /// What stands around the body: that of the request before this one of its kind, as far as it is the same. What
    /// refers to values of its own request is read anew each time.
    private func frame(
        _ request: UnsafePointer<sluice_request>, _ place: EndpointTable.Place, values: Int, isMutation: Bool
    ) throws(ContractBreach) -> RequestPlan.Frame {
        let known = values > 0 ? nil : isMutation ? mutationFrame : readFrame
        let isSameTarget = known.map { $0.place === place && RequestReader.isTarget(request, $0.target) } ?? false
        let areSameHeaders =
            if let known { try RequestReader.areHeaders(request.pointee.headers, known.headers) } else { false }
        if let known, isSameTarget, areSameHeaders, request.pointee.method.holds(known.method) { return known }
        let target =
            if isSameTarget, let known { known.target } else {
                try RequestReader.target(request, values: values, at: place)
            }
        let headers =
            if areSameHeaders, let known { known.headers } else {
                try RequestReader.headers(request.pointee.headers, values: values)
            }
        let frame = RequestPlan.Frame(
            place, method: try request.pointee.method.required("method", limit: 32), target: target, headers: headers)
        if values == 0 {
            if isMutation { mutationFrame = frame } else { readFrame = frame }
        }
        return frame
    }
}
