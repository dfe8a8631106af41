package import Domain

/// Where one order at one broker (a slice of a leg) stands.
package enum OrderStatus: UInt8, Hashable, Sendable {
    /// Admitted; waits for its commit or its turn.
    case reserved = 1
    /// Admitted; waits for a rate window to open.
    case held = 2
    /// Handed to the adapter, no answer yet.
    case sent = 3
    case working = 4
    case pendingCancel = 5
    case pendingReplace = 6
    case partiallyFilled = 7
    case filled = 8
    case canceled = 9
    /// The broker refused it.
    case rejected = 11
    /// Proved that nothing left the machine.
    case notSent = 12
    /// It may be live at the broker. Left only by evidence.
    case unknown = 13
    /// Withdrawn before it was handed to the adapter.
    case canceledLocally = 14
    case expired = 15

    /// Nothing of it is live any more; a late execution still counts (V12).
    package var isTerminal: Bool {
        switch self {
        case .filled, .canceled, .rejected, .notSent, .canceledLocally, .expired: true
        default: false
        }
    }
}

/// One order's life. Pure: no clock, no I/O, no logger; the caller books what `Effect` says.
///
/// Reports may come in any order and any number (V14). What an order has become is a function of what is known, not of
/// the order in which it was learnt: the sum of distinct executions, the strongest final state reported with the
/// quantity it promised, and how far our own requests got.
package struct Order: Hashable, Sendable {
    /// What is known of the order's end.
    package struct Ending: Hashable, Sendable {
        package var status: OrderStatus
        /// Executed quantity that the report named; the end waits for these executions up to the gap timer.
        package var cumulativeHint: Int64
        /// The broker said that all of it is executed, and once said how much that is.
        package var isFilledByFigure = false
    }

    /// A modify that waits for the broker's answer.
    package struct Replacement: Hashable, Sendable {
        package var clientSequence: UInt64
        package var quantity: Int64
        package var limitPrice: Int64
        package var stopPrice: Int64
        package var words: Words
        /// A JSON object for the order's adapter, of this modify alone: no part of what the order is.
        package var options: String?
        /// Margin that it needs beyond what was reserved for the order before, minor units of the account's currency.
        package var addedMargin: Int64
        package var terms: Terms {
            Terms(quantity: quantity, limitPrice: limitPrice, stopPrice: stopPrice, words: words)
        }

        package init(
            clientSequence: UInt64, quantity: Int64, limitPrice: Int64, stopPrice: Int64, words: Words = Words(),
            options: String? = nil, addedMargin: Int64 = 0
        ) {
            (self.clientSequence, self.quantity) = (clientSequence, quantity)
            (self.limitPrice, self.stopPrice) = (limitPrice, stopPrice)
            (self.words, self.options, self.addedMargin) = (words, options, addedMargin)
        }
    }

    /// Quantity and prices, steps and points, and words; a price is 0 where the type has none.
    package struct Terms: Hashable, Sendable {
        package var quantity: Int64
        package var limitPrice: Int64
        package var stopPrice: Int64
        package var words: Words
        package init(quantity: Int64, limitPrice: Int64, stopPrice: Int64, words: Words = Words()) {
            (self.quantity, self.limitPrice, self.stopPrice) = (quantity, limitPrice, stopPrice)
            self.words = words
        }
    }

    /// What else of an order a modify may change; `nil` leaves a word as it is.
    package struct Words: Hashable, Sendable {
        package var orderType: OrderType?
        package var timeInForce: TimeInForce?
        /// Units; zero where all of it shows.
        package var disclosedQuantity: ExactDecimal?
        package init(
            orderType: OrderType? = nil, timeInForce: TimeInForce? = nil, disclosedQuantity: ExactDecimal? = nil
        ) {
            (self.orderType, self.timeInForce) = (orderType, timeInForce)
            self.disclosedQuantity = disclosedQuantity
        }

        /// Those that are not `others`, which leave none open.
        func differing(from others: Words) -> Words {
            Words(
                orderType: orderType == others.orderType ? nil : orderType,
                timeInForce: timeInForce == others.timeInForce ? nil : timeInForce,
                disclosedQuantity: disclosedQuantity == others.disclosedQuantity ? nil : disclosedQuantity)
        }
    }

    /// What one step changed, for the books.
    package struct Effect: Hashable, Sendable {
        /// Change of the reserved leaves.
        package var reserved: Int64 = 0
        /// Signed change of liveness: -1 when the order ended, +1 when a late fact revived it.
        package var liveOrders: Int32 = 0
        package var unknownOrders: Int32 = 0
        /// Something that should not happen did: a person is told, nothing is dropped.
        package var isAnomaly = false
        package var changed = false
    }

    package let legIndex: Int32
    /// FIX 40, after market protection; a confirmed replace changes it, and what follows.
    package private(set) var orderType: OrderType
    package private(set) var timeInForce: TimeInForce
    /// Sequence of the id the broker knows it by now; a confirmed replace moves it on.
    package internal(set) var clientSequence: UInt64
    /// FIX 38; a confirmed replace changes it.
    package internal(set) var quantity: Int64
    /// Points; 0 where the type has none.
    package internal(set) var limitPrice: Int64
    package internal(set) var stopPrice: Int64
    private var ownDisclosed = Boxed<ExactDecimal>.none
    /// Units; `nil` = all of it shows.
    package private(set) var disclosedQuantity: ExactDecimal? {
        get { ownDisclosed.value }
        set { ownDisclosed = Boxed(newValue) }
    }
    package private(set) var status: OrderStatus
    /// FIX 14, never above `quantity`.
    package private(set) var cumulativeQuantity: Int64 = 0
    package private(set) var overfilledQuantity: Int64 = 0
    /// Sum of lastQuantity × lastPrice over all distinct executions, overfill included.
    package private(set) var executedValue: Int128 = 0
    private var executedQuantity: Int64 = 0
    package internal(set) var brokerOrderID: String?
    package internal(set) var exchangeOrderID: String?
    /// The adapter's own memory of the order.
    package internal(set) var adapterState: [UInt8] = []
    private var isAcknowledged = false
    package private(set) var isUnknown = false
    package private(set) var isHandedOver = false
    private var cancelPending = false
    private var ownReplacement = Boxed<Replacement>.none
    package private(set) var replacement: Replacement? {
        get { ownReplacement.value }
        set { ownReplacement = Boxed(newValue) }
    }
    /// Modifies asked for, whatever became of them (RISK.md C14).
    package private(set) var modifications: Int32 = 0
    /// Margin that modifies asked for beyond what its admission reserved.
    private(set) var addedMargin: Int64 = 0
    package private(set) var ending: Ending?
    private var isGapClosed = false
    /// Steps that the broker counts for it and that are not part of it: they were executed before it was adopted.
    package private(set) var executedBefore: Int64 = 0
    private var ownError = Boxed<AdapterError>.none
    package internal(set) var error: AdapterError? {
        get { ownError.value }
        set { ownError = Boxed(newValue) }
    }

    package init(
        legIndex: Int32, clientSequence: UInt64, quantity: Int64, limitPrice: Int64, stopPrice: Int64,
        orderType: OrderType, timeInForce: TimeInForce, disclosedQuantity: ExactDecimal? = nil, isHeld: Bool
    ) {
        self.init(
            legIndex: legIndex, clientSequence: clientSequence, quantity: quantity, limitPrice: limitPrice,
            stopPrice: stopPrice, orderType: orderType, timeInForce: timeInForce, disclosed: Boxed(disclosedQuantity),
            isHeld: isHeld)
    }

    /// The same with what the orders of one parent share.
    init(
        legIndex: Int32, clientSequence: UInt64, quantity: Int64, limitPrice: Int64, stopPrice: Int64,
        orderType: OrderType, timeInForce: TimeInForce, disclosed: Boxed<ExactDecimal>, isHeld: Bool
    ) {
        (self.legIndex, self.clientSequence, self.quantity) = (legIndex, clientSequence, quantity)
        (self.limitPrice, self.stopPrice) = (limitPrice, stopPrice)
        (self.orderType, self.timeInForce) = (orderType, timeInForce)
        ownDisclosed = disclosed
        status = isHeld ? .held : .reserved
    }

    /// FIX 151: what is still live of it.
    package var leavesQuantity: Int64 { status.isTerminal ? 0 : quantity - cumulativeQuantity }
    /// Canceled, rejected, expired or never sent.
    package var canceledQuantity: Int64 { status.isTerminal ? quantity - cumulativeQuantity : 0 }
    /// What the books hold for it: the larger of old and new while a replace is pending.
    package var reservedQuantity: Int64 {
        guard !status.isTerminal else { return 0 }
        return max(quantity, replacement?.quantity ?? 0) - cumulativeQuantity
    }
    /// The end was reported with more executed than is known yet.
    package var waitsForExecutions: Bool { !status.isTerminal && promisedQuantity > cumulativeQuantity }
    /// What its end was reported to have executed; 0 = nothing was said of an end.
    package var promisedQuantity: Int64 { ending.map { expected(by: $0) } ?? 0 }
    /// A cancel was asked for and the order has not ended: until it has, the cancel is sent again.
    package var isCancelWanted: Bool { cancelPending && !status.isTerminal }
    /// As it stands at its broker by all that is known; no word is left open.
    package var terms: Terms {
        Terms(
            quantity: quantity, limitPrice: limitPrice, stopPrice: stopPrice,
            words: Words(
                orderType: orderType, timeInForce: timeInForce, disclosedQuantity: disclosedQuantity ?? .zero))
    }
    /// What it would be after the modify that waits for its answer; no word is left open.
    package var wantedTerms: Terms? { replacement.map { completed($0.terms) } }
    /// Steps by distinct executions, overfill included.
    package var knownExecuted: Int64 { saturatingSum(cumulativeQuantity, overfilledQuantity) }
    /// Corrections and busts took back more than was ever executed.
    package var isTakenBackBeyond: Bool { executedQuantity < 0 }
    /// It may be at the broker: handed over and not ended.
    package var isAtBroker: Bool { isHandedOver && !status.isTerminal }
    /// The broker, or evidence, has said something of it.
    package var isAnswered: Bool { isAcknowledged || isUnknown || executedQuantity != 0 || ending != nil }
    /// Handed over, and nothing has been heard of it: it may still lie in its lane's queue, whatever else was asked of it.
    package var isUnanswered: Bool { isAtBroker && !isAnswered }
    /// Admitted and not handed to its adapter yet.
    package var isWaiting: Bool { !isHandedOver && !status.isTerminal }

    // MARK: Steps

    package mutating func release() -> Effect {
        step { if $0.status == .held { $0.status = .reserved } }
    }

    package mutating func handOver() -> Effect {
        step { $0.isHandedOver = true }
    }

    /// Withdraws an order that certainly did not leave: it was never handed over, or taken back from the lane's queue.
    /// An order with any sign of life at the broker is left alone.
    package mutating func cancelLocally() -> Effect {
        step { order in
            guard !order.isAcknowledged, order.executedQuantity == 0 else { return }
            order.end(.canceledLocally, hint: 0)
        }
    }

    /// What the submit came to.
    package mutating func apply(outcome: MutationOutcome) -> Effect {
        step { order in
            order.isHandedOver = true
            switch outcome {
            case .accepted:
                order.isAcknowledged = true
                order.isUnknown = false
            case .rejected:
                order.end(.rejected, hint: 0)
            case .notSent:
                order.end(.notSent, hint: 0)
            case .unknown:
                // Evidence that already came (an acknowledgement, an execution) is stronger than a lost reply.
                order.isUnknown = !order.isAcknowledged && order.executedQuantity == 0 && order.ending == nil
            }
        }
    }

    /// What the broker says of it. `cumulative` is its figure, when it gave one.
    package mutating func apply(reported state: ReportedState, cumulative: Int64?) -> Effect {
        step { order in
            order.isHandedOver = true
            switch state {
            case .canceled: order.end(.canceled, hint: order.own(cumulative))
            case .rejected: order.end(.rejected, hint: order.own(cumulative))
            case .expired: order.end(.expired, hint: order.own(cumulative))
            case .filled:
                order.end(
                    .filled, hint: max(order.own(cumulative), order.quantity), isFilledByFigure: cumulative != nil)
            case .other: break
            default:
                order.isAcknowledged = true
                order.isUnknown = false
            }
        }
    }

    /// One distinct execution; a bust comes as a negative quantity. The caller has removed duplicates.
    package mutating func apply(execution quantity: Int64, price: Int64) -> Effect {
        let wasEnded = status.isTerminal && status != .filled
        let promised = promisedQuantity
        var effect = step { order in
            order.isHandedOver = true
            order.isUnknown = false
            order.isAcknowledged = true
            order.executedQuantity = saturatingSum(order.executedQuantity, quantity)
            order.executedValue = saturatingSum(order.executedValue, Int128(quantity) * Int128(price))
            order.settleExecutions()
        }
        effect.changed = true
        let late = wasEnded && cumulativeQuantity > promised
        if late || executedQuantity < 0 { effect.isAnomaly = true }
        return effect
    }

    package mutating func requestCancel() -> Effect {
        step { $0.cancelPending = true }
    }

    /// What the cancel request came to. It stays wanted until the order has ended, or it is refused for good: what was
    /// throttled, not sent or lost is asked for again, since a second cancel does no harm.
    package mutating func apply(cancelOutcome outcome: MutationOutcome, isForGood: Bool) -> Effect {
        step { order in
            if outcome == .rejected || outcome == .notSent, isForGood { order.cancelPending = false }
        }
    }

    package mutating func requestReplace(_ wanted: Replacement) -> Effect {
        step {
            $0.replacement = wanted
            $0.modifications += 1
            $0.addedMargin = saturatingSum($0.addedMargin, wanted.addedMargin)
        }
    }

    /// What the modify came to. Unknown keeps both quantities reserved until a look-up tells.
    package mutating func apply(replaceOutcome outcome: MutationOutcome) -> Effect {
        step { order in
            guard let wanted = order.replacement else { return }
            switch outcome {
            case .accepted:
                order.adopt(wanted)
                order.settleExecutions()
            case .rejected, .notSent: order.replacement = nil
            case .unknown: break
            }
        }
    }

    /// The terms it has at the broker: what was wanted, what was before, or what somebody made of it elsewhere.
    /// Either way no modify is open any more.
    package mutating func apply(found terms: Terms) -> Effect {
        step { order in
            guard terms.quantity > 0 else { return }
            let (found, before) = (order.completed(terms), order.terms)
            // Terms that a modify leaves as they were do not tell whether it was taken: it has changed options alone.
            if let wanted = order.replacement, order.wantedTerms == found, found != before {
                order.clientSequence = wanted.clientSequence
            }
            order.replacement = nil
            order.take(found)
            order.settleExecutions()
        }
    }

    /// It was entered elsewhere and is at the broker.
    package mutating func adopt(executedBefore: Int64) -> Effect {
        step { order in
            order.isHandedOver = true
            order.isAcknowledged = true
            order.executedBefore = max(0, executedBefore)
        }
    }

    /// A person's word, or that of a rule which a person chose, in place of evidence. Executions are booked before it.
    package mutating func apply(_ resolution: Resolution.Outcome) -> Effect {
        switch resolution {
        case .released: return release()
        case .dropped: return cancelLocally()
        case .filled, .canceled: return step { $0.end(.canceled, hint: 0) }
        case .rejected: return step { $0.end(.rejected, hint: 0) }
        case .absent:
            // What the broker once acknowledged did leave: it is gone, not unsent.
            return step { $0.end($0.isAcknowledged || $0.executedQuantity != 0 ? .canceled : .notSent, hint: 0) }
        }
    }

    /// What an authoritative look-up said of an order whose fate was open.
    package mutating func apply(lookup outcome: LookupOutcome) -> Effect {
        step { order in
            switch outcome {
            case .found:
                order.isAcknowledged = true
                order.isUnknown = false
            case .provenAbsent:
                // Only an order without any evidence of life can be absent.
                if !order.isAcknowledged, order.executedQuantity == 0 { order.end(.notSent, hint: 0) }
            case .indeterminate:
                order.isUnknown = !order.isAcknowledged && order.executedQuantity == 0 && order.ending == nil
            }
        }
    }

    /// The time for missing executions is over: the end stands, what is missing later is an anomaly.
    package mutating func closeGap() -> Effect {
        let waited = waitsForExecutions
        var effect = step { $0.isGapClosed = true }
        effect.isAnomaly = effect.isAnomaly || waited
        return effect
    }

    // MARK: Derivation

    /// The broker's count without what was executed before the order was adopted.
    private func own(_ cumulative: Int64?) -> Int64 { max(0, (cumulative ?? 0) - executedBefore) }
    /// The broker has taken a modify.
    private mutating func adopt(_ wanted: Replacement) {
        replacement = nil
        clientSequence = wanted.clientSequence
        take(wanted.terms)
    }

    /// Other terms; a word that they leave open stays as it is.
    private mutating func take(_ terms: Terms) {
        (quantity, limitPrice, stopPrice) = (terms.quantity, terms.limitPrice, terms.stopPrice)
        orderType = terms.words.orderType ?? orderType
        timeInForce = terms.words.timeInForce ?? timeInForce
        if let disclosed = terms.words.disclosedQuantity { disclosedQuantity = disclosed.isZero ? nil : disclosed }
    }

    /// The words that terms leave open, as they are.
    private func completed(_ terms: Terms) -> Terms {
        var whole = terms
        whole.words = Words(
            orderType: terms.words.orderType ?? orderType, timeInForce: terms.words.timeInForce ?? timeInForce,
            disclosedQuantity: terms.words.disclosedQuantity ?? disclosedQuantity ?? .zero)
        return whole
    }

    private mutating func settleExecutions() {
        // More is executed than was ordered, and a modify to more waits for its answer: the broker has taken it.
        if let wanted = replacement, executedQuantity > quantity, wanted.quantity >= executedQuantity { adopt(wanted) }
        cumulativeQuantity = min(max(0, executedQuantity), quantity)
        overfilledQuantity = max(0, executedQuantity - quantity)
    }

    /// Joins two claims of an end so that the result does not depend on which came first.
    private mutating func end(_ status: OrderStatus, hint: Int64, isFilledByFigure: Bool = false) {
        isUnknown = false  // a claim of an end says more than a lost reply, whichever came first
        guard let known = ending else {
            ending = Ending(status: status, cumulativeHint: hint, isFilledByFigure: isFilledByFigure)
            return
        }
        ending = Ending(
            status: Self.rank(status) > Self.rank(known.status) ? status : known.status,
            cumulativeHint: max(hint, known.cumulativeHint),
            isFilledByFigure: isFilledByFigure || known.isFilledByFigure)
    }

    /// What is executed of it at its end. "All", said without a figure, may be all that an open modify asks for.
    private func expected(by ending: Ending) -> Int64 {
        guard ending.status == .filled, !ending.isFilledByFigure else { return ending.cumulativeHint }
        return max(ending.cumulativeHint, quantity, replacement?.quantity ?? 0)
    }

    private static func rank(_ status: OrderStatus) -> Int {
        switch status {
        case .notSent: 1
        case .canceledLocally: 2
        case .rejected: 3
        case .expired: 4
        case .canceled: 5
        case .filled: 6
        default: 0
        }
    }

    /// A sign of life is stronger than our own claim that nothing left, whichever came first (V14).
    private func isRefuted(_ ending: Ending) -> Bool {
        isAcknowledged && (ending.status == .notSent || ending.status == .canceledLocally)
    }

    private func derivedStatus() -> OrderStatus {
        let isEnded = ending.map { !isRefuted($0) && (isGapClosed || expected(by: $0) <= cumulativeQuantity) } ?? false
        // A modify to more may have been taken: until that is known, the rest may be live.
        let mayGrow = (replacement?.quantity ?? 0) > cumulativeQuantity && !isEnded
        if quantity > 0, cumulativeQuantity >= quantity, !mayGrow { return .filled }
        if isEnded, let ending {
            // A broker that says filled and never shows the executions: what is missing counts as canceled.
            return ending.status == .filled ? .canceled : ending.status
        }
        if isUnknown { return .unknown }
        if cancelPending { return .pendingCancel }
        if replacement != nil { return .pendingReplace }
        if cumulativeQuantity > 0 { return .partiallyFilled }
        if isAcknowledged || ending != nil { return .working }
        if isHandedOver { return .sent }
        return status == .held ? .held : .reserved
    }

    private mutating func step(_ body: (inout Order) -> Void) -> Effect {
        let before = (status, reservedQuantity, status == .unknown)
        let (wasOver, wasUnknown) = (overfilledQuantity, isUnknown)
        body(&self)
        // What was said while its fate was open no longer holds.
        if wasUnknown, !isUnknown { error = nil }
        status = derivedStatus()
        var effect = Effect()
        effect.reserved = reservedQuantity - before.1
        effect.liveOrders = (status.isTerminal ? 0 : 1) - (before.0.isTerminal ? 0 : 1)
        effect.unknownOrders = (status == .unknown ? 1 : 0) - (before.2 ? 1 : 0)
        effect.changed = status != before.0 || effect.reserved != 0
        // What had ended is live again, or a modify to less came after more was executed: a person is told.
        effect.isAnomaly = before.0.isTerminal && !status.isTerminal || overfilledQuantity > wasOver
        return effect
    }
}

