import Adapters
import Domain
import Engine
import Faults

/// When something that failed is tried again.
struct Retry: Sendable {
    var attempts = 0
    var dueAt: Timestamp
}

// A cancel is wanted until its order has ended or the broker refuses it for good: a second one does no harm, a forgotten
// one leaves an order live that a person, a halt or a rule wanted gone.

extension Gateway {
    /// A cancel goes to its lane. Its answer says when it is tried again; where none comes, the clock does.
    func cancelLeaves(_ place: OrderPlace, now: Timestamp, _ state: inout State) {
        let attempts = (state.cancels[place]?.attempts ?? 0) + 1
        state.cancels[place] = Retry(
            attempts: attempts, dueAt: now.advanced(by: options.commandDeadline.multipliedSaturating(by: 2)))
    }

    func canceled(
        _ completion: MutationCompletion, _ session: AdapterSession, _ now: Timestamp, _ state: inout State
    ) {
        guard let place = state.engine.runs.place(ofClientSequence: completion.id) else { return }
        let error = Self.error(of: completion)
        emit(
            .cancelAnswered(run: place.run, order: place.order, outcome: completion.outcome, error: error), &state)
        let code = error?.code
        // A cancel that lost its race says that something is known there which we do not know yet. One that the broker
        // did not look at says nothing, and asking more of a broker that throttles makes it worse.
        switch completion.outcome {
        case .accepted, .notSent: break
        case .rejected where code == .rateLimited || code == .authExpired: break
        case .rejected, .unknown: lookUp(place, &state)
        }
        guard state.engine.isCancelWanted(place) else {
            state.cancels[place] = nil
            return
        }
        var retry = state.cancels[place] ?? Retry(attempts: 1, dueAt: now)
        let delay = session.adapter.description.visibilityDelayNanoseconds
        let pause = min(options.longestCancelRetry, backoff(retry.attempts - 1))
        // What was accepted is given the time to show; what was refused, the time that the broker asks for.
        let advised = min(options.longestAdvice, max(0, error?.retryAfterNanoseconds ?? 0))
        retry.dueAt = now.advanced(
            by: completion.outcome == .accepted ? max(pause, delay, 2_000_000_000) : max(pause, advised))
        state.cancels[place] = retry
    }

    /// Sends cancels again whose time has come. Under the lock.
    func repeatCancels(now: Timestamp, _ state: inout State) {
        guard !state.cancels.isEmpty else { return }
        let due = state.cancels.filter { $0.value.dueAt <= now }.keys
        for place in due.sorted(by: OrderPlace.isOlder) {
            guard state.engine.isCancelWanted(place) else {
                state.cancels[place] = nil
                continue
            }
            // It waits in the queue from here on; the next due time is set when it leaves.
            state.cancels[place]?.dueAt = Timestamp(nanoseconds: .max)
            state.outbound.mutations.append(.cancel(place))
            FaultPoint.hit(.cancelRepeated)
            lookUp(place, &state)
        }
    }

    /// A session is there again: what waited for its retry need not wait longer.
    func askSoon(_ account: AccountID, _ now: Timestamp, _ state: inout State) {
        for (place, retry) in state.cancels where retry.dueAt > now && retry.dueAt.nanoseconds != .max {
            if accountID(of: place, state) == account { state.cancels[place]?.dueAt = now }
        }
    }

    func accountID(of place: OrderPlace, _ state: borrowing State) -> AccountID? {
        let engine = state.engine
        return engine.runs[place.run].flatMap { engine.account(of: $0, order: place.order)?.id }
    }

    /// The first pause, doubled for each attempt after the first, at most the longest one.
    func backoff(_ attempts: Int) -> Int64 {
        min(options.longestRetry, options.firstRetry.multipliedSaturating(by: 1 << Int64(min(max(0, attempts), 20))))
    }

    /// Why a command ended: the broker's word, else the host's.
    static func error(of completion: MutationCompletion) -> AdapterError? {
        if let error = completion.error { return error }
        return completion.cause.map { cause in
            let code: AdapterErrorCode =
                switch cause {
                case .unsupported: .unsupported
                case .invalid: .invalid
                case .rateLimited: .rateLimited
                case .circuitOpen: .network
                default: .internalError
                }
            return AdapterError(code: code, text: cause.rawName)
        }
    }
}

extension Engine {
    func isCancelWanted(_ place: OrderPlace) -> Bool {
        runs.look(place.run) { run in
            run.orders.indices.contains(Int(place.order)) && run.orders[Int(place.order)].isCancelWanted
        } ?? false
    }
}
