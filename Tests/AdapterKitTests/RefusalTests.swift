import AdapterKit
import AdapterTesting
import Exact
import Testing

/// An adapter that asks for what its vendor call is told to, right or wrong, and answers with the host's status.
private final class Careless: ConnectedAdapter {
    static let descriptor = Descriptor(
        id: "careless", name: "Careless", version: "1.0.0", capabilities: [],
        rateBuckets: [
            RateBucket(
                id: "others", scopeKey: "login", windows: [RateBucket.Window(units: 10, perNanoseconds: 1_000_000_000)])
        ])
    static let connections = Connections(
        endpoints: [
            Connections.Endpoint(.https, "rest", live: "https://api.careless.example", hostSuffix: ".careless.example"),
            Connections.Endpoint(.https, "fixed", live: "https://fixed.careless.example"),
            Connections.Endpoint(.webSocket, "feed", live: "wss://feed.careless.example"),
            Connections.Endpoint(.tls, "wire", live: "tls://wire.careless.example:4001"),
        ],
        vendorCalls: [Connections.VendorCall("ask", .read, "asks for what it is told to")],
        capabilities: [.vendorCall], maxRequests: 3)

    private let host: Host
    private var past: Command?
    private var feed: StreamID?

    init(host: Host, options: SessionOptions) throws(AdapterFailure) { self.host = host }

    func open(_ command: Command) {
        past = command
        host.sessionReport(.ready)
        feed = try? host.openWebSocket(Connection("feed", account: 0, target: "/"))
        command.ok()
    }

    func vendorCall(_ name: String, _ arguments: String, _ command: Command) {
        let wish = (try? JSONValue.parse(arguments))?["wish"]?.string ?? ""
        command.ok(document: "\(ask(wish, command).rawValue)")
    }

    private func ask(_ wish: String, _ command: Command) -> HostStatus {
        switch wish {
        case "tcp over ws", "ws over tcp", "stream elsewhere", "large frame":
            return link(wish)
        case "frame bucket", "frame token", "frame":
            var frame = Frame.text("x", effect: .read, tag: 7)
            if wish == "frame bucket" { frame.costs = [Cost("nothing")] }
            if wish == "frame token", let past { frame.serves(past) }
            return feed.map { host.send(frame, on: $0) } ?? .notFound
        default: break
        }
        let endpoint = ["ws endpoint": "feed", "no endpoint": "nowhere", "fixed host": "fixed"][wish] ?? "rest"
        let effect: Effect = wish.hasPrefix("idempotent") ? .idempotent : wish.hasPrefix("mutation") ? .mutation : .read
        var request = host.request(
            .get, endpoint, "/", account: wish == "account" ? 3 : 0, effect: effect)
        switch wish {
        case "bucket": request.cost("nothing")
        case "no units": request.cost("others", units: 0)
        case "known bucket": request.cost("others")
        case "closed token": if let past { request.serves(past) }
        case "open token", "mutation of a read": request.serves(command)
        case "host outside", "fixed host": request.hostName = "api.elsewhere.example"
        case "host within": request.hostName = "eu.careless.example"
        case "host odd": request.hostName = "a b.careless.example"
        case "idempotent with key": request.idempotencyKey = "k"
        case "short timeout": request.totalTimeoutNanoseconds = 5
        case "long timeout": request.connectTimeoutNanoseconds = 601_000_000_000
        case "large body": request.maxBody = 1 << 40
        case "odd capture": request.capture(Capture(.json("/t"), as: "No Name"))
        case "capture of nothing": request.capture(Capture(.json(""), as: "token"))
        case "secret":
            request.header("A", PreparedTemplate("\(secret: SecretHandle(rawValue: 77))"))
        default: break
        }
        return host.send(request) { _ in }
    }

