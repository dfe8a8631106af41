import API
import Domain
import Engine
import Foundation
import Gateway
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import Settings
import Store
import Testing

/// A gateway with its interface over a temporary data directory; prices are stepped by the test.
final class APIFixture: Sendable {
    let directory: URL
    let runtime: GatewayRuntime
    let keys: KeyRing
    let server: APIServer
    /// A key with every scope.
    let admin: String

    var gateway: Gateway { runtime.gateway }

    /// Where the build puts the adapters' libraries; `nil` where there are none.
    static let librariesDirectory: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().path
        let executable = Bundle.main.executableURL?.deletingLastPathComponent().path ?? "."
        let current = FileManager.default.currentDirectoryPath
        return [executable, current + "/.build/debug", root + "/.build/debug"].first {
            FileManager.default.fileExists(atPath: $0 + "/libsluice-paper.so")
        }
    }()

    /// - Parameters:
    ///   - isConnected: with real paper accounts; else accounts whose adapter does not exist, so that every leg is refused.
    init(
        accounts: Int = 3, isConnected: Bool = false, configuration: APIConfiguration = APIConfiguration(),
        rms: String = "rms: 1\n"
    ) async throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-api-\(UUID().uuidString)")
        let files = FileManager.default
        for name in ["", "/adapters.d", "/market"] {
            try files.createDirectory(
                atPath: directory.path + name, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700]
            )
        }
        let directory = directory
        func write(_ text: String, _ name: String) throws {
            try text.write(to: directory.appendingPathComponent(name), atomically: true, encoding: .utf8)
        }
        if isConnected { try write("manifest: 1\nid: paper\nlibrary: libsluice-paper.so\n", "adapters.d/paper.yaml") }
        try write(Self.candles, "market/US_EQ_AAPL.daily.csv")
        try write("\"US:EQ:AAPL\": { tick: 0.01, lot_size: 1, currency: USD, source: test }\n", "overlay.yaml")
        try write(rms, "rms.yaml")
        let adapter = isConnected ? "paper" : "absent"
        let listed = (1...accounts).map {
            "  - { id: P\($0), adapter: \(adapter), environment: sandbox, currency: USD }\n"
        }
        let members = (1...accounts).map { "{ account_id: P\($0), capital: \"\($0)000\" }" }.joined(separator: ", ")
        try write(
            """
            data: ./data
            adapters: { directories: [./adapters.d] }
            instruments: { overlay: overlay.yaml }
            rms: { file: rms.yaml }
            prices: { replay: [ { files: ./market, every: 1s } ] }
            accounts:
            \(listed.joined())
            groups:
              - { id: family, policy: proportional, accounts: [ \(members) ] }
              - { id: others, policy: equal, accounts: [ { account_id: P\(accounts) } ] }

            """, "sluice.yaml")
        let settings = try SluiceConfiguration.load(
            file: directory.appendingPathComponent("sluice.yaml").path, environment: [:],
            workingDirectory: directory.path,
            now: Timestamp(nanoseconds: 1_764_000_000_000_000_000))
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        runtime = try GatewayRuntime(settings, executableDirectory: Self.librariesDirectory, logger: logger)
        try await runtime.start(playsPrices: false)
        try runtime.stepPrices()
        keys = try KeyRing(runtime, environment: "test")
        admin = try keys.create(person: "admin", scopes: AccessScopes([.admin]), by: .gateway).text
        var served = configuration
        served.port = 0
        server = APIServer(configuration: served, runtime: runtime, keys: keys, logger: logger)
        if isConnected { try await waitUntilReady(accounts) }
    }

    private func waitUntilReady(_ accounts: Int) async throws {
        for _ in 0..<1_000 {
            let statuses = gateway.accountStatuses()
            if statuses.count == accounts, statuses.allSatisfy({ $0.isReady && $0.funds != nil }) { return }
            try await Task.sleep(for: .milliseconds(5))
        }
        Issue.record("accounts did not become ready: \(gateway.accountStatuses())")
    }

    func stop() async {
        await server.stop()
        await runtime.stop()
        try? FileManager.default.removeItem(at: directory)
    }

    func key(
        _ scopes: AccessScope..., groups: [String]? = nil, addresses: [String]? = nil, expiresAt: Timestamp? = nil
    ) throws -> String {
        try keys.create(
            person: "someone", scopes: AccessScopes(Set(scopes)), groups: groups?.compactMap { GroupID($0) },
            addresses: addresses, expiresAt: expiresAt, by: .gateway
        ).text
    }

    /// Runs a test against the router, without a socket.
    static func router(
        _ make: APIFixture, _ body: @Sendable (APIClient) async throws -> Void
    ) async throws {
        do {
            try await make.server.application().test(.router) { try await body(APIClient(client: $0, key: make.admin)) }
        } catch {
            await make.stop()
            throw error
        }
        await make.stop()
    }

    static let candles = """
        time,open,high,low,close,volume
        2011-01-03T00:00:00Z,100.00,101.00,99.00,100.00,1000000
        2011-01-04T00:00:00Z,100.00,102.00,98.00,101.00,1000000
        2011-01-05T00:00:00Z,101.00,103.00,100.00,102.00,1000000
        2011-01-06T00:00:00Z,102.00,104.00,101.00,103.00,1000000

        """

    static func order(_ changes: JSONObject = [:]) -> JSONObject {
        var order: JSONObject = [
            "symbol": "US:EQ:AAPL", "side": "BUY", "quantity": "12", "order_type": "LIMIT", "price": "100.00",
            "product": "INTRADAY",
        ]
        for (name, value) in changes { order[name] = value }
        return order
    }
}

