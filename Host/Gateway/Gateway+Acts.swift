import Dispatch
package import Domain
package import Engine
import Faults
package import Store

/// Who changes the set-up.
package struct Actor: Hashable, Sendable {
    package var person: String
    /// Id of the API key; empty where there is none.
    package var keyID: String

    package init(person: String, keyID: String) { (self.person, self.keyID) = (person, keyID) }

    /// What the configuration file seeds.
    package static let configuration = Actor(person: "configuration", keyID: "")
    /// What no person asked for.
    package static let gateway = Actor(person: "gateway", keyID: "")

    package func act(_ kind: AdminAct.Kind, _ subject: String, detail: String, at: Timestamp) -> AdminAct {
        AdminAct(kind, subject: subject, by: person, key: keyID, reason: "", detail: detail, at: at)
    }
}

extension Caller {
    package var actor: Actor { Actor(person: person, keyID: keyID) }
}

extension Gateway {
    /// Says in the journal who did what. What it brought about is emitted right after, and so stands in the same record.
    func emit(_ kind: AdminAct.Kind, _ subject: String, _ detail: String, by actor: Actor, _ state: inout State) {
        emit(.adminActed(actor.act(kind, subject, detail: detail, at: clock.wall())), &state)
    }

    /// Makes an act durable that is neither a definition nor kept elsewhere, such as the opening of a session.
    package func record(
        _ kind: AdminAct.Kind, _ subject: String, detail: String, by actor: Actor
    ) async throws(GatewayError) {
        step { state in emit(kind, subject, detail, by: actor, &state) }
        try await settle()
    }

    /// Makes a change of an API key and the record of who made it durable, both in one commit or neither. Blocks until
    /// then, so never on an event loop.
    ///
    /// Before `start`, when no thread commits yet, it commits itself: call it from one thread then.
    ///
    /// - Precondition of the batch: the key can be stored (`Store.check`) and its id is free, or it is known. A change
    ///   that the store refuses stops the gateway, as any failed commit does.
    package func commit(_ key: KeyWrite, _ act: AdminAct) throws(GatewayError) {
        let done = DispatchSemaphore(value: 0)
        let outcome = CommitOutcome()
        let isStarting: Bool
        do {
            isStarting = try step { state throws -> Bool in
                let isStarting = if case .starting = state.serving { true } else { false }
                if !isStarting { try checkServing(state) }
                emit(.adminActed(act), &state)
                FaultPoint.hit(.keyActEmitted)
                state.pending.keys.append(key)
                state.pending.waiters.append { failure in
                    outcome.set(failure)
                    done.signal()
                }
                return isStarting
            }
        } catch {
            throw translated(error)
        }
        if isStarting { commitStep() }
        done.wait()
        FaultPoint.hit(.keyActDurable)
        if let failure = outcome.failure { throw .store(failure) }
    }
}
