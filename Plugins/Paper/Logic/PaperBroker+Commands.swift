public import AdapterKit
import Exact

extension PaperBroker {
    /// Takes one order in, or refuses it as a broker would.
    public func submit(_ order: Order, _ command: Command) {
        guard let account = account(order.account, command) else { return }
        take(order, account, command)
        account.settle(among: accounts)
    }

    /// Takes several; each account's memory is written once for all of them.
    public func submitBatch(_ orders: OrderBatch) {
        var touched: Set<Int> = []
        orders.each { order, command in
            guard let account = account(order.account, command) else { return }
            take(order, account, command)
            touched.insert(account.index)
        }
        for index in touched.sorted() { accounts[index].settle(among: accounts) }
    }

    /// Changes a working order.
    public func modify(_ reference: OrderReference, _ changes: Changes, _ command: Command) {
        guard let account = account(reference.account, command) else { return }
        let revision = Revision(
            quantity: changes.quantity, price: changes.price, triggerPrice: changes.triggerPrice,
            orderType: changes.orderType, timeInForce: changes.timeInForce, reference: changes.clientReference)
        var unsupported: AdapterError?
        if changes.disclosedQuantity != nil {
            unsupported = .unsupported("a modify of it", field: "disclosed_quantity")
        }
        if changes.options != nil { unsupported = .unsupported("order options", field: "options") }
        let identity = reference.identity()
        let terms = account.plan == nil ? nil : account.terms(of: identity)
        send(.modify(identity, revision, unsupported: unsupported), .modify, terms, account, command)
    }

    /// Cancels a working order.
    public func cancel(_ reference: OrderReference, _ command: Command) {
        guard let account = account(reference.account, command) else { return }
        let identity = reference.identity()
        let terms = account.plan == nil ? nil : account.terms(of: identity)
        send(.cancel(identity), .cancel, terms, account, command)
    }

    /// Cancels an account's working orders, or those of one instrument.
    public func cancelAll(_ filter: Filter, _ command: Command) {
        guard let account = account(filter.account, command) else { return }
        let symbol = filter.instrumentID
        send(.cancelAll(instrumentID: symbol), .cancelAll, (symbol, nil), account, command)
    }

    /// The account a command is about, or `nil` with the command ended.
    func account(_ index: Int, _ command: Command) -> PaperAccount? {
        guard accounts.indices.contains(index) else {
            command.notSent(.unsupported("trading in a data session", field: "account"))
            return nil
        }
        return accounts[index]
    }

    // MARK: - Orders

    /// Checks what the simulation does not offer, and takes the order in or puts it on the wire.
    private func take(_ order: borrowing Order, _ account: PaperAccount, _ command: Command) {
        if let error = Self.unsupported(order) {
            command.notSent(error)
            return
        }
        guard !account.isBroken else {
            command.notSent(.brokenMemory)
            return
        }
        let delay = account.settings.acknowledgementDelayNanoseconds
        if account.plan != nil {
            let instrument = order.instrument
            let request = Request.submit(Ticket(order, instrument: 0), InstrumentTerms(instrument))
            return dispatch(request, .submit, (instrument.id, order.side), account, command)
        }
        do throws(AdapterError) {
            if delay == 0 {
                let ticket = Ticket(order, instrument: try account.resolve(order.instrument))
                try accept(ticket, account, command)
            } else {
                let ticket = Ticket(order, instrument: 0)  // the instrument is looked up where the order arrives
                put(.submit(ticket, InstrumentTerms(order.instrument)), account, command, delay: delay)
            }
        } catch { command.refuse(error) }
    }

    private func accept(
        _ ticket: Ticket, _ account: PaperAccount, _ command: Command
    ) throws(AdapterError) {
        account.answer(command, try account.accept(ticket))
    }

    /// What an order may not ask for here.
    static func unsupported(_ order: borrowing Order) -> AdapterError? {
        if order.orderClass != .regular { return .unsupported("an order class but REGULAR", field: "order_class") }
        if !order.flags.subtracting(.closing).isEmpty {
            return .unsupported("reduce-only, post-only or after-market", field: "flags")
        }
        if order.disclosedQuantity != nil {
            return .unsupported("a disclosed quantity", field: "disclosed_quantity")
        }
        if order.trail != nil { return .unsupported("a trailing price", field: "trail") }
        if order.options != nil { return .unsupported("order options", field: "options") }
        return nil
    }

    // MARK: - The wire

    private func send(
        _ request: Request, _ event: FaultEvent, _ terms: (symbol: String?, side: Side?)?, _ account: PaperAccount,
        _ command: Command
    ) {
        guard !account.isBroken else {
            command.notSent(.brokenMemory)
            return
        }
        dispatch(request, event, terms, account, command)
        account.settle(among: accounts)
    }

