import Domain
import HTTPTypes
import Hummingbird

/// `openapi.json`, made of the routes' table and the schemas.
enum OpenAPI {
    static func document(_ routes: [Route]) -> [UInt8] {
        var paths = JSONObject()
        for route in routes {
            var operations = paths[route.path]?.object ?? JSONObject()
            operations[route.method.rawValue.lowercased()] = .object(operation(route))
            paths[route.path] = .object(operations)
        }
        var schemas = JSONObject()
        for schema in Schema.requests + Schema.answers { schemas[schema.name] = .object(object(schema)) }
        let document: JSONValue = [
            "openapi": "3.1.0",
            "info": [
                "title": "Sluice", "version": "1",
                "description": .string(
                    "One parent order, fanned out over many accounts at many brokers. Decimals are strings in answers, strings or "
                        + "numbers in requests; times are RFC 3339 in UTC; unknown fields and parameters are refused; errors are "
                        + "problem documents of RFC 9457 whose entries name path, value, message and remedy."),
            ], "paths": .object(paths),
            "components": [
                "schemas": .object(schemas),
                "securitySchemes": [
                    "key": ["type": "http", "scheme": "bearer", "bearerFormat": "slc_<env>_<id>_<secret>_<crc>"]
                ],
            ],
        ]
        return document.serialized()
    }

    // MARK: Operations

    private static func operation(_ route: Route) -> JSONObject {
        var operation: JSONObject = ["summary": .string(route.summary), "operationId": .string(identifier(route))]
        if case .scope(let scope) = route.access {
            operation["security"] = [["key": []]]
            operation["x-scope"] = .string(scope.rawValue)
            operation["x-firm-wide"] = .bool(route.isFirmWide)
        } else {
            operation["security"] = []
        }
        let parameters = parameters(route)
        if !parameters.isEmpty { operation["parameters"] = .array(parameters) }
        if let body = route.body {
            operation["requestBody"] = [
                "required": true, "content": ["application/json": ["schema": reference(body.name)]],
            ]
        }
        operation["responses"] = .object(responses(route))
        return operation
    }

    private static func identifier(_ route: Route) -> String {
        let parts = route.path.split { "/{}-.".contains($0) }
        return ([route.method.rawValue.lowercased()] + parts.map(String.init)).joined(separator: "_")
    }

    private static func parameters(_ route: Route) -> [JSONValue] {
        func parameter(_ name: String, in place: String, required: Bool, _ schema: JSONValue, _ note: String)
            -> JSONValue
        {
            [
                "name": .string(name), "in": .string(place), "required": .bool(required), "schema": schema,
                "description": .string(note),
            ]
        }
        var list = route.path.split(separator: "/").filter { $0.hasPrefix("{") }.map { part in
            parameter(String(part.dropFirst().dropLast()), in: "path", required: true, ["type": "string"], "")
        }
        list += route.query.map { parameter($0.name, in: "query", required: false, schema($0.kind), $0.note) }
        if route.needsIdempotencyKey {
            list.append(
                parameter(
                    "Idempotency-Key", in: "header", required: true,
                    ["type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[ -~]+$"],
                    "the same for each repetition of one request"))
        }
        if route.takesVersion {
            list.append(
                parameter(
                    "If-Match", in: "header", required: false, ["type": "string"], "the version that is to be changed"))
        }
        return list
    }

    /// Answers that are no JSON.
    private static let mediaTypes = [
        "EventStream": "text/event-stream", "EventSocket": "text/plain", "MetricsText": "text/plain",
    ]

    private static func responses(_ route: Route) -> JSONObject {
        var responses = JSONObject()
        for status in route.statuses {
            guard status != 204 else {
                responses["204"] = ["description": "Done"]
                continue
            }
            let type = mediaTypes[route.answer] ?? "application/json"
            let schema: JSONValue =
                mediaTypes[route.answer] != nil
                ? ["type": "string"] : route.answer == "Document" ? ["type": "object"] : reference(route.answer)
            var content: JSONObject = [type: ["schema": schema]]
            for type in route.textTypes { content[type] = ["schema": ["type": "string"]] }
            responses["\(status)"] = ["description": .string(route.summary), "content": .object(content)]
        }
        var failures: [(Int, String)] = [(400, "The request is not valid")]
        if route.access != .open { failures += [(401, "No valid key"), (403, "The key does not permit this")] }
        if route.path.contains("{") { failures.append((404, "Not found")) }
        if route.needsIdempotencyKey || route.method == .delete || route.statuses.contains(201) {
            failures.append((409, "Conflict, or the idempotency key is in use"))
        }
        if route.takesVersion { failures.append((412, "The stored version is another")) }
        if route.method != .get { failures.append((413, "The body is too large")) }
        if route.needsIdempotencyKey {
            failures += [
                (
                    422,
                    "Every leg was refused (the body is the run), or the idempotency key was used for another request"
                ),
                (429, "Too much waits; see Retry-After"),
            ]
        }
        failures.append((503, "Not serving, or the store failed"))
        for (status, text) in failures {
            responses["\(status)"] = [
                "description": .string(text), "content": ["application/problem+json": ["schema": reference("Problem")]],
            ]
        }
        return responses
    }

    // MARK: Schemas

    private static func reference(_ name: String) -> JSONValue { ["$ref": .string("#/components/schemas/\(name)")] }

    private static func object(_ schema: Schema) -> JSONObject {
        var properties = JSONObject()
        for field in schema.fields {
            var property = Self.schema(field.kind)
            if field.isNullable { property = ["anyOf": [property, ["type": "null"]]] }
            if !field.note.isEmpty, var object = property.object {
                object["description"] = .string(field.note)
                property = .object(object)
            }
            properties[field.name] = property
        }
        var object: JSONObject = [
            "type": "object", "description": .string(schema.note), "properties": .object(properties),
        ]
        let required = schema.fields.filter(\.isRequired).map { JSONValue.string($0.name) }
        if !required.isEmpty { object["required"] = .array(required) }
        if Schema.requests.contains(where: { $0.name == schema.name }) { object["additionalProperties"] = false }
        return object
    }

    private static func schema(_ kind: Schema.Kind) -> JSONValue {
        switch kind {
        case .text: ["type": "string"]
        case .decimal: ["type": ["string", "number"], "examples": ["2500.05"]]
        case .decimalText: ["type": "string", "examples": ["2500.05"]]
        case .integer: ["type": ["integer", "string"]]
        case .boolean: ["type": "boolean"]
        case .time: ["type": "string", "format": "date-time"]
        case .any: [:]
        case .words(let words): ["type": "string", "enum": .array(words.map { .string($0) })]
        case .object(let name): reference(name)
        case .list(let kind): ["type": "array", "items": schema(kind)]
        case .map(let kind): ["type": "object", "additionalProperties": schema(kind)]
        }
    }
}
