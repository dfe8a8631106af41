import Domain
import Foundation
import Gateway
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore
import Testing

@testable import API

@Suite("Live streams", .serialized)
struct LiveStreamTests {
    private func live(
        _ configuration: APIConfiguration = APIConfiguration(),
        _ body: (Int, APIFixture) async throws -> Void
    ) async throws {
        let fixture = try await APIFixture(configuration: configuration)
        do {
            let port = try await fixture.server.start()
            try await body(port, fixture)
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    private func head(_ path: String, _ key: String, _ more: String = "") -> String {
        "GET \(path) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \(key)\r\n\(more)\r\n"
    }

    private static let upgrade =
        "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

    private func place(_ key: String, _ fixture: APIFixture) async throws {
        try await fixture.server.application().test(.router) { test in
            _ = try await APIClient(client: test, key: fixture.admin).send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: key)
        }
    }

    @Test("A client that connects gets everything as it stands, of the topics it asked for and of its groups alone")
    func snapshot() async throws {
        try await live { port, fixture in
            let all = try RawConnection(port: port)
            all.send(head("/api/stream", fixture.admin))
            let told = await all.receive { $0.contains("event: snapshot") && $0.hasSuffix("\n\n") }.text
            for part in [
                "\"reason\":\"connected\"", "\"last_sequence\":", "\"runs\":[]", "\"positions\":[", "\"accounts\":[",
                "\"account_id\":\"P1\"", "\"trading_states\":[", "\"serving\":true",
            ] {
                #expect(told.contains(part), "\(part) is not in \(told)")
            }
            let some = try RawConnection(port: port)
            some.send(head("/api/stream?topics=runs", try fixture.key(.read, groups: ["others"])))
            let less = await some.receive { $0.contains("event: snapshot") && $0.hasSuffix("\n\n") }.text
            #expect(less.contains("\"runs\":[]") && !less.contains("positions") && !less.contains("P1"), "\(less)")
        }
    }

    @Test("A WebSocket tells the same events under the same ids as the stream, and goes on after the id it is given")
    func sameIDs() async throws {
        try await live { port, fixture in
            let stream = try RawConnection(port: port)
            stream.send(head("/api/stream?topics=runs,legs", fixture.admin))
            let socket = try RawConnection(port: port)
            socket.send(head("/api/ws?topics=runs,legs", fixture.admin, Self.upgrade))
            let opening = await socket.receive { $0.contains("\"event\":\"snapshot\"") }.text
            #expect(opening.hasPrefix("HTTP/1.1 101 "), "\(opening)")
            // The sample of RFC 6455 §1.3.
            #expect(opening.lowercased().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "\(opening)")
            #expect(!opening.lowercased().contains("transfer-encoding"))
            _ = await stream.receive { $0.contains("event: snapshot") }
            try await place("a", fixture)
            let events = await stream.receive { Self.streamIDs($0).count >= 4 }.text
            let frames = await socket.receive { Self.socketIDs($0).count >= 4 }.text
            #expect(Self.streamIDs(events) == Self.socketIDs(frames), "\(events)\n\(frames)")
            let middle = try #require(Self.socketIDs(frames).dropFirst().first)
            let again = try RawConnection(port: port)
            again.send(head("/api/ws?topics=runs,legs&last_event_id=\(middle)", fixture.admin, Self.upgrade))
            let rest = await again.receive { Self.socketIDs($0).count >= 2 }.text
            #expect(Self.socketIDs(rest) == Array(Self.socketIDs(frames).dropFirst(2)) && !rest.contains("snapshot"))
        }
    }

    @Test("A client whose last event is of another journal gets a snapshot that says so, and then what happens")
    func unknownID() async throws {
        try await live { port, fixture in
            let stream = try RawConnection(port: port)
            stream.send(head("/api/stream?topics=runs,legs", fixture.admin, "Last-Event-ID: 99999-0\r\n"))
            let told = await stream.receive { $0.contains("event: snapshot") && $0.hasSuffix("\n\n") }.text
            #expect(told.contains("\"reason\":\"unknown_id\""), "\(told)")
            try await place("a", fixture)
            let events = await stream.receive { Self.streamIDs($0).count >= 4 }.text
            #expect(Self.streamIDs(events).count >= 4, "\(events)")
        }
    }

    @Test("A WebSocket answers a ping, returns a close, and ends on what is no frame of a client")
    func control() async throws {
        try await live { port, fixture in
            func open() async throws -> RawConnection {
                let socket = try RawConnection(port: port)
                socket.send(head("/api/ws?topics=alerts", fixture.admin, Self.upgrade))
                _ = await socket.receive { $0.contains("\"event\":\"snapshot\"") }
                return socket
            }
            let pinged = try await open()
            _ = pinged.send([0x89, 0x82, 1, 2, 3, 4, UInt8(ascii: "h") ^ 1, UInt8(ascii: "i") ^ 2])
            #expect(await pinged.receive { $0.contains("hi") }.text.contains("hi"))
            _ = pinged.send([0x88, 0x80, 1, 2, 3, 4])
            #expect(await pinged.receive { _ in false }.isClosed)
            let unmasked = try await open()
            _ = unmasked.send([0x81, 0x02, 0x68, 0x69])
            #expect(await unmasked.receive { _ in false }.isClosed)
            let huge = try await open()
            _ = huge.send([0x82, 0xFF, 0, 0, 0, 1, 0, 0, 0, 0, 9, 9, 9, 9])
            #expect(await huge.receive { _ in false }.isClosed)
        }
    }

    @Test("What is no opening of a WebSocket is told what would be; a page of another place is refused")
    func openings() async throws {
        try await live { port, fixture in
            let cases = [
                ("", "426"), (Self.upgrade.replacingOccurrences(of: "13", with: "8"), "426"),
                (Self.upgrade.replacingOccurrences(of: "dGhl", with: "!"), "426"),
                (Self.upgrade + "Origin: https://evil.example\r\n", "403"),
                (Self.upgrade + "Origin: http://localhost\r\n", "101"),
            ]
            for (fields, status) in cases {
                let socket = try RawConnection(port: port)
                socket.send(head("/api/ws", fixture.admin, fields))
                let answer = await socket.receive { $0.contains("\r\n\r\n") || $0.contains("\n\n") }.text
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "), "\(fields): \(answer)")
            }
        }
    }

    @Test("A client that reads nothing delays nobody: the others hear everything, and it gets a fresh snapshot later")
    func stalled() async throws {
        try await live { port, fixture in
            let reading = try RawConnection(port: port)
            reading.send(head("/api/stream?topics=runs", fixture.admin))
            _ = await reading.receive { $0.contains("event: snapshot") }
            var stuck: [EventQueue] = []
            for _ in 0..<50 { stuck.append(try #require(fixture.gateway.hub.subscribe(capacity: 64))) }
            let rounds = 40
            try await fixture.server.application().test(.router) { test in
                let client = APIClient(client: test, key: fixture.admin)
                for number in 0..<rounds {
                    _ = try await client.send(
                        .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "k\(number)")
                }
            }
            let told = await reading.receive { Self.streamIDs($0).count >= rounds }.text
            #expect(Self.streamIDs(told).count == rounds && !told.contains("fell_behind"))
            var behind = 0
            for queue in stuck {
                if case .fellBehind = await queue.next() { behind += 1 }
                fixture.gateway.hub.unsubscribe(queue)
            }
            #expect(behind == 50, "\(behind) of 50 were told")
        }
    }

    @Test("A client that fell behind is told so with everything as it stands, and then what comes after it")
    func freshSnapshot() async throws {
        try await live { _, fixture in
            let queue = try #require(fixture.gateway.hub.subscribe(capacity: 8))
            defer { fixture.gateway.hub.unsubscribe(queue) }
            let principal = Principal(
                keyID: "k", person: "p", scopes: AccessScopes([.read]), authority: .everything)
            let filter = EventFilter(topics: [.runs, .legs], principal: principal, backend: fixture.server.backend)
            var telling = LiveTelling(
                filter: filter, queue: queue, resume: nil, isFramed: false, allocator: ByteBufferAllocator())
            let told = NIOLockedValueBox("")
            // Takes the first snapshot, then nothing until five runs are there, then everything.
            let (gate, open) = AsyncStream.makeStream(of: Void.self)
            let (heard, hear) = AsyncStream.makeStream(of: Void.self)
            let reader = Task {
                try await telling.run { bytes in
                    let isFirst = told.withLockedValue { text in
                        defer { text += String(buffer: bytes) }
                        return text.isEmpty
                    }
                    hear.yield()
                    if isFirst { for await _ in gate { break } }
                }
            }
            // A client that is told nothing ends the test, it does not hang it.
            let end = Task {
                try await Task.sleep(for: .seconds(20))
                hear.finish()
                open.finish()
                queue.finish()
            }
            defer { end.cancel() }
            func wait(_ condition: @Sendable (String) -> Bool) async {
                for await _ in heard where condition(told.withLockedValue { $0 }) { return }
                Issue.record("it was not told in time: \(told.withLockedValue { $0.suffix(300) })")
            }
            await wait { $0.contains("\"connected\"") }
            for number in 0..<5 { try await place("a\(number)", fixture) }
            let last = fixture.gateway.durableSequence
            // Dealt out by a thread of its own.
            let other = try #require(fixture.gateway.hub.subscribe())
            try await place("b", fixture)
            _ = await other.next()
            fixture.gateway.hub.unsubscribe(other)
            open.finish()
            await wait { $0.contains("\"fell_behind\"") }
            try await place("c", fixture)
            await wait { $0.contains("\"run_id\":\"r7\"") }
            queue.finish()
            try await reader.value
            let parts = told.withLockedValue { $0 }.components(separatedBy: "event: snapshot")
            try #require(parts.count == 3, "\(parts)")
            let snapshot = try JSONValue.parse(
                Array((parts[2].components(separatedBy: "data: ")[1].split(separator: "\n")[0]).utf8))
            let sequence = try #require(snapshot["last_sequence"]?.int64)
            #expect(sequence >= Int64(last) && snapshot["reason"]?.string == "fell_behind")
            let after = Self.streamIDs(parts[2]).compactMap { Int64($0.split(separator: "-")[0]) }
            #expect(!after.isEmpty && after.allSatisfy { $0 > sequence } && after == after.sorted(), "\(after)")
        }
    }

    /// Ids of events, those of snapshots left out.
    private static func streamIDs(_ text: String) -> [String] {
        text.components(separatedBy: "\n\n").filter { !$0.contains("event: snapshot") }.compactMap { frame in
            frame.split(separator: "\n").first { $0.hasPrefix("id: ") }.map { String($0.dropFirst(4)) }
        }
    }

    private static func socketIDs(_ text: String) -> [String] {
        text.components(separatedBy: "{\"id\":\"").dropFirst()
            .filter { $0.contains("\"event\":\"") && !$0.contains("\"event\":\"snapshot\"") }
            .compactMap { $0.split(separator: "\"").first.map(String.init) }
    }
}
