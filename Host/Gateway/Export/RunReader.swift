package import Domain
package import Engine
package import Store
package import Telemetry

/// Reads every run from the oldest to the newest in bounded portions, beside the running gateway.
///
/// Runs in memory are copied under the lock, which costs a reference each; the rest is rebuilt from the journal. What is
/// told is durable. One reader, one task: it keeps its place.
package struct RunReader: Sendable {
    /// Legs of a portion, unless one run alone has more.
    package static let portionLegs = 1_000
    private static let portionRuns = 256

    private let gateway: Gateway
    private var query: RunForwardQuery
    private var waiting: ArraySlice<RunWeight> = []
    private var isAtEnd = false
    /// Names and scales to describe runs with; taken anew only when there are more of them.
    private var names: Engine?

    /// - Parameters:
    ///   - after: only runs after this one.
    ///   - from: admitted at or after.
    ///   - to: admitted before.
    package init(_ gateway: Gateway, after: RunID?, group: GroupID?, from: Timestamp?, to: Timestamp?) {
        self.gateway = gateway
        query = RunForwardQuery(after: after, groupID: group, from: from, to: to, limit: Self.portionRuns)
    }

    /// The next runs; `nil` at the end. May be empty before the end: a filter looked at many rows and found none.
    package mutating func next() async throws(GatewayError) -> [RunSnapshot]? {
        guard let runs = try await nextRuns() else { return nil }
        return try await described(runs.map(\.run)) { $1.snapshot(of: $0, isPreview: false) }
    }

    /// The next runs, each with what telemetry makes of it; `nil` at the end. May be empty before the end.
    package mutating func nextSummarised() async throws(GatewayError) -> [(run: RunSnapshot, summary: RunSummary)]? {
        guard let runs = try await nextRuns() else { return nil }
        return try await described(runs.map(\.run)) {
            ($1.snapshot(of: $0, isPreview: false), RunFacts($0, $1).rows.run)
        }
    }

    /// The next runs, but for what became of them; `nil` at the end. May be empty before the end.
    package mutating func nextRuns() async throws(GatewayError) -> [RunWeight]? {
        guard let store = gateway.storage as? Store else { return nil }
        if waiting.isEmpty {
            guard !isAtEnd else { return nil }
            let query = query
            let page = try await gateway.onReader { _ in try store.runsForward(query) }
            waiting = page.rows[...]
            if let next = page.next { self.query.after = next } else { isAtEnd = true }
            if waiting.isEmpty { return [] }
        }
        var portion: [RunWeight] = []
        var legs = 0
        while let first = waiting.first, portion.isEmpty || legs + max(1, first.legs) <= Self.portionLegs {
            legs += max(1, first.legs)
            portion.append(first)
            waiting.removeFirst()
        }
        return portion
    }

    /// What became of runs that `nextRuns` named.
    package mutating func facts(of ids: [RunID]) async throws(GatewayError) -> [RunFacts] {
        try await described(ids) { RunFacts($0, $1) }
    }

    private mutating func described<Value: Sendable>(
        _ ids: [RunID], _ describe: @escaping @Sendable (Run, borrowing Engine) -> Value
    ) async throws(GatewayError) -> [Value] {
        guard !ids.isEmpty, let store = gateway.storage as? Store else { return [] }
        let known = names
        let (runs, names) = gateway.state.withLockedValue { state -> ([Run?], Engine) in
            let runs = ids.map { state.engine.runs[$0] }
            if let known, known.accounts.count == state.engine.accounts.count,
                known.instruments.count == state.engine.instruments.count
            {
                return (runs, known)
            }
            return (runs, state.engine.withoutRuns())
        }
        self.names = names
        try await gateway.settle()
        return try await gateway.onReader { _ in
            let absent = zip(ids, runs).filter { $0.1 == nil }.map(\.0)
            let rebuilt = absent.isEmpty ? nil : try Self.rebuilt(absent, names, store)
            return zip(ids, runs).compactMap { id, run in
                (run ?? rebuilt?.runs[id]).map { describe($0, names) }
            }
        }
    }

    /// An engine that holds these runs, by one pass over the records that name them.
    private static func rebuilt(_ ids: [RunID], _ names: Engine, _ store: Store) throws -> Engine {
        var engine = names
        let wanted = Set(ids)
        try store.forEachRecord(in: try store.journalSequences(of: ids)) { record in
            for event in try JournalCoder.events(record) {
                if let run = event.run, wanted.contains(run) { engine.apply(event) }
            }
        }
        return engine
    }
}
