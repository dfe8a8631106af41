import AdapterKit
import AdapterTesting
import Exact
import Testing

/// What an adapter asks of its host.
struct HostTests {
    /// Runs a body as part of a submit, with the host's face.
    private func onLane(_ script: Script = Script(), _ body: @escaping (Host) throws -> Void) throws -> ScriptedHost {
        var failure: (any Error)?
        script.submit = { _, command in
            do { try body(command.host) } catch { failure = error }
            command.accept()
        }
        let host = try script.host()
        host.submit(limitOrder())
        if let failure { throw failure }
        return host
    }

    @Test("Reports arrive as they were sent, in their order")
    func reports() throws {
        let identity = OrderIdentity(account: 0, brokerOrderID: "B", clientReference: reference("c"))
        let updates = [
            OrderUpdate(identity, .open, leavesQuantity: 5), OrderUpdate(identity, .filled, averagePrice: 7),
        ]
        let trade = TradeUpdate(
            identity, executionID: "E1", side: .buy, quantity: 5, price: 7,
            fees: [Fee(name: "a", currency: "INR", amount: 1), Fee(name: "b", currency: "INR", amount: -2)])
        let host = try onLane { face in
            #expect(face.orderUpdate(updates).isOK)
            #expect(face.tradeUpdate([trade]).isOK)
            #expect(face.orderUpdate([]).isOK)
        }
        #expect(host.orderUpdates == updates)
        #expect(host.tradeUpdates == [trade])
        #expect(host.violations.isEmpty)
    }

    @Test("Keys and values are kept by account and class, and listed in byte order")
    func keyValue() throws {
        let host = try onLane { face in
            let store = face.keyValue(account: 0)
            for key in ["b", "a2", "a1", "ä"] { try store.put(key, [UInt8](key.utf8)) }
            try store.put("a1", [0], .cache, timeToLiveNanoseconds: 1)
            #expect(try store.get("a1") == [UInt8]("a1".utf8))
            #expect(try store.get("a1", .cache) == [0])
            #expect(try store.get("none") == nil)
            #expect(try face.keyValue(account: 1).get("b") == nil)
            try store.delete("b")
            try store.delete("b")
            #expect(try store.list(prefix: "a").map(\.key) == ["a1", "a2"])
            #expect(try store.list().map(\.key) == ["a1", "a2", "ä"])
            try store.put("empty", [])
            #expect(try store.get("empty") == [])
        }
        #expect(host.store[StoreKey("a2")] == [UInt8]("a2".utf8))
        #expect(host.violations.isEmpty)
    }

    @Test("What one session kept durably is there for the next")
    func restart() throws {
        let first = try onLane { try $0.keyValue(account: 0).put("order", [1]) }
        let script = Script()
        var found: [UInt8]?
        script.submit = { _, command in
            found = try? command.host.keyValue(account: 0).get("order")
            command.accept()
        }
        try script.host(store: first.store).submit(limitOrder())
        #expect(found == [1])
    }

    @Test(
        "A host function that fails says so",
        arguments: ["kv_put", "kv_get", "kv_list", "kv_delete", "random", "timer_after", "watch_prices"])
    func failures(name: String) throws {
        let script = Script()
        var status: HostStatus?
        script.submit = { _, command in
            let face = command.host
            do throws(HostError) {
                switch name {
                case "kv_put": try face.keyValue(account: 0).put("k", [])
                case "kv_get": _ = try face.keyValue(account: 0).get("k")
                case "kv_list": _ = try face.keyValue(account: 0).list()
                case "kv_delete": try face.keyValue(account: 0).delete("k")
                case "random": _ = try face.random(8)
                case "timer_after": _ = try face.timer(afterNanoseconds: 1, tag: 1)
                default: try face.watchPrices(of: "I")
                }
            } catch {
                status = error.status
            }
            command.accept()
        }
        let host = try script.host()
        host.failing[name] = .quota
        host.submit(limitOrder())
        #expect(status == .quota)
        #expect(host.failing.isEmpty)
    }

    @Test("Timers fire once, at their time, in order, unless taken back")
    func timers() throws {
        let script = Script()
        var fired: [UInt64] = []
        var times: [Int64] = []
        script.timer = { [weak script] _, tag in
            fired.append(tag)
            times.append(script?.host?.now.nanoseconds ?? 0)
        }
        let host = try onLane(script) { face in
            try face.timer(afterNanoseconds: 30, tag: 3)
            try face.timer(at: Timestamp(nanoseconds: face.now.nanoseconds + 10), tag: 1)
            let dropped = try face.timer(afterNanoseconds: 20, tag: 2)
            #expect(face.cancelTimer(dropped).isOK)
            #expect(face.cancelTimer(dropped) == .notFound)
        }
        let start = host.now.nanoseconds
        host.advance(nanoseconds: 100)
        #expect(fired == [1, 3])
        #expect(times == [start + 10, start + 30])
        #expect(host.timers.isEmpty)
    }

    @Test("Prices come for what is watched, at once where the host has one")
    func prices() throws {
        let script = Script()
        var bids: [ExactDecimal?] = []
        var closes: [ExactDecimal?] = []
        script.quote = { quote in
            #expect(quote.instrument == nifty.uid)
            #expect(quote.last == nil)
            bids.append(quote.bid)
        }
        script.candle = { closes.append($0.close) }
        script.submit = { order, command in
            #expect(throws: Never.self) { try command.host.watchPrices(of: order.instrument.id) }
            command.accept()
        }
        let host = try script.host()
        host.quote(nifty, bid: 1)
        #expect(bids.isEmpty)
        host.submit(limitOrder())
        #expect(bids == [1])
        host.quote(nifty, bid: 2)
        host.candle(nifty, start: host.now, lengthNanoseconds: 60, open: 1, high: 4, low: 1, close: 3)
        #expect(bids == [1, 2])
        #expect(closes == [3])
    }

    @Test("Logs, metrics, chance and states reach the host")
    func small() throws {
        let host = try onLane { face in
            face.log(.notice, "Something happened", ["order.id": "B1", "why": "ü"])
            face.metric("hits", .counter, 2)
            face.metric("hits", .counter, 3)
            face.metric("depth", .gauge, 9)
            let bytes = try face.random(3)
            #expect(bytes == [1, 2, 3])
            #expect(throws: HostError.self) { try face.random(4097) }
            face.sessionState(
                .degraded, expiresAt: Timestamp(nanoseconds: 8), error: AdapterError(.authenticationExpired))
        }
        #expect(
            host.log == [LogLine(level: .notice, text: "Something happened", fields: ["order.id": "B1", "why": "ü"])])
        #expect(host.metrics == ["hits": 5, "depth": 9])
        #expect(
            host.states == [
                StateReport(
                    state: .degraded, expiresAt: Timestamp(nanoseconds: 8), error: AdapterError(.authenticationExpired))
            ])
    }

    @Test("The session's options arrive whole")
    func options() throws {
        let script = Script()
        _ = try script.host(accounts: [
            AccountOptions(id: "A", currency: "INR"), AccountOptions(id: "B", config: #"{"fee": 0.05}"#),
        ])
        let options = try #require(script.options)
        #expect(options.login == "L1")
        #expect(options.environment == .sandbox)
        #expect(options.accounts.map(\.id) == ["A", "B"])
        #expect(options.accounts.map(\.currency) == ["INR", nil])
        #expect(try options.accounts[1].configuration()["fee"]?.decimal == ExactDecimal("0.05"))
    }
}
