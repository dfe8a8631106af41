import Domain

@testable import Engine

/// Events of every kind drawn from a seed: all combinations of optional fields, the edges of every integer, empty, long
/// and foreign text.
struct EventSampler {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 }

    /// SplitMix64.
    mutating func bits() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int(bits() % UInt64(bound)) }
    mutating func flag() -> Bool { bits() & 1 == 1 }
    mutating func maybe<Value>(_ make: (inout EventSampler) -> Value) -> Value? { flag() ? make(&self) : nil }
    mutating func pick<Value>(_ values: [Value]) -> Value { values[below(values.count)] }
    mutating func word<Word: CaseIterable>(_ type: Word.Type) -> Word { pick(Array(type.allCases)) }

    /// Every value that a raw value stands for, where the type does not list its cases.
    mutating func raw<Word: RawRepresentable>(_ type: Word.Type) -> Word where Word.RawValue == UInt8 {
        pick((UInt8.min...UInt8.max).compactMap(type.init(rawValue:)))
    }

    mutating func list<Value>(upTo count: Int = 4, _ make: (inout EventSampler) -> Value) -> [Value] {
        (0..<below(count + 1)).map { _ in make(&self) }
    }

    // MARK: Values

    /// All magnitudes alike, and the edges.
    mutating func unsigned() -> UInt64 {
        below(8) == 0 ? pick([0, 1, 127, 128, 16_383, 16_384, .max - 1, .max]) : bits() >> UInt64(below(64))
    }
    mutating func signed() -> Int64 {
        below(8) == 0 ? pick([0, -1, 1, 63, 64, -64, -65, .min, .max]) : Int64(bitPattern: bits()) >> Int64(below(64))
    }
    mutating func int32() -> Int32 {
        below(8) == 0 ? pick([0, -1, .min, .max]) : Int32(truncatingIfNeeded: signed())
    }
    mutating func int() -> Int { Int(signed()) }
    mutating func time() -> Timestamp { Timestamp(nanoseconds: signed()) }

    mutating func text() -> String {
        switch below(8) {
        case 0: ""
        case 1: String(repeating: "long ", count: below(200))
        case 2: pick(["आदेश रद्द", "注文", "Übergröße\u{301}", "🙂👩‍👩‍👧", "\0", "a\u{0}b", "\u{FFFD}"])
        default: String((0..<below(24)).map { _ in pick(Array("abcXYZ0189 -_.:/")) })
        }
    }
    mutating func bytes() -> [UInt8] { list(upTo: 40) { UInt8(truncatingIfNeeded: $0.bits()) } }

    mutating func orderWords() -> Order.Words {
        Order.Words(
            orderType: maybe { $0.raw(OrderType.self) }, timeInForce: maybe { $0.raw(TimeInForce.self) },
            disclosedQuantity: maybe { $0.decimal() })
    }

    mutating func decimal() -> ExactDecimal {
        while true {
            let wide = Int128(signed()) << Int128(below(65)) | Int128(truncatingIfNeeded: bits())
            let mantissa = pick([wide, Int128(signed()), Int128.max, -Int128.max, 0, 2_500_05])
            if let value = ExactDecimal(mantissa: mantissa, exponent: below(77) - 38) { return value }
        }
    }
    mutating func currency() -> Currency {
        pick(["INR", "USD", "USDT", "A", "ZZZZZZZZ", "1INCH"].compactMap { Currency($0) })
    }
    mutating func date() -> CivilDate { CivilDate(daysSinceEpoch: pick([-719_528, 0, 20_782, 2_932_896])) }
    mutating func account() -> AccountID { AccountID(unchecked: text()) }
    mutating func group() -> GroupID { GroupID(unchecked: text()) }
    mutating func adapter() -> AdapterID {
        pick(["zerodha", "paper", "a", "x-1"].compactMap { AdapterID($0) })
    }
    mutating func run() -> RunID { RunID(number: unsigned()) }
    mutating func instrument() -> InstrumentID {
        InstrumentID(canonical: pick(["NSE:EQ:RELIANCE", "NFO:OPT:NIFTY:20261231:26000:C", "MCX:FUT:GOLD:20260605"]))
    }

    mutating func rejection() -> Rejection {
        Rejection(
            word(ControlID.self), raw(Rejection.Sentence.self), cause: raw(Rejection.Cause.self),
            scope: raw(ScopeKind.self), unit: raw(Rejection.Unit.self), limit: signed(), observed: signed(),
            projected: signed(), inputAge: signed())
    }
    mutating func error() -> AdapterError {
        AdapterError(
            code: word(AdapterErrorCode.self), brokerCode: maybe { $0.text() }, brokerText: maybe { $0.text() },
            text: maybe { $0.text() }, field: maybe { $0.text() }, httpStatus: maybe { $0.int() },
            retryAfterNanoseconds: maybe { $0.signed() })
    }
}

