import Adapters
import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird
import NIOCore

/// `/api/stream` and `/api/ws`: what happens, as server-sent events and as WebSocket messages.
///
/// An event's id is `sequence-index`: the journal record and the place in it, the same each time it is told. A client that
/// comes back with the last id it saw gets everything after it, without a gap or a repetition. One that comes first, is
/// too far behind, or reads too slowly gets a snapshot.
extension Backend {
    func openStream(_ call: Call) async throws -> Answer {
        let (filter, resume) = try listening(call)
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        if call.request.method == .head { return Answer(.ok, headers: headers, body: ResponseBody()) }
        let telling = try telling(filter, resume, call.channel, isFramed: false)
        let body = ResponseBody { writer in
            var telling = telling
            defer { gateway.hub.unsubscribe(telling.queue) }
            try await writer.write(ByteBuffer(string: ": open\n\n"))
            try await telling.run { try await writer.write($0) }
            try await writer.finish(nil)
        }
        return Answer(.ok, headers: headers, body: body)
    }

    func openSocket(_ call: Call) async throws -> Answer {
        let (filter, resume) = try listening(call)
        let handshake = try WebSocketHandshake(call.request)
        let telling = try telling(filter, resume, call.channel, isFramed: true)
        let body = ResponseBody { writer in
            var telling = telling
            defer { gateway.hub.unsubscribe(telling.queue) }
            try await telling.run { try await writer.write($0) }
            var goodbye = call.channel.allocator.buffer(capacity: 4)
            WebSocketFrames.writeClose(.goingAway, to: &goodbye)
            try await writer.write(goodbye)
            // After a WebSocket no further request can come on this connection.
            try await writer.finish(nil)
            call.channel.close(promise: nil)
        }
        return Answer(.switchingProtocols, headers: handshake.headers, body: body)
    }

    /// What a client wants to hear, and where it goes on: `Last-Event-ID`, or `last_event_id` where a client cannot set
    /// headers.
    private func listening(_ call: Call) throws(Problem) -> (EventFilter, EventPlace?) {
        let principal = try call.caller()
        var query = call.query
        let topics = query.value("topics", "some of \(EventView.Topic.allCases.map(\.rawValue).joined(separator: ","))")
        {
            text -> Set<EventView.Topic>? in
            let words = text.split(separator: ",").map { EventView.Topic(rawValue: String($0)) }
            return words.contains(nil) || words.isEmpty ? nil : Set(words.compactMap(\.self))
        }
        var resume = query.value("last_event_id", "the id of the last event, like 42-0") { EventPlace($0) }
        try query.check()
        if let text = call.request.headers[.lastEventID] {
            guard let place = EventPlace(text) else {
                throw .invalid([
                    Problem.Entry(
                        path: "Last-Event-ID", value: text, message: "is no event id",
                        remedy: "send the id of the last event, like 42-0, or leave it out")
                ])
            }
            resume = place
        }
        return (
            EventFilter(topics: topics ?? Set(EventView.Topic.allCases), principal: principal, backend: self), resume
        )
    }

    /// Subscribed before the journal is read: what happens in between comes twice and is told once.
    private func telling(
        _ filter: EventFilter, _ resume: EventPlace?, _ channel: any Channel, isFramed: Bool
    ) throws(Problem) -> LiveTelling {
        guard let queue = gateway.hub.subscribe() else { throw .tooManyStreams }
        guard streams.open(queue, channel: channel, hub: gateway.hub) else {
            gateway.hub.unsubscribe(queue)
            throw .tooManyStreams
        }
        return LiveTelling(
            filter: filter, queue: queue, resume: resume, isFramed: isFramed, allocator: channel.allocator)
    }
}

extension Problem {
    fileprivate static var tooManyStreams: Problem {
        var problem = Problem(.serviceUnavailable, "too_many_streams", "too many event streams are open")
        problem.headers[.retryAfter] = "5"
        return problem
    }
}
