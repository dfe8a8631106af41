package import Domain

/// Runs in memory: every live one, and ended ones until `maximumEnded` newer have ended; older are in the store.
package struct RunTable: Hashable, Sendable {
    package static let maximumEnded = 20_000

    private(set) var runs: [UInt64: Run] = [:]
    /// Client sequences that runs were admitted with.
    private var sequences = RunSequences()
    /// Those of replaces, and of runs whose sequences do not follow the last run's.
    private var places: [UInt64: OrderPlace] = [:]
    private var brokerPlaces: [BrokerKey: OrderPlace] = [:]
    /// How long an execution is remembered at least, so that its repetition is recognised and it can be corrected,
    /// nanoseconds: brokers repeat a day's trades until the day is over.
    package static let executionMemory: Int64 = 3 * 86_400_000_000_000

    private(set) var executions: [ExecutionKey: Execution] = [:]
    /// What a correction or bust put in the place of an execution.
    private var successors: [ExecutionKey: ExecutionKey] = [:]
    private var executionsOfRun: [UInt64: [ExecutionKey]] = [:]
    /// Executions whose run has left memory or never was ours, oldest first.
    private var retired: [ExecutionKey] = []
    private var retiredHead = 0
    /// Ended runs, oldest first.
    private var ended: [UInt64] = []
    private var endedHead = 0
    package private(set) var lastRun: UInt64 = 0

    package subscript(_ id: RunID) -> Run? { runs[id.number] }
    package var count: Int { runs.count }
    /// Whether a run is in memory, without a copy of it.
    private func holds(_ number: UInt64) -> Bool { runs.index(forKey: number) != nil }
    package var nextRun: RunID { RunID(number: lastRun + 1) }
    package func place(ofClientSequence sequence: UInt64) -> OrderPlace? {
        if !places.isEmpty, let place = places[sequence] { return place }
        guard let place = sequences.place(of: sequence), holds(place.run.number) else { return nil }
        return place
    }
    /// Live runs, oldest first.
    package var live: [Run] { runs.values.filter { $0.liveLegs > 0 }.sorted { $0.id < $1.id } }
    /// Reads a run in place, without a copy that would make the next change copy its arrays; `nil` where it is not in
    /// memory.
    package func look<Result>(_ id: RunID, _ body: (borrowing Run) -> Result) -> Result? {
        guard let index = runs.index(forKey: id.number) else { return nil }
        return body(runs.values[index])
    }
    /// Visits every live run, in no particular order.
    package func forEachLive(_ body: (Run) -> Void) {
        for run in runs.values where run.liveLegs > 0 { body(run) }
    }
    /// Every run in memory, in no particular order.
    package var identifiers: [RunID] { runs.keys.map { RunID(number: $0) } }
    /// Every run in memory, oldest first.
    package var all: [Run] { runs.values.sorted { $0.id < $1.id } }

    mutating func insert(_ run: Run) {
        let number = run.id.number
        lastRun = max(lastRun, number)
        if !sequences.append(run.admission.firstClientSequence, count: run.orders.count, run: run.id) {
            for index in run.orders.indices {
                places[run.orders[index].clientSequence] = OrderPlace(run: run.id, order: Int32(index))
            }
        }
        let isEnded = run.liveLegs == 0
        runs[number] = run
        if isEnded { end(number) }
    }

    /// Changes a run in place; `nil` where it is not in memory.
    mutating func update<Result>(_ id: RunID, _ body: (inout Run) -> Result) -> Result? {
        guard let index = runs.index(forKey: id.number) else { return nil }
        let wasLive = runs.values[index].liveLegs > 0
        let result = body(&runs.values[index])
        if wasLive, runs.values[index].liveLegs == 0 { end(id.number) }
        return result
    }

    mutating func record(_ execution: Execution) {
        let key = ExecutionKey(
            adapter: execution.adapter, account: execution.account, executionID: execution.executionID)
        if execution.kind != .new, let old = execution.replaces {
            let oldKey = ExecutionKey(adapter: execution.adapter, account: execution.account, executionID: old)
            if let known = executions[oldKey] { successors[Self.key(last(known))] = key }
        }
        executions[key] = execution
        if let run = execution.run, holds(run.number) {
            executionsOfRun[run.number, default: []].append(key)
        } else {
            retired.append(key)
        }
        forgetExecutions(before: execution.at.advanced(by: -Self.executionMemory))
    }

    private static func key(_ execution: Execution) -> ExecutionKey {
        ExecutionKey(adapter: execution.adapter, account: execution.account, executionID: execution.executionID)
    }

    /// The newest in the chain of corrections that begins with an execution. Ends: a chain cannot return to itself, since
    /// an id that is known is never recorded again.
    private func last(_ execution: Execution) -> Execution {
        var execution = execution
        while let next = successors[Self.key(execution)].flatMap({ executions[$0] }) { execution = next }
        return execution
    }

    /// What of an execution is in the books now: itself, its newest correction, or nothing once it was taken back.
    func standing(_ execution: Execution) -> Execution? {
        let last = last(execution)
        return last.kind == .bust ? nil : last
    }

    private mutating func forgetExecutions(before limit: Timestamp) {
        while retiredHead < retired.count, executions[retired[retiredHead]].map({ $0.at < limit }) ?? true {
            executions[retired[retiredHead]] = nil
            successors[retired[retiredHead]] = nil
            retiredHead += 1
        }
        if retiredHead > 4_096, retiredHead * 2 > retired.count {
            retired.removeFirst(retiredHead)
            retiredHead = 0
        }
    }

    package func executions(has key: ExecutionKey) -> Bool { executions[key] != nil }
    package func executions(of run: RunID) -> [Execution] {
        (executionsOfRun[run.number] ?? []).compactMap { executions[$0] }
    }

    func place(account: Int32, brokerOrderID: String) -> OrderPlace? {
        brokerPlaces[BrokerKey(account: account, brokerOrderID: brokerOrderID)]
    }

    mutating func addBrokerOrderID(_ id: String, account: Int32, _ place: OrderPlace) {
        brokerPlaces[BrokerKey(account: account, brokerOrderID: id)] = place
    }

    mutating func addPlace(_ sequence: UInt64, _ place: OrderPlace) { places[sequence] = place }

    /// Ended runs leave memory in the order in which they ended: a function of the events alone.
    private mutating func end(_ number: UInt64) {
        ended.append(number)
        guard ended.count - endedHead > Self.maximumEnded else { return }
        let oldest = ended[endedHead]
        endedHead += 1
        if endedHead > Self.maximumEnded {
            ended.removeFirst(endedHead)
            endedHead = 0
        }
        // A late execution may have revived it.
        guard let index = runs.index(forKey: oldest), runs.values[index].liveLegs == 0 else { return }
        let run = runs.remove(at: index).value
        for order in run.orders {
            if !places.isEmpty { places[order.clientSequence] = nil }
            if let id = order.brokerOrderID {
                brokerPlaces[BrokerKey(account: run.admission(of: order).account, brokerOrderID: id)] = nil
            }
        }
        if let executions = executionsOfRun.removeValue(forKey: oldest) { retired += executions }
        sequences.dropOne { runs.index(forKey: $0) != nil }
    }
}