extension EventSampler {
    mutating func riskVersion() -> RiskVersion {
        RiskVersion(version: signed(), document: text(), reason: text(), by: text(), at: time())
    }

    mutating func event() -> Event { event(word(Event.Kind.self)) }

    mutating func event(_ kind: Event.Kind) -> Event {
        switch kind {
        case .accountDefined: .accountDefined(accountRecord())
        case .accountRemoved: .accountRemoved(account())
        case .groupDefined: .groupDefined(groupRecord())
        case .groupRemoved: .groupRemoved(group())
        case .instrumentDefined: .instrumentDefined(number: int32(), instrumentRecord())
        case .riskConfigured: .riskConfigured(riskVersion())
        case .stateChanged: .stateChanged(stateChange())
        case .runAdmitted: .runAdmitted(admission())
        case .ordersQueued:
            .ordersQueued(
                run: run(), orders: list(upTo: 200) { $0.int32() }, durableAt: time(), queuedAt: time())
        case .orderAnswered: .orderAnswered(answer())
        case .orderReported: .orderReported(run: run(), order: int32(), report: report())
        case .executed: .executed(execution())
        case .cancelRequested: .cancelRequested(run: run(), order: int32(), by: text())
        case .cancelAnswered:
            .cancelAnswered(
                run: run(), order: int32(), outcome: raw(MutationOutcome.self), error: maybe { $0.error() })
        case .replaceRequested:
            .replaceRequested(
                run: run(), order: int32(),
                replacement: .init(
                    clientSequence: unsigned(), quantity: signed(), limitPrice: signed(), stopPrice: signed(),
                    words: orderWords(), options: maybe { $0.text() }, addedMargin: signed()),
                by: text())
        case .replaceAnswered:
            .replaceAnswered(
                run: run(), order: int32(), outcome: raw(MutationOutcome.self), error: maybe { $0.error() })
        case .ordersCanceledLocally:
            .ordersCanceledLocally(
                run: run(), orders: list { $0.int32() }, reason: raw(LocalCancelReason.self))
        case .ordersReleased: .ordersReleased(run: run(), orders: list { $0.int32() })
        case .orderLookedUp:
            .orderLookedUp(
                run: run(), order: int32(), outcome: raw(LookupOutcome.self), brokerOrderID: maybe { $0.text() })
        case .gapClosed: .gapClosed(run: run(), order: int32())
        case .dayOpened: .dayOpened(dayOpening())
        case .overrideGranted:
            .overrideGranted(
                RiskOverride(
                    id: signed(), control: word(ControlID.self), scope: scope(), until: time(), maximumUses: signed(),
                    reason: text(), by: text(), at: time()))
        case .overrideRevoked: .overrideRevoked(id: signed(), .init(by: text(), reason: text(), at: time()))
        case .squareOffStarted:
            .squareOffStarted(SquareOff(id: signed(), scope: scope(), reason: text(), by: text(), at: time()))
        case .squareOffEnded:
            .squareOffEnded(
                id: signed(), .init(outcome: raw(SquareOff.End.Outcome.self), reason: text(), by: text(), at: time()))
        case .heartbeatSet:
            .heartbeatSet(Heartbeat(key: text(), person: text(), scope: scope(), ttl: signed(), at: time()))
        case .adminActed:
            .adminActed(
                AdminAct(
                    word(AdminAct.Kind.self), subject: text(), by: text(), key: text(), reason: text(), detail: text(),
                    at: time()))
        case .limitWarned:
            .limitWarned(
                LimitWarning(
                    control: word(ControlID.self), account: int32(), limit: signed(), observed: signed(), at: time()))
        case .termsFound:
            .termsFound(
                run: run(), order: int32(),
                terms: Order.Terms(
                    quantity: signed(), limitPrice: signed(), stopPrice: signed(), words: orderWords()), at: time())
        case .anomalyFound:
            .anomalyFound(
                Anomaly(
                    run: run(), order: int32(), kind: word(Anomaly.Kind.self), ordered: signed(), executed: signed(),
                    excess: signed(), at: time()))
        case .orderAdopted:
            .orderAdopted(
                run: run(), order: int32(), brokerOrderID: text(), executedBefore: signed(), at: time())
        case .positionAdopted:
            .positionAdopted(
                PositionAdoption(
                    account: int32(), instrument: int32(), quantity: signed(), before: signed(), price: signed(),
                    mark: signed(), productCode: UInt8(below(256)), reason: text(), by: text(), at: time()))
        case .orderResolved:
            .orderResolved(
                run: run(), order: int32(),
                Resolution(outcome: word(Resolution.Outcome.self), reason: text(), by: text(), at: time()))
        case .differenceFound:
            .differenceFound(
                Difference(
                    account: int32(), cause: word(Difference.Cause.self), action: word(Difference.Action.self),
                    subject: text(), ours: maybe { $0.decimal() }, theirs: maybe { $0.decimal() }, at: time()))
        }
    }

