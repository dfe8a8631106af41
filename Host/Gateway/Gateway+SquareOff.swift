import Adapters
package import Domain
package import Engine
import Faults
import Store

/// One (account, instrument) of one square-off.
struct SquareOffPlace: Hashable {
    var squareOff: Int64
    var account: Int32
    var instrument: Int32
}

/// How far it is there. Not durable: after a restart it follows anew from the books.
struct SquareOffProgress {
    var quantity: Int64 = 0
    var status = Gateway.SquareOffStatus.Position.Status.waiting
    var message = ""
    /// The last closing run.
    var run: RunID?
    /// Closing orders in a row that came to nothing.
    var failures = 0
    var notBefore = Timestamp(nanoseconds: .min)
    /// Times that cancels of what is in the way were asked for; a broker may refuse them for good.
    var cancels = 0
    var cancelsNotBefore = Timestamp(nanoseconds: .min)
}

extension Gateway {
    /// A square-off as people see it.
    package struct SquareOffStatus: Sendable {
        package struct Position: Sendable {
            package enum Status: String, Sendable {
                case waiting = "WAITING"
                case working = "WORKING"
                case flat = "FLAT"
                case blocked = "BLOCKED"
            }
            package var account: AccountID
            package var symbol: InstrumentID
            /// Signed, what is left.
            package var quantity: ExactDecimal
            package var status: Status
            package var message: String
            package var run: RunID?
        }
        package var squareOff: SquareOff
        /// `nil` = it stands.
        package var end: SquareOff.End?
        package var positions: [Position]

        /// `WORKING`, `DONE`, `BLOCKED`, `CANCELED`.
        package var word: String {
            switch end?.outcome {
            case .done: "DONE"
            case .remainder: "BLOCKED"
            case .canceled: "CANCELED"
            case nil: positions.contains { $0.status == .blocked } ? "BLOCKED" : "WORKING"
            }
        }
    }

    // MARK: Requests

    /// Closes everything a scope holds; the scope goes to reducing, so that nothing opens behind its back, and stays there
    /// until a person resumes it. Durable on return, done later; survives restarts; works while the scope is halted.
    package func squareOff(
        _ scope: Scope, reason: String, by caller: Caller, idempotency: Idempotency
    ) async throws(GatewayError) -> SquareOffStatus {
        let key = KeyMemory.Key(caller: caller.person, key: idempotency.key)
        if let known = try await begin(key, idempotency) {
            guard let status = squareOff(known.subject) else { throw .keyReused(subject: known.subject) }
            return status
        }
        let waiter = DurableWaiter()
        let subject: String
        do {
            subject = try dispatchLock.withLock {
                try step { state throws -> String in
                    try checkServing(state)
                    try state.engine.check(scope)
                    guard scope.kind != .key else {
                        throw GatewayError.refused(
                            ParentRefusal(
                                code: "scope_holds_nothing", path: "/scope", value: scope.description,
                                message: "an API key holds no positions",
                                remedy: "name firm, or a group, account, adapter, instrument or strategy"))
                    }
                    let now = clock.wall()
                    guard
                        let id = startSquareOff(scope, reason: reason, by: caller.person, now, &state)
                    else {
                        throw GatewayError.inUse(
                            "\(SquareOffTable.maximumActive) square-offs stand already; cancel one first")
                    }
                    state.pending.idempotency.append(
                        IdempotencyRow(
                            caller: key.caller, key: key.key, fingerprint: idempotency.fingerprint, subject: "q\(id)",
                            createdAt: now))
                    state.pending.waiters.append(waiter.resume)
                    state.squareOffDue = now
                    FaultPoint.hit(.squareOffEmitted)
                    return "q\(id)"
                }
            }
        } catch {
            state.withLockedValue { $0.keys.abandon(key) }
            throw translated(error)
        }
        if let failure = await waiter.wait() {
            state.withLockedValue { $0.keys.abandon(key) }
            throw .store(failure)
        }
        FaultPoint.hit(.squareOffDurable)
        let answer = KeyMemory.Answer(fingerprint: idempotency.fingerprint, subject: subject)
        state.withLockedValue { $0.keys.finish(key, answer) }
        guard let status = squareOff(subject) else { throw .keyReused(subject: subject) }
        return status
    }

