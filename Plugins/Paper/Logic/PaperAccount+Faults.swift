import AdapterKit

/// The simulated wire where a scenario is in force: requests go up, replies and reports come down, and each may meet a
/// fault on its way. What the simulated broker has done is done, whatever becomes of the news of it.
extension PaperAccount {
    /// Counts an event and says what it meets.
    func meet(_ event: FaultEvent, symbol: String?, side: Side?) -> FaultPlan.Hit? {
        let (elapsed, overflow) = host.now.nanoseconds.subtractingReportingOverflow(openedAt.nanoseconds)
        guard let hit = plan?.meet(event, symbol: symbol, side: side, elapsed: overflow ? .max : elapsed) else {
            return nil
        }
        host.metric("paper_faults", .counter, 1)
        host.log(
            .info, "Fault of the scenario",
            [
                "account": options.id, "rule": "\(hit.rule)", "fault": hit.fault.name.rawValue,
                "event": event.rawValue, "symbol": symbol ?? "",
            ])
        return hit
    }

    /// What a modify or cancel is about.
    func terms(of identity: OrderIdentity) -> (symbol: String?, side: Side?) {
        let number = broker.find(brokerOrderID: identity.brokerOrderID, reference: identity.clientReference)
        guard let order = number.flatMap({ broker.orders[$0] }) else { return (nil, nil) }
        return (broker.books[order.instrument].instrument.id, order.side)
    }

    // MARK: - Requests

    /// What a request meets before it is on the wire: a lane that hangs.
    func leave(_ hit: FaultPlan.Hit?) {
        guard case .hang(let nanoseconds)? = hit?.fault else { return }
        Machine.hang(nanoseconds: nanoseconds)
    }

    /// A request that changes something reaches the broker, or does not.
    func arrive(_ traveller: Wire.Traveller) {
        let (command, now) = (traveller.command, host.now)
        if login.renewedAt != nil { return answer(command, .refused(.loginExpired)) }
        switch traveller.hit?.fault {
        case .replyLost(.before, let timeout, let remains, _):
            deliver(.giveUp(command, .mutation, .noReply(remains)), at: now.shifted(by: timeout))
        case .throttle(let retryAfter): answer(command, .refused(.throttled(retryAfter: retryAfter)))
        case .sessionExpiry(let length):
            expireLogin(for: length)
            answer(command, .refused(.loginExpired))
        case .crash(.before, let delay): deliver(.crash, at: now.shifted(by: delay))
        default: carryOut(traveller, now)
        }
    }

    /// The broker does what was asked, and its reply sets out.
    private func carryOut(_ traveller: Wire.Traveller, _ now: Timestamp) {
        let fault = traveller.hit?.fault
        var early: (number: OrderNumber, told: OrderUpdate)?
        if case .fillAfterCancel(let part, _)? = fault, case .cancel(let identity) = traveller.request {
            early = fillBeforeCancel(identity, part: part, now)
        }
        let answer: Reply.Answer
        do throws(AdapterError) {
            answer = try perform(traveller.request, isHeld: fault?.holdsOrder ?? false)
        } catch {
            // A cancel that the last execution beat was taken all the same.
            answer = early.map { .accepted($0.number, $0.told.identity.clientReference, nil) } ?? .refused(error)
        }
        let number: OrderNumber? = if case .accepted(let number, _, _) = answer { number } else { nil }
        var passage = Passage.now
        var offset: Int64 = 0
        switch fault {
        case .replyLost(_, let timeout, let remains, let losesReports)?:
            passage = .lost(now.shifted(by: timeout), .noReply(remains))
            if losesReports, let number { mute(number) }
        case .lateReject(let delay)?:
            if let number { deliver(.rejection(number), at: now.shifted(by: delay)) }
        case .partialThenReject(let part, let delay)?:
            guard let number else { break }
            _ = broker.fillPart(of: number, basisPoints: part, mayBeWhole: false, at: now)
            deliver(.rejection(number), at: now.shifted(by: delay))
        case .fillBeforeAck(let delay)?: passage = .later(now.shifted(by: delay))
        case .fillAfterCancel(_, let delay)?:
            if let early {
                reportPassages[early.number] = .afterCancel(told: early.told, until: now.shifted(by: delay))
            }
        case .clockSkew(let skew)?: offset = skew
        case .slow(let delay, let jitter)?:
            let until = now.shifted(by: delay + drawn(jitter, traveller.hit))
            passage = .later(until)
            if let number { reportPassages[number] = .later(until) }
        case .crash(_, let delay)?:
            passage = .gone
            if let number { mute(number) }
            deliver(.crash, at: now.shifted(by: delay))
        default: break
        }
        self.answer(traveller.command, answer, passage, time: now.shifted(by: offset))
    }

