import Domain
import Foundation
import HTTPTypes
import Testing

@testable import API

@Suite("openapi.json describes the router, all of it and nothing else")
struct DocumentTests {
    @Test("Routes, scopes, parameters and headers of the document are those of the router")
    func routes() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            let document = try await client.send(.get, "/api/openapi.json", key: "")
            #expect(document.body["openapi"]?.string == "3.1.0")
            var described: [String: JSONValue] = [:]
            for (path, operations) in document.body["paths"]?.object ?? [:] {
                for (method, operation) in operations.object ?? [:] {
                    described["\(method.uppercased()) \(path)"] = operation
                }
            }
            let table = RouteTable(Routes.all)
            #expect(described.count == table.routes.count)
            for route in table.routes {
                let operation = try #require(described["\(route.method.rawValue) \(route.path)"])
                let scope: String? = if case .scope(let scope) = route.access { scope.rawValue } else { nil }
                #expect(operation["x-scope"]?.string == scope)
                #expect(operation["security"]?.array?.isEmpty == (scope == nil))
                let parameters = (operation["parameters"]?.array ?? []).map { $0["name"]?.string ?? "" }
                #expect(parameters.contains("Idempotency-Key") == route.needsIdempotencyKey)
                #expect(route.query.allSatisfy { parameters.contains($0.name) })
                #expect((operation["requestBody"] != nil) == (route.body != nil))
                guard case .route(let found, _) = table.find(route.method, route.path[...]) else {
                    Issue.record("\(route.path) is not found")
                    continue
                }
                #expect(found.path == route.path && found.method == route.method)
            }
        }
    }

    @Test("Every reference of the document leads somewhere")
    func references() throws {
        let document = try JSONValue.parse(OpenAPI.document(Routes.all), limits: .large)
        var references: Set<String> = []
        func visit(_ value: JSONValue) {
            switch value {
            case .array(let items): items.forEach(visit)
            case .object(let object):
                for (key, value) in object {
                    if key == "$ref", let text = value.string { references.insert(text) } else { visit(value) }
                }
            default: break
            }
        }
        visit(document)
        #expect(references.count > 20)
        for reference in references {
            #expect(document.value(at: String(reference.dropFirst())) != nil, "\(reference) leads nowhere")
        }
    }

    @Test("A schema's name is one schema's, and a field's name one field's")
    func names() {
        let schemas = Schema.requests + Schema.answers
        let counts = Dictionary(schemas.map { ($0.name, 1) }, uniquingKeysWith: +)
        #expect(counts.filter { $0.value > 1 }.keys.sorted() == [])
        for schema in schemas { #expect(Set(schema.names).count == schema.names.count, "\(schema.name)") }
    }

    @Test("What changes orders needs an idempotency key, what writes needs more than scope read")
    func rules() {
        for route in Routes.all {
            let changesOrders =
                (route.path.hasSuffix("/cancel") && !route.path.hasPrefix("/api/rms"))
                || (["/api/rms/square-off", "/api/emergency/close-all"].contains(route.path) && route.method == .post)
                || (route.path.hasSuffix("/orders") && route.method == .post)
                || (route.path == "/api/orders/{id}" && route.method != .get)
                || route.path.hasSuffix("/resolve") || route.path.hasSuffix("/release")
            #expect(route.needsIdempotencyKey == changesOrders, "\(route.method) \(route.path)")
            let isRead =
                route.method == .get || route.path.hasSuffix("/preview") || route.path == "/api/rms/explain"
            #expect(isRead || route.access != .scope(.read), "\(route.method) \(route.path)")
            // A broker has no key of ours; its adapter checks the signature of what it posts.
            #expect(route.access != .open || route.method == .get || route.path == "/api/postback/{account}")
        }
    }

    @Test("An answer has the members that its schema says, and no other")
    func answers() async throws {
        try await APIFixture.router(try await APIFixture()) { client in
            _ = try await client.send(
                .post, "/api/execution-groups/family/orders", APIFixture.order(), idempotency: "a")
            let schemas = Dictionary(
                (Schema.requests + Schema.answers).map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            func check(_ value: JSONValue, _ name: String, _ place: String) {
                guard let schema = schemas[name], let object = value.object else {
                    Issue.record("\(place) is no \(name): \(value.serializedText().prefix(200))")
                    return
                }
                for key in object.keys where !schema.names.contains(key) {
                    Issue.record("\(place): \(key) is not described")
                }
                for field in schema.fields {
                    guard let member = object[field.name], !member.isNull else {
                        #expect(!field.isRequired, "\(place): \(field.name) is missing")
                        continue
                    }
                    switch field.kind {
                    case .object(let inner): check(member, inner, "\(place)/\(field.name)")
                    case .list(.object(let inner)):
                        for item in member.array ?? [] { check(item, inner, "\(place)/\(field.name)") }
                    case .decimalText, .text, .time: #expect(member.string != nil, "\(place)/\(field.name)")
                    case .words(let words):
                        #expect(words.contains(member.string ?? ""), "\(place)/\(field.name) \(member)")
                    case .integer: #expect(member.decimalOrText?.int64 != nil, "\(place)/\(field.name)")
                    case .boolean: #expect(member.bool != nil, "\(place)/\(field.name)")
                    default: break
                    }
                }
            }
            let others = ["Document", "EventStream", "EventSocket", "MetricsText"]
            for route in Routes.all where route.method == .get && !others.contains(route.answer) {
                var path = AuthMatrixTests.path(route)
                if path == "/api/symbols/search" { path += "?query=AAPL" }
                if !route.textTypes.isEmpty { path += "?format=json" }
                let answer = try await client.send(.get, path)
                if answer.status == 200 {
                    check(answer.body, route.answer, path)
                } else {
                    check(answer.body, "Problem", path)
                }
            }
            let preview = try await client.send(.post, "/api/execution-groups/family/preview", APIFixture.order())
            check(preview.body, "Run", "preview")
        }
    }

    @Test("A method that a path has not gets 405 with those that it has; HEAD is GET without a body; TRACE is refused")
    func methods() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            let put = try await client.send(.put, "/api/runs")
            #expect(put.status == 405 && put.headers[.allow] == "GET, HEAD" && put.problem == "method_not_allowed")
            #expect(try await client.send(.trace, "/api/runs").status == 405)
            #expect(try await client.send(.trace, "/").status == 404)
            let head = try await client.send(.head, "/api/runs")
            #expect(head.status == 200 && head.text.isEmpty && (Int(head.headers[.contentLength] ?? "") ?? 0) > 0)
        }
    }

    @Test("A harmless X-Request-Id comes back, another one is replaced")
    func requestIDs() async throws {
        try await APIFixture.router(try await APIFixture(accounts: 1)) { client in
            let name = try #require(HTTPField.Name("X-Request-Id"))
            #expect(try await client.send(.get, "/health", headers: [name: "abc-1"]).headers[name] == "abc-1")
            let replaced = try await client.send(.get, "/nowhere", headers: [name: "a b<script>"])
            let made = try #require(replaced.headers[name])
            #expect(made != "a b<script>" && replaced.body["request_id"]?.string == made)
        }
    }
}
