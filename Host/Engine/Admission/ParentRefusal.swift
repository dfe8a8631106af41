package import Domain

/// A fact about the whole parent order that refuses it before any leg: nothing is stored (HTTP 400, or 404 for a name
/// that does not exist).
package struct ParentRefusal: Error, Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case malformed
        case notFound
        case forbidden
    }

    package var kind: Kind
    /// Stable, in snake_case.
    package var code: String
    /// JSON pointer into the request; empty = the whole.
    package var path: String
    package var value: String
    package var message: String
    package var remedy: String

    package init(
        _ kind: Kind = .malformed, code: String, path: String, value: String, message: String, remedy: String
    ) {
        (self.kind, self.code, self.path) = (kind, code, path)
        (self.value, self.message, self.remedy) = (value, message, remedy)
    }
}

/// Which accounts and groups a caller may trade.
package enum TradingAuthority: Hashable, Sendable {
    case everything
    case groups(Set<GroupID>)

    package func covers(_ group: GroupID) -> Bool {
        switch self {
        case .everything: true
        case .groups(let groups): groups.contains(group)
        }
    }
}

/// A parent order with who sent it and when.
package struct AdmissionRequest: Sendable {
    package var order: ParentOrder
    package var origin: Origin
    package var authority: TradingAuthority
    package var receivedAt: Timestamp
    /// The gateway's own closing order: passes trading states, since risk can always be reduced.
    package var isGatewayClosing: Bool
    /// What each account trades, where the order names the accounts' own venues; `nil` for every other order.
    package var instruments: LegInstruments?

    package init(
        order: ParentOrder, origin: Origin, authority: TradingAuthority, receivedAt: Timestamp,
        isGatewayClosing: Bool = false, instruments: LegInstruments? = nil
    ) {
        (self.order, self.origin, self.authority) = (order, origin, authority)
        (self.receivedAt, self.isGatewayClosing) = (receivedAt, isGatewayClosing)
        self.instruments = instruments
    }
}
