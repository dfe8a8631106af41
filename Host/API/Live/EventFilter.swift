import Adapters
import Domain
import Engine
import Gateway

/// The place of an event: its journal record, and its number among the record's events.
struct EventPlace: Hashable, Comparable, Sendable {
    /// Behind every event of a record.
    static let end = 999_999_999

    let sequence: UInt64
    let index: Int

    init(sequence: UInt64, index: Int) { (self.sequence, self.index) = (sequence, index) }

    init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let sequence = UInt64(parts[0]), let index = Int(parts[1]), index <= Self.end
        else { return nil }
        (self.sequence, self.index) = (sequence, index)
    }

    static func < (left: EventPlace, right: EventPlace) -> Bool {
        (left.sequence, left.index) < (right.sequence, right.index)
    }
}

/// Which events a client hears of.
struct EventFilter: Sendable {
    let topics: Set<EventView.Topic>
    let principal: Principal
    let backend: Backend

    func admits(_ view: EventView) -> Bool {
        guard topics.contains(view.topic) else { return false }
        guard principal.isBoundToGroups else { return true }
        if let group = view.group { return principal.authority.covers(group) }
        let covered = backend.coveredAccounts(principal)
        if let account = view.account { return covered?.contains(account) ?? true }
        if let scope = view.facts["scope"]?.string.flatMap({ Scope($0) }) {
            return backend.isVisible(scope, principal, covered)
        }
        if let group = view.facts["group_id"]?.string { return GroupID(group).map(principal.authority.covers) ?? false }
        if let account = view.facts["account_id"]?.string {
            return AccountID(account).map { covered?.contains($0) ?? true } ?? false
        }
        return view.run == nil
    }

    func admits(session accounts: [AccountID]) -> Bool {
        guard topics.contains(.state) else { return false }
        guard let covered = backend.coveredAccounts(principal) else { return true }
        return accounts.contains(where: covered.contains)
    }
}

extension JSONWriter {
    mutating func event(_ event: EventView) {
        object {
            $0.member("id", event.id)
            $0.member("at", event.at)
            $0.member("topic", event.topic.rawValue)
            $0.member("type", event.type)
            $0.member("run_id", event.run?.description)
            $0.member("leg_id", event.leg?.description)
            $0.member("account_id", event.account?.rawValue)
            $0.member("group_id", event.group?.rawValue)
            $0.member("facts", .object(event.facts))
        }
    }

    mutating func session(
        _ id: SessionID, _ status: SessionStatus, _ accounts: [AccountID], _ at: Timestamp
    ) {
        object {
            $0.member("at", at)
            $0.member("topic", EventView.Topic.state.rawValue)
            $0.member("type", "session")
            $0.key("facts")
            $0.object {
                $0.member("adapter_id", id.adapter.rawValue)
                $0.list("account_ids", accounts.map(\.rawValue))
                $0.member("state", status.state.rawName)
                $0.member("expires_at", status.expiresAt)
                $0.member("error_code", status.error?.code.rawName)
                $0.member("text", status.error?.text ?? status.error?.brokerText)
            }
        }
    }
}