    /// Takes a square-off back: its closing orders that are live are canceled, what they filled stays.
    package func cancelSquareOff(
        _ id: String, reason: String, by person: String
    ) async throws(GatewayError) -> SquareOffStatus {
        do {
            try step { state throws in
                try checkServing(state)
                guard let squareOff = state.engine.squareOffs.active.first(where: { "q\($0.id)" == id }) else {
                    throw GatewayError.refused(.unknownSquareOff(id))
                }
                let end = SquareOff.End(outcome: .canceled, reason: reason, by: person, at: clock.wall())
                emit(.squareOffEnded(id: squareOff.id, end), &state)
                for run in state.engine.runs.live
                where run.admission.origin.idempotencyKey.hasPrefix(Self.closingKey(squareOff.id)) {
                    for event in state.engine.requestCancel(run.id, by: person) { emit(event, &state) }
                }
            }
        } catch {
            throw translated(error)
        }
        try await settle()
        guard let status = squareOff(id) else { throw .refused(.unknownSquareOff(id)) }
        return status
    }

    /// Newest first.
    package func squareOffs() -> [SquareOffStatus] {
        state.withLockedValue { state in
            let active = state.engine.squareOffs.active.map { status($0, nil, state) }
            let ended = state.engine.squareOffs.ended.map { status($0.squareOff, $0.end, state) }
            return (active + ended).sorted { $0.squareOff.id > $1.squareOff.id }
        }
    }

    package func squareOff(_ id: String) -> SquareOffStatus? { squareOffs().first { "q\($0.squareOff.id)" == id } }

    private func status(
        _ squareOff: SquareOff, _ end: SquareOff.End?, _ state: borrowing State
    ) -> SquareOffStatus {
        let engine = state.engine
        let positions = state.squareOffProgress.filter { $0.key.squareOff == squareOff.id }
            .sorted { ($0.key.account, $0.key.instrument) < ($1.key.account, $1.key.instrument) }
            .map { place, progress in
                let instrument = engine.instruments[Int(place.instrument)]
                return SquareOffStatus.Position(
                    account: engine.accounts[Int(place.account)].account.id, symbol: instrument.id,
                    quantity: instrument.instrument.quantity(progress.quantity), status: progress.status,
                    message: progress.message, run: progress.run)
            }
        return SquareOffStatus(squareOff: squareOff, end: end, positions: positions)
    }

    // MARK: The work

    /// Notes the order to close a scope, and puts the scope into reducing where it is freer.
    /// - Returns: its number, that of one for the same scope that stands already included; `nil` = too many stand.
    @discardableResult
    func startSquareOff(
        _ scope: Scope, reason: String, by: String, _ now: Timestamp, _ state: inout State
    ) -> Int64? {
        if let known = state.engine.squareOffs.active.first(where: { $0.scope == scope }) { return known.id }
        guard state.engine.squareOffs.active.count < SquareOffTable.maximumActive else {
            logger.error("Square-off not started: too many stand", metadata: ["scope": "\(scope)"])
            return nil
        }
        let squareOff = SquareOff(
            id: state.engine.squareOffs.nextID, scope: scope, reason: reason, by: by, at: now)
        emit(.squareOffStarted(squareOff), &state)
        if state.engine.tradingStates[scope]?.status(at: now) ?? .active < .reducing {
            let change = TradingStateChange(
                scope: scope, status: .reducing, reason: "square-off: \(reason)", by: by, at: now)
            enforce(change, cancelWorking: false, &state)
            state.stopped.append((scope, .reducing))
        }
        return squareOff.id
    }

    private static func closingKey(_ id: Int64) -> String { "square-off:q\(id):" }

    /// Looks at every square-off five times a second and does what is next.
    func workSquareOffs(_ now: Timestamp, _ state: inout State) {
        guard !state.engine.squareOffs.active.isEmpty, state.squareOffDue <= now else { return }
        state.squareOffDue = now.advanced(by: 200_000_000)
        for squareOff in state.engine.squareOffs.active { work(squareOff, now, &state) }
    }

