package import Domain

/// Where a setting of the risk document stands: a scope, or a profile that scopes share.
package enum RiskPlace: Hashable, Sendable, CustomStringConvertible {
    case firm
    case profile(String)
    case group(GroupID)
    case account(AccountID)
    /// A pattern of instruments as it is written, `NFO:OPT:*`.
    case instrument(String)
    case adapter(AdapterID)
    case strategy(String)

    /// Reads `firm` or `kind:id`, split at the first colon. `nil` for other text.
    package init?(_ text: String) {
        if text == "firm" {
            self = .firm
            return
        }
        guard let colon = text.firstIndex(of: ":") else { return nil }
        let id = String(text[text.index(after: colon)...])
        let place: RiskPlace? =
            switch text[..<colon] {
            case "profile": id.isEmpty ? nil : .profile(id)
            case "group": GroupID(id).map { .group($0) }
            case "account": AccountID(id).map { .account($0) }
            case "instrument": id.isEmpty ? nil : .instrument(id)
            case "adapter": AdapterID(id).map { .adapter($0) }
            case "strategy": (1...64).contains(id.utf8.count) ? .strategy(id) : nil
            default: nil
            }
        guard let place else { return nil }
        self = place
    }

    /// What a place is, as error messages and `SettingKey.places` tell them apart.
    package enum Kind: UInt8, CaseIterable, Hashable, Sendable {
        case firm = 0
        case profile, group, account, instrument, adapter, strategy

        package var name: String {
            switch self {
            case .firm: "firm"
            case .profile: "profile"
            case .group: "group"
            case .account: "account"
            case .instrument: "instrument"
            case .adapter: "adapter"
            case .strategy: "strategy"
            }
        }
        /// What a limit of such a place binds, as errors say it.
        var bound: String {
            switch self {
            case .firm: "the firm's totals"
            case .profile, .account: "an account"
            case .group: "a group's totals"
            case .instrument: "instruments"
            case .adapter: "an adapter's totals"
            case .strategy: "a strategy's totals"
            }
        }
        /// Settings here bind single accounts, and what is left out comes from above.
        var isAccount: Bool { self == .profile || self == .account }
    }

    package var kind: Kind {
        switch self {
        case .firm: .firm
        case .profile: .profile
        case .group: .group
        case .account: .account
        case .instrument: .instrument
        case .adapter: .adapter
        case .strategy: .strategy
        }
    }

    /// What is behind the colon; empty for the firm.
    package var id: String {
        switch self {
        case .firm: ""
        case .profile(let name), .instrument(let name), .strategy(let name): name
        case .group(let id): id.rawValue
        case .account(let id): id.rawValue
        case .adapter(let id): id.rawValue
        }
    }

    /// `account:P1`.
    package var description: String { self == .firm ? "firm" : "\(kind.name):\(id)" }

    /// The order of lists: firm, profiles, groups, accounts, instruments, adapters, strategies, each by id.
    static func isBefore(_ left: RiskPlace, _ right: RiskPlace) -> Bool {
        left.kind == right.kind ? left.id < right.id : left.kind.rawValue < right.kind.rawValue
    }
}
