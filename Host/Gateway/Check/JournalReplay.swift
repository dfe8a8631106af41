import Domain
import Engine
import Store

/// Reads a whole journal once: rebuilds the state, makes the tables anew, and judges what can be judged on the way.
struct JournalReplay {
    private(set) var engine: Engine
    private(set) var flaws = CheckFindings()
    /// How the engine judges the state.
    private(set) var invariants = CheckFindings()
    /// The hash that a gateway noted when it stopped, to be compared on the way.
    let noted: NotedState?
    /// Whether the replay came to the same; `nil` = nothing that could be compared was noted.
    private(set) var isSameState: Bool?
    /// What a start could take in the place of records, to be compared on the way.
    private let snapshots: [UsableSnapshot]
    /// Snapshots that hold another state than the records make.
    private(set) var wrongSnapshots: [UsableSnapshot] = []
    private(set) var records: UInt64 = 0
    private(set) var events: UInt64 = 0
    private(set) var runs: UInt64 = 0
    private(set) var orders: UInt64 = 0
    /// The key that each admitted run was asked for with, by run; only of those that the store must still know.
    private(set) var idempotencyKeys: [RunID: String] = [:]
    private(set) var keyActs: [String: KeyActs] = [:]
    private(set) var lastRecordedAt = Timestamp(nanoseconds: .min)

    /// What the journal says of an API key.
    struct KeyActs {
        var created: AdminAct?
        var isRevoked = false
    }

    private var overdue = OverdueOrders()
    private var nextSequence: UInt64 = 1
    private var nextClientSequence: UInt64 = 1
    /// Net executed quantity by account and instrument, counted beside the engine (V5).
    private var net: [Int64: Int128] = [:]
    /// What an execution counts now, by the first of its chain of corrections.
    private var standing: [ExecutionKey: (quantity: Int64, value: Int128)] = [:]
    /// Sum of quantity × price of each order's executions, counted beside the engine (V6); of runs in memory.
    private var values: [OrderPlace: Int128] = [:]
    /// How many are kept until those whose run has left memory go.
    private var valuesBound = 200_000
    private var first: [ExecutionKey: ExecutionKey] = [:]

    init(clientOrderIDPrefix: UInt64, noted: NotedState? = nil, snapshots: [UsableSnapshot] = []) {
        engine = Engine(clientOrderIDPrefix: clientOrderIDPrefix)
        (self.noted, self.snapshots) = (noted, snapshots)
    }

    /// Applies one record.
    /// - Returns: what it makes of the tables.
    mutating func apply(_ record: StoredRecord) throws -> CommitBatch {
        let (header, events) = try RecordCodec.decode(record.bytes)
        if header.sequence != record.sequence {
            flaws.add("record \(record.sequence) says itself that it is record \(header.sequence)")
        }
        if header.at != record.recordedAt {
            flaws.add("record \(record.sequence) was closed at \(header.at.rfc3339), its row says otherwise")
        }
        records += 1
        overdue.note(record: record.recordedAt)
        lastRecordedAt = max(lastRecordedAt, record.recordedAt)
        for event in events {
            judge(event)
            invariants.add(HaltedSends.flaws(of: event, engine))
            let path = StatePath(before: event, engine)
            engine.apply(event)
            if let path { invariants.add(path.flaws(after: event, engine)) }
            if case .executed(let execution) = event { judgeValue(after: execution) }
        }
        self.events += UInt64(events.count)
        try compare(after: record.sequence)
        let projection = Projection(events, engine: engine)
        for run in projection.touched { invariants.add(engine.quantityFlaw(of: run)) }
        var batch = CommitBatch(record: record)
        batch.record.bytes = []
        batch.touchedRuns = Array(projection.touched)
        (batch.runs, batch.legs, batch.executions) = (projection.runs, projection.legs, projection.executions)
        return batch
    }

    private mutating func compare(after sequence: UInt64) throws {
        let isNoted = noted.map { $0.layout == Engine.stateLayout && $0.anchor.sequence == sequence } ?? false
        let here = snapshots.filter { $0.sequence == sequence }
        guard isNoted || !here.isEmpty else { return }
        let hash = try Store.stateHash(engine.stateBytes())
        if isNoted { isSameState = hash == noted?.anchor.hash }
        wrongSnapshots += here.filter { $0.stateHash != hash }
    }

    var comparedSnapshots: Int { snapshots.count }

