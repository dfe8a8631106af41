import Signing
import Transport

/// A secret to take out of an answer before the adapter sees it (ABI.md rule 20).
struct Capture: Sendable {
    enum Source: UInt8, Sendable {
        case json = 1
        case header, cookie, text
    }
    var source: Source
    var isOptional: Bool
    /// JSON pointer, header or cookie name.
    var pointer: String
    var secret: String
    /// Wall nanoseconds; `nil` = not known.
    var expiresAt: Int64?

    /// Takes the secret out and leaves `***` in its place. `nil`: the answer has none there.
    func take(from outcome: inout HTTPOutcome) -> [UInt8]? {
        let found: [UInt8]?
        switch source {
        case .json:
            guard let range = JSONPointerScan.find(pointer, in: outcome.body) else { return nil }
            found = JSONPointerScan.text(of: outcome.body[range])
            if found != nil { outcome.body.replaceSubrange(range, with: Array("\"***\"".utf8)) }
        case .text:
            found = outcome.body
            outcome.body = Redaction.stars
        case .header:
            let name = pointer.lowercased()
            guard let index = outcome.headers.firstIndex(where: { $0.name == name }) else { return nil }
            found = Array(outcome.headers[index].value.utf8)
            outcome.headers[index].value = "***"
        case .cookie: found = takeCookie(&outcome)
        }
        guard let found, !found.isEmpty, found.count <= ServiceBounds.secretBytes else { return nil }
        // The same token often stands in a second place, as in a cookie and the body.
        if found.count >= 8 {
            found.withUnsafeBytes { Redaction.replace($0, in: &outcome.body) }
            for index in outcome.headers.indices {
                var value = Array(outcome.headers[index].value.utf8)
                let before = value.count
                found.withUnsafeBytes { Redaction.replace($0, in: &value) }
                if value.count != before { outcome.headers[index].value = String(decoding: value, as: UTF8.self) }
            }
        }
        return found
    }

    private func takeCookie(_ outcome: inout HTTPOutcome) -> [UInt8]? {
        for index in outcome.headers.indices where outcome.headers[index].name == "set-cookie" {
            let text = outcome.headers[index].value
            let pair = text.prefix { $0 != ";" }
            guard let mark = pair.firstIndex(of: "="), pair[..<mark] == pointer else { continue }
            outcome.headers[index].value = "\(pointer)=***\(text[pair.endIndex...])"
            return Array(pair[pair.index(after: mark)...].utf8)
        }
        return nil
    }
}
