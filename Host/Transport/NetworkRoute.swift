/// How far a server's certificate is trusted.
package enum CertificateTrust: Hashable, Sendable {
    /// The chain up to the system's roots, and the name.
    case full
    /// The chain up to one of these authorities and no other, and the name.
    case authorities(CertificateAuthorities)
    /// The one certificate of this SHA-256 (32 bytes over its DER form), whatever it says.
    case pinned([UInt8])
    /// None at all, and then the connection must end on this machine.
    case loopbackOnly
}

/// The way from this machine to one server for one account. Connections are shared within a route, never across.
package struct NetworkRoute: Hashable, Sendable {
    /// Where a proxy listens; it is asked to tunnel (CONNECT), so that it sees no request.
    package struct Proxy: Hashable, Sendable {
        package var host: String
        package var port: Int
        package init(host: String, port: Int) { (self.host, self.port) = (host, port) }
    }

    /// Keeps accounts' connections apart: a session's name and the account's.
    package var pool: String
    /// A name or an IP address, without brackets.
    package var host: String
    package var port: Int
    /// `nil`: no TLS.
    package var trust: CertificateTrust?
    /// Local address that connections leave from; `nil` = the system's choice.
    package var source: String?
    package var proxy: Proxy?

    package init(
        pool: String, host: String, port: Int, trust: CertificateTrust?, source: String? = nil, proxy: Proxy? = nil
    ) {
        (self.pool, self.host, self.port, self.trust) = (pool, host, port, trust)
        (self.source, self.proxy) = (source, proxy)
    }

    /// As in a Host header: the port stands only where it is not the scheme's own.
    package var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (trust == nil ? 80 : 443) ? name : "\(name):\(port)"
    }
}
