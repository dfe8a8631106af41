package import Domain
import Engine
package import Exact

/// What sort of thing a record tells.
package enum AuditKind: String, CaseIterable, Hashable, Sendable {
    /// A person changed the set-up: accounts, groups, API keys, sessions.
    case admin
    /// What is in force since: accounts, groups, instruments, limits.
    case configuration
    /// Trading states, days, warnings, heartbeats.
    case state
    /// An order was admitted or refused, a control overridden, a scope squared off.
    case decision
    /// Something was asked of a broker, or withdrawn before it was sent.
    case request
    /// What a broker said, or what it came to.
    case outcome
}

/// One line of the audit: who did what, when, and why.
package struct AuditEntry: Sendable {
    /// `sequence-index`: its place in the journal.
    package var id: String
    /// When its record was closed.
    package var at: Timestamp
    package var kind: AuditKind
    /// `run_admitted`, `key_created` …
    package var type: String
    /// The person, `rule:daily-loss`, `gateway`, `configuration`; empty where nobody decided: a broker spoke.
    package var by: String
    /// Id of the API key; empty where none was used or it is not known.
    package var key: String
    /// What it is about: a run, an order, an account, a scope, a key.
    package var subject: String
    /// Empty where none was given.
    package var reason: String
    package var facts: JSONObject
}

/// Turns events into lines of the audit.
struct AuditDescriber {
    let engine: Engine
    /// The person that an API key names.
    let person: (String) -> String?

    func entry(_ event: Event, sequence: UInt64, index: Int, at: Timestamp) -> AuditEntry {
        let view = EventDescriber(engine: engine).describe([event], sequence: sequence, at: at).first
        var entry = AuditEntry(
            id: "\(sequence)-\(index)", at: at, kind: .outcome, type: view?.type ?? "", by: "", key: "", subject: "",
            reason: "", facts: view?.facts ?? [:])
        describe(event, &entry)
        for name in ["by", "reason", "subject", "key_id"] { entry.facts[name] = nil }
        return entry
    }

    private func describe(_ event: Event, _ entry: inout AuditEntry) {
        func set(_ kind: AuditKind, _ subject: String, by: String = "", reason: String = "") {
            (entry.kind, entry.subject, entry.by, entry.reason) = (kind, subject, by, reason)
        }
        /// A key, or the gateway itself, that asked for something.
        func setCaller(_ kind: AuditKind, _ subject: String, _ caller: String) {
            set(kind, subject, by: person(caller) ?? caller)
            if person(caller) != nil { entry.key = caller }
        }
        func order(_ run: RunID, _ order: Int32) -> String {
            guard let known = engine.runs[run], known.orders.indices.contains(Int(order)) else { return "\(run)" }
            return "\(LegID(run: run, index: Int(known.orders[Int(order)].legIndex)))"
        }
        switch event {
        case .adminActed(let act):
            set(.admin, act.subject, by: act.by, reason: act.reason)
            entry.key = act.key
        case .accountDefined(let account): set(.configuration, "account:\(account.id)")
        case .accountRemoved(let id): set(.configuration, "account:\(id)")
        case .groupDefined(let group):
            set(.configuration, "group:\(group.id)")
            entry.facts["version"] = .string("\(group.version)")
        case .groupRemoved(let id): set(.configuration, "group:\(id)")
        case .instrumentDefined(_, let record):
            set(.configuration, "instrument:\(record.id)")
            entry.type = "instrument_defined"
            entry.facts = ["source": .string(record.source)]
        case .riskConfigured(let version):
            set(.configuration, "rms:\(version.version)", by: version.by, reason: version.reason)
        case .stateChanged(let change):
            set(.state, change.scope.description, by: change.by, reason: change.reason)
            entry.key = change.cause ?? ""
        case .dayOpened(let opening):
            set(.state, "account:\(engine.accounts[Int(opening.account)].account.id)")
            entry.type = "day_opened"
            entry.facts = ["day": .string("\(CivilDate(daysSinceEpoch: opening.day))")]
        case .heartbeatSet(let heartbeat):
            set(.state, heartbeat.scope.description, by: heartbeat.person)
            entry.key = heartbeat.key
        case .limitWarned(let warning):
            set(
                .state, "account:\(engine.accounts[Int(warning.account)].account.id)",
                by: "rule:\(warning.control.name)")
        case .runAdmitted(let admission):
            setCaller(.decision, "\(admission.run)", admission.origin.caller)
            entry.facts["refused_legs"] = .number("\(admission.legs.count { $0.rejection != nil })")
            entry.facts["rms_version"] = .number("\(admission.riskVersion)")
        case .overrideGranted(let override):
            set(.decision, "o\(override.id)", by: override.by, reason: override.reason)
        case .overrideRevoked(let id, let revocation):
            set(.decision, "o\(id)", by: revocation.by, reason: revocation.reason)
        case .squareOffStarted(let squareOff):
            set(.decision, "q\(squareOff.id)", by: squareOff.by, reason: squareOff.reason)
        case .squareOffEnded(let id, let end): set(.decision, "q\(id)", by: end.by, reason: end.reason)
        case .ordersQueued(let run, let orders, _, _): set(.request, orders.first.map { order(run, $0) } ?? "\(run)")
        case .cancelRequested(let run, let number, let by), .replaceRequested(let run, let number, _, let by):
            setCaller(.request, order(run, number), by)
        case .ordersCanceledLocally(let run, let orders, let reason):
            set(.request, orders.first.map { order(run, $0) } ?? "\(run)", by: "gateway", reason: reason.text)
        case .ordersReleased(let run, let orders):
            set(.request, orders.first.map { order(run, $0) } ?? "\(run)", by: "gateway")
        case .orderAnswered(let answer): set(.outcome, order(answer.run, answer.order))
        case .executed(let execution):
            let account = engine.accounts[Int(execution.account)].account.id
            set(.outcome, execution.run.map { order($0, execution.order) } ?? "account:\(account)")
        case .orderReported(let run, let number, _), .cancelAnswered(let run, let number, _, _),
            .replaceAnswered(let run, let number, _, _), .orderLookedUp(let run, let number, _, _),
            .gapClosed(let run, let number), .termsFound(let run, let number, _, _):
            set(.outcome, order(run, number))
        case .anomalyFound(let anomaly): set(.outcome, order(anomaly.run, anomaly.order))
        case .orderAdopted(let run, let number, _, _, _): set(.outcome, order(run, number))
        case .orderResolved(let run, let number, let resolution):
            set(.decision, order(run, number), by: resolution.by, reason: resolution.reason)
        case .positionAdopted(let adoption):
            set(
                .decision, "account:\(engine.accounts[Int(adoption.account)].account.id)", by: adoption.by,
                reason: adoption.reason)
        case .differenceFound(let difference):
            set(.outcome, "account:\(engine.accounts[Int(difference.account)].account.id)")
        }
        if case .ordersQueued(_, let orders, _, _) = event { entry.facts["orders"] = .number("\(orders.count)") }
        if case .ordersCanceledLocally(_, let orders, _) = event { entry.facts["orders"] = .number("\(orders.count)") }
    }
}
