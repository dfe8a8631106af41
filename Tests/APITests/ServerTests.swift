import Domain
import Foundation
import HTTPTypes
import HummingbirdTesting
import Testing

@testable import API

@Suite("The server keeps within its bounds", .serialized)
struct ServerTests {
    /// Runs a test against a listening server.
    private func live(
        _ configuration: APIConfiguration = APIConfiguration(), _ body: (Int, APIFixture) async throws -> Void
    ) async throws {
        let fixture = try await APIFixture(configuration: configuration)
        do {
            try await body(try await fixture.server.start(), fixture)
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    private func head(_ method: String, _ path: String, _ key: String, _ more: String = "") -> String {
        "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(key)\r\n\(more)\r\n"
    }

    @Sendable private func isWhole(_ text: String) -> Bool {
        guard let end = text.range(of: "\n\n"),
            let field = text.range(of: "content-length: ", options: .caseInsensitive),
            let length = Int(text[field.upperBound...].prefix { $0.isNumber })
        else { return false }
        return text[end.upperBound...].utf8.count >= length
    }

    @Test("A body of 10 MB is refused with 413 before it is read, one of 64 KiB is read")
    func bodies() async throws {
        try await live { port, fixture in
            let connection = try RawConnection(port: port)
            let path = "/api/execution-groups/family/orders"
            connection.send(head("POST", path, fixture.admin, "Idempotency-Key: a\r\nContent-Length: 10000000\r\n"))
            let answer = await connection.receive(until: isWhole).text
            #expect(answer.hasPrefix("HTTP/1.1 413") && answer.contains("body_too_large"), "\(answer)")
            // Without a length the same, once so much has come.
            let chunked = try RawConnection(port: port)
            chunked.send(head("POST", path, fixture.admin, "Idempotency-Key: a\r\nTransfer-Encoding: chunked\r\n"))
            for _ in 0..<5 { chunked.send("4000\r\n" + String(repeating: " ", count: 0x4000) + "\r\n") }
            #expect(await chunked.receive(until: isWhole).text.hasPrefix("HTTP/1.1 413"))
            let good = try RawConnection(port: port)
            let order = JSONValue.object(APIFixture.order()).serializedText()
            let body = order + String(repeating: " ", count: 65_536 - order.utf8.count)
            good.send(head("POST", path, fixture.admin, "Idempotency-Key: a\r\nContent-Length: 65536\r\n") + body)
            #expect(await good.receive(until: isWhole).text.hasPrefix("HTTP/1.1 422"))
        }
    }

    @Test("Headers beyond the bounds end the connection")
    func headers() async throws {
        try await live { port, fixture in
            let many = (0..<100).map { "X-Field-\($0): 1\r\n" }.joined()
            let fields = [
                "X-Long: \(String(repeating: "a", count: 9_000))\r\n", many,
                (0..<5).map { "X-\($0): \(String(repeating: "a", count: 4_000))\r\n" }.joined(),
            ]
            for field in fields {
                let connection = try RawConnection(port: port)
                connection.send(head("GET", "/health", fixture.admin, field))
                let answer = await connection.receive { _ in false }
                #expect(answer.isClosed && !answer.text.hasPrefix("HTTP/1.1 200"), "\(answer.text.prefix(80))")
            }
        }
    }

    @Test("A body that trickles in loses its connection when the request's time is over")
    func slowBodies() async throws {
        var configuration = APIConfiguration()
        configuration.requestMilliseconds = 100
        try await live(configuration) { port, fixture in
            let connection = try RawConnection(port: port)
            connection.send(
                head("POST", "/api/execution-groups", fixture.admin, "Content-Length: 100\r\n") + "{")
            #expect(await connection.receive { _ in false }.isClosed)
            // The clock is the request's, not the connection's: an honest client goes on.
            let honest = try RawConnection(port: port)
            for _ in 0..<3 {
                honest.send(head("GET", "/health", fixture.admin))
                #expect(await honest.receive(until: isWhole).text.hasPrefix("HTTP/1.1 200"))
            }
        }
    }

    @Test("A client that does not take its answers loses its connection")
    func deafClients() async throws {
        var configuration = APIConfiguration()
        configuration.requestMilliseconds = 100
        try await live(configuration) { port, fixture in
            let connection = try RawConnection(port: port)
            let sent = await connection.sendUntilRefused(
                head("GET", "/api/openapi.json", fixture.admin), limit: 1_000_000)
            #expect(sent < 1_000_000)
            #expect(await connection.receive { _ in false }.isClosed)
        }
    }

    @Test("A stream ends with its connection, and HEAD opens none")
    func abandonedStreams() async throws {
        var configuration = APIConfiguration()
        // A client that went away is noticed by what is written to it.
        configuration.heartbeatMilliseconds = 20
        try await live(configuration) { port, fixture in
            let probe = try RawConnection(port: port)
            probe.send(head("HEAD", "/api/stream", fixture.admin))
            #expect(await probe.receive { $0.contains("\n\n") }.text.contains("text/event-stream"))
            do {
                let stream = try RawConnection(port: port)
                stream.send(head("GET", "/api/stream", fixture.admin))
                _ = await stream.receive { $0.contains(": open") }
                #expect(fixture.server.openStreams == 1)
            }
            let end = ContinuousClock.now + .seconds(5)
            while fixture.server.openStreams > 0, ContinuousClock.now < end { await Task.yield() }
            #expect(fixture.server.openStreams == 0)
        }
    }

    @Test("A connection on which nothing happens is closed")
    func idle() async throws {
        var configuration = APIConfiguration()
        configuration.idleMilliseconds = 100
        try await live(configuration) { port, _ in
            let silent = try RawConnection(port: port)
            #expect(await silent.receive { _ in false }.isClosed)
            let dribbling = try RawConnection(port: port)
            dribbling.send("GET /health HTT")
            #expect(await dribbling.receive { _ in false }.isClosed)
        }
    }

    @Test("Requests one after another share a connection, also after a refused one")
    func keepAlive() async throws {
        try await live { port, fixture in
            let connection = try RawConnection(port: port)
            for (path, status) in [("/health", 200), ("/nowhere", 404), ("/api/runs?limit=x", 400), ("/api/runs", 200)]
            {
                connection.send(head("GET", path, fixture.admin))
                let answer = await connection.receive(until: isWhole)
                #expect(answer.text.hasPrefix("HTTP/1.1 \(status)"), "\(path): \(answer.text)")
            }
            connection.send(head("GET", "/health", fixture.admin, "Connection: close\r\n"))
            #expect(await connection.receive { _ in false }.isClosed)
        }
    }

    @Test("A key bound to this address opens the door, one bound to another does not")
    func addresses() async throws {
        try await live { port, fixture in
            for (rule, status) in [("127.0.0.0/8", 200), ("10.0.0.0/8", 403)] {
                let connection = try RawConnection(port: port)
                connection.send(head("GET", "/api/runs", try fixture.key(.read, addresses: [rule])))
                #expect(await connection.receive(until: isWhole).text.hasPrefix("HTTP/1.1 \(status)"))
            }
        }
    }

    @Test("A stop ends event streams and idle connections within its time")
    func stopping() async throws {
        let fixture = try await APIFixture()
        let port = try await fixture.server.start()
        let stream = try RawConnection(port: port)
        stream.send(head("GET", "/api/stream", fixture.admin))
        #expect(await stream.receive { $0.contains(": open") }.text.contains("200"))
        let idle = try RawConnection(port: port)
        idle.send(head("GET", "/health", fixture.admin))
        _ = await idle.receive(until: isWhole)
        let start = ContinuousClock.now
        await fixture.stop()
        #expect(ContinuousClock.now - start < .seconds(4))
        let ends = (await stream.receive { _ in false }.isClosed, await idle.receive { _ in false }.isClosed)
        #expect(ends.0 && ends.1)
        #expect(throws: RawConnection.Failure.self) { try RawConnection(port: port) }
    }

    @Test("An event stream goes on where it broke off, without a gap or a repetition, and sends heartbeats")
    func streams() async throws {
        var configuration = APIConfiguration()
        configuration.heartbeatMilliseconds = 50
        try await live(configuration) { port, fixture in
            try await fixture.server.application().test(.router) { test in
                let client = APIClient(client: test, key: fixture.admin)
                func place(_ key: String) async throws {
                    _ = try await client.send(
                        .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: key)
                }
                @Sendable func ids(_ text: String) -> [String] {
                    text.components(separatedBy: "\n\n").filter { !$0.contains("event: snapshot") }
                        .flatMap { $0.split(separator: "\n") }.filter { $0.hasPrefix("id: ") }
                        .map { String($0.dropFirst(4)) }
                }
                let first = try RawConnection(port: port)
                first.send(head("GET", "/api/stream?topics=runs,legs", fixture.admin))
                _ = await first.receive { $0.contains(": open") }
                try await place("a")
                let told = await first.receive { ids($0).count >= 4 && $0.contains(": heartbeat") }.text
                #expect(ids(told).count == 4 && Set(ids(told)).count == 4, "\(told)")
                #expect(told.contains("event: runs") && told.contains("\"type\":\"leg_refused\""))
                let middle = try #require(ids(told).dropFirst().first)
                try await place("b")
                // Comes back after the second event, having missed the rest and another run.
                let second = try RawConnection(port: port)
                second.send(head("GET", "/api/stream?topics=runs,legs", fixture.admin, "Last-Event-ID: \(middle)\r\n"))
                _ = await second.receive { ids($0).count >= 6 }
                try await place("c")
                let third = try RawConnection(port: port)
                third.send(head("GET", "/api/stream?topics=runs,legs", fixture.admin, "Last-Event-ID: \(middle)\r\n"))
                let again = await third.receive { ids($0).count >= 10 }.text
                #expect(Array(ids(again).prefix(2)) == Array(ids(told).suffix(2)), "\(ids(told)) \(ids(again))")
                #expect(ids(again).count == 10 && Set(ids(again)).count == 10)
                // A stream of a key that is bound to another group stays silent about this one.
                let bound = try RawConnection(port: port)
                bound.send(
                    head("GET", "/api/stream", try fixture.key(.read, groups: ["others"]), "Last-Event-ID: 0-0\r\n"))
                let heard = await bound.receive { $0.components(separatedBy: ": heartbeat").count > 2 }.text
                #expect(
                    !heard.contains("\"group_id\":\"family\"") && !heard.contains("\"account_id\":\"P1\""), "\(heard)")
            }
        }
    }
}
