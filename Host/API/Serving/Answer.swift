import Domain
import HTTPTypes
import Hummingbird

/// What a handler answers.
struct Answer: Sendable {
    var status: HTTPResponse.Status
    var headers = HTTPFields()
    var body: ResponseBody

    init(_ status: HTTPResponse.Status, headers: HTTPFields = [:], body: ResponseBody) {
        (self.status, self.headers, self.body) = (status, headers, body)
    }

    /// A JSON document.
    static func json(
        _ status: HTTPResponse.Status = .ok, reserving capacity: Int = 512, headers: HTTPFields = [:],
        _ write: (inout JSONWriter) -> Void
    ) -> Answer {
        var json = JSONWriter(reserving: capacity)
        write(&json)
        return document(status, headers: headers, json.bytes)
    }

    /// JSON that is written already.
    static func document(_ status: HTTPResponse.Status, headers: HTTPFields = [:], _ bytes: [UInt8]) -> Answer {
        var headers = headers
        headers[.contentType] = "application/json"
        return Answer(status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    static var noContent: Answer { Answer(.noContent, body: ResponseBody()) }

    /// A part of a list: `{items, next_cursor}`.
    static func list<Item>(
        _ items: some Sequence<Item>, next: String? = nil, _ write: (inout JSONWriter, Item) -> Void
    ) -> Answer {
        json(reserving: 4_096) {
            $0.object {
                $0.list("items", items, write)
                $0.member("next_cursor", next)
            }
        }
    }
}
