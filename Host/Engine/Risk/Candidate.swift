import Domain

/// A leg in front of the controls: the order as it would be sent, and the state it meets. Trivial, so that carrying it
/// from control to control costs nothing.
struct Candidate: Sendable {
    let account: Int32
    let group: Int32
    let adapter: Int32
    let instrument: Instrument
    let side: Side
    let product: Product
    let timeInForce: TimeInForce
    let orderClass: OrderClass
    /// After market protection.
    var orderType: OrderType
    var quantity: Int64
    /// Points; 0 = none.
    var limitPrice: Int64
    var stopPrice: Int64
    let position: Position
    /// Strict closing (RISK.md §2), of the quantity it came with; a smaller one is closing all the more.
    let isClosing: Bool
    /// Points; 0 = none known.
    let reference: Int64
    /// Age of `reference` in nanoseconds; -1 = none known.
    let referenceAge: Int64
    /// The collar's outer band in points; `Int64.max` = unlimited, -1 = no reference to compute it from.
    var band: Int64 = -1
    /// Slices of the final quantity, counted when freeze slicing has run.
    var slices: Int64 = 1
    /// Messages and orders that earlier legs of the same parent already take, by scope.
    var pending = PendingMessages()
    /// Messages wait until then; `nil` = none waits.
    var heldUntil: Timestamp?
    let now: Timestamp
    let isAuthorised: Bool
    let states: EffectiveState
    let isGatewayClosing: Bool
    /// The sender says that it only reduces.
    var isReduceOnly = false
    /// `false` for the part of a modify that only changes prices: nothing is added to count.
    var countsAsNewOrder = true
    /// Quantity of all legs of the parent, for the bounds on a parent.
    var parentQuantity: Int64 = 0
    /// Margin that the leg will need, set by the margin control.
    var margin: Int64 = 0
    /// What every leg of the parent shares.
    var parent = ParentFacts()
    /// Quantity as allocated, before any control clipped it.
    var askedQuantity: Int64 = 0
    /// Modifications of the order so far; -1 = it is a new order.
    var modifications: Int32 = -1
    /// What a control that passed has to say all the same; taken from here by whoever called it.
    var alert: Rejection?

    /// The price used for money (RISK.md §2 `px`): the limit; else reference plus band. `nil` = not known.
    var moneyPrice: Int64? {
        if orderType.hasLimitPrice, marketProtectedFrom == nil { return limitPrice }
        guard reference > 0, band >= 0 else { return orderType.hasLimitPrice ? limitPrice : nil }
        return band == .max ? reference : saturatingSum(reference, band)
    }
    /// Set where market protection turned a market order into this limit order.
    var marketProtectedFrom: OrderType?

    /// The largest lot multiple that is not above `quantity` and not negative.
    func lotMultiple(_ quantity: Int64) -> Int64 { max(0, quantity) / instrument.lot * instrument.lot }
}

/// Facts about the parent that controls look at, computed once and carried with every leg. Trivial.
struct ParentFacts: Sendable {
    /// Where the venue's clock stands.
    var session = VenueHours.unknown
    var isAfterMarket = false
    /// As asked for, before market protection.
    var orderType = OrderType.market
    /// Points, as asked for; 0 = none.
    var limitPrice: Int64 = 0
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

/// `a × b / c` in 128 bits, rounded toward zero; `c` positive. `nil` on overflow.
@inline(__always)
func scaled(_ a: Int64, _ b: Int64, over c: Int64) -> Int64? {
    let (product, overflow) = a.multipliedReportingOverflow(by: b)
    if !overflow { return product / c }
    return Int64(exactly: Int128(a) * Int128(b) / Int128(c))
}
