import Foundation
import HTTPTypes
import Hummingbird
import Transport

/// The opening of a WebSocket (RFC 6455 §4.2).
struct WebSocketHandshake {
    let headers: HTTPFields

    static var required: Problem {
        var problem = Problem(
            .upgradeRequired, "websocket_required",
            "the route speaks WebSocket, version 13; GET /api/stream tells the same")
        problem.headers = [.upgrade: "websocket", .connection: "Upgrade"]
        return problem
    }

    /// Refuses what is no opening, and a page of another place: the key is no cookie, but a page has no business here.
    init(_ request: Request) throws(Problem) {
        let fields = request.headers
        func has(_ name: HTTPField.Name, _ word: String) -> Bool {
            fields[values: name].contains { $0.lowercased().split(separator: ",").contains { $0.trimmed == word } }
        }
        guard request.method == .get, has(.upgrade, "websocket"), has(.connection, "upgrade"),
            fields[.secWebSocketVersion] == "13", let key = fields[.secWebSocketKey],
            Data(base64Encoded: key)?.count == 16
        else { throw Self.required }
        if let origin = fields[.origin] {
            let host = request.head.authority ?? ""
            guard origin == "http://\(host)" || origin == "https://\(host)" else {
                throw Problem(
                    .forbidden, "origin_refused", path: "Origin", value: origin, "the page is of another place",
                    remedy: "connect from a program, or from a page of this address")
            }
        }
        guard let accept = WebSocketAccept.value(for: key) else {
            throw Problem(.internalServerError, "internal", "the handshake could not be computed")
        }
        headers = [.upgrade: "websocket", .connection: "Upgrade", .secWebSocketAccept: accept]
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let start = drop { $0 == " " || $0 == "\t" }
        return start.lastIndex { $0 != " " && $0 != "\t" }.map { start[...$0] } ?? ""
    }
}
