package import Domain
import NIOConcurrencyHelpers

/// Every instrument that the gateway knows: records in `table`, and behind them, in the data directory, uids that are
/// given once for ever, every adapter's names with the times at which they held, and what persons acknowledged.
///
/// Refreshed one adapter at a time, from complete listings: all of a listing or nothing. Any thread; readers of `table`
/// are never blocked, refreshes wait for each other, and `finish`, `acknowledge`, `identity` and `find` block on the disk.
package final class InstrumentMaster: Sendable {
    package let table: InstrumentTable
    package let freshness: InstrumentFreshness
    /// `nil` = nothing outlives the process: simulations.
    private let database: InstrumentDatabase?
    private let book = NIOLockedValueBox(Book())
    private let cache = InstrumentSearchCache()

    /// What refreshes came to since the start.
    private struct Book {
        var last: [String: LastLoad] = [:]
    }

    /// What the last attempt to refresh a source came to.
    package struct LastLoad: Hashable, Sendable {
        package var at: Timestamp
        /// `nil` where it failed.
        package var merge: InstrumentMerge?
        package var failure: String?
        package var nanoseconds: Int64
    }

    /// A master without a file.
    package init(table: InstrumentTable = InstrumentTable(), freshness: InstrumentFreshness = InstrumentFreshness()) {
        (self.table, self.freshness, database) = (table, freshness, nil)
    }

    /// Opens or creates `instruments.db` in the data directory and takes what is in it, under an overlay.
    ///
    /// - Parameters:
    ///   - directory: The data directory, which this process owns.
    ///   - overlay: The configuration's own figures; they stand above the file's and have no age.
    package init(
        directory: String, overlay: [InstrumentFields], freshness: InstrumentFreshness, now: Timestamp
    ) throws(InstrumentMasterFailure) {
        table = InstrumentTable()
        self.freshness = freshness
        let opened = try InstrumentDatabase(path: directory + "/instruments.db")
        database = opened
        do {
            try opened.fix(overlay.map(\.id), at: now)
            let sources = try opened.sources()
            let words = try opened.words()
            let successors = try opened.successors()
            try table.change { registry in
                _ = registry.setOverlay(overlay)
                for source in sources {
                    var rows = InstrumentRows()
                    try opened.forEachRow(of: source.name) { rows.append($0) }
                    _ = registry.merge(rows.all, from: source.name, isComplete: true, at: source.refreshedAt)
                }
                for leader in words.leaders { registry.prefer(leader.source, on: leader.id) }
                try opened.forEachWithdrawn { row, source in registry.restore(row, from: source) }
                for word in words.acknowledgements where registry.statement(on: word.id) == word.stated {
                    _ = registry.acknowledge(word.id, believing: word.source)
                }
                for (old, new) in successors { registry.setSuccessor(of: old, new) }
            }
        } catch let failure as InstrumentMasterFailure {
            throw failure
        } catch {
            throw InstrumentMasterFailure("\(opened.path) cannot be read: \(error)")
        }
    }

    /// Closes the file. What is in memory stays readable.
    package func close() throws { try database?.close() }

    // MARK: Refreshing

    /// Takes a complete dump: stored and published in one step, or not at all.
    ///
    /// A dump that lacks more than half of what the source listed and has not expired since, a hundred instruments at least,
    /// is a broken one until a person says otherwise: taken, it would make half a market untradable.
    ///
    /// - Parameter acceptsShrinking: A person's word that so many instruments are gone.
    /// - Throws: `InstrumentMasterFailure`; then everything is as it was.
    @discardableResult
    package func finish(
        _ load: InstrumentLoad, at now: Timestamp, took nanoseconds: Int64 = 0, acceptsShrinking: Bool = false
    )
        throws(InstrumentMasterFailure) -> InstrumentMerge
    {
        var content = load.take()
        do throws(InstrumentMasterFailure) {
            if let failure = content.failure { throw InstrumentMasterFailure(failure) }
            guard !content.rows.isEmpty || listed(by: load.source) == 0 else {
                throw InstrumentMasterFailure(
                    "the dump has no usable row (\(content.merge.refusedCount) were refused): it is not taken for an "
                        + "empty market")
            }
            if !acceptsShrinking, let shrunken = table.look({ $0.shrinkage(content, of: load.source, at: now) }) {
                throw InstrumentMasterFailure(shrunken)
            }
            let merge = try merge(&content, of: load.source, at: now)
            note(LastLoad(at: now, merge: merge, failure: nil, nanoseconds: nanoseconds), of: load.source)
            return merge
        } catch {
            note(
                LastLoad(at: now, merge: nil, failure: error.description, nanoseconds: nanoseconds), of: load.source)
            throw error
        }
    }

    /// Notes that a dump could not be read: what is known stays, with its age.
    package func failed(_ source: String, reason: String, at now: Timestamp, took nanoseconds: Int64 = 0) {
        note(LastLoad(at: now, merge: nil, failure: reason, nanoseconds: nanoseconds), of: source)
    }

    /// Takes what a dump says, and leaves nothing of it: the search index is made after, in the room that it had.
    private func merge(
        _ content: inout InstrumentLoad.Content, of source: String, at now: Timestamp
    ) throws(InstrumentMasterFailure) -> InstrumentMerge {
        do {
            return try table.change { registry in
                defer { content = InstrumentLoad.Content() }
                let renames = registry.renames(from: source, rows: content.rows, kept: content.refused)
                let kept = registry.kept(content, of: source, renames: renames, at: now)
                content.refused.formUnion(kept)
                var merge = registry.merge(
                    content.rows.all, from: source, isComplete: true,
                    kept: content.refused, renames: renames, at: now)
                merge.absorb(content.merge)
                merge.keptCount = kept.count
                try database?.store(
                    InstrumentDatabase.Dump(
                        source: source, at: now, content: content, renames: renames, leaders: registry.leaders))
                return merge
            }
        } catch {
            throw InstrumentMasterFailure("the dump of \(source) could not be stored: \(error)")
        }
    }

    private func note(_ load: LastLoad, of source: String) { book.withLockedValue { $0.last[source] = load } }

    private func listed(by source: String) -> Int {
        table.snapshot.sources.first { $0.name == source }?.listed ?? 0
    }

    // MARK: Persons

    /// Settles what adapters say differently of an instrument: the figures of `source` are in force and nobody is
    /// quarantined for it, until one of them says something new.
    ///
    /// - Returns: What is wrong with the request; `nil` = done, and kept.
    package func acknowledge(
        _ id: InstrumentID, believing source: String, by person: String, reason: String, at now: Timestamp
    ) throws(InstrumentMasterFailure) -> String? {
        do {
            return try table.change { registry in
                if let wrong = registry.acknowledge(id, believing: source) { return wrong }
                try database?.acknowledge(
                    id, source: source, stated: registry.statement(on: id), by: person, reason: reason, at: now)
                return nil
            }
        } catch {
            throw InstrumentMasterFailure("the acknowledgement could not be stored: \(error)")
        }
    }

    // MARK: Looking

    /// Uid, validity and names of an instrument; `nil` where the file does not hold it.
    package func identity(of id: InstrumentID) throws(InstrumentMasterFailure) -> InstrumentIdentity? {
        do { return try database?.identity(of: id) } catch {
            throw InstrumentMasterFailure("the instrument's names cannot be read: \(error)")
        }
    }

    /// Instruments that a name of a namespace stands for at a time: none, one, or several, of which none is preferred.
    package func find(
        _ text: String, in namespace: String, at now: Timestamp
    ) throws(InstrumentMasterFailure) -> [InstrumentID] {
        do { return try database?.find(text, in: namespace, at: now) ?? [] } catch {
            throw InstrumentMasterFailure("names cannot be looked up: \(error)")
        }
    }

    /// The instrument that an adapter calls, or called at last, by a name; `nil` where none is known, and where the name
    /// is that of several. Any thread, a lane's too: memory for names of today, one indexed read of the file for others.
    package func instrument(alias: String, of adapter: String) -> InstrumentByAlias? {
        guard alias.utf8.count <= InstrumentHandle.maximumAliasBytes else { return nil }
        let snapshot = table.snapshot
        let index: InstrumentIndex
        switch snapshot.index(ofAlias: alias, in: adapter) {
        case .instrument(let found): index = found
        case .ambiguous: return nil
        case .unknown:
            guard let id = try? database?.lastHolder(of: alias, in: adapter), let found = snapshot.index(of: id) else {
                return nil
            }
            index = found
        }
        guard let id = snapshot.id(index) else { return nil }
        return InstrumentByAlias(
            index: index, id: id, record: snapshot.record(index),
            handle: snapshot.handle(index, for: adapter) ?? InstrumentHandle(alias: alias, brokerData: nil))
    }

    /// Instruments by the beginnings of words (`InstrumentSnapshot.search`); an answer is remembered until instruments
    /// change.
    package func search(
        _ query: String, venue: String? = nil, kind: InstrumentKind? = nil, limit: Int = 20
    ) -> (snapshot: InstrumentSnapshot, found: [InstrumentIndex]) {
        let snapshot = table.snapshot
        return (snapshot, cache.search(snapshot, query, venue: venue, kind: kind, limit: limit))
    }

    /// What is held, how old it is, and what refreshes and searches came to.
    package func statistics(at now: Timestamp) -> InstrumentStatistics {
        let snapshot = table.snapshot
        let last = book.withLockedValue { $0.last }
        let known = snapshot.sources
        let unknown = last.keys.filter { name in !known.contains { $0.name == name } }
        let sources = (known + unknown.map { ($0, nil, 0) }).sorted { $0.name < $1.name }.map { source in
            InstrumentStatistics.Source(
                name: source.name, listed: source.listed, refreshedAt: source.refreshedAt,
                isStaleForTrading: source.refreshedAt.map {
                    freshness.isStaleForTrading($0, ofAny: snapshot.venues(of: source.name), at: now)
                } ?? false,
                isStaleForSearch: source.refreshedAt.map { freshness.isStaleForSearch($0, at: now) } ?? false,
                last: last[source.name])
        }
        return InstrumentStatistics(
            instruments: snapshot.count, version: snapshot.version, sources: sources,
            quarantines: snapshot.allQuarantines, searches: cache.counts)
    }
}

