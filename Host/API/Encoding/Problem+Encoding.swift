import Domain
import Hummingbird

extension Problem {
    /// The document of RFC 9457.
    func bytes(requestID: String) -> [UInt8] {
        var json = JSONWriter(reserving: 512)
        json.object {
            $0.member("type", "urn:sluice:problem:\(code)")
            $0.member("title", title)
            $0.member("status", status.code)
            $0.member("detail", detail)
            $0.member("code", code)
            $0.list("errors", entries) { json, entry in
                json.object {
                    $0.member("path", entry.path)
                    $0.member("value", entry.value)
                    $0.member("message", entry.message)
                    $0.member("remedy", entry.remedy)
                }
            }
            if let reject {
                var text = JSONText(reserving: 512)
                text.reject(reject)
                $0.key("reject")
                $0.raw(text.bytes)
            }
            for member in members {
                $0.key(member.name)
                $0.raw(member.json)
            }
            $0.member("request_id", requestID)
        }
        return json.bytes
    }

    private var title: String {
        switch status.code {
        case 400: "The request is not valid"
        case 401: "A valid key is required"
        case 403: "The key does not permit this"
        case 404: "Not found"
        case 405: "The method is not offered here"
        case 408: "The request took too long"
        case 409: "The request conflicts with another"
        case 412: "The stored version is another"
        case 410: "No longer kept"
        case 428: "The version that was changed is required"
        case 413: "The body is too large"
        case 422: "The request cannot be carried out"
        case 429: "Too many requests"
        case 501: "Not offered by the broker"
        case 502: "The broker's answer cannot be used"
        case 503: "Not available now"
        case 504: "The broker did not answer in time"
        default: "Something went wrong"
        }
    }
}
