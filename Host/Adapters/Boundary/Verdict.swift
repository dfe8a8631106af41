import CSluice
import Domain

/// The host's word on what is certain about a mutation (ABI.md rule 26 and the table of error codes), as far as it goes
/// without a transport's record: it lowers an adapter's claim to unknown, and never raises one.
enum Verdict {
    /// What the code alone says. `nil`: nothing (`OTHER`, an unknown code).
    private enum Default { case rejectedOrNotSent, rejected, notSent, unknown }

    private static func verdict(of code: AdapterErrorCode) -> Default? {
        switch code {
        case .invalid, .unsupported, .rateLimited: .rejectedOrNotSent
        case .clock, .authExpired, .authRejected, .forbidden, .funds, .brokerRisk, .priceBand, .quantityRule,
            .marketClosed, .halted, .instrument, .notFound, .alreadyFinal:
            .rejected
        case .network: .notSent
        case .duplicate, .timeout, .truncated, .brokerServerError, .protocolError, .internalError: .unknown
        case .other: nil
        }
    }

    /// - Parameter outcome: `SLUICE_OUTCOME_*` as the adapter gave it.
    static func mutation(outcome: UInt32, error: ReadError?) -> (outcome: MutationOutcome, cause: HostCause?) {
        let claim: MutationOutcome
        switch outcome {
        case SLUICE_OUTCOME_ACCEPTED: claim = .accepted
        case SLUICE_OUTCOME_REJECTED: claim = .rejected
        case SLUICE_OUTCOME_NOT_SENT: claim = .notSent
        case SLUICE_OUTCOME_UNKNOWN: return (.unknown, nil)
        default: return (.unknown, .malformed)
        }
        guard let error else { return (claim, nil) }
        // A claim that says two things is no claim.
        if error.certainty != 0, error.certainty != certainty(of: claim) { return (.unknown, .contradiction) }
        if claim == .accepted { return (.accepted, nil) }
        // The first copy of a duplicate may be live, whatever the adapter makes of it.
        guard error.isKnownCode, error.value.code != .duplicate else { return (.unknown, nil) }
        if error.certainty != 0 { return (claim, nil) }
        switch verdict(of: error.value.code) {
        case .rejectedOrNotSent: return (claim, nil)
        case .rejected: return (claim, nil)  // an adapter's own check says "not sent" for the broker's reason
        case .notSent: return claim == .notSent ? (.notSent, nil) : (.unknown, .contradiction)
        case .unknown, nil: return (.unknown, nil)
        }
    }

    private static func certainty(of outcome: MutationOutcome) -> UInt32 {
        switch outcome {
        case .accepted: SLUICE_CERTAINTY_ACCEPTED
        case .rejected: SLUICE_CERTAINTY_REJECTED
        case .notSent: SLUICE_CERTAINTY_NOT_SENT
        case .unknown: SLUICE_CERTAINTY_UNKNOWN
        }
    }

    /// A look-up: only the two definite words are definite.
    static func lookup(outcome: UInt32) -> (outcome: LookupOutcome, cause: HostCause?) {
        switch outcome {
        case SLUICE_OUTCOME_FOUND: (.found, nil)
        case SLUICE_OUTCOME_PROVEN_ABSENT: (.provenAbsent, nil)
        case SLUICE_OUTCOME_INDETERMINATE, SLUICE_OUTCOME_UNKNOWN, SLUICE_OUTCOME_NOT_SENT, SLUICE_OUTCOME_REJECTED:
            (.indeterminate, nil)
        default: (.indeterminate, .malformed)
        }
    }
}