/// Sends requests and reads answers.
struct APIClient: Sendable {
    let client: any TestClientProtocol
    let key: String

    struct Answer: Sendable {
        let status: Int
        let headers: HTTPFields
        let body: JSONValue
        let text: String

        /// `code` of a problem, or why it is none.
        var problem: String {
            guard headers[.contentType] == "application/problem+json" else { return "no problem but \(status) \(text)" }
            let members = body.object?.keys ?? []
            let wanted = ["type", "title", "status", "detail", "code", "errors", "request_id"]
            guard wanted.allSatisfy(members.contains), body["status"]?.int64 == Int64(status) else {
                return "no whole problem: \(text)"
            }
            return body["code"]?.string ?? "no code"
        }

        /// Paths of a problem's entries, each of which must be whole.
        var paths: [String] {
            (body["errors"]?.array ?? []).map { entry in
                guard entry["value"] != nil, !(entry["message"]?.string ?? "").isEmpty,
                    !(entry["remedy"]?.string ?? "").isEmpty
                else { return "no whole entry: \(entry.serializedText())" }
                return entry["path"]?.string ?? "no path"
            }
        }
    }

    func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: JSONObject, key: String? = nil,
        idempotency: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        try await send(
            method, path, text: JSONValue.object(body).serializedText(), key: key, idempotency: idempotency,
            headers: headers)
    }

    /// - Parameter key: another key than the admin's; empty = none.
    func send(
        _ method: HTTPRequest.Method, _ path: String, text: String? = nil, key: String? = nil,
        idempotency: String? = nil,
        headers: HTTPFields = [:]
    ) async throws -> Answer {
        var headers = headers
        let key = key ?? self.key
        if !key.isEmpty { headers[.authorization] = "Bearer \(key)" }
        if let idempotency, let name = HTTPField.Name("Idempotency-Key") { headers[name] = idempotency }
        return try await client.execute(
            uri: path, method: method, headers: headers, body: text.map { ByteBuffer(string: $0) }
        ) { response in
            let bytes = Array(response.body.readableBytesView)
            let limits = JSONLimits(maximumBytes: 16 << 20, maximumDepth: 64, maximumElements: 1_000_000)
            // JSON is there as a value; of its text only what a failure's message wants.
            let isText = response.headers[.contentType]?.hasPrefix("application/json") == false
            return Answer(
                status: response.status.code, headers: response.headers,
                body: (try? JSONValue.parse(bytes, limits: limits)) ?? .null,
                text: String(decoding: bytes.prefix(isText ? bytes.count : 2_000), as: UTF8.self))
        }
    }
}