/// What `GET /api/symbols/cache/stats` shows.
package struct InstrumentStatistics: Sendable {
    package struct Source: Sendable {
        package var name: String
        package var listed: Int
        /// `nil` = it has no age: nothing was read of it as a complete listing.
        package var refreshedAt: Timestamp?
        package var isStaleForTrading: Bool
        package var isStaleForSearch: Bool
        package var last: InstrumentMaster.LastLoad?
    }

    package struct Searches: Hashable, Sendable {
        package var asked: Int64 = 0
        /// Answered from memory of an earlier one.
        package var remembered: Int64 = 0
        package var entries = 0
        package var totalNanoseconds: Int64 = 0
        package var longestNanoseconds: Int64 = 0
    }

    package var instruments: Int
    package var version: Int64
    package var sources: [Source]
    package var quarantines: [(id: InstrumentID, quarantines: [InstrumentQuarantine])]
    package var searches: Searches
}

/// What `InstrumentMaster.instrument(alias:of:)` finds.
package struct InstrumentByAlias: Hashable, Sendable {
    package var index: InstrumentIndex
    package var id: InstrumentID
    /// `nil` where figures are missing.
    package var record: InstrumentRecord?
    /// The adapter's words for it, as its orders carry them.
    package var handle: InstrumentHandle
}

extension InstrumentMerge {
    /// Adds what was found before the rows were merged.
    fileprivate mutating func absorb(_ other: InstrumentMerge) {
        repeatedCount += other.repeatedCount
        cleanedCount += other.cleanedCount
        refusedCount += other.refusedCount
        refusals = Array((other.refusals + refusals).prefix(Self.maximumRefusals))
    }
}
