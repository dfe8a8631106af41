import AsyncHTTPClient
import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// HTTP to a gateway: no redirects followed, nothing retried, one connection kept.
struct HTTPTransport: Transport {
    private let client: HTTPClient
    private let connection: Connection

    init(_ connection: Connection) {
        self.connection = connection
        var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
        configuration.timeout.connect = .seconds(5)
        configuration.timeout.read = .seconds(70)
        configuration.httpVersion = .http1Only
        // A person waits: say at once that nobody is there.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        try await translatingFailures {
            let deadline = NIODeadline.now() + .milliseconds(Int64(request.timeoutMilliseconds))
            return try await Self.whole(try await client.execute(outgoing(request), deadline: deadline))
        }
    }

    /// A stream may last as long as it brings anything: a gateway that says nothing for a minute is gone.
    func stream(_ request: APIRequest, _ take: ([UInt8]) throws -> Void) async throws -> APIResponse? {
        let answer = try await translatingFailures {
            try await client.execute(outgoing(request), deadline: .now() + .hours(24))
        }
        guard (200..<300).contains(answer.status.code) else {
            return try await translatingFailures { try await Self.whole(answer) }
        }
        var pieces = answer.body.makeAsyncIterator()
        while let piece = try await translatingFailures({ try await pieces.next() }) {
            try take(Array(piece.readableBytesView))
        }
        return nil
    }

    private func outgoing(_ request: APIRequest) -> HTTPClientRequest {
        var outgoing = HTTPClientRequest(url: connection.url + request.path)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        outgoing.headers.add(contentsOf: request.headers)
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
        return outgoing
    }

    private static func whole(_ answer: HTTPClientResponse) async throws -> APIResponse {
        let body = try await answer.body.collect(upTo: GatewayClient.answerLimit)
        return APIResponse(
            status: Int(answer.status.code), headers: answer.headers.map { ($0.name, $0.value) },
            body: Array(body.readableBytesView))
    }

    /// Says what went wrong in the words of `TransportFailure`.
    private func translatingFailures<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as HTTPClientError where Self.neverConnected.contains(error) {
            throw TransportFailure(isCertainlyNotSent: true, message: "\(connection.url) does not answer: \(error)")
        } catch let error as NIOConnectionError {
            throw TransportFailure(
                isCertainlyNotSent: true, message: "\(connection.url) cannot be reached: \(Self.reason(error))")
        } catch let error as IOError where Self.refusals.contains(error.errnoCode) {
            throw TransportFailure(isCertainlyNotSent: true, message: "\(connection.url) cannot be reached: \(error)")
        } catch is NIOTooManyBytesError {
            throw TransportFailure(
                isCertainlyNotSent: false, message: "the answer is longer than \(GatewayClient.answerLimit) bytes")
        } catch {
            throw TransportFailure(
                isCertainlyNotSent: false, message: "the connection to \(connection.url) failed: \(error)")
        }
    }

    func shutDown() async { try? await client.shutdown() }

    private static let neverConnected: [HTTPClientError] = [
        .connectTimeout, .invalidURL, .emptyHost, .emptyScheme, .getConnectionFromPoolTimeout,
    ]

    /// What only the making of a connection ends in.
    private static let refusals: [CInt] = [ECONNREFUSED, EHOSTUNREACH, ENETUNREACH, EADDRNOTAVAIL]

    private static func reason(_ error: NIOConnectionError) -> String {
        if let first = error.connectionErrors.first { return "\(first.error)" }
        return (error.dnsAError ?? error.dnsAAAAError).map { "\($0)" } ?? "the host is not known"
    }
}
