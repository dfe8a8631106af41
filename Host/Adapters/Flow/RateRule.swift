/// At most `units` in any span of `windowNanoseconds`; with a `reset`, at most `units` from one reset to the next.
package struct RateWindow: Hashable, Sendable {
    package static let day: Int64 = 86_400_000_000_000

    package var units: UInt32
    package var windowNanoseconds: Int64
    package var reset: RateReset?
    package init(units: UInt32, windowNanoseconds: Int64, reset: RateReset? = nil) {
        (self.units, self.windowNanoseconds, self.reset) = (units, windowNanoseconds, reset)
    }
}

/// One of a broker's rate limits, after the manifest's tightening.
package struct RateRule: Hashable, Sendable {
    /// What becomes of a request for which there is no unit now.
    package enum Mode: String, CaseIterable, Hashable, Sendable {
        /// It waits, until its deadline.
        case queue
        /// It is refused at once.
        case refuse
    }
    /// `orders` is the bucket that each submit, modify and cancel costs one unit of, `reads` the one that each look-up and
    /// each page of a query costs one unit of; any other is for the requests that name it.
    package var id: String
    /// What it is counted by: `account` or `login` for `orders` and `reads`, any text for others.
    package var scopeKey: String
    /// All of them hold. None: nothing is limited, and only what the broker feeds back binds.
    package var windows: [RateWindow]
    package var mode: Mode
    package init(id: String, scopeKey: String, windows: [RateWindow], mode: Mode = .queue) {
        (self.id, self.scopeKey, self.windows, self.mode) = (id, scopeKey, windows, mode)
    }

    /// The buckets that lanes themselves take units of.
    package static let orders = "orders"
    package static let reads = "reads"

    /// The most that can pass in any span of `nanoseconds` under these windows; `nil`: without a bound.
    func most(in nanoseconds: Int64) -> Int64? {
        windows.lazy.map { window -> Int64 in
            let whole = (nanoseconds - 1) / window.windowNanoseconds + 1
            // Between resets the length says nothing: a span may lie across one.
            let spans = window.reset == nil ? whole : whole.saturating(plus: 1)
            let (most, overflow) = Int64(window.units).multipliedReportingOverflow(by: spans)
            return overflow ? .max : most
        }.min()
    }
}

/// Whose turn it is first, where there are not units enough for all.
package enum RatePriority: UInt8, Comparable, CaseIterable, Hashable, Sendable {
    /// Before everything else, and alone entitled to the reserve.
    case cancel
    /// A further send of a command that the adapter has already, in a bucket that lanes themselves take units of.
    case begun
    /// An order that the engine judged strictly closing; in the bucket of reads a look-up.
    case closing
    case ordinary

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Who asks for units of a bucket.
package struct RateRequest: Hashable, Sendable {
    /// The caller's number; a number that waits already is refused as a mistake of the caller.
    package var id: UInt64
    /// The value of the bucket's scope key: an account's id, a login, `rest/orders NSE:EQ:TCS`.
    package var scope: String
    /// Within a scope units go round among accounts.
    package var account: String
    /// At least 1.
    package var units: UInt32
    package var priority: RatePriority
    /// Monotonic nanoseconds after which waiting is in vain; `Int64.max` = none.
    package var deadline: Int64

    package init(
        id: UInt64, scope: String, account: String, units: UInt32 = 1, priority: RatePriority,
        deadline: Int64 = .max
    ) {
        (self.id, self.scope, self.account, self.units) = (id, scope, account, units)
        (self.priority, self.deadline) = (priority, deadline)
    }
}

/// Why a bucket gives no unit, now or later. Nothing was taken.
package struct RateRefusal: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable {
        /// The bucket does not queue, and there is no unit now.
        case limit
        /// No unit is free before the deadline.
        case deadline
        /// As many wait as may.
        case queueFull = "queue_full"
        /// More units than a window ever holds, none, or a number that waits already.
        case invalid
    }
    package var reason: Reason
    /// How long until it could pass, nanoseconds; `nil`: never.
    package var retryAfter: Int64?
}

package enum RateVerdict: Hashable, Sendable {
    /// The units are taken: go on at once.
    case granted
    /// `nextGranted` or `nextExpired` will name the request. `earliest`: monotonic, when it could be at the soonest.
    case waiting(earliest: Int64)
    case refused(RateRefusal)
}

/// What a broker said of its own count. It can only tighten: a broker that claims more room than the rule gives is not used.
package struct RateFeedback: Hashable, Sendable {
    /// Units left until `resetAt`.
    package var remaining: UInt32?
    /// Monotonic nanoseconds; without it `remaining` is no use and is left aside.
    package var resetAt: Int64?
    /// Nothing before so many nanoseconds are over (`Retry-After`).
    package var retryAfter: Int64?
    package init(remaining: UInt32? = nil, resetAt: Int64? = nil, retryAfter: Int64? = nil) {
        (self.remaining, self.resetAt, self.retryAfter) = (remaining, resetAt, retryAfter)
    }
}

extension Int64 {
    /// The sum, held at the ends of the range: a time that far away is never.
    @inline(__always)
    func saturating(plus other: Int64) -> Int64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? (other < 0 ? .min : .max) : sum
    }
}
