import Adapters
import Domain
import Engine

extension Gateway {
    /// A session that failed or was closed by its broker is opened again after 1, 2, 4 ... 60 seconds: nothing of its orders
    /// would be known else. A login that the broker refused waits for a person: repeated, it locks the account.
    func planReopening(_ session: AdapterSession, _ status: SessionStatus, _ now: Timestamp, _ state: inout State) {
        guard session.accounts.contains(where: { state.sessions[$0.id]?.session === session }) else { return }
        switch status.state {
        case .ready: state.reopenings[session.id] = nil
        case .created, .failed, .closed:
            if let code = status.error?.code, code == .authRejected || code == .forbidden {
                state.reopenings[session.id] = nil
                return
            }
            var plan = state.reopenings[session.id] ?? Reopening()
            plan.notBefore = now.advanced(by: min(60, Int64(1) << Int64(min(6, plan.attempts))) * 1_000_000_000)
            plan.attempts += 1
            state.reopenings[session.id] = plan
        default: break
        }
    }

    /// Sessions whose time to be opened again has come. Under the lock; the caller opens them after it.
    func dueReopenings(_ now: Timestamp, _ state: inout State) -> [AdapterSession] {
        guard !state.reopenings.isEmpty else { return [] }
        let due = state.reopenings.filter { $0.value.notBefore.map { $0 <= now } ?? false }.keys
        return due.sorted { $0.description < $1.description }.compactMap { id in
            guard let session = state.sessions.values.first(where: { $0.session.id == id })?.session else {
                state.reopenings[id] = nil
                return nil
            }
            state.reopenings[id]?.notBefore = nil
            return session
        }
    }

    func reopen(_ sessions: [AdapterSession]) {
        for session in sessions {
            logger.info(
                "Session opened again",
                metadata: ["adapter.id": "\(session.id.adapter)", "login": "\(session.id.login)"])
            open(session)
        }
    }

    /// Acts on manifests of adapters that changed while the gateway runs: enabled accounts of an adapter that is there now
    /// get their session. Sessions under way keep the code that they began with, also where the manifest is broken or gone:
    /// their orders must stay reachable. May take as long as loading a library does.
    func pickUpManifests() {
        guard let adapters = state.withLockedValue({ $0.adapters }) else { return }
        let changed = Set(adapters.pickUpChanges())
        guard !changed.isEmpty else { return }
        let waiting = state.withLockedValue { state in
            state.engine.liveAccounts.filter {
                $0.isEnabled && changed.contains($0.adapter.rawValue) && state.sessions[$0.id] == nil
            }
        }
        if !waiting.isEmpty { connect(waiting, adapters: adapters) }
    }

    /// Begins a login. One that its lane did not come to in time leaves the session as it was made: it is tried again, too.
    func open(_ session: AdapterSession) {
        _ = session.open(deadline: clock.monotonic() + 30_000_000_000) { [weak self] result in
            guard let self, case .failure = result, session.status.state == .created else { return }
            state.withLockedValue { self.planReopening(session, session.status, self.clock.wall(), &$0) }
        }
    }
}
