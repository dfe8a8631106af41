import Domain
import Testing

@testable import Engine

/// One full event of each kind, every optional field present and every value its own, so that two fields that change
/// places or a flag that moves changes the bytes.
enum EventExamples {
    static let at = Timestamp(nanoseconds: 1_795_000_000_000_000_000)
    private static func after(_ nanoseconds: Int64) -> Timestamp { at.advanced(by: nanoseconds) }
    private static let run = RunID(number: 300)
    private static let inr = Currency(packed: 0x494e52)

    private static func decimal(_ mantissa: Int128, _ exponent: Int) throws -> ExactDecimal {
        try #require(ExactDecimal(mantissa: mantissa, exponent: exponent))
    }

    private static let error = AdapterError(
        code: .rateLimited, brokerCode: "E-1", brokerText: "slow ₹", text: "wait", field: "quantity", httpStatus: 429,
        retryAfterNanoseconds: 1_000_000)
    private static let rejection = Rejection(
        .maxPosition, .positionExceeded, cause: .stale, scope: .group, unit: .quantity, limit: 100, observed: 90,
        projected: 110, inputAge: 5_000)

    private static func instrument() throws -> InstrumentRecord {
        InstrumentRecord(
            id: InstrumentID(canonical: "NFO:OPT:NIFTY:20261231:26000:C"), name: "NIFTY26DEC", currency: inr,
            tickSize: try decimal(5, -2), lotSize: 75, multiplier: 1, contractSize: 2, freezeQuantity: 1_800,
            minimumQuantity: 76, maximumQuantity: 1_801, priceLow: try decimal(105, -2), priceHigh: 900,
            expiry: CivilDate(year: 2026, month: 12, day: 31), isTradable: true, source: "nse")
    }

    private static func group() -> ExecutionGroup {
        ExecutionGroup(
            id: GroupID(unchecked: "family"), version: 4, policy: .riskUnit, carry: .on, mode: .quorum,
            onLegFailure: .unwind, allowsUnwind: true, dropsBelowMinimum: false, redistributes: true,
            members: [
                .init(
                    account: AccountID(unchecked: "AB1"), isEnabled: true, capital: 500_000, weight: 3, lots: 2,
                    riskBudget: 1_500, minimumLots: 1, maximumLots: 9)
            ],
            createdAt: after(-20), updatedAt: after(-10))
    }

    private static func order() throws -> ParentOrder {
        var order = ParentOrder(
            target: .group(GroupID(unchecked: "family")), symbol: InstrumentID(canonical: "NSE:EQ:ITC"), side: .sell,
            orderType: .stopLimit, product: .carry)
        (order.quantity, order.lots, order.percent, order.stopDistance) = (7_500, 100, try decimal(125, -1), 11)
        (order.multiplier, order.limitPrice, order.stopPrice, order.trail) = (2, try decimal(14_235, -2), 140, 3)
        (order.timeInForce, order.validUntil, order.orderClass) = (.goodTillDate, after(9_000), .iceberg)
        (order.isPostOnly, order.isReduceOnly, order.isAfterMarket) = (true, false, true)
        (order.disclosedQuantity, order.mode, order.minimumLegs) = (750, .clip, 4)
        (order.minimumQuantityBasisPoints, order.redistributes, order.onLegFailure) = (8_000, true, .cancelRest)
        (order.deadlineMilliseconds, order.attachedStop, order.strategy, order.tag) = (10_000, 135, "s1", "t1")
        order.brokerOptions = ["paper": "{}", "ibkr": "{\"a\":1}"]
        return order
    }

