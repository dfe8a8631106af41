import Domain
import Logging
import NIOConcurrencyHelpers
import Testing

@testable import Adapters

@Suite("A session gives commands to its adapter and says what became of them")
struct SessionTests {
    @Test("An accepted order comes back with the broker's id, the caller's number and its times")
    func accepted() throws {
        let stage = try Stage()
        let order = stage.order("accept")
        #expect(stage.session.submit(order) == .taken)
        stage.clock.advance(by: 5_000)
        stage.lanes.runUntilIdle()
        let completion = try #require(stage.recorder.submitted.first)
        #expect(completion.id == order.id)
        #expect(completion.outcome == .accepted)
        #expect(completion.cause == nil)
        #expect(completion.brokerOrderID == order.clientOrderID.description)
        #expect(completion.times.dispatched - completion.times.queued == 5_000)
        #expect(completion.times.acked >= completion.times.dispatched)
        #expect(completion.times.written == nil)
    }

    @Test("Every field of an order reaches the adapter as the engine set it")
    func fields() throws {
        let stage = try Stage()
        var order = stage.order("echo", account: 1, flags: [.closing, .postOnly])
        order.options = "{\"a\":1}"
        order.validUntil = Timestamp(nanoseconds: 77)
        #expect(stage.session.submit(order) == .taken)
        stage.lanes.runUntilIdle()
        let expected: [(String, Int64)] = [
            ("account", 1), ("side", 1), ("type", 2), ("product", 1), ("tif", 1), ("class", 1), ("flags", 5),
            ("uid", 1), ("quantity", 10), ("price", 250_005_002), ("trigger", 0), ("until", 77), ("options", 7),
            ("alias", 11), ("data", 3), ("id", 69),
        ]
        for (name, value) in expected { #expect(stage.said(name) == value, "\(name)") }
    }

    @Test(
        "What is certain follows the claim, its code and the table of defaults",
        arguments: [
            ("reject", MutationOutcome.rejected, nil as HostCause?), ("duplicate", .unknown, nil),
            ("code77", .unknown, nil),
            ("network", .notSent, nil), ("status", .notSent, .refusedByAdapter), ("outcome", .unknown, .malformed),
            ("status-after", .unknown, .contradiction), ("null", .unknown, .malformed), ("short", .unknown, .malformed),
            ("utf8", .unknown, .malformed), ("long-id", .unknown, .malformed), ("what is this", .notSent, nil),
        ])
    func certainty(run: String, outcome: MutationOutcome, cause: HostCause?) throws {
        let stage = try Stage()
        try stage.submit(run)
        #expect(stage.recorder.submitted.count == 1)
        let completion = try #require(stage.recorder.submitted.first)
        #expect(completion.outcome == outcome)
        #expect(completion.cause == cause)
        if run == "reject" {
            #expect(completion.error?.code == .funds)
            #expect(completion.error?.brokerText == "the broker says so")
        }
        if run == "code77" { #expect(completion.error?.text?.contains("77") == true) }
        #expect(stage.session.health.openCommands == 0)
    }

    @Test("Executions and order news keep their order, their decimals are exact, their fees summed")
    func reports() throws {
        let stage = try Stage()
        try stage.submit("fill")
        try stage.submit("fill-first")
        #expect(stage.said("order") == 0)
        #expect(stage.said("trade") == 0)
        let kinds = stage.recorder.events.map { event in
            switch event {
            case .submitted: "submitted"
            case .order: "order"
            case .execution: "execution"
            default: "other"
            }
        }
        #expect(kinds == ["submitted", "order", "execution", "execution", "submitted"])
        let execution = try #require(stage.recorder.executions.first)
        #expect(execution.account.rawValue == "A0")
        #expect(execution.lastQuantity == 10)
        #expect(execution.fees == 7)
        #expect(execution.symbol?.text == "NSE:EQ:RELIANCE")
        #expect(execution.clientOrderID == ClientOrderID(prefix: 1, sequence: 1))
        #expect(stage.recorder.orders.first?.state == .filled)
        #expect(stage.recorder.orders.first?.cumulativeQuantity == 10)
    }

    @Test("A cancel overtakes submits, but never the submit of its own order")
    func overtaking() throws {
        let stage = try Stage()
        let orders = (0..<5).map { _ in stage.order("accept") }
        #expect(stage.session.submit(orders) == 5)
        let own = OrderReference(accountIndex: 0, clientOrderID: orders[4].clientOrderID)
        #expect(stage.session.cancel(CancelCommand(id: 100, reference: own)) == .taken)
        let other = OrderReference(accountIndex: 0, brokerOrderID: "live")
        #expect(stage.session.cancel(CancelCommand(id: 101, reference: other)) == .taken)
        stage.lanes.runUntilIdle()
        let ids: [UInt64] = stage.recorder.events.compactMap { event in
            switch event {
            case .submitted(let completion), .canceled(let completion): completion.id
            default: nil
            }
        }
        #expect(ids == [101] + orders.map(\.id) + [100])
    }

    @Test("A modify names every field that it changes, and its options go with it")
    func everyChange() throws {
        let stage = try Stage()
        let order = stage.order("accept")
        let reference = OrderReference(
            accountIndex: 1, brokerOrderID: "B", clientOrderID: order.clientOrderID, order: AcknowledgedOrder(order))
        let changes = OrderChanges(
            quantity: 20, limitPrice: 3, stopPrice: 4, orderType: .stopLimit, timeInForce: .goodTillCancel,
            disclosedQuantity: .zero, options: "{\"a\":1}")
        _ = stage.session.modify(
            ModifyCommand(
                id: 7, reference: reference, changes: changes, clientOrderID: ClientOrderID(prefix: 1, sequence: 99)))
        stage.lanes.runUntilIdle()
        #expect(stage.said("fields") == 0x3f && stage.said("new_quantity") == 20)
        #expect(stage.said("new_words") == 44 && stage.said("new_options") == 7)
    }

    @Test("Modify, cancel and cancel-all carry their references and lose their races as rejections")
    func changes() throws {
        let stage = try Stage()
        let order = stage.order("accept")
        let reference = OrderReference(
            accountIndex: 1, brokerOrderID: "B", clientOrderID: order.clientOrderID, adapterState: [1, 2, 3, 4],
            order: AcknowledgedOrder(order))
        let fresh = ClientOrderID(prefix: 1, sequence: 99)
        _ = stage.session.modify(
            ModifyCommand(
                id: 7, reference: reference, changes: OrderChanges(quantity: 20), clientOrderID: fresh))
        _ = stage.session.cancel(
            CancelCommand(id: 8, reference: OrderReference(accountIndex: 0, brokerOrderID: "gone")))
        _ = stage.session.cancelAll(CancelAllCommand(id: 9, accountIndex: 1))
        stage.lanes.runUntilIdle()
        #expect(stage.said("fields") == 1)
        #expect(stage.said("new_quantity") == 20)
        #expect(stage.said("acknowledged") == 10)
        #expect(stage.said("state_bytes") == 4)
        #expect(stage.said("cancel_all") == 1)
        #expect(stage.recorder.modified.first?.brokerOrderID == fresh.description)
        #expect(stage.recorder.canceled.first?.outcome == .rejected)
        #expect(stage.recorder.canceled.first?.error?.code == .alreadyFinal)
    }

    @Test("An adapter that takes batches gets neighbours together, and a refused batch was not sent")
    func batches() throws {
        let stage = try Stage([
            "-DMAX_BATCH=4", "-DCAPABILITIES=(SLUICE_CAN_SUBMIT|SLUICE_CAN_SUBMIT_BATCH|SLUICE_CAN_CANCEL)",
        ])
        #expect(stage.session.submit((0..<6).map { _ in stage.order("accept") }) == 6)
        stage.lanes.runUntilIdle()
        #expect(stage.session.health.metrics["batch"]?.largest == 4)
        #expect(stage.session.health.metrics["batch"]?.count == 2)
        #expect(stage.recorder.submitted.map(\.outcome) == Array(repeating: .accepted, count: 6))
        stage.recorder.clear()
        let mixed = [stage.order("accept"), stage.order("batch-status"), stage.order("accept")]
        #expect(stage.session.submit(mixed) == 3)
        stage.lanes.runUntilIdle()
        // The first was completed in a call that then failed: it is believed in neither word.
        #expect(stage.recorder.submitted.map(\.outcome) == [.unknown, .notSent, .notSent])
        #expect(stage.recorder.submitted.map(\.cause) == [.contradiction, .refusedByAdapter, .refusedByAdapter])
    }

    @Test("Past its deadline a waiting command was not sent, one in flight is unknown, and a late answer is a hint")
    func deadlines() throws {
        let stage = try Stage()
        let due = stage.clock.monotonic() + 10_000_000
        let inFlight = try stage.submit("late", deadline: due)
        #expect(stage.recorder.submitted.isEmpty)
        #expect(stage.lanes.nextWake == due)
        stage.clock.advance(by: 10_000_000)
        let waiting = stage.order("accept", deadline: due)
        #expect(stage.session.submit(waiting) == .taken)
        stage.lanes.runUntilIdle()
        let byID = Dictionary(uniqueKeysWithValues: stage.recorder.submitted.map { ($0.id, $0) })
        #expect(byID[inFlight]?.outcome == .unknown)
        #expect(byID[inFlight]?.cause == .deadline)
        #expect(byID[waiting.id]?.outcome == .notSent)
        #expect(byID[waiting.id]?.cause == .deadline)
        #expect(stage.said("cancelled") == 1)
        #expect(stage.said("late") == -6)
        #expect(stage.recorder.late.map(\.id) == [inFlight])
        #expect(stage.recorder.late.first?.outcome == .accepted)
        #expect(stage.recorder.late.first?.brokerOrderID == "late")
        #expect(stage.session.health.counters.lateCompletions == 1)
        #expect(stage.session.health.counters.deadlines == 2)
    }

    @Test("A command that the state does not take was not sent; degraded takes what reduces risk")
    func states() throws {
        let stage = try Stage(opened: false)
        try stage.submit("accept")
        #expect(stage.recorder.submitted.first?.cause == .notReady)
        #expect(stage.recorder.submitted.first?.outcome == .notSent)
        let opened = NIOLockedValueBox<[Bool]>([])
        _ = stage.session.open { result in opened.withLockedValue { $0.append((try? result.get()) != nil) } }
        stage.lanes.runUntilIdle()
        #expect(opened.withLockedValue { $0 } == [true])
        #expect(stage.recorder.states == [.opening, .ready])
        #expect(stage.session.status.expiresAt == Timestamp(nanoseconds: 1_900_000_000_000_000_000))
        try stage.submit("degraded")
        #expect(stage.session.status.state == .degraded)
        #expect(stage.session.status.error?.code == .authExpired)
        stage.recorder.clear()
        try stage.submit("accept")
        try stage.submit("accept", flags: .closing)
        _ = stage.session.cancel(CancelCommand(id: 1, reference: OrderReference(accountIndex: 0, brokerOrderID: "x")))
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.map(\.outcome) == [.notSent, .accepted])
        #expect(stage.recorder.canceled.map(\.outcome) == [.accepted])
        try stage.submit("failed", flags: .closing)
        #expect(stage.session.status.state == .failed)
        stage.recorder.clear()
        try stage.submit("accept", flags: .closing)
        #expect(stage.recorder.submitted.first?.cause == .notReady)
        _ = stage.session.open()
        stage.lanes.runUntilIdle()
        #expect(stage.session.status.state == .ready)
    }

    @Test("A state that never follows, or that nobody knows, is refused and changes nothing")
    func impossibleStates() throws {
        let stage = try Stage()
        try stage.submit("impossible")
        #expect(stage.said("state") == -2)
        #expect(stage.session.status.state == .ready)
        let refused = try Stage(login: "bad")
        #expect(refused.session.status.state == .failed)
        #expect(refused.session.status.error?.code == .authRejected)
    }

    @Test("What an adapter does not offer is never called")
    func capabilities() throws {
        let stage = try Stage(["-DCAPABILITIES=SLUICE_CAN_SUBMIT"])
        _ = stage.session.cancel(CancelCommand(id: 1, reference: OrderReference(accountIndex: 0)))
        _ = stage.session.lookUp(LookupCommand(id: 2, reference: OrderReference(accountIndex: 0)))
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.canceled.map(\.cause) == [.unsupported])
        #expect(stage.recorder.lookedUp.map(\.cause) == [.unsupported])
        #expect(stage.recorder.lookedUp.map(\.outcome) == [.indeterminate])
        #expect(stage.session.health.metrics["lookups"] == nil)
    }

