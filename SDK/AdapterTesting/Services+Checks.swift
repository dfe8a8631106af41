import AdapterKit
import CSluice
import Signing

// What the real host refuses of requests, connections and frames, with the same statuses: an adapter that is green here
// must not be refused there. Each but a full quota is a violation.

extension ScriptedHost {
    /// What a session may grow to.
    enum Bound {
        static let streams = 16
        static let headers: UInt64 = 64
        static let values: UInt64 = 64
        static let captures: UInt64 = 16
        static let costs: UInt64 = 16
        static let tokens: UInt64 = 1_000
        static let bodyBytes: UInt64 = 128 << 20
        static let frameBytes: UInt64 = 16 << 20
        static let timeout: ClosedRange<Int64> = 1_000_000...600_000_000_000
        /// Open requests of an adapter that declares no number.
        static let usualRequests: UInt32 = 64
    }

    /// Why a call is refused.
    struct Refusal: Error {
        var status: Int32
        /// `nil`: no breach of the contract.
        var violation: String?

        static func breach(_ words: String) -> Refusal { Refusal(status: SLUICE_ERR_INVALID, violation: words) }
        static func unknown(_ words: String) -> Refusal { Refusal(status: SLUICE_ERR_NOT_FOUND, violation: words) }
    }

    /// Runs a check; a refusal becomes its status, and a violation where it is one.
    func checked(_ call: String, _ body: () throws(Refusal) -> Int32) -> Int32 {
        do { return try body() } catch {
            if let words = error.violation { violations.append("\(call): \(words)") }
            return error.status
        }
    }

    // MARK: Where to

