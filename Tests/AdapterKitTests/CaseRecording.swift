import AdapterKit
import AdapterTesting
import Exact
import Foundation
import Testing

/// A folder of recordings that a test writes.
struct CaseRecording {
    var files: [String: JSONValue] = [:]
    var bytes: [String: [UInt8]] = [:]

    /// Runs the folder against an adapter; the folder is removed after.
    func run<Adapter: BrokerAdapter>(_ type: Adapter.Type = Mirror.self) throws -> CaseReport {
        let folder = FileManager.default.temporaryDirectory.appending(path: "cases-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let all = files.map { ($0.key, $0.value.serialized()) } + bytes.map { ($0.key, $0.value) }
        for (name, content) in all {
            let place = folder.appending(path: name)
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(content).write(to: place)
        }
        return try CaseRunner.run({ adapterEntry(type, $0, $1) }, path: folder.path)
    }

    /// One answer, and what it means.
    static func answer(
        _ method: String = "GET", _ path: String, _ body: JSONValue, expect: JSONValue? = nil, status: Int64 = 200,
        verdict: String? = nil, retry: String? = nil
    ) -> JSONValue {
        var answer: JSONObject = [
            "id": "one", "request": ["method": .string(method), "path": .string(path)],
            "http_status": JSONValue(status),
            "content_type": "application/json", "body": body,
        ]
        answer["expect"] = expect
        answer["for_order_placement"] = verdict.map { .string($0) }
        answer["retry"] = retry.map { .string($0) }
        return .object(answer)
    }

    /// A frame that the Mirror tells as it is, and what it means.
    static func frame(_ told: JSONValue, _ meaning: JSONObject) -> JSONValue {
        var frame = meaning
        frame["id"] = "one"
        frame["frame_hex"] = .string(told.serialized().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
        return .object(frame)
    }

    static func json(_ text: String) throws -> JSONValue { try JSONValue.parse(text) }
}

extension JSONValue {
    /// Every copy of the document in which one single value is another one, and where.
    var altered: [(place: String, name: String, document: JSONValue)] {
        switch self {
        case .object(let members):
            return members.flatMap { member in
                member.value.altered.map { change in
                    var copy = members
                    copy[member.key] = change.document
                    let name = change.name.isEmpty ? member.key : change.name
                    return ("\(member.key).\(change.place)", name, JSONValue.object(copy))
                }
            }
        case .array(let items):
            return items.enumerated().flatMap { index, item in
                item.altered.map { change in
                    var copy = items
                    copy[index] = change.document
                    return ("\(index).\(change.place)", change.name, JSONValue.array(copy))
                }
            }
        case .string(let text): return [("", "", .string("\(text)x"))]
        case .bool(let isSo): return [("", "", .bool(!isSo))]
        case .null: return [("", "", 7)]
        case .number: return [("", "", decimal?.adding(3).map { JSONValue($0) } ?? 3)]
        }
    }

    /// Every copy of the document in which one object has a member that nobody knows.
    var withSurprise: [JSONValue] {
        switch self {
        case .object(let members):
            var own = members
            own["surprise"] = 1
            return [.object(own)]
                + members.flatMap { member in
                    member.value.withSurprise.map { changed in
                        var copy = members
                        copy[member.key] = changed
                        return JSONValue.object(copy)
                    }
                }
        case .array(let items):
            return items.enumerated().flatMap { index, item in
                item.withSurprise.map { changed in
                    var copy = items
                    copy[index] = changed
                    return JSONValue.array(copy)
                }
            }
        default: return []
        }
    }
}
