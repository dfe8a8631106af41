package import Domain

extension AdapterHost {
    /// Makes sessions: accounts of one adapter, login and environment share one. None is opened yet.
    ///
    /// Accounts that have a session of this role already, and disabled ones, are left out; those whose session is still
    /// ending are refused (`session.closing`), since another has to wait for its end.
    package func makeSessions(
        for accounts: [Account], role: SessionRole = .trading, services: SessionServices,
        delegate: any AdapterDelegate
    ) -> (sessions: [AdapterSession], refusals: [SessionRefusal]) {
        var groups: [(id: SessionID, accounts: [Account])] = []
        var refusals: [SessionRefusal] = []
        for account in accounts where account.isEnabled {
            if let known = session(for: account.id, role: role) {
                guard known.isClosing else { continue }
                refusals.append(
                    SessionRefusal(
                        accounts: [account.id], code: "session.closing",
                        reason: "its last session is still ending; connect it again in some seconds"))
                continue
            }
            let id = SessionID(
                adapter: account.adapter, login: account.login, environment: account.environment, role: role)
            if let index = groups.firstIndex(where: { $0.id == id }) {
                groups[index].accounts.append(account)
            } else {
                groups.append((id, [account]))
            }
        }
        var sessions: [AdapterSession] = []
        for group in groups {
            do throws(SessionRefusal) {
                sessions.append(try makeSession(group.id, group.accounts, services: services, delegate: delegate))
            } catch {
                refusals.append(error)
            }
        }
        return (sessions, refusals)
    }

    private func makeSession(
        _ id: SessionID, _ accounts: [Account], services: SessionServices, delegate: any AdapterDelegate
    ) throws(SessionRefusal) -> AdapterSession {
        func refusal(_ code: String, _ reason: String) -> SessionRefusal {
            SessionRefusal(accounts: accounts.map(\.id), code: code, reason: reason)
        }
        guard let adapter = adapter(id.adapter) else {
            guard let status = status(id.adapter) else {
                throw refusal("adapter.unknown", "there is no manifest of an adapter \(id.adapter)")
            }
            throw refusal(
                status.refusal?.code.rawValue ?? "adapter.unknown", status.refusal?.text ?? "it is not loaded")
        }
        if adapter.description.offers.contains(.exclusiveLogin),
            let other = sessions.first(where: { $0.id.adapter == id.adapter && $0.id.login == id.login })
        {
            throw refusal(
                "session.exclusive_login",
                "the broker allows one connection for login \(id.login), and \(other.id) has it")
        }
        var configs: [String] = []
        for account in accounts {
            let config: String
            do throws(SessionFailure) { config = try SessionConfig.text(adapter, account: account) } catch {
                throw refusal(error.code, error.reason)
            }
            configs.append(config)
        }
        guard let scheduler = scheduler(of: id.adapter) else {
            throw refusal("session.closed", "the host is shutting down")
        }
        var services = services
        services.sharedLimits = sharedLimits(of: id.adapter)
        let session: AdapterSession
        do throws(SessionFailure) {
            session = try AdapterSession(
                id: id, adapter: adapter, accounts: accounts, configs: configs, environment: environment,
                scheduler: scheduler, services: services, delegate: delegate,
                dataDirectory: configuration.dataDirectory, logger: logger)
        } catch {
            throw refusal(error.code, error.reason)
        }
        state.withLockedValue { $0.sessions.append(session) }
        return session
    }

    private func sharedLimits(of adapter: AdapterID) -> SharedLimits {
        state.withLockedValue { state in
            let known = state.sharedLimits[adapter] ?? SharedLimits()
            state.sharedLimits[adapter] = known
            return known
        }
    }

    private func scheduler(of adapter: AdapterID) -> (any LaneScheduler)? {
        state.withLockedValue { state in
            if state.isShutDown { return nil }
            if let scheduler = state.schedulers[adapter] { return scheduler }
            let scheduler = environment.makeScheduler(adapter)
            state.schedulers[adapter] = scheduler
            return scheduler
        }
    }

    /// Ends reads that a hung lane left overdue. Call it from a tick of some 100 ms.
    package func sweep() {
        for session in sessions { session.sweep() }
    }

    /// Closes one session and forgets it once it has ended.
    package func close(_ session: AdapterSession, ended: (@Sendable () -> Void)? = nil) {
        session.close { [weak self] in
            self?.state.withLockedValue { state in
                state.sessions.removeAll { $0 === session }
                state.endedCounters[session.adapter.id] =
                    (state.endedCounters[session.adapter.id] ?? AdapterCounters()) + session.health.counters
            }
            ended?()
        }
    }

    /// Closes every session, waits for their ends, and stops the lanes' threads. With lanes that are stepped by hand the
    /// caller steps on while this waits.
    ///
    /// - Parameter grace: how long to wait in all, the adapters' five seconds included.
    /// - Returns: sessions that did not end in time, hung in a call: their threads are left behind.
    package func shutdown(grace: Duration = .seconds(7)) async -> [SessionID] {
        let open = state.withLockedValue { state in
            state.isShutDown = true
            return state.sessions
        }
        let (ends, end) = AsyncStream.makeStream(of: SessionID?.self)
        for session in open { close(session) { end.yield(session.id) } }
        var missing = open.map(\.id)
        if !open.isEmpty {
            let timer = Task {
                try? await Task.sleep(for: grace)
                end.yield(nil)
            }
            for await ended in ends {
                guard let ended else { break }
                if let index = missing.firstIndex(of: ended) { missing.remove(at: index) }
                if missing.isEmpty { break }
            }
            timer.cancel()
        }
        let schedulers = state.withLockedValue { Array($0.schedulers.values) }
        for scheduler in schedulers { scheduler.stop() }
        return missing
    }
}
