import AdapterKit

/// One instrument of one account: its market, and the account's own working orders in the order the market reaches them.
///
/// Own orders never meet one another: each meets the market.
struct Book: Sendable {
    var instrument: PaperInstrument
    var market = Market()
    /// Whether its prices were asked for.
    var isWatched = false

    /// Resting limits and untriggered stops; see `rank`.
    var buyLimits = PriorityList()
    var sellLimits = PriorityList()
    var buyStops = PriorityList()
    var sellStops = PriorityList()
    /// Orders that take any price and wait for more size, by time. Both sides.
    var takers = PriorityList()
    /// Orders that came before any price was known, by time.
    var unpriced = PriorityList()
    /// No order here works since earlier or later than this: a bar outside these bounds has no latecomers.
    private(set) var workingSince = (earliest: Timestamp(nanoseconds: .max), latest: Timestamp(nanoseconds: .min))

    init(_ instrument: PaperInstrument) {
        self.instrument = instrument
    }

    /// The list an order waits in.
    enum Place: CaseIterable, Sendable { case buyLimits, sellLimits, buyStops, sellStops, takers, unpriced }

    static func place(of order: PaperOrder) -> Place {
        if !order.isPriced { return .unpriced }
        if order.awaitsTrigger { return order.side == .buy ? .buyStops : .sellStops }
        if order.takesAnyPrice { return .takers }
        return order.side == .buy ? .buyLimits : .sellLimits
    }

    subscript(place: Place) -> PriorityList {
        get {
            switch place {
            case .buyLimits: buyLimits
            case .sellLimits: sellLimits
            case .buyStops: buyStops
            case .sellStops: sellStops
            case .takers: takers
            case .unpriced: unpriced
            }
        }
        _modify {
            switch place {
            case .buyLimits: yield &buyLimits
            case .sellLimits: yield &sellLimits
            case .buyStops: yield &buyStops
            case .sellStops: yield &sellStops
            case .takers: yield &takers
            case .unpriced: yield &unpriced
            }
        }
    }

    /// Buy limits are reached from the highest price down, sell limits from the lowest up; buy stops from the lowest
    /// trigger up, sell stops from the highest down; the others by time alone.
    static func rank(of order: PaperOrder) -> Int64 {
        switch place(of: order) {
        case .buyLimits: -order.price
        case .sellLimits: order.price
        case .buyStops: order.triggerPrice
        case .sellStops: -order.triggerPrice
        case .takers, .unpriced: 0
        }
    }

    mutating func insert(_ order: PaperOrder) {
        let entry = PriorityList.Entry(rank: Self.rank(of: order), sequence: order.sequence, number: order.number)
        self[Self.place(of: order)].insert(entry)
        workingSince.earliest = min(workingSince.earliest, order.workingSince)
        workingSince.latest = max(workingSince.latest, order.workingSince)
    }

    /// Whether a bar may have begun before an order that waits here and ended after it.
    func mayHaveLatecomers(in candle: MarketCandle) -> Bool {
        let (end, overflow) = candle.start.nanoseconds.addingReportingOverflow(max(0, candle.lengthNanoseconds))
        return workingSince.latest > candle.start && (overflow || workingSince.earliest.nanoseconds < end)
    }

    /// Takes an order out of the list that `insert` put it in; its price, trigger and place in time must still be the same.
    mutating func remove(_ order: PaperOrder) {
        self[Self.place(of: order)].remove(rank: Self.rank(of: order), sequence: order.sequence)
    }
}
