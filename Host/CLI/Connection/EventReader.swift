/// Takes a stream of server-sent events apart, as its pieces come.
struct EventReader {
    struct Event: Hashable {
        /// `nil` for what is in no journal.
        var id: String?
        /// The topic, or `snapshot`.
        var name = ""
        var data: [UInt8] = []
    }

    /// Bytes that may wait for the end of an event: a snapshot of many runs is long.
    private static let limit = 64 << 20
    private var waiting: [UInt8] = []

    /// The events that end in these bytes; comments are none.
    ///
    /// - Throws: `CommandFailure.message` where an event is longer than any can be.
    mutating func take(_ bytes: [UInt8]) throws -> [Event] {
        waiting += bytes
        var events: [Event] = []
        var event = Event()
        var (line, whole) = (waiting.startIndex, waiting.startIndex)
        while let end = waiting[line...].firstIndex(of: UInt8(ascii: "\n")) {
            let text = waiting[line..<end]
            line = end + 1
            if text.isEmpty {
                if !event.name.isEmpty { events.append(event) }
                (event, whole) = (Event(), line)
            } else if text.starts(with: "id: ".utf8) {
                event.id = String(decoding: text.dropFirst(4), as: UTF8.self)
            } else if text.starts(with: "event: ".utf8) {
                event.name = String(decoding: text.dropFirst(7), as: UTF8.self)
            } else if text.starts(with: "data: ".utf8) {
                event.data = Array(text.dropFirst(6))
            }
        }
        waiting.removeSubrange(..<whole)
        guard waiting.count <= Self.limit else {
            throw CommandFailure.message(
                "an event of the stream is longer than \(Self.limit) bytes",
                remedy: "check that the address is a gateway's")
        }
        return events
    }
}
