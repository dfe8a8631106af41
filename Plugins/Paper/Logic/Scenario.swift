import AdapterKit

/// What goes wrong between the adapter and its simulated broker: rules, each with a trigger and a fault.
///
/// It is part of an account's config, so that an operator writes it in YAML beside the account. Whatever it does, the
/// simulated broker's own books stay right: an order that it accepted is accepted, although nobody is told.
struct Scenario: Sendable, Equatable {
    /// What chance is drawn from; with the same seed the same sequence of events meets the same faults.
    var seed: UInt64 = 0
    var rules: [FaultRule] = []
    /// Whether the simulated broker refuses a client reference that it has seen.
    var dedupesReferences = true
    /// Whether a rule may end the process.
    var allowsCrash = false
    /// Of the text it was read from: counts that belong to another scenario are not taken over.
    var fingerprint: UInt64 = 0

    /// Rules of one scenario.
    static let mostRules = 100

    /// Whether a rule ends the process.
    var crashes: Bool { rules.contains { $0.fault.name == .crash } }
}

/// One trigger and what it sets off.
struct FaultRule: Sendable, Equatable {
    var trigger: FaultTrigger
    var fault: Fault
}

/// Something on the simulated wire that a rule may look at: a request on its way up, or a report on its way down.
enum FaultEvent: String, Sendable, CaseIterable {
    case submit, modify, cancel
    case cancelAll = "cancel_all"
    case lookUp = "look_up"
    case queryOrder = "query.order"
    case queryOrders = "query.orders"
    case queryTrades = "query.trades"
    case queryPositions = "query.positions"
    case queryHoldings = "query.holdings"
    case queryFunds = "query.funds"
    case queryMargins = "query.margins"
    case queryInstruments = "query.instruments"
    case queryProfile = "query.profile"
    case execution, state

    static let queries: Set<FaultEvent> = [
        .queryOrder, .queryOrders, .queryTrades, .queryPositions, .queryHoldings, .queryFunds, .queryMargins,
        .queryInstruments, .queryProfile,
    ]
    static let reports: Set<FaultEvent> = [.execution, .state]
    static let commands = Set(allCases).subtracting(reports)

    /// `nil` for what the adapter does not declare and is never asked for.
    init?(_ kind: QueryKind) {
        switch kind {
        case .order: self = .queryOrder
        case .orders: self = .queryOrders
        case .trades: self = .queryTrades
        case .positions: self = .queryPositions
        case .holdings: self = .queryHoldings
        case .funds: self = .queryFunds
        case .margins: self = .queryMargins
        case .instruments: self = .queryInstruments
        case .profile: self = .queryProfile
        case .orderHistory, .quotes, .candles: return nil
        }
    }
}

/// Which events a rule looks at, and which of them meet its fault.
struct FaultTrigger: Sendable, Equatable {
    /// Which of the events that match.
    enum Frequency: Sendable, Equatable {
        case always
        /// The n-th alone, counted from 1.
        case nth(UInt64)
        /// Every n-th.
        case every(UInt64)
        /// Each with this chance, in billionths.
        case chance(billionths: UInt64)
    }

    var events: Set<FaultEvent>
    /// `nil` does not narrow; so for the next two.
    var account: String?
    /// The canonical id of the instrument.
    var symbol: String?
    var side: Side?
    var frequency = Frequency.always
    /// Nanoseconds since the session was opened.
    var from: Int64 = 0
    var to: Int64 = .max
    /// How often at most the fault is set off.
    var limit: UInt64 = .max
}

/// What happens on the wire. Lengths of time are nanoseconds; `README.md` says what each does and what follows.
enum Fault: Sendable, Equatable {
    /// Before or after the broker has done what was asked.
    enum Phase: String, Sendable, CaseIterable { case before, after }

    /// What the adapter gets in the place of a reply.
    enum Remains: String, Sendable, CaseIterable {
        /// Nothing, until it gives up.
        case nothing
        /// The beginning of one.
        case truncated
        /// An error of the broker's front end (5xx).
        case serverError = "server_error"
    }

    /// How pages contradict one another.
    enum Disagreement: String, Sendable, CaseIterable {
        /// The row before the page comes again at its head.
        case repeats = "repeat"
        /// The page's first row is left out.
        case omits = "omit"
        /// The page says that it is followed by itself.
        case loops = "loop"
    }

    case replyLost(Phase, timeout: Int64, remains: Remains, losesReports: Bool)
    case lateReject(delay: Int64)
    case partialThenReject(part: Int64, delay: Int64)
    case fillBeforeAck(delay: Int64)
    case fillAfterCancel(part: Int64, delay: Int64)
    case reportLost
    case duplicateReports(times: Int)
    case shuffleReports(within: Int64)
    case visibilityDelay(delay: Int64, isDeclared: Bool)
    case pagesDisagree(Disagreement)
    case sessionExpiry(login: Int64)
    case throttle(retryAfter: Int64?)
    case clockSkew(offset: Int64)
    case hang(Int64)
    case slow(delay: Int64, jitter: Int64)
    case crash(Phase, delay: Int64)

    /// The word that a rule uses.
    enum Name: String, Sendable, CaseIterable {
        case replyLost = "reply_lost"
        case lateReject = "late_reject"
        case partialThenReject = "partial_then_reject"
        case fillBeforeAck = "fill_before_ack"
        case fillAfterCancel = "fill_after_cancel"
        case reportLost = "report_lost"
        case duplicateReports = "duplicate_reports"
        case shuffleReports = "shuffle_reports"
        case visibilityDelay = "visibility_delay"
        case pagesDisagree = "pages_disagree"
        case sessionExpiry = "session_expiry"
        case throttle
        case clockSkew = "clock_skew"
        case hang, slow, crash

        /// The events that can meet it.
        var events: Set<FaultEvent> {
            switch self {
            case .replyLost, .sessionExpiry, .throttle, .hang, .crash: FaultEvent.commands
            case .lateReject, .partialThenReject, .fillBeforeAck: [.submit]
            case .fillAfterCancel: [.cancel]
            case .reportLost, .duplicateReports, .shuffleReports: FaultEvent.reports
            case .visibilityDelay: [.lookUp, .queryOrder, .queryOrders, .queryTrades]
            case .pagesDisagree:
                [.queryOrders, .queryTrades, .queryPositions, .queryHoldings, .queryInstruments]
            case .clockSkew: FaultEvent.reports.union([.submit, .modify, .cancel, .lookUp])
            case .slow: Set(FaultEvent.allCases)
            }
        }
    }

    var name: Name {
        switch self {
        case .replyLost: .replyLost
        case .lateReject: .lateReject
        case .partialThenReject: .partialThenReject
        case .fillBeforeAck: .fillBeforeAck
        case .fillAfterCancel: .fillAfterCancel
        case .reportLost: .reportLost
        case .duplicateReports: .duplicateReports
        case .shuffleReports: .shuffleReports
        case .visibilityDelay: .visibilityDelay
        case .pagesDisagree: .pagesDisagree
        case .sessionExpiry: .sessionExpiry
        case .throttle: .throttle
        case .clockSkew: .clockSkew
        case .hang: .hang
        case .slow: .slow
        case .crash: .crash
        }
    }
}
