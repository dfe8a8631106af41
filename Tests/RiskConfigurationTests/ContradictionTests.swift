import Domain
import Engine
import Glibc
import Settings
import Testing

@testable import RiskConfiguration

@Suite("Contradictions and unknown names") struct ContradictionTests {
    static let accounts = [Account("A"), Account("U", "USD")]

    static func errors(_ text: String, accounts: [Account] = accounts) throws -> [String] {
        try RiskDocument("rms: 1\n" + text, file: "t").contradictions(accounts: accounts).map(\.description)
    }

    static let cases: [(String, [String])] = [
        (
            "accounts: [ { id: A, limits: { daily-loss: { max: \"300000 INR\" } } } ]",
            [
                "t:2:51: accounts[0].limits.daily-loss.max: daily-loss.max is looser than in the shipped default: 300000 INR against 100000 INR; a child may only tighten; give 100000 INR or tighter, or change it there"
            ]
        ),
        (
            "profiles: { p: { max-open-orders: { max: 5 } } }\naccounts: [ { id: A, profile: p, limits: { max-open-orders: { max: unlimited } } } ]",
            [
                "t:3:68: accounts[0].limits.max-open-orders.max: max-open-orders.max is looser than in profile:p: unlimited against 5; a child may only tighten; give 5 or tighter, or change it there"
            ]
        ),
        (
            "accounts: [ { id: A, limits: { daily-loss: { max: \"5 USD\" } } } ]",
            [
                "t:2:51: accounts[0].limits.daily-loss.max: daily-loss.max has no amount in INR, the currency of account:A; add an amount in INR, or unlimited"
            ]
        ),
        (
            "profiles: { default: { gross-exposure: { max: \"5 INR\" } } }",
            [
                "t:2:47: profiles.default.gross-exposure.max: gross-exposure.max has no amount in USD, the currency of account:U; add an amount in USD, or unlimited"
            ]
        ),
        (
            "groups: [ { id: g }, { id: g } ]",
            ["t:2:28: groups[1].id: group:g stands twice; it stands at line 2 already: a place comes once"]
        ),
        (
            "instruments: [ { match: \"*\" }, { match: \"*\" } ]",
            ["t:2:41: instruments[1].match: instrument:* stands twice; it stands at line 2 already: a place comes once"]
        ),
        (
            "firm: { limits: { max-open-orders: { max: 10 } } }\ngroups: [ { id: g, limits: { max-open-orders: { max: 11 } } } ]",
            [
                "t:3:54: groups[0].limits.max-open-orders.max: max-open-orders.max is looser than in firm: 11 against 10; a child may only tighten; give 10 or tighter, or change it there"
            ]
        ),
        (
            "accounts: [ { id: nobody, limits: { leverage: { bps: 20001 } } } ]",
            [
                "t:2:54: accounts[0].limits.leverage.bps: leverage.bps is looser than in the shipped default: 20001 against 20000; a child may only tighten; give 20000 or tighter, or change it there"
            ]
        ),
        (
            "accounts: [ { id: A, limits: { max-position: { mode: observe } } } ]",
            [
                "t:2:54: accounts[0].limits.max-position.mode: max-position.mode is looser than in the shipped default: observe against enforce; a child may only tighten; give enforce or tighter, or change it there"
            ]
        ),
        (
            "accounts: [ { id: A, limits: { daily-loss: { escalate: halted } } } ]",
            ["t:2:56: accounts[0].limits.daily-loss.escalate: escalate does not say when; give grace: 60s beside it"]
        ),
        (
            "profiles: { p: { message-rate: { action: hold, max_hold: 0s } } }",
            [
                "t:2:42: profiles.p.message-rate.action: action: hold waits for max_hold, which is 0s here; give max_hold beside it"
            ]
        ),
        // What is no contradiction.
        ("accounts: [ { id: A, limits: { max-position: { max: 999999, unit: lots } } } ]", []),
        ("accounts: [ { id: A, limits: { trading-hours: { open_guard: 0s } } } ]", []),
        (
            "firm: { limits: { net-exposure: { max: \"1 INR\" } } }\ngroups: [ { id: g, limits: { net-exposure: { max: \"2 INR\" } } } ]",
            []
        ),
        ("profiles: { default: { daily-loss: { max: unlimited } } }", []),
        ("accounts: [ { id: A, limits: { price-collar: { inner_bps: 500, inner_absolute: 9 } } } ]", []),
    ]

