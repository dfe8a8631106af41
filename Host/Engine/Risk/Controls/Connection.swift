import Domain

/// Not a numbered control: an account whose session takes no orders refuses its leg (`not_ready`); a degraded one still
/// takes strict closing orders (ABI.md rule 15). What its adapter or its login does not offer is refused as `unsupported`.
struct Connection: RiskControl {
    static let id = ControlID.notReady

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        switch engine.inputs.readiness[Int(candidate.account)] {
        case .ready: break
        case .degraded where candidate.isClosing: break
        default: return .reject(Rejection(.notReady, .notReady))
        }
        if Int(candidate.adapter) < engine.inputs.offers.count,
            let offer = engine.inputs.offers[Int(candidate.adapter)],
            !offer.covers(candidate.words)
        {
            return .reject(Rejection(.unsupported, .unsupported, scope: .adapter))
        }
        if !engine.inputs.narrowedOffers.isEmpty, let offer = engine.inputs.narrowedOffers[candidate.account],
            !offer.covers(candidate.words)
        {
            return .reject(Rejection(.unsupported, .unsupported, scope: .account))
        }
        return .pass
    }
}
