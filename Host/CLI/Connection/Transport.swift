/// One request to the gateway.
struct APIRequest: Hashable, Sendable {
    enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    var method: Method
    /// With its query, escaped: `/api/runs?limit=20`.
    var path: String
    var headers: [(name: String, value: String)]
    var body: [UInt8]?
    /// How long to wait for the whole answer; of a stream, for its head.
    var timeoutMilliseconds = 30_000

    static func == (left: APIRequest, right: APIRequest) -> Bool {
        left.method == right.method && left.path == right.path && left.body == right.body
            && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(method)
        hasher.combine(path)
        hasher.combine(body)
    }

    init(_ method: Method, _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil) {
        (self.method, self.path, self.headers, self.body) = (method, path, headers, body)
    }
}

/// What the gateway answered.
struct APIResponse: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8]) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    /// Whether it says done.
    var isSuccess: Bool { (200..<300).contains(status) }
    /// The first header of that name, whatever its capitals.
    func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// The way to a gateway.
protocol Transport: Sendable {
    /// Sends one request and reads the whole answer, at most `GatewayClient.answerLimit` bytes.
    ///
    /// - Throws: `TransportFailure`.
    func send(_ request: APIRequest) async throws -> APIResponse
    /// Sends one request and hands the body of a successful answer on, piece by piece, as it comes.
    ///
    /// - Returns: the answer, where it is no success.
    /// - Throws: `TransportFailure`, also where the answer breaks off; what `take` throws.
    func stream(_ request: APIRequest, _ take: ([UInt8]) throws -> Void) async throws -> APIResponse?
    func shutDown() async
}

extension Transport {
    /// For ways that bring answers whole.
    func stream(_ request: APIRequest, _ take: ([UInt8]) throws -> Void) async throws -> APIResponse? {
        let answer = try await send(request)
        guard answer.isSuccess else { return answer }
        try take(answer.body)
        return nil
    }
}

/// Why there was no answer.
struct TransportFailure: Error, Sendable {
    /// Nothing can have reached the gateway.
    var isCertainlyNotSent: Bool
    var message: String

    init(isCertainlyNotSent: Bool, message: String) {
        (self.isCertainlyNotSent, self.message) = (isCertainlyNotSent, message)
    }
}
