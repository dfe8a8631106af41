import AdapterKit
import Exact

/// One account of a session: the simulated broker behind it, and the way its reports, memory and timers take to the host.
final class PaperAccount {
    let index: Int
    let options: AccountOptions
    let currency: String
    let settings: Settings
    var broker: SimulatedBroker
    /// The host's numbers of instruments, for those met since the process began.
    private var numbers: [UInt64: Int] = [:]
    /// What travels to the broker, where an acknowledgement delay is set.
    var wire = Wire()
    private var timer: (id: TimerID, at: Timestamp)?
    var arrivalTimer: TimerID?
    private var deliveryTimer: (id: TimerID, at: Timestamp)?
    private var lacksTimers = false
    /// Set when the memory could not be written: the account then takes no further orders.
    private(set) var isBroken = false

    /// What goes wrong on the wire; `nil`: nothing.
    var plan: FaultPlan?
    /// What is still to come down the wire. Empty without a scenario.
    var agenda = Agenda<Delivery>()
    /// Orders of which nobody is told until somebody asks.
    var muted: Set<OrderNumber> = []
    /// What becomes of the reports of this call.
    var reportPassages: [OrderNumber: ReportPassage] = [:]
    /// When the session was opened.
    private(set) var openedAt = Timestamp(nanoseconds: 0)
    let login: Login
    let loginName: String

    /// What the commands of this call are answered, once what was done is written down.
    private var answers: [(reply: Reply, passage: Passage)] = []

    let host: Host
    private let store: KeyValueStore

    /// An account in the state that `restore` replaces.
    init(
        _ options: AccountOptions, index: Int, host: Host, login: Login, loginName: String
    ) throws(AdapterFailure) {
        guard let currency = options.currency, !currency.isEmpty else {
            throw AdapterFailure("account \(options.id) has no currency; the paper adapter needs one")
        }
        self.index = index
        self.options = options
        self.currency = currency
        self.host = host
        (self.login, self.loginName) = (login, loginName)
        store = host.keyValue(account: index)
        do {
            settings = try Settings(config: try options.configuration(), currency: currency)
            broker = try SimulatedBroker(settings: settings, currency: currency, now: Timestamp(nanoseconds: 0))
        } catch let failure as AdapterFailure {
            throw AdapterFailure("account \(options.id): \(failure.text)")
        } catch {
            throw AdapterFailure("account \(options.id): \((error as? AdapterError)?.text ?? "\(error)")")
        }
        plan = settings.scenario.map { FaultPlan($0, account: options.id) }
        if settings.scenario?.crashes ?? false, login.environment == .live {
            throw AdapterFailure(
                "account \(options.id): config.scenario has a crash and the account's environment is live; it must be"
                    + " sandbox or replay")
        }
    }

    /// Brings the account back as it was, or begins it anew. Throws where its memory cannot be read.
    ///
    /// - Returns: how many records were read.
    func restore(among neighbours: [PaperAccount]) throws -> Int {
        let memory = try store.list()
        if let remembered = try SimulatedBroker(memory: memory, settings: settings, currency: currency) {
            broker = remembered
        } else {
            broker = try SimulatedBroker(settings: settings, currency: currency, now: host.now)
        }
        if let record = memory.first(where: { $0.key == MemoryKey.faults })?.value { try plan?.resume(record) }
        isBroken = false
        openedAt = host.now
        if let scenario = settings.scenario {
            host.log(
                .warning, "A scenario of faults is in force",
                ["account": options.id, "seed": "\(scenario.seed)", "rules": "\(scenario.rules.count)"])
        }
        broker.advance(to: host.now)
        settle(among: neighbours)
        return memory.count
    }

    // MARK: - Instruments

    /// The number of an order's instrument; entered or refreshed where that is needed.
    func resolve(_ instrument: borrowing Instrument) throws(AdapterError) -> Int {
        let uid = instrument.uid
        if let number = numbers[uid], uid != 0,
            broker.books[number].instrument.matches(
                tick: instrument.tick, lot: instrument.lotSize, multiplier: instrument.multiplier)
        {
            return number
        }
        let number = try broker.resolve(InstrumentTerms(instrument))
        if uid != 0 { numbers[uid] = number }
        return number
    }

    /// The number of a priced instrument, or `nil` where this account never met it.
    func number(uid: UInt64, id: @autoclosure () -> String) -> Int? {
        if let number = numbers[uid], uid != 0 { return number }
        guard let number = broker.instruments[id()] else { return nil }
        if uid != 0 { numbers[uid] = number }
        return number
    }

    // MARK: - After each step

    /// The broker took a request; the client hears of it when the call is settled.
    func answer(
        _ command: Command, _ answer: Reply.Answer, _ passage: Passage = .now, time: Timestamp? = nil
    ) {
        answers.append((Reply(command: command, answer: answer, time: time ?? host.now), passage))
    }

    /// Writes what the broker has to remember, answers what it took, tells what became of it, and asks for the prices and
    /// the timer it needs: in this order.
    ///
    /// To be called once at the end of every lane call that touched the account. The host commits memory and reports
    /// together, so that they never disagree. Where the memory cannot be written nothing is claimed: the commands end
    /// unknown, nothing is reported, and the session has failed.
    ///
    /// - Parameter neighbours: the session's accounts. A host tells a session's prices once, when its first account asks;
    ///   an account that asks later takes over what the others see.
    func settle(among neighbours: [PaperAccount]) {
        if plan != nil { deliverDue() }
        guard writeMemory() else { return }
        sendAnswers()
        sendReports()
        broker.forgetOldest()
        if !broker.wantsPrices.isEmpty {
            let wanted = broker.wantsPrices
            broker.wantsPrices.removeAll(keepingCapacity: true)
            for number in wanted { watch(number, among: neighbours) }
            guard broker.reports.isEmpty else { return settle(among: neighbours) }
        }
        armTimers()
    }

