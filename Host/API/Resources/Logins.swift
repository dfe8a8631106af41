import Adapters
import Domain
import Gateway
import Hummingbird
import NIOCore
import Settings

/// Logins: challenges shown and answered, and the broker's redirect (INTERFACES.md §6).
extension Backend {
    private func session(of account: Account) throws(Problem) -> AdapterSession {
        guard let session = adapters.session(for: account.id) else {
            throw Problem(
                .conflict, "account_has_no_session", path: "{account}", value: account.id.rawValue,
                "the account is not connected", remedy: "POST /api/accounts/\(account.id.rawValue)/connect")
        }
        return session
    }

    func showLogin(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        let session = try session(of: account)
        return .json { $0.login(account.id, session) }
    }

    /// Answers the challenge that stands, or begins a login where none is under way.
    func logIn(_ call: Call) async throws -> Answer {
        let account = try account(try call.account(), for: try call.caller())
        var reader = ObjectReader(try await call.object())
        let challenge = reader.text("challenge", maximum: 256)
        let fields = Self.fields(&reader)
        reader.finish(Schema.loginAnswer)
        guard reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        let session = try session(of: account)
        let actor = try call.caller().caller.actor
        if let challenge {
            try await answer(challenge, fields ?? [:], account.id, session, by: actor)
        } else {
            await begin(session)
            try await gateway.record(.accountConnected, account.id.rawValue, detail: "login begun", by: actor)
        }
        return .json { $0.login(account.id, session) }
    }

    private static func fields(_ reader: inout ObjectReader) -> [String: Secret]? {
        guard let value = reader.take("fields") else { return nil }
        guard case .object(let members) = value, members.count <= 16 else {
            reader.refuse("fields", nil, "is no object", remedy: "expected name and value of each field asked for")
            return nil
        }
        var fields: [String: Secret] = [:]
        for (name, value) in members {
            guard case .string(let text) = value, (1...8192).contains(text.utf8.count) else {
                // What was sent may be a secret: it is not repeated.
                reader.refuse("fields", nil, "the value of a field is no text", remedy: "expected 1 to 8192 bytes")
                continue
            }
            fields[name] = Secret(Array(text.utf8))
        }
        return fields
    }

    private func begin(_ session: AdapterSession) async {
        let status = session.status
        let hasRunOut = status.challenge?.hasRunOut(gateway.clock.wall()) ?? false
        guard ![.opening, .ready].contains(status.state), status.state != .challenge || hasRunOut else { return }
        _ = await withCheckedContinuation { (done: CheckedContinuation<Bool, Never>) in
            let verdict = session.open(deadline: gateway.clock.monotonic() + 30_000_000_000) { _ in
                done.resume(returning: true)
            }
            if case .refused = verdict { done.resume(returning: false) }
        }
    }

    /// Passes an answer on, and says in the audit how it ended; one that the challenge does not ask for is passed to nobody.
    private func answer(
        _ challenge: String, _ fields: [String: Secret], _ account: AccountID, _ session: AdapterSession,
        by actor: Actor
    ) async throws {
        guard let standing = session.status.challenge, standing.id == challenge else {
            throw Problem(
                .conflict, "no_such_challenge", path: "/challenge", value: challenge,
                "the login waits for no such answer", remedy: "GET the login again and answer what it shows")
        }
        guard !standing.hasRunOut(gateway.clock.wall()) else {
            throw Problem(
                .conflict, "login_challenge_over", path: "/challenge", value: challenge,
                "the login waited for an answer until \(standing.deadline?.description ?? "")",
                remedy: "POST an empty object to begin anew")
        }
        let flaws = standing.flaws(of: fields)
        guard flaws.isEmpty else {
            throw Problem.invalid(
                flaws.map {
                    // What was sent may be a secret: it is not repeated.
                    Problem.Entry(
                        path: "/fields/\($0.field.name)", value: nil, message: $0.message, remedy: $0.field.label)
                })
        }
        let deadline = gateway.clock.monotonic() + 30_000_000_000
        let result = await withCheckedContinuation { done in
            session.answer(ChallengeReply(challenge: challenge, fields: fields), deadline: deadline) {
                done.resume(returning: $0)
            }
        }
        var detail = "login answered"
        if case .failure(let failure) = result { detail += " and failed: \(failure.text.prefix(200))" }
        try await gateway.record(.accountConnected, account.rawValue, detail: detail, by: actor)
        if case .failure(let failure) = result {
            throw Problem(
                .unprocessableContent, "login_failed", path: "/fields", value: nil, "the login failed: \(failure.text)",
                remedy: "GET the login again; where it shows no challenge, POST an empty object to begin anew")
        }
    }

    // MARK: - Called by brokers, without a key

