import Domain
import Engine
import Gateway
import RiskConfiguration

/// A document of 2,000 accounts, each with limits of its own: read, judged, resolved, set.
func measureRiskDocument(_ bench: Bench) async throws {
    let accounts = bench.size(2_000, quick: 200)
    var engine = Engine(clientOrderIDPrefix: 1)
    var known: [Account] = []
    guard let paper = AdapterID("paper"), let currency = Currency("USD") else { throw BenchFailure("no names") }
    var text = "rms: 1\nprofiles: { mine: { max-position: { max: 5000 } } }\nfirm: { profile: mine }\naccounts:\n"
    for number in 0..<accounts {
        let id = AccountID(unchecked: "A\(number)")
        known.append(Account(id: id, adapter: paper, currency: currency))
        engine.apply(.accountDefined(known[number]))
        text += "  - { id: A\(number), limits: { max-position: { max: \(100 + number % 1_000) }, "
        text += "daily-loss: { max: \"\(1_000 + number % 500) USD\" } } }\n"
    }
    var samples = Samples()
    for round in 0..<bench.size(40, quick: 3) {
        let start = Clock.now()
        let document = try RiskDocument(text, file: "bench")
        let unknown = document.unknownNames(accounts: known.map(\.id), groups: [], adapters: [paper])
        let limits = try document.limits(version: Int64(round + 1), accounts: known)
        engine.setLimits(limits)
        samples.add(Clock.now() - start)
        bench.expect(
            unknown.isEmpty && limits.accounts.count == accounts,
            "\(limits.accounts.count) accounts have limits, \(accounts) are known")
    }
    bench.report(Row("applying a document of \(accounts) accounts", samples, budget: 100_000_000))
}

/// A halt in the middle of a fan-out of 500 legs: how long after it was asked for a last order still left.
func measureHalt(_ bench: Bench) async throws {
    let legs = bench.size(500, quick: 20)
    let scratch = try Scratch()
    let rig = try GatewayRig(directory: scratch.path, accounts: legs)
    try await rig.start()
    var last = Samples()
    var (late, sent) = (0, 0)
    for _ in 0..<bench.size(60, quick: 3) {
        let placement = try await rig.place(rig.parent(legs: legs, price: 50), wait: .durable)
        guard let id = placement.run.id else { throw BenchFailure("a run without an id") }
        let asked = rig.gateway.clock.wall().nanoseconds
        _ = try await rig.gateway.setTradingState(
            .firm, .halted, reason: "bench", by: "bench", cancelWorking: true)
        let durable = rig.gateway.clock.wall().nanoseconds
        let run = try await rig.ended(id)
        let dispatched = run.legs.map(\.times.dispatched).filter { $0 > 0 }
        sent += dispatched.count
        late += dispatched.count { $0 > durable }
        last.add(max(0, (dispatched.max() ?? 0) - asked))
        _ = try await rig.gateway.setTradingState(.firm, .active, reason: "bench", by: "bench", cancelWorking: false)
    }
    bench.expect(late == 0, "\(late) orders left after the halt was durable")
    bench.report(
        Row("\(legs) legs: from a halt to the last send", last, budget: 5_000_000, note: "\(sent) orders had left"))
    await rig.stop()
}
