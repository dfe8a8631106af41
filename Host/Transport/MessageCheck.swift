/// What would let a value change the shape of a request: a line break in a header ends it, a space in a target too.
enum MessageCheck {
    static func check(_ message: HTTPMessage) throws(NotSent) {
        guard isToken(message.method), message.method.utf8.count <= 32 else {
            throw NotSent("the method is no HTTP token")
        }
        try checkTarget(message.target)
        for header in message.headers { try check(name: header.name, value: header.value) }
    }

    static func checkTarget(_ target: String) throws(NotSent) {
        guard target.utf8.first == UInt8(ascii: "/"), target.utf8.count <= 65_536,
            target.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F })
        else { throw NotSent("the target does not begin with / or holds a space or control character") }
    }

    static func check(name: String, value: String) throws(NotSent) {
        guard isToken(name), name.utf8.count <= 256 else { throw NotSent("a header's name is no HTTP token") }
        guard value.utf8.count <= 65_536, value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7F) || $0 == 0x09 }) else {
            throw NotSent("the value of header \(name) holds a control character or is too long")
        }
        switch name.lowercased() {
        case "transfer-encoding", "connection", "upgrade", "keep-alive", "te", "trailer":
            throw NotSent("header \(name) is the host's to set")
        default: break
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: true
                case 0x21, 0x23...0x27, 0x2A, 0x2B, 0x2D, 0x2E, 0x5E...0x60, 0x7C, 0x7E: true
                default: false
                }
            }
    }
}