    private func work(_ squareOff: SquareOff, _ now: Timestamp, _ state: inout State) {
        let tasks = state.engine.tasks(of: squareOff, now: now)
        var isDone = true
        var hasRemainder = false
        for task in tasks {
            let place = SquareOffPlace(
                squareOff: squareOff.id, account: task.account, instrument: task.instrument)
            var progress = state.squareOffProgress[place] ?? SquareOffProgress()
            progress.quantity = task.quantity
            progress.message = ""
            switch task.next {
            case .flat: progress.status = .flat
            case .remainder:
                hasRemainder = true
                (progress.status, progress.message) = (.blocked, "what is left is less than a lot")
            case .wait: progress.status = .working
            case .cancel(let events):
                progress.status = .working
                guard progress.cancelsNotBefore <= now else { break }
                for event in events { emit(event, &state) }
                progress.cancelsNotBefore = now.advanced(by: (1 << Int64(min(5, progress.cancels))) * 1_000_000_000)
                progress.cancels += 1
            case .blocked(let reason): (progress.status, progress.message) = (.blocked, reason)
            case .close(let order):
                (progress.cancels, progress.cancelsNotBefore) = (0, Timestamp(nanoseconds: .min))
                close(order, squareOff, &progress, now, &state)
            }
            if task.next != .flat, task.next != .remainder { isDone = false }
            state.squareOffProgress[place] = progress
        }
        // What has left the books since is flat.
        let seen = Set(
            tasks.map { SquareOffPlace(squareOff: squareOff.id, account: $0.account, instrument: $0.instrument) })
        for place in state.squareOffProgress.keys where place.squareOff == squareOff.id && !seen.contains(place) {
            state.squareOffProgress[place]?.quantity = 0
            state.squareOffProgress[place]?.status = .flat
            state.squareOffProgress[place]?.message = ""
        }
        guard isDone else { return }
        let end = SquareOff.End(
            outcome: hasRemainder ? .remainder : .done,
            reason: hasRemainder ? "what is left is less than a lot each" : "all positions are flat",
            by: squareOff.by, at: now)
        emit(.squareOffEnded(id: squareOff.id, end), &state)
        FaultPoint.hit(.squareOffEnded)
        forgetProgress(&state)
    }

    /// Progress of square-offs that the engine has forgotten goes too.
    private func forgetProgress(_ state: inout State) {
        let known = Set(
            state.engine.squareOffs.active.map(\.id) + state.engine.squareOffs.ended.map(\.squareOff.id))
        state.squareOffProgress = state.squareOffProgress.filter { known.contains($0.key.squareOff) }
    }

    /// Sends the next closing order of one position. A refusal or rejection is tried again after 1, 2, 4 ... 60 seconds.
    private func close(
        _ order: ParentOrder, _ squareOff: SquareOff, _ progress: inout SquareOffProgress, _ now: Timestamp,
        _ state: inout State
    ) {
        if let last = progress.run {
            let wasRejected = state.engine.runs.look(last) { run in
                run.orders.allSatisfy { [.rejected, .notSent].contains($0.status) }
            }
            if wasRejected ?? false {
                fail(&progress, lastMessage(last, state), now)
            } else {
                (progress.failures, progress.run) = (0, nil)
            }
        }
        guard progress.notBefore <= now else {
            progress.status = .blocked
            if progress.message.isEmpty { progress.message = "tried again in a moment" }
            return
        }
        let request = AdmissionRequest(
            order: order,
            origin: Origin(
                caller: "gateway",
                idempotencyKey: Self.closingKey(squareOff.id) + state.engine.runs.nextRun.description),
            authority: .everything, receivedAt: now, isGatewayClosing: true)
        do {
            var admission = try state.engine.decide(request, now: now)
            if let rejection = admission.legs.first?.rejection {
                fail(&progress, rejection.sentence.text, now)
                return
            }
            if squareOff.scope.kind == .group { attribute(&admission, to: GroupID(squareOff.scope.id), state) }
            keep(admission, caller: "gateway", fingerprint: [], &state)
            FaultPoint.hit(.squareOffCloseAdmitted)
            (progress.status, progress.run, progress.notBefore) = (
                .working, admission.run, Timestamp(nanoseconds: .min)
            )
        } catch {
            fail(&progress, "\(error)", now)
        }
    }

    /// The fills of a closing order count for the group whose fills it closes.
    func attribute(_ admission: inout RunAdmission, to id: GroupID?, _ state: borrowing State) {
        guard let id, let group = state.engine.group(id) else { return }
        (admission.group, admission.groupVersion) = (id, group.version)
    }

    private func fail(_ progress: inout SquareOffProgress, _ message: String, _ now: Timestamp) {
        progress.failures += 1
        (progress.status, progress.message) = (.blocked, message)
        progress.run = nil
        let seconds = Int64(1) << Int64(min(6, progress.failures - 1))
        progress.notBefore = now.advanced(by: min(60, seconds) * 1_000_000_000)
    }

    private func lastMessage(_ run: RunID, _ state: borrowing State) -> String {
        let error = state.engine.runs.look(run) { $0.orders.last?.error } ?? nil
        return error?.brokerText ?? error?.text ?? "the closing order ended without a fill"
    }
}

extension ParentRefusal {
    package static func unknownSquareOff(_ id: String) -> ParentRefusal {
        ParentRefusal(
            .notFound, code: "unknown_square_off", path: "{id}", value: id,
            message: "there is no square-off \(id) that stands", remedy: "GET /api/rms/square-off lists them")
    }
}
