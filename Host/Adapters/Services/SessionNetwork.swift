import Domain
import Signing
import Transport

/// What a session with a network has open: requests, sends that commands depend on, sockets, calls that wait. Lane only;
/// `egress` and its vault are shared with the threads that send.
final class SessionNetwork {
    struct Stream {
        var link: any SocketLink
        var account: Int
        var isWebSocket: Bool
        /// Of each opening.
        var costs: [RequestPlan.Cost] = []
        var hasOpened = false
        var isClosed = false
    }
    /// A request that waits for its next try.
    struct Retry {
        var at: Int64
        var request: OutboundRequest
    }

    let calls: ConnectedModule
    let endpoints: EndpointTable
    let transport: any Transport
    let egress: Egress
    let keeper: (any SecretKeeper)?
    let grantsReveal: Bool
    unowned let session: AdapterSession
    // As in `SessionCore`: no access is under way while the adapter runs or the transport is called.
    /// By the adapter's tag.
    @exclusivity(unchecked) var requests: [UInt64: OutboundRequest] = [:]
    /// Of streamed answers, by the tag of their requests.
    @exclusivity(unchecked) var flows: [UInt64: any HTTPFlow] = [:]
    var openFrames: [UInt64: OutboundFrame] = [:]
    /// What each open command asked to be sent.
    @exclusivity(unchecked) var sends: [UInt64: [any Outbound]] = [:]
    @exclusivity(unchecked) var retries: [Retry] = []
    /// What stood around the last mutation's body and the last other request's.
    @exclusivity(unchecked) var mutationFrame: RequestPlan.Frame?
    @exclusivity(unchecked) var readFrame: RequestPlan.Frame?
    var streams: [UInt64: Stream] = [:]
    var lastStream: UInt64 = 0
    /// What the broker waits to hear, oldest first, with the command that it is about.
    @exclusivity(unchecked) var questions: [(token: UInt64, question: BrokerQuestion)] = []
    var lastQuestion: UInt64 = 0
    /// Calls of people that wait for the adapter's completion, by token.
    @exclusivity(unchecked) var waiting: [UInt64: ServiceCall] = [:]
    @exclusivity(unchecked) var rates: RequestRates
    /// Instruments that the adapter looks at until its call returns; let go at the turn's end.
    @exclusivity(unchecked) var lent: [AdapterInstrument] = []
    /// Prices of this turn, published when no lane call is open.
    @exclusivity(unchecked) var ticks: [(instrument: InstrumentIndex?, quote: Quote)] = []

    init(
        _ calls: ConnectedModule, _ adapter: LoadedAdapter, endpoints: EndpointTable, transport: any Transport,
        egress: Egress, keeper: (any SecretKeeper)?, flow: SessionFlow?, session: AdapterSession
    ) {
        (self.calls, self.endpoints, self.transport) = (calls, endpoints, transport)
        (self.egress, self.keeper, self.session) = (egress, keeper, session)
        grantsReveal = adapter.grantsReveal
        rates = RequestRates(flow, login: session.id.login)
    }

    var vault: SecretVault { egress.vault }

    /// When something of the network is due though nothing arrives, monotonic.
    var nextWake: Int64? { retries.isEmpty ? nil : retries.lazy.map(\.at).min() }

    /// Notes what serves which commands. `true`: none of them has sent anything before.
    @discardableResult
    func depend(_ tokens: [UInt64], on outbound: any Outbound) -> Bool {
        var isFirst = true
        for token in tokens {
            if Self.append(outbound, to: &sends[token, default: []]) > 1 { isFirst = false }
        }
        return isFirst
    }

    private static func append(_ outbound: any Outbound, to sends: inout [any Outbound]) -> Int {
        if sends.isEmpty { sends = [outbound] } else { sends.append(outbound) }
        return sends.count
    }

    // MARK: - The verdict (ABI.md rule 26)

    /// What the transport knows of the mutations that a command asked for. What still waits is taken back: the command is
    /// over, and nothing may be sent for it any more. A read that other commands asked for, too, goes on.
    enum Record { case none, neverSent, left, answered }

