package import Domain

/// A dead man's switch: an API key that promises to be heard of within `ttl`, else its scope goes to reducing.
///
/// The journal knows who armed which; when it was heard last is the gateway's to know, and a restart counts as hearing.
package struct Heartbeat: Hashable, Sendable {
    package static let shortest: Int64 = 1_000_000_000
    package static let longest: Int64 = 86_400_000_000_000
    package static let maximumCount = 1_000

    /// Id of the API key.
    package var key: String
    package var person: String
    package var scope: Scope
    /// Nanoseconds, `shortest` to `longest`; 0 = disarmed.
    package var ttl: Int64
    package var at: Timestamp

    package init(key: String, person: String, scope: Scope, ttl: Int64, at: Timestamp) {
        (self.key, self.person, self.scope, self.ttl, self.at) = (key, person, scope, ttl, at)
    }
}
