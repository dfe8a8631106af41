import CSluice
import Domain
import Testing
import Transport

@testable import Adapters

@Suite("Limits and nonces that sessions of one adapter count together")
struct SharedLimitTests {
    private func sent(_ stage: ConnectedStage, since before: Int) -> Int { stage.transport.requests.count - before }

    @Test("A login's data session and its trading session share the limits of the account")
    func login() throws {
        let stage = try ConnectedStage(["-DBUCKETS"])
        let data = try stage.another(ConnectedStage.account(), role: .data)
        let before = stage.transport.requests.count
        try stage.submit("slow")
        try stage.submit("slow", to: data)
        try stage.submit("slow")
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 999)
        #expect(sent(stage, since: before) == 1)
        stage.after(milliseconds: 1)
        #expect(sent(stage, since: before) == 2, "whoever asked first goes first, whichever lane looks")
        #expect(data.health.openCommands == 1)
        stage.after(milliseconds: 1_000)
        #expect(sent(stage, since: before) == 3)
        #expect(stage.session.health.limits == data.health.limits)
    }

    @Test("A cancel of one session goes before what another waits for")
    func cancels() throws {
        let stage = try ConnectedStage(["-DBUCKETS"])
        let data = try stage.another(ConnectedStage.account(), role: .data)
        let before = stage.transport.requests.count
        for _ in 0..<14 { try stage.submit("plain", to: data) }
        #expect(sent(stage, since: before) == 9)
        let command = CancelCommand(id: 900, reference: OrderReference(accountIndex: 0, brokerOrderID: "live"))
        try #require(stage.session.cancel(command) == .taken)
        stage.lanes.runUntilIdle()
        #expect(sent(stage, since: before) == 10, "the reserve is the account's")
        stage.after(milliseconds: 1_000)
        var methods: [String] = []
        for pending in stage.transport.requests[(before + 10)...] { methods.append(pending.write()?.method ?? "") }
        #expect(methods.sorted() == Array(repeating: "DELETE", count: 4) + Array(repeating: "POST", count: 5))
    }

    @Test("A bucket that counts by a key of the adapter's own is one for all its logins; others are not")
    func ownKey() throws {
        let stage = try ConnectedStage(["-DBUCKETS"])
        let other = try stage.another(ConnectedStage.account(id: "C1", login: "other"), role: .trading)
        let before = stage.transport.requests.count
        try stage.submit("slow")
        try stage.submit("slow", to: other)
        #expect(sent(stage, since: before) == 2)
        try stage.submit("address")
        try stage.submit("address", to: other)
        #expect(sent(stage, since: before) == 3)
        stage.after(milliseconds: 1_000)
        #expect(sent(stage, since: before) == 4)
    }

    @Test("What a session that ends leaves waiting holds nobody back; what it used is not forgotten")
    func ends() throws {
        let stage = try ConnectedStage(["-DBUCKETS"])
        let data = try stage.another(ConnectedStage.account(), role: .data)
        let before = stage.transport.requests.count
        for _ in 0..<3 { try stage.submit("slow", to: data) }
        try stage.submit("slow")
        stage.host.close(data)
        stage.lanes.runUntilIdle()
        #expect(sent(stage, since: before) == 1)
        // The adapter finishes nothing of it, so its end takes the five seconds; its requests wait no longer.
        for _ in 0..<60 { stage.after(milliseconds: 100) }
        let again = try stage.another(ConnectedStage.account(), role: .data)
        #expect(again.health.limits.first { $0.id == "slow" }?.waiting == 0)
    }

    @Test("A login keeps its counts over releases and sessions while the rules are the same; changed rules count anew")
    func rules() {
        let shared = SharedLimits()
        let rule = RateRule(id: "b", scopeKey: "login", windows: [RateWindow(units: 5, windowNanoseconds: 1)])
        var tighter = rule
        tighter.windows[0].units = 4
        func table(_ login: String, _ rule: RateRule) -> RateTable {
            shared.tables(login, of: [rule], ownKeys: []) { rules in rules.map { RateBucket($0) } }.login
        }
        let first = table("a", rule)
        #expect(table("a", rule) === first && table("b", rule) !== first)
        let second = table("a", tighter)
        #expect(second !== first && table("a", tighter) === second)
        func own(_ rule: RateRule) -> RateTable? {
            shared.tables("a", of: [], ownKeys: [rule]) { rules in rules.map { RateBucket($0) } }.adapter
        }
        let adapter = own(rule)
        #expect(adapter != nil && own(rule) === adapter && own(tighter) !== adapter)
    }

    @Test("Two sessions of one account sign no nonce twice, at the same instant too")
    func nonces() throws {
        let stage = try ConnectedStage()
        let data = try stage.another(ConnectedStage.account(), role: .data)
        var nonces: [String] = []
        for session in [stage.session, data, stage.session, data] {
            try stage.submit("plain", to: session)
            let message = try #require(stage.transport.requests.last?.write())
            nonces += message.headers.filter { $0.name == "X-Nonce" }.map(\.value)
        }
        #expect(nonces.count == 4 && Set(nonces).count == 4 && nonces == nonces.sorted())
    }

    @Test(
        "Whoever looks, and whoever is full: no window sees more than its units, and everyone gets what it asked for once",
        arguments: 0..<12)
    func table(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let second: Int64 = 1_000_000_000
        let units = UInt32.random(in: 1...40, using: &random)
        let rule = RateRule(
            id: "b", scopeKey: "login", windows: [RateWindow(units: units, windowNanoseconds: second)])
        let table = RateTable([RateBucket(rule)])
        let members = (0..<3).map { _ in table.join {} }
        var now: Int64 = 0
        var used: [Int64] = []
        var waiting: [UInt64: Int] = [:]
        func look(_ member: Int, begunOnly: Bool) {
            while let id = table.nextGranted(of: member, now: now, begunOnly: begunOnly) {
                if waiting.removeValue(forKey: id) != member {
                    Issue.record("seed \(seed): another's, or a second time")
                }
                used.append(now)
            }
        }
        for _ in 0..<800 {
            now += Int64.random(in: 0...20_000_000, using: &random)
            let member = members.randomElement(using: &random) ?? 0
            if Int.random(in: 0..<3, using: &random) > 0 {
                let priority = RatePriority.allCases.randomElement(using: &random) ?? .ordinary
                let (verdict, id) = table.admit(
                    0, scope: "s", account: "A\(member)", priority: priority, deadline: .max, mayWait: true,
                    by: member, now: now)
                switch verdict {
                case .granted: used.append(now)
                case .waiting: waiting[id] = member
                // A window of one unit keeps none for cancels; no other refusal is due.
                case .refused(let refusal): Issue.record("seed \(seed): \(refusal)")
                }
            } else if Int.random(in: 0..<6, using: &random) == 0, let id = waiting.keys.min() {
                table.withdraw(id, by: waiting.removeValue(forKey: id) ?? 0)
            } else {
                look(member, begunOnly: Bool.random(using: &random))
            }
        }
        // Units are counted when they are granted, at most `freshness` before they are used.
        for (index, at) in used.enumerated() where index >= Int(units) {
            if at - used[index - Int(units)] < second - RateTable.freshness {
                Issue.record("seed \(seed): more than \(units) in a second")
            }
        }
        for _ in 0..<2_000 where !waiting.isEmpty {
            now += second
            for member in members { look(member, begunOnly: false) }
        }
        #expect(waiting.isEmpty, "seed \(seed): \(waiting.count) were forgotten")
        for member in members { #expect(!table.hasWaiting(member) && table.nextWake(member) == nil) }
    }
}