    /// Executes a part of an order that is about to be canceled.
    ///
    /// - Returns: what the broker will say first: canceled, with what had been told before. `nil`: nothing was executed.
    private func fillBeforeCancel(
        _ identity: OrderIdentity, part: Int64, _ now: Timestamp
    ) -> (number: OrderNumber, told: OrderUpdate)? {
        broker.advance(to: now)
        let number = broker.find(brokerOrderID: identity.brokerOrderID, reference: identity.clientReference)
        guard let number, let order = broker.orders[number] else { return nil }
        var told = orderUpdate(order)
        (told.state, told.leavesQuantity, told.brokerTime) = (.canceled, 0, now)
        return broker.fillPart(of: number, basisPoints: part, mayBeWhole: true, at: now) ? (number, told) : nil
    }

    private func drawn(_ jitter: Int64, _ hit: FaultPlan.Hit?) -> Int64 {
        guard jitter > 0, var dice = hit?.dice else { return 0 }
        return Int64(dice.draw(below: UInt64(jitter / 1_000_000) + 1)) * 1_000_000
    }

    private func mute(_ number: OrderNumber) {
        if muted.count < Agenda<Delivery>.most { muted.insert(number) }
    }

    private func expireLogin(for length: Int64) {
        guard login.renewedAt == nil else { return }
        let until = host.now.shifted(by: length)
        login.renewedAt = until
        host.sessionState(.opening, error: .loginExpired)
        deliver(.login, at: until)
    }

    // MARK: - Reads

    /// A read or a look-up sets out: what it meets ends it, delays it, or changes what it finds.
    ///
    /// - Returns: when it is to be answered; `nil`: it is dealt with.
    func departure(_ hit: FaultPlan.Hit?, _ event: FaultEvent, _ command: Command) -> Timestamp? {
        let now = host.now
        let errand = Errand(event)
        if login.renewedAt != nil {
            command.fail(errand, .notLoggedIn)
            return nil
        }
        leave(hit)
        switch hit?.fault {
        case .replyLost(_, let timeout, let remains, _)?:
            deliver(.giveUp(command, errand, .noReply(remains)), at: now.shifted(by: timeout))
        case .throttle(let retryAfter)?: command.fail(errand, .throttled(retryAfter: retryAfter))
        case .sessionExpiry(let length)?:
            expireLogin(for: length)
            command.fail(errand, .loginExpired)
        case .crash(_, let delay)?: deliver(.crash, at: now.shifted(by: delay))
        case .slow(let delay, let jitter)?: return now.shifted(by: delay + drawn(jitter, hit))
        default: return now
        }
        return nil
    }

    // MARK: - What comes down

    /// Puts something on the wire down; where that is full it comes at once.
    func deliver(_ delivery: Delivery, at time: Timestamp) {
        if !agenda.add(delivery, at: time) { arrived(delivery) }
    }

    /// Brings down what is due. Reports wait while nobody is logged in: the adapter reads them when it is again.
    func deliverDue() {
        var news = News()
        while let delivery = agenda.take(by: host.now) {
            switch delivery {
            case .execution, .state:
                if let until = login.renewedAt, until > host.now, agenda.add(delivery, at: until) { continue }
                news.append(delivery)
            default: arrived(delivery)
            }
        }
        news.send(host)
    }

    private func arrived(_ delivery: Delivery) {
        switch delivery {
        case .reply(let reply): reply.deliver()
        case .giveUp(let command, let errand, let error): command.fail(errand, error)
        case .execution(let update): host.tradeUpdate([update])
        case .state(let update): host.orderUpdate([update])
        case .rejection(let number): if !isBroken { broker.rejectLate(number, at: host.now) }
        case .question(let question, let command): answer(question, command, login: loginName)
        case .lookUp(let item, let command): lookUp(item, command)
        case .login:
            login.renewedAt = nil
            host.sessionState(.ready)
        case .crash: Machine.crash()
        }
    }

