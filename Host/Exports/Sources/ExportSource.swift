import Domain
package import Engine
package import Gateway

/// What exports read from.
package struct ExportSources: Sendable {
    let gateway: Gateway
    let telemetry: TelemetryService
    /// The person that an API key names.
    let person: @Sendable (String) -> String?

    package init(_ runtime: GatewayRuntime, person: @escaping @Sendable (String) -> String?) {
        (gateway, telemetry, self.person) = (runtime.gateway, runtime.telemetry, person)
    }

    /// Opens an export. Nothing is read before the first portion is asked for.
    ///
    /// - Parameter authority: whose groups the reader may see; rows of others are left out.
    package func open(_ request: ExportRequest, authority: TradingAuthority = .everything) -> ExportStream {
        ExportStream(request, source: source(request, Visibility(gateway, authority, request)))
    }

    private func source(_ request: ExportRequest, _ visibility: Visibility) -> any ExportSource {
        switch request.dataset {
        case .runs: RunSource(gateway, request, visibility)
        case .legs: LegSource(gateway, telemetry, request, visibility)
        case .events: EventSource(gateway, request, visibility)
        case .audit: AuditSource(gateway, request, person: person)
        case .pnl: DailyResultSource(gateway, request, visibility)
        case .positions: PositionSource(gateway, request, visibility)
        case .latency: LatencySource(telemetry, request, visibility)
        }
    }
}

/// Brings rows in bounded portions.
protocol ExportSource: Sendable {
    /// Writes the next portion.
    ///
    /// - Returns: `false` at the end. A portion before the end may be empty.
    mutating func write(to writer: inout ExportWriter) async throws -> Bool
}

/// One export under way: header, portions, end. Whoever drops it releases everything that it held.
package struct ExportStream: Sendable {
    private enum Place { case beginning, rows, finished }

    package let request: ExportRequest
    private var writer: ExportWriter
    private var source: any ExportSource
    private var place = Place.beginning

    init(_ request: ExportRequest, source: any ExportSource) {
        (self.request, self.source) = (request, source)
        writer = ExportWriter(request.format, columns: request.shownColumns)
    }

    /// Rows written so far.
    package var rows: Int64 { writer.rows }

    /// The next bytes, never empty; `nil` at the end. Each portion is some 1,000 rows.
    ///
    /// - Throws: `GatewayError` where the store cannot be read; what came before is then not the whole.
    package mutating func next() async throws -> [UInt8]? {
        if place == .beginning {
            place = .rows
            writer.begin(request.dataset)
            if !writer.bytes.isEmpty { return writer.take() }
        }
        while place == .rows {
            if try await source.write(to: &writer) {
                if !writer.bytes.isEmpty { return writer.take() }
            } else {
                place = .finished
                writer.end()
                if !writer.bytes.isEmpty { return writer.take() }
            }
        }
        return nil
    }
}

/// Which rows a reader sees and a request asks for.
struct Visibility: Sendable {
    private let gateway: Gateway
    private let authority: TradingAuthority
    private let group: GroupID?
    private let account: AccountID?
    private let adapter: AdapterID?
    /// Accounts that the reader may see; `nil` = all.
    private let covered: Set<AccountID>?
    /// Members of the group that was asked for, as they are now; `nil` = none was.
    private let members: Set<AccountID>?
    private let adapters: [AccountID: AdapterID]

    init(_ gateway: Gateway, _ authority: TradingAuthority, _ request: ExportRequest) {
        (self.gateway, self.authority) = (gateway, authority)
        (group, account, adapter) = (request.group, request.account, request.adapter)
        if case .groups = authority {
            covered = Set(gateway.groups(for: authority).flatMap { $0.members.map(\.account) })
        } else {
            covered = nil
        }
        members = request.group.map { Set((gateway.group($0)?.members ?? []).map(\.account)) }
        adapters = Dictionary(gateway.accounts().map { ($0.id, $0.adapter) }, uniquingKeysWith: { first, _ in first })
    }

    /// Groups whose rows are told where rows know their group; `nil` = all.
    var groups: Set<GroupID>? {
        guard case .groups(let bound) = authority else { return group.map { [$0] } }
        return group.map { authority.covers($0) ? [$0] : [] } ?? Set(bound)
    }

    func adapter(of account: AccountID) -> AdapterID? { adapters[account] }

    /// A run as a whole: by its group, or by what its legs are.
    func admits(_ run: RunSnapshot) -> Bool {
        guard isCovered(run) else { return false }
        guard account != nil || adapter != nil else { return true }
        return run.legs.contains { admits($0) }
    }

    /// Whether the reader may see every run.
    var seesEverything: Bool { covered == nil }

    /// Whether the reader may see a run of a group, or of these accounts where it has none.
    func covers(_ group: GroupID?, _ accounts: some Sequence<AccountID>) -> Bool {
        guard let covered else { return true }
        return group.map { authority.covers($0) } ?? accounts.allSatisfy { covered.contains($0) }
    }

    func isCovered(_ run: RunSnapshot) -> Bool {
        if let group, run.group != group { return false }
        return covered == nil || gateway.covers(authority, run)
    }

    private func admits(_ leg: RunSnapshot.Leg) -> Bool {
        (account ?? leg.account) == leg.account && (adapter ?? leg.adapter) == leg.adapter
    }

    func admits(_ event: EventView) -> Bool {
        if let group, event.group != group { return false }
        if let account, event.account != account { return false }
        if let adapter, event.account.flatMap({ adapters[$0] }) != adapter { return false }
        guard let covered else { return true }
        if let group = event.group { return authority.covers(group) }
        if let account = event.account { return covered.contains(account) }
        // What concerns neither is the firm's, and told to those who see all of it.
        return false
    }

    /// What is one account's, of no certain group.
    func admits(_ id: AccountID, _ itsAdapter: AdapterID?) -> Bool {
        (account ?? id) == id && (adapter == nil || adapter == itsAdapter) && members?.contains(id) ?? true
            && covered?.contains(id) ?? true
    }
}
