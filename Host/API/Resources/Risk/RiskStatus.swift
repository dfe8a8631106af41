import Domain
import Engine
import Exact
import Gateway
import Hummingbird

/// `/api/rms/status`: states, use of limits, and what risk people have under way.
extension Backend {
    func showRiskStatus(_ call: Call) async throws -> Answer {
        let principal = try call.caller()
        let covered = coveredAccounts(principal)
        let states = gateway.tradingStates().filter { isVisible($0.scope, principal, covered) }
        let (firm, groups, accounts) = gateway.usage()
        let version = gateway.riskConfiguration.version
        let now = gateway.clock.wall()
        let overrides = gateway.overrides().filter {
            $0.isActive(at: now) && isVisible($0.override.scope, principal, covered)
        }
        let squareOffs = gateway.squareOffs().filter {
            $0.end == nil && isVisible($0.squareOff.scope, principal, covered)
        }
        let heartbeats = gateway.heartbeats().filter { isVisible($0.heartbeat.scope, principal, covered) }
        return .json(reserving: 4_096) {
            $0.object {
                $0.member("config_version", version)
                $0.member("state", (states.first { $0.scope == .firm }?.status ?? .active).rawName)
                $0.list("states", states.filter { $0.status != .active }) { $0.tradingState($1) }
                $0.key("firm")
                $0.object { $0.list("usage", firm.usage) { $0.limitUsage($1) } }
                $0.list("groups", groups.filter { isVisible($0.scope, principal, covered) }) { json, group in
                    json.object {
                        $0.member("group_id", group.scope.id)
                        $0.member("state", group.state.rawName)
                        $0.list("usage", group.usage) { $0.limitUsage($1) }
                    }
                }
                $0.list("accounts", accounts.filter { isVisible($0.scope, principal, covered) }) { json, account in
                    json.object {
                        $0.member("account_id", account.scope.id)
                        $0.member("currency", account.currency?.description)
                        $0.member("state", account.state.rawName)
                        $0.list("usage", account.usage) { $0.limitUsage($1) }
                    }
                }
                $0.list("overrides", overrides) { $0.riskOverride($1, now: now) }
                $0.list("square_offs", squareOffs) { $0.squareOff($1) }
                $0.list("heartbeats", heartbeats) { $0.heartbeat($1) }
            }
        }
    }
}

extension JSONWriter {
    fileprivate mutating func limitUsage(_ usage: LimitUsage) {
        func text(_ value: Int64) -> String {
            usage.currency.map { Money(minorUnits: value, currency: $0).description } ?? "\(value)"
        }
        object {
            $0.member("control", usage.control.name)
            $0.member("used", usage.used.map(text))
            $0.member("limit", text(usage.limit))
            $0.member("unit", usage.unit.name)
            $0.member("used_bps", usage.basisPoints)
        }
    }

    mutating func heartbeat(_ status: Gateway.HeartbeatStatus) {
        object {
            $0.member("key_id", status.heartbeat.key)
            $0.member("person", status.heartbeat.person)
            $0.member("scope", status.heartbeat.scope.description)
            $0.member("ttl_ms", status.heartbeat.ttl / 1_000_000)
            $0.member("expires_at", status.expiresAt)
        }
    }

    mutating func riskOverride(_ entry: OverrideTable.Entry, now: Timestamp) {
        object {
            $0.member("override_id", "o\(entry.override.id)")
            $0.member("control", entry.override.control.name)
            $0.member("scope", entry.override.scope.description)
            $0.member("until", entry.override.until)
            $0.member("max_uses", entry.override.maximumUses)
            $0.member("uses", entry.uses)
            $0.member("reason", entry.override.reason)
            $0.member("by", entry.override.by)
            $0.member("at", entry.override.at)
            $0.member("is_active", entry.isActive(at: now))
        }
    }

    mutating func squareOff(_ status: Gateway.SquareOffStatus) {
        object {
            $0.member("square_off_id", "q\(status.squareOff.id)")
            $0.member("scope", status.squareOff.scope.description)
            $0.member("status", status.word)
            $0.member("reason", status.squareOff.reason)
            $0.member("by", status.squareOff.by)
            $0.member("at", status.squareOff.at)
            $0.member("done_at", status.end?.at)
            $0.list("positions", status.positions) { json, position in
                json.object {
                    $0.member("account_id", position.account.rawValue)
                    $0.member("symbol", position.symbol.text)
                    $0.member("quantity", text: position.quantity)
                    $0.member("status", position.status.rawValue)
                    $0.member("message", position.message.isEmpty ? nil : position.message)
                    $0.member("run_id", position.run?.description)
                }
            }
        }
    }
}
