import Domain
import Engine
import Gateway
import HTTPTypes
import Hummingbird

/// `/api/emergency` and `/api/preflight`: what is reached for in a hurry, and what is looked at before trading.
extension Backend {
    // MARK: Emergency

    func showEmergency(_ call: Call) async throws -> Answer {
        let change = gateway.tradingStates().first { $0.scope == .firm }
        let closing = gateway.squareOffs().first { $0.squareOff.scope == .firm && $0.end == nil }
        return .json { $0.emergency(change, closing) }
    }

    /// A halt of the firm that also cancels what works.
    func stopEverything(_ call: Call) async throws -> Answer {
        let (principal, reason) = try await emergency(call)
        let change = try await gateway.setTradingState(
            .firm, .halted, reason: reason, by: principal.person, cancelWorking: true)
        return .json { $0.emergency(change, nil) }
    }

    /// A square-off of the firm.
    func closeEverything(_ call: Call) async throws -> Answer {
        let key = try call.idempotencyKey()
        let (principal, reason) = try await emergency(call)
        let status = try await gateway.squareOff(
            .firm, reason: reason, by: principal.caller,
            idempotency: Idempotency(key: key, fingerprint: Array("POST /api/emergency/close-all \(reason)".utf8)))
        let change = gateway.tradingStates().first { $0.scope == .firm }
        return .json(.accepted) { $0.emergency(change, status) }
    }

    func resumeEverything(_ call: Call) async throws -> Answer {
        let (principal, reason) = try await emergency(call)
        let change = try await setState(.firm, .active, reason: reason, principal, cancelWorking: false)
        return .json { $0.emergency(change, nil) }
    }

    private func emergency(_ call: Call) async throws -> (Principal, String) {
        let principal = try call.caller()
        var reader = ObjectReader(try await call.object())
        let reason = reader.required("reason", "say why") { $0.text("reason", maximum: 500) }
        reader.finish(Schema.reasonRequest)
        guard let reason, reader.entries.isEmpty else { throw Problem.invalid(reader.entries) }
        return (principal, reason)
    }

    // MARK: Preflight

    /// The last report, without looking anew.
    func showPreflight(_ call: Call) async throws -> Answer {
        guard let report = gateway.lastPreflight else {
            throw Problem(
                .notFound, "no_preflight", path: "", value: nil, "no preflight was made since the start",
                remedy: "POST /api/preflight makes one")
        }
        return .json(reserving: 4_096) { $0.preflight(report) }
    }

    func runPreflight(_ call: Call) async throws -> Answer {
        let report = try await gateway.preflight()
        return .json(reserving: 4_096) { $0.preflight(report) }
    }
}

extension JSONWriter {
    fileprivate mutating func emergency(_ change: TradingStateChange?, _ closing: Gateway.SquareOffStatus?) {
        object {
            $0.member("state", (change?.status ?? .active).rawName)
            $0.member("reason", change?.reason)
            $0.member("by", change?.by)
            $0.member("at", change?.at)
            $0.key("square_off")
            if let closing { $0.squareOff(closing) } else { $0.null() }
        }
    }

    fileprivate mutating func preflight(_ report: PreflightReport) {
        object {
            $0.member("at", report.at)
            $0.member("outcome", report.outcome.rawValue)
            $0.list("checks", report.checks) { json, check in
                json.object {
                    $0.member("check", check.kind.rawValue)
                    $0.member("account_id", check.account?.rawValue)
                    $0.member("outcome", check.outcome.rawValue)
                    $0.member("detail", check.detail)
                    $0.member("remedy", check.remedy)
                }
            }
        }
    }
}
