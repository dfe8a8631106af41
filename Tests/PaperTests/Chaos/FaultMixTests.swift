import AdapterKit
import AdapterTesting
import Exact
import Glibc
import Testing

@testable import Paper

@Suite("Mixes of faults")
struct FaultMixTests {
    /// A scenario drawn from a seed: some of these rules, most of them by chance.
    private static func rules(_ seed: UInt64) -> [String] {
        var random = SeededGenerator(seed: seed)
        var rules: [String] = []
        let commands = ["submit", "modify", "cancel", "cancel_all", "look_up", "query"]
        func chance() -> String { "\"chance\":\"0.\(Int.random(in: 1...4, using: &random))\"" }
        func delay(_ most: Int = 400) -> Int { Int.random(in: 0...most, using: &random) }
        for _ in 0..<Int.random(in: 2...9, using: &random) {
            let command = "{\"command\":\"\(commands.randomElement(using: &random) ?? "submit")\",\(chance())}"
            let submit = "{\"command\":\"submit\",\(chance())}"
            let phase = Bool.random(using: &random) ? "before" : "after"
            let (when, then): (String, String) =
                switch Int.random(in: 0..<14, using: &random) {
                case 0, 1:
                    (
                        command,
                        "\"reply_lost\",\"phase\":\"\(phase)\",\"timeout_ms\":\(delay()),\"lose_reports\":"
                            + "\(Bool.random(using: &random))"
                    )
                case 2: (submit, "\"late_reject\",\"delay_ms\":\(delay())")
                case 3: (submit, "\"partial_then_reject\",\"part_bps\":\(1 + delay(9_000)),\"delay_ms\":\(delay())")
                case 4: (submit, "\"fill_before_ack\",\"delay_ms\":\(delay())")
                case 5:
                    (
                        "{\"command\":\"cancel\",\(chance())}",
                        "\"fill_after_cancel\",\"part_bps\":\(1 + delay(9_999)),\"delay_ms\":\(delay())"
                    )
                case 6: ("{\"report\":\"any\",\(chance())}", "\"duplicate_reports\",\"times\":3")
                case 7: ("{\"report\":\"any\",\(chance())}", "\"shuffle_reports\",\"within_ms\":\(1 + delay())")
                case 8: ("{\"command\":\"look_up\",\(chance())}", "\"visibility_delay\",\"delay_ms\":\(delay())")
                case 9: (command, "\"session_expiry\",\"login_ms\":\(delay())")
                case 10: (command, "\"throttle\"")
                case 11: ("{\"report\":\"any\",\(chance())}", "\"clock_skew\",\"offset_ms\":\(delay() - 200)")
                case 12: ("{\"report\":\"any\",\(chance())}", "\"report_lost\"")
                default: (command, "\"slow\",\"delay_ms\":\(delay()),\"jitter_ms\":\(delay())")
                }
            rules.append("{\"when\":\(when),\"then\":{\"fault\":\(then)}}")
        }
        return rules
    }

    /// One life of two accounts under such a scenario, and everything that the host heard in it.
    private struct Life {
        let chaos: ChaosHost
        var answers: [Outcome?] = []
        private(set) var sent: [Sent] = []
        private var random: SeededGenerator

        init(_ seed: UInt64, store: [StoreKey: [UInt8]] = [:], delays: Bool) throws {
            random = SeededGenerator(seed: seed &+ 1_000)
            chaos = try ChaosHost(
                rules(seed).joined(separator: ","), more: "\"seed\":\(seed),",
                config: delays ? #""ack_delay_ms":20,"fees":{"per_order":"1"},"# : #""slippage_bps":5,"#,
                accounts: ["P0", "P1"], store: store)
        }

        mutating func live(steps: Int) {
            for step in 0..<steps {
                let account = Int.random(in: 0...1, using: &random)
                // References of the past come again: a resend after a look-up that proved absence looks like this.
                let reference = "ref\(Int.random(in: 0...(step + 3), using: &random))"
                let price = Number(ExactDecimal(Int64.random(in: 95...104, using: &random)))
                let side: Side = Bool.random(using: &random) ? .buy : .sell
                let quantity = ExactDecimal(Int64.random(in: 1...40, using: &random))
                let limit: Number? = Bool.random(using: &random) ? price : nil
                switch Int.random(in: 0..<10, using: &random) {
                case 0..<4:
                    sent.append(chaos.submit(reference, side, quantity, price: limit, account: account))
                case 4: sent.append(chaos.host.cancel(ChaosHost.name(reference, account: account)))
                case 5:
                    guard let next = ClientReference("new\(step)") else { continue }
                    sent.append(
                        chaos.host.modify(
                            ChaosHost.name(reference, account: account), quantity: quantity, clientReference: next))
                case 6: sent += chaos.host.reconcile([(ChaosHost.name(reference, account: account), chaos.host.now)])
                case 7: sent.append(chaos.host.query(.orders, account: account))
                default:
                    let middle = Int64.random(in: 95...104, using: &random)
                    chaos.host.quote(
                        ChaosHost.share, bid: ExactDecimal(middle), ask: ExactDecimal(middle + 1), askSize: 30)
                    chaos.advance(milliseconds: Int64.random(in: 0...80, using: &random))
                }
            }
        }

        func end() { chaos.advance(milliseconds: 120_000) }
    }

