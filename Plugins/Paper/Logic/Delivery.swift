import AdapterKit

/// Something that comes down the simulated wire, or falls due on it.
enum Delivery {
    case reply(Reply)
    /// The adapter waits no longer for a reply.
    case giveUp(Command, Errand, AdapterError)
    case execution(TradeUpdate)
    case state(OrderUpdate)
    /// The broker turns down an order that it had accepted. `part`: what it executes first, in ten-thousandths, where it
    /// could not before for want of a price.
    case rejection(OrderNumber, part: Int64?)
    case question(Question, Command)
    case lookUp(LookUp, Command)
    /// The adapter has logged in again.
    case login
    case crash
}

/// What kind of answer a command waits for.
enum Errand {
    case mutation, lookUp, read

    init(_ event: FaultEvent) {
        switch event {
        case .submit, .modify, .cancel, .cancelAll, .execution, .state: self = .mutation
        case .lookUp: self = .lookUp
        default: self = .read
        }
    }
}

/// What the broker says to a request that changes something.
struct Reply {
    enum Answer {
        case accepted(OrderNumber, ClientReference?, OrderState?)
        case done
        case refused(AdapterError)
    }

    var command: Command
    var answer: Answer
    /// The broker's time of it.
    var time: Timestamp

    /// Tells the host.
    func deliver() {
        switch answer {
        case .accepted(let number, let reference, let state):
            command.accept(brokerOrderID: number.text, state: state, clientReference: reference, brokerTime: time)
        case .done: command.ok()
        case .refused(let error): command.refuse(error)
        }
    }
}

/// What becomes of a reply on its way.
enum Passage {
    case now
    case later(Timestamp)
    /// It is lost; the adapter gives up at an instant, with this error.
    case lost(Timestamp, AdapterError)
    /// It is lost, and so is the adapter.
    case gone
}

/// What becomes of the reports of one order that a request set off.
enum ReportPassage {
    case later(Timestamp)
    /// First it is told that the order was canceled, and only later what had been executed before.
    case afterCancel(told: OrderUpdate, until: Timestamp)
}

extension Command {
    /// Ends a command that got no answer from the broker, in the way its kind has for that.
    func fail(_ errand: Errand, _ error: AdapterError) {
        switch errand {
        case .mutation: refuse(error)
        case .lookUp: indeterminate(error)
        case .read: reject(error)
        }
    }
}

extension AdapterError {
    /// The broker's 429: it has looked at nothing.
    static func throttled(retryAfter: Int64?) -> AdapterError {
        AdapterError(
            .rateLimited, "the broker takes no more requests for now", certainty: .rejected,
            retry: retryAfter.map { .after(nanoseconds: $0) }, brokerCode: "THROTTLED", httpStatus: 429)
    }

    /// The broker's 401: the login has ended, and nothing was looked at.
    static var loginExpired: AdapterError {
        AdapterError(
            .authenticationExpired, "the broker says that the login has ended", certainty: .rejected,
            retry: .afterLogin, brokerCode: "SESSION_EXPIRED", httpStatus: 401)
    }

    /// The adapter knows that the login has ended, and sends nothing until there is another.
    static var notLoggedIn: AdapterError {
        AdapterError(
            .authenticationExpired, "the login has ended and is being renewed", certainty: .notSent, retry: .afterLogin,
            brokerCode: "SESSION_EXPIRED")
    }

    /// No complete reply came to a request that went out.
    static func noReply(_ remains: Fault.Remains) -> AdapterError {
        switch remains {
        case .nothing:
            AdapterError(
                .timeout, "the broker's reply did not come in time", certainty: .unknown, retry: .afterReconcile)
        case .truncated:
            AdapterError(
                .truncated, "the broker's reply broke off", certainty: .unknown, retry: .afterReconcile, httpStatus: 200
            )
        case .serverError:
            AdapterError(
                .brokerUnavailable, "the broker's front end answered in its place", certainty: .unknown,
                retry: .afterReconcile, httpStatus: 502)
        }
    }
}
