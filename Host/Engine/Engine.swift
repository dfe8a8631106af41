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
    /// Where the tick depends on the price; `nil` = it is `instrument.tick`.
    let ticks: TickBands?
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