    /// The session closes: what is still to come comes now, but for a new login and a crash.
    func deliverAll() {
        login.renewedAt = nil
        while let delivery = agenda.take(by: Timestamp(nanoseconds: .max)) {
            switch delivery {
            case .login, .crash: continue
            default: arrived(delivery)
            }
        }
    }

    /// Tells what the broker reports, in its order, each report with what it meets.
    func sendReportsOverWire() {
        var news = News()
        for report in broker.reports {
            let number = report.number
            guard let order = broker.orders[number], !muted.contains(number) else { continue }
            let delivery: Delivery =
                switch report {
                case .execution(_, let execution): .execution(tradeUpdate(order, order.executions[execution]))
                case .state: .state(orderUpdate(order))
                }
            switch reportPassages[number] {
            case .later(let until)?: hold(delivery, until, &news)
            case .afterCancel(let told, let until)?:
                send(.state(told), order, &news)
                reportPassages[number] = .later(until)
                hold(delivery, until, &news)
            case nil: send(delivery, order, &news)
            }
        }
        broker.reports.removeAll(keepingCapacity: true)
        reportPassages.removeAll(keepingCapacity: true)
        news.send(host)
    }

    private func send(_ delivery: Delivery, _ order: PaperOrder, _ news: inout News) {
        if let until = login.renewedAt { return hold(delivery, until, &news) }
        guard plan?.watchesReports ?? false else { return news.append(delivery) }
        let event: FaultEvent = if case .execution = delivery { .execution } else { .state }
        let hit = meet(event, symbol: broker.books[order.instrument].instrument.id, side: order.side)
        switch hit?.fault {
        case .duplicateReports(let times)?: for _ in 0..<times { news.append(delivery) }
        case .shuffleReports(let within)?: hold(delivery, host.now.shifted(by: drawn(within, hit)), &news)
        case .slow(let delay, let jitter)?: hold(delivery, host.now.shifted(by: delay + drawn(jitter, hit)), &news)
        case .clockSkew(let offset)?: news.append(delivery.shifted(by: offset))
        default: news.append(delivery)
        }
    }

    private func hold(_ delivery: Delivery, _ until: Timestamp, _ news: inout News) {
        if until <= host.now || !agenda.add(delivery, at: until) { news.append(delivery) }
    }
}

extension Fault {
    /// Whether the broker keeps an order from the market, to turn it down.
    fileprivate var holdsOrder: Bool { name == .lateReject || name == .partialThenReject }
}

extension SimulatedBroker.Report {
    fileprivate var number: OrderNumber {
        switch self {
        case .execution(let number, _), .state(let number): number
        }
    }
}

extension Delivery {
    /// The same report by a broker whose clock is wrong.
    fileprivate func shifted(by offset: Int64) -> Delivery {
        switch self {
        case .execution(var update):
            update.tradeTime = update.tradeTime?.shifted(by: offset)
            return .execution(update)
        case .state(var update):
            update.brokerTime = update.brokerTime?.shifted(by: offset)
            return .state(update)
        default: return self
        }
    }
}

/// Reports that go up together, in their order.
private struct News {
    private var deliveries: [Delivery] = []

    mutating func append(_ delivery: Delivery) { deliveries.append(delivery) }

    /// Neighbours of one kind go in one call.
    func send(_ host: Host) {
        var trades: [TradeUpdate] = []
        var states: [OrderUpdate] = []
        func flush() {
            host.tradeUpdate(trades)
            host.orderUpdate(states)
            trades.removeAll(keepingCapacity: true)
            states.removeAll(keepingCapacity: true)
        }
        for delivery in deliveries {
            switch delivery {
            case .execution(let update):
                if !states.isEmpty { flush() }
                trades.append(update)
            case .state(let update):
                if !trades.isEmpty { flush() }
                states.append(update)
            default: continue
            }
        }
        flush()
    }
}
