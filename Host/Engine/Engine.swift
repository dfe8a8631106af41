package import Domain

/// The deterministic core: decides on money, one step at a time, and keeps all state that decisions need.
///
/// It eats commands with an explicit time and returns events; `apply` folds events into state, live and in replay alike.
/// It has no clock, no lock, no I/O: whoever owns it steps into it alone (Gateway holds a lock for one step).
///
/// Beside the state that events rebuild stands `inputs`: prices, funds and readiness as last heard. They are not in the
/// journal; what a decision took from them is recorded with the decision.
package struct Engine: Sendable {
    // MARK: State, rebuilt by events

    package internal(set) var accounts: [AccountEntry] = []
    var accountNumbers: [AccountID: Int32] = [:]
    package internal(set) var groups: [GroupEntry] = []
    var groupNumbers: [GroupID: Int32] = [:]
    package internal(set) var instruments: [InstrumentEntry] = []
    var instrumentNumbers: [InstrumentID: Int32] = [:]
    var underlyingNumbers: [String: Int32] = [:]
    /// Instruments by underlying, in order of definition.
    var instrumentsOfUnderlying: [[Int32]] = []
    var adapters: [AdapterID] = []
    package internal(set) var book = Book()
    package internal(set) var runs = RunTable()
    /// States other than active, by scope.
    package internal(set) var tradingStates: [Scope: TradingStateChange] = [:]
    package internal(set) var riskHistory = RiskHistory()
    package var riskVersion: Int64 { riskHistory.current }
    var nextClientSequence: UInt64 = 1
    var rates = RateBook()
    package internal(set) var anomalies: UInt64 = 0
    /// Fills by group and strategy, and runs by strategy.
    package internal(set) var attribution = AttributionBook()
    /// Legs admitted in the last minute, for duplicates.
    var duplicates = DuplicateLog()
    package internal(set) var overrides = OverrideTable()
    package internal(set) var squareOffs = SquareOffTable()
    /// Armed ones, by API key.
    package internal(set) var heartbeats: [String: Heartbeat] = [:]
    /// Live orders that a refused leg would have traded against and that are to be canceled (C29), in order of demand.
    package internal(set) var selfTradeCancels: [OrderPlace] = []

    // MARK: Configuration and inputs, set from outside

    /// Limits of the risk version in force.
    package internal(set) var limits = RiskLimits(version: 0)
    var resolved = ResolvedLimits()
    package internal(set) var currencyRates = CurrencyRates()
    /// When venues trade; `nil` = no calendar was set, and C5 refuses where it is asked for.
    package internal(set) var calendar: TradingCalendar?
    /// Best prices of live orders, for C29: derived, kept up for the limits in force.
    var resting = SelfTradeIndex()
    package internal(set) var inputs = Inputs()
    var allocator = Allocator()
    /// Ids are this prefix and a counter; drawn once for a data directory.
    package let clientOrderIDPrefix: UInt64

    package init(clientOrderIDPrefix: UInt64) {
        self.clientOrderIDPrefix = clientOrderIDPrefix
    }

    package func clientOrderID(_ sequence: UInt64) -> ClientOrderID {
        ClientOrderID(prefix: clientOrderIDPrefix, sequence: sequence)
    }

    /// The order an id of ours belongs to; `nil` for ids of others and for runs no longer held in memory.
    package func orderReference(of id: ClientOrderID) -> OrderPlace? {
        let (prefix, sequence) = id.number.quotientAndRemainder(dividingBy: ClientOrderID.sequenceLimit)
        guard prefix == UInt128(clientOrderIDPrefix) else { return nil }
        return runs.place(ofClientSequence: UInt64(sequence))
    }

    package func account(_ id: AccountID) -> AccountEntry? { accountNumbers[id].map { accounts[Int($0)] } }
    package func accountNumber(_ id: AccountID) -> Int32? {
        accountNumbers[id].flatMap { accounts[Int($0)].isRemoved ? nil : $0 }
    }
    package func group(_ id: GroupID) -> ExecutionGroup? {
        groupNumbers[id].flatMap { groups[Int($0)].isRemoved ? nil : groups[Int($0)].group }
    }
    package func groupNumber(_ id: GroupID) -> Int32? {
        groupNumbers[id].flatMap { groups[Int($0)].isRemoved ? nil : $0 }
    }
    package func instrumentNumber(_ id: InstrumentID) -> Int32? { instrumentNumbers[id] }
    /// Groups in order of creation.
    package var liveGroups: [ExecutionGroup] { groups.filter { !$0.isRemoved }.map(\.group) }
    package var liveAccounts: [Account] { accounts.filter { !$0.isRemoved }.map(\.account) }
}

