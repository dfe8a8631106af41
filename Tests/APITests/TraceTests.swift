import Domain
import Exports
import Foundation
import HTTPTypes
import Testing

@testable import API

@Suite("A run is told to tracing tools in their own words")
struct TraceTests {
    private static let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    private func place(_ client: APIClient, traceparent: String?) async throws -> String {
        var headers = HTTPFields()
        if let traceparent { headers[.clientTrace] = traceparent }
        let answer = try await client.send(
            .post, "/api/execution-groups/family/orders?wait=done&timeout_ms=5000",
            APIFixture.order(["order_type": "MARKET", "price": .null]), idempotency: traceparent ?? "none",
            headers: headers)
        return try #require(answer.body["run_id"]?.string, "\(answer.text)")
    }

    @Test("OTLP/JSON is what the official messages parse, on the trace of the request's traceparent")
    func otlp() async throws {
        let isConnected = APIFixture.librariesDirectory != nil
        try await APIFixture.router(try await APIFixture(isConnected: isConnected)) { client in
            let id = try await place(client, traceparent: Self.traceparent)
            let bytes = try await ExportTests.bytes(client, "/api/runs/\(id)/trace?format=otlp")
            let document = try JSONValue.parse(bytes)
            let spans = try #require(
                document["resourceSpans"]?.array?.first?["scopeSpans"]?.array?.first?["spans"]?.array)
            #expect(spans.allSatisfy { $0["traceId"]?.string == "0af7651916cd43dd8448eb211c80319c" })
            #expect(spans.first?["parentSpanId"]?.string == "b7ad6b7169203331")
            #expect(Set(spans.compactMap { $0["spanId"]?.string }).count == spans.count)
            #expect(spans.count >= 1 + 3 * (isConnected ? 6 : 2))
            // Asked again, it is the same trace.
            #expect(try await ExportTests.bytes(client, "/api/runs/\(id)/trace?format=otlp") == bytes)
            guard let read = try PythonReader.read(bytes, with: "otlp.py") else { return }
            #expect(read["service"]?.string == "sluice" && read["legs"]?.int64 == 3)
            #expect(read["spans"]?.int64 == Int64(spans.count))
            #expect(read["parent"]?.string == "b7ad6b7169203331")
            #expect(read["failed"]?.int64 == (isConnected ? 0 : 4))
        }
    }

    @Test("Without a valid traceparent a run has a trace of its own")
    func own() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            var traces: Set<String> = []
            for header in [nil, "00-\(String(repeating: "0", count: 32))-b7ad6b7169203331-01", "nonsense"] {
                let id = try await place(client, traceparent: header)
                let document = try JSONValue.parse(
                    try await ExportTests.bytes(client, "/api/runs/\(id)/trace?format=otlp"))
                let root = document["resourceSpans"]?.array?.first?["scopeSpans"]?.array?.first?["spans"]?.array?.first
                #expect(root?["parentSpanId"] == nil)
                traces.insert(try #require(root?["traceId"]?.string))
            }
            #expect(traces.count == 3)
        }
    }

    @Test("Trace-event JSON nests and has every stage, for a reader that is not ours")
    func perfetto() async throws {
        let isConnected = APIFixture.librariesDirectory != nil
        try await APIFixture.router(try await APIFixture(isConnected: isConnected)) { client in
            let id = try await place(client, traceparent: nil)
            let bytes = try await ExportTests.bytes(client, "/api/runs/\(id)/trace")
            let run = try await client.send(.get, "/api/runs/\(id)")
            let reached = (run.body["legs"]?.array ?? []).flatMap { leg in
                (leg["latency_us"]?.object ?? [:]).filter { !$0.value.isNull }.map(\.key)
            }
            guard let read = try PythonReader.read(bytes, with: "perfetto.py") else { return }
            #expect(read["threads"]?.int64 == 4)
            #expect(read["slices"]?.int64 == Int64(1 + 3 + reached.count))
            #expect(read["stages"]?.array?.compactMap(\.string) == Set(reached).sorted())
        }
    }

    @Test("An unknown run is not found, an unknown format refused by name; a key sees only its groups' runs")
    func refusals() async throws {
        let fixture = try await APIFixture()
        let bound = try fixture.key(.read, groups: ["others"])
        try await APIFixture.router(fixture) { client in
            let id = try await place(client, traceparent: nil)
            #expect(try await client.send(.get, "/api/runs/r99/trace").status == 404)
            #expect(try await client.send(.get, "/api/runs/\(id)/trace", key: bound).status == 404)
            let answer = try await client.send(.get, "/api/runs/\(id)/trace?format=jaeger")
            #expect(answer.status == 400 && answer.paths == ["?format"])
            #expect(answer.text.contains("perfetto, otlp"))
        }
    }
}

extension HTTPField.Name {
    /// Told apart from what libraries call the same.
    static let clientTrace = HTTPField.Name("traceparent")!
}
