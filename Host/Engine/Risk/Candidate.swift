import Domain

/// A leg in front of the controls: the order as it would be sent, and the state it meets. Trivial, so that carrying it
/// from control to control costs nothing.
///
/// What every leg of a parent shares is filled in once (`init`), each leg puts itself into a copy (`take`).
struct Candidate: Sendable {
    private(set) var account: Int32 = -1
    let group: Int32
    private(set) var adapter: Int32 = -1
    let instrument: Instrument
    private(set) var side = Side.buy
    let product: Product
    let timeInForce: TimeInForce
    let orderClass: OrderClass
    /// After market protection.
    var orderType: OrderType
    /// The words of the order as it was asked for, one bit a word (`AllowRule.mask`).
    private(set) var words: UInt64
    private(set) var quantity: Int64 = 0
    /// Points; 0 = none.
    var limitPrice: Int64
    var stopPrice: Int64
    /// Of its account and instrument; set before `take`.
    var position = PositionFacts()
    /// The account's, as last told; set before `take`.
    var funds: Inputs.Funds?
    /// Strict closing (RISK.md §2), of the quantity it came with; a smaller one is closing all the more.
    private(set) var isClosing = false
    /// `W` without the candidate, and `W'` with it.
    private(set) var worst: Int64 = 0
    private(set) var projected: Int64 = 0
    /// Points; 0 = none known.
    let reference: Int64
    /// Age of `reference` in nanoseconds; -1 = none known.
    let referenceAge: Int64
    /// The collar's outer band in points; `Int64.max` = unlimited, -1 = no reference to compute it from.
    var band: Int64 = -1
    /// Slices of the final quantity, counted when freeze slicing has run.
    var slices: Int64 = 1
    /// Messages and orders that earlier legs of the same parent already take, by scope.
    private(set) var pending = PendingMessages()
    /// Messages wait until then; `nil` = none waits.
    var heldUntil: Timestamp?
    let now: Timestamp
    private(set) var isAuthorised = false
    private(set) var states = EffectiveState()
    let isGatewayClosing: Bool
    /// The sender says that it only reduces.
    var isReduceOnly: Bool
    /// `false` for the part of a modify that only changes prices: nothing is added to count.
    var countsAsNewOrder = true
    /// Quantity of all legs of the parent, for the bounds on a parent.
    var parentQuantity: Int64 = 0
    /// Margin that the leg will need, set by the margin control.
    var margin: Int64 = 0
    /// What every leg of the parent shares.
    let parent: ParentFacts
    /// Quantity as allocated, before any control clipped it.
    var askedQuantity: Int64 = 0
    /// Modifications of the order so far; -1 = it is a new order.
    var modifications: Int32 = -1
    /// What a control that passed has to say all the same; taken from here by whoever called it.
    var alert: Rejection?
    /// What the account's live state comes to without the candidate, in the account's currency: once a control has looked.
    private(set) var exposure = AccountExposure()
    private var hasExposure = false
    /// See `addition`; -1 = nobody has asked.
    private var knownAddition: Int64 = -1

    /// What every leg of a parent shares.
    init(_ parent: ParentTerms, _ request: AdmissionRequest, _ facts: ParentFacts, now: Timestamp) {
        group = parent.groupNumber ?? -1
        instrument = parent.instrument
        let order = parent.order
        (product, timeInForce, orderClass) = (order.product, order.timeInForce, order.orderClass)
        (orderType, words) = (facts.orderType, facts.words)
        (limitPrice, stopPrice) = (facts.limitPrice, facts.stopPrice)
        (reference, referenceAge) = (facts.reference, facts.referenceAge)
        self.now = now
        isGatewayClosing = request.isGatewayClosing
        isReduceOnly = order.isReduceOnly
        self.parent = facts
    }

    /// Puts a leg in, whatever the controls left of the one before: everything that is not the parent's is set.
    @inline(__always)
    mutating func take(
        account: Int32, adapter: Int32, side: Side, quantity: Int64, pending: PendingMessages, isAuthorised: Bool,
        states: EffectiveState
    ) {
        (self.account, self.adapter, self.side) = (account, adapter, side)
        words = parent.words | AllowRule.words(side: side)
        orderType = parent.orderType
        (limitPrice, stopPrice) = (parent.limitPrice, parent.stopPrice)
        marketProtectedFrom = nil
        askedQuantity = quantity
        isClosing = position.isClosing(quantity, side: side)
        worst = max(position.longest, position.shortest)
        resize(to: quantity)
        (band, slices, margin) = (-1, 1, 0)
        heldUntil = nil
        (self.pending, self.isAuthorised, self.states) = (pending, isAuthorised, states)
        alert = nil
        hasExposure = false
    }

    /// What it adds to the worst case, at the reference in minor units of its account: C19 and C22 ask for the same. `nil`
    /// = it does not fit.
    @inline(__always)
    mutating func addition(_ money: MoneyScale) -> Int64? {
        if knownAddition >= 0 { return knownAddition }
        guard let value = money.value(of: added, at: reference) else { return nil }
        knownAddition = value
        return value
    }

    /// Fills `exposure` in for the first control that asks.
    @inline(__always)
    mutating func lookAtExposure(_ limits: LegLimits, _ engine: borrowing Engine) {
        guard !hasExposure else { return }
        hasExposure = true
        engine.findExposure(
            of: account, like: instrument.index.rawValue, isByInstrument: limits.netExposure.isByInstrument,
            &exposure)
    }

    /// Another quantity than it came with, which is a smaller one.
    @inline(__always)
    mutating func resize(to quantity: Int64) {
        self.quantity = quantity
        knownAddition = -1
        projected = position.worstCase(adding: quantity, side: side)
    }