    /// Puts a request on the wire, with what it is to meet there.
    private func dispatch(
        _ request: Request, _ event: FaultEvent, _ terms: (symbol: String?, side: Side?)?, _ account: PaperAccount,
        _ command: Command
    ) {
        var hit: FaultPlan.Hit?
        if account.plan != nil {
            guard account.login.renewedAt == nil else {
                command.notSent(.notLoggedIn)
                return
            }
            hit = account.meet(event, symbol: terms?.symbol, side: terms?.side)
            account.leave(hit)
        }
        let delay = account.settings.acknowledgementDelayNanoseconds
        if delay == 0 {
            arrive(Wire.Traveller(arrivesAt: host.now, request: request, command: command, hit: hit), account)
        } else {
            put(request, account, command, delay: delay, hit)
        }
    }

    private func put(
        _ request: Request, _ account: PaperAccount, _ command: Command, delay: Int64, _ hit: FaultPlan.Hit? = nil
    ) {
        guard !account.wire.isFull else {
            command.notSent(
                AdapterError(
                    .rateLimited, "\(Wire.most) requests are on their way already", certainty: .notSent,
                    retry: .after(nanoseconds: delay), brokerCode: "WIRE"))
            return
        }
        let arrival = Timestamp(nanoseconds: host.now.nanoseconds.addingSaturating(delay))
        account.wire.send(Wire.Traveller(arrivesAt: arrival, request: request, command: command, hit: hit))
    }

    /// A request reaches the simulated broker.
    func arrive(_ traveller: Wire.Traveller, _ account: PaperAccount) {
        guard account.plan == nil else { return account.arrive(traveller) }
        do throws(AdapterError) {
            account.answer(traveller.command, try account.perform(traveller.request))
        } catch { traveller.command.refuse(error) }
    }
}

extension PaperAccount {
    /// The broker does what a request asks. `isHeld`: a new order is kept from the market.
    func perform(_ request: Request, isHeld: Bool = false) throws(AdapterError) -> Reply.Answer {
        switch request {
        case .submit(var ticket, let terms):
            ticket.instrument = try broker.resolve(terms)
            ticket.isHeld = isHeld
            return try accept(ticket)
        case .modify(let identity, let revision, let unsupported):
            if let unsupported { throw unsupported }
            let number = broker.find(brokerOrderID: identity.brokerOrderID, reference: identity.clientReference)
            let order = try broker.modify(number, revision, at: host.now)
            return .accepted(order, revision.reference ?? identity.clientReference, nil)
        case .cancel(let identity):
            let number = broker.find(brokerOrderID: identity.brokerOrderID, reference: identity.clientReference)
            let order = try broker.cancel(number, at: host.now)
            return .accepted(order, identity.clientReference, nil)
        case .cancelAll(let instrumentID):
            let instrument = instrumentID.map { broker.instruments[$0] }
            if instrument != .some(nil) {  // an instrument never met has no orders
                broker.cancelAll(instrument: instrument ?? nil, at: host.now)
            }
            return .done
        }
    }

    /// Takes an order in.
    func accept(_ ticket: Ticket) throws(AdapterError) -> Reply.Answer {
        let number = try broker.submit(ticket, at: host.now)
        // The state it was accepted in; what became of it since follows as reports.
        let state: OrderState =
            ticket.orderType == .stop || ticket.orderType == .stopLimit ? .triggerPending : .open
        return .accepted(number, ticket.reference, state)
    }
}

extension Ticket {
    init(_ order: borrowing Order, instrument: Int) {
        let reference = order.clientReference
        self.init(
            reference: reference.isAbsent ? nil : reference, instrument: instrument, side: order.side,
            orderType: order.type, product: order.product, timeInForce: order.timeInForce, quantity: order.quantity,
            price: order.price, triggerPrice: order.triggerPrice, validUntil: order.validUntil)
    }
}

extension Command {
    /// Ends the command with the outcome that the error's certainty claims.
    func refuse(_ error: AdapterError) {
        switch error.certainty {
        case .notSent: notSent(error)
        case .unknown: unknown(error)
        case .rejected, .accepted, nil: reject(error)
        }
    }
}

extension AdapterError {
    static var brokenMemory: AdapterError {
        AdapterError(
            .internal, "the account's memory could not be written; the session has to be opened again",
            certainty: .notSent, retry: .afterLogin)
    }

    static func unsupported(_ what: String, field: String) -> AdapterError {
        AdapterError(
            .unsupported, "the paper adapter does not offer \(what)", field: field, certainty: .notSent, retry: .never)
    }
}
