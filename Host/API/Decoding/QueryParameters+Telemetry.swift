import Domain
import Engine
import Telemetry

extension QueryParameters {
    /// `from` ≤ time < `to`, RFC 3339; `from` at or after `to` is refused.
    mutating func window() -> (from: Timestamp?, to: Timestamp?) {
        let rule = "a time like 2026-11-25T09:15:00Z"
        let from = value("from", rule) { Timestamp(rfc3339: $0) }
        let to = value("to", rule) { Timestamp(rfc3339: $0) }
        if let from, let to, to <= from {
            refuse("to", text("to"), "is not after from", remedy: "send a time after \(from.rfc3339)")
        }
        return (from, to)
    }

    /// What every question about telemetry may be narrowed by. A key that is bound to groups hears of those alone; a group
    /// that it may not see is as if nothing had happened in it.
    mutating func telemetryFilter(for principal: Principal) -> TelemetryFilter {
        let (from, to) = window()
        var filter = TelemetryFilter(
            from: from, to: to, account: account(), adapter: value("adapter", AdapterID.rule) { AdapterID($0) },
            strategy: text("strategy"))
        filter.groups = groups(for: principal)
        return filter
    }

    /// `nil` = all, orders without a group among them.
    mutating func groups(for principal: Principal) -> Set<GroupID>? {
        let wanted = group().map { Set([$0]) }
        guard case .groups(let bound) = principal.authority else { return wanted }
        return wanted.map { $0.intersection(bound) } ?? Set(bound)
    }
}