    /// A broker's redirect. It is believed only while a redirect is waited for, and only the fields that the challenge
    /// names are taken; the page says nothing that the caller did not know.
    func takeLoginRedirect(_ call: Call) async throws -> Answer {
        let id = try call.account()
        guard let session = adapters.session(for: id), let challenge = session.status.challenge,
            challenge.kind == .redirect, challenge.account == id
        else { throw Problem.notFound("login", id.rawValue, remedy: "begin with sluice accounts login") }
        var fields: [String: Secret] = [:]
        for field in challenge.fields {
            if let value = call.query.text(field.name) { fields[field.name] = Secret(Array(value.utf8)) }
        }
        try await answer(challenge.id, fields, id, session, by: Actor(person: "callback", keyID: ""))
        let text = "<!doctype html><title>Sluice</title><p>Logged in. This window may be closed.</p>\n"
        return Answer(
            .ok, headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }

    /// A broker's own call, raw to its adapter, which checks the signature.
    func takePostback(_ call: Call) async throws -> Answer {
        let id = try call.account()
        guard let session = adapters.session(for: id), let index = session.accountIndex(id) else {
            throw Problem.notFound("account", id.rawValue, remedy: "the account is not connected")
        }
        let body = try await BodyReading.collect(call.request)
        let headers = call.request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        let webhook = WebhookDelivery(
            accountIndex: index, headers: headers, body: Array(body.readableBytesView), receivedTime: call.receivedAt)
        let result = await withCheckedContinuation { done in
            session.deliver(webhook) { done.resume(returning: $0) }
        }
        if case .failure(let failure) = result {
            throw Problem(.serviceUnavailable, "postback_not_taken", failure.text)
        }
        return .noContent
    }

    // MARK: - Calls of an adapter's own

    func callBroker(_ call: Call) async throws -> Answer {
        var reader = ObjectReader(try await call.object())
        let account = reader.required("account_id", "expected \(AccountID.rule)") {
            $0.identifier("account_id", AccountID.self)
        }
        let name = reader.required("name", "expected the name of a call") { $0.text("name") }
        var arguments = "{}"
        if let value = reader.take("arguments") {
            if case .object = value {
                arguments = value.serializedText()
            } else {
                reader.refuse("arguments", value, "is no object", remedy: "expected what the call's schema describes")
            }
        }
        reader.finish(Schema.brokerCall)
        guard reader.entries.isEmpty, let account, let name else { throw Problem.invalid(reader.entries) }
        let known = try self.account(account, for: try call.caller())
        guard known.adapter.rawValue == call.parameter(0) else {
            throw Problem(
                .conflict, "account_of_other_broker", path: "/account_id", value: account.rawValue,
                "the account's adapter is \(known.adapter)", remedy: "call /api/brokers/\(known.adapter)/call")
        }
        let session = try session(of: known)
        guard let index = session.accountIndex(account) else { throw Problem.unknownAccount(account.rawValue) }
        let findings = session.adapter.findings(ofArguments: arguments, call: name)
        guard findings.isEmpty else { throw Problem.invalid(findings.map { $0.entry(below: "/arguments") }) }
        if let declared = session.connections?.vendorCalls.first(where: { $0.name == name }) {
            try await gateway.admit(declared, account: known, by: try call.caller().caller.actor)
        }
        let deadline = gateway.clock.monotonic() + 30_000_000_000
        let result = await withCheckedContinuation { done in
            session.vendorCall(name, arguments: arguments, accountIndex: index, deadline: deadline) {
                done.resume(returning: $0)
            }
        }
        switch result {
        case .success(let text):
            return .json { $0.object { $0.document("result", text.isEmpty ? nil : text) } }
        case .failure(let failure):
            throw Problem(
                failure.reason == .unsupported ? .notFound : .badGateway, "broker_call_failed", path: "/name",
                value: name, failure.text, remedy: "GET /api/brokers/\(known.adapter) lists the calls it has")
        }
    }
}

extension JSONWriter {
    fileprivate mutating func login(_ account: AccountID, _ session: AdapterSession) {
        let status = session.status
        object { json in
            json.member("account_id", account.rawValue)
            json.member("state", status.state.rawName)
            json.member("since", status.since)
            json.member("expires_at", status.expiresAt)
            json.member("renew_at", status.renewAt)
            json.member("reason", status.error.flatMap { $0.brokerText ?? $0.text })
            json.member("how", session.connections?.loginText)
            json.document("capability_document", status.capabilityDocument)
            json.key("challenge")
            if let challenge = status.challenge { json.challenge(challenge) } else { json.null() }
        }
    }

    private mutating func challenge(_ challenge: LoginChallenge) {
        object { json in
            json.member("id", challenge.id)
            json.member("kind", challenge.kind.rawName)
            json.member("url", challenge.url)
            json.member("prompt", challenge.prompt)
            json.member("deadline", challenge.deadline)
            json.list("fields", challenge.fields) { json, field in
                json.object {
                    $0.member("name", field.name)
                    $0.member("label", field.label)
                    $0.member("secret", field.isSecret)
                    $0.member("pattern", field.pattern)
                }
            }
        }
    }
}
