package import Domain

/// Why the host, not the adapter, decided how a command ended.
package enum HostCause: UInt8, Hashable, Sendable {
    /// The session's queue holds as many commands as it may.
    case queueFull = 1
    /// The session's state does not take this command.
    case notReady
    /// The adapter's capability bit for it is unset.
    case unsupported
    /// The adapter broke its contract badly; it gets no new orders.
    case poisoned
    /// The adapter's function returned a negative status: the call had no effect.
    case refusedByAdapter
    case deadline
    /// The session ended.
    case closed
    /// The adapter's completion broke the contract; what it meant cannot be trusted.
    case malformed
    /// The adapter's completion says two things at once.
    case contradiction
    /// What the transport knows of the send says otherwise than the adapter (ABI.md rule 26).
    case transport
    /// No account, instrument text or reference of that form can be given to the adapter.
    case invalid
    /// A rate limit has no unit for it in time. Nothing was sent.
    case rateLimited
    /// The circuit breaker is not closed: the broker has not been answering. Nothing was sent.
    case circuitOpen

    /// The word for logs and answers.
    package var rawName: String {
        switch self {
        case .queueFull: "queue_full"
        case .notReady: "not_ready"
        case .unsupported: "unsupported"
        case .poisoned: "poisoned"
        case .refusedByAdapter: "refused_by_adapter"
        case .deadline: "deadline"
        case .closed: "closed"
        case .malformed: "malformed"
        case .contradiction: "contradiction"
        case .transport: "transport"
        case .invalid: "invalid"
        case .rateLimited: "rate_limited"
        case .circuitOpen: "circuit_open"
        }
    }
}

/// When a command passed each stage: monotonic nanoseconds of the session's clock, 0 = not reached.
package struct CommandTimes: Hashable, Sendable {
    package var queued: Int64
    /// The adapter's function was entered.
    package var dispatched: Int64
    /// The completion arrived (or the host made it).
    package var acked: Int64

    package init(queued: Int64, dispatched: Int64 = 0, acked: Int64 = 0) {
        (self.queued, self.dispatched, self.acked) = (queued, dispatched, acked)
    }

    /// The last byte of the last send that the command asked for was handed to the network; `nil`: none was.
    package var written: Int64?
    /// The first byte of its answer came.
    package var firstByte: Int64?
    /// Nanoseconds that the network alone takes on the connection that answered; `nil`: nobody measured it.
    package var roundTrip: Int64?
}

/// One of several orders that a command made at the broker.
package struct ChildOrder: Hashable, Sendable {
    package enum Role: UInt8, Hashable, Sendable {
        case slice = 1
        case leg = 2
        case stop = 3
        case target = 4
        case replacement = 5
        case other = 255
    }
    package var role: Role
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    package var quantity: ExactDecimal?
    package var outcome: MutationOutcome
    package var error: AdapterError?
}

/// What few completions carry; kept apart so that the many others are short.
package final class CompletionDetail: Sendable {
    package let exchangeOrderID: String?
    package let error: AdapterError?
    package let adapterState: [UInt8]?
    package let children: [ChildOrder]
    /// Broker id of the order that took this one's place.
    package let replacedBy: String?
    package let parentReference: String?
    package let brokerTime: Timestamp?

    package init(
        exchangeOrderID: String? = nil, error: AdapterError? = nil, adapterState: [UInt8]? = nil,
        children: [ChildOrder] = [], replacedBy: String? = nil, parentReference: String? = nil,
        brokerTime: Timestamp? = nil
    ) {
        (self.exchangeOrderID, self.error, self.adapterState) = (exchangeOrderID, error, adapterState)
        (self.children, self.replacedBy) = (children, replacedBy)
        (self.parentReference, self.brokerTime) = (parentReference, brokerTime)
    }
}

/// How a submit, modify or cancel ended, after the host's verdict on what is certain (ABI.md rule 26).
package struct MutationCompletion: Sendable {
    /// The command's own number.
    package var id: UInt64
    package var outcome: MutationOutcome
    /// `nil`: the adapter's word.
    package var cause: HostCause?
    package var state: ReportedState?
    package var brokerOrderID: String?
    package var times: CommandTimes
    package var detail: CompletionDetail?

    package init(
        id: UInt64, outcome: MutationOutcome, cause: HostCause? = nil, state: ReportedState? = nil,
        brokerOrderID: String? = nil, times: CommandTimes, detail: CompletionDetail? = nil
    ) {
        (self.id, self.outcome, self.cause, self.state) = (id, outcome, cause, state)
        (self.brokerOrderID, self.times, self.detail) = (brokerOrderID, times, detail)
    }

    package var exchangeOrderID: String? { detail?.exchangeOrderID }
    package var error: AdapterError? { detail?.error }
    /// The adapter's own bytes, to be kept with the order and handed back.
    package var adapterState: [UInt8]? { detail?.adapterState }
}

/// What one look-up said. The order's executions came before it in the same or an earlier batch.
package struct LookupCompletion: Sendable {
    package var id: UInt64
    package var outcome: LookupOutcome
    package var cause: HostCause?
    package var state: ReportedState?
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    /// Our id that the order carries at the broker now, where the adapter said so: after a modify the one that it gave.
    package var clientOrderID: ClientOrderID?
    package var error: AdapterError?
    package var adapterState: [UInt8]?
    package var times: CommandTimes
}

/// An answer that came after the host had ended the command: a hint, to be settled by a look-up.
package struct LateCompletion: Sendable {
    package enum Kind: UInt8, Hashable, Sendable { case submit, modify, cancel, cancelAll, lookup, query, lifecycle }
    package var kind: Kind
    package var id: UInt64
    /// `nil` for look-ups, queries and lifecycle calls.
    package var outcome: MutationOutcome?
    package var brokerOrderID: String?
    package var exchangeOrderID: String?
    package var state: ReportedState?
    package var error: AdapterError?
    package var adapterState: [UInt8]?
}

/// One durable write of an adapter; `value` `nil` deletes. Commit it with the reports of the same batch (rule 22).
package struct KeyValueWrite: Hashable, Sendable {
    package var account: AccountID
    package var key: [UInt8]
    package var value: [UInt8]?
}

/// What an adapter said, or the host concluded about it. The long cases stand in boxes of their own, so that the array of
/// a turn's events stays short.
package enum LaneEvent: Sendable {
    case submitted(MutationCompletion)
    case modified(MutationCompletion)
    case canceled(MutationCompletion)
    case allCanceled(MutationCompletion)
    indirect case lookedUp(LookupCompletion)
    indirect case order(OrderReport)
    indirect case execution(ExecutionReport)
    indirect case session(SessionStatus)
    case keyValue(KeyValueWrite)
    indirect case late(LateCompletion)
    /// A broker's question, or what became of it.
    indirect case question(BrokerQuestion, QuestionNews)
    /// An adapter was shown a secret of an account in clear.
    case secretRevealed(AccountID, name: String)
    /// Said once: from now on the session refuses submits and modifies; cancels, look-ups and queries go on.
    case poisoned(String)
}

/// Everything of one lane turn, in order of arrival.
package struct LaneBatch: Sendable {
    /// Move them out (`swap` with an empty array) to keep them; what is left is dropped, its memory used again.
    package var events: [LaneEvent]
}

/// Hears a session.
package protocol AdapterDelegate: AnyObject, Sendable {
    /// Called on the lane, once a turn, with no lock held. Commands given to a session from here are queued as ever.
    func lane(_ session: AdapterSession, delivers batch: inout LaneBatch)
}
