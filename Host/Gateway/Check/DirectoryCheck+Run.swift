import Domain
import Engine
import Store

extension DirectoryCheck {
    /// Audits a data directory: the file, the chain of records, their contents, the state that they make, and the tables
    /// that stand for it. Nothing is changed but with `rebuilds`.
    ///
    /// - Parameters:
    ///   - rebuilds: first makes the tables of runs, legs and executions anew from the journal, which must be whole.
    ///   - progress: called now and then with records read and records there are.
    package static func run(
        _ directory: String, rebuilds: Bool = false, progress: (UInt64, UInt64) -> Void = { _, _ in }
    ) throws -> CheckReport {
        if rebuilds { try rebuild(directory, progress) }
        let store = try open(directory)
        defer { try? store.close() }
        var report = CheckReport(directory: store.directory)
        report.isRebuilt = rebuilds
        report.measure("file", "SQLite's own check of tables, indexes and rules") { findings in
            findings.add(try store.integrityFindings(limit: CheckReport.maximumFindings + 1))
        }
        let pending = try store.pendingMigrations()
        if pending.isEmpty {
            var chain: ChainReport?
            report.measure("chain", "every record against its hash and the record before it") { findings in
                let found = try store.verifyChain()
                findings.add(found.findings.map(\.description))
                chain = found
            }
            report.anchor = chain?.anchor.description ?? ""
        } else {
            report.skip("chain", "the next start upgrades the database (\(pending.joined(separator: ", ")))")
        }
        try judge(store, &report, progress)
        return report
    }

    // MARK: The journal and what is made of it

    private static func judge(
        _ store: Store, _ report: inout CheckReport, _ progress: (UInt64, UInt64) -> Void
    ) throws {
        let shadow = try Shadow()
        let isChained = try store.pendingMigrations().isEmpty
        var replay = JournalReplay(
            clientOrderIDPrefix: try prefix(store), noted: try store.notedState(),
            snapshots: isChained ? try store.usableSnapshots(layout: Engine.stateLayout) : [])
        var isReadable = true
        report.measure("journal", "every record decodes, numbers have no gap, times and numbers agree") { findings in
            do {
                try read(store, &replay, shadow, progress)
            } catch {
                isReadable = false
                findings.add("\(error)")
            }
            findings.add(replay.flaws)
        }
        (report.records, report.events) = (replay.records, replay.events)
        (report.runs, report.orders) = (replay.runs, replay.orders)
        guard isReadable else {
            for name in ["replay", "invariants", "tables", "idempotency", "keys"] {
                report.skip(name, "the journal cannot be read to its end")
            }
            return
        }
        report.openOrders = replay.openOrders
        judgeState(replay, &report)
        report.measure(
            "invariants",
            "V1 V2 V3 V4 V5 V6 V9 V10 V11 V12 V15 V18 by a full replay; the others need a running gateway or its brokers"
        ) { findings in
            replay.finish()
            findings.add(replay.invariants)
        }
        report.measure("tables", "runs, legs, executions and their records are what the journal says") { findings in
            findings.add(
                try shadow.differences(from: store, limit: CheckReport.maximumFindings + 1).map(\.description))
        }
        report.measure("idempotency", "every key names a run of the journal, and every run of late its key (V13)") {
            try judgeIdempotency(store, replay, &$0)
        }
        report.measure("keys", "every API key was made by an act in the journal, and ended by one") {
            try judgeKeys(store, replay, &$0)
        }
    }

    /// V16: a replay comes to the state that the gateway had come to, and that snapshots hold.
    private static func judgeState(_ replay: JournalReplay, _ report: inout CheckReport) {
        let count = replay.comparedSnapshots
        let noted = replay.isSameState == nil ? nil : replay.noted
        guard noted != nil || count > 0 else {
            let why =
                replay.noted == nil
                ? "no gateway has noted its state: none has stopped by itself yet"
                : "what was noted is of another build, or of a record that is not there"
            return report.skip("replay", why)
        }
        var parts: [String] = []
        if let noted {
            parts.append("a replay to record \(noted.anchor.sequence) gives the state noted at the last stop")
        }
        if count > 0 {
            parts.append(
                "\(count) snapshot\(count == 1 ? "" : "s") hold the state of \(count == 1 ? "its record" : "their records")"
            )
        }
        report.measure("replay", parts.joined(separator: "; ") + " (V16)") { findings in
            if replay.isSameState == false, let noted {
                findings.add(
                    "V16: the replay of records 1 to \(noted.anchor.sequence) gives another state than the gateway had")
            }
            for snapshot in replay.wrongSnapshots {
                findings.add(
                    "V16: \(snapshot.file) holds another state than records 1 to \(snapshot.sequence) make; "
                        + "remove it before the next start")
            }
        }
    }