    @Test("Each contradiction is told with its place", arguments: cases)
    func told(text: String, expected: [String]) throws { #expect(try Self.errors(text) == expected) }

    @Test("All contradictions are told together, in the order of lines, and none of them lets a document into force")
    func together() throws {
        let text = """
            rms: 1
            groups: [ { id: g }, { id: g } ]
            accounts:
              - { id: A, limits: { leverage: { bps: 30000 }, concentration: { bps: 30000 } } }
              - { id: U, limits: { daily-loss: { max: "5 INR" } } }
            """
        let document = try RiskDocument(text, file: "t")
        do throws(ConfigurationErrors) {
            _ = try document.limits(version: 1, accounts: Self.accounts)
            Issue.record("in force")
        } catch {
            #expect(
                error.errors.map(\.path) == [
                    "groups[1].id", "accounts[0].limits.leverage.bps", "accounts[0].limits.concentration.bps",
                    "accounts[1].limits.daily-loss.max",
                ])
            #expect(error.errors.map(\.line) == [2, 4, 4, 5])
        }
    }

    @Test("At most a thousand are kept, and a last entry says how many more there are")
    func bounded() throws {
        let entries = (0..<1_200).map { "  - { id: a\($0), limits: { leverage: { bps: 30000 } } }" }
        let document = try RiskDocument("rms: 1\naccounts:\n" + entries.joined(separator: "\n"), file: "t")
        do throws(ConfigurationErrors) {
            _ = try document.limits(version: 1, accounts: [])
            Issue.record("in force")
        } catch {
            #expect(error.errors.count == 1_000 && error.omittedCount == 200)
            #expect(error.listed.count == 1_001 && error.listed.last?.message == "and 200 more errors")
        }
    }

    @Test("A document in force that contradicts itself now loosens nothing and stops nobody else")
    func standing() throws {
        let text = """
            rms: 1
            accounts:
              - { id: A, limits: { leverage: { bps: 30000 }, concentration: { bps: 5 } } }
              - { id: U, limits: { daily-loss: { max: "5 INR" } } }
            """
        let limits = try RiskDocument(text, file: "t")
            .standingLimits(version: 7, accounts: Self.accounts + [Account("B")])
        let own = try #require(limits.accounts[AccountID("A")!])
        #expect(own.leverage == 20_000 && own.concentration == 5 && limits.version == 7)
        #expect(limits.accounts[AccountID("U")!] == nil && limits.accounts[AccountID("B")!] != nil)
    }

    @Test("Names of what does not exist are told with the nearest that does")
    func unknownNames() throws {
        let text = """
            rms: 1
            groups: [ { id: famly }, { id: friends } ]
            accounts: [ { id: A }, { id: X9 } ]
            adapters: [ { id: papr } ]
            strategies: [ { id: whatever } ]
            instruments: [ { match: "US:*" } ]
            """
        let found = try RiskDocument(text, file: "t").unknownNames(
            accounts: [AccountID("A")!, AccountID("BB")!], groups: [GroupID("family")!, GroupID("friends")!],
            adapters: [AdapterID("paper")!])
        #expect(
            found.map(\.description) == [
                "t:2:17: groups[0].id: there is no group 'famly'; did you mean 'family'?",
                "t:3:30: accounts[1].id: there is no account 'X9'; accounts are A, BB",
                "t:4:19: adapters[0].id: there is no adapter 'papr'; did you mean 'paper'?",
            ])
    }

    @Test("Accounts are resolved in linear time, and those without limits of their own share one value")
    func linear() throws {
        func seconds(_ count: Int) throws -> Double {
            let accounts = (0..<count).map { Account("a\($0)") }
            let entries = (0..<count).map {
                "  - { id: a\($0), limits: { daily-loss: { max: \"\(1 + $0) INR\" }, max-position: { max: \(1 + $0) } } }"
            }
            let document = try RiskDocument(
                "rms: 1\naccounts:\n" + entries.joined(separator: "\n"), file: "t")
            var best = Double.infinity
            for _ in 0..<3 {
                let start = Self.processorSeconds()
                let limits = try document.limits(version: 1, accounts: accounts)
                best = min(best, Self.processorSeconds() - start)
                #expect(limits.accounts.count == count)
            }
            return best
        }
        let (few, many) = (try seconds(500), try seconds(4_000))
        #expect(many < few * 40, "\(few) s for 500 accounts, \(many) s for 4,000")
    }

    /// Of this thread: what runs beside it on the machine is not counted.
    private static func processorSeconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
