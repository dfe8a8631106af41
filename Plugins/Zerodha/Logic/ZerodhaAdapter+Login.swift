import AdapterKit
import Exact

// A login lasts until 06:00 Indian time, whatever happens (FACTS.md §2). It begins with a person in a browser: the page
// leads back with a request token, and that and the secret buy the access token, which the host takes out of the answer.

extension ZerodhaAdapter {
    private static let redirectID = "kite-login"

    func open(_ command: Command) {
        var login: Login
        do throws(HostError) {
            login = Login(
                apiKey: try host.secret("api_key", account: 0), apiSecret: try host.secret("api_secret", account: 0))
        } catch {
            let failure = AdapterError(
                .authenticationRejected, "api_key and api_secret of the account are needed: \(error)",
                field: "secrets", certainty: .notSent, retry: .never)
            host.sessionState(.failed, error: failure)
            command.notSent(failure)
            return
        }
        login.use(try? host.secret("access_token", account: 0))
        self.login = login
        if login.accessToken != nil { return verify(command) }
        if isData { return wait(command) }
        if let token = try? host.secret("request_token", account: 0) { return exchange(token, command) }
        renewOrAsk(command)
    }

    func close(_ command: Command) {
        closeStream()
        books.stop(host)
        if let loginEndTimer { host.cancelTimer(loginEndTimer) }
        host.sessionState(.closed)
        command.ok()
    }

    func authReply(_ answer: ChallengeAnswer, _ command: Command) {
        guard answer.id == Self.redirectID, let token = answer["request_token"] else {
            command.reject(
                AdapterError(
                    .invalid, "the login page leads back with request_token, and the answer has none",
                    field: "request_token", certainty: .rejected, retry: .afterLogin))
            return
        }
        exchange(token, command)
    }

    /// A session of prices uses the login that a person made for the account's orders: it asks nobody, and the host makes
    /// another when there is one.
    private func wait(_ command: Command) {
        let error = AdapterError(
            .authenticationExpired, "prices wait for the login of the account's orders", certainty: .notSent,
            retry: .afterLogin)
        host.sessionState(.failed, error: error)
        command.notSent(error)
    }

    // MARK: Tokens

    /// Whether the token that is there still opens anything: yesterday's looks like today's.
    private func verify(_ command: Command) {
        let request = ownRequest(.profile)
        let status = host.send(request) { [self] answer in
            if let error = answer.transport.error { return fail(error, command) }
            host.learnClock(from: answer)
            if answer.isSuccess {
                host.log(.info, "The kept login is still good")
                return isLoggedIn(expires: host.secretExpiry("access_token", account: 0), command)
            }
            let error = Failure.read(status: answer.status, body: try? answer.json())
            guard error.code == .authenticationExpired else { return fail(error, command) }
            host.log(.notice, "The kept login has ended")
            login?.use(nil)
            if isData { return wait(command) }
            if let token = try? host.secret("request_token", account: 0) { return exchange(token, command) }
            renewOrAsk(command)
        }
        if !status.isOK { fail(.refused(status), command) }
    }

    /// Buys an access token with what the login page gave.
    private func exchange(_ requestToken: SecretHandle, _ command: Command) {
        guard let login else { return }
        session(
            "/session/token", name: "request_token", token: requestToken, login, command
        ) { [self] error in
            // A request token is good once, and for minutes: the next try needs another.
            host.eraseSecret("request_token", account: 0)
            // Whatever the broker says of it, a person can bring another one; a broker that fails is tried again later.
            guard error.certainty == .rejected || error.httpStatus.map({ (400..<500).contains($0) }) ?? false else {
                return fail(error, command)
            }
            ask(command, after: error)
        }
    }

    /// Renews the login where the broker gave a token for that, else asks a person.
    private func renewOrAsk(_ command: Command) {
        guard let login, let token = try? host.secret("refresh_token", account: 0) else { return ask(command) }
        session("/session/refresh_token", name: "refresh_token", token: token, login, command) { [self] error in
            guard error.certainty == .rejected else { return fail(error, command) }
            host.eraseSecret("refresh_token", account: 0)
            ask(command)
        }
    }

