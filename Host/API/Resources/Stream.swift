import Adapters
import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird
import NIOConcurrencyHelpers
import NIOCore

/// `/api/stream`: what happens, as server-sent events.
///
/// An event's id is `sequence-index`: the journal record and the place in it, the same each time it is told. A client that
/// comes back with `Last-Event-ID` gets everything after it, without a gap or a repetition. One that is too far behind, or
/// reads too slowly, is told so (`event: gap`) or ended: nothing is held for it without bound.
extension Backend {
    /// Journal records that a returning client is told at most.
    private static let replayRecords = 1_000

    func openStream(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        var query = call.query
        let topics = query.value("topics", "some of \(EventView.Topic.allCases.map(\.rawValue).joined(separator: ","))")
        {
            text -> Set<EventView.Topic>? in
            let words = text.split(separator: ",").map { EventView.Topic(rawValue: String($0)) }
            return words.contains(nil) || words.isEmpty ? nil : Set(words.compactMap(\.self))
        }
        try query.check()
        let resume = try call.request.headers[.lastEventID].map { text throws(Problem) in
            guard let place = EventPlace(text) else {
                throw .invalid([
                    Problem.Entry(
                        path: "Last-Event-ID", value: text, message: "is no event id",
                        remedy: "send the id of the last event, like 42-0, or leave it out")
                ])
            }
            return place
        }
        let headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-store"]
        if call.request.method == .head { return Answer(.ok, headers: headers, body: ResponseBody()) }
        // Subscribed before the journal is read: what happens in between comes twice and is told once.
        guard let items = gateway.hub.subscribe(), let stream = streams.open(items, channel: call.channel) else {
            var problem = Problem(.serviceUnavailable, "too_many_streams", "too many event streams are open")
            problem.headers[.retryAfter] = "5"
            throw problem
        }
        let filter = EventFilter(topics: topics ?? Set(EventView.Topic.allCases), principal: principal, backend: self)
        let backend = self
        let body = ResponseBody { writer in
            defer { stream.close() }
            var telling = EventTelling(filter: filter)
            try await writer.write(ByteBuffer(string: ": open\n\n"))
            if let resume { try await backend.replay(after: resume, &telling, &writer) }
            for await frame in stream.frames {
                let bytes = telling.bytes(frame)
                guard !bytes.isEmpty else { continue }
                try await writer.write(ByteBuffer(bytes: bytes))
            }
            try await writer.finish(nil)
        }
        return Answer(.ok, headers: headers, body: body)
    }

    private func replay(
        after place: EventPlace, _ telling: inout EventTelling, _ writer: inout any ResponseBodyWriter
    ) async throws {
        // The record itself once more: its later events may not have been told.
        let start = place.sequence == 0 ? 0 : place.sequence - 1
        let (views, last, isComplete) = try await gateway.events(after: start, limit: Self.replayRecords)
        guard isComplete else {
            telling.skip(through: last)
            try await writer.write(
                ByteBuffer(string: "event: gap\nid: \(last)-\(EventPlace.end)\ndata: {\"last_sequence\":\(last)}\n\n"))
            return
        }
        telling.skip(before: place)
        for chunk in stride(from: 0, to: views.count, by: 256) {
            let bytes = views[chunk..<min(chunk + 256, views.count)].flatMap { telling.bytes(.item(.event($0))) }
            if !bytes.isEmpty { try await writer.write(ByteBuffer(bytes: bytes)) }
        }
        telling.skip(through: last)
    }
}

/// The place of an event: its journal record, and its number among the record's events.
struct EventPlace: Hashable, Comparable, Sendable {
    /// Behind every event of a record.
    static let end = 999_999_999

    let sequence: UInt64
    let index: Int

    init(sequence: UInt64, index: Int) { (self.sequence, self.index) = (sequence, index) }

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let sequence = UInt64(parts[0]), let index = Int(parts[1]), index <= Self.end
        else { return nil }
        (self.sequence, self.index) = (sequence, index)
    }

    static func < (left: EventPlace, right: EventPlace) -> Bool {
        (left.sequence, left.index) < (right.sequence, right.index)
    }
}