    private static func admission() throws -> RunAdmission {
        let leg = LegAdmission(
            account: 6, side: .sell, weight: 3, allocatedQuantity: 75, orderedQuantity: 74, limitPrice: 1_423_500,
            stopPrice: 1_400_000, orderType: .limit, isClosing: true, rejection: rejection, alerts: [rejection],
            slices: [40, 34], heldUntil: after(700), margin: 1_067_625,
            funds: .init(available: 50_000_000, equity: 90_000_000, reserved: 1_200_000, age: 4_000_000_000))
        var other = leg
        other.funds = nil
        return RunAdmission(
            run: run, group: GroupID(unchecked: "family"), groupVersion: 4, riskVersion: 9, order: try order(),
            origin: Origin(caller: "k1", idempotencyKey: "key-1"), instrument: 12, mode: .allOrNone,
            onLegFailure: .cancelRest, receivedAt: after(-900), admittedAt: after(-800), requestedQuantity: 7_500,
            unallocatedQuantity: 25, leftOut: [.init(account: AccountID(unchecked: "AB2"), reason: "disabled")],
            reference: .init(points: 1_420_000, age: 55_000), rotation: 5, carry: [-7, 8],
            firstClientSequence: 123_456, legs: [leg, other], isGatewayClosing: true,
            overrideUses: [.init(override: 3, leg: 0)], isFundsRecorded: true)
    }

    static func event(_ kind: Event.Kind) throws -> Event {
        let account = Account(
            id: AccountID(unchecked: "AB1"), adapter: try #require(AdapterID("paper")), login: "L1", owner: "P1",
            environment: .sandbox, currency: inr, config: "{}", isEnabled: true)
        let outcome = MutationOutcome.unknown
        return switch kind {
        case .accountDefined: .accountDefined(account)
        case .accountRemoved: .accountRemoved(account.id)
        case .groupDefined: .groupDefined(group())
        case .groupRemoved: .groupRemoved(GroupID(unchecked: "family"))
        case .instrumentDefined: .instrumentDefined(number: 12, try instrument())
        case .riskConfigured:
            .riskConfigured(
                RiskVersion(version: 9, document: "limits: {}", reason: "tighter", by: "ana", at: after(3)))
        case .stateChanged:
            .stateChanged(
                .init(
                    scope: Scope(kind: .account, id: "AB1"), status: .coolOff, reason: "loss", by: "rule:daily-loss",
                    at: after(-5), until: after(60), cause: "k1", escalation: .init(action: .squareOff, at: after(30))))
        case .runAdmitted: .runAdmitted(try admission())
        case .ordersQueued: .ordersQueued(run: run, orders: [0, 1, 64], durableAt: after(1), queuedAt: after(2))
        case .orderAnswered:
            .orderAnswered(
                OrderAnswer(
                    run: run, order: 7, outcome: outcome, brokerOrderID: "B1", exchangeOrderID: "X1", error: error,
                    adapterState: [1, 2, 3], dispatchedAt: after(-4), writtenAt: after(-3), firstByteAt: after(-2),
                    answeredAt: after(-1)))
        case .orderReported:
            .orderReported(
                run: run, order: 7,
                report: ReportedOrder(
                    state: .partiallyFilled, cumulativeQuantity: 50, brokerOrderID: "B1", exchangeOrderID: "X1",
                    error: error, adapterState: [4, 5], at: after(-1)))
        case .executed:
            .executed(
                Execution(
                    adapter: account.adapter, account: 6, instrument: 12, executionID: "F2", kind: .correct,
                    replaces: "F1", run: run, order: 7, side: .sell, lastQuantity: 50, lastPrice: 1_423_400,
                    fees: -25, transactTime: after(-9), at: after(-8)))
        case .cancelRequested: .cancelRequested(run: run, order: 7, by: "k1")
        case .cancelAnswered: .cancelAnswered(run: run, order: 7, outcome: outcome, error: error)
        case .replaceRequested:
            .replaceRequested(
                run: run, order: 7,
                replacement: .init(
                    clientSequence: 99, quantity: 60, limitPrice: 1_420_000, stopPrice: 1_410_000,
                    words: .init(orderType: .stopLimit, timeInForce: .immediateOrCancel, disclosedQuantity: 20),
                    options: "{\"a\":1}"), by: "k1")
        case .replaceAnswered: .replaceAnswered(run: run, order: 7, outcome: outcome, error: error)
        case .ordersCanceledLocally: .ordersCanceledLocally(run: run, orders: [2, 3], reason: .legFailure)
        case .ordersReleased: .ordersReleased(run: run, orders: [2, 3])
        case .orderLookedUp: .orderLookedUp(run: run, order: 7, outcome: .provenAbsent, brokerOrderID: "B1")
        case .gapClosed: .gapClosed(run: run, order: 7)
        case .dayOpened:
            .dayOpened(
                DayOpening(
                    account: 6, day: 20_782,
                    marks: [.init(instrument: 12, points: 1_420_000), .init(instrument: 13, points: nil)],
                    equity: 5_000_000))
        case .overrideGranted:
            .overrideGranted(
                RiskOverride(
                    id: 3, control: .maxPosition, scope: .firm, until: after(60), maximumUses: 2, reason: "roll",
                    by: "ana", at: after(-2)))
        case .overrideRevoked: .overrideRevoked(id: 3, .init(by: "bo", reason: "done", at: after(-1)))
        case .squareOffStarted:
            .squareOffStarted(
                SquareOff(
                    id: 4, scope: Scope(kind: .account, id: "AB1"), reason: "end of day", by: "ana", at: after(-2)))
        case .squareOffEnded:
            .squareOffEnded(id: 4, .init(outcome: .remainder, reason: "odd lots", by: "ana", at: after(-1)))
        case .heartbeatSet:
            .heartbeatSet(
                Heartbeat(
                    key: "k1", person: "ana", scope: Scope(kind: .key, id: "k1"), ttl: 30_000_000_000, at: after(-1)))
        case .adminActed:
            .adminActed(
                AdminAct(
                    .keyRevoked, subject: "k9", by: "ana", key: "k1", reason: "left", detail: "person bo", at: after(-3)
                ))
        case .limitWarned:
            .limitWarned(
                LimitWarning(control: .dailyLoss, account: 6, limit: -100_000, observed: -81_000, at: after(-1)))
        case .termsFound:
            .termsFound(
                run: run, order: 7,
                terms: Order.Terms(
                    quantity: 150, limitPrice: 51, stopPrice: 52,
                    words: .init(orderType: .stop, timeInForce: .goodTillCancel, disclosedQuantity: 25)),
                at: after(-1))
        case .anomalyFound:
            .anomalyFound(
                Anomaly(
                    run: run, order: 7, kind: .overfill, ordered: 100, executed: 130, excess: 30, at: after(-1)))
        case .orderAdopted:
            .orderAdopted(run: run, order: 7, brokerOrderID: "B7", executedBefore: 25, at: after(-1))
        case .positionAdopted:
            .positionAdopted(
                PositionAdoption(
                    account: 6, instrument: 3, quantity: -75, before: 150, price: 4_001, mark: 4_002, productCode: 4,
                    reason: "moved", by: "ana", at: after(-1)))
        case .orderResolved:
            .orderResolved(
                run: run, order: 7,
                Resolution(outcome: .absent, reason: "asked the desk", by: "ana", at: after(-1)))
        case .differenceFound:
            .differenceFound(
                Difference(
                    account: 6, cause: .position, action: .reduce, subject: "NSE:EQ:RELIANCE",
                    ours: try decimal(5, -1), theirs: -2, at: after(-1)))
        }
    }
}

