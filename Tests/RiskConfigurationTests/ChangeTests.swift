import Domain
import Engine
import Settings
import Testing

@testable import RiskConfiguration

@Suite("Differences between documents") struct ChangeTests {
    private func document(_ text: String) throws -> RiskDocument { try RiskDocument("rms: 1\n" + text, file: "t") }

    @Test("A document says the same as itself in any order and layout", arguments: 0..<30)
    func reformatting(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let model = Model.random(20, using: &random)
        let first = try RiskDocument(model.text(using: &random), file: "a")
        let second = try RiskDocument(model.text(using: &random), file: "b")
        #expect(RiskDocument.changes(from: first, to: first).isEmpty)
        #expect(RiskDocument.changes(from: first, to: second).isEmpty)
        #expect(first.settings == second.settings)
    }

    @Test("The differences are exactly the edits", arguments: 0..<30)
    func exactly(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let before = Model.random(15, using: &random)
        var after = before
        for _ in 0..<Int.random(in: 1...6, using: &random) { after.mutate(using: &random) }
        let changes = RiskDocument.changes(
            from: try RiskDocument(before.text(using: &random), file: "a"),
            to: try RiskDocument(after.text(using: &random), file: "b"))
        let keys = Set(before.values.keys).union(after.values.keys).filter { before.values[$0] != after.values[$0] }
        #expect(changes.count == keys.count)
        for change in changes {
            let key = Model.Key(place: change.place, control: change.control, key: change.key)
            #expect(keys.contains(key))
            #expect(change.before == before.values[key]?.text && change.after == after.values[key]?.text)
        }
        let back = RiskDocument.changes(
            from: try RiskDocument(after.text(using: &random), file: "b"),
            to: try RiskDocument(before.text(using: &random), file: "a"))
        #expect(back.map(\.key) == changes.map(\.key) && back.map(\.place) == changes.map(\.place))
        for (there, here) in zip(changes, back) where there.effect != .changed {
            #expect(here.effect == (there.effect == .tighter ? .looser : .tighter), "\(there) \(here)")
        }
    }

    @Test("Of two values of a key one is tighter exactly where the other is looser", arguments: 0..<200)
    func antisymmetric(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for key in SettingKey.all {
            let (left, right) = (key.sample(using: &random), key.sample(using: &random))
            let (there, back) = (key.compare(left, to: right), key.compare(right, to: left))
            switch there {
            case .equal, .incomparable: #expect(back == there, "\(key.path) \(left) \(right)")
            case .tighter: #expect(back == .looser, "\(key.path) \(left) \(right)")
            case .looser: #expect(back == .tighter, "\(key.path) \(left) \(right)")
            }
            #expect(key.compare(left, to: left) == .equal)
        }
    }

