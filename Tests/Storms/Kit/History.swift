import Domain
import Engine

/// What truly became of one order at its broker, drawn from a seed, and every word that was said of it.
struct History: Sendable {
    /// One execution as the broker tells it.
    struct Fill: Sendable {
        var kind = ExecutionReport.Kind.new
        /// Unique within the order.
        var id: Int
        /// The fill that a correction or bust takes the place of.
        var replaces: Int?
        var quantity: Int64
        /// Hundredths.
        var price: Int64
    }

    /// Something that is heard of the order: repeated, shuffled or lost on its way.
    enum News: Sendable {
        case report(ReportedState, cumulative: Int64?)
        case fill(Fill)
    }

    /// A step of the gateway's own, made once, in order: what it asked for and what its command came to.
    enum Step: Sendable {
        case answer(MutationOutcome)
        case askCancel
        case cancelAnswer(MutationOutcome, isForGood: Bool)
        case askReplace(quantity: Int64)
        case replaceAnswer(MutationOutcome)
    }

    enum Item: Sendable {
        case news(News)
        case step(Step)
    }

    let quantity: Int64
    /// In the order in which it happened.
    private(set) var items: [Item] = []
    /// The order's quantity at last: a modify that the broker took changes it.
    private(set) var lastQuantity: Int64
    private(set) var end: ReportedState?
    /// Nothing of it ever reached the broker, and a look-up proves it.
    private(set) var isAbsent = false
    private(set) var isRefused = false
    /// A cancel was asked for, and was not refused for good.
    private(set) var isCancelWanted = false
    /// Whether what became of a modify has to be looked up.
    private(set) var needsTerms = false
    private var isReplaceRefused = false
    private(set) var fills: [Fill] = []

    init(quantity: Int64, using dice: inout Dice) {
        (self.quantity, lastQuantity) = (quantity, quantity)
        switch dice.number(0...99) {
        case 0..<5:
            isRefused = true
            items = [.step(.answer(.rejected))]
            return
        case 5..<10:
            isAbsent = true
            items = [.step(.answer(.unknown))]
            return
        case 10..<30: items = [.step(.answer(.unknown))]
        default: items = [.step(.answer(.accepted))]
        }
        if dice.chance(30) { items.append(.news(.report(.pendingNew, cumulative: nil))) }
        items.append(.news(.report(.open, cumulative: dice.chance(50) ? 0 : nil)))
        if dice.chance(15) { drawReplace(&dice) }
        let withheld = drawFills(&dice)
        drawEnd(&dice)
        for fill in withheld { tell(fill) }  // after the end: V12
    }

    // MARK: The truth

    /// What stands of the executions: quantity, and the sum of quantity × price.
    var standing: (quantity: Int64, value: Int128) {
        var standing: [Int: Fill] = [:]
        for fill in fills {
            if let replaced = fill.replaces { standing[replaced] = nil }
            if fill.kind != .bust { standing[fill.id] = fill }
        }
        return standing.values.reduce(into: (0, 0)) { sum, fill in
            sum.0 += fill.quantity
            sum.1 += Int128(fill.quantity) * Int128(fill.price)
        }
    }

    /// The state that all this comes to, by the rules of RELIABILITY §2 alone.
    var expectedStatus: OrderStatus {
        if isAbsent { return .notSent }
        if isRefused { return .rejected }
        if standing.quantity >= lastQuantity { return .filled }
        switch end {
        case .canceled: return .canceled
        case .expired: return .expired
        case .rejected: return .rejected
        default: break
        }
        if isCancelWanted { return .pendingCancel }
        return standing.quantity > 0 ? .partiallyFilled : .working
    }

    // MARK: Drawing

    private mutating func drawReplace(_ dice: inout Dice) {
        let wanted = dice.number(1...quantity * 2)
        guard wanted != quantity else { return }
        let outcome: MutationOutcome = [.accepted, .accepted, .rejected, .unknown][Int(dice.number(0...3))]
        let isTaken = outcome == .accepted || (outcome == .unknown && dice.chance(50))
        items.append(.step(.askReplace(quantity: wanted)))
        items.append(.step(.replaceAnswer(outcome)))
        needsTerms = outcome == .unknown
        isReplaceRefused = !isTaken
        if isTaken { lastQuantity = wanted }
    }

    /// - Returns: fills that the broker tells only after the end.
    private mutating func drawFills(_ dice: inout Dice) -> [Fill] {
        var left = lastQuantity
        let count = Int(dice.number(0...4))
        for id in 0..<count where left > 0 {
            let part = id == count - 1 && dice.chance(50) ? left : dice.number(1...left)
            left -= part
            tell(Fill(id: id, quantity: part, price: dice.number(9_000...11_000)))
            // Filled is said at the end: a bust may come before it.
            if dice.chance(60) { items.append(.news(.report(.partiallyFilled, cumulative: lastQuantity - left))) }
        }
        if let first = fills.first, dice.chance(8) {
            let kind: ExecutionReport.Kind = dice.chance(50) ? .bust : .correct
            tell(
                Fill(
                    kind: kind, id: 10, replaces: first.id,
                    quantity: kind == .bust ? first.quantity : dice.number(1...first.quantity),
                    price: dice.number(9_000...11_000)))
        }
        // More than was ordered (F10); where a modify to more may have failed, it would look as if it had been taken.
        if !fills.isEmpty, !isReplaceRefused, dice.chance(4) {
            tell(Fill(id: 20, quantity: left + dice.number(1...50), price: dice.number(9_000...11_000)))
            left = 0
        }
        guard left > 0, dice.chance(5) else { return [] }
        return [Fill(id: 30, quantity: dice.number(1...left), price: dice.number(9_000...11_000))]
    }

    private mutating func tell(_ fill: Fill) {
        fills.append(fill)
        items.append(.news(.fill(fill)))
    }

    private mutating func drawEnd(_ dice: inout Dice) {
        let executed = standing.quantity
        if executed >= lastQuantity {
            end = .filled
            items.append(.news(.report(.filled, cumulative: dice.chance(50) ? executed : nil)))
            return
        }
        let asksCancel = dice.chance(40)
        if asksCancel {
            isCancelWanted = true
            items.append(.step(.askCancel))
        }
        let hint = dice.chance(85) ? executed : nil
        switch dice.number(0...9) {
        case 0..<5: end = asksCancel ? .canceled : .expired
        case 5: end = .canceled
        case 6: end = .rejected  // after a partial fill as well (F15)
        default: break
        }
        if asksCancel {
            let isRefused = end == nil && dice.chance(50)
            if isRefused { isCancelWanted = false }
            let outcome: MutationOutcome = isRefused ? .rejected : dice.chance(70) ? .accepted : .unknown
            items.append(.step(.cancelAnswer(outcome, isForGood: isRefused)))
        }
        if let end { items.append(.news(.report(end, cumulative: hint))) }
    }
}
