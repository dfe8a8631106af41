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
        configuration.httpVersion = .http1Only
        // A person waits: say at once that nobody is there.
        configuration.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        var outgoing = HTTPClientRequest(url: connection.url + request.path)
        outgoing.method = HTTPMethod(rawValue: request.method.rawValue)
        outgoing.headers.add(contentsOf: request.headers)
        if let body = request.body { outgoing.body = .bytes(ByteBuffer(bytes: body)) }
        do {
            let deadline = NIODeadline.now() + .milliseconds(Int64(request.timeoutMilliseconds))
            let answer = try await client.execute(outgoing, deadline: deadline)
            let body = try await answer.body.collect(upTo: GatewayClient.answerLimit)
            return APIResponse(
                status: Int(answer.status.code), headers: answer.headers.map { ($0.name, $0.value) },
                body: Array(body.readableBytesView))
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
