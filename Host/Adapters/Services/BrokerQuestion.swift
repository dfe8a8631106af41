package import Domain

/// What a broker asks before it takes a command (ABI.md rule 25). It stands until it is answered, its command ends or its
/// deadline passes; an answer is never assumed.
package struct BrokerQuestion: Hashable, Sendable {
    package enum Meaning: UInt8, Hashable, Sendable {
        case confirm = 1
        case refuse
        case other

        package var rawName: String {
            switch self {
            case .confirm: "confirm"
            case .refuse: "refuse"
            case .other: "other"
            }
        }
    }
    package struct Option: Hashable, Sendable {
        package var id: String
        package var text: String
        package var meaning: Meaning
    }

    /// The host's number for it, unique within the session.
    package var number: UInt64
    /// The adapter's own name for it.
    package var id: String
    /// The broker's word for this kind of question, by which a manifest's policy knows it.
    package var messageID: String?
    package var text: String
    package var options: [Option]
    package var askedAt: Timestamp
    /// When it stops waiting: the broker's moment, at most ten minutes away; a minute where it names none.
    package var deadline: Timestamp
    /// The caller's number of the command that it is about; with `isOrder` the client sequence of its order.
    package var command: UInt64
    package var isOrder: Bool
    /// `nil`: the command is of no account.
    package var account: AccountID?
}

/// What became of a question.
package enum QuestionNews: Hashable, Sendable {
    /// Nobody has answered yet, and the manifest says nothing of it: a person is waited for.
    case held
    /// `option` went to the adapter; `isPolicy`: by the manifest, else by a person.
    case answered(option: String, isPolicy: Bool)
    /// Its time or its command is over.
    case ended
}
