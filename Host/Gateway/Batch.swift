import Domain
import Engine
import Store

/// What waits for the next commit. One batch is one journal record and one transaction.
struct Batch {
    var events: [Event] = []
    var keyValues: [StoredKeyValue] = []
    var idempotency: [IdempotencyRow] = []
    var keys: [KeyWrite] = []
    var touched: Set<RunID> = []
    /// Called with the failure, or `nil` once the batch is durable.
    var waiters: [@Sendable (StoreFailure?) -> Void] = []
    /// Somebody waits for it, or an order leaves after it: it is committed at once.
    var isUrgent = false

    var isEmpty: Bool { events.isEmpty && keyValues.isEmpty && idempotency.isEmpty && waiters.isEmpty }
}

extension Event {
    /// The run that an event is about.
    var run: RunID? {
        switch self {
        case .runAdmitted(let admission): admission.run
        case .orderAnswered(let answer): answer.run
        case .executed(let execution): execution.run
        case .ordersQueued(let run, _, _, _), .orderReported(let run, _, _), .cancelRequested(let run, _, _),
            .cancelAnswered(let run, _, _, _), .replaceRequested(let run, _, _, _), .replaceAnswered(let run, _, _, _),
            .ordersCanceledLocally(let run, _, _), .ordersReleased(let run, _), .orderLookedUp(let run, _, _, _),
            .gapClosed(let run, _), .termsFound(let run, _, _, _), .orderAdopted(let run, _, _, _, _),
            .orderResolved(let run, _, _):
            run
        case .anomalyFound(let anomaly): anomaly.run
        case .accountDefined, .accountRemoved, .groupDefined, .groupRemoved, .instrumentDefined, .riskConfigured,
            .stateChanged, .dayOpened, .overrideGranted, .overrideRevoked, .squareOffStarted, .squareOffEnded,
            .heartbeatSet, .limitWarned, .adminActed, .positionAdopted, .differenceFound:
            nil
        }
    }

    /// The orders of its run that an event is about; empty for an admission, which is about all of them.
    var orders: [Int32] {
        switch self {
        case .orderAnswered(let answer): [answer.order]
        case .executed(let execution): [execution.order]
        case .ordersQueued(_, let orders, _, _), .ordersCanceledLocally(_, let orders, _),
            .ordersReleased(_, let orders):
            orders
        case .orderReported(_, let order, _), .cancelRequested(_, let order, _), .cancelAnswered(_, let order, _, _),
            .replaceRequested(_, let order, _, _), .replaceAnswered(_, let order, _, _),
            .orderLookedUp(_, let order, _, _), .gapClosed(_, let order), .termsFound(_, let order, _, _),
            .orderAdopted(_, let order, _, _, _), .orderResolved(_, let order, _):
            [order]
        case .anomalyFound(let anomaly): [anomaly.order]
        default: []
        }
    }

    /// A note about what has already happened and nobody waits for: it may share the next commit.
    var isNote: Bool {
        if case .ordersQueued = self { return true }
        return false
    }
}
