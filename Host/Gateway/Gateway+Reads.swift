package import Domain
package import Engine
package import Store

extension Gateway {
    /// A run in its durable state, from memory or rebuilt from the journal; `nil` where there is none.
    package func settledRun(_ id: RunID) async throws(GatewayError) -> RunSnapshot? {
        if let snapshot = state.withLockedValue({ $0.engine.snapshot(of: id) }) {
            try await settle()
            return snapshot
        }
        return try await replayed(id)?.snapshot(of: id)
    }

    /// Whether a caller may see a run.
    package func covers(_ authority: TradingAuthority, _ run: RunSnapshot) -> Bool {
        guard case .groups(let groups) = authority else { return true }
        if let group = run.group { return groups.contains(group) }
        return state.withLockedValue { state in
            run.legs.allSatisfy { leg in
                groups.contains { id in state.engine.group(id)?.members.contains { $0.account == leg.account } ?? false
                }
            }
        }
    }

    /// An engine that holds one run only, rebuilt from the journal records that name it.
    private func replayed(_ id: RunID) async throws(GatewayError) -> Engine? {
        guard let store = storage as? Store else { return nil }
        let bare = state.withLockedValue { $0.engine.withoutRuns() }
        return try await onReader { _ -> Engine? in
            var engine = bare
            var found = false
            try store.forEachRecord(of: id) { record in
                for event in try JournalCoder.events(record) where event.run == id {
                    engine.apply(event)
                    found = true
                }
            }
            return found ? engine : nil
        }
    }

    /// Runs, newest first.
    package struct RunFilter: Sendable {
        package var group: GroupID?
        package var account: AccountID?
        package var status: String?
        package var before: RunID?
        package var limit: Int
        package init(group: GroupID?, account: AccountID?, status: String?, before: RunID?, limit: Int) {
            (self.group, self.account, self.status, self.before, self.limit) = (group, account, status, before, limit)
        }
    }

    package func runs(_ filter: RunFilter) async throws(GatewayError) -> (items: [RunSnapshot], next: RunID?) {
        try await settle()
        guard let store = storage as? Store else { return ([], nil) }
        let page = try await onReader { _ in
            try store.runs(
                RunQuery(
                    groupID: filter.group, accountID: filter.account, status: filter.status, before: filter.before,
                    limit: filter.limit))
        }
        var items: [RunSnapshot] = []
        for row in page.rows {
            if let run = try await settledRun(row.run) { items.append(run) }
        }
        return (items, page.next)
    }

    /// Legs, newest first.
    package func legs(
        account: AccountID?, status: String?, symbol: String?, before: LegID?, limit: Int
    ) async throws(GatewayError) -> (items: [(RunSnapshot, Int)], next: LegID?) {
        try await settle()
        guard let store = storage as? Store else { return ([], nil) }
        let page = try await onReader { _ in
            try store.legs(
                LegQuery(accountID: account, status: status, symbol: symbol, before: before, limit: limit))
        }
        var items: [(RunSnapshot, Int)] = []
        var runs: [RunID: RunSnapshot] = [:]
        for row in page.rows {
            if runs[row.leg.run] == nil { runs[row.leg.run] = try await settledRun(row.leg.run) }
            if let run = runs[row.leg.run] { items.append((run, row.leg.index)) }
        }
        return (items, page.next)
    }

    /// Executions of an account, newest first, as stored.
    package func executions(account: AccountID, limit: Int) async throws(GatewayError) -> [ExecutionRow] {
        try await settle()
        guard let store = storage as? Store else { return [] }
        return try await onReader { _ in try store.executions(.account(account), limit: limit).rows }
    }

    /// The events of one run, in order.
    package func events(of id: RunID) async throws(GatewayError) -> [EventView] {
        try await settle()
        guard let store = storage as? Store else { return [] }
        let bare = state.withLockedValue { $0.engine.withoutRuns() }
        return try await onReader { _ in
            var engine = bare
            var views: [EventView] = []
            try store.forEachRecord(of: id) { record in
                var number = 0
                for event in try JournalCoder.events(record) {
                    // Events of other runs are described for their number alone: an id is a place in the record.
                    if event.run == id { engine.apply(event) }
                    let described = EventDescriber(engine: engine).describe(
                        [event], sequence: record.sequence, at: record.recordedAt, first: number)
                    number += described.count
                    if event.run == id { views += described }
                }
            }
            return views
        }
    }

    /// Events after a place in the journal, for a stream that goes on: at most `limit` records, oldest first.
    package func events(after sequence: UInt64, limit: Int) async throws(GatewayError) -> (
        views: [EventView], last: UInt64, isComplete: Bool
    ) {
        let last = state.withLockedValue { $0.durableSequence }
        guard sequence < last else { return ([], last, true) }
        guard last - sequence <= UInt64(limit) else { return ([], last, false) }
        let state = state
        let views = try await onReader { storage in
            var views: [EventView] = []
            struct Reached: Error {}
            do {
                try storage.forEachRecord(from: sequence + 1) { record in
                    guard record.sequence <= last else { throw Reached() }
                    let events = try JournalCoder.events(record)
                    views += state.withLockedValue {
                        EventDescriber(engine: $0.engine).describe(
                            events, sequence: record.sequence, at: record.recordedAt)
                    }
                }
            } catch is Reached {}
            return views
        }
        return (views, last, true)
    }

    /// The sequence of the last durable record.
    package var durableSequence: UInt64 { state.withLockedValue { $0.durableSequence } }

    /// The newest runs that have not ended and that a caller may see, and how many more there are.
    package func liveRuns(limit: Int, authority: TradingAuthority) -> (runs: [RunSnapshot], leftOut: Int) {
        state.withLockedValue { state in
            var visible: [RunID] = []
            state.engine.runs.forEachLive { run in
                if state.engine.covers(authority, run) { visible.append(run.id) }
            }
            visible.sort(by: >)
            let runs = visible.prefix(limit).compactMap { state.engine.snapshot(of: $0) }
            return (runs, visible.count - runs.count)
        }
    }

    // MARK: Positions

    /// Positions by account, accounts in order of definition.
    package func positions(of accounts: [AccountID]?, authority: TradingAuthority) -> [PositionSnapshot] {
        state.withLockedValue { state in
            state.engine.liveAccounts.filter { account in
                (accounts?.contains(account.id) ?? true) && state.engine.covers(authority, account: account.id)
            }.flatMap { account in
                state.engine.accountNumber(account.id).map { state.engine.positionSnapshots(of: $0) } ?? []
            }
        }
    }
}