    mutating func accountRecord() -> Account {
        Account(
            id: account(), adapter: adapter(), login: text(), owner: maybe { $0.text() },
            environment: word(TradingEnvironment.self), currency: currency(), config: text(), isEnabled: flag())
    }

    mutating func groupRecord() -> ExecutionGroup {
        ExecutionGroup(
            id: group(), version: signed(), policy: word(AllocationPolicy.self), carry: word(CarryMode.self),
            mode: word(ExecutionMode.self), onLegFailure: word(LegFailurePolicy.self), allowsUnwind: flag(),
            dropsBelowMinimum: flag(), redistributes: flag(), members: list { $0.member() }, createdAt: time(),
            updatedAt: time())
    }

    mutating func member() -> ExecutionGroup.Member {
        ExecutionGroup.Member(
            account: account(), isEnabled: flag(), capital: maybe { $0.decimal() }, weight: maybe { $0.signed() },
            lots: maybe { $0.signed() }, riskBudget: maybe { $0.decimal() }, minimumLots: signed(),
            maximumLots: maybe { $0.signed() })
    }

    mutating func instrumentRecord() -> InstrumentRecord {
        var record = InstrumentRecord(
            id: instrument(), name: maybe { $0.text() }, currency: currency(), tickSize: decimal(), lotSize: decimal(),
            multiplier: decimal(), contractSize: maybe { $0.decimal() }, freezeQuantity: maybe { $0.decimal() },
            minimumQuantity: maybe { $0.decimal() }, maximumQuantity: maybe { $0.decimal() },
            priceLow: maybe { $0.decimal() }, priceHigh: maybe { $0.decimal() }, isTradable: flag(), source: text())
        record.expiry = maybe { $0.date() }
        record.tickTable = maybe { _ in try? TickTable("0:0.01 250:0.05 1000:0.1") } ?? nil
        return record
    }

    mutating func stateChange() -> TradingStateChange {
        TradingStateChange(
            scope: scope(), status: raw(TradingStatus.self), reason: text(),
            by: text(), at: time(), until: maybe { $0.time() }, cause: maybe { $0.text() },
            escalation: maybe { .init(action: $0.raw(BreachResponse.Action.self), at: $0.time()) })
    }

    mutating func scope() -> Scope { Scope(kind: raw(ScopeKind.self), id: text()) }

    mutating func dayOpening() -> DayOpening {
        DayOpening(
            account: int32(), day: signed(),
            marks: list { .init(instrument: $0.int32(), points: $0.maybe { $0.signed() }) },
            equity: maybe { $0.signed() })
    }

    mutating func parentOrder() -> ParentOrder {
        var order = ParentOrder(
            target: flag() ? .group(group()) : .account(account()), symbol: instrument(),
            side: maybe { $0.word(Side.self) }, orderType: word(OrderType.self), product: word(Product.self))
        order.quantity = maybe { $0.decimal() }
        order.lots = maybe { $0.signed() }
        order.percent = maybe { $0.decimal() }
        order.stopDistance = maybe { $0.decimal() }
        order.multiplier = maybe { $0.signed() }
        order.limitPrice = maybe { $0.decimal() }
        order.stopPrice = maybe { $0.decimal() }
        order.trail = maybe { $0.decimal() }
        order.timeInForce = word(TimeInForce.self)
        order.validUntil = maybe { $0.time() }
        order.orderClass = word(OrderClass.self)
        (order.isPostOnly, order.isReduceOnly, order.isAfterMarket) = (flag(), flag(), flag())
        order.disclosedQuantity = maybe { $0.decimal() }
        order.mode = maybe { $0.word(ExecutionMode.self) }
        order.minimumLegs = maybe { $0.int() }
        order.minimumQuantityBasisPoints = maybe { $0.int() }
        order.redistributes = maybe { $0.flag() }
        order.allowsPartialAllocation = flag()
        order.onLegFailure = maybe { $0.word(LegFailurePolicy.self) }
        order.deadlineMilliseconds = signed()
        order.attachedStop = maybe { $0.decimal() }
        order.strategy = maybe { $0.text() }
        order.tag = maybe { $0.text() }
        for _ in 0..<below(4) { order.brokerOptions[text()] = text() }
        return order
    }

