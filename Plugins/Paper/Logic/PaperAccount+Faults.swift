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
            if let number { deliver(.rejection(number, part: nil), at: now.shifted(by: delay)) }
        case .partialThenReject(let part, let delay)?:
            guard let number else { break }
            let isFilled = broker.fillPart(of: number, basisPoints: part, mayBeWhole: false, at: now)
            deliver(.rejection(number, part: isFilled ? nil : part), at: now.shifted(by: delay))
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

    func drawn(_ jitter: Int64, _ hit: FaultPlan.Hit?) -> Int64 {
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
}

extension Fault {
    /// Whether the broker keeps an order from the market, to turn it down.
    fileprivate var holdsOrder: Bool { name == .lateReject || name == .partialThenReject }
}