    private func link(_ wish: String) -> HostStatus {
        do throws(HostError) {
            switch wish {
            case "tcp over ws": _ = try host.openWebSocket(Connection("wire", account: 0, target: "/"))
            case "ws over tcp": _ = try host.openStream(Connection("feed", account: 0))
            case "large frame":
                var connection = Connection("feed", account: 0, target: "/")
                connection.maxFrame = 1 << 40
                _ = try host.openWebSocket(connection)
            default:
                var connection = Connection("feed", account: 0, target: "/")
                connection.hostName = "feed.elsewhere.example"
                _ = try host.openWebSocket(connection)
            }
            return .ok
        } catch { return error.status }
    }
}

/// An adapter that logs in with captures of every kind and shows what it sees.
private final class Captor: ConnectedAdapter {
    static let descriptor = Descriptor(id: "captor", name: "Captor", version: "1.0.0", capabilities: [])
    static let connections = Connections(
        endpoints: [Connections.Endpoint(.https, "rest", live: "https://api.captor.example")],
        vendorCalls: [Connections.VendorCall("show", .read, "shows what it sees")], capabilities: [.vendorCall])

    private let host: Host
    init(host: Host, options: SessionOptions) throws(AdapterFailure) { self.host = host }

    func vendorCall(_ name: String, _ arguments: String, _ command: Command) {
        var request = host.request(.get, "rest", "/", for: command, effect: .session)
        if arguments.contains("must") { request.capture(Capture(.json("/must"), as: "must")) }
        if arguments.contains("plain") { return show(request, command) }
        request.capture(Capture(.json("/data/number"), as: "number", isOptional: true))
        request.capture(Capture(.json("/data/text"), as: "text", isOptional: true))
        request.capture(Capture(.header("X-Token"), as: "head", isOptional: true))
        request.capture(Capture(.cookie("sid"), as: "cookie", isOptional: true))
        show(request, command)
    }

    private func show(_ request: consuming Request, _ command: Command) {
        host.send(request, for: command) { answer in
            var json = JSONWriter()
            json.beginObject()
            json.member("status", answer.status)
            json.member("result", "\(answer.transport.result)")
            json.member("body", answer.body.text ?? "")
            json.member("head", answer.header("x-token") ?? "")
            json.member("cookie", answer.header("set-cookie") ?? "")
            json.endObject()
            command.ok(document: String(decoding: json.bytes, as: UTF8.self))
        }
    }
}

