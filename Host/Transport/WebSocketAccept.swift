import COpenSSL

/// How a server proves that it read the opening of a WebSocket (RFC 6455 §4.2.2).
package enum WebSocketAccept {
    /// What `Sec-WebSocket-Accept` says to a `Sec-WebSocket-Key`; `nil` where libcrypto makes no digest.
    package static func value(for key: String) -> String? {
        SHA2.sha1(Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)).map { base64($0) }
    }

    /// RFC 4648 §4.
    static func base64(_ bytes: [UInt8]) -> String {
        var result = [UInt8](repeating: 0, count: 4 * ((bytes.count + 2) / 3) + 1)
        let count = EVP_EncodeBlock(&result, bytes, Int32(bytes.count))
        return String(decoding: result.prefix(Int(count)), as: UTF8.self)
    }
}
