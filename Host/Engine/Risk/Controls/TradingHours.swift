import Domain

/// C5 `trading-hours` (!): `t` lies in a session of the instrument's venue; for opening orders also
/// `open + open_guard <= t <= close - close_guard`. An after-market order passes outside of sessions where the account may
/// place such. Source: RISK.md §4; sessions and holidays are the trading calendar's.
///
/// Nanoseconds, shown in milliseconds. A venue that the calendar does not hold refuses everything: nothing closes at a
/// venue that may be closed.
struct TradingHours: RiskControl {
    static let id = ControlID.tradingHours

    @inline(__always)
    static func evaluate(
        _ candidate: inout Candidate, _ limits: LegLimits, _ engine: borrowing Engine,
        _ trace: inout some DecisionTrace
    ) -> Verdict {
        let limit = limits.hours
        guard limit.isLimited else { return .pass }
        if candidate.parent.isAfterMarket, !limit.allowsAfterMarket {
            return .reject(Rejection(id, .afterMarketNotAllowed))
        }
        let session = candidate.parent.session
        switch session.phase {
        case .unknown: return .reject(Rejection(id, .noCalendar, cause: .noInput, scope: .instrument))
        case .closed:
            if candidate.parent.isAfterMarket { return .pass }
            return .reject(Rejection(id, .outsideSession, scope: .instrument))
        case .open:
            if candidate.isClosing { return .pass }
            trace.record(measure(limit.openGuard, session.sinceOpen))
            if session.sinceOpen < limit.openGuard {
                return .reject(refusal(limit.openGuard, session.sinceOpen))
            }
            trace.record(measure(limit.closeGuard, session.untilClose))
            if session.untilClose < limit.closeGuard {
                return .reject(refusal(limit.closeGuard, session.untilClose))
            }
            return .pass
        }
    }

    private static func measure(_ margin: Int64, _ distance: Int64) -> Measure {
        Measure(
            .milliseconds, .instrument, limit: margin / 1_000_000, observed: distance / 1_000_000,
            projected: distance / 1_000_000, isFloor: true)
    }

    private static func refusal(_ margin: Int64, _ distance: Int64) -> Rejection {
        Rejection(
            id, .outsideSession, scope: .instrument, unit: .milliseconds, limit: margin / 1_000_000,
            observed: distance / 1_000_000, projected: distance / 1_000_000)
    }
}