    private func expectSound(_ life: Life) throws {
        #expect(life.chaos.host.violations == [])
        for account in [UInt32(0), 1] {
            #expect(try PaperLedger(life.chaos.host.store, account: account).contradictions() == [])
        }
    }

    @Test(
        "Whatever is told, the broker's books are right: a reference is accepted once, executions sum up",
        arguments: Seeds.first(40))
    func books(seed: UInt64) throws {
        var life = try Life(seed, delays: seed % 2 == 0)
        for _ in 0..<4 {
            life.live(steps: 40)
            try expectSound(life)
        }
        life.end()
        try expectSound(life)
        #expect(life.chaos.host.openTokens.isEmpty)  // nothing is left without an answer
        #expect(life.chaos.host.state == .ready)
    }

    @Test("An order whose reply said accepted, and every execution told, is in the books", arguments: Seeds.first(15))
    func toldIsTrue(seed: UInt64) throws {
        var life = try Life(seed, delays: seed % 2 == 0)
        life.live(steps: 160)
        life.end()
        for account in 0...1 {
            let ledger = try PaperLedger(life.chaos.host.store, account: UInt32(account))
            let executions = Set(ledger.orders.values.flatMap(\.executions).map { "E\($0.number)" })
            for trade in life.chaos.host.tradeUpdates where trade.identity.account == account {
                #expect(executions.contains(trade.executionID))
            }
            for completion in life.chaos.host.completions where completion.identity?.account == account {
                guard completion.outcome == .accepted || completion.outcome == .found else { continue }
                let number = completion.identity?.brokerOrderID.flatMap { UInt64($0.dropFirst()) }
                #expect(number.map { ledger.orders[$0] != nil } ?? false)
            }
        }
    }

    @Test("An order that a look-up proved absent was never accepted under that reference", arguments: Seeds.first(15))
    func absenceIsTrue(seed: UInt64) throws {
        var life = try Life(seed, delays: false)
        for step in 0..<40 {
            life.live(steps: 4)
            let reference = "ref\(step)"
            guard life.chaos.lookUp(reference)?.outcome == .provenAbsent else { continue }
            let ledger = try PaperLedger(life.chaos.host.store)
            #expect(!ledger.orders.values.contains { $0.references.contains(reference) })
        }
    }

    @Test("The same seed and the same calls make the same life, to the byte", arguments: Seeds.first(12))
    func determinism(seed: UInt64) throws {
        var (one, other) = (try Life(seed, delays: seed % 2 == 0), try Life(seed, delays: seed % 2 == 0))
        one.live(steps: 120)
        other.live(steps: 120)
        one.end()
        other.end()
        #expect(one.chaos.host.store == other.chaos.host.store)
        #expect(one.chaos.host.completions == other.chaos.host.completions)
        #expect(one.chaos.host.tradeUpdates == other.chaos.host.tradeUpdates)
        #expect(one.chaos.host.orderUpdates == other.chaos.host.orderUpdates)
        #expect(one.chaos.host.states == other.chaos.host.states)
    }

    @Test(
        "A process that ends in the middle of it leaves right books, and the next goes on", arguments: Seeds.first(12))
    func restart(seed: UInt64) throws {
        var life = try Life(seed, delays: false)
        life.live(steps: 60)
        let store = life.chaos.host.store
        var next = try Life(seed, store: store, delays: false)
        try expectSound(next)
        next.live(steps: 60)
        next.end()
        try expectSound(next)
    }

    // MARK: - The end of the process

    @Test("A crash after acceptance ends the process once the order is in the books, and before anybody hears of it")
    func crashAfter() async {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            let chaos = try ChaosHost(
                #"{"when":{"command":"submit"},"then":{"fault":"crash","phase":"after","delay_ms":50}}"#,
                more: #""allow_crash":true,"#)
            let sent = chaos.submit("ref1")
            chaos.advance(milliseconds: 49)
            let ledger = try PaperLedger(chaos.host.store)
            guard ledger.orders[1]?.references == ["ref1"], chaos.outcome(sent) == nil, chaos.states.isEmpty else {
                return  // ends with 0, and the test fails
            }
            chaos.advance(milliseconds: 1)
        }
    }

    @Test("A crash before acceptance leaves no trace of the order, and does not come again with the next start")
    func crashBefore() async throws {
        await #expect(processExitsWith: .signal(SIGABRT)) {
            let chaos = try ChaosHost(
                #"{"when":{"command":"submit"},"then":{"fault":"crash","phase":"before","delay_ms":50}}"#,
                more: #""allow_crash":true,"#)
            chaos.submit("ref1")
            guard try PaperLedger(chaos.host.store).orders.isEmpty else { return }
            chaos.advance(milliseconds: 50)
        }
        let rule = #"{"when":{"command":"submit","nth":1},"then":{"fault":"crash","delay_ms":50}}"#
        let first = try ChaosHost(rule, more: #""allow_crash":true,"#)
        first.submit("ref1")
        let next = try ChaosHost(rule, more: #""allow_crash":true,"#, store: first.host.store, now: first.host.now)
        next.submit("ref2")
        next.advance(milliseconds: 1_000)
        #expect(next.outcome(next.submit("ref3")) == .accepted)
        #expect(next.lookUp("ref1")?.outcome == .found)
    }
}
