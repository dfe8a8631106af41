/// What a key may do (RELIABILITY.md §5.1). A key has the scopes that are written for it; `admin` has every other as well.
package enum AccessScope: String, CaseIterable, Hashable, Sendable {
    /// See accounts, groups, runs, orders, positions, states.
    case read
    /// Place, change and cancel orders.
    case trade
    /// Halt, reduce and resume trading.
    case risk
    /// Change accounts, groups and keys.
    case admin
    /// Take whole data sets out.
    case export
}

/// A set of scopes, stored as words with spaces between.
package struct AccessScopes: Hashable, Sendable {
    package var members: Set<AccessScope>

    package init(_ members: Set<AccessScope>) { self.members = members }

    /// Words that this release does not know give nothing.
    package init(text: String) {
        members = Set(text.split(separator: " ").compactMap { AccessScope(rawValue: String($0)) })
    }

    package var text: String { names.joined(separator: " ") }
    package var names: [String] { AccessScope.allCases.filter(members.contains).map(\.rawValue) }

    package func allows(_ scope: AccessScope) -> Bool { members.contains(scope) || members.contains(.admin) }
}