package struct AccountEntry: Hashable, Sendable {
    package internal(set) var account: Account
    package internal(set) var isRemoved = false
    /// Number of its adapter, for states and rates.
    package internal(set) var adapterNumber: Int32
    /// Days since the epoch of the trading day it is in; `Int64.min` before the first.
    package internal(set) var day: Int64 = .min
    /// Counts of the trading day over all instruments (C17).
    package internal(set) var dayOrders: Int64 = 0
    package internal(set) var dayModifications: Int64 = 0
    package internal(set) var dayCancels: Int64 = 0
    /// High-water marks of the equity in minor units (C26): over all time and of the trading day. `nil` = none seen.
    package internal(set) var equityHigh: Int64?
    package internal(set) var sessionEquityHigh: Int64?
    /// Whether it was warned of its loss limit in this trading day.
    package internal(set) var isWarned = false
    /// Results of its last round trips (C28).
    package internal(set) var trips = RoundTrips()
}

package struct GroupEntry: Hashable, Sendable {
    package internal(set) var group: ExecutionGroup
    package internal(set) var isRemoved = false
    /// Account numbers of the members, in stored order.
    package internal(set) var members: [Int32]
    /// What allocation takes of the members; `nil` = groups or accounts changed since it was made.
    var terms: [MemberTerms]?
    /// Remainders carried by (underlying, closing), units of 2^-32 lot by member.
    package internal(set) var carry: [CarryKey: [Int64]] = [:]
    /// Whose turn it is to be sent first.
    package internal(set) var rotation: Int32 = 0

    /// What is made of others is no part of what it is.
    package static func == (left: Self, right: Self) -> Bool {
        left.group == right.group && left.isRemoved == right.isRemoved && left.members == right.members
            && left.carry == right.carry && left.rotation == right.rotation
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(group)
        hasher.combine(rotation)
    }
}

/// What remainders are kept apart by (RISK.md §5.1 step 3).
package struct CarryKey: Hashable, Sendable {
    package var underlying: String
    package var isClosing: Bool
}

package struct InstrumentEntry: Hashable, Sendable {
    package let record: InstrumentRecord
    package let instrument: Instrument
    /// Equal numbers are instruments of one underlying: of one root.
    package let underlying: Int32
    /// The id's root, cut out once.
    let root: String
    package var id: InstrumentID { record.id }
}

/// Names one order within the runs in memory.
package struct OrderPlace: Hashable, Sendable {
    package var run: RunID
    package var order: Int32
    package init(run: RunID, order: Int32) { (self.run, self.order) = (run, order) }

    /// Oldest first: the order in which what is due at one time is done, so that a seed replays it.
    package static func isOlder(_ left: OrderPlace, _ right: OrderPlace) -> Bool {
        (left.run, left.order) < (right.run, right.order)
    }
}

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
    package var nextRun: RunID { RunID(number: lastRun + 1) }
    package func place(ofClientSequence sequence: UInt64) -> OrderPlace? {
        if !places.isEmpty, let place = places[sequence] { return place }
        guard let place = sequences.place(of: sequence), runs[place.run.number] != nil else { return nil }
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
        if let run = execution.run, runs[run.number] != nil {
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
                brokerPlaces[BrokerKey(account: run.admission(of: order).account, brokerOrderID: id)] =
                    nil
            }
        }
        if let executions = executionsOfRun.removeValue(forKey: oldest) { retired += executions }
        sequences.dropOne { runs[$0] != nil }
    }
}

/// What makes an execution the same one (RELIABILITY.md §1).
package struct ExecutionKey: Hashable, Sendable {
    package var adapter: AdapterID
    package var account: Int32
    package var executionID: String
    package init(adapter: AdapterID, account: Int32, executionID: String) {
        (self.adapter, self.account, self.executionID) = (adapter, account, executionID)
    }
}

/// A broker's order id is unique within an account.
struct BrokerKey: Hashable, Sendable {
    var account: Int32
    var brokerOrderID: String
}
