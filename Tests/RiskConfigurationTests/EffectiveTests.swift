import Domain
import Engine
import Settings
import Testing

@testable import RiskConfiguration

@Suite("Limits in force and where they come from") struct EffectiveTests {
    static let text = """
        rms: 1
        profiles:
          default: { leverage: { bps: 15000 } }
          p: { daily-loss: { max: ["900 INR", "9 USD"], then: reducing, escalate: square_off, grace: 1m }, max-position: { max: 5, unit: lots } }
        firm: { profile: p, limits: { gross-exposure: { max: "5000 INR" } } }
        groups: [ { id: g, limits: { group-loss: { max: "50 INR" } } }, { id: other, limits: { max-open-orders: { max: 1 } } } ]
        accounts: [ { id: A, limits: { daily-loss: { max: "500 INR", then: halted }, max-position: { max: 4 } } } ]
        instruments: [ { match: "NFO:*", limits: { quantity-limits: { max_lots: 3 } } } ]
        adapters: [ { id: paper, limits: { message-rate: { windows: [ { limit: 3, per: 1s } ] } } } ]
        strategies: [ { id: orb, limits: { repeated-execution: { max: 3 } } } ]
        """
    static let group = ExecutionGroup(
        id: GroupID("g")!, version: 1, policy: .equal, members: [.init(account: AccountID("A")!)],
        createdAt: Timestamp(nanoseconds: 0), updatedAt: Timestamp(nanoseconds: 0))

    func rows(_ scope: String) throws -> [EffectiveLimit]? {
        try RiskDocument(Self.text, file: "t").effective(
            scope: #require(RiskPlace(scope)), accounts: [Account("A"), Account("U", "USD")], groups: [Self.group])
    }

    @Test("An account's rows name every control and key, with the place that says it")
    func account() throws {
        let rows = try #require(try rows("account:A"))
        let own = rows.filter { $0.binds == .account(AccountID("A")!) }
        #expect(
            own.map { "\($0.control).\($0.key)" } == SettingKey.all.filter { $0.places.contains(.account) }.map(\.path))
        func row(_ path: String) -> String {
            own.first { "\($0.control).\($0.key)" == path }.map { "\($0.value) from \($0.origin)" } ?? "none"
        }
        #expect(row("daily-loss.max") == "500 INR from account:A")
        #expect(row("daily-loss.then") == "halted from account:A")
        // The profile's escalation is not above what the account does anyway.
        #expect(row("daily-loss.escalate") == "none from account:A" && row("daily-loss.grace") == "0s from account:A")
        #expect(row("daily-loss.warn_bps") == "8000 from shipped default")
        #expect(row("max-position.max") == "4 from account:A" && row("max-position.unit") == "units from account:A")
        #expect(row("leverage.bps") == "15000 from profile:default")
        #expect(row("price-collar.inner_bps") == "unlimited from shipped default")
        #expect(row("notional-limits.min") == "0 INR from shipped default")
        #expect(row("drawdown.max") == "200000 INR from shipped default")
        let others = rows.filter { $0.binds != .account(AccountID("A")!) }
        #expect(
            others.map { "\($0.control).\($0.key) \($0.value) \($0.origin) \($0.binds)" } == [
                "group-loss.max 50 INR group:g group:g",
                "message-rate.windows [{ limit: 3, per: 1s }] adapter:paper adapter:paper",
                "gross-exposure.max 5000 INR firm firm", "quantity-limits.max_lots 3 instrument:NFO:* instrument:NFO:*",
            ])
    }

    @Test("A profile, a scope's totals, and a scope that nobody knows")
    func others() throws {
        let profile = try #require(try rows("profile:p"))
        #expect(
            profile.contains {
                $0.control == "daily-loss" && $0.value == "[900 INR, 9 USD]" && $0.origin == "profile:p"
            })
        #expect(
            try rows("firm")?.map { "\($0.control).\($0.key) \($0.value) \($0.origin)" } == [
                "message-rate.windows [] shipped default", "max-open-orders.max unlimited shipped default",
                "gross-exposure.max 5000 INR firm", "net-exposure.max unlimited shipped default",
                "net-exposure.by underlying shipped default",
            ])
        #expect(try rows("strategy:orb")?.first?.value == "3" && rows("group:g") != nil && rows("group:other") != nil)
        for unknown in ["account:X", "group:x", "profile:x", "adapter:x", "strategy:x", "instrument:x"] {
            #expect(try rows(unknown) == nil, "\(unknown)")
        }
    }

    /// Reads the rows back as a profile: an account under it alone has the same limits.
    @Test("The rows of an account are the limits it has", arguments: 0..<25)
    func sameAsLimits(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let document = try RiskDocument(Model.random(30, using: &random).text(using: &random), file: "t")
        for account in [Account("A"), Account("B", "USD"), Account("C")] {
            let limits = document.standingLimits(version: 1, accounts: [account]).accounts[account.id]
            guard let limits else { continue }
            let rows = try #require(document.effective(scope: .account(account.id), accounts: [account], groups: []))
            let own = rows.filter { $0.binds == .account(account.id) }
            var text = "rms: 1\nprofiles:\n  q:\n"
            for control in ControlKeys.all {
                let keys = own.filter { $0.control == control.control.name }
                // What stands for "none" is not written out.
                let members = keys.filter { row in
                    !(row.key.hasSuffix("grace") && row.value == "0s")
                        && !(row.key == "cool_off" && row.value == "0s")
                        && !(row.key == "unit" && row.value == "units")
                        && !(row.key == "mode" && row.value == "enforce")
                }
                guard !members.isEmpty else { continue }
                text += "    \(control.control.name): { "
                var parts: [String: [String]] = [:]
                for row in members {
                    let steps = row.key.split(separator: ".")
                    parts[steps.count > 1 ? String(steps[0]) : "", default: []].append("\(steps.last!): \(row.value)")
                }
                let nested = parts.filter { !$0.key.isEmpty }.map {
                    "\($0.key): { \($0.value.joined(separator: ", ")) }"
                }
                text += ((parts[""] ?? []) + nested).joined(separator: ", ") + " }\n"
            }
            text += "firm: { profile: q }\n"
            let again = try RiskDocument(text, file: "rows").standingLimits(version: 1, accounts: [account])
            #expect(again.accounts[account.id] == limits, "\(text)")
        }
    }

    @Test("Accounts without limits of their own have exactly the limits of their profile")
    func shared() throws {
        let limits = try RiskDocument(Self.text, file: "t")
            .standingLimits(version: 1, accounts: [Account("B"), Account("C")])
        let inr = try #require(Currency("INR"))
        #expect(limits.accounts[AccountID("B")!] == limits.defaults[inr])
        #expect(limits.accounts[AccountID("C")!] == limits.defaults[inr])
    }
}
