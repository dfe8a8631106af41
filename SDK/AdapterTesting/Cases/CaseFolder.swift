import Exact

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#endif

/// Why a folder of recorded cases cannot be run.
public struct CaseError: Error, Hashable, Sendable, CustomStringConvertible {
    public let description: String
}

/// The recorded cases of one venue. Files that are not there are empty; one that is there and cannot be read is an error.
public struct CaseFolder: Sendable {
    /// An operation and the request it makes.
    struct RequestCase: Sendable {
        var name: String
        var intent: JSONObject
        var record: JSONObject
        var operation: String { intent["op"]?.string ?? "" }
        var method: String { record["method"]?.string ?? "" }
        var path: String { record["path"]?.string ?? "" }
    }

    /// An answer, and which request it answers.
    struct AnswerCase: Sendable {
        var file: String
        var name: String
        var record: JSONObject
        var body: [UInt8]
        var method: String { record["request"]?["method"]?.string ?? "" }
        var path: String { record["request"]?["path"]?.string ?? "" }
        /// Whether the broker sends it unasked: its path is then a remark in words.
        var isPush: Bool { record["request"] != nil && !path.hasPrefix("/") }
        var status: Int { Int(record["http_status"]?.int64 ?? 200) }
        var headers: [String: String] {
            var headers: [String: String] = [:]
            if let type = record["content_type"]?.string { headers["content-type"] = type }
            for (name, value) in record["headers"]?.object ?? JSONObject() { headers[name] = value.string ?? "" }
            return headers
        }
    }

    /// A message of the broker's stream, and what it means.
    struct FrameCase: Sendable {
        var file: String
        var name: String
        var record: JSONObject
        var bytes: [UInt8]
        var isText: Bool
    }

    var requests: [RequestCase] = []
    var responses: [AnswerCase] = []
    var errors: [AnswerCase] = []
    var updates: [FrameCase] = []
    var ticks: [FrameCase] = []

    /// Reads a folder.
    public init(path: String) throws(CaseError) {
        for (index, record) in try CaseFolder.list(path, "requests.json").enumerated() {
            guard let intent = record["intent"]?.object, intent["op"]?.string != nil else {
                throw CaseError(description: "\(path)/requests.json: entry \(index) has no intent.op")
            }
            requests.append(RequestCase(name: record["case"]?.string ?? "\(index)", intent: intent, record: record))
        }
        for record in try CaseFolder.list(path, "responses.json") {
            responses.append(try CaseFolder.answer(path, "responses.json", record))
        }
        for record in try CaseFolder.list(path, "responses/index.json") {
            responses.append(try CaseFolder.answer(path + "/responses", "responses", record))
        }
        for record in try CaseFolder.list(path, "errors.json") {
            errors.append(try CaseFolder.answer(path, "errors.json", record))
        }
        for record in try CaseFolder.list(path, "order_updates.json") {
            updates.append(CaseFolder.frame("order_updates.json", record))
        }
        for record in try CaseFolder.list(path, "ticks/text_frames.json") {
            updates.append(CaseFolder.frame("ticks/text_frames.json", record))
        }
        for record in try CaseFolder.list(path, "ticks/generated.json", member: "frames") {
            ticks.append(CaseFolder.frame("ticks/generated.json", record))
        }
        guard !(requests.isEmpty && responses.isEmpty && errors.isEmpty && updates.isEmpty && ticks.isEmpty) else {
            throw CaseError(
                description: "\(path) holds no requests.json, responses, errors.json, order_updates.json or ticks")
        }
    }

    private static func answer(
        _ folder: String, _ file: String, _ record: JSONObject
    ) throws(CaseError) -> AnswerCase {
        let name = record["id"]?.string ?? record["file"]?.string ?? ""
        var body: [UInt8] = []
        if let file = record["file"]?.string {
            guard !file.contains(".."), let read = read("\(folder)/\(file)") else {
                throw CaseError(description: "\(folder)/\(file) cannot be read")
            }
            body = read
        } else if let text = record["body"]?.string {
            body = Array(text.utf8)
        } else if let value = record["body"], !value.isNull {
            body = value.serialized()
        } else if let text = record["body_raw"]?.string {
            body = Array(text.utf8)
        }
        return AnswerCase(file: file, name: name, record: record, body: body)
    }

    private static func frame(_ file: String, _ record: JSONObject) -> FrameCase {
        let name = record["id"]?.string ?? ""
        if let hex = record["frame_hex"]?.string {
            return FrameCase(file: file, name: name, record: record, bytes: bytes(hex: hex), isText: false)
        }
        if let text = record["frame_text"]?.string {
            return FrameCase(file: file, name: name, record: record, bytes: Array(text.utf8), isText: true)
        }
        return FrameCase(
            file: file, name: name, record: record, bytes: record["frame"]?.serialized() ?? [], isText: true)
    }

    private static func bytes(hex: String) -> [UInt8] {
        var bytes: [UInt8] = []
        var high: UInt8?
        for digit in hex.utf8 {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue.map({ UInt8($0) }) else { continue }
            if let first = high {
                bytes.append(first << 4 | value)
                high = nil
            } else {
                high = value
            }
        }
        return bytes
    }

    private static func list(
        _ folder: String, _ name: String, member: String = "cases"
    ) throws(CaseError) -> [JSONObject] {
        guard let bytes = read("\(folder)/\(name)") else { return [] }
        let document: JSONValue
        do { document = try JSONValue.parse(bytes, limits: .large) } catch {
            throw CaseError(description: "\(folder)/\(name): \(error)")
        }
        guard let items = document.array ?? document[member]?.array else {
            throw CaseError(description: "\(folder)/\(name) must be a list of cases, or an object with `\(member)`")
        }
        var objects: [JSONObject] = []
        for (index, item) in items.enumerated() {
            guard let object = item.object else {
                throw CaseError(description: "\(folder)/\(name): entry \(index) is no object")
            }
            objects.append(object)
        }
        return objects
    }

    /// A file's bytes, at most 64 MiB; `nil` where there is none.
    private static func read(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while bytes.count <= 64 << 20 {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }
}
