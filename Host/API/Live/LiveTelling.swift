import Adapters
import Domain
import Gateway
import NIOCore

/// One client's live view of the gateway, whatever transport carries it: a full snapshot first, or what it missed where it
/// comes back soon enough; then events as they happen, each once and in order.
///
/// A client that reads too slowly loses what is queued for it and gets a fresh snapshot that says so: nothing is held for
/// it without bound, and nobody waits for it.
struct LiveTelling {
    /// Journal records that a returning client is told at most; one that missed more gets a snapshot.
    private static let replayRecords = 1_000
    /// Live runs of a snapshot at most, the newest.
    static let snapshotRuns = 500
    /// Bytes that are put together before they are written.
    private static let portion = 65_536

    /// Why a snapshot is sent.
    enum Reason: String, CaseIterable {
        case connected
        case tooFarBehind = "too_far_behind"
        case fellBehind = "fell_behind"
    }

    let filter: EventFilter
    let queue: EventQueue
    let resume: EventPlace?
    /// What was told already: everything up to here is left out.
    private var told = EventPlace(sequence: 0, index: 0)

    init(filter: EventFilter, queue: EventQueue, resume: EventPlace?) {
        (self.filter, self.queue, self.resume) = (filter, queue, resume)
    }

    /// Tells until the queue ends or `send` fails.
    ///
    /// - Parameter send: takes some messages and returns when the transport has taken them.
    mutating func run(_ send: ([LiveMessage]) async throws -> Void) async throws {
        if let resume {
            try await replay(after: resume, send)
        } else {
            try await send([await snapshot(.connected)])
        }
        while true {
            switch await queue.next() {
            case .items(let items):
                var messages: [LiveMessage] = []
                var size = 0
                for item in items {
                    guard let message = message(item) else { continue }
                    messages.append(message)
                    if case .told(_, _, let json) = message { size += json.count }
                    if size >= Self.portion {
                        try await send(messages)
                        (messages, size) = ([], 0)
                    }
                }
                if !messages.isEmpty { try await send(messages) }
            case .fellBehind: try await send([await snapshot(.fellBehind)])
            case .idle: try await send([.heartbeat])
            case .ended: return
            }
        }
    }

    private mutating func replay(
        after place: EventPlace, _ send: ([LiveMessage]) async throws -> Void
    ) async throws {
        // The record itself once more: its later events may not have been told.
        let start = place.sequence == 0 ? 0 : place.sequence - 1
        let (views, last, isComplete) = try await filter.backend.gateway.events(after: start, limit: Self.replayRecords)
        guard isComplete else { return try await send([await snapshot(.tooFarBehind)]) }
        told = place
        for chunk in stride(from: 0, to: views.count, by: 256) {
            let messages = views[chunk..<min(chunk + 256, views.count)].compactMap { message(.event(LiveEvent($0))) }
            if !messages.isEmpty { try await send(messages) }
        }
        told = max(told, EventPlace(sequence: last, index: EventPlace.end))
    }

    private mutating func message(_ item: EventHub.Item) -> LiveMessage? {
        switch item {
        case .session(let id, let status, let accounts, let at):
            guard filter.admits(session: accounts) else { return nil }
            var json = JSONWriter()
            json.session(id, status, accounts, at)
            return .told(id: nil, event: EventView.Topic.state.rawValue, json: json.bytes)
        case .event(let event):
            guard let place = EventPlace(event.view.id), place > told else { return nil }
            told = place
            guard filter.admits(event.view) else { return nil }
            let json = event.bytes { view in
                var json = JSONWriter()
                json.event(view)
                return json.bytes
            }
            return .told(id: event.view.id, event: event.view.topic.rawValue, json: json)
        }
    }

    /// Everything as it stands. Events up to `last_sequence` are in it; later ones may be in it and are told all the same.
    private mutating func snapshot(_ reason: Reason) async -> LiveMessage {
        let backend = filter.backend
        let last = backend.gateway.durableSequence
        told = EventPlace(sequence: last, index: EventPlace.end)
        let topics = filter.topics
        let principal = filter.principal
        var json = JSONWriter(reserving: 4_096)
        json.object { json in
            json.member("reason", reason.rawValue)
            json.member("last_sequence", Int64(clamping: last))
            json.member("at", backend.gateway.clock.wall())
            if topics.contains(.runs) || topics.contains(.legs) {
                let (runs, leftOut) = backend.gateway.liveRuns(limit: Self.snapshotRuns, authority: principal.authority)
                json.list("runs", runs) { $0.raw(JSONText.run($1)) }
                json.member("runs_left_out", leftOut)
            }
            if topics.contains(.positions) {
                let positions = backend.gateway.positions(of: nil, authority: principal.authority)
                json.list("positions", positions) { $0.position($1) }
            }
            if topics.contains(.state) {
                let covered = backend.coveredAccounts(principal)
                let statuses = backend.gateway.accountStatuses().filter { covered?.contains($0.account.id) ?? true }
                json.member("serving", backend.gateway.isServing)
                json.list("accounts", statuses) { $0.readiness($1) }
                let states = backend.gateway.tradingStates().filter { backend.isVisible($0.scope, principal, covered) }
                json.list("trading_states", states) { $0.tradingState($1) }
            }
        }
        return .told(id: "\(last)-\(EventPlace.end)", event: "snapshot", json: json.bytes)
    }
}
