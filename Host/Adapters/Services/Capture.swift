import Signing
import Transport

/// A secret to take out of an answer before the adapter sees it (ABI.md rule 20).
struct Capture: Sendable {
    enum Source: UInt8, Sendable {
        case json = 1
        case header, cookie, text
    }
    /// What an answer has at the place of a capture.
    enum Finding: Equatable, Sendable {
        /// Taken out; stars stand there now.
        case taken([UInt8])
        /// Certain: no secret is there.
        case absent
        /// The answer cannot be read so far, or what is there is no text: what it holds is not known.
        case doubtful
    }
    var source: Source
    var isOptional: Bool
    /// JSON pointer, header or cookie name.
    var pointer: String
    var secret: String
    /// Wall nanoseconds; `nil` = not known.
    var expiresAt: Int64?

    /// Takes all of them out of an answer and leaves `***` in their places, wherever else the same text stands too. Two
    /// that name the same place both get what was there.
    static func take(_ captures: [Capture], from outcome: inout HTTPOutcome) -> [Finding] {
        var places: [Range<Int>] = []
        var texts: [[UInt8]] = []
        // All are looked for before anything is changed, so that none is found as another's stars.
        let findings = captures.map { $0.look(in: outcome, &places, &texts) }
        for capture in captures where capture.source != .json { capture.hide(in: &outcome) }
        if !captures.contains(where: { $0.source == .text }) {
            var last = outcome.body.count
            for place in places.sorted(by: { $0.lowerBound > $1.lowerBound }) where place.upperBound <= last {
                outcome.body.replaceSubrange(place, with: Array("\"***\"".utf8))
                last = place.lowerBound
            }
        }
        // The same token often stands in a second place, as in a cookie and the body. Longer ones first: one may hold another.
        texts.sort { $0.count > $1.count }
        for text in texts where text.count >= 8 {
            text.withUnsafeBytes { text in
                Redaction.replace(text, in: &outcome.body)
                for index in outcome.headers.indices {
                    var value = Array(outcome.headers[index].value.utf8)
                    let before = value.count
                    Redaction.replace(text, in: &value)
                    if value.count != before { outcome.headers[index].value = String(decoding: value, as: UTF8.self) }
                }
            }
        }
        return findings
    }

    // MARK: - Looking

    /// - Parameters:
    ///   - places: of JSON values, to be replaced by stars.
    ///   - texts: of secrets, as they are and as they stand in the answer.
    private func look(
        in outcome: HTTPOutcome, _ places: inout [Range<Int>], _ texts: inout [[UInt8]]
    ) -> Finding {
        var found: [[UInt8]] = []
        switch source {
        case .json:
            guard !outcome.body.isEmpty else { return .absent }
            guard let ranges = JSONPointerScan.find(pointer, in: outcome.body) else { return .doubtful }
            for range in ranges {
                let raw = outcome.body[range]
                if raw.elementsEqual("null".utf8) || raw.elementsEqual("false".utf8) || raw.elementsEqual("true".utf8) {
                    continue
                }
                guard let text = JSONPointerScan.text(of: raw) else { return .doubtful }
                guard !text.isEmpty else { continue }
                found.append(text)
                places.append(range)
                if raw.first == UInt8(ascii: "\"") { texts.append(Array(raw.dropFirst().dropLast())) }
            }
        case .text: if !outcome.body.isEmpty { found = [outcome.body] }
        case .header:
            let name = pointer.lowercased()
            found = outcome.headers.filter { $0.name == name }.map { Array($0.value.utf8) }
        case .cookie:
            for header in outcome.headers where header.name == "set-cookie" {
                if let value = cookie(header.value) { found.append(Array(value.utf8)) }
            }
        }
        found.removeAll(where: \.isEmpty)
        texts += found
        // Of several, the last one counts, as for most readers of JSON and for browsers.
        guard let last = found.last else { return .absent }
        return last.count <= ServiceBounds.secretBytes ? .taken(last) : .doubtful
    }

    /// The value of a `set-cookie` of this name.
    private func cookie(_ text: String) -> Substring? {
        let pair = text.prefix { $0 != ";" }
        guard let mark = pair.firstIndex(of: "="), pair[..<mark].trimmed == pointer else { return nil }
        return pair[pair.index(after: mark)...].trimmed
    }

    private func hide(in outcome: inout HTTPOutcome) {
        switch source {
        case .json: return
        case .text: if !outcome.body.isEmpty { outcome.body = Redaction.stars }
        case .header:
            let name = pointer.lowercased()
            for index in outcome.headers.indices where outcome.headers[index].name == name {
                outcome.headers[index].value = "***"
            }
        case .cookie:
            for index in outcome.headers.indices where outcome.headers[index].name == "set-cookie" {
                let text = outcome.headers[index].value
                guard let value = cookie(text), !value.isEmpty else { continue }
                outcome.headers[index].value = "\(pointer)=***\(text[value.endIndex...])"
            }
        }
    }

    // MARK: - What is not shown

    /// Headers that an adapter may want of an answer that it is not shown, and in which no secret stands.
    private static let harmless: Set<String> = ["content-type", "date", "retry-after", "server"]

    /// Takes an answer's body away, and all headers in which a secret might stand.
    static func withhold(_ outcome: inout HTTPOutcome, because reason: String) {
        outcome.body = []
        outcome.headers.removeAll { !harmless.contains($0.name) }
        let words = "the answer is not shown: \(reason)"
        outcome.text = outcome.text.map { "\($0); \(words)" } ?? words
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var text = self
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return text
    }
}
