import Exact
import Foundation

/// A reader of `/api/stream` on a thread of its own.
final class EventStream: Sendable {
    /// One event as it came.
    struct Event: Sendable, Equatable, CustomStringConvertible {
        /// `nil` = not in the journal, such as a session's state.
        var id: String?
        var topic: String
        var data: JSONValue

        /// What is the same each time the event is told: its place, its kind, what it is about.
        var identity: String {
            let subject = ["type", "run_id", "leg_id", "account_id", "group_id"].map { Orders.text(data[$0]) }
            return "\(id ?? "-") \(topic) \(subject.joined(separator: " "))"
        }
        var description: String { "\(id ?? "-") \(topic) \(data.serializedText())" }
    }

    private struct State {
        var events: [Event] = []
        var status: Int?
        var isEnded = false
    }

    private let state = Guarded(State())
    private let socket: LoopbackSocket?

    /// Listens from behind the event `last` on; `nil` = from now on.
    init(_ server: Server, after last: String?, topics: String? = nil) {
        let http = server.http
        socket = LoopbackSocket(port: http.port, seconds: 60)
        let headers = last.map { ["Last-Event-ID": $0] } ?? [:]
        let path = "/api/stream\(topics.map { "?topics=\($0)" } ?? "")"
        guard let socket, socket.write(http.request("GET", path, nil, headers)) else {
            state.with { $0.isEnded = true }
            return
        }
        Thread.detachNewThread { [state] in
            var parser = Parser()
            while let bytes = socket.read() {
                let events = parser.take(bytes)
                let status = parser.status
                state.with {
                    $0.events += events
                    $0.status = status
                }
            }
            state.with { $0.isEnded = true }
        }
    }

    var events: [Event] { state.with { $0.events } }
    var status: Int? { state.with { $0.status } }
    var isEnded: Bool { state.with { $0.isEnded } }
    /// Where to go on from.
    var lastID: String? { events.last { $0.id != nil }?.id }

    func close() { socket?.shutDown() }

    /// Bytes of a chunked answer, cut into events.
    private struct Parser {
        private(set) var status: Int?
        private var raw: [UInt8] = []
        private var text: [UInt8] = []

        mutating func take(_ bytes: [UInt8]) -> [Event] {
            raw += bytes
            if status == nil {
                guard let (head, start) = HTTP.head(of: raw) else { return [] }
                status = head.status
                raw.removeFirst(start)
            }
            while let end = raw.firstRange(of: [13, 10]),
                let size = Int(String(decoding: raw[..<end.lowerBound], as: UTF8.self), radix: 16),
                raw.count >= end.upperBound + size + 2
            {
                text += raw[end.upperBound..<end.upperBound + size]
                raw.removeFirst(end.upperBound + size + 2)
            }
            var events: [Event] = []
            while let end = text.firstRange(of: [10, 10]) {
                if let event = Self.event(String(decoding: text[..<end.lowerBound], as: UTF8.self)) {
                    events.append(event)
                }
                text.removeFirst(end.upperBound)
            }
            return events
        }

        private static func event(_ block: String) -> Event? {
            var fields: [String: String] = [:]
            for line in block.split(separator: "\n") where !line.hasPrefix(":") {
                guard let colon = line.firstIndex(of: ":") else { continue }
                fields[String(line[..<colon])] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
            }
            guard let data = fields["data"] else { return nil }
            return Event(
                id: fields["id"], topic: fields["event"] ?? "",
                data: (try? JSONValue.parse(data, limits: .large)) ?? .string(data))
        }
    }
}
