import Domain
import Engine
import Exports
import Foundation
import Gateway
import Testing

@testable import API

@Suite("An export is as long as its client takes it, and no longer", .serialized)
struct ExportStreamTests {
    private static let runs = 20
    /// So many exports one after the other are more than the buffers between a server and a client of one machine hold.
    private static let requests = 12

    private func serve(
        requestMilliseconds: Int64, _ body: (APIFixture, Int) async throws -> Void
    ) async throws {
        var configuration = APIConfiguration()
        configuration.requestMilliseconds = requestMilliseconds
        let fixture = try await APIFixture(accounts: 100, configuration: configuration)
        do {
            for index in 0..<Self.runs {
                let order = ParentOrder(
                    target: .group(try #require(GroupID("family"))), symbol: try InstrumentID("US:EQ:AAPL"), side: .buy,
                    orderType: .market, product: .intraday)
                var sized = order
                sized.quantity = ExactDecimal(10_000)
                _ = try await fixture.gateway.place(
                    sized, by: .init(keyID: "k", person: "p", authority: .everything),
                    idempotency: .init(key: "k\(index)", fingerprint: [UInt8(index)]),
                    receivedAt: fixture.gateway.clock.wall(), wait: .durable, timeoutMilliseconds: 10_000)
            }
            try await body(fixture, try await fixture.server.start())
        } catch {
            await fixture.stop()
            throw error
        }
        await fixture.stop()
    }

    /// Waits until so many exports are under way, and stay so for a while: between two of one connection there are none.
    private func settles(_ fixture: APIFixture, at count: Int) async throws -> Bool {
        var seen = 0
        for _ in 0..<4_000 {
            seen = fixture.server.openExports == count ? seen + 1 : 0
            if seen == (count == 0 ? 40 : 1) { return true }
            try await Task.sleep(for: .milliseconds(5))
        }
        return false
    }

    private func ask(_ port: Int, _ key: String, requests: Int = requests) throws -> RawConnection {
        let connection = try RawConnection(port: port, seconds: 20, receiveBuffer: 262_144)
        let request = "GET /api/exports/legs?format=ndjson HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(key)\r\n\r\n"
        connection.send(String(repeating: request, count: requests))
        return connection
    }

    @Test("A client that vanishes in the middle stops its export, and its place is free again")
    func vanished() async throws {
        try await serve(requestMilliseconds: 60_000) { fixture, port in
            do {
                let connection = try ask(port, fixture.admin)
                _ = await connection.receive { $0.contains("\"r1-1\"") }
                #expect(try await settles(fixture, at: 1))
                withExtendedLifetime(connection) {}
            }
            #expect(try await settles(fixture, at: 0))
        }
    }

    @Test("A client that takes nothing is dropped by the bound; what it has is not the whole, and others are served")
    func stalled() async throws {
        try await serve(requestMilliseconds: 300) { fixture, port in
            let stalled = try ask(port, fixture.admin)
            #expect(try await settles(fixture, at: 1))
            #expect(try await settles(fixture, at: 0))
            let part = await stalled.drain { _ in false }
            #expect(part.isClosed && !part.bytes.ends(with: "\r\n0\r\n\r\n"), "\(part.bytes.count) bytes")
            #expect(part.bytes.count { $0 == UInt8(ascii: "{") } < Self.requests * Self.runs * 100)
            let whole = await (try ask(port, fixture.admin, requests: 1)).drain { $0.ends(with: "\r\n0\r\n\r\n") }
            #expect(whole.bytes.ends(with: "\r\n0\r\n\r\n"))
            #expect(whole.bytes.count { $0 == UInt8(ascii: "{") } == Self.runs * 100)
        }
    }

    @Test("A client that takes a byte now and then is dropped by the same bound: its byte opens no room for a piece")
    func trickling() async throws {
        // Fifty bytes in the bound, of which a busy machine's client gets to a few: as a byte a second against a minute.
        try await serve(requestMilliseconds: 1_000) { fixture, port in
            let slow = try ask(port, fixture.admin)
            let reading = Task { await slow.trickle(everyMilliseconds: 20) }
            #expect(try await settles(fixture, at: 1))
            #expect(try await settles(fixture, at: 0), "its export is still there")
            reading.cancel()
            let bytes = await reading.value
            #expect(bytes >= 3, "it read all the time: \(bytes) bytes")
            let rest = await slow.drain { _ in false }
            #expect(rest.isClosed && !rest.bytes.ends(with: "\r\n0\r\n\r\n"))
        }
    }

    @Test("No more exports run at once than the bound says; one more is told when to come back")
    func bounded() async throws {
        let fixture = try await APIFixture()
        let desk = ExportDesk(ExportSources(fixture.runtime) { _ in nil })
        var held: [OpenExport] = []
        for _ in 0..<ExportDesk.maximumOpen {
            held.append(try #require(desk.begin(ExportRequest(.runs), authority: .everything)))
        }
        withExtendedLifetime(held) {
            #expect(desk.begin(ExportRequest(.runs), authority: .everything) == nil)
        }
        held.removeLast()
        withExtendedLifetime(held) {
            #expect(desk.openCount == ExportDesk.maximumOpen - 1)
            #expect(desk.begin(ExportRequest(.runs), authority: .everything) != nil)
        }
        await fixture.stop()
    }
}

extension [UInt8] {
    fileprivate func ends(with text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
