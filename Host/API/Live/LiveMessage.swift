import NIOCore

/// What a live client is sent, before it takes the form of its transport.
enum LiveMessage {
    /// `event` is the topic, or `snapshot`.
    case told(id: String?, event: String, json: [UInt8])
    /// Nothing happened for a while.
    case heartbeat

    func write(to buffer: inout ByteBuffer, isFramed: Bool) {
        if isFramed { writeFrame(to: &buffer) } else { writeEvent(to: &buffer) }
    }

    /// A server-sent event. JSON has no line breaks, so one data line holds it.
    func writeEvent(to buffer: inout ByteBuffer) {
        switch self {
        case .heartbeat: buffer.writeStaticString(": heartbeat\n\n")
        case .told(let id, let event, let json):
            if let id {
                buffer.writeStaticString("id: ")
                buffer.writeString(id)
                buffer.writeStaticString("\n")
            }
            buffer.writeStaticString("event: ")
            buffer.writeString(event)
            buffer.writeStaticString("\ndata: ")
            buffer.writeBytes(json)
            buffer.writeStaticString("\n\n")
        }
    }

    /// A WebSocket frame: text for what is told, a ping for a sign of life.
    func writeFrame(to buffer: inout ByteBuffer) {
        switch self {
        case .heartbeat: WebSocketFrames.write(.ping, [], to: &buffer)
        case .told(let id, let event, let json):
            var text: [UInt8] = []
            text.reserveCapacity(json.count + 96)
            text.append(contentsOf: "{\"id\":".utf8)
            text.append(contentsOf: (id.map { "\"\($0)\"" } ?? "null").utf8)
            text.append(contentsOf: ",\"event\":\"\(event)\",\"data\":".utf8)
            text.append(contentsOf: json)
            text.append(UInt8(ascii: "}"))
            WebSocketFrames.write(.text, text, to: &buffer)
        }
    }
}