    /// The same of a login that has ended on its own: no command waits for it.
    private func renewOrChallenge(_ login: Login, _ error: AdapterError?, renews: Bool) {
        func askPerson(_ error: AdapterError?) {
            challenge(login, "The login has ended: open the page, sign in, and let the broker lead back here", error)
        }
        guard renews, let token = try? host.secret("refresh_token", account: 0) else { return askPerson(error) }
        session("/session/refresh_token", name: "refresh_token", token: token, login, nil) { [self] failure in
            if failure.certainty == .rejected { host.eraseSecret("refresh_token", account: 0) }
            askPerson(failure)
        }
    }

    /// `POST /session/token` and `/session/refresh_token`: the same form with another token in it.
    private func session(
        _ path: String, name: String, token: SecretHandle, _ login: Login, _ command: Command?,
        otherwise: @escaping (AdapterError) -> Void
    ) {
        host.sessionReport(.opening)
        let expiresAt = IndianTime.loginEnd(after: host.now)
        let request = sessionRequest(path, name: name, token: token, login, expiresAt: expiresAt)
        let status = host.send(request) { [self] answer in
            if let error = answer.transport.error { return otherwise(error) }
            guard answer.isSuccess, let accessToken = answer.captured("access_token") else {
                let body = try? answer.json()
                return otherwise(
                    answer.isSuccess
                        ? Failure.unreadable(status: answer.status, "the login's answer holds no access_token")
                        : Failure.read(status: answer.status, body: body))
            }
            keep("access_token", accessToken, until: expiresAt)
            if let refresh = answer.captured("refresh_token") { keep("refresh_token", refresh, until: nil) }
            // A connection that was opened with the token before would be refused with it when it is made again.
            closeStream()
            self.login?.use(accessToken)
            host.eraseSecret("request_token", account: 0)
            isLoggedIn(expires: expiresAt, command)
        }
        if !status.isOK { otherwise(.refused(status)) }
    }

    func sessionRequest(
        _ path: String, name: String, token: SecretHandle, _ login: Login, expiresAt: Timestamp
    ) -> Request {
        var request = host.request(.post, Self.endpoint, path, account: 0, effect: .session)
        request.header("X-Kite-Version", "3")
        request.form("api_key", .secret(login.apiKey))
        request.form(name, .secret(token))
        request.form(
            "checksum",
            .encode(.hex, .digest(.sha256, "\(secret: login.apiKey)\(secret: token)\(secret: login.apiSecret)")))
        request.capture(Capture(.json("/data/access_token"), as: "access_token", expiresAt: expiresAt))
        request.capture(Capture(.json("/data/refresh_token"), as: "refresh_token", isOptional: true))
        request.capture(Capture(.json("/data/public_token"), as: "public_token", isOptional: true))
        request.capture(Capture(.json("/data/enctoken"), as: "enctoken", isOptional: true))
        request.cost(Call.Bucket.others.rawValue)
        return request
    }

    private func keep(_ name: String, _ handle: SecretHandle, until: Timestamp?) {
        let status = host.storeSecret(name, handle, account: 0, expiresAt: until)
        if !status.isOK {
            host.log(
                .warning, "The login will not survive a restart: its token could not be kept",
                ["token": name, "status": status.description])
        }
    }

    private func ask(_ command: Command, after error: AdapterError? = nil) {
        guard let login else { return }
        challenge(login, "Open the page, sign in, and let the broker lead back here", error)
        if let error { command.reject(error) } else { command.ok() }
    }

    private func fail(_ error: AdapterError, _ command: Command) {
        host.sessionState(.failed, error: error)
        command.fail(error)
    }

    private func isLoggedIn(expires: Timestamp?, _ command: Command?) {
        let end = IndianTime.loginEnd(after: host.now)
        let expiresAt = expires.map { $0.nanoseconds < end.nanoseconds ? $0 : end } ?? end
        host.sessionReport(.ready, expiresAt: expiresAt)
        if let loginEndTimer { host.cancelTimer(loginEndTimer) }
        loginEndTimer = try? host.timer(at: expiresAt, tag: TimerTag.loginEnd.rawValue)
        command?.ok()
        openStream()
        if !isData { readBooks() }
    }

