import AdapterKit

/// The wire down: what comes over it at its time, and what each report meets.
extension PaperAccount {
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
        case .rejection(let number, let part):
            guard !isBroken else { return }
            if let part { _ = broker.fillPart(of: number, basisPoints: part, mayBeWhole: false, at: host.now) }
            broker.rejectLate(number, at: host.now)
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
        case .reportLost?: break
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