    func settle(_ token: UInt64) -> (record: Record, written: Int64?, firstByte: Int64?, roundTrip: Int64?) {
        guard let asked = sends.removeValue(forKey: token) else { return (.none, nil, nil, nil) }
        var record = Record.none
        var written: Int64?
        var last: SendRecord?
        for send in asked {
            let known = send.isMutation || send.isOfOneCommand ? send.settle() : send.record
            if send.isMutation {
                switch (known.proof, record) {
                case (.left, _), (.waiting, _): record = .left
                case (.answered, .none), (.answered, .neverSent): record = .answered
                case (.never, .none): record = .neverSent
                default: break
                }
            }
            if let at = known.written { written = max(written ?? at, at) }
            if let at = known.firstByte, at > last?.firstByte ?? .min { last = known }
        }
        return (record, written, last?.firstByte, last?.roundTrip)
    }

    // MARK: - The end

    /// Ends everything: what was not written is taken back, sockets are closed.
    func end() {
        for request in requests.values { _ = request.takeBack() }
        for stream in streams.values where !stream.isClosed { stream.link.close(code: 1001, reason: "session closed") }
        requests.removeAll()
        flows.removeAll()
        openFrames.removeAll()
        retries.removeAll()
        rates.forgetAll()
        sends.removeAll()
    }
}

extension Verdict {
    /// What the host makes of an adapter's word, given what the transport knows.
    static func judged(
        _ claim: MutationOutcome, _ record: SessionNetwork.Record
    ) -> (outcome: MutationOutcome, cause: HostCause?)? {
        switch (record, claim) {
        case (.none, _), (.left, .accepted), (.left, .unknown), (.answered, .accepted), (.answered, .rejected),
            (.answered, .unknown), (.neverSent, .notSent):
            nil
        // Bytes left and no whole answer came: the broker may hold the order, whatever the adapter makes of it.
        case (.left, .rejected), (.left, .notSent): (.unknown, .transport)
        case (.answered, .notSent): (.unknown, .contradiction)
        case (.neverSent, .accepted): (.unknown, .contradiction)
        case (.neverSent, .rejected), (.neverSent, .unknown): (.notSent, .transport)
        }
    }
}

extension SessionNetwork {
    /// What a session needs before its adapter is asked for anything: addresses and secrets.
    static func make(
        _ calls: ConnectedModule, _ adapter: LoadedAdapter, id: SessionID, accounts: [Account],
        environment: LaneEnvironment, services: SessionServices, flow: SessionFlow?, session: AdapterSession
    ) throws(SessionFailure) -> SessionNetwork {
        var ways: [AccountConnection] = []
        for account in accounts {
            do {
                ways.append(try services.connection(account))
            } catch {
                throw SessionFailure(code: "session.secret", reason: "account \(account.id): \(error)")
            }
        }
        let endpoints = try EndpointTable(adapter, calls.connections, id: id, accounts: accounts, ways: ways)
        let vault = SecretVault(shared: services.sharedLimits, accounts: accounts.map(\.id.rawValue))
        let now = environment.clock.wall()
        for (index, account) in accounts.enumerated() {
            var known: [KeptSecret] = []
            do {
                known = try services.secretKeeper?.kept(adapter.id, account.id, now: now) ?? []
            } catch {
                throw SessionFailure(
                    code: "session.secret", reason: "the kept secrets of account \(account.id) cannot be read: \(error)"
                )
            }
            for kept in known {
                _ = vault.put(
                    kept.secret.withBytes { Signing.Secret($0) }, account: index, name: kept.name,
                    expiresAt: kept.expiresAt?.nanoseconds, isKept: true)
            }
            for (name, secret) in ways[index].secrets.sorted(by: { $0.key < $1.key }) {
                guard vault.put(secret.withBytes { Signing.Secret($0) }, account: index, name: name) != nil else {
                    throw SessionFailure(
                        code: "session.secret",
                        reason: "account \(account.id) has more than \(ServiceBounds.secrets) secrets")
                }
            }
            let missing = calls.connections.secrets.filter { need in
                need.isRequired && vault.handle(account: index, name: need.name, now: now.nanoseconds) == nil
            }
            guard missing.isEmpty else {
                throw SessionFailure(
                    code: "session.secret",
                    reason: "account \(account.id) lacks " + missing.map(\.name).joined(separator: ", ")
                        + "; state each under the account's secrets, as env:NAME or file:/path")
            }
        }
        return SessionNetwork(
            calls, adapter, endpoints: endpoints, transport: services.transport,
            egress: Egress(vault, random: environment.random), keeper: services.secretKeeper, flow: flow,
            session: session)
    }
}
