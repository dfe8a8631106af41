package import Domain
package import Settings

/// What a login needs of a person (ABI.md rule 16).
package struct LoginChallenge: Hashable, Sendable {
    package enum Kind: UInt8, Hashable, Sendable {
        /// A person follows `url`; the broker's redirect brings the fields.
        case redirect = 1
        case oneTimeCode
        /// A person approves on another device.
        case device
        case pastedToken

        package var rawName: String {
            switch self {
            case .redirect: "redirect"
            case .oneTimeCode: "one_time_code"
            case .device: "device"
            case .pastedToken: "pasted_token"
            }
        }
    }
    package struct Field: Hashable, Sendable {
        /// As the redirect's query names it, or as a person is asked.
        package var name: String
        package var label: String
        package var isSecret: Bool
        /// A regular expression of what is acceptable; `nil` = anything.
        package var pattern: String?
    }
    package var id: String
    package var kind: Kind
    /// Where the person goes; may hold what the broker wants in it, so it is shown to those who may log in alone.
    package var url: String?
    package var prompt: String
    package var fields: [Field]
    package var deadline: Timestamp?
    /// Whose login it is.
    package var account: AccountID

    /// Whether it is too late for an answer.
    package func hasRunOut(_ now: Timestamp) -> Bool { deadline.map { $0 <= now } ?? false }

    /// What is wrong with an answer: fields that are missing, and those that do not fit their pattern as a whole.
    ///
    /// - Complexity: the adapter's patterns decide; not for a lane, and values longer than `longestMatched` fit none.
    package func flaws(of answer: [String: Secret]) -> [(field: Field, message: String)] {
        fields.compactMap { field in
            guard let value = answer[field.name] else { return (field, "is missing") }
            guard let pattern = field.pattern, let expression = try? Regex(pattern) else { return nil }
            let text = value.withBytes { bytes in
                bytes.count <= Self.longestMatched ? String(decoding: bytes, as: UTF8.self) : nil
            }
            guard let text, (try? expression.wholeMatch(in: text)) ?? nil != nil else {
                return (field, "is not what the login asks for, which matches \(pattern.printableLine)")
            }
            return nil
        }
    }
    private static let longestMatched = 4_096
}

/// A person's answer. The values become secrets of the session; the adapter gets handles.
package struct ChallengeReply: Sendable {
    package var challenge: String
    package var fields: [String: Secret]
    package init(challenge: String, fields: [String: Secret]) { (self.challenge, self.fields) = (challenge, fields) }
}

/// A broker's own call to us, raw: what it says is not to be trusted before the adapter checked its signature.
package struct WebhookDelivery: Sendable {
    package var accountIndex: Int32
    /// Names in lower case.
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]
    package var receivedTime: Timestamp
    package init(
        accountIndex: Int32, headers: [(name: String, value: String)], body: [UInt8], receivedTime: Timestamp
    ) {
        (self.accountIndex, self.headers, self.body) = (accountIndex, headers, body)
        self.receivedTime = receivedTime
    }
}

/// What people and brokers ask a session for beside orders and reads.
enum ServiceRequest: Sendable {
    case authReply(ChallengeReply)
    case commandReply(AnswerToQuestion, isPolicy: Bool)
    case config(account: Int32, String)
    case vendorCall(account: Int32, name: String, arguments: String)
    case webhook(WebhookDelivery)
    case subscribe(mode: UInt8, [AdapterInstrument])
    case unsubscribe([AdapterInstrument])
}

/// One such request on its way, and who hears how it ended: exactly once.
final class ServiceCall: Sendable {
    let request: ServiceRequest
    /// Monotonic; `Int64.max` = none.
    let deadline: Int64
    private let completion: @Sendable (Result<String, QueryFailure>) -> Void

    init(
        _ request: ServiceRequest, deadline: Int64 = .max,
        completion: @escaping @Sendable (Result<String, QueryFailure>) -> Void
    ) {
        (self.request, self.deadline, self.completion) = (request, deadline, completion)
    }

    /// - Parameter result: the document of a vendor call, else an empty text.
    func end(_ result: Result<String, QueryFailure>) { completion(result) }
}
