import CSluice
import Domain
import Transport

/// Where each account of a session sends to: every declared endpoint resolved, and nothing else.
struct EndpointTable: Sendable {
    /// Shared by every request to it.
    final class Place: Sendable {
        let id: String
        let base: BaseAddress
        /// The base as text, for whatever signs it.
        let baseText: String
        let kind: AdapterConnections.EndpointKind
        let hostSuffix: String?
        let route: NetworkRoute

        init(
            _ id: String, base: BaseAddress, kind: AdapterConnections.EndpointKind, hostSuffix: String?,
            route: NetworkRoute
        ) {
            (self.id, self.base, baseText) = (id, base, base.text)
            (self.kind, self.hostSuffix, self.route) = (kind, hostSuffix, route)
        }

        /// The same endpoint at another host.
        func at(_ host: String) -> Place {
            var (base, route) = (base, route)
            (base.host, route.host) = (host, host)
            return Place(id, base: base, kind: kind, hostSuffix: hostSuffix, route: route)
        }
    }
    /// By account; few endpoints each, so that looking through them is shorter than a hash.
    private let places: [[Place]]

    /// - Throws: what is wrong with a name or an address, in words for the operator.
    init(
        _ adapter: LoadedAdapter, _ connections: AdapterConnections, id: SessionID, accounts: [Account],
        ways: [AccountConnection]
    ) throws(SessionFailure) {
        var places: [[Place]] = []
        for (account, way) in zip(accounts, ways) {
            var table: [Place] = []
            for unknown in way.endpoints.keys.sorted()
            where !connections.endpoints.contains(where: { $0.id == unknown }) {
                throw SessionFailure(
                    code: "session.endpoint",
                    reason:
                        "account \(account.id) names an endpoint \(unknown.debugDescription), and \(adapter.id) has "
                        + connections.endpoints.map(\.id).joined(separator: ", "))
            }
            for endpoint in connections.endpoints {
                table.append(try Self.place(endpoint, adapter, id, account, way))
            }
            places.append(table)
        }
        self.places = places
    }

    private static func place(
        _ endpoint: AdapterConnections.Endpoint, _ adapter: LoadedAdapter, _ id: SessionID, _ account: Account,
        _ way: AccountConnection
    ) throws(SessionFailure) -> Place {
        func failure(_ reason: String) -> SessionFailure {
            SessionFailure(code: "session.endpoint", reason: "endpoint \(endpoint.id) of \(account.id): \(reason)")
        }
        let override = way.endpoints[endpoint.id] ?? adapter.manifestEndpoints[endpoint.id]
        let declared = id.environment == .live ? endpoint.live : id.environment == .sandbox ? endpoint.sandbox : nil
        guard let text = override ?? declared else {
            throw failure(
                "there is no address for environment \(id.environment.rawName); name one under the account's endpoints")
        }
        guard let base = BaseAddress(text) else { throw failure("\(text.debugDescription) is no address") }
        let isFitting =
            switch endpoint.kind {
            case .https: base.scheme == .https || base.scheme == .http
            case .wss: base.scheme == .wss || base.scheme == .ws
            case .tls: base.scheme == .tls || base.scheme == .tcp
            case .tcp: base.scheme == .tcp
            }
        guard isFitting else { throw failure("\(text.debugDescription) is no \(endpoint.kind) address") }
        guard base.scheme.hasTLS || endpoint.kind == .tcp || base.isLoopback else {
            throw failure("\(text) is not encrypted; only addresses of this machine may be plain")
        }
        var proxy: NetworkRoute.Proxy?
        if let text = way.proxy {
            guard let address = BaseAddress(text), address.scheme == .http, address.path.isEmpty else {
                throw failure("the proxy \(text.debugDescription) is not http://host:port")
            }
            proxy = NetworkRoute.Proxy(host: address.host, port: address.port)
        }
        if let source = way.source, !IPText.isAddress(source) {
            throw failure("the source address \(source.debugDescription) is no IP address")
        }
        let trust: CertificateTrust? =
            if !base.scheme.hasTLS { nil } else if let pin = adapter.manifestPins[endpoint.id] {
                .pinned(pin)
            } else if let authorities = adapter.manifestAuthorities[endpoint.id] {
                .authorities(authorities)
            } else if endpoint.verification == .notOnLoopback, base.isLoopback { .loopbackOnly } else { .full }
        if endpoint.verification == .pinned, base.scheme.hasTLS, adapter.manifestPins[endpoint.id] == nil {
            throw failure("the adapter wants a pinned certificate; the manifest states none under pins")
        }
        return Place(
            endpoint.id, base: base, kind: endpoint.kind, hostSuffix: endpoint.hostSuffix,
            route: NetworkRoute(
                pool: "\(id)#\(account.id)", host: base.host, port: base.port, trust: trust, source: way.source,
                proxy: proxy))
    }

    /// The place an adapter names; `host` replaces the base URL's within the declared suffix. `nil`: it was not declared.
    func place(_ account: Int, _ id: sluice_str, host: sluice_str) throws(ContractBreach) -> Place? {
        guard places.indices.contains(account) else {
            throw ContractBreach("account", "is \(account); the session has accounts 0 to \(places.count - 1)")
        }
        guard let place = places[account].first(where: { id.holds($0.id) }) else {
            _ = try id.required("endpoint", limit: 64)
            return nil
        }
        guard host.ptr != nil || host.len > 0, let host = try host.text("host", limit: 253) else { return place }
        let name = host.lowercased()
        guard name != place.base.host else { return place }
        guard let suffix = place.hostSuffix?.lowercased(), name.hasSuffix(suffix), name.utf8.count > suffix.utf8.count,
            BaseAddress.isHostName(name)
        else {
            throw ContractBreach("host", "\(name.printableLine) is not within the endpoint's host suffix")
        }
        return place.at(name)
    }
}