    mutating func admission() -> RunAdmission {
        var admission = RunAdmission(
            run: run(), group: maybe { $0.group() }, groupVersion: signed(), riskVersion: signed(),
            order: parentOrder(), origin: Origin(caller: text(), idempotencyKey: text()), instrument: int32(),
            mode: word(ExecutionMode.self), onLegFailure: word(LegFailurePolicy.self), receivedAt: time(),
            admittedAt: time(), requestedQuantity: signed(), unallocatedQuantity: signed(),
            leftOut: list { .init(account: $0.account(), reason: $0.text()) },
            reference: maybe { .init(points: $0.signed(), age: $0.signed()) }, rotation: int32(),
            carry: list { $0.signed() }, firstClientSequence: unsigned(), legs: list(upTo: 12) { $0.leg() },
            isGatewayClosing: flag(), overrideUses: list { .init(override: $0.signed(), leg: $0.int32()) },
            isFundsRecorded: flag())
        admission.origin.trace =
            maybe {
                TraceContext(high: $0.unsigned(), low: $0.unsigned() | 1, parent: $0.unsigned() | 1, flags: 1)
            } ?? nil
        if admission.isFundsRecorded {
            for index in admission.legs.indices { admission.legs[index].funds = maybe { $0.funds() } }
        }
        if flag(), !admission.legs.isEmpty {
            admission.unitsPerStep = signed()
            admission.legInstruments = admission.legs.map { _ in
                LegInstrument(
                    number: maybe { $0.int32() }, unitsPerStep: signed(),
                    reference: maybe { .init(points: $0.signed(), age: $0.signed()) }, found: text())
            }
        }
        return admission
    }

    mutating func funds() -> LegAdmission.Funds {
        LegAdmission.Funds(available: signed(), equity: signed(), reserved: signed(), age: signed())
    }

    mutating func leg() -> LegAdmission {
        LegAdmission(
            account: int32(), side: word(Side.self), weight: signed(), allocatedQuantity: signed(),
            orderedQuantity: signed(), limitPrice: signed(), stopPrice: signed(), orderType: word(OrderType.self),
            isClosing: flag(), rejection: maybe { $0.rejection() }, alerts: list(upTo: 2) { $0.rejection() },
            slices: OrderSizes(list { $0.signed() }), heldUntil: maybe { $0.time() }, margin: signed())
    }

    mutating func answer() -> OrderAnswer {
        OrderAnswer(
            run: run(), order: int32(), outcome: raw(MutationOutcome.self), brokerOrderID: maybe { $0.text() },
            exchangeOrderID: maybe { $0.text() }, error: maybe { $0.error() }, adapterState: bytes(),
            dispatchedAt: time(), writtenAt: maybe { $0.time() }, firstByteAt: maybe { $0.time() },
            answeredAt: time())
    }

    mutating func report() -> ReportedOrder {
        ReportedOrder(
            state: raw(ReportedState.self), cumulativeQuantity: maybe { $0.signed() },
            brokerOrderID: maybe { $0.text() }, exchangeOrderID: maybe { $0.text() }, error: maybe { $0.error() },
            adapterState: bytes(), at: time())
    }

    mutating func execution() -> Execution {
        Execution(
            adapter: adapter(), account: int32(), instrument: int32(), executionID: text(),
            kind: raw(ExecutionReport.Kind.self), replaces: maybe { $0.text() }, run: maybe { $0.run() },
            order: int32(), side: word(Side.self), lastQuantity: signed(), lastPrice: signed(), fees: signed(),
            transactTime: maybe { $0.time() }, at: time())
    }
}
