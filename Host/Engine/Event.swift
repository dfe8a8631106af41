package import Domain

/// A fact that the engine decided or was told, in the journal's order. State is a fold of `Engine.apply` over events,
/// live and in replay alike.
///
/// The large and rare cases are indirect: they would make each of the small and frequent ones three times as long.
package enum Event: Hashable, Sendable {
    indirect case accountDefined(Account)
    case accountRemoved(AccountID)
    indirect case groupDefined(ExecutionGroup)
    case groupRemoved(GroupID)
    /// An instrument's scale and rules as used from here on; numbered by first use.
    indirect case instrumentDefined(number: Int32, InstrumentRecord)
    /// A version of the risk document took effect. `document` is its text.
    indirect case riskConfigured(RiskVersion)
    case stateChanged(TradingStateChange)
    indirect case runAdmitted(RunAdmission)
    /// Orders went to their lanes.
    case ordersQueued(run: RunID, orders: [Int32], durableAt: Timestamp, queuedAt: Timestamp)
    case orderAnswered(OrderAnswer)
    case orderReported(run: RunID, order: Int32, report: ReportedOrder)
    case executed(Execution)
    case cancelRequested(run: RunID, order: Int32, by: String)
    case cancelAnswered(run: RunID, order: Int32, outcome: MutationOutcome, error: AdapterError?)
    case replaceRequested(run: RunID, order: Int32, replacement: Order.Replacement, by: String)
    case replaceAnswered(run: RunID, order: Int32, outcome: MutationOutcome, error: AdapterError?)
    case ordersCanceledLocally(run: RunID, orders: [Int32], reason: LocalCancelReason)
    case ordersReleased(run: RunID, orders: [Int32])
    case orderLookedUp(run: RunID, order: Int32, outcome: LookupOutcome, brokerOrderID: String?)
    case gapClosed(run: RunID, order: Int32)
    case dayOpened(DayOpening)
    indirect case overrideGranted(RiskOverride)
    indirect case overrideRevoked(id: Int64, OverrideTable.Revocation)
    indirect case squareOffStarted(SquareOff)
    indirect case squareOffEnded(id: Int64, SquareOff.End)
    indirect case heartbeatSet(Heartbeat)
    /// The part of a limit is used up at which its document wants a warning; once a trading day.
    case limitWarned(LimitWarning)
    /// A person changed the set-up.
    indirect case adminActed(AdminAct)
    /// The terms that an order has at its broker, seen there: settles a modify whose fate was open.
    case termsFound(run: RunID, order: Int32, terms: Order.Terms, at: Timestamp)
    case anomalyFound(Anomaly)
    /// An order that was entered elsewhere is at its broker. `executedBefore`: steps of it that were booked, or done,
    /// before it was known here; the order that is kept has the rest.
    case orderAdopted(run: RunID, order: Int32, brokerOrderID: String, executedBefore: Int64, at: Timestamp)
    indirect case positionAdopted(PositionAdoption)
    indirect case orderResolved(run: RunID, order: Int32, Resolution)
    indirect case differenceFound(Difference)
}

/// A version of the risk document, and who put it into force.
package struct RiskVersion: Hashable, Sendable {
    /// Counts from 1 without gaps.
    package var version: Int64
    /// Its text.
    package var document: String
    /// Why; empty where nobody was asked (the first version, which comes with the configuration).
    package var reason: String
    package var by: String
    package var at: Timestamp

    package init(version: Int64, document: String, reason: String, by: String, at: Timestamp) {
        (self.version, self.document, self.reason, self.by, self.at) = (version, document, reason, by, at)
    }
}

/// Why orders were withdrawn before they were sent. Stored: never renumbered.
package enum LocalCancelReason: UInt8, Hashable, Sendable {
    case deadline = 1
    case halted = 2
    case requested = 3
    case legFailure = 4
    case shutdown = 5

    package var text: String {
        switch self {
        case .deadline: "the parent's deadline passed"
        case .halted: "trading was halted"
        case .requested: "a cancel was asked for"
        case .legFailure: "another leg failed"
        case .shutdown: "the gateway was shutting down"
        }
    }
}

