import Domain
import Gateway
import HTTPTypes
import Hummingbird
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Store

/// A request's surroundings: the connection it came by.
struct APIContext: InitializableFromSource, Sendable {
    let channel: any Channel
    init(source: ApplicationRequestContextSource) { channel = source.channel }
}

/// Takes each request through route, key, scope and handler, and makes an answer of whatever comes back.
struct Dispatcher: HTTPResponder {
    typealias Context = APIContext

    let backend: Backend
    let table: RouteTable
    private let identifiers = RequestIdentifiers()

    init(backend: Backend, table: RouteTable) { (self.backend, self.table) = (backend, table) }

    func respond(to request: Request, context: APIContext) async throws -> Response {
        let receivedAt = backend.gateway.clock.wall()
        let requestID = identifiers.identifier(of: request)
        var trace = Trace()
        var answer: Answer
        do {
            answer = try await serve(request, context, receivedAt, requestID, &trace)
        } catch {
            let problem = problem(error, requestID)
            answer = Answer(
                problem.status, headers: problem.headers,
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: problem.bytes(requestID: requestID))))
            answer.headers[.contentType] = "application/problem+json"
        }
        answer.headers[.requestID] = requestID
        let duration = backend.gateway.clock.wall().since(receivedAt) / 1_000
        backend.logger.debug(
            "Request served",
            metadata: [
                "request.id": "\(requestID)", "http.method": "\(request.method.rawValue)",
                "http.route": "\(trace.route ?? "none")", "http.status": "\(answer.status.code)",
                "key.id": "\(trace.keyID ?? "none")", "duration.us": "\(duration)",
            ])
        let response = Response(status: answer.status, headers: answer.headers, body: answer.body)
        return request.method == .head ? response.createHeadResponse() : response
    }

    /// What the log says of a request besides its outcome.
    private struct Trace {
        var route: String?
        var keyID: String?
    }

    private func serve(
        _ request: Request, _ context: APIContext, _ receivedAt: Timestamp, _ requestID: String, _ trace: inout Trace
    ) async throws -> Answer {
        let target = request.head.path ?? "/"
        let mark = target.utf8.firstIndex(of: UInt8(ascii: "?"))
        let path = target[..<(mark ?? target.endIndex)]
        let (route, parameters) = try route(request.method, path)
        trace.route = route.path
        let header = request.headers[.authorization]
        var principal: Principal?
        if route.access != .open || header != nil {
            principal = try backend.keys.authenticate(header, from: context.channel.remoteAddress?.ipAddress)
            trace.keyID = principal?.keyID
        }
        try Self.authorize(principal, route)
        let query = QueryParameters(
            mark.map { String(target[target.utf8.index(after: $0)...]) },
            known: route.takesAnyQuery ? nil : route.query.map(\.name))
        try query.check()
        let call = Call(
            request: request, route: route, parameters: parameters, query: query, principal: principal,
            requestID: requestID, receivedAt: receivedAt, channel: context.channel)
        if route.needsIdempotencyKey { _ = try call.idempotencyKey() }
        return try await route.handle(backend, call)
    }

    private func route(_ method: HTTPRequest.Method, _ path: Substring) throws(Problem) -> (Route, [String]) {
        switch table.find(method, path) {
        case .route(let route, let parameters): return (route, parameters)
        case .otherMethods(let methods):
            var problem = Problem(
                .methodNotAllowed, "method_not_allowed", path: "method", value: method.rawValue,
                "the method is not offered here", remedy: "use \(methods.joined(separator: ", "))")
            problem.headers[.allow] = methods.joined(separator: ", ")
            throw problem
        case .undecodable(let segment):
            throw Problem(
                .badRequest, "path_invalid", path: "path", value: segment, "the path is not percent-encoded UTF-8",
                remedy: "encode each part of the path once")
        case .none:
            throw Problem(
                .notFound, "unknown_route", path: "path", value: String(path), "there is no such route",
                remedy: Routes.remedy(for: path))
        }
    }

    private static func authorize(_ principal: Principal?, _ route: Route) throws(Problem) {
        guard case .scope(let scope) = route.access else { return }
        guard let principal else {
            throw .unauthenticated("key_required", "the request has no key", remedy: "send Authorization: Bearer <key>")
        }
        guard principal.scopes.allows(scope) else {
            throw Problem(
                .forbidden, "scope_missing", path: "Authorization", value: nil,
                "the route needs the scope \(scope.rawValue), which the key has not",
                remedy: "use a key with the scope \(scope.rawValue)")
        }
        guard !route.isFirmWide || !principal.isBoundToGroups else {
            throw Problem(
                .forbidden, "key_bound_to_groups", path: "Authorization", value: nil,
                "the route concerns more than the groups that the key is bound to",
                remedy: "use a key that is not bound to groups")
        }
    }

    /// Everything that goes wrong ends here; what nobody foresaw is logged and told without its inside.
    private func problem(_ error: any Error, _ requestID: String) -> Problem {
        switch error {
        case let problem as Problem: return problem
        case let error as GatewayError: return Problem(error)
        case let failure as StoreFailure: return Problem(failure)
        case is CancellationError: return Problem(.notServing("the gateway is stopping"))
        default:
            backend.logger.error(
                "Request failed unexpectedly",
                metadata: ["request.id": "\(requestID)", "error.type": "\(type(of: error))"])
            return Problem(
                .internalServerError, "internal", "something went wrong; the log has it under the request id")
        }
    }
}

/// Names requests: by the client's `X-Request-Id` where it is harmless, else by a number that no other process gives.
private final class RequestIdentifiers: Sendable {
    private let prefix = String(UInt32.random(in: .min ... .max), radix: 36)
    private let next = NIOLockedValueBox<UInt64>(1)

    func identifier(of request: Request) -> String {
        if let given = request.headers[.requestID], (1...64).contains(given.utf8.count),
            given.utf8.allSatisfy(Self.isPlain)
        {
            return given
        }
        let number = next.withLockedValue { next in
            defer { next &+= 1 }
            return next
        }
        return "\(prefix)-\(number)"
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "-")
            || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
    }
}
