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
        /// The id is of no event of this journal: nothing says what the client knows.
        case unknownID = "unknown_id"
        case tooFarBehind = "too_far_behind"
        case fellBehind = "fell_behind"
    }

    let filter: EventFilter
    let queue: EventQueue
    let resume: EventPlace?
    private let form: LiveBatch.Form
    private let allocator: ByteBufferAllocator
    /// What was told already: everything up to here is left out.
    private var told = EventPlace(sequence: 0, index: 0)

    init(
        filter: EventFilter, queue: EventQueue, resume: EventPlace?, isFramed: Bool, allocator: ByteBufferAllocator
    ) {
        (self.filter, self.queue, self.resume, self.allocator) = (filter, queue, resume, allocator)
        form = LiveBatch.Form(topics: filter.topics, isFramed: isFramed)
    }

    /// Tells until the queue ends or `send` fails.
    ///
    /// - Parameter send: takes some bytes, never none, and returns when the transport has taken them.
    mutating func run(_ send: (ByteBuffer) async throws -> Void) async throws {
        if let resume {
            try await replay(after: resume, send)
        } else {
            try await send(buffer([await snapshot(.connected)]))
        }
        while true {
            switch await queue.next() {
            case .batches(let batches):
                for batch in batches {
                    // In pieces, so that a client that takes something now and then is seen to do so.
                    var bytes = bytes(of: batch)
                    while let piece = bytes.readSlice(length: min(bytes.readableBytes, Self.portion)),
                        piece.readableBytes > 0
                    {
                        try await send(piece)
                    }
                }
            case .fellBehind: try await send(buffer([await snapshot(.fellBehind)]))
            case .idle: try await send(buffer([.heartbeat]))
            case .ended: return
            }
        }
    }

    /// What this client is told of a batch: mostly what every other one is told, whose bytes are made once.
    private mutating func bytes(of batch: LiveBatch) -> ByteBuffer {
        let first = batch.first.map { EventPlace(sequence: $0.sequence, index: $0.index) }
        let last = batch.last.map { EventPlace(sequence: $0.sequence, index: $0.index) }
        guard !filter.principal.isBoundToGroups, first.map({ $0 > told }) ?? true else {
            return buffer(batch.items.compactMap { message($0) })
        }
        told = last ?? told
        return batch.bytes(form) {
            // As a client that has been told nothing.
            var everything = self
            everything.told = EventPlace(sequence: 0, index: 0)
            return buffer(batch.items.compactMap { everything.message($0) })
        }
    }

    private func buffer(_ messages: [LiveMessage]) -> ByteBuffer {
        var buffer = allocator.buffer(capacity: 1_024)
        for message in messages { message.write(to: &buffer, isFramed: form.isFramed) }
        return buffer
    }

    private mutating func replay(
        after place: EventPlace, _ send: (ByteBuffer) async throws -> Void
    ) async throws {
        // The record itself once more: its later events may not have been told.
        let start = place.sequence == 0 ? 0 : place.sequence - 1
        guard place.sequence <= filter.backend.gateway.durableSequence else {
            return try await send(buffer([await snapshot(.unknownID)]))
        }
        let (views, last, isComplete) = try await filter.backend.gateway.events(after: start, limit: Self.replayRecords)
        guard isComplete else { return try await send(buffer([await snapshot(.tooFarBehind)])) }
        told = place
        for chunk in stride(from: 0, to: views.count, by: 256) {
            let messages = views[chunk..<min(chunk + 256, views.count)].compactMap { message(.event(LiveEvent($0))) }
            if !messages.isEmpty { try await send(buffer(messages)) }
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
