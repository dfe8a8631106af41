import Domain
package import Engine
import Gateway

/// Who sent a request, as its key proves.
package struct Principal: Hashable, Sendable {
    package let keyID: String
    /// The person that the key names.
    package let person: String
    package let scopes: AccessScopes
    /// The groups that the key is bound to; `everything` for a key without such a bound.
    package let authority: TradingAuthority

    var caller: Caller { Caller(keyID: keyID, person: person, authority: authority) }

    var isBoundToGroups: Bool { authority != .everything }
}
