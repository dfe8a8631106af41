/// One scope of a bucket as a person sees it.
package struct RateScopeStatus: Hashable, Sendable {
    package struct Window: Hashable, Sendable {
        package var units: Int64
        package var nanoseconds: Int64
        package var used: Int64
        /// Units that cancels alone may take.
        package var reserve: Int64
    }
    /// `nil`: the scopes beyond the bound, counted as one.
    package var scope: String?
    package var windows: [Window]
    /// Of the broker's own words; `nil`: it said nothing that still holds.
    package var remaining: Int64?
    /// How long a `Retry-After` still holds, nanoseconds; 0 = it does not.
    package var blockedFor: Int64
}

/// A bucket as a person sees it.
package struct RateBucketStatus: Hashable, Sendable {
    package var id: String
    package var scopeKey: String
    package var mode: RateRule.Mode
    package var waiting: Int
    package var scopeCount: Int
    /// At most `RateBucket.shownScopes`, the most used first.
    package var scopes: [RateScopeStatus]
}

extension RateBucket {
    package static let shownScopes = 16

    /// A copy of the counts at one instant.
    package func status(now: Int64) -> RateBucketStatus {
        let shown = scopes.map { key, scope in
            var scope = scope
            scope.advance(to: now, wallOffset: wallOffset)
            return RateScopeStatus(
                scope: key == Self.sharedScope ? nil : key,
                windows: scope.windows.map {
                    RateScopeStatus.Window(
                        units: $0.units, nanoseconds: $0.window.windowNanoseconds, used: $0.used, reserve: $0.reserve)
                },
                remaining: scope.remaining(now: now),
                blockedFor: scope.blockedUntil > now ? scope.blockedUntil.saturating(plus: -now) : 0)
        }
        .sorted { left, right in
            let (used, other) = (left.windows.map(\.used).max() ?? 0, right.windows.map(\.used).max() ?? 0)
            return used == other ? (left.scope ?? "") < (right.scope ?? "") : used > other
        }
        return RateBucketStatus(
            id: rule.id, scopeKey: rule.scopeKey, mode: rule.mode, waiting: waitingCount, scopeCount: scopes.count,
            scopes: Array(shown.prefix(Self.shownScopes)))
    }
}
