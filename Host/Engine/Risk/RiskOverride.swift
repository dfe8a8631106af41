package import Domain

/// A person's leave for one control to let orders of one scope pass, for a while and so many legs (RISK.md §6).
///
/// What would have been refused goes, with the refusal as an alert on its record.
package struct RiskOverride: Hashable, Sendable {
    /// Counts from 1; `o1` outside.
    package var id: Int64
    package var control: ControlID
    package var scope: Scope
    /// Ends then, used or not.
    package var until: Timestamp
    /// Legs that it lets pass, 1 or more.
    package var maximumUses: Int64
    package var reason: String
    package var by: String
    package var at: Timestamp

    package init(
        id: Int64, control: ControlID, scope: Scope, until: Timestamp, maximumUses: Int64, reason: String, by: String,
        at: Timestamp
    ) {
        (self.id, self.control, self.scope, self.until, self.maximumUses) = (id, control, scope, until, maximumUses)
        (self.reason, self.by, self.at) = (reason, by, at)
    }

    /// Controls that nobody can override: what an order is, who may send it, whether trading is on, and what is certain to
    /// fail at the broker. None of them is a limit.
    package static let fixedControls: Set<ControlID> = [
        .requestShape, .authority, .instrument, .tradingState, .unknownOutstanding, .freezeSlicing, .notReady,
        .unsupported, .deadline, .modeNotMet,
    ]
}

/// That a leg of a run passed by an override.
package struct OverrideUse: Hashable, Sendable {
    package var override: Int64
    package var leg: Int32
    package init(override: Int64, leg: Int32) { (self.override, self.leg) = (override, leg) }
}

/// Overrides that were granted: those that still hold, and the last `maximumEnded` that do not.
package struct OverrideTable: Hashable, Sendable {
    package static let maximumActive = 100
    package static let maximumEnded = 100

    package struct Entry: Hashable, Sendable {
        package var override: RiskOverride
        package internal(set) var uses: Int64 = 0
        /// Who took it back, and why.
        package internal(set) var revoked: Revocation?

        package func isActive(at now: Timestamp) -> Bool {
            revoked == nil && now < override.until && uses < override.maximumUses
        }
    }

    package struct Revocation: Hashable, Sendable {
        package var by: String
        package var reason: String
        package var at: Timestamp
        package init(by: String, reason: String, at: Timestamp) {
            (self.by, self.reason, self.at) = (by, reason, at)
        }
    }

    /// Oldest first.
    package private(set) var entries: [Entry] = []
    private var last: Int64 = 0

    package var nextID: Int64 { last + 1 }
    package subscript(_ id: Int64) -> Entry? { entries.first { $0.override.id == id } }

    mutating func grant(_ override: RiskOverride) {
        last = max(last, override.id)
        entries.append(Entry(override: override))
        // The oldest that ended before this one was granted go; those that hold are bounded by who grants them.
        var excess = entries.count(where: { !$0.isActive(at: override.at) }) - Self.maximumEnded
        entries.removeAll { entry in
            guard excess > 0, !entry.isActive(at: override.at) else { return false }
            excess -= 1
            return true
        }
    }

    mutating func revoke(_ id: Int64, _ revocation: Revocation) {
        guard let index = entries.firstIndex(where: { $0.override.id == id }), entries[index].revoked == nil else {
            return
        }
        entries[index].revoked = revocation
    }

    mutating func use(_ id: Int64) {
        guard let index = entries.firstIndex(where: { $0.override.id == id }) else { return }
        entries[index].uses += 1
    }
}

/// The overrides that concern a parent, and how often its legs have used them so far.
struct ParentOverrides: Sendable {
    private struct Offer {
        let id: Int64
        let control: ControlID
        /// `nil` = every account.
        let accounts: Set<Int32>?
        var left: Int64
    }
    private var offers: [Offer] = []
    /// Of the leg that is being evaluated.
    private(set) var used: [Int64] = []

    var isEmpty: Bool { offers.isEmpty }

    init() {}

    init(_ parent: ParentTerms, _ request: AdmissionRequest, engine: borrowing Engine, now: Timestamp) {
        let group: GroupID? = if case .group(let id) = request.order.target { id } else { nil }
        for entry in engine.overrides.entries where entry.isActive(at: now) {
            let scope = entry.override.scope
            var accounts: Set<Int32>?
            let concerns: Bool
            switch scope.kind {
            case .firm: concerns = true
            case .group: concerns = group?.rawValue == scope.id
            case .strategy: concerns = request.order.strategy == scope.id
            case .key: concerns = request.origin.caller == scope.id
            case .instrument:
                func matches(_ number: Int32) -> Bool {
                    InstrumentPattern(scope.id)?.matches(engine.instruments[Int(number)].id) ?? false
                }
                if let own = parent.own {
                    var trading: Set<Int32> = []
                    for account in engine.accounts.indices {
                        guard let number = own.instrument(of: Int32(account)), matches(number) else { continue }
                        trading.insert(Int32(account))
                    }
                    (accounts, concerns) = (trading, true)
                } else {
                    concerns = matches(parent.instrumentNumber)
                }
            case .account:
                accounts = AccountID(scope.id).flatMap { engine.accountNumbers[$0] }.map { [$0] } ?? []
                concerns = true
            case .adapter:
                let adapter = AdapterID(scope.id).flatMap { engine.adapters.firstIndex(of: $0) }
                accounts = Set(
                    engine.accounts.indices.filter { Int(engine.accounts[$0].adapterNumber) == adapter }.map(Int32.init)
                )
                concerns = true
            case .order: concerns = false
            }
            guard concerns else { continue }
            offers.append(
                Offer(
                    id: entry.override.id, control: entry.override.control, accounts: accounts,
                    left: entry.override.maximumUses - entry.uses))
        }
    }

    /// Takes one use for a leg that a control refuses; `false` where none is left.
    mutating func take(_ control: ControlID, account: Int32) -> Bool {
        for index in offers.indices {
            let offer = offers[index]
            guard offer.control == control, offer.left > 0, offer.accounts?.contains(account) ?? true else { continue }
            // A leg that comes to the same control twice, after a clip, uses it once.
            if !used.contains(offer.id) {
                offers[index].left -= 1
                used.append(offer.id)
            }
            return true
        }
        return false
    }

    /// The next leg begins. A leg that was refused by another control gives back what it took.
    mutating func nextLeg(wasAdmitted: Bool) {
        if !wasAdmitted {
            for id in used {
                if let index = offers.firstIndex(where: { $0.id == id }) { offers[index].left += 1 }
            }
        }
        used = []
    }
}

// MARK: - As bytes

extension OverrideTable {
    func write(to writer: inout EventWriter) {
        writer.write(last)
        writer.write(count: entries.count)
        for entry in entries {
            writer.write(entry.override)
            writer.write(entry.uses)
            writer.write(byte: entry.revoked == nil ? 0 : 1)
            if let revoked = entry.revoked { writer.write(revoked.by, revoked.reason, revoked.at) }
        }
    }

    init(_ reader: inout EventReader) throws(EventCodingError) {
        last = try reader.readSigned()
        for _ in 0..<(try reader.readCount(ofAtLeast: 10, "overrides")) {
            var entry = Entry(override: try reader.readOverride())
            entry.uses = try reader.readSigned()
            if try reader.readBool() {
                let (by, reason) = (try reader.readText(), try reader.readText())
                entry.revoked = Revocation(by: by, reason: reason, at: try reader.readTime())
            }
            entries.append(entry)
        }
    }
}
