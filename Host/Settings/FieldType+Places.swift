import Glibc

extension FieldType where Value == String {
    /// A path, made absolute: against `directory` where the document names it, against `workingDirectory` where a
    /// variable or flag does, as a person at a shell expects.
    package static func path(in directory: String, workingDirectory: String) -> FieldType<String> {
        FieldType("a path") { value in
            guard let text = FieldType<String>.text("a path").read(value) else { return nil }
            guard !text.isEmpty, text.utf8.count <= 4096, !text.utf8.contains(0) else {
                value.report("\(value.quoted) is no path", remedy: "expected 1 to 4096 bytes")
                return nil
            }
            guard !text.hasPrefix("~") else {
                value.report("\(value.quoted) begins with ~", remedy: "write the home directory out")
                return nil
            }
            return absolutePath(text, in: value.isOverride ? workingDirectory : directory)
        }
    }

    /// An address of a broker: `https://host`, or the same with `http`, `ws`, `wss`, a port and a path. No user, no
    /// query: what stands there tends to be a secret.
    package static var endpoint: FieldType<String> {
        let expectation = "an address like https://api.example.com, without user and query"
        return FieldType<String>.text(expectation).map { text in
            guard let separator = text.firstRange(of: "://"),
                ["https", "wss", "http", "ws", "tls", "tcp"].contains(text[..<separator.lowerBound]),
                text.utf8.count <= 2048
            else { return nil }
            let rest = text[separator.upperBound...]
            let host = rest.prefix { $0 != "/" }
            let isClean = rest.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x40 && $0 != 0x3F && $0 != 0x23 }
            return isClean && !host.isEmpty ? text : nil
        }
    }

    /// An IPv4 or IPv6 address.
    package static var ipAddress: FieldType<String> {
        FieldType<String>.text("an IPv4 or IPv6 address").map { isIPAddress($0) ? $0 : nil }
    }

    /// An address to listen on: an IP address or a host name.
    package static var listenHost: FieldType<String> {
        FieldType<String>.text("an IP address or a host name, like 127.0.0.1").map { text in
            let isName =
                (1...253).contains(text.utf8.count)
                && text.utf8.allSatisfy { ($0 | 0x20) &- 97 <= 25 || $0 &- 48 <= 9 || $0 == 45 || $0 == 46 }
            return isIPAddress(text) || isName ? text : nil
        }
    }
}

/// `path` made absolute and free of `.` and doubled slashes. `..` stays: what it means depends on links on disk.
func absolutePath(_ path: String, in directory: String) -> String {
    let joined = path.hasPrefix("/") ? path : "\(directory)/\(path)"
    return "/" + joined.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
}

private func isIPAddress(_ text: String) -> Bool {
    var address = in6_addr()
    return inet_pton(AF_INET, text, &address) == 1 || inet_pton(AF_INET6, text, &address) == 1
}