@Suite("The format of every event")
struct EventFormatTests {
    /// FNV-1a of the bytes: enough to see that they changed. A number here changes only with the format's version, or where
    /// fields are appended to an event.
    static let digests: [Event.Kind: UInt64] = [
        .accountDefined: 0x660b_ead2_ba5a_e7a3,
        .accountRemoved: 0x5bd0_b29b_d7cb_fb46,
        .groupDefined: 0x760e_0ceb_2c0f_9fad,
        .groupRemoved: 0xaa8f_2318_b984_f29a,
        .instrumentDefined: 0xaef9_7e26_7b4f_7826,
        .riskConfigured: 0x6663_c986_ce2e_978b,
        .stateChanged: 0xbc1e_c68c_017f_6ffa,
        .runAdmitted: 0x4058_1271_fc99_d6ae,
        .ordersQueued: 0x5b67_4e2a_49ab_cd9d,
        .orderAnswered: 0xc695_0a07_9c70_e3d5,
        .orderReported: 0x4559_da15_e93a_2156,
        .executed: 0x73b0_dc25_cf1c_0f5f,
        .cancelRequested: 0x1121_ebc5_f4f5_bb88,
        .cancelAnswered: 0x7218_4430_d447_091a,
        .replaceRequested: 0x8c3b_521c_24f9_f659,
        .replaceAnswered: 0x4fd2_bd57_9fa9_dc88,
        .ordersCanceledLocally: 0x030d_9e29_0f79_1c40,
        .ordersReleased: 0xbc98_6d6c_a5b5_de7e,
        .orderLookedUp: 0x1e4a_e48d_7694_12e2,
        .gapClosed: 0xc569_6bbc_6629_f774,
        .dayOpened: 0x2d42_149f_93dd_9f68,
        .overrideGranted: 0x2943_f8a6_d344_d75f,
        .overrideRevoked: 0x9866_2a2b_37f2_11f4,
        .squareOffStarted: 0x080f_3b57_9cc6_b975,
        .squareOffEnded: 0x1f47_0334_6f4e_1941,
        .heartbeatSet: 0x3a5e_ba55_c332_3839,
        .limitWarned: 0x7e33_0133_20ea_1ca5,
        .termsFound: 0x19cb_3388_160f_de37,
        .anomalyFound: 0x3806_1922_53b6_77cb,
        .orderAdopted: 0xd6f2_b519_76da_dd5f,
        .positionAdopted: 0xfdb6_f78e_be59_5526,
        .orderResolved: 0x9ef0_7210_e6a7_0411,
        .differenceFound: 0x61d5_e318_6755_a1a7,
        .adminActed: 0x5f7c_4e34_204e_f3bc,
    ]

