import Domain
import HTTPTypes
import Hummingbird

/// One row of the table that the router and `openapi.json` are both made of.
struct Route: Sendable {
    enum Access: Hashable, Sendable {
        /// Without a key. A key that is sent all the same must be valid.
        case open
        case scope(AccessScope)
    }

    struct Parameter: Sendable {
        let name: String
        let kind: Schema.Kind
        let note: String
    }

    typealias Handler = @Sendable (Backend, Call) async throws -> Answer

    let method: HTTPRequest.Method
    /// `/api/orders/{id}`.
    let path: String
    let access: Access
    let summary: String
    /// It concerns more than groups, so a key that is bound to some is refused.
    var isFirmWide = false
    var needsIdempotencyKey = false
    var takesVersion = false
    /// A broker's redirect brings what it likes: parameters are not checked against `query`.
    var takesAnyQuery: Bool { path.hasPrefix("/login/callback/") }
    var query: [Parameter] = []
    var body: Schema?
    /// Name of the answer's schema.
    var answer: String
    /// Media types besides JSON that a client may ask for by a parameter.
    var textTypes: [String] = []
    /// Statuses of success.
    var statuses: [Int] = [200]
    let handle: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, _ access: Access, _ summary: String, isFirmWide: Bool = false,
        needsIdempotencyKey: Bool = false, takesVersion: Bool = false, query: [Parameter] = [], body: Schema? = nil,
        answer: String, textTypes: [String] = [], statuses: [Int] = [200], _ handle: @escaping Handler
    ) {
        (self.method, self.path, self.access, self.summary) = (method, path, access, summary)
        (self.isFirmWide, self.needsIdempotencyKey, self.takesVersion) = (isFirmWide, needsIdempotencyKey, takesVersion)
        (self.query, self.body, self.answer, self.statuses, self.handle) = (query, body, answer, statuses, handle)
        self.textTypes = textTypes
    }
}

/// Finds the route of a request by the segments of its path, each decoded once.
struct RouteTable: Sendable {
    enum Finding {
        case route(Route, parameters: [String])
        /// The path exists with other methods.
        case otherMethods([String])
        case none
        /// A segment is no percent-encoded UTF-8.
        case undecodable(String)
    }

    private struct Node: Sendable {
        var children: [String: Int] = [:]
        var parameter: Int?
        var routes: [(method: HTTPRequest.Method, route: Int)] = []
    }

    let routes: [Route]
    private var nodes = [Node()]

    /// Two rows of one method and path are a programming error.
    init(_ routes: [Route]) {
        self.routes = routes
        for (number, route) in routes.enumerated() {
            var place = 0
            for segment in route.path.split(separator: "/") {
                place = child(of: place, String(segment))
            }
            precondition(!nodes[place].routes.contains { $0.method == route.method }, "\(route.path) is there twice")
            nodes[place].routes.append((route.method, number))
        }
    }

    private mutating func child(of place: Int, _ segment: String) -> Int {
        let isParameter = segment.hasPrefix("{")
        if let known = isParameter ? nodes[place].parameter : nodes[place].children[segment] { return known }
        nodes.append(Node())
        let made = nodes.count - 1
        if isParameter { nodes[place].parameter = made } else { nodes[place].children[segment] = made }
        return made
    }

    /// A HEAD request finds the route of GET.
    func find(_ method: HTTPRequest.Method, _ path: Substring) -> Finding {
        var place = 0
        var parameters: [String] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: true) {
            if let next = nodes[place].children[String(Substring(segment))] {
                place = next
                continue
            }
            guard let next = nodes[place].parameter else { return .none }
            guard let text = PercentEncoding.decoded(segment) else { return .undecodable(String(Substring(segment))) }
            parameters.append(text)
            place = next
        }
        let candidates = nodes[place].routes
        guard !candidates.isEmpty else { return .none }
        let wanted = method == .head ? .get : method
        if let found = candidates.first(where: { $0.method == wanted }) {
            return .route(routes[found.route], parameters: parameters)
        }
        var methods = candidates.map(\.method.rawValue)
        if methods.contains("GET") { methods.append("HEAD") }
        return .otherMethods(methods.sorted())
    }
}
