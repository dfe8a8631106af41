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
    private var lacksTimers = false
    /// Set when the memory could not be written: the account then takes no further orders.
    private(set) var isBroken = false

    /// What the commands of this call are answered, once what was done is written down.
    private var answers: [(command: Command, answer: Answer)] = []

    /// A request that the broker took.
    enum Answer {
        case accepted(OrderNumber, ClientReference?, OrderState?)
        case done
    }

    private let host: Host
    private let store: KeyValueStore

    /// An account in the state that `restore` replaces.
    init(_ options: AccountOptions, index: Int, host: Host) throws(AdapterFailure) {
        guard let currency = options.currency, !currency.isEmpty else {
            throw AdapterFailure("account \(options.id) has no currency; the paper adapter needs one")
        }
        self.index = index
        self.options = options
        self.currency = currency
        self.host = host
        store = host.keyValue(account: index)
        do {
            settings = try Settings(config: try options.configuration(), currency: currency)
            broker = try SimulatedBroker(settings: settings, currency: currency, now: Timestamp(nanoseconds: 0))
        } catch let failure as AdapterFailure {
            throw AdapterFailure("account \(options.id): \(failure.text)")
        } catch {
            throw AdapterFailure("account \(options.id): \((error as? AdapterError)?.text ?? "\(error)")")
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
        isBroken = false
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
    func answer(_ command: Command, _ answer: Answer) {
        answers.append((command, answer))
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
        for (command, answer) in answers {
            switch answer {
            case .accepted(let number, let reference, let state):
                command.accept(
                    brokerOrderID: number.text, state: state, clientReference: reference, brokerTime: host.now)
            case .done: command.ok()
            }
        }
        answers.removeAll(keepingCapacity: true)
    }

    private func sendReports() {
        guard !broker.reports.isEmpty else { return }
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
        guard let failure else { return true }
        isBroken = true
        let error = AdapterError(
            .internal, "the memory of paper account \(options.id) could not be written: \(failure)",
            certainty: .unknown, retry: .afterReconcile)
        for (command, _) in answers { command.unknown(error) }
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
        } catch {
            // Said once: what is due then happens with the account's next call.
            guard !lacksTimers else { return }
            lacksTimers = true
            host.log(
                .warning, "No timer for a paper account: what is due waits for its next call",
                ["account": options.id, "status": error.description])
        }
    }

    /// The account's timer has fired.
    func wake(among neighbours: [PaperAccount]) {
        timer = nil
        broker.advance(to: host.now)
        settle(among: neighbours)
    }
}

/// What a timer is for.
enum TimerTag {
    /// The next accounts are restored.
    case opening
    /// Something of an account falls due.
    case wake(Int)
    /// A request reaches the simulated broker.
    case arrival(Int)

    init(_ rawValue: UInt64) {
        let index = Int(truncatingIfNeeded: rawValue >> 2)
        switch rawValue & 3 {
        case 1: self = .wake(index)
        case 2: self = .arrival(index)
        default: self = .opening
        }
    }

    var rawValue: UInt64 {
        switch self {
        case .opening: 0
        case .wake(let index): UInt64(index) << 2 | 1
        case .arrival(let index): UInt64(index) << 2 | 2
        }
    }
}

extension InstrumentTerms {
    init(_ instrument: borrowing Instrument) {
        self.init(
            id: instrument.id, currency: instrument.currency ?? "", tick: instrument.tick,
            lotSize: instrument.lotSize, multiplier: instrument.multiplier)
    }
}
