import Transport

/// An endpoint's base: scheme, host, port and path, without user, query and fragment.
package struct BaseAddress: Hashable, Sendable {
    package enum Scheme: String, Hashable, Sendable {
        case https, http, wss, ws, tls, tcp

        var hasTLS: Bool { self == .https || self == .wss || self == .tls }
        /// `nil`: an address of this scheme always names its port.
        var port: Int? {
            switch self {
            case .https, .wss: 443
            case .http, .ws: 80
            case .tls, .tcp: nil
            }
        }
    }
    package var scheme: Scheme
    /// A name in lower case, or an IP address without brackets.
    package var host: String
    package var port: Int
    /// Empty, or begins with a slash and does not end with one.
    package var path: String

    package init?(_ text: String) {
        guard let mark = text.firstRange(of: "://"), let scheme = Scheme(rawValue: String(text[..<mark.lowerBound])),
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x40 && $0 != 0x3F && $0 != 0x23 })
        else { return nil }
        let rest = text[mark.upperBound...]
        let authority = rest.prefix { $0 != "/" }
        var path = String(rest[authority.endIndex...])
        while path.hasSuffix("/") { path.removeLast() }
        guard let (host, port) = Self.split(authority), let port = port ?? scheme.port else { return nil }
        guard scheme.port != nil || path.isEmpty else { return nil }
        (self.scheme, self.host, self.port, self.path) = (scheme, host, port, path)
    }

    /// `host`, `host:port`, `[v6]:port`.
    private static func split(_ authority: Substring) -> (host: String, port: Int?)? {
        var host = authority
        var port: Int?
        if authority.first == "[" {
            guard let end = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<end]
            let rest = authority[authority.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            if !rest.isEmpty {
                guard let number = Int(rest.dropFirst()) else { return nil }
                port = number
            }
            guard IPText.isAddress(String(host)) else { return nil }
        } else {
            if let colon = authority.firstIndex(of: ":") {
                guard let number = Int(authority[authority.index(after: colon)...]) else { return nil }
                (host, port) = (authority[..<colon], number)
            }
            guard isHostName(String(host)) else { return nil }
        }
        guard port.map({ (1...65_535).contains($0) }) ?? true else { return nil }
        return (host.lowercased(), port)
    }

    static func isHostName(_ text: String) -> Bool {
        (1...253).contains(text.utf8.count)
            && text.utf8.allSatisfy {
                (97...122).contains($0 | 0x20) || (48...57).contains($0) || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F
            }
            && text.first != "." && text.last != "." && text.first != "-"
    }

    /// What stands for this very machine: 127.0.0.0/8, ::1, localhost.
    package var isLoopback: Bool {
        host == "localhost" || host == "::1" || (host.hasPrefix("127.") && IPText.isAddress(host))
    }

    package var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == scheme.port ? name : "\(name):\(port)"
    }

    /// Without a slash at its end.
    package var text: String { "\(scheme.rawValue)://\(authority)\(path)" }
}