    // MARK: The end of a login

    /// The broker said that the token is dead, or its hour has come. The account waits for a person; nothing else ends.
    ///
    /// - Parameter renews: Whether a token that renews logins may be used: not where somebody ended this one on purpose.
    func loginHasEnded(_ error: AdapterError?, renews: Bool = true) {
        guard isLoggedIn, let login else { return }
        if isData {
            // What is kept may be a newer login already.
            self.login?.use(nil)
            closeStream()
            host.sessionState(
                .failed,
                error: error
                    ?? AdapterError(
                        .authenticationExpired, "the login has ended", certainty: .rejected, retry: .afterLogin))
            return
        }
        self.login?.use(nil)
        host.eraseSecret("access_token", account: 0)
        closeStream()
        books.stop(host)
        host.log(.warning, "The login has ended")
        host.sessionReport(.opening)
        renewOrChallenge(login, error, renews: renews)
    }

    /// Sends a person to the login page; `authReply` brings what it gave.
    private func challenge(_ login: Login, _ prompt: String, _ error: AdapterError?) {
        host.sessionReport(
            .challenge, error: error,
            challenge: Challenge(
                .redirect, id: Self.redirectID, url: "\(settings.loginURL)?v=3&api_key=\(secret: login.apiKey)",
                prompt: prompt,
                fields: [Challenge.Field("request_token", label: "request_token of the page the broker leads to")]))
    }

    /// Vendor calls on the login itself.
    static let sessionCalls: [Connections.VendorCall] = [
        Connections.VendorCall(
            "refresh_session", .session, "renews the login, on platforms that the broker approved",
            argumentsSchema: Schema.nothing),
        Connections.VendorCall("logout", .session, "ends the login at the broker", argumentsSchema: Schema.nothing),
        Connections.VendorCall(
            "invalidate_refresh_token", .session, "makes the broker forget the token that renews logins",
            argumentsSchema: Schema.nothing),
    ]

    /// Answers one of them.
    func sessionCall(_ name: String, _ command: Command) {
        guard let login else { return missing("login", command) }
        switch name {
        case "refresh_session":
            guard let token = try? host.secret("refresh_token", account: 0) else {
                return missing("refresh_token", command)
            }
            session("/session/refresh_token", name: "refresh_token", token: token, login, command) { command.fail($0) }
        case "logout":
            guard let token = login.accessToken else { return missing("access_token", command) }
            endSession("access_token", token, login, command) { [self] in loginHasEnded(nil, renews: false) }
        default:
            guard let token = try? host.secret("refresh_token", account: 0) else {
                return missing("refresh_token", command)
            }
            endSession("refresh_token", token, login, command) { [self] in
                host.eraseSecret("refresh_token", account: 0)
            }
        }
    }

    /// `DELETE /session/token`.
    private func endSession(
        _ name: String, _ token: SecretHandle, _ login: Login, _ command: Command, then: @escaping () -> Void
    ) {
        var request = host.request(.delete, Self.endpoint, "/session/token", for: command, effect: .session)
        request.query("api_key", .secret(login.apiKey))
        request.query(name, .secret(token))
        request.headers(login.headers)
        request.cost(Call.Bucket.others.rawValue)
        host.send(request, for: command) { [self] answer in
            switch read(answer, bucket: .others) {
            case .success(let data):
                command.ok(document: data.serializedText())
                then()
            case .failure(let error): command.fail(error)
            }
        }
    }

    private func missing(_ name: String, _ command: Command) {
        command.notSent(
            AdapterError(
                .authenticationRejected, "there is no \(name)", field: name, certainty: .notSent, retry: .afterLogin))
    }
}

/// What a timer is for.
enum TimerTag: UInt64 {
    case loginEnd = 1
    case books
}