    /// The base URL of a declared endpoint of one of these kinds, at the host that the entity names within its suffix.
    func place(
        _ cell: Cell, account: Int, endpoint: Int, host: Int, kinds: [Connections.Endpoint.Kind]
    ) throws(Refusal) -> (id: String, base: String) {
        let number = cell.uint32(account)
        guard number < accountCount else {
            throw .breach("account is \(number); the session has accounts 0 to \(accountCount - 1)")
        }
        let id = cell.text(endpoint) ?? ""
        let declared = connections?.elements(SLUICE_AT_connections_endpoints).first {
            $0.text(SLUICE_AT_endpoint_id) == id
        }
        guard let declared, let base = baseURL(id) else { throw .unknown("endpoint \(id) is not declared") }
        guard let kind = Connections.Endpoint.Kind(rawValue: declared.uint32(SLUICE_AT_endpoint_kind)),
            kinds.contains(kind)
        else { throw .breach("endpoint \(id) is of another kind") }
        guard let name = cell.text(host)?.lowercased(), !name.isEmpty, name != hostName(of: base) else {
            return (id, base)
        }
        let suffix = declared.text(SLUICE_AT_endpoint_host_suffix)?.lowercased() ?? ""
        guard !suffix.isEmpty, name.hasSuffix(suffix), name.utf8.count > suffix.utf8.count,
            name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || [45, 46, 95].contains($0) }),
            name.first != ".", name.first != "-"
        else { throw .breach("host \(name) is not within the endpoint's host suffix") }
        return (id, base)
    }

    private func hostName(of base: String) -> String {
        guard let scheme = base.firstRange(of: "://") else { return base }
        return base[scheme.upperBound...].prefix { $0 != "/" && $0 != ":" }.lowercased()
    }

    // MARK: What for

    /// Tokens of commands that wait, and of which none changes more than it was declared to.
    func openTokens(_ cell: Cell, _ offset: Int, for effect: Effect) throws(Refusal) -> [UInt64] {
        let count = cell.uint64(offset + SLUICE_AT_span_count)
        guard count <= Bound.tokens else { throw .breach("tokens are \(count); at most \(Bound.tokens)") }
        let served = tokens(cell, offset)
        guard served.count == Int(count) else {
            throw .breach("tokens: their memory is null or their stride too small")
        }
        for token in served where !openTokens.contains(token) {
            throw .breach("tokens names token \(token), which is not open")
        }
        if effect.isMutation, let name = served.compactMap({ readingCalls[$0] }).first {
            throw .breach("effect is a mutation for the call \(name), which was declared to change nothing")
        }
        return served
    }

    /// Costs of declared buckets.
    func declaredCosts(_ cell: Cell, _ offset: Int) throws(Refusal) -> [Cost] {
        let count = cell.uint64(offset + SLUICE_AT_span_count)
        guard count <= Bound.costs else { throw .breach("costs are \(count); at most \(Bound.costs)") }
        let costs = costs(cell, offset)
        for cost in costs {
            guard cost.units > 0 else { throw .breach("costs.units is 0; at least 1") }
            guard buckets.contains(cost.bucket) else {
                throw .unknown("costs.bucket \(cost.bucket) is not among the descriptor's rate buckets")
            }
        }
        return costs
    }

    /// Secrets that a part of a request needs are handles that are known.
    func checkSecrets(_ cell: Cell, _ offset: Int, _ what: String) throws(Refusal) {
        guard cell.has(offset, SLUICE_SIZE_template),
            let template = try? Signing.Template(reading: cell.base + offset, room: cell.size - offset)
        else { return }  // whoever makes it says what is wrong with it
        for handle in template.secrets where !services.isKnown(handle) {
            throw .unknown("\(what): secret \(handle) is not a handle of this session")
        }
    }

    func checkTimeout(_ cell: Cell, _ offset: Int, _ what: String) throws(Refusal) {
        let value = cell.int64(offset)
        guard value == 0 || Bound.timeout.contains(value) else {
            throw .breach("\(what) is \(value) ns; 1 ms to 10 minutes")
        }
    }

    /// The parts of a request that are no templates.
    func checkRequest(_ cell: Cell, _ effect: Effect) throws(Refusal) {
        if effect == .idempotent, (cell.text(SLUICE_AT_request_idempotency_key) ?? "").isEmpty {
            throw .breach("idempotency_key is absent in an idempotent mutation")
        }
        if (cell.text(SLUICE_AT_request_method) ?? "").isEmpty { throw .breach("method is absent") }
        let body = UInt64(bitPattern: cell.int64(SLUICE_AT_request_max_body))
        guard body <= Bound.bodyBytes else { throw .breach("max_body is \(body); at most \(Bound.bodyBytes)") }
        try checkTimeout(cell, SLUICE_AT_request_connect_timeout_ns, "connect_timeout_ns")
        try checkTimeout(cell, SLUICE_AT_request_first_byte_timeout_ns, "first_byte_timeout_ns")
        try checkTimeout(cell, SLUICE_AT_request_total_timeout_ns, "total_timeout_ns")
        for (offset, name, most) in [
            (SLUICE_AT_request_headers, "headers", Bound.headers), (SLUICE_AT_request_values, "values", Bound.values),
            (SLUICE_AT_request_captures, "captures", Bound.captures),
        ] {
            let count = cell.uint64(offset + SLUICE_AT_span_count)
            guard count <= most else { throw .breach("\(name) are \(count); at most \(most)") }
        }
        let isStreamed = cell.uint32(SLUICE_AT_request_flags) & SLUICE_REQUEST_STREAM != 0
        guard !isStreamed || cell.uint64(SLUICE_AT_request_captures + SLUICE_AT_span_count) == 0 else {
            throw .breach("captures stand in a request whose answer is streamed")
        }
        for capture in cell.elements(SLUICE_AT_request_captures) {
            let name = capture.text(SLUICE_AT_capture_secret) ?? ""
            guard (1...64).contains(name.utf8.count),
                name.utf8.allSatisfy({ (97...122).contains($0) || (48...57).contains($0) || $0 == 95 })
            else { throw .breach("captures.secret \(name) is not [a-z0-9_]{1,64}") }
            let source = capture.uint32(SLUICE_AT_capture_source)
            guard (SLUICE_CAPTURE_JSON...SLUICE_CAPTURE_TEXT).contains(source) else {
                throw .breach("captures.source is \(source); SLUICE_CAPTURE_* is 1 to 4")
            }
            if source != SLUICE_CAPTURE_TEXT, (capture.text(SLUICE_AT_capture_pointer) ?? "").isEmpty {
                throw .breach("captures.pointer is absent")
            }
        }
    }

    /// A further request is taken, or there are as many as the adapter declared.
    func checkRoom(_ tag: UInt64) throws(Refusal) {
        guard !requests.contains(where: { $0.tag == tag }) else {
            throw Refusal(status: SLUICE_ERR_STATE, violation: nil)
        }
        let declared = connections?.uint32(SLUICE_AT_connections_max_requests) ?? 0
        guard requests.count < Int(declared == 0 ? Bound.usualRequests : declared) else {
            throw Refusal(status: SLUICE_ERR_QUOTA, violation: nil)
        }
    }
}
