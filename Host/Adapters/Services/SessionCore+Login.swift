import CSluice
import Domain
import Exact
import Signing

// Logins: what a session says of itself, and the challenges that people answer.

extension SessionCore {
    func sessionReport(_ pointer: UnsafePointer<sluice_session_report>?) -> sluice_status {
        guard let network else { return SLUICE_ERR_UNSUPPORTED }
        do throws(ContractBreach) {
            let size = MemoryLayout<sluice_session_report>.size
            guard let report = try checkedEntity(pointer, size: size, "report") else {
                throw ContractBreach("report", "is null")
            }
            var challenge: LoginChallenge?
            if report.pointee.state == SLUICE_SESSION_CHALLENGE {
                challenge = try self.challenge(report.pointee.challenge, account: report.pointee.account, network)
            }
            let document = try report.pointee.capability_document.text(
                "capability_document", limit: Bounds.documentBytes)
            if let document, (try? JSONValue.parse(document, limits: .large))?.object == nil {
                throw ContractBreach("capability_document", "is no JSON object")
            }
            let status = sessionState(report.pointee.state, report.pointee.expires_at, report.pointee.error)
            guard status == SLUICE_OK else { return status }
            let renewal = report.pointee.renew_at == 0 ? nil : timestamp(report.pointee.renew_at)
            let isReady = self.status.state == .ready
            guard challenge != nil || renewal != nil || (isReady && document != self.status.capabilityDocument) else {
                return SLUICE_OK
            }
            self.status.challenge = challenge
            self.status.renewAt = renewal
            if isReady { self.status.capabilityDocument = document }
            publishStatus()
            if case .session? = events.last { events[events.count - 1] = .session(self.status) }
            return SLUICE_OK
        } catch {
            return breach("session_report", error)
        }
    }

    private func challenge(
        _ pointer: UnsafePointer<sluice_challenge>?, account: UInt32, _ network: SessionNetwork
    ) throws(ContractBreach) -> LoginChallenge {
        let size = MemoryLayout<sluice_challenge>.size
        guard let challenge = try checkedEntity(pointer, size: size, "challenge") else {
            throw ContractBreach("challenge", "is null in state challenge")
        }
        guard Int(account) < reader.accounts.count else { throw ContractBreach("account", "is \(account)") }
        guard let kind = UInt8(exactly: challenge.pointee.kind).flatMap(LoginChallenge.Kind.init(rawValue:)) else {
            throw ContractBreach("challenge.kind", "is \(challenge.pointee.kind); SLUICE_CHALLENGE_* is 1 to 4")
        }
        let fieldSize = MemoryLayout<sluice_challenge_field>.size
        let span = try SpanReader(challenge.pointee.fields, size: fieldSize, limit: 16, "challenge.fields")
        var fields: [LoginChallenge.Field] = []
        for index in 0..<span.count {
            let field = try span.element(index, size: fieldSize, "challenge.fields")
                .assumingMemoryBound(to: sluice_challenge_field.self).pointee
            let name = try field.name.required("challenge.fields.name", limit: 64)
            let pattern = try field.pattern.text("challenge.fields.pattern", limit: 1024)
            guard pattern.map({ (try? Regex($0)) != nil }) ?? true else {
                throw ContractBreach("challenge.fields.pattern", "is no regular expression")
            }
            fields.append(
                LoginChallenge.Field(
                    name: name, label: try field.label.text("challenge.fields.label", limit: 256) ?? name,
                    isSecret: field.is_secret != 0, pattern: pattern))
        }
        let url = try RequestReader.template(
            UnsafeRawPointer(challenge), Int(SLUICE_AT_challenge_url), "challenge.url")
        try RequestReader.check(url, .alone, values: 0, "challenge.url")
        guard kind != .redirect || !url.isAbsent else { throw ContractBreach("challenge.url", "is absent") }
        let wall = now()
        let made = try network.egress.make(account: Int(account), now: wall) {
            evaluator, environment throws(ContractBreach) in
            do throws(TemplateError) {
                return try evaluator.value(url, in: &environment)
            } catch {
                throw ContractBreach("challenge.url", "\(error)")
            }
        }
        return LoginChallenge(
            id: try challenge.pointee.id.required("challenge.id"), kind: kind,
            url: made.isEmpty ? nil : String(decoding: made, as: UTF8.self),
            prompt: try challenge.pointee.prompt.text("challenge.prompt", limit: 1024) ?? "", fields: fields,
            deadline: challenge.pointee.deadline == 0 ? nil : timestamp(challenge.pointee.deadline),
            account: reader.accounts[Int(account)].id)
    }

    /// Gives the adapter what a person answered, as handles.
    func authReply(_ reply: ChallengeReply, _ entry: ServiceCall) {
        guard let network else { return end(entry, .failure(QueryFailure(.unsupported, "it has no login"))) }
        guard let challenge = status.challenge, challenge.id == reply.challenge, status.state == .challenge else {
            return end(
                entry,
                .failure(QueryFailure(.notReady, "the session is \(status.state.rawName) and waits for no such answer"))
            )
        }
        if challenge.hasRunOut(clock.wall()) {
            return end(entry, .failure(QueryFailure(.notReady, "the login waits for an answer no more: begin it anew")))
        }
        guard let account = reader.accounts.firstIndex(where: { $0.id == challenge.account }) else { return }
        var fields: [(name: String, handle: UInt64)] = []
        for field in challenge.fields {
            guard let value = reply.fields[field.name] else {
                return end(entry, .failure(QueryFailure(.failed, "the field \(field.name) is missing")))
            }
            let secret = value.withBytes { Signing.Secret($0) }
            guard let handle = network.vault.put(secret, account: account, name: "challenge_\(field.name)") else {
                return end(entry, .failure(QueryFailure(.queueFull, "the session holds as many secrets as it may")))
            }
            fields.append((field.name, handle))
        }
        guard let token = issueService(entry) else { return }
        takeBackForLogin(network)
        let id = scratch.text(challenge.id)
        let span = namedSecrets(fields)
        status.challenge = nil
        publishStatus()
        let returned = call(.authReply) { network.calls.authReply($0, token, id, span) }
        finishService(token, returned, entry, "auth_reply")
    }

    // MARK: - The end of a login

    /// A login that has run out degrades the session, whatever its adapter noticed: cancels and look-ups are still tried,
    /// orders are refused before they are sent.
    func noteLoginEnd() {
        guard status.state == .ready, let end = status.expiresAt, end.nanoseconds <= wallNow else { return }
        let error = AdapterError(code: .authExpired, text: "the login ended at \(end); log in again")
        setState(.degraded, expiresAt: end, error: error)
    }

    /// When to look whether the login is over, monotonic: once a minute at least, so that a set clock is noticed.
    func loginEnd(_ now: Int64) -> Int64? {
        guard status.state == .ready, let end = status.expiresAt else { return nil }
        return now &+ min(60_000_000_000, max(0, end.since(Timestamp(nanoseconds: wallNow))))
    }
}
