import ArgumentParser

/// How a client command finds its gateway, and in which form it answers.
struct ConnectionOptions: ParsableArguments {
    @Option(help: "The gateway's address. Default: SLUICE_URL, else http://127.0.0.1:8080.")
    var url: String?

    @Option(
        help:
            "The data directory whose admin.key opens a gateway on this machine. Default: SLUICE_DATA, else ./sluice-data."
    )
    var data: String?

    @Flag(help: "Print the gateway's answer unchanged.")
    var json = false
}

/// Where a gateway is and the key that opens it.
struct Connection: Hashable, Sendable {
    /// `http://127.0.0.1:8080`, without a slash at the end.
    var url: String
    /// A secret: never printed.
    var key: String

    init(url: String, key: String) { (self.url, self.key) = (url, key) }
}

extension ConnectionOptions {
    static let defaultURL = "http://127.0.0.1:8080"

    /// Flags over environment over defaults. The key file is read only for a gateway on this machine: a key that happens
    /// to lie on the disk is never sent elsewhere.
    func resolved(in surroundings: Surroundings) throws -> Connection {
        func variable(_ name: String) -> String? {
            surroundings.environment[name].flatMap { $0.isEmpty ? nil : $0 }
        }
        let address = try Self.normalised(url ?? variable("SLUICE_URL") ?? Self.defaultURL)
        if let key = variable("SLUICE_API_KEY") {
            return Connection(url: address.url, key: try Self.checked(key, from: "SLUICE_API_KEY"))
        }
        guard Self.isLocal(address.host) else {
            throw CommandFailure.message(
                "no key for \(address.url)",
                remedy: "set SLUICE_API_KEY; the key file is used only for a gateway on this machine")
        }
        let path = "\(data ?? variable("SLUICE_DATA") ?? "./sluice-data")/admin.key"
        let bytes: [UInt8]
        do {
            bytes = try surroundings.readFile(path, 4096)
        } catch {
            throw CommandFailure.message(
                "no key for \(address.url): \(path) cannot be read",
                remedy:
                    "start the gateway with 'sluice serve', name its data directory with --data, or set SLUICE_API_KEY")
        }
        return Connection(url: address.url, key: try Self.checked(String(decoding: bytes, as: UTF8.self), from: path))
    }

    /// A key travels in a header, so it is one word of visible ASCII.
    private static func checked(_ text: String, from place: String) throws -> String {
        let key = String(
            text.trimmingPrefix { $0.isWhitespace }.reversed().trimmingPrefix { $0.isWhitespace }.reversed())
        guard !key.isEmpty, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw CommandFailure.message("\(place) holds no key", remedy: "it must be one line of visible ASCII")
        }
        return key
    }

    private static func normalised(_ text: String) throws -> (url: String, host: String) {
        var rest = text[...]
        for scheme in ["http://", "https://"] where text.hasPrefix(scheme) { rest = text.dropFirst(scheme.count) }
        while rest.last == "/" { rest = rest.dropLast() }
        let url = String(text[..<rest.endIndex])
        let isBracketed = rest.first == "["
        let host = isBracketed ? rest.dropFirst().prefix { $0 != "]" } : rest.prefix { $0 != ":" }
        guard rest.startIndex != text.startIndex, !host.isEmpty, !rest.contains("/"), !rest.contains("@"),
            rest.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else {
            throw CommandFailure.usage(
                "'\(text.displayable)' is no address of a gateway", remedy: "write it as http://127.0.0.1:8080")
        }
        return (url, String(host))
    }

    private static func isLocal(_ host: String) -> Bool {
        let octets = host.split(separator: ".", omittingEmptySubsequences: false)
        let isLoopback = octets.count == 4 && octets[0] == "127" && octets.allSatisfy { UInt8($0) != nil }
        return host == "localhost" || host == "::1" || isLoopback
    }
}
