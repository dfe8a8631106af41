import Domain

/// C29 `self-trade`: a candidate conflicts with a live order on the other side of the same instrument and the same owners
/// when the buy's price is at or above the sell's; an order at market trades at any price, a stop order is tested at its
/// limit or at the reference. Also between legs of one parent. Run once a parent, after its legs.
///
/// Points. `reject` refuses the leg; `cancel_resting` refuses it and has the live orders canceled, so that it can be sent
/// again; `tag` lets it go with an alert. A strict closing leg is never locked in: what stands in its way is canceled,
/// whatever the action. Source: RISK.md §4; exchanges' self-trade prevention.
enum SelfTrade {
    static let id = ControlID.selfTrade

    /// What the control says of one leg; `nil` = no conflict. `others`: best opposite price among the parent's own legs.
    static func conflict(
        _ leg: RestingPrice, account: Int32, instrument: Int32, isClosing: Bool, others: Int64?,
        _ limit: SelfTradeLimit, _ engine: borrowing Engine, _ trace: inout some DecisionTrace
    ) -> Rejection? {
        if case .none = limit.owners { return nil }
        let reference = engine.inputs.reference(instrument).points
        let price = leg.effective(reference: reference)
        func meets(_ opposite: Int64) -> Bool { leg.side.isBuy ? price >= opposite : price <= opposite }
        func refusal(_ sentence: Rejection.Sentence, _ opposite: Int64) -> Rejection {
            Rejection(
                id, sentence, scope: scope(limit.owners), unit: .price, limit: shown(opposite, reference),
                observed: reference, projected: shown(price, reference))
        }
        let live = engine.resting.bestOpposite(
            of: leg.side, account: account, instrument: instrument, owners: limit.owners, reference: reference)
        trace.record(
            [live, others].compactMap { $0 }.min { leg.side.isBuy ? $0 < $1 : $0 > $1 }
                .map {
                    var measure = Measure(refusal(.selfTrade, $0))
                    measure.isFloor = leg.side == .sell
                    return measure
                })
        if let live, meets(live) {
            let cancels = limit.action == .cancelResting || (isClosing && limit.action == .reject)
            return refusal(cancels ? .selfTradeCanceling : .selfTrade, live)
        }
        if let others, meets(others) { return refusal(.selfTrade, others) }
        return nil
    }

    private static func scope(_ owners: SelfTradeLimit.Owners) -> ScopeKind {
        switch owners {
        case .none, .owner: .account
        case .group: .group
        case .firm: .firm
        }
    }

    /// "Any price" in a refusal is the reference.
    private static func shown(_ price: Int64, _ reference: Int64) -> Int64 {
        price == .max || price == 0 ? reference : price
    }
}