extension Engine {
    /// Takes tables for itself that copies of the engine share with it: else the next change would, which may be an order.
    package mutating func detach() { runs.detach() }
}

extension RunTable {
    fileprivate mutating func detach() {
        runs.reserveCapacity(runs.count + 1)
        executions.reserveCapacity(executions.count + 1)
        executionsOfRun.reserveCapacity(executionsOfRun.count + 1)
        brokerPlaces.reserveCapacity(brokerPlaces.count + 1)
        retired.reserveCapacity(retired.count + 1)
        ended.reserveCapacity(ended.count + 1)
    }
}

// MARK: - As bytes

extension RunTable {
    /// Everything, in an order that no dictionary decides.
    func write(to writer: inout EventWriter) {
        writer.write(lastRun)
        let all = self.all
        writer.write(count: all.count)
        for run in all { run.write(to: &writer) }
        sequences.write(to: &writer)
        let kept = places.sorted { $0.key < $1.key }
        writer.write(count: kept.count)
        for (sequence, place) in kept {
            writer.write(sequence)
            writer.write(place)
        }
        writeBrokerPlaces(all, to: &writer)
        let owners = executionsOfRun.keys.sorted()
        writer.write(count: owners.count)
        for run in owners {
            writer.write(run)
            write(executionsOfRun[run] ?? [], to: &writer)
        }
        // What lies before the head has been forgotten.
        write(Array(retired[retiredHead...]), to: &writer)
        writer.write(count: ended.count - endedHead)
        for run in ended[endedHead...] { writer.write(run) }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        lastRun = try reader.readUnsigned()
        let count = try reader.readCount(ofAtLeast: 8, "runs")
        runs.reserveCapacity(count)
        for _ in 0..<count {
            let run = try Run(&reader)
            runs[run.id.number] = run
        }
        sequences = try RunSequences(&reader)
        for _ in 0..<(try reader.readCount(ofAtLeast: 3, "client order numbers")) {
            let sequence = try reader.readUnsigned()
            places[sequence] = try reader.readPlace()
        }
        try readBrokerPlaces(&reader)
        for _ in 0..<(try reader.readCount(ofAtLeast: 2, "runs with executions")) {
            let run = try reader.readUnsigned()
            executionsOfRun[run] = try readExecutions(&reader)
        }
        retired = try readExecutions(&reader)
        ended = try reader.readList(ofAtLeast: 1, "ended runs") { reader throws(EventCodingError) in
            try reader.readUnsigned()
        }
    }