    /// Whether `stopPrice` is where the second leg of a cover order stops the loss: an order of the other side.
    @inline(__always)
    var carriesStop: Bool {
        switch orderClass {
        case .cover: !orderType.takesStopPrice
        case .regular, .bracket, .iceberg, .auction: false
        }
    }

    /// Whether its broker sends it to the exchange in parts.
    @inline(__always)
    var isIceberg: Bool {
        switch orderClass {
        case .iceberg: true
        case .regular, .bracket, .cover, .auction: false
        }
    }

    /// How much the worst case grows by the candidate.
    @inline(__always)
    var added: Int64 { projected - worst }

    /// The price used for money (RISK.md §2 `px`): the limit; else reference plus band. `nil` = not known.
    @inline(__always)
    var moneyPrice: Int64? {
        if orderType.takesLimitPrice, marketProtectedFrom == nil { return limitPrice }
        guard reference > 0, band >= 0 else { return orderType.takesLimitPrice ? limitPrice : nil }
        return band == .max ? reference : saturatingSum(reference, band)
    }
    /// Set where market protection turned a market order into this limit order.
    var marketProtectedFrom: OrderType?

    /// The largest lot multiple that is not above `quantity` and not negative.
    @inline(__always)
    func lotMultiple(_ quantity: Int64) -> Int64 { max(0, quantity) / instrument.lot * instrument.lot }
}

/// Facts about the parent that controls look at, computed once and carried with every leg. Trivial.
struct ParentFacts: Sendable {
    /// Points; 0 = none known.
    var reference: Int64 = 0
    /// Nanoseconds; -1 = none known.
    var referenceAge: Int64 = -1
    /// Limits of the group and the firm; of no group, none.
    var groupLimits = ScopeLimits()
    var firmLimits = ScopeLimits()
    /// Whether scopes beside the account have message windows.
    var hasSharedWindows = false
    /// Where the venue's clock stands.
    var session = VenueHours.unknown
    var isAfterMarket = false
    /// As asked for, before market protection.
    var orderType = OrderType.market
    /// Points, as asked for; 0 = none.
    var limitPrice: Int64 = 0
    var stopPrice: Int64 = 0
    /// Whether they are multiples of the tick, of which 0 is one.
    var isLimitOnTick = true
    var isStopOnTick = true
    /// Days since the epoch.
    var today: Int64 = 0
    /// All words of the order but its side, one bit a word (`AllowRule.mask`).
    var words: UInt64 = 0
    /// Runs of the parent's strategy so far; -1 = it names none, -2 = it cannot be counted.
    var strategyRuns: Int64 = -1
    var groupLoss = GroupLossState()
    /// Number among the strategies that have limits; -1 = the parent's has none. What follows is theirs.
    var strategy: Int32 = -1
    var strategyRunLimit = AccountLimits.unlimited
    var strategyOpenOrders: Int64 = 0
    var strategyLoss = GroupLossState()
    /// Points; 0 = no stop is attached.
    var attachedStop: Int64 = 0
}

/// What totals of a scope above accounts may come to, in the parent's currency and its instrument's steps. Trivial.
struct ScopeLimits: Sendable {
    enum Money: Sendable {
        case unlimited
        /// The scope limits other currencies, and this one is not among them.
        case missing
        /// Minor units.
        case value(Int64)

        @inline(__always)
        var isSet: Bool {
            if case .unlimited = self { false } else { true }
        }

        init(_ limits: [Currency: Int64], _ currency: Currency) {
            guard !limits.isEmpty else {
                self = .unlimited
                return
            }
            self = limits[currency].map { $0 == AccountLimits.unlimited ? .unlimited : .value($0) } ?? .missing
        }
    }
    var gross = Money.unlimited
    var net = Money.unlimited
    var netByInstrument = false
    var openOrders = AccountLimits.unlimited
    /// Steps.
    var position = AccountLimits.unlimited

    init() {}

    init(_ limits: borrowing TotalLimits, _ instrument: Instrument) {
        gross = Money(limits.grossExposure, instrument.currency)
        net = Money(limits.netExposure, instrument.currency)
        netByInstrument = limits.netByInstrument
        openOrders = limits.openOrders
        position = limits.position.steps(instrument, in: limits.positionUnit)
    }
}

/// Messages of the parent's earlier legs, which are not in the logs yet.
struct PendingMessages: Sendable {
    var account = 0
    var group = 0
    var adapter = 0
    var firm = 0
}

/// The most severe state over every scope of a leg, and which scope it is.
struct EffectiveState: Hashable, Sendable {
    var status = TradingStatus.active
    var scope = ScopeKind.firm
}

/// One control of the RMS: pure, reads the engine, changes nothing. One file each.
protocol RiskControl {
    static var id: ControlID { get }
    /// `trace` hears every comparison, also of a pass.
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict
}

/// Whether `a × b > c × d`, exactly.
@inline(__always)
func isProduct(_ a: Int64, _ b: Int64, above c: Int64, _ d: Int64) -> Bool {
    let (left, right) = (a.multipliedFullWidth(by: b), c.multipliedFullWidth(by: d))
    return left.high == right.high ? left.low > right.low : left.high > right.high
}

/// `a × b / c` in 128 bits, rounded toward zero; `c` positive. `nil` on overflow.
@inline(__always)
func scaled(_ a: Int64, _ b: Int64, over c: Int64) -> Int64? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    if !overflow { return product / c }
    return Int64(exactly: Int128(a) * Int128(b) / Int128(c))
}
