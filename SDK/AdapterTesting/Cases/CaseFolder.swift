import Exact

/// The recorded cases of one venue. Files that are not there are empty; one that is there and cannot be read is an error.
///
/// Read are `requests.json`, `responses.json` or `responses/index.json`, `errors.json`, `order_updates.json`, the server's
/// side of `ws.json`, and every file of `ticks/`.
public struct CaseFolder: Sendable {
    /// An operation and the request it makes.
    struct RequestCase: Sendable {
        var name: String
        var intent: JSONObject
        var record: JSONObject
        var operation: String { intent["op"]?.string ?? "" }
        var method: String { record["method"]?.string ?? "" }
        var path: String { record["path"]?.string ?? "" }
        /// The path, and others that are as good.
        var paths: [String] {
            [path] + (record["path_alternatives"]?.array ?? []).compactMap(\.string)
        }
    }

    /// An answer, which request it answers, and what it means.
    struct AnswerCase: Sendable {
        var file: String
        var name: String
        var record: JSONObject
        var status: Int
        var headers: [String: String]
        var body: [UInt8]
        var method: String
        var path: String
        /// A case of `requests.json`.
        var answersCase: String?
        var expect: JSONObject?
        /// `for_order_placement`.
        var verdict: String?
        var retry: String?
        /// Whether the broker sends it unasked: its path is then a remark in words.
        var isPush: Bool { !path.isEmpty && !path.hasPrefix("/") }
    }

    /// A message of the broker's stream, and what it means.
    struct FrameCase: Sendable {
        var file: String
        var name: String
        var record: JSONObject
        var bytes: [UInt8]
        var isText: Bool
        var expect: JSONObject?
        /// Which of several connections it came over, where the recording says so.
        var connection: String?
        /// Not a frame but the body of a call that the broker makes.
        var isPostback = false
        /// One packet without the frame around it.
        var isPacket = false
        var meaning = FrameMeaning.packets([])
        /// What the client must answer.
        var answer: [UInt8]?
        /// Cut short: nothing of it may be told.
        var isBroken = false
    }

    /// What a frame of prices says.
    enum FrameMeaning: Sendable {
        /// Each packet in its order.
        case packets([JSONObject])
        /// Records on a connection that remembers: what is told is the state after them.
        case records(JSONObject)
    }

    /// Frames of prices that are fed one after another: each to a connection of its own, or all to one.
    struct TickFile: Sendable {
        var frames: [FrameCase]
        var isOneConnection: Bool
    }

    var requests: [RequestCase] = []
    var responses: [AnswerCase] = []
    var errors: [AnswerCase] = []
    var updates: [FrameCase] = []
    var ticks: [TickFile] = []
    /// Frames of which nothing says what they mean.
    var unexplained: [String] = []
    /// Files that hold no cases in a form that is known.
    var unread: [String] = []

    /// How many cases there are.
    public var count: Int {
        requests.count + responses.count + errors.count + updates.count + ticks.reduce(0) { $0 + $1.frames.count }
    }

    /// Reads a folder.
    public init(path: String) throws(CaseError) {
        var disk = try CaseDisk(path: path)
        requests = try CaseFolder.requests(&disk)
        responses = try CaseFolder.answers("responses.json", &disk)
        responses += try CaseFolder.answers("responses/index.json", &disk)
        errors = try CaseFolder.answers("errors.json", &disk)
        for entry in try disk.entries("order_updates.json") { updates.append(try CaseFolder.update(entry)) }
        for entry in try disk.entries("ws.json", members: ["server"]) { updates.append(try CaseFolder.update(entry)) }
        try readTicks(&disk)
        try checkNames()
        unread = disk.files().filter { !disk.read.contains($0) && !unexplained.contains($0) }
        guard count > 0 else {
            let found = unread.isEmpty ? "it is empty" : "it holds \(unread.prefix(6).joined(separator: ", "))"
            throw CaseError(
                description:
                    "\(path) holds no requests.json, responses, errors.json, order_updates.json or ticks (\(found))")
        }
    }

    private static func requests(_ disk: inout CaseDisk) throws(CaseError) -> [RequestCase] {
        var requests: [RequestCase] = []
        for entry in try disk.entries("requests.json") {
            guard let intent = try entry.object("intent") else {
                throw entry.wrong("intent", "an object with `op`", entry.object["intent"])
            }
            guard let operation = intent["op"]?.string, !operation.isEmpty else {
                throw entry.wrong("intent.op", "text", intent["op"])
            }
            if let credentials = intent["credentials"], credentials.object == nil {
                throw entry.wrong("intent.credentials", "an object", credentials)
            }
            _ = try entry.requiredText("method")
            guard try entry.requiredText("path").hasPrefix("/") else {
                throw entry.wrong("path", "a path that begins with /", entry.object["path"])
            }
            for member in ["host", "query_raw", "raw_query", "content_type", "body_raw"] { _ = try entry.text(member) }
            for (name, value) in try entry.object("headers") ?? JSONObject() where value.string == nil {
                throw entry.wrong("headers.\(name)", "text", value)
            }
            _ = try entry.object("query")
            for item in try entry.list("redundant_fields") ?? [] where item.string == nil {
                throw entry.wrong("redundant_fields", "a list of names", item)
            }
            requests.append(RequestCase(name: entry.name, intent: intent, record: entry.object))
        }
        return requests
    }

    /// A case that an answer names must be there, or the answer would be run as another's.
    private func checkNames() throws(CaseError) {
        guard !requests.isEmpty else { return }
        let names = Set(requests.map(\.name))
        for answer in responses + errors {
            if let name = answer.answersCase, !names.contains(name) {
                throw CaseError(
                    description:
                        "\(answer.file): \(answer.name): answers_case must be a case of requests.json; it is \(name)")
            }
        }
    }
}
