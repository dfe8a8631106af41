import Adapters
import Domain
import Engine
import Exports
import Gateway
import Logging
import NIOPosix
import Store

/// What handlers work on. Its extensions, one file a resource, are the handlers.
struct Backend: Sendable {
    let runtime: GatewayRuntime
    let keys: KeyRing
    let streams: LiveStreams
    let exports: ExportDesk
    let logger: Logger
    /// `openapi.json`, made once.
    let document: [UInt8]

    var gateway: Gateway { runtime.gateway }
    var adapters: AdapterHost { runtime.adapters }

    /// Accounts that a caller may see; `nil` = all.
    func coveredAccounts(_ principal: Principal) -> Set<AccountID>? {
        guard principal.isBoundToGroups else { return nil }
        return Set(gateway.groups(for: principal.authority).flatMap { $0.members.map(\.account) })
    }

    /// An account that exists and that the caller may see; another is as if it did not exist.
    func account(_ id: AccountID, for principal: Principal) throws(Problem) -> Account {
        guard let account = gateway.account(id), coveredAccounts(principal)?.contains(id) ?? true else {
            throw .unknownAccount(id.rawValue)
        }
        return account
    }

    func group(_ id: GroupID, for principal: Principal) throws(Problem) -> ExecutionGroup {
        guard principal.authority.covers(id), let group = gateway.group(id) else { throw .unknownGroup(id.rawValue) }
        return group
    }

    /// A run that exists and that the caller may see.
    ///
    /// - Parameter group: the group that the path names, which must be the run's.
    func run(_ id: RunID, of group: GroupID? = nil, for principal: Principal) async throws -> RunSnapshot {
        guard let run = try await gateway.settledRun(id), gateway.covers(principal.authority, run),
            group == nil || run.group == group
        else { throw Problem.unknownRun(id.description) }
        return run
    }

    /// Runs what blocks on the disk away from the event loops.
    func offLoop<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(body)
    }

    /// Part of a list that is whole in memory, newest first.
    func page<Item>(
        _ items: [Item], _ query: inout QueryParameters, id: (Item) -> String
    ) throws(Problem) -> (items: ArraySlice<Item>, next: String?) {
        let limit = query.limit()
        var start = items.startIndex
        if let cursor = query.text("cursor") {
            if let index = items.firstIndex(where: { id($0) == cursor }) {
                start = index + 1
            } else {
                query.refuse(
                    "cursor", cursor, "is no cursor of this list",
                    remedy: "send next_cursor of the page before, or none")
            }
        }
        try query.check()
        let end = min(start + limit, items.endIndex)
        return (items[start..<end], end < items.endIndex ? id(items[end - 1]) : nil)
    }
}
