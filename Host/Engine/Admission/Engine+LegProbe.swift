package import Domain

/// One leg as an admission puts it before the controls, made once, so that what admission does with a single leg can be
/// run again and again: for a benchmark, or for a what-if.
package struct LegProbe: Sendable {
    let share: Engine.Share
    let parent: ParentTerms
    var context: LegContext
    let limits: LegLimits
    /// A parent's, which every leg is put to.
    var overrides = ParentOverrides()
}

extension Engine {
    /// The leg that an order on one account would be now.
    ///
    /// - Throws: `ParentRefusal` for a fact about the whole parent; so is a group as its target.
    package func probe(_ request: AdmissionRequest, now: Timestamp) throws(ParentRefusal) -> LegProbe {
        let parent = try ParentTerms(request, engine: self)
        guard let account = parent.accountNumber, let quantity = parent.quantity, let side = request.order.side else {
            throw ParentRefusal(
                code: "missing_field", path: "/account_id", value: "null",
                message: "a probe is of one account, one side and a quantity", remedy: "give all three")
        }
        var context = LegContext(parent, request, engine: self, now: now)
        context.setParentQuantity(quantity)
        return LegProbe(
            share: Share(
                account: account, instrument: parent.instrumentNumber, side: side, weight: 1, quantity: quantity),
            parent: parent, context: context,
            limits: legLimits(account, parent.instrumentNumber))
    }

    /// Looks the position up and runs every control on the leg, by the code of admission; keeps nothing.
    ///
    /// - Returns: the slices it would be sent in; 0 = refused.
    package func slices(of probe: inout LegProbe) -> Int64 {
        var (trace, result) = (NoTrace(), Evaluation(mayClip: probe.parent.mayClip))
        evaluate(
            probe.share, &probe.context, probe.limits, accounts[Int(probe.share.account)].adapterNumber,
            PendingMessages(), &result, &trace, &probe.overrides)
        return result.slices
    }
}