@Suite("The scripted host refuses what the real one refuses")
struct RefusalTests {
    private func ask(_ wish: String) throws -> (status: HostStatus, violations: [String]) {
        let host = try ScriptedHost(Careless.self)
        host.open()
        let sent = host.vendorCall("ask", "{\"wish\":\"\(wish)\"}")
        let document = try #require(host.completion(of: sent)?.document)
        return (HostStatus(rawValue: try #require(Int32(document))), host.violations)
    }

    @Test(
        "A wrong request, connection or frame is refused with its status, and is a violation that says why",
        arguments: [
            ("bucket", .notFound, "nothing"), ("no units", .invalid, "units"), ("closed token", .invalid, "not open"),
            ("ws endpoint", .invalid, "another kind"), ("no endpoint", .notFound, "nowhere"),
            ("host outside", .invalid, "api.elsewhere.example"), ("fixed host", .invalid, "suffix"),
            ("host odd", .invalid, "suffix"), ("idempotent", .invalid, "idempotency_key"),
            ("account", .invalid, "account is 3"),
            ("short timeout", .invalid, "total_timeout_ns"), ("long timeout", .invalid, "connect_timeout_ns"),
            ("large body", .invalid, "max_body"), ("odd capture", .invalid, "No Name"),
            ("capture of nothing", .invalid, "pointer"), ("secret", .notFound, "77"),
            ("tcp over ws", .invalid, "another kind"), ("ws over tcp", .invalid, "another kind"),
            ("stream elsewhere", .invalid, "suffix"), ("large frame", .invalid, "max_frame"),
            ("frame bucket", .notFound, "nothing"),
            ("frame token", .invalid, "not open"), ("mutation of a read", .invalid, "the call ask"),
        ] as [(String, HostStatus, String)])
    func refused(wish: String, status: HostStatus, words: String) throws {
        let found = try ask(wish)
        #expect(found.status == status)
        #expect(found.violations.count == 1 && found.violations[0].contains(words), "\(found.violations)")
    }

    @Test(
        "What the contract allows is taken",
        arguments: ["plain", "known bucket", "open token", "host within", "idempotent with key", "frame"])
    func taken(wish: String) throws {
        let found = try ask(wish)
        #expect(found.status == .ok && found.violations.isEmpty, "\(found.violations)")
    }

    @Test("No more requests are open than the adapter declared; that is a bound and no violation")
    func quota() throws {
        let host = try ScriptedHost(Careless.self)
        host.open()
        for _ in 0..<3 { host.vendorCall("ask", "{}") }
        let sent = host.vendorCall("ask", "{}")
        #expect(host.completion(of: sent)?.document == "\(HostStatus.quota.rawValue)")
        #expect(host.requests.count == 3 && host.violations.isEmpty)
        host.answer(host.requests[0])
        #expect(host.completion(of: host.vendorCall("ask", "{}"))?.document == "0")
    }

    @Test("Secrets are taken out of headers, cookies, texts and numbers, and wherever they stand again")
    func captures() throws {
        let host = try ScriptedHost(Captor.self)
        host.open()
        let sent = host.vendorCall("show")
        host.answer(
            host.requests[0],
            headers: [
                "X-Token": "head-secret-1", "Set-Cookie": "sid=cookie-secret; Path=/", "content-type": "text/json",
            ],
            text: #"{"data":{"number":1234567890,"text":"body-secret","again":"see head-secret-1"}}"#)
        let seen = try #require(host.completion(of: sent)?.document)
        for secret in ["head-secret-1", "cookie-secret", "1234567890", "body-secret"] {
            #expect(!seen.contains(secret))
        }
        #expect(host.secret("number") == "1234567890" && host.secret("text") == "body-secret")
        #expect(host.secret("head") == "head-secret-1" && host.secret("cookie") == "cookie-secret")
        #expect(seen.contains("sid=***; Path=/"), "\(seen)")
    }

    private func seen(_ wish: String, _ end: (ScriptedHost, SentRequest) -> Void) throws -> JSONValue {
        let host = try ScriptedHost(Captor.self)
        host.open()
        let sent = host.vendorCall("show", "{\"wish\":\"\(wish)\"}")
        end(host, host.requests[0])
        return try JSONValue.parse(try #require(host.completion(of: sent)?.document))
    }

    @Test("An answer that was cut short has its status, and what came of its body unless secrets were to be captured")
    func truncated() throws {
        for (wish, body) in [("plain", "{\"da"), ("captures", "")] {
            let seen = try seen(wish) { $0.fail($1, .replyTruncated, status: 200, body: Array("{\"da".utf8)) }
            #expect(
                seen["status"] == 200 && seen["body"]?.string == body && seen["result"] == "replyTruncated", "\(seen)")
        }
    }

    @Test("Nothing is shown of an answer that lacks a secret that must be captured, or that cannot be read for one")
    func withheld() throws {
        let lacking = try seen("must plain") { $0.answer($1, text: #"{"other":"SECRET"}"#) }
        #expect(lacking["status"] == 200 && lacking["body"] == "")
        let unreadable = try seen("captures") { $0.answer($1, status: 500, text: #"{"data":{"text":"SECRET""#) }
        #expect(unreadable["status"] == 500 && unreadable["body"] == "")
        let failure = try seen("captures") { $0.answer($1, status: 500, text: #"{"data":{"text":"SECRET"}}"#) }
        #expect(failure["body"] == #"{"data":{"text":"***"}}"#, "\(failure)")
    }
}
