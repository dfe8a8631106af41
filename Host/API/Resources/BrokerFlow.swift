import Adapters
import Domain
import Engine

/// Sessions of an adapter as far as their circuit breakers and rate limits go.
extension Backend {
    /// The worst circuit of an adapter's sessions; `nil` = it has none.
    func circuit(of adapter: String) -> CircuitBreaker.State? {
        let states = adapters.sessions.filter { $0.id.adapter.rawValue == adapter }.map(\.circuitState)
        return states.contains(.open) ? .open : states.contains(.halfOpen) ? .halfOpen : states.first
    }
}

extension JSONWriter {
    /// - Parameter covered: accounts that the caller may see; sessions without one are left out.
    mutating func flows(_ sessions: [AdapterSession], covered: Set<AccountID>?) {
        let shown = sessions.filter { session in
            covered.map { accounts in session.accounts.contains { accounts.contains($0.id) } } ?? true
        }
        list("sessions", shown) { json, session in
            let health = session.health
            let now = session.now
            json.object {
                $0.list(
                    "accounts",
                    session.accounts.map(\.id.rawValue).filter { id in
                        covered.map { $0.contains { $0.rawValue == id } } ?? true
                    })
                $0.member("role", session.role.rawName)
                $0.member("state", session.status.state.rawName)
                $0.member("queued", health.queuedCommands)
                $0.member("in_flight", health.openCommands)
                $0.member("circuit", health.circuit.state(now: now).rawValue)
                $0.member("circuit_pause_ms", health.circuit.pauseLeft(now: now) / 1_000_000)
                $0.list("limits", health.limits) { json, limit in json.limit(limit, covered: covered) }
                $0.recording(session.recordingStatus)
            }
        }
    }

    /// By its name alone: where data lies says nothing to a client.
    private mutating func recording(_ status: RecordingStatus?) {
        key("recording")
        guard let status else { return null() }
        object {
            $0.member("file", status.path.split(separator: "/").last.map(String.init) ?? "")
            $0.member("bytes", status.bytes)
            $0.member("frames", status.frames)
            $0.member("stopped", status.stopped)
        }
    }

    private mutating func limit(_ status: RateBucketStatus, covered: Set<AccountID>?) {
        object {
            $0.member("id", status.id)
            $0.member("by", status.scopeKey)
            $0.member("mode", status.mode.rawValue)
            $0.member("waiting", status.waiting)
            $0.member("scope_count", status.scopeCount)
            let scopes = status.scopes.filter { scope in
                covered.map { accounts in scope.scope.map { accounts.contains(AccountID(unchecked: $0)) } ?? false }
                    ?? true
            }
            $0.list("scopes", scopes) { json, scope in
                json.object {
                    $0.member("scope", scope.scope)
                    $0.member("remaining", scope.remaining)
                    $0.member("blocked_ms", scope.blockedFor / 1_000_000)
                    $0.list("windows", scope.windows) { json, window in
                        json.object {
                            $0.member("units", window.units)
                            $0.member("per_ms", window.nanoseconds / 1_000_000)
                            $0.member("used", window.used)
                            $0.member("reserve", window.reserve)
                        }
                    }
                }
            }
        }
    }
}