    @Test("The queue has a bound: what is beyond it was not sent and gets no completion")
    func bound() throws {
        let stage = try Stage(commandBound: 10)
        #expect(stage.session.submit((0..<25).map { _ in stage.order("accept") }) == 10)
        #expect(stage.session.submit(stage.order("accept")) == .refused(.queueFull))
        // Cancels have a bound of their own.
        #expect(stage.session.cancel(CancelCommand(id: 1, reference: OrderReference(accountIndex: 0))) == .taken)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.count == 10)
        #expect(stage.recorder.canceled.count == 1)
    }

    @Test("An adapter never holds more commands than it may; cancels pass all the same, and waits have an end")
    func inFlight() throws {
        let stage = try Stage(["-DMAX_IN_FLIGHT=3"])
        let due = stage.clock.monotonic() + 50_000_000
        let orders = (0..<6).map { _ in stage.order("silent", deadline: due) }
        #expect(stage.session.submit(orders) == 6)
        stage.lanes.runUntilIdle()
        #expect(stage.session.health.openCommands == 3)
        #expect(stage.session.health.queuedCommands == 3)
        _ = stage.session.cancel(CancelCommand(id: 1, reference: OrderReference(accountIndex: 0, brokerOrderID: "x")))
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.canceled.count == 1)
        stage.after(milliseconds: 50)
        let outcomes = Dictionary(uniqueKeysWithValues: stage.recorder.submitted.map { ($0.id, $0.outcome) })
        #expect(orders.prefix(3).allSatisfy { outcomes[$0.id] == .unknown })
        #expect(orders.suffix(3).allSatisfy { outcomes[$0.id] == .notSent })
    }

    @Test("A withdrawn submit is never given to the adapter")
    func withdrawal() throws {
        let stage = try Stage()
        let orders = (0..<10).map { _ in stage.order("accept") }
        #expect(stage.session.submit(orders) == 10)
        #expect(stage.session.withdrawSubmits([orders[3].id, orders[5].id]) == [orders[3].id, orders[5].id])
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.submitted.map(\.id) == [0, 1, 2, 4, 6, 7, 8, 9].map { orders[$0].id })
        #expect(stage.session.submit((0..<40).map { _ in stage.order("accept") }) == 40)
        #expect(stage.session.withdrawSubmits().count == 40)
        stage.recorder.clear()
        try stage.submit("accept")
        #expect(stage.recorder.submitted.map(\.outcome) == [.accepted])
    }

    @Test("A withdrawal also reaches the orders in the lane's hands that the adapter has not got yet")
    func withdrawalInHand() async throws {
        let workshop = try Workshop()
        let gate = "\(workshop.root)/gate"
        try workshop.install()
        try workshop.manifest()
        let host = workshop.host()
        try host.load()
        let done = NIOLockedValueBox(0)
        let (stream, finished) = AsyncStream.makeStream(of: Void.self)
        let recorder = Recorder { _, events in
            for case .submitted in events { done.withLockedValue { $0 += 1 } }
            if done.withLockedValue({ $0 }) == 2 { finished.yield() }
        }
        let made = host.makeSessions(
            for: [Stage.account("A0", login: "l")], services: SessionServices(), delegate: recorder)
        let session = try #require(made.sessions.first)
        _ = session.open()
        let stage = try Stage()
        let orders = [stage.order("hang:\(gate)")] + (1...4).map { _ in stage.order("accept") }
        #expect(session.submit(Array(orders[..<4])) == 4)
        while session.health.currentCall?.function != .submit {}  // the adapter is in the first call
        #expect(session.health.queuedCommands == 0)  // all four are in the lane's hands
        #expect(session.withdrawSubmits([orders[0].id, orders[2].id]) == [orders[2].id])
        #expect(session.withdrawSubmits() == [orders[1].id, orders[3].id])
        #expect(session.withdrawSubmits().isEmpty)
        #expect(session.submit([orders[4]]) == 1)
        try workshop.write("", to: gate)
        for await _ in stream { break }
        #expect(recorder.submitted.map(\.id) == [orders[0].id, orders[4].id])
        #expect(recorder.submitted.allSatisfy { $0.outcome == .accepted })
    }

    @Test("A slow adapter's news goes up after each millisecond, and a cancel overtakes what was taken already")
    func slowAdapter() throws {
        let workshop = try Workshop()
        try workshop.install()
        try workshop.manifest()
        let lanes = SteppedLanes(clock: SystemLaneClock.shared)
        let host = workshop.host(
            environment: LaneEnvironment(clock: SystemLaneClock.shared, random: SeededLaneRandom(seed: 1)) { _ in lanes
            })
        try host.load()
        let recorder = Recorder()
        let session = try #require(
            host.makeSessions(for: [Stage.account("A0", login: "l")], services: SessionServices(), delegate: recorder)
                .sessions.first)
        _ = session.open()
        lanes.runUntilIdle()
        recorder.clear()
        let stage = try Stage()
        let orders = (0..<5).map { _ in stage.order("slow") }  // three milliseconds each
        #expect(session.submit(orders) == 5)
        lanes.step()
        #expect(recorder.submitted.map(\.id) == [orders[0].id])
        #expect(session.health.queuedCommands == 4)
        _ = session.cancel(CancelCommand(id: 9, reference: OrderReference(accountIndex: 0, brokerOrderID: "x")))
        #expect(session.withdrawSubmits([orders[2].id]) == [orders[2].id])
        lanes.step()
        #expect(recorder.canceled.map(\.id) == [9])
        lanes.runUntilIdle()
        #expect(recorder.submitted.map(\.id) == [0, 1, 3, 4].map { orders[$0].id })
    }

    @Test("Look-ups travel together, and only the two definite words are definite")
    func lookups() throws {
        let stage = try Stage()
        for (index, id) in ["found", "absent", "who knows"].enumerated() {
            _ = stage.session.lookUp(
                LookupCommand(id: UInt64(index), reference: OrderReference(accountIndex: 0, brokerOrderID: id)))
        }
        stage.lanes.runUntilIdle()
        #expect(stage.said("lookups") == 3)
        #expect(stage.recorder.lookedUp.map(\.outcome) == [.found, .provenAbsent, .indeterminate])
        #expect(stage.recorder.lookedUp.first?.brokerOrderID == "found")
    }

    @Test("Everything of one turn goes up in one batch, with the durable writes of the same calls")
    func batchesUp() throws {
        let stage = try Stage(keyValues: [(key: Array("seed".utf8), value: [1, 2, 3, 4, 5])])
        #expect(stage.session.submit([stage.order("accept"), stage.order("kv"), stage.order("fill")]) == 3)
        stage.lanes.runUntilIdle()
        #expect(stage.recorder.batches.count == 1)
        #expect(stage.said("loaded") == 5)
        #expect(stage.said("held") == 1)
        #expect(
            stage.recorder.writes.map { String(decoding: $0.key, as: UTF8.self) } == ["b", "a", "b"])
        #expect(stage.recorder.writes.map(\.value) == [Array("two".utf8), Array("one".utf8), nil])
        #expect(stage.recorder.writes.allSatisfy { $0.account.rawValue == "A0" })
        #expect(stage.said("foreign") == -2)
        #expect(stage.session.health.counters.breaches == 3)  // both calls of `each`, and the foreign account
        #expect(!stage.session.status.isPoisoned)
        #expect(stage.said("listed") == 2)  // "a" and "seed"; the host was closed to `each`
        try stage.submit("kv-cached")
        #expect(stage.said("cached") == 0)
        stage.clock.advance(by: 5_000_000)
        try stage.submit("kv-cached")
        #expect(stage.said("cached") == -6)
    }

    @Test("Commands given from the delegate are queued as ever")
    func fromDelegate() throws {
        let given = NIOLockedValueBox(0)
        let next = NIOLockedValueBox<SubmitCommand?>(nil)
        let stage = try Stage { session, events in
            for case .submitted in events
            where given.withLockedValue({
                $0 += 1
                return $0
            }) == 1 {
                if let order = next.withLockedValue({ $0 }) { _ = session.submit(order) }
            }
        }
        next.withLockedValue { $0 = stage.order("accept") }
        try stage.submit("accept")
        #expect(stage.recorder.submitted.count == 2)
    }
}