// MARK: - As bytes

extension Order {
    func write(to writer: inout EventWriter) {
        var flags = FieldFlags()
        flags[0] = brokerOrderID.isPresent
        flags[1] = exchangeOrderID.isPresent
        flags[2] = isAcknowledged
        flags[3] = isUnknown
        flags[4] = isHandedOver
        flags[5] = cancelPending
        flags[6] = replacement.isPresent
        flags[7] = ending.isPresent
        flags[8] = isGapClosed
        flags[9] = error.isPresent
        flags[10] = !adapterState.isEmpty
        flags[11] = ending?.isFilledByFigure ?? false
        flags[12] = disclosedQuantity.isPresent
        writer.write(flags)
        writer.write(clientSequence)
        for number in [
            quantity, limitPrice, stopPrice, cumulativeQuantity, overfilledQuantity, executedQuantity, executedBefore,
        ] { writer.write(number) }
        writer.write(executedValue)
        writer.write(byte: status.rawValue)
        writer.write(byte: orderType.rawValue)
        writer.write(byte: timeInForce.rawValue)
        writer.write(modifications)
        writer.write(addedMargin)
        if let disclosedQuantity { writer.write(disclosedQuantity) }
        if let brokerOrderID { writer.write(brokerOrderID) }
        if let exchangeOrderID { writer.write(exchangeOrderID) }
        if let replacement {
            writer.write(replacement)
            writer.write(tail: replacement)
        }
        if let ending {
            writer.write(byte: ending.status.rawValue)
            writer.write(ending.cumulativeHint)
        }
        if let error { writer.write(error) }
        if !adapterState.isEmpty { writer.write(adapterState) }
    }