/// How freely a scope may trade, weakest first.
///
/// The raw value is stored and says nothing of the order: a state that came later lies between older ones.
package enum TradingStatus: UInt8, Hashable, Comparable, Sendable {
    case active = 0
    /// Only strict closing orders.
    case reducing = 1
    /// Nothing but cancels and the gateway's own closing orders.
    case halted = 2
    /// Only strict closing orders, until a time that the change names; then active without anybody's doing.
    case coolOff = 3

    package var rawName: String {
        switch self {
        case .active: "active"
        case .coolOff: "cool_off"
        case .reducing: "reducing"
        case .halted: "halted"
        }
    }
    package init?(rawName: String) {
        switch rawName {
        case "active": self = .active
        case "cool_off": self = .coolOff
        case "reducing": self = .reducing
        case "halted": self = .halted
        default: return nil
        }
    }

    private var severity: Int {
        switch self {
        case .active: 0
        case .coolOff: 1
        case .reducing: 2
        case .halted: 3
        }
    }
    package static func < (left: Self, right: Self) -> Bool { left.severity < right.severity }
}

/// An account's day has come near its loss limit (C25 `warn_bps`).
package struct LimitWarning: Hashable, Sendable {
    package var control: ControlID
    package var account: Int32
    /// Minor units of the account's currency.
    package var limit: Int64
    package var observed: Int64
    package var at: Timestamp
    package init(control: ControlID, account: Int32, limit: Int64, observed: Int64, at: Timestamp) {
        (self.control, self.account, self.limit, self.observed, self.at) = (control, account, limit, observed, at)
    }
}