    /// Each with what replaced it.
    private func write(_ keys: [ExecutionKey], to writer: inout EventWriter) {
        let known = keys.filter { executions[$0] != nil }
        writer.write(count: known.count)
        for key in known {
            guard let execution = executions[key] else { continue }
            writer.write(execution)
            writer.write(byte: successors[key] == nil ? 0 : 1)
            if let next = successors[key] { writer.write(next.executionID) }
        }
    }

    private mutating func readExecutions(_ reader: inout EventReader) throws(EventCodingError) -> [ExecutionKey] {
        let count = try reader.readCount(ofAtLeast: 10, "executions")
        var keys: [ExecutionKey] = []
        keys.reserveCapacity(count)
        for _ in 0..<count {
            let execution = try reader.readExecution()
            let key = Self.key(execution)
            executions[key] = execution
            keys.append(key)
            if try reader.readBool() {
                successors[key] = ExecutionKey(
                    adapter: key.adapter, account: key.account, executionID: try reader.readText())
            }
        }
        return keys
    }

    /// Nearly all of them stand in the orders: written is where the table says something else.
    private func writeBrokerPlaces(_ all: [Run], to writer: inout EventWriter) {
        let plain = Self.brokerPlaces(all)
        let others = brokerPlaces.filter { plain[$0.key] != $0.value }.sorted { $0.key < $1.key }
        writer.write(count: others.count)
        for (key, place) in others {
            writer.write(key.account)
            writer.write(key.brokerOrderID)
            writer.write(place)
        }
        let missing = plain.keys.filter { brokerPlaces[$0] == nil }.sorted()
        writer.write(count: missing.count)
        for key in missing {
            writer.write(key.account)
            writer.write(key.brokerOrderID)
        }
    }

    private mutating func readBrokerPlaces(_ reader: inout EventReader) throws(EventCodingError) {
        brokerPlaces = Self.brokerPlaces(all)
        for _ in 0..<(try reader.readCount(ofAtLeast: 4, "broker order ids")) {
            let key = BrokerKey(account: try reader.readInt32(), brokerOrderID: try reader.readText())
            brokerPlaces[key] = try reader.readPlace()
        }
        for _ in 0..<(try reader.readCount(ofAtLeast: 2, "broker order ids")) {
            brokerPlaces[BrokerKey(account: try reader.readInt32(), brokerOrderID: try reader.readText())] = nil
        }
    }

    private static func brokerPlaces(_ runs: [Run]) -> [BrokerKey: OrderPlace] {
        var places: [BrokerKey: OrderPlace] = [:]
        places.reserveCapacity(runs.count)
        for run in runs {
            for (index, order) in run.orders.enumerated() {
                guard let id = order.brokerOrderID else { continue }
                let account = run.admission(of: order).account
                places[BrokerKey(account: account, brokerOrderID: id)] = OrderPlace(run: run.id, order: Int32(index))
            }
        }
        return places
    }

    /// The same content: how much of what is forgotten still lies about says nothing.
    package static func == (left: Self, right: Self) -> Bool {
        left.lastRun == right.lastRun && left.runs == right.runs && left.sequences == right.sequences
            && left.places == right.places && left.brokerPlaces == right.brokerPlaces
            && left.executions == right.executions && left.successors == right.successors
            && left.executionsOfRun == right.executionsOfRun
            && left.retired[left.retiredHead...] == right.retired[right.retiredHead...]
            && left.ended[left.endedHead...] == right.ended[right.endedHead...]
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(lastRun)
        hasher.combine(runs)
    }
}

extension BrokerKey: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.account, left.brokerOrderID) < (right.account, right.brokerOrderID)
    }
}

extension EventWriter {
    mutating func write(_ place: OrderPlace) {
        write(place.run)
        write(place.order)
    }
}

extension EventReader {
    mutating func readPlace() throws(EventCodingError) -> OrderPlace {
        OrderPlace(run: try readRunID(), order: try readInt32())
    }

    mutating func readBool() throws(EventCodingError) -> Bool {
        try read { $0 < 2 ? $0 == 1 : nil }
    }
}