    init(_ reader: inout EventReader, legIndex: Int32) throws(EventCodingError) {
        let flags = try reader.readFlags(known: 13)
        let sequence = try reader.readUnsigned()
        self.init(
            legIndex: legIndex, clientSequence: sequence, quantity: try reader.readSigned(),
            limitPrice: try reader.readSigned(), stopPrice: try reader.readSigned(), orderType: .market,
            timeInForce: .day, isHeld: false)
        cumulativeQuantity = try reader.readSigned()
        overfilledQuantity = try reader.readSigned()
        executedQuantity = try reader.readSigned()
        executedBefore = try reader.readSigned()
        executedValue = try reader.readInt128()
        status = try reader.read(OrderStatus.init(rawValue:))
        orderType = try reader.read(OrderType.init(rawValue:))
        timeInForce = try reader.read(TimeInForce.init(rawValue:))
        modifications = try reader.readInt32()
        addedMargin = try reader.readSigned()
        if flags[12] { disclosedQuantity = try reader.readDecimal() }
        (isAcknowledged, isUnknown, isHandedOver, cancelPending) = (flags[2], flags[3], flags[4], flags[5])
        isGapClosed = flags[8]
        if flags[0] { brokerOrderID = try reader.readText() }
        if flags[1] { exchangeOrderID = try reader.readText() }
        if flags[6] {
            var wanted = try reader.readReplacement()
            try reader.readTail(of: &wanted)
            replacement = wanted
        }
        if flags[7] {
            ending = Ending(
                status: try reader.read(OrderStatus.init(rawValue:)), cumulativeHint: try reader.readSigned(),
                isFilledByFigure: flags[11])
        }
        if flags[9] { error = try reader.readAdapterError() }
        if flags[10] { adapterState = try reader.readBytes() }
    }
}
