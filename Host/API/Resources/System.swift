import Domain
import Engine
import Gateway
import Hummingbird

/// Liveness, readiness, and the description of this interface.
extension Backend {
    func showHealth(_ call: Call) async throws -> Answer {
        .json { $0.object { $0.member("status", "ok") } }
    }

    /// 200 while requests are admitted, 503 otherwise. Account by account it is told to keys with the scope `read`: whom
    /// the gateway trades for is nobody else's business.
    func showReadiness(_ call: Call) async throws -> Answer {
        let isServing = gateway.isServing
        let statuses = gateway.accountStatuses()
        let principal = call.principal.flatMap { $0.scopes.allows(.read) ? $0 : nil }
        let covered = principal.flatMap { coveredAccounts($0) }
        return .json(isServing ? .ok : .serviceUnavailable, reserving: 4_096) {
            $0.object {
                $0.member("ready", isServing)
                $0.member("accounts_ready", statuses.count { $0.isReady })
                $0.member("accounts_total", statuses.count)
                if principal != nil {
                    $0.list("accounts", statuses.filter { covered?.contains($0.account.id) ?? true }) {
                        $0.readiness($1)
                    }
                }
            }
        }
    }

    func showDocument(_ call: Call) async throws -> Answer { .document(.ok, document) }
}

extension JSONWriter {
    mutating func readiness(_ status: Gateway.AccountStatus) {
        object {
            $0.member("account_id", status.account.id.rawValue)
            $0.member("ready", status.isReady)
            $0.member("state", status.stateName)
            $0.member("reason", status.reason)
            $0.member("circuit", status.circuit?.rawValue)
        }
    }
}

extension Gateway.AccountStatus {
    /// The session's state, or why there is none.
    var stateName: String { session?.state.rawName ?? (account.isEnabled ? "disconnected" : "disabled") }

    /// Why it is not ready; `nil` when it is.
    var reason: String? {
        if isReady { return nil }
        guard let session else {
            return account.isEnabled ? refusal ?? "the account has no session" : "the account is disabled"
        }
        if let poison = session.poisonReason { return "the adapter broke its contract: \(poison)" }
        if let error = session.error { return error.text ?? error.brokerText ?? error.code.rawName }
        return "the session is \(session.state.rawName)"
    }
}