    @Test("The bytes of every kind of event stay what they are", arguments: Event.Kind.allCases)
    func digest(kind: Event.Kind) throws {
        var writer = EventWriter(base: EventExamples.at)
        writer.write(try EventExamples.event(kind))
        var digest: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in writer.bytes { digest = (digest ^ UInt64(byte)) &* 0x100_0000_01b3 }
        #expect(digest == Self.digests[kind], "\(kind): 0x\(String(digest, radix: 16))")
    }

    @Test("Records from before a field was appended are read without it")
    func beforeAppendedFields() throws {
        func read(_ event: Event, without tail: Int) throws -> Event {
            var writer = EventWriter(base: EventExamples.at)
            writer.write(event)
            var bytes = Array(writer.bytes.dropLast(tail))
            bytes[1] -= UInt8(tail)
            return try bytes.withUnsafeBytes { buffer in
                var reader = EventReader(buffer, base: EventExamples.at)
                return try reader.readEvent()
            }
        }
        let change = TradingStateChange(
            scope: .firm, status: .halted, reason: "t", by: "ann", at: EventExamples.at)
        #expect(try read(.stateChanged(change), without: 1) == .stateChanged(change))
        #expect(try read(.stateChanged(change), without: 2) == .stateChanged(change))
        let opening = DayOpening(account: 1, day: 20_782, marks: [])
        #expect(try read(.dayOpened(opening), without: 1) == .dayOpened(opening))
        guard case .runAdmitted(var admission) = try EventExamples.event(.runAdmitted) else { return }
        (admission.isFundsRecorded, admission.overrideUses) = (false, [])
        for index in admission.legs.indices { admission.legs[index].funds = nil }
        #expect(try read(.runAdmitted(admission), without: 1) == .runAdmitted(admission))
        let wanted = Order.Replacement(clientSequence: 99, quantity: 60, limitPrice: 51, stopPrice: 52)
        let request = Event.replaceRequested(run: RunID(number: 3), order: 7, replacement: wanted, by: "k1")
        #expect(try read(request, without: 1) == request)
        let found = Event.termsFound(
            run: RunID(number: 3), order: 7, terms: Order.Terms(quantity: 60, limitPrice: 51, stopPrice: 52),
            at: EventExamples.at)
        #expect(try read(found, without: 1) == found)
    }
}