    /// The engine's own reading of tighter, for the limits that are one number of an account: what is admitted below a
    /// lower maximum is admitted below a higher one.
    @Test(
        "Tightening is never called looser",
        arguments: [
            ("max-open-orders.max", "5", "6"), ("daily-loss.max", "5 INR", "6 INR"), ("price-collar.bps", "50", "60"),
            ("quantity-limits.min", "6", "5"), ("quantity-limits.max", "5.5", "5.6"),
            ("margin-buffer.bps", "600", "500"),
            ("margin-buffer.bps", "1", "unlimited"),
            ("message-rate.windows", "[{limit: 5, per: 2s}]", "[{limit: 5, per: 1s}]"),
            ("message-rate.windows", "[{limit: 5, per: 1s}, {limit: 9, per: 1m}]", "[{limit: 5, per: 1s}]"),
            ("message-rate.max_hold", "1s", "1500ms"), ("trading-hours.calendar", "venue", "none"),
            ("trading-hours.after_market", "false", "true"), ("short-rules.delivery", "free", "holdings"),
            ("duplicate-order.window", "3s", "2s"), ("market-protection.convert", "reject", "limit"),
            ("self-trade.scope", "firm", "owner"), ("self-trade.action", "reject", "tag"),
            ("daily-loss.then", "halted", "reducing"), ("daily-loss.project_stop", "true", "false"),
            ("drawdown.epoch", "all_time", "session"), ("loss-streak.cool_off", "10m", "5m"),
            ("loss-streak.epsilon", "5 INR", "6 INR"), ("net-exposure.by", "underlying", "instrument"),
            ("max-position.mode", "enforce", "observe"), ("max-position.action", "halted", "reject"),
            ("max-position.action", "clip", "alert"), ("gross-exposure.max", "5 INR", "[5 INR, 7 USD]"),
            (
                "margin-buffer.rates", "[{match: \"US:*\", bps: 5000}, {match: \"*\", bps: 10000}]",
                "[{match: \"US:*\", bps: 4000}, {match: \"*\", bps: 10000}]"
            ),
        ])
    func effects(path: String, tight: String, loose: String) throws {
        let parts = path.split(separator: ".")
        func text(_ value: String) throws -> RiskDocument {
            try document(
                "profiles: { p: { \(parts[0]): { \(parts[1]): \(value.contains("[") ? value : "\(value)") } } }")
        }
        let change = try #require(RiskDocument.changes(from: text(loose), to: text(tight)).first)
        #expect(change.effect == .tighter && change.control == parts[0] && change.key == parts[1])
        #expect(try RiskDocument.changes(from: text(tight), to: text(loose)).first?.effect == .looser)
    }

    @Test("What is set anew or taken out is compared with what holds without it")
    func inherited() throws {
        let empty = try document("")
        let account = try document("accounts: [ { id: A, limits: { daily-loss: { max: \"5 INR\" } } } ]")
        let firm = try document("firm: { limits: { gross-exposure: { max: \"5 INR\" } } }")
        func effects(_ from: RiskDocument, _ to: RiskDocument) -> [RiskChange.Effect] {
            RiskDocument.changes(from: from, to: to).map(\.effect)
        }
        #expect(effects(empty, account) == [.tighter] && effects(account, empty) == [.looser])
        #expect(effects(empty, firm) == [.tighter] && effects(firm, empty) == [.looser])
        let moved = try document(
            "profiles: { p: { daily-loss: { max: \"4 INR\" } } }\naccounts: [ { id: A, profile: p } ]")
        // The account's own amount goes, and its new profile has a tighter one.
        let changes = RiskDocument.changes(from: account, to: moved)
        #expect(
            changes.map { "\($0.place) \($0.control).\($0.key) \($0.before ?? "-") \($0.after ?? "-") \($0.effect)" }
                == [
                    "profile:p daily-loss.max - 4 INR tighter", "account:A .profile - p tighter",
                    "account:A daily-loss.max 5 INR - tighter",
                ])
    }

    @Test("Changes come by place, then by control in evaluation order, then by key")
    func sorted() throws {
        let to = try document(
            """
            accounts: [ { id: B, limits: { daily-loss: { warn_bps: 1, max: unlimited }, max-position: { max: 1 } } }, { id: A,
              limits: { leverage: { bps: 1 } } } ]
            firm: { limits: { message-rate: { windows: [ { limit: 1, per: 1000ms } ] } } }
            adapters: [ { id: paper, limits: { message-rate: { windows: [] } } } ]
            """)
        let changes = RiskDocument.changes(from: try document(""), to: to)
        #expect(
            changes.map { "\($0.place) \($0.control).\($0.key)=\($0.after ?? "-")" } == [
                "firm message-rate.windows=[{ limit: 1, per: 1s }]", "account:A leverage.bps=1",
                "account:B max-position.max=1",
                "account:B daily-loss.max=unlimited", "account:B daily-loss.warn_bps=1",
                "adapter:paper message-rate.windows=[]",
            ])
    }
}