    private static func prefix(_ store: Store) throws -> UInt64 {
        try store.meta("client_order_id_prefix").flatMap { UInt64($0) } ?? 0
    }

    private static func read(
        _ store: Store, _ replay: inout JournalReplay, _ shadow: Shadow, _ progress: (UInt64, UInt64) -> Void
    ) throws {
        var batches: [CommitBatch] = []
        var rows = 0
        let last = store.lastSequence
        try store.forEachRecord(from: 1) { record in
            let batch = try replay.apply(record)
            rows += batch.legs.count + batch.executions.count + 1
            batches.append(batch)
            // One transaction of the shadow for many records, in bounded memory.
            guard rows >= 20_000 else { return }
            try shadow.add(batches)
            (batches, rows) = ([], 0)
            progress(record.sequence, last)
        }
        try shadow.add(batches)
    }

    private static func judgeIdempotency(
        _ store: Store, _ replay: JournalReplay, _ findings: inout CheckFindings
    ) throws {
        var known: Set<RunID> = []
        let lastRun = replay.engine.runs.lastRun
        try store.forEachIdempotency { row in
            // A run, or an order of one: `r7`, `r7-1`.
            let run = RunID(row.subject) ?? LegID(row.subject)?.run
            guard let run else { return }
            if run.number > lastRun || run.number == 0 {
                findings.add("key \(row.key) of \(row.caller) names \(row.subject), which is not in the journal")
            }
            if replay.idempotencyKeys[run] == row.key { known.insert(run) }
        }
        let limit = replay.lastRecordedAt.advanced(by: -Store.idempotencyRetention)
        for run in replay.idempotencyKeys.keys.sorted() where !known.contains(run) {
            // An older one may have been forgotten.
            guard replay.engine.runs.look(run, { $0.admission.admittedAt > limit }) ?? false else { continue }
            findings.add("V13: the key of run \(run) is not kept: the same request would make a second run")
        }
    }

    private static func judgeKeys(_ store: Store, _ replay: JournalReplay, _ findings: inout CheckFindings) throws {
        let upgraded = try store.pendingMigrations().isEmpty ? store.chainedAtUpgrade() : UInt64.max
        for row in try store.keys() {
            guard let acts = replay.keyActs[row.id], let created = acts.created else {
                // Acts are recorded since records are chained.
                if upgraded == 0 { findings.add("key \(row.id) of \(row.name) was made by nobody in the journal") }
                continue
            }
            if created.detail != (try row.auditDetail) {
                findings.add("key \(row.id) of \(row.name) is not as it was made")
            }
            if acts.isRevoked != (row.revokedAt != nil) {
                findings.add(
                    "key \(row.id) of \(row.name) \(acts.isRevoked ? "is valid again" : "ended") without an act")
            }
        }
        let stored = Set(try store.keys().map(\.id))
        for id in replay.keyActs.keys.sorted() where !stored.contains(id) {
            findings.add("key \(id) is gone")
        }
    }

    // MARK: Rebuilding

    private static func rebuild(_ directory: String, _ progress: (UInt64, UInt64) -> Void) throws {
        // Creates nothing where there is no database.
        try open(directory).close()
        let store = try Store(directory: directory)
        defer { try? store.close() }
        let chain = try store.verifyChain()
        guard chain.isWhole else {
            throw Failure(
                description: "the journal is not whole, so nothing is made of it: "
                    + chain.findings.map(\.description).joined(separator: "; ") + "; restore a backup")
        }
        let shadow = try Shadow()
        var replay = JournalReplay(clientOrderIDPrefix: try prefix(store))
        try read(store, &replay, shadow, progress)
        try shadow.replaceTables(of: store)
    }
}

extension CheckReport {
    mutating func measure(_ name: String, _ note: String, _ body: (inout CheckFindings) throws -> Void) {
        let begin = ContinuousClock.now
        var findings = CheckFindings()
        do { try body(&findings) } catch { findings.add("it cannot be looked at: \(error)") }
        let (seconds, attoseconds) = (ContinuousClock.now - begin).components
        items.append(
            Item(
                name: name, verdict: findings.kept.isEmpty ? .ok : .failed, note: note, findings: findings.kept,
                omittedFindings: findings.omitted, milliseconds: seconds * 1_000 + attoseconds / 1_000_000_000_000_000))
    }

    mutating func skip(_ name: String, _ why: String) {
        items.append(Item(name: name, verdict: .skipped, note: why, findings: [], milliseconds: 0))
    }
}