/// A scope of trading state: `firm`, `account:AB1234`, `instrument:NFO:OPT:*`.
package struct Scope: Hashable, Sendable, CustomStringConvertible {
    package let kind: ScopeKind
    /// Empty for the firm.
    package let id: String

    package init(kind: ScopeKind, id: String) { (self.kind, self.id) = (kind, id) }
    package static let firm = Scope(kind: .firm, id: "")

    /// Reads `firm` or `kind:id`, split at the first colon.
    package init?(_ text: String) {
        if text == "firm" {
            self = .firm
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let id = String(text[text.index(after: colon)...])
        guard !id.isEmpty else { return nil }
        switch text[..<colon] {
        case "group": self.init(kind: .group, id: id)
        case "account": self.init(kind: .account, id: id)
        case "instrument": self.init(kind: .instrument, id: id)
        case "adapter": self.init(kind: .adapter, id: id)
        case "strategy": self.init(kind: .strategy, id: id)
        case "key": self.init(kind: .key, id: id)
        default: return nil
        }
    }

    package var description: String { kind == .firm ? "firm" : "\(kind.name):\(id)" }
}

package struct TradingStateChange: Hashable, Sendable {
    package var scope: Scope
    package var status: TradingStatus
    package var reason: String
    /// The person, or `rule:daily-loss`.
    package var by: String
    package var at: Timestamp
    /// When a cool-off ends; `nil` for states that only a person leaves.
    package var until: Timestamp?
    /// Id of the API key whose order led to it; `nil` = none did, or it is not known.
    package var cause: String?
    package var escalation: Escalation?

    /// What comes next if nobody resumes the scope until then.
    package struct Escalation: Hashable, Sendable {
        package var action: BreachResponse.Action
        package var at: Timestamp
        package init(action: BreachResponse.Action, at: Timestamp) { (self.action, self.at) = (action, at) }
    }

    package init(
        scope: Scope, status: TradingStatus, reason: String, by: String, at: Timestamp, until: Timestamp? = nil,
        cause: String? = nil, escalation: Escalation? = nil
    ) {
        (self.scope, self.status, self.reason, self.by, self.at) = (scope, status, reason, by, at)
        (self.until, self.cause, self.escalation) = (until, cause, escalation)
    }

    /// What the scope may do at `now`: a cool-off that has ended holds nobody, whether or not its end is recorded yet.
    package func status(at now: Timestamp) -> TradingStatus {
        guard status == .coolOff, let until, until <= now else { return status }
        return .active
    }
}

/// Who asked and how the request is recognised when it comes again.
package struct Origin: Hashable, Sendable {
    /// The API key's id, or `gateway`.
    package var caller: String
    package var idempotencyKey: String
    /// The span of the client's that asked; `nil` where it sent none.
    package var trace: TraceContext?
    package init(caller: String, idempotencyKey: String, trace: TraceContext? = nil) {
        (self.caller, self.idempotencyKey, self.trace) = (caller, idempotencyKey, trace)
    }
}

/// One fan-out as it was admitted or refused: everything that decided it, and every leg.
package struct RunAdmission: Hashable, Sendable {
    package var run: RunID
    /// `nil` for a single order.
    package var group: GroupID?
    package var groupVersion: Int64
    package var riskVersion: Int64
    package var order: ParentOrder
    package var origin: Origin
    package var instrument: Int32
    package var mode: ExecutionMode
    package var onLegFailure: LegFailurePolicy
    package var receivedAt: Timestamp
    package var admittedAt: Timestamp
    /// Steps; for policies without a parent quantity the sum of the legs.
    package var requestedQuantity: Int64
    package var unallocatedQuantity: Int64
    package var leftOut: [LeftOut]
    /// Reference price in points and its age at admission; `nil` = none.
    package var reference: Reference?
    package var rotation: Int32
    /// Carry after this allocation by member account, units of 2^-32 lot; empty where nothing is carried.
    package var carry: [Int64]
    package var firstClientSequence: UInt64
    package var legs: [LegAdmission]
    /// The gateway's own closing order (square-off, unwind): passes trading states.
    package var isGatewayClosing: Bool
    /// Legs that passed because a person let a control be overridden.
    package var overrideUses: [OverrideUse] = []
    /// Whether `LegAdmission.funds` says what was known; older records do not.
    package var isFundsRecorded = false
    /// By leg, where the order names the accounts' own venues (`ANY`): then `instrument` only says how the parent's own
    /// quantities are counted. Empty = every leg is of `instrument`.
    package var legInstruments: [LegInstrument] = []
    /// Units of the allocation in one step of `instrument`, where legs have instruments of their own.
    package var unitsPerStep: Int64 = 1

    package struct LeftOut: Hashable, Sendable {
        package var account: AccountID
        package var reason: String
        package init(account: AccountID, reason: String) { (self.account, self.reason) = (account, reason) }
    }
    package struct Reference: Hashable, Sendable {
        package var points: Int64
        /// Nanoseconds.
        package var age: Int64
        package init(points: Int64, age: Int64) { (self.points, self.age) = (points, age) }
    }
}

/// The instrument of one leg of a parent that names the accounts' own venues.
package struct LegInstrument: Hashable, Sendable {
    /// `nil` = none was found; the leg is refused, and its quantities are counted as the parent's.
    package var number: Int32?
    /// Units of the allocation in one of its steps, so that legs that count differently can be added up.
    package var unitsPerStep: Int64
    /// Of the leg's own instrument; `nil` = none, and always where there is no instrument.
    package var reference: RunAdmission.Reference?
    /// What its adapter lists instead, for a person; empty where it lists the instrument.
    package var found: String

    package init(
        number: Int32?, unitsPerStep: Int64, reference: RunAdmission.Reference? = nil, found: String = ""
    ) {
        (self.number, self.unitsPerStep, self.reference, self.found) = (number, unitsPerStep, reference, found)
    }
}

extension RunAdmission {
    /// Number of the instrument whose steps and points a leg is counted in: its own, else the parent's.
    @inline(__always)
    package func instrument(ofLeg index: Int) -> Int32 {
        legInstruments.isEmpty ? instrument : legInstruments[index].number ?? instrument
    }

    /// Units of the allocation in one step of a leg.
    package func unitsPerStep(ofLeg index: Int) -> Int64 {
        legInstruments.isEmpty ? 1 : legInstruments[index].unitsPerStep
    }

    /// Reference price of a leg at admission, in points of its instrument.
    package func reference(ofLeg index: Int) -> Reference? {
        legInstruments.isEmpty ? reference : legInstruments[index].reference
    }

    /// What the admission took for the price of each of its instruments, each once.
    var references: [(instrument: Int32, reference: Reference?)] {
        guard !legInstruments.isEmpty else { return [(instrument, reference)] }
        var found: [(instrument: Int32, reference: Reference?)] = []
        for leg in legInstruments {
            guard let number = leg.number, !found.contains(where: { $0.instrument == number }) else { continue }
            found.append((number, leg.reference))
        }
        return found
    }

    /// A leg's refusal as a sentence, with what was found in the place of an instrument.
    package func message(_ rejection: Rejection, leg index: Int) -> String {
        guard !legInstruments.isEmpty, rejection.sentence.isInstrumentHold, rejection == legs[index].rejection,
            !legInstruments[index].found.isEmpty
        else { return rejection.sentence.text }
        return "\(rejection.sentence.text): \(legInstruments[index].found)"
    }

    /// Whether a leg has no instrument: the account's adapter does not say which it would be.
    package func lacksInstrument(leg index: Int) -> Bool {
        !legInstruments.isEmpty && legInstruments[index].number == nil
    }
}

package struct LegAdmission: Hashable, Sendable {
    package var account: Int32
    package var side: Side
    /// The policy's number for the account, as the snapshot that decided (RISK.md §5).
    package var weight: Int64
    package var allocatedQuantity: Int64
    /// After clipping; 0 for a refused leg.
    package var orderedQuantity: Int64
    /// Points, after market protection; 0 = none.
    package var limitPrice: Int64
    package var stopPrice: Int64
    package var orderType: OrderType
    package var isClosing: Bool
    package var rejection: Rejection?
    /// Refusals of controls that only observe.
    package var alerts: [Rejection]
    /// Sizes, in order; more than one after freeze slicing. Empty for a refused leg.
    package var slices: OrderSizes
    /// Not sent before; `nil` = at once.
    package var heldUntil: Timestamp?
    /// Margin held for the leg in minor units.
    package var margin: Int64
    /// The account's figures as the decision knew them; `nil` = none were known, or the record does not say.
    package var funds: Funds?

    /// What was known of an account's money before the run, minor units.
    package struct Funds: Hashable, Sendable {
        package var available: Int64
        package var equity: Int64
        /// Margin reserved by what the figures could not contain (`M_res`).
        package var reserved: Int64
        /// Nanoseconds from the query to the decision.
        package var age: Int64
        package init(available: Int64, equity: Int64, reserved: Int64, age: Int64) {
            (self.available, self.equity, self.reserved, self.age) = (available, equity, reserved, age)
        }
    }
}

package struct OrderAnswer: Hashable, Sendable {
    package var run: RunID
    package var order: Int32
    package var outcome: MutationOutcome
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    package var error: AdapterError?
    package var adapterState: [UInt8]
    package var dispatchedAt: Timestamp
    /// `nil` where the adapter wrote nothing to a network.
    package var writtenAt: Timestamp?
    package var firstByteAt: Timestamp?
    package var answeredAt: Timestamp

    package init(
        run: RunID, order: Int32, outcome: MutationOutcome, brokerOrderID: String?, exchangeOrderID: String?,
        error: AdapterError?, adapterState: [UInt8], dispatchedAt: Timestamp, writtenAt: Timestamp?,
        firstByteAt: Timestamp?, answeredAt: Timestamp
    ) {
        (self.run, self.order, self.outcome) = (run, order, outcome)
        (self.brokerOrderID, self.exchangeOrderID, self.error) = (brokerOrderID, exchangeOrderID, error)
        (self.adapterState, self.dispatchedAt, self.writtenAt) = (adapterState, dispatchedAt, writtenAt)
        (self.firstByteAt, self.answeredAt) = (firstByteAt, answeredAt)
    }
}

package struct ReportedOrder: Hashable, Sendable {
    package var state: ReportedState
    /// Steps, as the broker counts; a hint.
    package var cumulativeQuantity: Int64?
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    package var error: AdapterError?
    package var adapterState: [UInt8]
    package var at: Timestamp
}

/// One distinct execution, matched to its order where it is ours.
package struct Execution: Hashable, Sendable {
    package var adapter: AdapterID
    package var account: Int32
    package var instrument: Int32
    package var executionID: String
    package var kind: ExecutionReport.Kind
    package var replaces: String?
    /// `nil` for an order that was entered elsewhere.
    package var run: RunID?
    package var order: Int32
    package var side: Side
    /// Steps, positive.
    package var lastQuantity: Int64
    /// Points; finer prices are rounded half to even.
    package var lastPrice: Int64
    /// Minor units, positive is paid.
    package var fees: Int64
    package var transactTime: Timestamp?
    package var at: Timestamp
}

/// The marks that an account's results are counted from.
///
/// With a day later than the one the account is in, that day begins: its counts start at zero and its result is counted
/// from these marks. With the day it is in already, only `equity` is news: the account's high-water mark rose.
package struct DayOpening: Hashable, Sendable {
    package struct Mark: Hashable, Sendable {
        package var instrument: Int32
        /// `nil` = no price was known.
        package var points: Int64?
        package init(instrument: Int32, points: Int64?) { (self.instrument, self.points) = (instrument, points) }
    }
    package var account: Int32
    /// Days since the epoch.
    package var day: Int64
    package var marks: [Mark]
    /// Equity in minor units of the account's currency, as its broker told it last; `nil` = not known or no news.
    package var equity: Int64?
    package init(account: Int32, day: Int64, marks: [Mark], equity: Int64? = nil) {
        (self.account, self.day, self.marks, self.equity) = (account, day, marks, equity)
    }
}
