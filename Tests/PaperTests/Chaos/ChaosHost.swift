import AdapterKit
import AdapterTesting
import Exact
import Glibc
import Testing

@testable import Paper

/// A scripted host in front of a broker on which things go wrong.
struct ChaosHost {
    let host: ScriptedHost

    static let share = StoredInstrument(
        uid: 7, id: "NSE:EQ:ACME", currency: "INR", lotSize: 1, multiplier: 1, contractSize: 1,
        tick: Number("0.05").value)

    /// - Parameters:
    ///   - rules: the scenario's rules, as JSON.
    ///   - more: further members of the scenario, each with a comma behind it.
    ///   - config: further members of the account's config, the same.
    init(
        _ rules: String..., more: String = "", config: String = "", accounts: [String] = ["P0"],
        environment: SessionEnvironment = .sandbox, store: [StoreKey: [UInt8]] = [:],
        now: Timestamp = Timestamp(nanoseconds: 1_700_000_000_000_000_000)
    ) throws {
        let text = "{\(config)\"scenario\":{\(more)\"rules\":[\(rules.joined(separator: ","))]}}"
        host = try ScriptedHost(
            PaperBroker.self, accounts: accounts.map { AccountOptions(id: $0, currency: "INR", config: text) },
            environment: environment, store: store, now: now)
        host.open()
        #expect(host.state == .ready)
        host.quote(Self.share, bid: 99, ask: 100)
    }

    static func order(
        _ reference: String, _ side: Side = .buy, _ quantity: ExactDecimal = 10, price: Number? = nil,
        account: Int = 0, _ timeInForce: TimeInForce = .day
    ) -> StoredOrder {
        StoredOrder(
            account: account, instrument: share, side: side, type: price == nil ? .market : .limit, quantity: quantity,
            price: price?.value, product: .intraday, timeInForce: timeInForce,
            clientReference: ClientReference(reference))
    }

    static func name(_ reference: String, account: Int = 0) -> OrderIdentity {
        OrderIdentity(account: account, clientReference: ClientReference(reference))
    }

    @discardableResult
    func submit(
        _ reference: String, _ side: Side = .buy, _ quantity: ExactDecimal = 10, price: Number? = nil, account: Int = 0
    ) -> Sent {
        host.submit(Self.order(reference, side, quantity, price: price, account: account))
    }

    /// How a look-up of an order that was handed over at an instant ends.
    func lookUp(_ reference: String, written: Timestamp? = nil) -> Completion? {
        let sent = host.reconcile([(Self.name(reference), written ?? host.now)])
        return host.completion(of: sent[0])
    }

    func advance(milliseconds: Int64) { host.advance(nanoseconds: milliseconds * 1_000_000) }

    func outcome(_ sent: Sent) -> Outcome? { host.completion(of: sent)?.outcome }

    /// Executions and states as they were told, in short: `E1`, `open`.
    var trades: [String] { host.tradeUpdates.map(\.executionID) }
    var states: [OrderState] { host.orderUpdates.map(\.state) }

    /// The contract was kept and the books are right.
    func expectSound(dedupes: Bool = true, sourceLocation: SourceLocation = #_sourceLocation) throws {
        #expect(host.violations == [], sourceLocation: sourceLocation)
        #expect(try PaperLedger(host.store).contradictions(dedupes: dedupes) == [], sourceLocation: sourceLocation)
    }
}

/// The seeds of the properties over mixes of faults.
enum Seeds {
    /// So many, or those that `SLUICE_SEEDS=FIRST-LAST` names: for a longer search, or to repeat one.
    static func first(_ count: UInt64) -> Range<UInt64> {
        guard let text = getenv("SLUICE_SEEDS").map({ String(cString: $0) }) else { return 0..<count }
        let bounds = text.split(separator: "-").map { UInt64($0) }
        guard bounds.count == 2, let first = bounds[0], let last = bounds[1], first <= last, last < .max else {
            return 0..<count
        }
        return first..<last + 1
    }
}
