import Domain
import Exports
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOConcurrencyHelpers
import NIOCore
import Settings
import Testing

@testable import API

/// A collector that keeps what it is sent and answers as it is told.
private final class Receiver: Sendable {
    let bodies = NIOLockedValueBox<[[UInt8]]>([])
    let authorizations = NIOLockedValueBox<[String?]>([])
    private let answers: NIOLockedValueBox<[HTTPResponse.Status]>

    init(_ answers: [HTTPResponse.Status]) { self.answers = NIOLockedValueBox(answers) }

    /// Serves on the loopback address while `body` runs.
    func serve(_ body: @escaping @Sendable (String) async throws -> Void) async throws {
        let router = Router()
        router.post("/v1/traces") { request, _ -> HTTPResponse.Status in
            guard request.headers[.contentType] == "application/json" else { return .unsupportedMediaType }
            self.authorizations.withLockedValue { $0.append(request.headers[.authorization]) }
            let bytes = Array(try await request.body.collect(upTo: 1 << 20).readableBytesView)
            self.bodies.withLockedValue { $0.append(bytes) }
            return self.answers.withLockedValue { $0.isEmpty ? .ok : $0.removeFirst() }
        }
        let application = Application(
            router: router, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)))
        try await application.test(.live) { client in
            try await body("http://127.0.0.1:\(client.port ?? 0)/v1/traces")
        }
    }
}

@Suite("Ended runs go to a collector, beside everything else")
struct TracePushTests {
    private func push(
        _ answers: [HTTPResponse.Status], traceparents: [String?] = [nil],
        until isEnough: @escaping @Sendable (TracePush.Counts) -> Bool
    ) async throws -> (counts: TracePush.Counts, bodies: [[UInt8]]) {
        let receiver = Receiver(answers)
        let counts = NIOLockedValueBox(TracePush.Counts())
        let told = NIOLockedValueBox(TracePush.Counts(sent: -1))
        try await receiver.serve { endpoint in
            let fixture = try await APIFixture()
            let secret = Secret(Array("Bearer not-a-secret".utf8))
            let push = TracePush(
                Collector(endpoint, headers: [("Authorization", secret)]), gateway: fixture.gateway,
                logger: Logger(label: "test"), tell: { counts in told.withLockedValue { $0 = counts } },
                pause: { _ in try await Task.sleep(for: .milliseconds(2)) })
            let task = Task { await push.run() }
            for _ in 0..<2_000 where !fixture.gateway.hub.hasSubscribers { try await Task.sleep(for: .milliseconds(1)) }
            try await APIFixture.router(fixture) { client in
                for (index, traceparent) in traceparents.enumerated() {
                    _ = try await client.send(
                        .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "k\(index)",
                        headers: traceparent.map { [.clientTrace: $0] } ?? [:])
                }
                for _ in 0..<2_000 where !isEnough(push.counts) { try await Task.sleep(for: .milliseconds(5)) }
            }
            task.cancel()
            await task.value
            counts.withLockedValue { $0 = push.counts }
        }
        #expect(told.withLockedValue { $0 } == counts.withLockedValue { $0 }, "each change is told")
        let authorizations = receiver.authorizations.withLockedValue { $0 }
        #expect(authorizations.allSatisfy { $0 == "Bearer not-a-secret" })
        return (counts.withLockedValue { $0 }, receiver.bodies.withLockedValue { $0 })
    }

    @Test("Each run arrives once, as the official messages parse it, and is tried again while the collector is busy")
    func arrives() async throws {
        let (counts, bodies) = try await push([.serviceUnavailable, .tooManyRequests], traceparents: [nil, nil, nil]) {
            $0.sent == 3
        }
        #expect(counts == TracePush.Counts(sent: 3, failed: 0, dropped: 0) && bodies.count == 5)
        #expect(Set(bodies).count == 3)
        for body in Set(bodies) {
            guard let read = try PythonReader.read(body, with: "otlp.py") else { return }
            #expect(read["legs"]?.int64 == 3 && read["service"]?.string == "sluice")
        }
    }

    @Test(
        "A collector that refuses is not asked again; one that stays busy is left after so many attempts; both are counted"
    )
    func refused() async throws {
        let refused = try await push([.badRequest]) { $0.failed == 1 }
        #expect(refused.counts.failed == 1 && refused.bodies.count == 1)
        let busy = try await push(.init(repeating: .badGateway, count: TracePush.attempts)) { $0.failed == 1 }
        #expect(busy.counts.failed == 1 && busy.bodies.count == TracePush.attempts)
    }

    @Test("A header's secret is read where it is kept; one that is not there, or is no header, stops the start by name")
    func secrets() throws {
        var settings = SluiceConfiguration.Exports()
        settings.collector = "http://127.0.0.1:4318/v1/traces"
        settings.collectorHeaders = ["Authorization": .environment("COLLECTOR_KEY")]
        #expect(throws: Never.self) {
            _ = try Collector(settings, environment: ["COLLECTOR_KEY": "Bearer not-a-secret"])
        }
        for environment in [[:], ["COLLECTOR_KEY": "not-a-secret\r\nHost: evil"]] {
            do {
                _ = try Collector(settings, environment: environment)
                Issue.record("it is taken")
            } catch {
                #expect(error.description.contains("exports.otlp.headers.Authorization: env:COLLECTOR_KEY"))
                #expect(!error.description.contains("evil"))
            }
        }
    }

    @Test("A trace that its client does not record is not sent")
    func unsampled() async throws {
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
        // Runs are looked at in their order: when the second has been sent, the first has been passed over.
        let (counts, bodies) = try await push([], traceparents: [header + "0", nil]) { $0.sent == 1 }
        #expect(counts == TracePush.Counts(sent: 1) && bodies.count == 1)
        #expect(bodies.allSatisfy { !String(decoding: $0, as: UTF8.self).contains("0af7651916cd43dd8448eb211c80319c") })
        let sampled = try await push([], traceparents: [header + "1"]) { $0.sent == 1 }
        #expect(
            sampled.bodies.allSatisfy {
                String(decoding: $0, as: UTF8.self).contains("0af7651916cd43dd8448eb211c80319c")
            })
        #expect(sampled.bodies.count == 1)
    }
}