/// Which events a client hears of.
struct EventFilter: Sendable {
    let topics: Set<EventView.Topic>
    let principal: Principal
    let backend: Backend

    func admits(_ view: EventView) -> Bool {
        guard topics.contains(view.topic) else { return false }
        guard principal.isBoundToGroups else { return true }
        if let group = view.group { return principal.authority.covers(group) }
        let covered = backend.coveredAccounts(principal)
        if let account = view.account { return covered?.contains(account) ?? true }
        if let scope = view.facts["scope"]?.string.flatMap({ Scope($0) }) {
            return backend.isVisible(scope, principal, covered)
        }
        if let group = view.facts["group_id"]?.string { return GroupID(group).map(principal.authority.covers) ?? false }
        if let account = view.facts["account_id"]?.string {
            return AccountID(account).map { covered?.contains($0) ?? true } ?? false
        }
        return view.run == nil
    }

    func admits(session accounts: [AccountID]) -> Bool {
        guard topics.contains(.state) else { return false }
        guard let covered = backend.coveredAccounts(principal) else { return true }
        return accounts.contains(where: covered.contains)
    }
}

/// Turns what comes into frames of the stream, numbering events as they stand in their records.
struct EventTelling {
    let filter: EventFilter
    private var sequence: UInt64 = 0
    private var nextIndex = 0
    /// What was told already: everything up to here is left out.
    private var told: EventPlace?

    init(filter: EventFilter) { self.filter = filter }

    mutating func skip(before place: EventPlace) { told = place }

    mutating func skip(through sequence: UInt64) {
        let place = EventPlace(sequence: sequence, index: EventPlace.end)
        told = max(told ?? place, place)
    }

    mutating func bytes(_ frame: LiveStream.Frame) -> [UInt8] {
        switch frame {
        case .heartbeat: return Array(": heartbeat\n\n".utf8)
        case .item(.session(let id, let status, let accounts, let at)):
            guard filter.admits(session: accounts) else { return [] }
            var json = JSONWriter()
            json.session(id, status, accounts, at)
            return Self.frame(id: nil, type: EventView.Topic.state.rawValue, json.bytes)
        case .item(.event(let view)):
            guard let record = view.id.split(separator: "-").first.flatMap({ UInt64($0) }) else { return [] }
            if record != sequence { (sequence, nextIndex) = (record, 0) }
            let place = EventPlace(sequence: record, index: nextIndex)
            nextIndex += 1
            if let told, place <= told { return [] }
            guard filter.admits(view) else { return [] }
            var named = view
            named.id = "\(place.sequence)-\(place.index)"
            var json = JSONWriter()
            json.event(named)
            return Self.frame(id: named.id, type: view.topic.rawValue, json.bytes)
        }
    }

    /// JSON has no line breaks, so one data line holds it.
    private static func frame(id: String?, type: String, _ data: [UInt8]) -> [UInt8] {
        Array("\(id.map { "id: \($0)\n" } ?? "")event: \(type)\ndata: ".utf8) + data + Array("\n\n".utf8)
    }
}

extension JSONWriter {
    mutating func event(_ event: EventView) {
        object {
            $0.member("id", event.id)
            $0.member("at", event.at)
            $0.member("topic", event.topic.rawValue)
            $0.member("type", event.type)
            $0.member("run_id", event.run?.description)
            $0.member("leg_id", event.leg?.description)
            $0.member("account_id", event.account?.rawValue)
            $0.member("group_id", event.group?.rawValue)
            $0.member("facts", .object(event.facts))
        }
    }

    fileprivate mutating func session(
        _ id: SessionID, _ status: SessionStatus, _ accounts: [AccountID], _ at: Timestamp
    ) {
        object {
            $0.member("at", at)
            $0.member("topic", EventView.Topic.state.rawValue)
            $0.member("type", "session")
            $0.key("facts")
            $0.object {
                $0.member("adapter_id", id.adapter.rawValue)
                $0.list("account_ids", accounts.map(\.rawValue))
                $0.member("state", status.state.rawName)
                $0.member("expires_at", status.expiresAt)
                $0.member("error_code", status.error?.code.rawName)
                $0.member("text", status.error?.text ?? status.error?.brokerText)
            }
        }
    }
}
