package import Domain
package import Engine
package import Store

/// Why the gateway did not do what it was asked.
package enum GatewayError: Error, Sendable {
    /// A fact about the request: nothing was stored.
    case refused(ParentRefusal)
    /// A risk control refused a change of an order, with its numbers.
    case risk(RunSnapshot.Reject)
    /// A request with this idempotency key is on its way to the disk.
    case keyInUse
    /// The idempotency key was used with another body.
    case keyReused(subject: String)
    /// The stored version is another than the one that the caller changed.
    case versionMismatch(current: Int64)
    /// Two-person mode: the one who stopped a scope, or whose order led to it, may not resume it.
    case secondPersonRequired(TradingStateChange)
    /// A call of an adapter's own may change something at the broker, and a scope that it lies in is stopped.
    case stopped(TradingStateChange, call: String)
    /// Something refers to it.
    case inUse(String)
    /// Too much waits already.
    case overloaded
    /// Starting, stopping, or the disk failed: nothing is admitted.
    case notServing(String)
    case store(StoreFailure)
}

/// Who calls, as authentication found.
package struct Caller: Hashable, Sendable {
    /// The API key's id.
    package var keyID: String
    /// The person the key names.
    package var person: String
    package var authority: TradingAuthority
    /// The span of the client's that the request belongs to; kept with the run that it makes.
    package var trace: TraceContext?

    package init(keyID: String, person: String, authority: TradingAuthority, trace: TraceContext? = nil) {
        (self.keyID, self.person, self.authority, self.trace) = (keyID, person, authority, trace)
    }
}

/// A mutation's idempotency: the client's key, and a digest of what it asked.
package struct Idempotency: Hashable, Sendable {
    package var key: String
    package var fingerprint: [UInt8]
    package init(key: String, fingerprint: [UInt8]) { (self.key, self.fingerprint) = (key, fingerprint) }
}

/// How long a caller waits for its run.
package enum WaitLevel: String, Sendable, CaseIterable {
    /// The admission is on disk.
    case durable
    /// Every leg has been answered.
    case acked
    /// Every leg has ended.
    case done
}