    /// Judges what only the end shows.
    mutating func finish() {
        invariants.add(engine.reservationFlaws())
        invariants.add(overdue.flaws(engine))
        for account in engine.accounts.indices {
            for position in engine.book.positions(of: Int32(account)) {
                let place = Self.place(position.account, position.instrument)
                let counted = net.removeValue(forKey: place) ?? 0
                if counted != Int128(position.quantity) {
                    invariants.add(
                        "V5: account \(engine.accounts[account].account.id) holds \(position.quantity) of instrument "
                            + "\(engine.instruments[Int(position.instrument)].id), its executions make \(counted)")
                }
            }
        }
        if net.contains(where: { $0.value != 0 }) { invariants.add("V5: there are executions without a position") }
    }

    var openOrders: UInt64 {
        var count: UInt64 = 0
        engine.runs.forEachLive { run in count += UInt64(run.orders.count { !$0.status.isTerminal }) }
        return count
    }

    private static func place(_ account: Int32, _ instrument: Int32) -> Int64 {
        Int64(account) << 32 | Int64(instrument)
    }

    private mutating func judge(_ event: Event) {
        switch event {
        case .runAdmitted(let admission):
            runs += 1
            let count = admission.legs.reduce(UInt64(0)) { $0 + UInt64($1.slices.count) }
            orders += count
            invariants.add(admission.shareFlaw)
            if admission.run != engine.runs.nextRun {
                flaws.add("run \(admission.run) follows run number \(engine.runs.lastRun)")
            }
            if admission.firstClientSequence < nextClientSequence {
                invariants.add(
                    "V9: run \(admission.run) uses client order number \(admission.firstClientSequence) again")
            }
            nextClientSequence = max(nextClientSequence, admission.firstClientSequence + count)
            if admission.origin.caller != "gateway" { idempotencyKeys[admission.run] = admission.origin.idempotencyKey }
            forgetOldKeys(admission.admittedAt)
        case .replaceRequested(let run, _, let replacement, _):
            if replacement.clientSequence < nextClientSequence {
                invariants.add(
                    "V9: a change of run \(run) uses client order number \(replacement.clientSequence) again")
            }
            nextClientSequence = max(nextClientSequence, replacement.clientSequence + 1)
        case .executed(let execution): count(execution)
        case .adminActed(let act):
            switch act.kind {
            case .keyCreated: keyActs[act.subject, default: KeyActs()].created = act
            case .keyRevoked: keyActs[act.subject, default: KeyActs()].isRevoked = true
            default: break
            }
        default: break
        }
    }

    private mutating func forgetOldKeys(_ now: Timestamp) {
        guard idempotencyKeys.count > 200_000 else { return }
        let limit = now.advanced(by: -Store.idempotencyRetention)
        idempotencyKeys = idempotencyKeys.filter { run, _ in
            engine.runs.look(run) { $0.admission.admittedAt >= limit } ?? false
        }
    }

    private mutating func count(_ execution: Execution) {
        let key = ExecutionKey(
            adapter: execution.adapter, account: execution.account, executionID: execution.executionID)
        let signed = execution.kind == .bust ? 0 : execution.lastQuantity * execution.side.sign
        let value = execution.kind == .bust ? 0 : Int128(execution.lastQuantity) * Int128(execution.lastPrice)
        let order = execution.run.map { OrderPlace(run: $0, order: execution.order) }
        let replaced = execution.replaces.map {
            ExecutionKey(adapter: execution.adapter, account: execution.account, executionID: $0)
        }
        let place = Self.place(execution.account, execution.instrument)
        guard execution.kind != .new, let replaced, let root = first[replaced] else {
            if standing[key] != nil {
                flaws.add("execution \(execution.executionID) at \(execution.adapter) stands twice in the journal")
            }
            (first[key], standing[key]) = (key, (signed, value))
            net[place, default: 0] += Int128(signed)
            if let order { values[order, default: 0] += value }
            return
        }
        let old = standing[root] ?? (0, 0)
        net[place, default: 0] += Int128(signed) - Int128(old.quantity)
        if let order { values[order, default: 0] += value - old.value }
        (first[key], standing[root]) = (root, (signed, value))
    }

    /// V6: what an order is worth is the sum of its executions; its average price is made of nothing else.
    private mutating func judgeValue(after execution: Execution) {
        guard let id = execution.run, let counted = values[OrderPlace(run: id, order: execution.order)] else { return }
        let held = engine.runs.look(id) { run in
            run.orders.indices.contains(Int(execution.order)) ? run.orders[Int(execution.order)].executedValue : nil
        }
        if let held = held ?? nil, held != counted {
            invariants.add(
                "V6: order \(execution.order) of run \(id) counts \(held) steps × points, its executions make \(counted)"
            )
        }
        guard values.count > valuesBound else { return }
        values = values.filter { place, _ in engine.runs.look(place.run) { _ in true } ?? false }
        valuesBound = max(valuesBound, 2 * values.count)
    }
}