    private func sendAnswers() {
        guard !answers.isEmpty else { return }
        for (reply, passage) in answers {
            switch passage {
            case .now: reply.deliver()
            case .later(let until): deliver(.reply(reply), at: until)
            case .lost(let until, let error): deliver(.giveUp(reply.command, .mutation, error), at: until)
            case .gone: break
            }
        }
        answers.removeAll(keepingCapacity: true)
    }

    private func sendReports() {
        guard !broker.reports.isEmpty else { return }
        guard plan == nil else { return sendReportsOverWire() }
        var trades: [TradeUpdate] = []
        var states: [OrderUpdate] = []
        var told: Set<OrderNumber> = []
        let isLong = broker.reports.count > 2
        for report in broker.reports.reversed() {
            switch report {
            case .execution(let number, let execution):
                guard let order = broker.orders[number] else { continue }
                trades.append(tradeUpdate(order, order.executions[execution]))
            case .state(let number):
                // Only the last news of an order is told: its state is read now.
                guard !isLong || told.insert(number).inserted, let order = broker.orders[number] else { continue }
                states.append(orderUpdate(order))
            }
        }
        trades.reverse()
        states.reverse()
        broker.reports.removeAll(keepingCapacity: true)
        host.tradeUpdate(trades)
        host.orderUpdate(states)
    }

    private func writeMemory() -> Bool {
        guard !isBroken else { return false }
        var failure: HostError?
        broker.takeChanges { change in
            guard failure == nil else { return }
            do throws(HostError) {
                switch change {
                case .put(let key, let value): try store.put(key, value)
                case .delete(let key): try store.delete(key)
                }
            } catch { failure = error }
        }
        if failure == nil, let counts = plan?.takeRecord() {
            do throws(HostError) { try store.put(MemoryKey.faults, counts) } catch { failure = error }
        }
        guard let failure else { return true }
        isBroken = true
        let error = AdapterError(
            .internal, "the memory of paper account \(options.id) could not be written: \(failure)",
            certainty: .unknown, retry: .afterReconcile)
        for (reply, _) in answers { reply.command.unknown(error) }
        answers.removeAll()
        host.log(
            .error, "Paper account's memory could not be written; it takes no further orders",
            ["account": options.id, "status": failure.description])
        host.sessionState(.failed, error: error)
        return false
    }

    private func watch(_ number: Int, among neighbours: [PaperAccount]) {
        let id = broker.books[number].instrument.id
        for neighbour in neighbours where neighbour !== self {
            guard let theirs = neighbour.broker.instruments[id],
                case let market = neighbour.broker.books[theirs].market, market.hasPrice
            else { continue }
            broker.adopt(market, for: number, at: host.now)
            break
        }
        do throws(HostError) {
            try host.watchPrices(of: id)
        } catch {
            host.log(
                .warning, "No prices for an instrument: its orders wait",
                [
                    "account": options.id, "instrument": id, "status": error.description,
                ])
        }
    }

    /// Keeps one timer at the earliest time at which something happens by itself, and one at the next arrival.
    private func armTimers() {
        do throws(HostError) {
            let wake = broker.nextWake
            if let timer, timer.at > wake {  // one that fires early finds nothing to do, and is set anew
                host.cancelTimer(timer.id)
                self.timer = nil
            }
            if timer == nil { timer = (try host.timer(at: wake, tag: TimerTag.wake(index).rawValue), wake) }
            if arrivalTimer == nil, let next = wire.nextArrival {
                arrivalTimer = try host.timer(
                    afterNanoseconds: max(0, next.nanoseconds - host.now.nanoseconds),
                    tag: TimerTag.arrival(index).rawValue)
            }
            if let next = agenda.next, deliveryTimer.map({ next < $0.at }) ?? true {
                if let deliveryTimer { host.cancelTimer(deliveryTimer.id) }
                deliveryTimer = nil
                let delay = max(0, next.nanoseconds - host.now.nanoseconds)
                deliveryTimer = (
                    try host.timer(afterNanoseconds: delay, tag: TimerTag.delivery(index).rawValue), next
                )
            }
        } catch {
            // Said once: what is due then happens with the account's next call.
            guard !lacksTimers else { return }
            lacksTimers = true
            host.log(
                .warning, "No timer for a paper account: what is due waits for its next call",
                ["account": options.id, "status": error.description])
        }
    }

    /// Something is due on the wire down; `settle` brings it.
    func wakeForDelivery(among neighbours: [PaperAccount]) {
        deliveryTimer = nil
        settle(among: neighbours)
    }

    /// The account's timer has fired.
    func wake(among neighbours: [PaperAccount]) {
        timer = nil
        broker.advance(to: host.now)
        settle(among: neighbours)
    }
}

extension InstrumentTerms {
    init(_ instrument: borrowing Instrument) {
        self.init(
            id: instrument.id, currency: instrument.currency ?? "", tick: instrument.tick,
            lotSize: instrument.lotSize, multiplier: instrument.multiplier)
    }
}
